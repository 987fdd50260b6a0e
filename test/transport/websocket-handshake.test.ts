import { beforeEach, describe, expect, it, vi } from "vitest";
import { Reason } from "xs-mqtt";
import type { WebSocketOptions } from "../../firmware/transport/websocket.js";
import { webSocket } from "../../firmware/transport/websocket.js";
import { ascii, Below, First, frame, WebSocketRig } from "./websocket-rig.js";

// Goal: the opening handshake of RFC 6455 §4: what is asked, which answers open a connection however they are written and cut,
// and what becomes of an attempt that cannot even ask.
// Method: the transport over a scripted one. Refusals are in websocket-hostile.test.ts.

const OPENED = ["connected 7", "opened"];

beforeEach(() => {
	vi.stubGlobal("trace", () => {});
});

describe("the request", () => {
	it("is that of §4.1, with a new key each time", () => {
		const rig = new WebSocketRig();
		const request = rig.request();
		const key = /Key: (.*)\r\n/.exec(request)![1]!;
		expect(request.split("\r\n")).toEqual([
			"GET /mqtt HTTP/1.1",
			"Host: broker.test",
			"Upgrade: websocket",
			"Connection: Upgrade",
			"Sec-WebSocket-Version: 13",
			"Sec-WebSocket-Protocol: mqtt",
			`Sec-WebSocket-Key: ${key}`,
			"",
			"",
		]);
		expect(Buffer.from(key, "base64")).toHaveLength(16);
		expect(rig.request()).not.toContain(key);
	});

	it.each([
		[80, 1883, "broker.test"],
		[443, 1883, "broker.test:443"],
		[8080, 1883, "broker.test:8080"],
		[5, 1883, "broker.test:5"],
		[443, 8883, "broker.test"],
		[80, 8883, "broker.test:80"],
	])("names the port in Host unless it is the usual one: %i over what listens at %i", (port, defaultPort, host) => {
		let below: Below | undefined;
		const over = Object.assign((setup: ConstructorParameters<typeof Below>[0]) => (below = new Below(setup)), {
			defaultPort,
		});
		const rig = new WebSocketRig({ over });
		rig.below = below!;
		expect(rig.factory.defaultPort).toBe(defaultPort === 8883 ? 443 : 80);
		expect(rig.request("broker.test", port)).toContain(`\r\nHost: ${host}\r\n`);
	});

	it("goes where the attempt goes", () => {
		const rig = new WebSocketRig();
		expect(rig.request("a.test", 80)).toContain("\r\nHost: a.test\r\n");
		expect(rig.request("b.test", 81)).toContain("\r\nHost: b.test:81\r\n");
		expect(rig.below.calls).toEqual(["open a.test 80", "open b.test 81"]);
	});

	it("has the path and the headers that were given, and a Host in place of ours", () => {
		const rig = new WebSocketRig({ path: "/a/b?c=d%20e&f", headers: { host: "front.test", "X-Token": "a b~c" } });
		const lines = rig.request().split("\r\n");
		expect(lines[0]).toBe("GET /a/b?c=d%20e&f HTTP/1.1");
		expect(lines.slice(-4)).toEqual(["host: front.test", "X-Token: a b~c", "", ""]);
		expect(lines.filter((line) => /^host:/i.test(line))).toHaveLength(1);
	});

	it("asks functions at each attempt", () => {
		let asked = 0;
		const rig = new WebSocketRig({ path: () => `/mqtt?try=${++asked}`, headers: () => ({ "X-Try": `${asked}` }) });
		expect(rig.request()).toMatch(/^GET \/mqtt\?try=1 .*X-Try: 1\r\n/s);
		expect(rig.request()).toMatch(/^GET \/mqtt\?try=2 .*X-Try: 2\r\n/s);
	});

	it.each<[name: string, options: WebSocketOptions, detail: number]>([
		["a path that throws", { path: () => { throw new Error("no token"); } }, 20], // prettier-ignore
		["a path that is no string", { path: () => 5 as unknown as string }, 20],
		["a path without a slash", { path: () => "mqtt" }, 20],
		["a path with a line end", { path: () => "/a\r\nX: y" }, 20],
		["a path with a blank", { path: () => "/a b" }, 20],
		["a path with a letter of another script", { path: () => "/é" }, 20],
		["a path with NUL", { path: () => "/a\0" }, 20],
		["headers that throw", { headers: () => { throw new Error("secret"); } }, 21], // prettier-ignore
		["headers that are none", { headers: () => undefined as unknown as Record<string, string> }, 21],
		["headers of numbers", { headers: () => ({ a: 1 }) as unknown as Record<string, string> }, 21],
		["a value with a line end", { headers: () => ({ a: "secret\r\nb: c" }) }, 21],
		["a name with a colon", { headers: () => ({ "a:": "secret" }) }, 21],
		["a header of the handshake's own", { headers: () => ({ "sec-websocket-protocol": "secret" }) }, 21],
		["a getter that throws", { headers: () => ({ get a(): string { throw new Error("secret"); } }) }, 21], // prettier-ignore
		["a path that is too long", { path: () => "/" + "x".repeat(400) }, 22],
		["headers that are too long", { headers: () => ({ a: "x".repeat(400) }) }, 22],
	])("is not sent for %s: the attempt ends, and no value is shown", (_name, options, detail) => {
		const traced: string[] = [];
		vi.stubGlobal("trace", (text: string) => void traced.push(text));
		const rig = new WebSocketRig(options);
		expect(rig.request()).toBe("");
		expect(rig.events).toEqual(["connected 7", `ended ${Reason.BAD_UPGRADE} ${detail}`]);
		expect(rig.below.calls.at(-1)).toBe("close");
		expect(traced.join("")).not.toMatch(/secret|no token/);
		if (detail < 22) expect(traced.join("")).toMatch(detail === 20 ? /webSocket.path: / : /webSocket.headers: /);
		expect(rig.isIntact).toBe(true);
	});

	it("may be as long as `requestSize`, and not a byte longer", () => {
		const rest = new WebSocketRig().request().length - "/mqtt".length;
		for (const requestSize of [300, 512, 2048]) {
			const path = "/".padEnd(requestSize - rest, "x");
			expect(new WebSocketRig({ requestSize, path }).request()).toHaveLength(requestSize);
			expect(() => new WebSocketRig({ requestSize, path: path + "x" })).toThrow(/^webSocket.requestSize: /);
			const late = new WebSocketRig({ requestSize, path: () => path + "x" });
			expect(late.request()).toBe("");
			expect(late.events.at(-1)).toBe(`ended ${Reason.BAD_UPGRADE} 22`);
			expect(late.isIntact).toBe(true);
		}
	});

	it("goes out as below takes it, and the answer is waited for meanwhile", () => {
		const rig = new WebSocketRig();
		rig.transport.open("broker.test", 80);
		rig.below.window = 10;
		rig.below.setup.listener.handleOpened();
		expect(rig.below.sent).toHaveLength(10);
		for (let i = 0; i < 40; i++) rig.makeRoom(7);
		const request = Buffer.from(rig.below.sent).toString("latin1");
		expect(request.endsWith("\r\n\r\n")).toBe(true);
		rig.arrive(ascii(rig.answerTo(request)));
		expect(rig.events).toEqual(OPENED);
	});

	it("ends the attempt when below is broken", () => {
		const rig = new WebSocketRig();
		rig.transport.open("broker.test", 80);
		rig.below.broken = new Error("broken");
		rig.below.setup.listener.handleOpened();
		expect(rig.events).toEqual(["connected 7", "ended 22 0"]);
	});
});

