import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TlsOptions } from "../../firmware/transport/tls/options.js";
import { tlsBy } from "../../firmware/transport/tls/transport.js";
import { TlsStep } from "../../firmware/ports/tls-engine.js";
import {
	TransportEnd,
	type Transport,
	type TransportFactory,
	type TransportListener,
} from "../../firmware/ports/transport.js";
import { Reason } from "xs-mqtt";
import { below, calls, engine, makeEngine, overBelow } from "./scripted-tls.js";

// Goal: options are refused with their names; each end is told once, with its reason, and after what came before it was
// read; nothing is sent by a clock that was never set; nothing escapes.
// Method: a scripted engine between a scripted transport and a listener that writes down.

const tls = (options: TlsOptions): TransportFactory => tlsBy(makeEngine, options, options?.over ?? overBelow);

const CA = new Uint8Array([0x30, 0]);
const HOST = "broker.test";

/** What the client does at an event. */
let atEvent: (event: string) => void = () => undefined;

const listener: TransportListener = {
	handleResolved: () => tell("resolved"),
	handleConnected: (layer) => tell(`connected ${layer}`),
	handleOpened: () => tell("opened"),
	handleReadable: () => tell("readable"),
	handleWritable: () => tell("writable"),
	handleEnded: (end, detail) => tell(`ended ${end} ${detail}`),
	wake: () => tell("wake"),
};

function tell(event: string): void {
	calls.push(event);
	atEvent(event);
}

function make(options: Partial<TlsOptions> = {}): Transport {
	const buffer = new ArrayBuffer(1024);
	const factory = tls({ ca: CA, over: overBelow, ...options });
	return factory({
		buffer,
		rxOffset: 0,
		rxSize: 32,
		txOffset: 32,
		txSize: 40,
		ownOffset: 72,
		views: 4,
		host: HOST,
		port: 8883,
		dns: undefined,
		listener,
	});
}

/** A transport whose handshake is under way, or done. */
function handshaking(options: Partial<TlsOptions> = {}): Transport {
	const transport = make(options);
	expect(transport.open(HOST, 8883)).toBeUndefined();
	below.listener.handleOpened();
	calls.length = 0;
	return transport;
}

function opened(): Transport {
	const transport = handshaking();
	engine.steps = [TlsStep.DONE];
	below.listener.handleReadable();
	calls.length = 0;
	return transport;
}

beforeEach(() => {
	calls.length = 0;
	atEvent = () => undefined;
});
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe("options", () => {
	it.each<[string, unknown, string]>([
		["none", undefined, "tls: takes an object"],
		["no ca", {}, "tls.ca: is missing"],
		["a wrong name", { ca: CA, certificat: CA }, "tls.certificat: no such option; did you mean tls.certificate?"],
		["another wrong name", { CA }, "tls.CA: no such option; did you mean tls.ca?"],
		["a ca that is a number", { ca: 7 }, "tls.ca: 7 is no certificate or key"],
		["a ca without bytes", { ca: {} }, "tls.ca: an object without bytes"],
		["an empty ca", { ca: new Uint8Array(0) }, "tls.ca: is empty"],
		["an empty text", { ca: "" }, "tls.ca: is empty"],
		["one of several", { ca: [CA, null] }, "tls.ca[1]: an object without bytes"],
		["no key", { ca: CA, certificate: CA }, "tls.key: is missing"],
		["no certificate", { ca: CA, key: CA }, "tls.certificate: is missing"],
		["a key that is none", { ca: CA, certificate: CA, key: true }, "tls.key: true is no certificate or key"],
		["verify", { ca: CA, verify: "no" }, 'tls.verify: "no" is not true or false'],
		["rsaKeyExchange", { ca: CA, rsaKeyExchange: 1 }, "tls.rsaKeyExchange: 1 is not true or false"],
		["a protocol", { ca: CA, alpn: 1 }, "tls.alpn: 1 is not a string"],
		["an empty protocol", { ca: CA, alpn: ["mqtt", ""] }, 'tls.alpn: "" is no name of a protocol'],
		["a long protocol", { ca: CA, alpn: "x".repeat(256) }, "tls.alpn: "],
		["a protocol with a space", { ca: CA, alpn: "m qtt" }, 'tls.alpn: "m qtt"'],
		["a name", { ca: CA, serverName: "a b" }, 'tls.serverName: "a b" is neither a name nor an address'],
		["an empty name", { ca: CA, serverName: "" }, 'tls.serverName: "" is neither'],
		["a name that is none", { ca: CA, serverName: 5 }, "tls.serverName: 5 is not a string"],
		["over", { ca: CA, over: {} }, "tls.over: is not a transport"],
	])("are refused with the name of the option: %s", (_what, options, message) => {
		expect(() => tls(options as TlsOptions)).toThrow(message);
	});

	it("come to the engine in one form", () => {
		make({ certificate: CA, key: CA, alpn: "mqtt", serverName: "other.test" });
		expect(engine.setup.settings).toEqual({
			ca: [CA],
			certificate: [CA],
			key: CA,
			alpn: ["mqtt"],
			serverName: "other.test",
			verify: true,
			rsaKeyExchange: false,
		});
		make({ ca: [], verify: false, alpn: ["a", "b"], rsaKeyExchange: true });
		expect(engine.setup.settings).toMatchObject({ ca: [], verify: false, alpn: ["a", "b"], rsaKeyExchange: true });
	});

	it("that the engine refuses are refused when the client is made", () => {
		const factory = tls({
			ca: CA,
			over: () => {
				throw new TypeError("tls.key: is PEM");
			},
		});
		expect(() => factory({} as never)).toThrow("tls.key: is PEM");
	});
});

