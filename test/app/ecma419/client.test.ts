import { afterEach, describe, expect, it } from "vitest";
import MQTTClient, { type MQTTClientOptions } from "../../../firmware/ecma419/client.js";
import { Layer, Problem, Reason } from "xs-mqtt";
import { ackHex, publishHex } from "../../support/hex.js";
import { pause, until } from "../../support/until.js";
import { buffer, connected, CONNACK, opened, Program, ScriptedSocket } from "./rig.js";

// Goal: the class of ECMA-419 does what the SDK's does where that is right, and goes on where that breaks.
// Method: a socket class of which the test is the server, byte for byte.

const programs: Program[] = [];
afterEach(() => {
	for (const program of programs.splice(0)) program.client.close();
});

async function ready(options: Partial<MQTTClientOptions> = {}): Promise<Program> {
	const program = await connected(options);
	programs.push(program);
	return program;
}

describe("making one", () => {
	it.each<[Partial<MQTTClientOptions>, string]>([
		[{ host: "" }, "host required"],
		[{ host: "broker.test" }, "dns: is missing"],
		[{ format: "number" }, "format: number"],
		[{ keepAlive: 65_536_000 }, "keepAlive: 65536"],
		[{ id: "", clean: false }, "clientId"],
		[{ password: "secret" }, "password"],
		[{ will: { topic: "a/#" } }, "will"],
		[{ host: "mqtt://broker.test" }, 'write host: "broker.test"'],
		[{ host: "::1" }, "IPv6"],
		[{ socket: undefined as never }, "socket: is not an object with a class io"],
		[{ socket: {} as never }, "socket: is not an object with a class io"],
		[{ dns: { resolve: () => undefined } as never }, "dns: is not an object with a class io"],
		[{ keepAlive: "60" as never }, "keepAlive: is not a number of milliseconds"],
		[{ keepalive: NaN }, "keepAlive: is not a number of milliseconds"],
		[{ clean: "no" as never }, "clean: is not true or false"],
		[{ id: 7 as never }, "id: is neither a string nor a buffer of UTF-8"],
		[{ user: "u", password: 7 as never }, "password: is neither a string nor a buffer"],
		[{ onReadable: 7 as never }, "onReadable: is not a function"],
		[{ will: {} as never }, "will.topic: is missing"],
		[{ will: "bye" as never }, "will: is not an object with a topic"],
		[{ will: { topic: "w", QoS: 3 } }, "will.QoS: is out of range; 0 … 2"],
		[{ will: { topic: "w", message: 7 as never } }, "will.message: is neither a string nor a buffer"],
		[{ tuning: { rxBufer: 512 } as never }, "tuning.rxBufer: no such option; did you mean tuning.rxBuffer?"],
		[{ tuning: { port: 1884 } as never }, "tuning.port: no such option"],
	])("throws what is wrong with %j", (options, text) => {
		expect(() => new Program(options)).toThrow(text);
	});

	it("traces a name that is no option, as nobody else would, and goes on as the SDK's class does", async () => {
		const slots = globalThis as { trace?: unknown };
		const { trace } = slots;
		let text = "";
		slots.trace = (line: string) => (text += line);
		try {
			const options = { io: MQTTClient, clientID: "x", keepalive: 60_000, will: { topic: "w", payload: "p" } };
			programs.push(await opened(options as never));
		} finally {
			slots.trace = trace;
		}
		expect(text).toBe(
			"xs-mqtt: MQTTClient: clientID: no such option\nxs-mqtt: MQTTClient: will.payload: no such option\n",
		);
	});

	it("writes CONNECT with every field, in one write", async () => {
		const program = await opened({
			id: buffer("all"),
			user: "u",
			password: buffer("p"),
			clean: true,
			keepAlive: 9_001,
			will: { topic: buffer("w/t"), message: buffer("m"), QoS: 2, retain: 1 },
		});
		programs.push(program);
		expect(program.socket.writes).toEqual(["101d00044d51545404f6000a0003616c6c0003772f7400016d000175000170"]);
	});

	it("sends a will without message, which the SDK's class leaves out of half its CONNECT", async () => {
		const program = await opened({ will: { topic: "w", QoS: 1 }, keepalive: 0 });
		programs.push(program);
		expect(program.socket.sent).toBe("101300044d515454040e0000000263310001770000");
	});

	it("passes the socket's own options on, and the target to the program", async () => {
		const program = await opened({ target: 7, socket: { io: ScriptedSocket, secure: { verify: false } }, port: 8883 });
		programs.push(program);
		expect(program.socket.options).toMatchObject({ secure: { verify: false }, port: 8883, address: "192.0.2.1" });
		expect([program.client.target, program.client.format]).toEqual([7, "buffer"]);
	});

	it("asks the resolver it is given", async () => {
		const asked: string[] = [];
		class Resolver {
			constructor(readonly options: { servers: string[] }) {}
			resolve(request: { host: string; onResolved(host: string, address: string): void }): void {
				asked.push(request.host, ...this.options.servers);
				request.onResolved(request.host, "192.0.2.7");
			}
		}
		const program = await opened({ host: "broker.test", dns: { io: Resolver as never, servers: ["9.9.9.9"] } });
		programs.push(program);
		expect(asked).toEqual(["broker.test", "9.9.9.9"]);
		expect(program.socket.options.address).toBe("192.0.2.7");
	});

	it("tells a name that is not found by onError, not out of the constructor", async () => {
		class Resolver {
			resolve(request: { host: string; onError(host: string): void }): void {
				request.onError(request.host);
			}
		}
		const program = new Program({ host: "broker.test", dns: { io: Resolver as never } });
		expect(program.errors).toEqual([]);
		await until(() => program.errors.length > 0, "the error");
		expect(program.errors[0]).toMatchObject({ layer: Layer.NAME, code: Reason.NAME_NOT_FOUND });
	});
});