describe("options", () => {
	it.each<[options: unknown, error: RegExp]>([
		[5, /^webSocket: takes an object/],
		[{ pat: "/" }, /^webSocket.pat: no such option; did you mean webSocket.path/],
		[{ path: "mqtt" }, /^webSocket.path: does not start with/],
		[{ path: "/a b" }, /^webSocket.path: holds/],
		[{ path: "/a#b" }, /^webSocket.path: holds/],
		[{ path: 7 }, /^webSocket.path: is not a string/],
		[{ headers: "a: b" }, /^webSocket.headers: is not/],
		[{ headers: { "a b": "secret" } }, /^webSocket.headers: a name/],
		[{ headers: { Upgrade: "secret" } }, /^webSocket.headers: Upgrade belongs/],
		[{ headers: { "Sec-WebSocket-Key": "secret" } }, /^webSocket.headers: Sec-WebSocket-Key belongs/],
		[{ headers: { Token: "secret\n" } }, /^webSocket.headers: the value of Token/],
		[{ headers: { Token: 5 } }, /^webSocket.headers: the value of Token/],
		[{ over: "tcp" }, /^webSocket.over: is not/],
		[{ random: 4 }, /^webSocket.random: is not/],
		[{ requestSize: 100 }, /^webSocket.requestSize: 100 is out of range; 128 … 8192/],
		[{ requestSize: "512" }, /^webSocket.requestSize: string is not a whole number/],
		[{ frameSize: 20_000 }, /^webSocket.frameSize: 20000 is out of range; 128 … 16384/],
	])("%j are refused at once, without a value of a header", (options, error) => {
		const traced: string[] = [];
		vi.stubGlobal("trace", (text: string) => void traced.push(text));
		expect(() => webSocket(options as WebSocketOptions)).toThrow(error);
		expect(traced.join("")).toMatch(/^xs-mqtt: (Type|Range)Error: /);
		expect(traced.join("")).not.toContain("secret");
	});

	it("say how much memory all of it takes", () => {
		expect(webSocket().ownSize).toBe(652);
		expect(webSocket({ frameSize: 128, requestSize: 128 }).ownSize).toBe(276);
		expect(webSocket({ requestSize: 2048 }).ownSize).toBe(2180);
		expect(webSocket().defaultPort).toBe(80);
	});
});

