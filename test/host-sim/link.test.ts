import { afterEach, beforeEach, describe, expect, it } from "vitest";
import TCP from "../../host-sim/stand-ins/node/tcp.js";
import { useWorld } from "../../host-sim/world/current.js";
import { DropPlan } from "../../host-sim/world/drop-plan.js";
import { startProxy } from "../../host-sim/world/proxy.js";
import { Random } from "../../host-sim/world/random.js";
import { SocketWorld, type SocketWorldOptions } from "../../host-sim/world/socket-world.js";
import { connect, type Socket } from "node:net";
import { pause, startPeer, until, type Peer } from "./peer.js";

// Goal: each fault does what its name says, loses and doubles nothing that it should not, and follows from the seed.

let peer: Peer;
let world: SocketWorld;
let restore = (): void => {};

beforeEach(async () => {
	peer = await startPeer();
});

afterEach(async () => {
	world?.close();
	restore();
	await peer.close();
});

function enter(options: SocketWorldOptions = {}): void {
	world = new SocketWorld({ broker: { host: "127.0.0.1", port: peer.port }, ...options });
	restore = useWorld(world);
}

interface Device {
	socket: TCP;
	arrivals: number[];
	bytes: number[];
	writable: number;
	errors: number;
}

/** A device that reads whatever arrives, at once. The address it names is nowhere. */
async function device(): Promise<Device> {
	const count = peer.sockets.length;
	const state = { arrivals: [], bytes: [], writable: 0, errors: 0 } as unknown as Device;
	state.socket = new TCP({
		address: "198.18.0.1",
		port: 1883,
		onReadable(available) {
			state.arrivals.push(available);
			state.bytes.push(...new Uint8Array(this.read() as ArrayBuffer));
		},
		onWritable: (writable) => (state.writable = writable),
		onError: () => state.errors++,
	});
	await until(() => state.writable > 0 && peer.sockets.length > count, "the connection");
	return state;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index & 255);

describe("a world", () => {
	it("sends every connection to its broker", async () => {
		enter();
		const { socket } = await device();
		socket.write(Uint8Array.of(7));
		await until(() => peer.received().length === 1);
		expect(world.connections).toBe(1);
	});

	it("can be given one address only", async () => {
		const other = await startPeer();
		enter({ broker: { host: "127.0.0.1", port: other.port } });
		const mine = new SocketWorld({ broker: { host: "127.0.0.1", port: peer.port } });
		const undo = useWorld(mine, "198.18.0.1");
		await device();
		undo();
		expect([mine.connections, world.connections]).toEqual([1, 0]);
		mine.close();
		await other.close();
	});
});

describe("--split", () => {
	it("delivers and forwards every byte on its own, in order", async () => {
		enter({ split: true });
		const mine = await device();
		const chunks: number[] = [];
		peer.sockets[0]!.on("data", (bytes) => chunks.push(bytes.length));
		mine.socket.write(Uint8Array.from(numbers(40)));
		peer.sockets[0]!.write(Uint8Array.from(numbers(40)));
		await until(() => mine.bytes.length === 40 && peer.received().length === 40);
		expect(mine.arrivals).toEqual(Array<number>(40).fill(1));
		expect(mine.bytes).toEqual(numbers(40));
		expect([...peer.received()]).toEqual(numbers(40));
		expect(chunks.length).toBeGreaterThan(5);
	});
});

describe("--latency", () => {
	it("delays each direction, and keeps the order", async () => {
		enter({ latencyMs: 40 });
		const start = performance.now();
		const mine = await device();
		expect(performance.now() - start).toBeGreaterThanOrEqual(80);
		const sent = performance.now();
		peer.sockets[0]!.on("data", (bytes) => peer.sockets[0]!.write(bytes));
		mine.socket.write(Uint8Array.from(numbers(20)));
		mine.socket.write(Uint8Array.from(numbers(20)));
		await until(() => mine.bytes.length === 40);
		expect(performance.now() - sent).toBeGreaterThanOrEqual(80);
		expect(mine.bytes).toEqual([...numbers(20), ...numbers(20)]);
	});

	it("refills the window only when the acknowledgement is back", async () => {
		enter({ latencyMs: 20 });
		const mine = await device();
		mine.writable = 0;
		mine.socket.write(new Uint8Array(8192));
		await until(() => peer.received().length === 8192);
		expect(mine.writable).toBe(0);
		await until(() => mine.writable > 0);
	});
});

describe("cut()", () => {
	it("resets both sides, once", async () => {
		enter();
		const mine = await device();
		let closed = false;
		peer.sockets[0]!.on("close", () => (closed = true));
		world.cut();
		world.cut();
		expect(mine.errors).toBe(0);
		await until(() => mine.errors > 0 && closed);
		await pause(20);
		expect(mine.errors).toBe(1);
	});

	it("is not heard after close()", async () => {
		enter();
		const mine = await device();
		world.cut();
		mine.socket.close();
		await pause(20);
		expect(mine.errors).toBe(0);
	});
});

