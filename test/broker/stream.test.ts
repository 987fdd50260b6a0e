// Goal: messages of a megabyte go through buffers of 512 bytes, both ways, at each QoS, also when the link is cut in the
// middle; lesson 7, those who do not take pieces learn of what was too large for them.
// Method: a payload in which every 4 bytes say where they stand, so that a piece in a wrong place shows.
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Counter, Problem, Reason, type ClientOptions, type Message, type PayloadSource } from "xs-mqtt";
import { BROKERS, endAll, type TestBroker } from "../support/brokers.js";
import { Device } from "../support/device.js";
import { Peer } from "../support/peer.js";
import { pause, until } from "../support/until.js";

afterAll(endAll);

const SIZE = 1_000_000;
const LEVELS = [0, 1, 2] as const;
const SMALL: Partial<ClientOptions> = { rxBuffer: 512, readSize: 512, txBuffer: 512, outbox: 512, cleanSession: false };

function makePayload(size: number): Buffer {
	const payload = Buffer.alloc(size);
	for (let i = 0; i + 4 <= size; i += 4) payload.writeUInt32BE(i, i);
	return payload;
}

const PAYLOAD = makePayload(SIZE);

/** A source of PAYLOAD; `onRead` is told the position of each piece. */
class Source implements PayloadSource {
	pieces = 0;
	finishedWith: number[] = [];
	constructor(readonly onRead: (position: number) => void = () => {}) {}

	read(position: number, target: Uint8Array, offset: number, size: number): number {
		this.pieces++;
		this.onRead(position);
		return PAYLOAD.copy(target, offset, position, Math.min(position + size, SIZE));
	}

	finished(packetId: number): void {
		this.finishedWith.push(packetId);
	}
}

/** Takes messages in pieces, and checks that each piece is the one that follows. */
class Taker {
	complete = 0;
	/** How often a message began. */
	starts = 0;
	pieces = 0;
	readonly wrong: string[] = [];
	#next = 0;
	constructor(readonly onPiece: (offset: number) => void = () => {}) {}