describe("memory", () => {
	it("is asked for with that of the transport below, in words of four bytes, and cut into regions", () => {
		const factory = tls({ ca: CA, over: overBelow });
		expect([factory.ownSize, factory.defaultPort]).toEqual([52 + 64 + 8, 8883]);
		make();
		const { landing, landingSize, out, outSize, rx, rxSize, tx, txSize } = engine.setup;
		expect([landing, landingSize, out, outSize]).toEqual([72, 52, 124, 64]);
		expect([rx, rxSize, tx, txSize]).toEqual([0, 32, 32, 40]);
		const { rxOffset, txOffset, ownOffset } = below.setup;
		expect([rxOffset, below.setup.rxSize, txOffset, below.setup.txSize, ownOffset]).toEqual([72, 52, 124, 64, 188]);
	});
});

describe("opening", () => {
	it("goes through the connection below and the handshake", () => {
		const transport = make();
		transport.open(HOST, 9000);
		below.listener.handleResolved();
		below.listener.handleOpened();
		expect(calls).toEqual(["close", `open ${HOST}:9000`, "resolved", "connected 6", `start ${HOST}:9000`, "step"]);
		calls.length = 0;
		engine.steps = [TlsStep.WAITING, TlsStep.WAITING, TlsStep.DONE];
		below.listener.handleReadable();
		below.listener.handleWritable();
		transport.turn!();
		expect(calls).toEqual(["step", "step", "turn", "step", "opened"]);
	});

	it("fails as the connection below fails", () => {
		const transport = make();
		below.ends = TransportEnd.NAME_FAILED;
		expect(transport.open(HOST, 1)).toBe(TransportEnd.NAME_FAILED);
		below.ends = undefined;
		transport.open(HOST, 1);
		below.listener.handleEnded(TransportEnd.OPEN_FAILED);
		expect(calls.at(-1)).toBe("ended 20 0");
	});

	it("is a lookup while it is one below", () => {
		const transport = make();
		below.resolving = true;
		expect(transport.resolving).toBe(true);
	});

	it("stops where the listener has closed, or opened anew", () => {
		const transport = make();
		transport.open(HOST, 1);
		atEvent = (event) => event.startsWith("connected") && transport.close();
		below.listener.handleOpened();
		expect(calls).not.toContain("step");
		transport.open(HOST, 1);
		atEvent = (event) => void (event.startsWith("connected") && transport.open(HOST, 2));
		below.listener.handleOpened();
		expect(calls).not.toContain("step");
	});

	it("sends nothing while the clock stands before this version was made", () => {
		vi.useFakeTimers({ now: Date.UTC(1970, 0, 1, 0, 5), toFake: ["Date"] });
		const transport = make();
		expect(transport.open(HOST, 1)).toBe(Reason.CLOCK_NOT_SET);
		expect(calls).toEqual(["close"]);
		expect(make({ verify: false }).open(HOST, 1)).toBeUndefined();
		vi.setSystemTime(Date.UTC(2026, 5, 1));
		expect(transport.open(HOST, 1)).toBeUndefined();
	});

	it("traces at every connection that the server is not verified", () => {
		const lines: string[] = [];
		vi.stubGlobal("trace", (line: string) => void lines.push(line));
		handshaking();
		expect(lines).toEqual([]);
		const transport = handshaking({ verify: false });
		transport.open(HOST, 1);
		below.listener.handleOpened();
		expect(lines).toEqual(Array(2).fill("xs-mqtt: TLS: the server is not verified\n"));
		vi.unstubAllGlobals();
	});
});