describe("connecting", () => {
	it("tells CONNACK, then the room", async () => {
		const program = await ready();
		expect(program.controls).toEqual([{ operation: MQTTClient.CONNACK, returnCode: 0, sessionPresent: false }]);
		expect(program.rooms).toHaveLength(1);
		expect(program.rooms[0]).toBeGreaterThan(256);
	});

	it("writes nothing before CONNACK", async () => {
		const program = await opened();
		programs.push(program);
		expect(() => program.client.write(buffer("x"), { topic: "t" })).toThrow("not connected");
	});

	it("tells why it was refused, and is closed", async () => {
		const program = await opened();
		program.socket.arrive("20020005");
		expect(program.errors[0]).toMatchObject({ layer: Layer.SERVER, code: Reason.REFUSED_NOT_AUTHORIZED, detail: 5 });
		expect(program.socket.closed).toBe(true);
		expect(() => program.client.write(buffer("x"), { topic: "t" })).toThrow("not connected");
	});

	it.each([
		["a lost connection", (socket: ScriptedSocket) => socket.options.onError()],
		["a second CONNACK", (socket: ScriptedSocket) => socket.arrive(CONNACK)],
		["QoS 3", (socket: ScriptedSocket) => socket.arrive("36050001610001")],
		["a topic longer than its packet", (socket: ScriptedSocket) => socket.arrive("300400056162")],
	])("ends with one onError after %s", async (_what, act) => {
		const program = await ready();
		act(program.socket);
		await pause(10);
		expect(program.errors).toHaveLength(1);
		expect(program.socket.closed).toBe(true);
	});
});