	readonly take = (message: Message): void => {
		const { offset, size, total } = message;
		this.pieces++;
		if (offset === 0) this.starts++;
		else if (offset !== this.#next) this.wrong.push(`${offset} after ${this.#next}`);
		if (!PAYLOAD.subarray(offset, offset + size).equals(message.bytes())) this.wrong.push(`bytes at ${offset}`);
		this.#next = offset + size;
		if (this.#next === total) this.complete++;
		this.onPiece(offset);
	};
}

describe.each(BROKERS)("a megabyte through 512 bytes, with $name", ({ describeBroker, start }) => {
	describeBroker("streams", () => {
		let broker: TestBroker;
		let peer: Peer;

		beforeEach(async () => {
			broker = await start();
			peer = await Peer.connect(broker.port);
		});
		afterEach(async () => {
			await peer.end();
			await broker.stop();
		});

		it.each(LEVELS)("out at QoS %i", async (qos) => {
			await peer.subscribe("out", qos);
			const device = await new Device(broker.port, SMALL).connect();
			const source = new Source();
			const packetId = device.client.publishStream("out", SIZE, source, qos);
			expect(packetId).toBeGreaterThanOrEqual(qos > 0 ? 1 : 0);
			await device.drained();
			await peer.untilReceived(1);
			expect(Buffer.from(peer.payloads[0]!, "latin1").equals(PAYLOAD)).toBe(true);
			expect(source.finishedWith).toEqual([packetId]);
			expect(source.pieces).toBeGreaterThan(SIZE / 512);
			expect(device.client.arenaSize).toBeLessThan(8_192);
			await device.stop();
		});

		it.each(LEVELS)("out at QoS %i, from the start again after a cut in the middle", async (qos) => {
			await peer.subscribe("out", qos);
			const device = await new Device(broker.port, SMALL).connect();
			// aedes keeps a session only for those who subscribe.
			await device.subscribe("in", 1);
			let cuts = 0;
			const source = new Source((position) => {
				if (position > SIZE / 2 && cuts === 0) {
					cuts++;
					device.world.cut();
				}
			});
			device.client.publishStream("out", SIZE, source, qos);
			device.client.publish("out", "small", qos);
			await device.drained();
			await peer.untilReceived(2);
			expect(device.accepted).toEqual([false, true]);
			expect(peer.messages.map(({ payload }) => payload.length)).toEqual([SIZE, "small".length]);
			expect(Buffer.from(peer.payloads[0]!, "latin1").equals(PAYLOAD)).toBe(true);
			expect(source.pieces).toBeGreaterThan((1.5 * SIZE) / 512);
			await device.stop();
		});

		it.each(LEVELS)("in at QoS %i", async (qos) => {
			const taker = new Taker();
			const device = await new Device(broker.port, SMALL).connect();
			device.client.subscribeStream("in", qos, taker.take);
			await until(() => device.granted.length === 1, "SUBACK");
			await peer.publish("in", PAYLOAD, qos);
			await until(() => taker.complete === 1, "the message");
			expect(taker.wrong).toEqual([]);
			expect(taker.starts).toBe(1);
			expect(taker.pieces).toBeGreaterThan(SIZE / 512);
			expect(device.client.counters[Counter.PIECES]).toBe(taker.pieces);
			expect(device.problems).toEqual([]);
			await device.stop();
		});

		it.each(LEVELS)("in at QoS %i, with a cut in the middle", async (qos) => {
			let cuts = 0;
			const taker = new Taker((offset) => {
				if (offset > SIZE / 2 && cuts === 0) {
					cuts++;
					device.world.cut();
				}
			});
			const device = new Device(broker.port, SMALL);
			await device.connect();
			device.client.subscribeStream("in", qos, taker.take);
			await until(() => device.granted.length === 1, "SUBACK");
			await peer.publish("in", PAYLOAD, qos);
			await until(() => device.accepted.length === 2, "the next connection");
			// At QoS 0 the message is gone; what comes next is whole all the same.
			if (qos === 0) await peer.publish("in", PAYLOAD, qos);
			await until(() => taker.complete === 1, "the message");
			expect(taker.wrong).toEqual([]);
			expect(taker.starts).toBe(2);
			await peer.publish("in", PAYLOAD.subarray(0, 4_000), qos);
			await until(() => taker.complete === 2, "the next message");
			expect(taker.wrong).toEqual([]);
			expect(taker.starts).toBe(3);
			await device.stop();
		});

		it.each(LEVELS)(
			"lesson 7: a handler that takes no pieces learns of it at QoS %i, and gets the others",
			async (qos) => {
				const device = await new Device(broker.port, SMALL).connect();
				await device.subscribe("in", qos);
				await peer.publish("in", "before", qos);
				await peer.publish("in", PAYLOAD.subarray(0, 100_000), qos);
				await peer.publish("in", "behind", qos);
				await device.untilReceived(2);
				expect(device.payloads).toEqual(["before", "behind"]);
				expect(device.problems).toEqual([[Problem.MESSAGE_TOO_LARGE, 100_000]]);
				expect(device.client.counters[Counter.TOO_LARGE_IN]).toBe(1);
				// It is acknowledged: the next connection does not bring it again.
				device.world.cut();
				await until(() => device.accepted.length === 2, "the next connection");
				await peer.publish("in", "end", qos);
				await device.untilReceived(3);
				expect(device.problems.length).toBe(1);
				expect(device.ends.map((end) => end.code)).toEqual([Reason.LINK_LOST]);
				await device.stop();
			},
		);

		it.each([1, 2] as const)("lesson 7: refused at QoS %i, it is kept for a program that takes pieces", async (qos) => {
			const clientId = `refuses-${qos}`;
			const device = await new Device(broker.port, { ...SMALL, clientId, tooLarge: "refuse" }).connect();
			await device.subscribe("in", qos);
			await peer.publish("in", PAYLOAD.subarray(0, 100_000), qos);
			await peer.publish("in", "behind", qos);
			await device.untilReceived(1);
			expect(device.payloads).toEqual(["behind"]);
			expect(device.problems).toEqual([[Problem.MESSAGE_TOO_LARGE, 100_000]]);
			device.world.cut();
			await until(() => device.problems.length === 2, "it to come again");
			await device.stop();

			const taker = new Taker();
			const other = new Device(broker.port, { ...SMALL, clientId });
			other.client.subscribeStream("in", qos, taker.take);
			await other.connect();
			await until(() => taker.complete === 1, "the message");
			expect(taker.wrong).toEqual([]);
			expect(other.accepted).toEqual([true]);
			await other.stop();
		});

		it("lesson 7: goes to the handler that takes pieces, and is reported for the one that does not", async () => {
			const taker = new Taker();
			const device = await new Device(broker.port, SMALL).connect();
			device.client.subscribeStream("in/+", 1, taker.take);
			await device.subscribe("in/x", 1);
			await until(() => device.granted.length === 2, "both SUBACKs");
			await peer.publish("in/x", PAYLOAD.subarray(0, 20_000), 1);
			await until(() => taker.complete >= 1, "the message");
			expect(taker.wrong).toEqual([]);
			expect(device.messages).toEqual([]);
			expect(device.problems[0]).toEqual([Problem.MESSAGE_TOO_LARGE, 20_000]);
			await device.stop();
		});

		it("out of a source that has nothing now and then, while small messages come in", async () => {
			await peer.subscribe("out", 1);
			const device = await new Device(broker.port, SMALL).connect();
			await device.subscribe("in", 0);
			let dry = 0;
			const source: PayloadSource = {
				read: (position, target, offset, size) => {
					if (position >= (dry + 1) * 10_000 && dry < 5) {
						dry++;
						setTimeout(() => device.client.resumeSources(), 20);
						return 0;
					}
					return PAYLOAD.copy(target, offset, position, Math.min(position + size, 60_000));
				},
			};
			device.client.publishStream("out", 60_000, source, 1);
			for (let i = 0; i < 5; i++) {
				await peer.publish("in", `${i}`);
				await pause(10);
			}
			await device.drained();
			await peer.untilReceived(1);
			expect(Buffer.from(peer.payloads[0]!, "latin1").equals(PAYLOAD.subarray(0, 60_000))).toBe(true);
			expect(dry).toBe(5);
			expect(device.payloads).toEqual(["0", "1", "2", "3", "4"]);
			await device.stop();
		});

		it("out of a source that fails in the middle: it is dropped, and the next publish goes out on the next link", async () => {
			await peer.subscribe("out", 1);
			const device = await new Device(broker.port, SMALL).connect();
			const source: PayloadSource = { read: (position, _target, _offset, size) => (position > 5_000 ? -1 : size) };
			const packetId = device.client.publishStream("out", 60_000, source, 1);
			device.client.publish("out", "next", 1);
			await peer.untilReceived(1);
			await device.drained();
			expect(peer.payloads).toEqual(["next"]);
			expect(device.problems).toEqual([[Problem.SOURCE_FAILED, packetId]]);
			expect(device.ends.map((end) => end.code)).toEqual([Reason.SOURCE_FAILED]);
			await device.stop();
		});
	});
});
