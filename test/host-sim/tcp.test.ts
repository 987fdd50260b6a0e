import { afterEach, beforeEach, describe, expect, it } from "vitest";
import TCP, { type TCPOptions } from "../../host-sim/stand-ins/node/tcp.js";
import { useWorld } from "../../host-sim/world/current.js";
import { SocketWorld, type SocketWorldOptions } from "../../host-sim/world/socket-world.js";
import { pause, startPeer, until, type Peer } from "./peer.js";

// Goal: the stand-in refuses what the platform refuses, and fires the events that the platform fires.
// Method: a real server on loopback; each socket writes down its events.

let peer: Peer;
let world: SocketWorld;
let restore: () => void;
const escaped: string[] = [];

function enter(options: SocketWorldOptions = {}): void {
	world = new SocketWorld({ onEscape: (error, origin) => escaped.push(`${origin}: ${String(error)}`), ...options });
	restore = useWorld(world);
}

beforeEach(async () => {
	escaped.length = 0;
	peer = await startPeer();
	enter();
});

afterEach(async () => {
	world.close();
	restore();
	await peer.close();
});

interface Opened {
	socket: TCP;
	events: string[];
}

function open(options: Partial<TCPOptions> = {}): Opened {
	const events: string[] = [];
	const socket = new TCP({
		address: "127.0.0.1",
		port: peer.port,
		onReadable: (count) => void events.push(`readable ${count}`),
		onWritable: (count) => void events.push(`writable ${count}`),
		onError: (...values: unknown[]) => void events.push(`error ${values.length}`),
		...options,
	});
	return { socket, events };
}

async function connected(options: Partial<TCPOptions> = {}): Promise<Opened> {
	const opened = open(options);
	await until(() => opened.events.length > 0, "onWritable");
	await until(() => peer.sockets.length > 0, "the peer");
	return opened;
}

describe("a TCP socket before it is connected", () => {
	it.each(["localhost", "broker.test", "", "::1", undefined])("refuses the address %s", (address) => {
		expect(() => new TCP({ address: address as string, port: 1 })).toThrow("invalid address");
	});

	it.each([-1, 65_536, 1.5, Number.NaN])("refuses the port %d", (port) => {
		expect(() => new TCP({ address: "127.0.0.1", port })).toThrow(RangeError);
	});

	it("refuses to write, and has nothing to read", () => {
		const { socket, events } = open();
		expect(() => socket.write(Uint8Array.of(1))).toThrow("would block");
		expect(socket.read()).toBeUndefined();
		expect(events).toEqual([]);
	});

	it("says onWritable with the whole window first", async () => {
		const { events } = await connected();
		expect(events).toEqual(["writable 8192"]);
	});

	it("says only onError, without argument and once, when it is refused", async () => {
		const { port } = peer;
		await peer.close();
		const { events } = open({ port });
		await until(() => events.length > 0);
		await pause(20);
		expect(events).toEqual(["error 0"]);
	});
});

describe("reading", () => {
	it("fires once for an arrival, with all that is unread, and never for leftovers", async () => {
		const { socket, events } = await connected();
		peer.sockets[0]!.write("abcde");
		await until(() => events.length === 2);
		expect(socket.read(2)).toEqual(Uint8Array.from([97, 98]).buffer);
		await pause(20);
		peer.sockets[0]!.write("f");
		await until(() => events.length === 3);
		expect(events).toEqual(["writable 8192", "readable 5", "readable 4"]);
	});

	it("fills a view whole, at its offset, and returns its size", async () => {
		const { socket, events } = await connected();
		peer.sockets[0]!.write("abc");
		await until(() => events.length === 2);
		const bytes = new Uint8Array(5);
		expect(socket.read(bytes.subarray(1, 4))).toBe(3);
		expect([...bytes]).toEqual([0, 97, 98, 99, 0]);
		expect(socket.read(bytes)).toBeUndefined();
	});

	it("refuses a view that is longer than what is there, and an empty one", async () => {
		const { socket, events } = await connected();
		peer.sockets[0]!.write("abc");
		await until(() => events.length === 2);
		expect(() => socket.read(new Uint8Array(4))).toThrow("invalid");
		expect(() => socket.read(new Uint8Array(0))).toThrow("invalid");
		expect(() => socket.read(4)).toThrow("invalid");
		expect(() => socket.read(0)).toThrow("invalid");
		expect((socket.read() as ArrayBuffer).byteLength).toBe(3);
	});

	it("hands out bytes one by one in the format number", async () => {
		const { socket, events } = await connected();
		peer.sockets[0]!.write("ab");
		await until(() => events.length === 2);
		socket.format = "number";
		expect([socket.read(), socket.read(), socket.read()]).toEqual([97, 98, undefined]);
		expect(() => (socket.format = "text" as "buffer")).toThrow(RangeError);
	});

	it("gives arrivals of at most one segment, and stops at the receive window", async () => {
		const { socket, events } = await connected();
		peer.sockets[0]!.write(Buffer.alloc(20_000, 1));
		await pause(50);
		expect(events.slice(1)).toEqual([1436, 2872, 4308, 5744].map((count) => `readable ${count}`));
		let taken = 0;
		for (let bytes; (bytes = socket.read() as ArrayBuffer | undefined); await pause(5)) taken += bytes.byteLength;
		expect(taken).toBe(20_000);
	});
});