describe("receiving", () => {
	it("tells topic, QoS, length, flags and identifier with the first piece", async () => {
		const program = await ready();
		program.socket.arrive(publishHex("a/b", "hello", 1, 0x1234, 9));
		expect(program.messages).toEqual([
			{
				payload: "hello",
				options: { more: false, topic: "a/b", QoS: 1, byteLength: 5, retain: true, duplicate: true, id: 0x1234 },
			},
		]);
		expect(program.socket.takeSent()).toBe("40021234");
	});

	it("tells an empty payload, and goes on with the next message (lesson 1)", async () => {
		const program = await ready();
		program.socket.arrive(publishHex("a", "") + publishHex("a", "next"));
		expect(program.messages.map(({ payload }) => payload)).toEqual(["", "next"]);
		expect(program.messages[0]!.options.byteLength).toBe(0);
	});

	it("tells a repeated QoS 2 message once, and answers it each time (lesson 2)", async () => {
		const program = await ready();
		const publish = publishHex("a", "once", 2, 7);
		program.socket.arrive(publish);
		program.socket.arrive(publishHex("a", "once", 2, 7, 8));
		program.socket.arrive(ackHex(0x62, 7));
		program.socket.arrive(publish);
		await until(() => program.operations.includes("PUBREL 7"), "PUBREL");
		expect(program.messages).toHaveLength(2);
		expect(program.socket.takeSent()).toBe("500200075002000770020007" + "50020007");
	});

	it("tells a message that matches several filters once", async () => {
		const program = await ready();
		program.client.write(null, { operation: MQTTClient.SUBSCRIBE, items: [{ topic: "a/#" }, { topic: "a/b" }] });
		program.socket.arrive(publishHex("a/b", "one") + publishHex("a/b", "two"));
		program.socket.arrive(publishHex("a/b", "one"));
		expect(program.messages.map(({ payload }) => payload)).toEqual(["one", "two", "one"]);
	});

	it("hands a message larger than any buffer over in pieces", async () => {
		const program = await ready({ tuning: { rxBuffer: 64, readSize: 32 } });
		program.client.write(null, { operation: MQTTClient.SUBSCRIBE, items: [{ topic: "big" }] });
		const payload = Array.from({ length: 300 }, (_, i) => String.fromCharCode(65 + (i % 26))).join("");
		program.socket.arrive(publishHex("big", payload));
		expect(program.messages.map((message) => message.payload).join("")).toBe(payload);
		expect(program.messages.length).toBeGreaterThan(5);
		const options = program.messages.map((message) => message.options);
		expect(options[0]).toMatchObject({ more: true, topic: "big", byteLength: 300 });
		expect(options.slice(1, -1).every((each) => each.more && each.topic === undefined)).toBe(true);
		expect(options.at(-1)).toEqual({ more: false });
	});

	it("reads in parts, into buffers of the program, and never more than there is", async () => {
		const got: unknown[] = [];
		const program = await ready({
			onReadable() {
				const target = new Uint8Array(4);
				got.push(Buffer.from(this.read(2)!).toString(), this.read(target), Buffer.from(target).toString());
				got.push(Buffer.from(this.read(99)!).toString(), this.read(), this.read(new Uint8Array(3)));
			},
		});
		program.socket.arrive(publishHex("a", "abcdefghi"));
		expect(got).toEqual(["ab", 4, "cdef", "ghi", undefined, undefined]);
		expect(() => program.client.read(new Uint16Array(2))).toThrow("invalid buffer");
	});

	it("waits for a program that reads later, and delivers what is behind in order", async () => {
		const told: number[] = [];
		const program = await ready({ onReadable: (count) => void told.push(count) });
		program.socket.arrive(publishHex("a", "first") + publishHex("a", "second") + publishHex("a", ""));
		await pause(10);
		expect(told).toEqual([5]);
		program.socket.arrive(publishHex("a", "third"));
		expect(program.socket.unread).toBeGreaterThan(0);
		const got = [Buffer.from(program.client.read(2)!).toString(), Buffer.from(program.client.read()!).toString()];
		await until(() => told.length >= 2, "the second");
		got.push(Buffer.from(program.client.read()!).toString());
		await until(() => told.length >= 4, "the third");
		got.push(Buffer.from(program.client.read()!).toString());
		expect(got).toEqual(["fi", "rst", "second", "third"]);
		expect(told).toEqual([5, 6, 0, 5]);
		expect(program.socket.unread).toBe(0);
	});

	it("gives up what is never read, so that the link lives on (lesson 8)", async () => {
		const program = await ready({ onReadable: () => undefined, keepAlive: 1000, tuning: { pingTimeoutMs: 100 } });
		program.socket.arrive(publishHex("a", "ignored") + publishHex("a", "too"));
		await until(() => program.client.unreadDropped === 2, "both given up");
		program.client.write(null, { operation: MQTTClient.PINGREQ });
		program.socket.arrive("d000");
		await until(() => program.operations.includes("PINGRESP"), "PINGRESP");
	});

	it("drops messages without onReadable, and answers them", async () => {
		const program = await ready({ onReadable: undefined as never });
		program.socket.arrive(publishHex("a", "x", 1, 5) + publishHex("a", "y", 1, 6));
		expect(program.socket.takeSent()).toBe("4002000540020006");
	});

	it("goes on after a callback that throws (lesson 31)", async () => {
		let calls = 0;
		const program = await ready({
			onReadable() {
				calls++;
				throw new Error("by design");
			},
		});
		program.socket.arrive(publishHex("a", "x") + publishHex("a", ""));
		await pause(5);
		expect(program.client.read()).toBeDefined();
		await until(() => calls === 2, "the next one");
		expect(program.problems[0]![0]).toBe(Problem.CALLBACK_THREW);
		expect(program.errors).toEqual([]);
	});
});