describe("halfOpen()", () => {
	it("passes nothing either way, not even a close, and lets later connections work", async () => {
		enter();
		const mine = await device();
		let peerClosed = false;
		peer.sockets[0]!.on("close", () => (peerClosed = true));
		world.halfOpen();
		mine.socket.write(Uint8Array.of(1));
		peer.sockets[0]!.write("x");
		mine.socket.close();
		await pause(30);
		expect([peer.received().length, mine.bytes.length, mine.errors, peerClosed]).toEqual([0, 0, 0, false]);
		const next = await device();
		peer.sockets[1]!.write("y");
		await until(() => next.bytes.length === 1);
		world.heal();
		await until(() => peerClosed, "the close that was under way");
		expect([...peer.received()]).toEqual([1]);
	});

	it("takes writes until the window is full", async () => {
		enter();
		const mine = await device();
		world.halfOpen();
		expect(mine.socket.write(new Uint8Array(8000))).toBe(192);
		await pause(20);
		expect(() => mine.socket.write(new Uint8Array(193))).toThrow("would block");
	});
});

describe("stop() and resume()", () => {
	it("hold everything, new connections too, and lose nothing", async () => {
		enter();
		const mine = await device();
		world.stop();
		mine.socket.write(Uint8Array.of(1));
		peer.sockets[0]!.write("a");
		const late = device();
		await pause(30);
		expect([peer.received().length, mine.bytes.length, peer.sockets.length]).toEqual([0, 0, 1]);
		world.resume();
		await late;
		await until(() => peer.received().length === 1 && mine.bytes.length === 1);
	});
});

describe("--drop-every", () => {
	/** The stream of `count` PUBLISH packets of 300 bytes. */
	function packets(count: number): Uint8Array {
		const bytes = new Uint8Array(count * 300);
		for (let index = 0; index < count; index++) bytes.set([0x30, 0xa9, 0x02], index * 300);
		return bytes;
	}

	function cutOf(seed: number, pieces: number): string {
		const plan = new DropPlan(Random.derive(seed, 1), 5);
		const stream = packets(20);
		let passed = 0;
		for (let offset = 0; offset < stream.length && !plan.cut; offset += pieces) {
			passed += plan.pass("out", stream.subarray(offset, offset + pieces));
		}
		return `${passed}: ${plan.description}`;
	}

	it.each([1, 2, 3, 4, 5, 6, 7, 8])("cuts at the same byte however the stream is cut up (seed %i)", (seed) => {
		const whole = cutOf(seed, 6000);
		expect(whole).toMatch(/cut after/);
		for (const pieces of [1, 2, 299, 300, 301]) expect(cutOf(seed, pieces)).toBe(whole);
	});

	it("cuts inside headers, inside bodies and between packets, within twice the number", () => {
		const places = Array.from({ length: 200 }, (_, seed) => Number.parseInt(cutOf(seed, 6000)));
		expect(Math.max(...places)).toBeLessThanOrEqual(3000);
		expect(places.some((place) => place % 300 === 1)).toBe(true);
		expect(places.some((place) => place % 300 === 0)).toBe(true);
		expect(places.some((place) => place % 300 > 3)).toBe(true);
		expect(new Set(places).size).toBeGreaterThan(100);
	});

	it("counts both directions, and passes exactly the bytes before the cut", async () => {
		enter({ dropEvery: 3, seed: 9 });
		const plan = new DropPlan(Random.derive(9, 1), 3);
		const expected = plan.pass("out", packets(6));
		const mine = await device();
		mine.socket.write(packets(6));
		await until(() => mine.errors === 1);
		expect(peer.received().length).toBeLessThanOrEqual(expected);
	});

	it("does not understand a length of five bytes, and does not cut it", () => {
		const plan = new DropPlan(Random.derive(1, 1), 1);
		const bytes = Uint8Array.from([0x30, 255, 255, 255, 255, 255, 1, 2, 3]);
		const passed = plan.pass("out", bytes);
		expect(plan.cut ? passed <= 2 : passed === bytes.length).toBe(true);
	});
});

describe("Random", () => {
	it("gives the same numbers for a seed, others for another, and spreads them", () => {
		const take = (seed: number): number[] => {
			const random = new Random(seed);
			return Array.from({ length: 1000 }, () => random.below(10));
		};
		expect(take(5)).toEqual(take(5));
		expect(take(5)).not.toEqual(take(6));
		for (let digit = 0; digit < 10; digit++) {
			expect(take(5).filter((number) => number === digit).length).toBeGreaterThan(60);
		}
		expect(new Random(0).below(0)).toBe(0);
	});
});

describe("startProxy", () => {
	let client: Socket | undefined;
	afterEach(() => void client?.destroy());

	it("gives another program's connection the world's faults", async () => {
		enter();
		const proxy = await startProxy(world);
		client = connect(proxy.port, "127.0.0.1");
		const got: Buffer[] = [];
		client.on("data", (bytes) => got.push(bytes));
		client.on("error", () => {});
		client.write("hello");
		await until(() => peer.received().toString() === "hello");
		peer.sockets[0]!.write(Buffer.alloc(100_000, 1));
		await until(() => Buffer.concat(got).length === 100_000);
		world.cut();
		await until(() => client!.destroyed, "the reset");
		await proxy.close();
	});

	it("passes a close of either side on", async () => {
		enter();
		const proxy = await startProxy(world);
		client = connect(proxy.port, "127.0.0.1");
		client.on("error", () => {});
		client.end("bye");
		await until(() => peer.sockets[0]?.readableEnded === true);
		expect(peer.received().toString()).toBe("bye");
		const second = connect(proxy.port, "127.0.0.1");
		second.on("error", () => {});
		await until(() => peer.sockets.length === 2);
		peer.sockets[1]!.destroy();
		await until(() => second.destroyed);
		await proxy.close();
	});
});