describe("writing", () => {
	it("takes all or nothing, and returns what may still be written", async () => {
		const { socket } = await connected();
		expect(socket.write(new Uint8Array(8000))).toBe(192);
		expect(() => socket.write(new Uint8Array(193))).toThrow("would block");
		expect(socket.write(new ArrayBuffer(192))).toBe(0);
		await until(() => peer.received().length === 8192);
	});

	it.each(["text", 5, null, {}])("refuses %s as no buffer", async (what) => {
		const { socket } = await connected();
		expect(() => socket.write(what as unknown as ArrayBuffer)).toThrow("invalid buffer");
	});

	it("takes a number in the format number", async () => {
		const { socket } = await connected();
		socket.format = "number";
		expect(socket.write(0x141)).toBe(8191);
		await until(() => peer.received().toString() === "A");
	});

	it("copies the bytes, and says onWritable again when the window has refilled", async () => {
		const { socket, events } = await connected();
		const bytes = Uint8Array.from([1, 2, 3]);
		socket.write(bytes);
		bytes.fill(9);
		await until(() => events.length === 2);
		expect(events[1]).toBe("writable 8192");
		await until(() => peer.received().length === 3);
		expect([...peer.received()]).toEqual([1, 2, 3]);
		await pause(20);
		expect(events).toHaveLength(2);
	});
});

describe("the end of a connection", () => {
	it("is onError without argument, once; after it writing is refused and closing is fine", async () => {
		const { socket, events } = await connected();
		peer.sockets[0]!.end();
		await until(() => events.length === 2);
		expect(events[1]).toBe("error 0");
		expect(() => socket.write(Uint8Array.of(1))).toThrow("not ready");
		socket.close();
		socket.close();
		await pause(20);
		expect(events).toHaveLength(2);
	});

	it("waits until arrived bytes are read; a write before returns undefined", async () => {
		const { socket, events } = await connected();
		peer.sockets[0]!.end("abc");
		await until(() => events.length === 2);
		await pause(30);
		expect(events).toHaveLength(2);
		expect(socket.write(Uint8Array.of(1))).toBeUndefined();
		socket.read();
		expect(events).toHaveLength(2);
		await until(() => events.length === 3);
		expect(events[2]).toBe("error 0");
	});

	it("by close() sends what was written, and no event follows", async () => {
		const { socket, events } = await connected();
		socket.write(Uint8Array.from([1, 2, 3]));
		peer.sockets[0]!.write("answer");
		socket.close();
		socket.close();
		await until(() => peer.sockets[0]!.readableEnded, "the end at the peer");
		expect([...peer.received()]).toEqual([1, 2, 3]);
		await pause(20);
		expect(events).toHaveLength(1);
		expect(() => socket.read()).toThrow(SyntaxError);
		expect(() => socket.write(Uint8Array.of(1))).toThrow(SyntaxError);
	});

	it("by close() inside a callback is the last event", async () => {
		const { socket, events } = await connected({ onReadable: () => socket.close() });
		peer.sockets[0]!.write("a");
		peer.sockets[0]!.end("b");
		await pause(50);
		expect(events).toEqual(["writable 8192"]);
	});
});

describe("callbacks", () => {
	it("have the socket as this, with its target", async () => {
		const seen: unknown[] = [];
		const target = {};
		const socket = new TCP({
			address: "127.0.0.1",
			port: peer.port,
			target,
			onWritable() {
				seen.push(this, this.target);
			},
		});
		await until(() => seen.length > 0);
		expect(seen[0]).toBe(socket);
		expect(seen[1]).toBe(target);
		expect("target" in new TCP({ address: "127.0.0.1", port: peer.port })).toBe(false);
	});

	it("that throw end the device: the world is told, and nothing is swallowed", async () => {
		const fail = (): never => {
			throw new RangeError("boom");
		};
		open({ onWritable: fail });
		await until(() => escaped.length > 0);
		expect(escaped).toEqual(["TCP onWritable: RangeError: boom"]);
	});
});