describe("publishing", () => {
	it("writes a message whole, in one write, as text or bytes of the topic say", async () => {
		const program = await ready();
		const { client, socket } = program;
		expect(client.write(buffer("hi"), { topic: "a/b" })).toBe(program.rooms[0]);
		client.write(new DataView(buffer("_hi_"), 1, 2), { topic: buffer("a/b"), retain: 1 });
		client.write(null, { topic: "a/b" });
		expect(socket.writes).toEqual([publishHex("a/b", "hi"), publishHex("a/b", "hi", 0, 0, 1), publishHex("a/b", "")]);
	});

	it("answers QoS 1 and 2 with the program's own identifiers", async () => {
		const program = await ready();
		const { client, socket } = program;
		client.write(buffer("1"), { topic: "a", QoS: 1, id: 1234 });
		client.write(buffer("2"), { topic: "a", QoS: 2, id: 77 });
		const ids = [...socket.takeSent().matchAll(/3[24]06000161(....)/g)].map((match) => parseInt(match[1]!, 16));
		socket.arrive(ackHex(0x40, ids[0]!) + ackHex(0x50, ids[1]!));
		await until(() => socket.sent !== "", "PUBREL");
		expect(socket.sent).toBe(ackHex(0x62, ids[1]!));
		socket.arrive(ackHex(0x70, ids[1]!));
		await until(() => program.operations.length >= 4, "PUBCOMP");
		expect(program.operations.slice(1)).toEqual(["PUBACK 1234", "PUBREC 77", "PUBCOMP 77"]);
	});

	it("takes a message piece by piece, and tells of room as it goes out", async () => {
		const program = await ready({ tuning: { txBuffer: 128 } });
		const { client, socket } = program;
		socket.takeSent();
		let room = client.write(buffer("a".repeat(10)), { topic: "t", byteLength: 1000, QoS: 1 });
		for (let left = 990; left > 0;) {
			const count = Math.min(room, left);
			left -= count;
			room = client.write(buffer("b".repeat(count)));
			socket.acknowledge();
			const told = program.rooms.length;
			if (room === 0) await until(() => program.rooms.length > told, "room");
			room = room || program.rooms.at(-1)!;
		}
		await until(() => socket.sent.length / 2 === 3 + 3 + 2 + 1000, "all of it");
		expect(Buffer.from(socket.sent, "hex").toString("latin1").slice(8)).toBe("a".repeat(10) + "b".repeat(990));
	});

	it("refuses what does not go together, and is as before", async () => {
		const program = await ready();
		const { client } = program;
		expect(() => client.write(buffer("x"))).toThrow("invalid");
		expect(() => client.write(buffer("xyz"), { topic: "t", byteLength: 2 })).toThrow("invalid");
		expect(() => client.write(buffer("x"), { topic: "a/+" })).toThrow("topic");
		expect(() => client.write(buffer("x"), {})).toThrow("topic");
		expect(() => client.write(buffer("x"), { topic: "t", QoS: 3 })).toThrow("QoS: 3");
		expect(() => client.write(buffer("x"), { operation: 15 })).toThrow("unknown");
		expect(() => client.write("x" as never, { topic: "t" })).toThrow("not a buffer");
		client.write(buffer("x"), { topic: "t", byteLength: 3 });
		expect(() => client.write(buffer("y"), { topic: "t" })).toThrow("invalid");
		expect(() => client.write(buffer("yzz"))).toThrow("invalid");
		client.write(buffer("yz"), null);
		expect(program.socket.sent).toBe(publishHex("t", "xyz"));
	});

	it("says overflow when there is no room, and tells when there is", async () => {
		const program = await ready({ tuning: { outbox: 256 } });
		const { client, socket } = program;
		const payload = buffer("x".repeat(60));
		let count = 0;
		expect(() => {
			for (; count < 100; count++) client.write(payload, { topic: "t", QoS: 1 });
		}).toThrow("overflow");
		expect(count).toBeGreaterThan(1);
		program.rooms.length = 0;
		for (const match of socket.sent.matchAll(/3241000174(....)/g)) socket.arrive(ackHex(0x40, parseInt(match[1]!, 16)));
		await until(() => program.rooms.length > 0, "room");
		client.write(payload, { topic: "t", QoS: 1 });
	});

	it("never refuses what it has said it takes", async () => {
		const program = await ready({ tuning: { outbox: 512, txBuffer: 256 } });
		const { client, socket } = program;
		socket.takeSent();
		let writes = 0;
		for (let round = 0; round < 30; round++) {
			let room = client.write(null, { operation: MQTTClient.PUBACK });
			for (; room > 20; writes++) {
				room = client.write(buffer("y".repeat(room - 1 - (writes % 9))), { topic: "t", QoS: (writes % 3) as 0 });
			}
			program.rooms.length = 0;
			await until(() => {
				socket.acknowledge();
				const sent = Buffer.from(socket.takeSent(), "hex");
				for (const [type, id] of answersTo(sent)) socket.arrive(ackHex(type, id));
				return program.rooms.some((told) => told > 200);
			}, "room");
		}
		expect(writes).toBeGreaterThan(30);
	});

	it("sends a message larger than the outbox from a copy", async () => {
		const program = await ready({ tuning: { outbox: 128, txBuffer: 128 } });
		const bytes = new Uint8Array(2000).fill(7);
		program.client.write(bytes, { topic: "t" });
		bytes.fill(9);
		await until(() => {
			program.socket.acknowledge();
			return program.socket.sent.length / 2 === 2000 + 3 + 3;
		}, "all of it");
		expect(program.socket.sent).toBe(publishHex("t", new Uint8Array(2000).fill(7)));
	});
});