describe("an answer", () => {
	it.each<[name: string, change: (answer: string) => string]>([
		["as most servers write it", (answer) => answer],
		["in small letters", (answer) => answer.replace(/^[\w-]+:/gm, (name) => name.toLowerCase())],
		["in capitals", (answer) => answer.replace(/^[\w-]+:/gm, (name) => name.toUpperCase())],
		["with `Connection: keep-alive, Upgrade`", (answer) => answer.replace("n: Upgrade", "n: keep-alive, Upgrade")],
		["with `Connection: upgrade,keep-alive`", (answer) => answer.replace("n: Upgrade", "n: upgrade,keep-alive")],
		[
			"with two lines of Connection",
			(answer) => answer.replace("Connection: ", "Connection: keep-alive\r\nConnection: "),
		],
		["with `Upgrade: WebSocket`", (answer) => answer.replace("Upgrade: websocket", "Upgrade: WebSocket")],
		["without blanks behind colons", (answer) => answer.replaceAll(": ", ":")],
		[
			"with blanks and tabs around values",
			(answer) =>
				answer
					.replaceAll(": ", ":\t  ")
					.replaceAll("\r\n", " \t\r\n")
					.replace(/ \t\r\n \t\r\n$/, " \t\r\n\r\n"),
		],
		[
			"in another order",
			(answer) => {
				const [status, a, b, c, d] = answer.split("\r\n");
				return [status, d, c, b, a, "", ""].join("\r\n");
			},
		],
		[
			"with headers that mean nothing to us",
			(answer) =>
				answer.replace("\r\n", "\r\nServer: x/1.0 (y)\r\nDate: Sat, 01 Jan 2028 00:00:00 GMT\r\nX-Empty:\r\n"),
		],
		["with a very long header", (answer) => answer.replace("\r\n", `\r\nSet-Cookie: ${"x".repeat(5_000)}\r\n`)],
		["with a very long name", (answer) => answer.replace("\r\n", `\r\n${"Sec-WebSocket-Accept".repeat(100)}: x\r\n`)],
		["with lines that end with LF alone", (answer) => answer.replaceAll("\r\n", "\n")],
		["with values in the next line", (answer) => answer.replaceAll(": ", ":\r\n ")],
		[
			"with a header that goes on in two lines more",
			(answer) => answer.replace("\r\n", "\r\nX-Long: a\r\n b\r\n\tc\r\n"),
		],
		["without a phrase for the status", (answer) => answer.replace("101 Switching Protocols", "101")],
		["with another phrase", (answer) => answer.replace("Switching Protocols", "Web Socket Protocol Handshake")],
		["with an empty list of extensions", (answer) => answer.replace("\r\n", "\r\nSec-WebSocket-Extensions:  \r\n")],
	])("%s opens the connection, cut anywhere", (_name, change) => {
		// prettier-ignore
		for (const pieceSize of [10_000, 1, 3, 64]) {
			const rig = new WebSocketRig({}, pieceSize === 64 ? 16 : 256);
			const answer = ascii(change(rig.answerTo(rig.request())));
			rig.arrive([...answer, ...frame(First.BINARY, [1, 2, 3])], pieceSize);
			expect(rig.events).toEqual(OPENED);
			expect([rig.received, rig.isIntact]).toEqual([[1, 2, 3], true]);
		}
	});

	it("is awaited as long as it takes, and cut at any byte it is the link's end", () => {
		const { length } = ascii(new WebSocketRig().answerTo(""));
		for (let cut = 0; cut < length; cut++) {
			const rig = new WebSocketRig();
			rig.arrive(ascii(rig.answerTo(rig.request())).slice(0, cut));
			expect([rig.events, rig.transport.readable, rig.write([1])]).toEqual([["connected 7"], 0, 0]);
			rig.below.setup.listener.handleEnded(22);
			expect(rig.events).toEqual(["connected 7", "ended 22 0"]);
		}
	});
});