describe("a handshake", () => {
	it("that fails ends with the engine's reason and detail, and is closed before", () => {
		handshaking();
		Object.assign(engine, { steps: [TlsStep.FAILED], fails: Reason.SECURITY_REFUSED, detail: 48 });
		below.listener.handleReadable();
		expect(calls).toEqual(["step", "engine end", "close", "ended 60 48"]);
	});

	it("that is cut says so", () => {
		handshaking();
		below.listener.handleEnded(TransportEnd.LOST);
		expect(calls.at(-1)).toBe(`ended ${Reason.HANDSHAKE_CUT} 0`);
		expect(calls.filter((each) => each.startsWith("ended"))).toHaveLength(1);
	});

	it("that is cut behind the server's word ends with that", () => {
		handshaking();
		Object.assign(engine, { steps: [TlsStep.WAITING, TlsStep.FAILED], fails: Reason.SECURITY_REFUSED, detail: 42 });
		below.listener.handleEnded(TransportEnd.LOST);
		expect(calls.at(-1)).toBe("ended 60 42");
	});

	it("that throws is cut, wherever it was called from", () => {
		handshaking();
		engine.throws = new Error("broken");
		expect(() => below.listener.handleReadable()).not.toThrow();
		expect(calls.at(-1)).toBe(`ended ${Reason.HANDSHAKE_CUT} 0`);
	});

	it("says no bytes, and takes none", () => {
		const transport = handshaking();
		engine.readable = 5;
		expect(transport.readable).toBe(0);
	});

	it("begins anew at the next attempt, without what was before", () => {
		const transport = handshaking();
		transport.open(HOST, 5);
		expect(calls).toEqual(["engine end", "close", `open ${HOST}:5`]);
		below.listener.handleReadable();
		expect(calls).not.toContain("step");
	});
});

describe("an open connection", () => {
	it("passes bytes, and the events of below", () => {
		const transport = opened();
		engine.readable = 7;
		expect([transport.readable, transport.read(5), transport.readable]).toEqual([7, 5, 2]);
		engine.takes = 10;
		expect([transport.write(30), transport.write(4)]).toEqual([10, 4]);
		below.listener.handleReadable();
		below.listener.handleWritable();
		expect(calls).toEqual(["readable", "writable"]);
	});

	it("takes nothing while the engine takes nothing", () => {
		const transport = opened();
		engine.takes = 0;
		expect(transport.write(30)).toBe(0);
		expect(calls).toEqual([]);
	});

	it("that is lost says so, once", () => {
		opened();
		below.listener.handleEnded(TransportEnd.LOST);
		expect(calls).toEqual(["engine end", "close", "ended 22 0"]);
	});

	it("that is lost is told when the plain bytes before are read", () => {
		const transport = opened();
		engine.readable = 7;
		below.listener.handleEnded(TransportEnd.LOST, 3);
		expect(calls).toEqual(["wake"]);
		expect(transport.write(4)).toBe(0);
		transport.turn!();
		transport.read(5);
		expect(calls).toEqual(["wake", "turn"]);
		transport.read(5);
		expect(calls).toEqual(["wake", "turn", "wake"]);
		transport.turn!();
		expect(calls.slice(3)).toEqual(["turn", "engine end", "close", "ended 22 3"]);
	});

	it.each(["read", "write"] as const)(
		"in which the engine finds an end within %s tells it in a turn of its own",
		(call) => {
			const transport = opened();
			engine.readable = call === "read" ? 4 : 0;
			engine.fails = Reason.SECURITY_PROTOCOL;
			engine.detail = 9;
			transport[call](4);
			expect(calls).toEqual(["wake"]);
			transport.turn!();
			expect(calls.slice(1)).toEqual(["turn", "engine end", "close", `ended ${Reason.SECURITY_PROTOCOL} 9`]);
			transport.turn!();
			expect(calls.filter((each) => each.startsWith("ended"))).toHaveLength(1);
		},
	);

	it("whose end the engine knows before below ends is told by that reason", () => {
		const transport = opened();
		engine.fails = Reason.SECURITY_REFUSED;
		transport.read(1);
		below.listener.handleEnded(TransportEnd.LOST);
		expect(calls.at(-1)).toBe("ended 60 0");
	});

	it("passes on what a write or read throws: the link is broken", () => {
		const transport = opened();
		engine.throws = new Error("broken");
		expect(() => transport.read(1)).toThrow("broken");
		expect(() => transport.write(1)).toThrow("broken");
		expect(() => transport.close()).not.toThrow();
	});

	it("is closed with the engine's last word before that of below, and hears no more", () => {
		const transport = opened();
		transport.close();
		expect(calls).toEqual(["engine end", "close"]);
		below.listener.handleReadable();
		below.listener.handleWritable();
		transport.turn!();
		expect([transport.readable, calls.slice(2)]).toEqual([0, ["turn"]]);
	});
});