/** What a server answers to the publishes in these bytes: first byte and identifier. */
function answersTo(bytes: Buffer): [number, number][] {
	const answers: [number, number][] = [];
	for (let at = 0; at < bytes.length;) {
		const first = bytes[at]!;
		let size = 0;
		let shift = 0;
		do size |= (bytes[++at]! & 127) << shift;
		while (bytes[at]! > 127 && (shift += 7));
		at++;
		if (first >> 4 === 3 && (first & 6) !== 0)
			answers.push([(first & 6) === 2 ? 0x40 : 0x50, bytes.readUInt16BE(at + 3)]);
		if (first === 0x62) answers.push([0x70, bytes.readUInt16BE(at)]);
		at += size;
	}
	return answers;
}

describe("subscribing", () => {
	it("answers for all items at once, with the program's identifier", async () => {
		const program = await ready();
		const { client, socket } = program;
		client.write(null, {
			operation: MQTTClient.SUBSCRIBE,
			id: 42,
			items: [{ topic: "a", QoS: 1 }, { topic: buffer("b/#") }],
		});
		const sent = socket.takeSent();
		const requests = [...sent.matchAll(/82..(....)(?:000161..|0003622f23..)+/g)].map((match) => match[1]!);
		for (const id of requests)
			socket.arrive(sent.length > 24 && requests.length === 1 ? `9004${id}0180` : `9003${id}01`);
		await until(() => program.operations.includes("SUBACK 42"), "SUBACK");
		expect(program.controls.at(-1)!.payload).toHaveLength(2);
		expect(program.controls.at(-1)!.payload![0]).toBe(1);
	});

	it("answers an UNSUBSCRIBE of what is not subscribed, and of what was not answered yet", async () => {
		const program = await ready();
		const { client, socket } = program;
		client.write(null, { operation: MQTTClient.SUBSCRIBE, id: 1, items: [{ topic: "a" }] });
		client.write(null, { operation: MQTTClient.UNSUBSCRIBE, id: 2, items: [{ topic: "a" }, { topic: "unknown" }] });
		const [, id] = /a205(....)000161/.exec(socket.takeSent())!;
		socket.arrive(`b002${id}`);
		await until(() => program.operations.includes("UNSUBACK 2"), "UNSUBACK");
		expect(program.operations.slice(1)).toEqual(["SUBACK 1", "UNSUBACK 2"]);
	});

	it("asks the server for what a kept session may hold", async () => {
		const program = await ready({ clean: false });
		program.client.write(null, { operation: MQTTClient.UNSUBSCRIBE, id: 2, items: [{ topic: "old" }] });
		const [, id] = /a207(....)00036f6c64/.exec(program.socket.takeSent())!;
		program.socket.arrive(`b002${id}`);
		await until(() => program.operations.includes("UNSUBACK 2"), "UNSUBACK");
	});

	it("asks for nothing but that, and answers several once all have been answered", async () => {
		const program = await ready({ clean: false });
		program.socket.takeSent();
		program.client.write(null, { operation: MQTTClient.UNSUBSCRIBE, id: 2, items: [{ topic: "o" }, { topic: "p" }] });
		const [, first, second] = /^a205(....)00016fa205(....)000170$/.exec(program.socket.takeSent())!;
		program.socket.arrive(`b002${second}`);
		program.client.write(null, { operation: MQTTClient.SUBSCRIBE, id: 3, items: [{ topic: "a" }] });
		expect(program.operations).not.toContain("UNSUBACK 2");
		program.socket.arrive(`b002${first}`);
		await until(() => program.operations.includes("UNSUBACK 2"), "UNSUBACK");
	});

	it("refuses what is no filter, and says overflow when the table is full", async () => {
		const program = await ready({ tuning: { subscriptions: 1 } });
		const { client } = program;
		const subscribe = (topic: string, QoS = 0): unknown =>
			client.write(null, { operation: MQTTClient.SUBSCRIBE, items: [{ topic, QoS }] });
		expect(() => subscribe("a/#/b")).toThrow("a/#/b");
		expect(() => subscribe("a", 3)).toThrow("QoS 3");
		subscribe("a");
		expect(() => subscribe("b")).toThrow("overflow");
	});
});