describe("events", () => {
	it("of below are passed on, and its end within the handshake is its own", () => {
		const rig = new WebSocketRig();
		rig.transport.open("broker.test", 80);
		const { listener } = rig.below.setup;
		listener.handleResolved();
		listener.handleConnected(6);
		listener.handleOpened();
		listener.handleEnded(61, 5);
		expect(rig.events).toEqual(["resolved", "connected 6", "connected 7", "ended 61 5"]);
	});

	it("may close, or open anew", () => {
		const rig = new WebSocketRig();
		rig.within.set("connected 7", () => rig.transport.close());
		expect(rig.request()).toBe("");
		rig.within.set("connected 7", () => rig.transport.open("other.test", 80));
		expect(rig.request()).toBe("");
		expect(rig.below.calls.at(-1)).toBe("open other.test 80");
		rig.below.setup.listener.handleOpened();
		expect(Buffer.from(rig.below.sent).toString()).toContain("Host: other.test");
		rig.within.set("opened", () => rig.transport.close());
		rig.arrive(ascii(rig.answerTo(Buffer.from(rig.below.sent).toString("latin1"))));
		expect([rig.events.at(-1), rig.transport.readable, rig.write([1])]).toEqual(["opened", 0, 0]);
	});

	it("of a function of the program that closes leave nothing behind", () => {
		const rig: WebSocketRig = new WebSocketRig({ path: () => { rig.transport.close(); return "/x"; } }); // prettier-ignore
		expect(rig.request()).toBe("");
		expect(rig.events).toEqual(["connected 7"]);
	});

	it("that come late mean nothing", () => {
		const rig = new WebSocketRig().connect();
		rig.transport.close();
		rig.below.setup.listener.handleReadable();
		rig.below.setup.listener.handleWritable();
		rig.transport.turn?.();
		expect(rig.events).toEqual(OPENED);
	});

	it("follow each other again after each open()", () => {
		const rig = new WebSocketRig();
		for (let i = 0; i < 3; i++) {
			rig.connect(frame(First.BINARY, [i]));
			rig.below.window = 3;
			rig.write([1, 2, 3]);
			rig.below.window = Infinity;
		}
		expect(rig.events).toEqual([...OPENED, ...OPENED, ...OPENED]);
		expect(rig.received).toEqual([0, 1, 2]);
	});
});

describe("close", () => {
	it("says 1000 as the last word, unless a frame is half written", () => {
		const rig = new WebSocketRig({ random: () => 0 }).connect();
		rig.transport.close();
		expect(rig.below.sent).toEqual([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
		expect(rig.below.calls.at(-1)).toBe("close");
		rig.connect();
		rig.below.window = 4;
		rig.write([1, 2, 3]);
		rig.transport.close();
		expect(rig.below.sent).toHaveLength(4);
	});

	it("says nothing before all stands, and does not mind a link that is broken", () => {
		const rig = new WebSocketRig();
		rig.request();
		rig.below.sent = [];
		rig.transport.close();
		expect(rig.below.sent).toEqual([]);
		rig.connect();
		rig.below.broken = new Error("broken");
		expect(() => rig.transport.close()).not.toThrow();
	});
});