describe("other packets", () => {
	it("sends PINGREQ between packets only, and tells PINGRESP", async () => {
		const program = await ready();
		const { client, socket } = program;
		socket.takeSent();
		client.write(buffer("ab"), { topic: "t", byteLength: 4 });
		client.write(buffer("cd"));
		client.write(null, { operation: MQTTClient.PINGREQ });
		expect(socket.takeSent()).toBe(publishHex("t", "abcd") + "c000");
		socket.arrive("d000");
		await until(() => program.operations.includes("PINGRESP"), "PINGRESP");
	});

	it("ends the connection when nobody answers PINGREQ", async () => {
		const program = await ready({ keepAlive: 0, tuning: { pingTimeoutMs: 100 } });
		program.client.write(null, { operation: MQTTClient.PINGREQ });
		await until(() => program.errors.length > 0, "the end");
		expect(program.errors[0]).toMatchObject({ layer: Layer.DEADLINE, code: Reason.PINGRESP_TIMEOUT });
	});

	it("tells what one read brings in its order, before anything else happens", async () => {
		const program = await ready();
		const { client, socket } = program;
		for (const QoS of [1, 2]) client.write(buffer("x"), { topic: "t", QoS, id: 100 + QoS });
		const [first, second] = [...socket.takeSent().matchAll(/3[24]06000174(....)/g)].map((match) =>
			parseInt(match[1]!, 16),
		);
		socket.arrive(ackHex(0x40, first!) + "d000" + ackHex(0x50, second!) + "d000");
		expect(program.operations.slice(1)).toEqual(["PUBACK 101", "PINGRESP", "PUBREC 102", "PINGRESP"]);
	});

	it("takes acks that the program writes, which it sends by itself", async () => {
		const program = await ready();
		const { client, socket } = program;
		socket.takeSent();
		for (const operation of [MQTTClient.PUBACK, MQTTClient.PUBREC, MQTTClient.PUBCOMP])
			client.write(null, { operation, id: 3 });
		client.write(null, { operation: MQTTClient.PUBREL, id: 3 });
		await until(() => program.operations.includes("PUBCOMP 3"), "PUBCOMP");
		expect(socket.sent).toBe("");
	});

	it.each([true, false])("sends DISCONNECT, and says that it is over: with onClose %s", async (closes) => {
		const program = await ready(closes ? {} : { onClose: undefined as never });
		program.socket.takeSent();
		program.client.write(null, { operation: MQTTClient.DISCONNECT });
		await until(() => program.closes + program.errors.length > 0, "the end");
		expect([program.socket.sent, program.closes, program.errors.length]).toEqual([
			"e000",
			closes ? 1 : 0,
			closes ? 0 : 1,
		]);
		expect(program.socket.closed).toBe(true);
	});
});

describe("closing", () => {
	it("is allowed in every callback, and nothing follows (lesson 29)", async () => {
		const names = ["onControl", "onReadable", "onWritable", "onError"] as const;
		for (const name of names) {
			const called: string[] = [];
			const options: Record<string, unknown> = {};
			for (const each of names) {
				options[each] = function (this: MQTTClient): void {
					called.push(each);
					if (each === name) this.close();
				};
			}
			const program = await opened(options as Partial<MQTTClientOptions>);
			const { socket } = program;
			socket.arrive(CONNACK);
			await pause(5);
			socket.arrive(publishHex("a", "x", 1, 3) + publishHex("a", "y", 1, 4));
			await pause(5);
			if (!socket.closed) socket.options.onError();
			await pause(5);
			expect(called.filter((each) => each === name)).toEqual([name]);
			expect(called.at(-1)).toBe(name);
			expect(socket.closed).toBe(true);
			program.client.close();
		}
	});

	it("writes no DISCONNECT, as the standard has it", async () => {
		const program = await ready();
		program.client.write(buffer("left behind"), { topic: "t", QoS: 1 });
		program.socket.takeSent();
		program.client.close();
		await pause(5);
		expect(program.socket.sent).toBe("");
		expect([program.errors.length, program.closes, program.problems.length]).toEqual([0, 0, 0]);
		expect(program.client.read()).toBeUndefined();
	});

	it("is allowed before anything has happened, and while a name is looked up (lesson 30)", async () => {
		const asked: { onResolved(host: string, address: string): void; host: string }[] = [];
		class Resolver {
			resolve(request: (typeof asked)[0]): void {
				asked.push(request);
			}
		}
		new Program().client.close();
		const program = new Program({ host: "broker.test", dns: { io: Resolver as never } });
		await until(() => asked.length > 0, "the question");
		const made = ScriptedSocket.made;
		program.client.close();
		asked[0]!.onResolved("broker.test", "192.0.2.9");
		await pause(5);
		expect(ScriptedSocket.made).toBe(made);
		expect(program.errors).toEqual([]);
	});
});
