// Goal: records keep their order, bytes and place whatever is freed, moved and added between them.
// Method: a small region of its own; then random sequences beside a plain list of what should be there.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Arena } from "../../firmware/client/setup/arena.js";
import { Status } from "../../firmware/client/terms/codes.js";
import { Counter, COUNTER_COUNT, Counts } from "../../firmware/client/terms/counters.js";
import { Outbox, RecordBits, RecordState, TagBits, sizeOfRecord } from "../../firmware/client/session/outbox.js";
import { arenaOf } from "./arena-of.js";

class Bench {
	readonly counts = new Counts(new Uint32Array(COUNTER_COUNT));
	readonly arena: Arena;
	readonly outbox: Outbox;

	get counters(): Uint32Array {
		return this.counts.read();
	}

	constructor(outbox: number) {
		this.arena = arenaOf({ outbox, rxBuffer: 64, readSize: 16 });
		this.outbox = new Outbox(this.arena, outbox, this.counts);
	}

	/** Writes a packet of `size` bytes: its length, and for the rest its identifier's low byte. */
	write(start: number, id: number, size: number): void {
		this.arena.bytes.fill(id & 255, start, start + size);
		this.arena.bytes[start + 1] = size - 2;
	}

	/** A record of `size` bytes and 16 more; negative: the status. */
	add(id: number, size: number, qos = 1): number {
		const packetSize = size + 16 - RecordBits.HEADER_SIZE;
		const record = this.outbox.reserve(sizeOfRecord(packetSize));
		if (record < 0) return record;
		this.write(record + RecordBits.HEADER_SIZE, id, packetSize);
		this.outbox.commit(sizeOfRecord(packetSize), qos, id, 0, RecordBits.HEADER_SIZE);
		return record;
	}

	/** Identifiers of what is there, in order; checks that every packet is what it was. */
	ids(): number[] {
		const { outbox } = this;
		const ids: number[] = [];
		for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
			if (outbox.state(record) === RecordState.FREE) continue;
			const id = outbox.packetId(record);
			const start = outbox.packetStart(record);
			const packet = this.arena.bytes.subarray(start, start + outbox.packetSize(record));
			expect(packet.every((byte, index) => index === 1 || byte === (id & 255))).toBe(true);
			ids.push(id);
		}
		return ids;
	}
}

describe("Outbox", () => {
	it("keeps what a record says of itself", () => {
		const { outbox, arena } = new Bench(256);
		const record = outbox.reserve(40);
		// A Remaining Length of 1,000,000.
		arena.bytes.set([0, 0xc0, 0x84, 0x3d], record + 20);
		outbox.commit(40, 2, 0xffff, 255, 20);
		expect(outbox.state(record)).toBe(RecordState.QUEUED);
		expect(outbox.qos(record)).toBe(2);
		expect(outbox.packetId(record)).toBe(0xffff);
		expect(outbox.source(record)).toBe(255);
		expect(outbox.size(record)).toBe(40);
		expect(outbox.packetStart(record)).toBe(record + 20);
		expect(outbox.packetSize(record)).toBe(1_000_004);
		expect(outbox.storedSize(record)).toBe(20);
		outbox.setState(record, RecordState.PUBREC_WAIT);
		expect([outbox.state(record), outbox.qos(record), outbox.packetId(record)]).toEqual([3, 2, 0xffff]);
		outbox.setDup(record, true);
		expect(arena.bytes[record + 20]).toBe(8);
		outbox.setDup(record, false);
		expect(arena.bytes[record + 20]).toBe(0);
	});

	it("says how much of a packet is stored: all of it, unless a source has the rest", () => {
		const bench = new Bench(256);
		const { outbox } = bench;
		bench.write(outbox.tail + 16, 1, 21);
		outbox.commit(40, 1, 1, 0, 16);
		expect(outbox.storedSize(outbox.head)).toBe(21);
		const streamed = outbox.reserve(40);
		bench.write(streamed + 33, 2, 100);
		outbox.commit(40, 1, 2, 1, 33);
		expect(outbox.storedSize(streamed)).toBe(7);
	});

	it("tells what never fits from what does not fit now", () => {
		const bench = new Bench(100);
		expect(bench.add(1, 84)).toBe(bench.outbox.base);
		expect(bench.add(2, 84)).toBe(Status.FULL);
		expect(bench.add(3, 85)).toBe(Status.TOO_LARGE);
		bench.outbox.free(bench.outbox.head);
		expect(bench.add(4, 84)).toBe(bench.outbox.base);
	});

	it("uses a region that is no multiple of four up to its last whole word", () => {
		const bench = new Bench(67);
		expect(bench.outbox.limit - bench.outbox.base).toBe(64);
		expect(bench.add(1, 48)).toBe(bench.outbox.base);
	});

	it("slides records together when the room at the tail is too small", () => {
		const bench = new Bench(120);
		const { outbox } = bench;
		const records = [1, 2, 3].map((id) => bench.add(id, 24));
		outbox.free(records[1]!);
		expect(bench.add(4, 24)).toBe(outbox.base + 80);
		expect(bench.ids()).toEqual([1, 3, 4]);
		expect(outbox.used).toBe(120);
		expect(bench.add(5, 1)).toBe(Status.FULL);
	});

	it("keeps its place in what is sent while records move", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		const records = [1, 2, 3, 4].map((id) => bench.add(id, 24));
		outbox.cursor = records[3]!;
		outbox.active = records[2]!;
		outbox.free(records[0]!);
		outbox.free(records[1]!);
		expect(outbox.head).toBe(records[2]);
		expect(outbox.makeRoom()).toBe(80);
		expect(outbox.packetId(outbox.active)).toBe(3);
		expect(outbox.packetId(outbox.cursor)).toBe(4);
		outbox.cursor = outbox.tail;
		outbox.free(outbox.head);
		expect(outbox.active).toBe(-1);
		expect(outbox.makeRoom()).toBe(120);
		expect(outbox.cursor).toBe(outbox.tail);
		expect(outbox.makeRoom()).toBe(120);
	});

	it("starts at its base again when it runs empty", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		const records = [1, 2].map((id) => bench.add(id, 24));
		outbox.cursor = outbox.tail;
		outbox.free(records[1]!);
		expect(outbox.tail).toBeGreaterThan(outbox.base);
		outbox.free(records[0]!);
		expect([outbox.head, outbox.cursor, outbox.tail]).toEqual(Array(3).fill(outbox.base));
		expect([outbox.count, outbox.used]).toEqual([0, 0]);
	});

	it("passes the cursor over what is freed at the head", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		const records = [1, 2, 3].map((id) => bench.add(id, 24));
		outbox.free(records[1]!);
		expect(outbox.cursor).toBe(records[0]);
		outbox.free(records[0]!);
		expect(outbox.cursor).toBe(records[2]);
	});

	it("finds records by identifier, and none that is free", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		const records = [7, 8, 9].map((id) => bench.add(id, 24));
		outbox.free(records[1]!);
		expect([7, 8, 9, 10].map((id) => outbox.find(id))).toEqual([records[0], -1, records[2], -1]);
	});

	it("sends everything again from the start after rewind", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		bench.add(1, 24);
		outbox.active = outbox.cursor = outbox.tail;
		outbox.rewind();
		expect([outbox.cursor, outbox.active]).toEqual([outbox.head, -1]);
	});

	it("gives back what an ack is meant for, and keeps its marks of the most there was", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		const sent = (id: number, size: number): void => {
			outbox.setState(bench.add(id, size), RecordState.PUBACK_WAIT);
			outbox.cursor = outbox.tail;
		};
		sent(1, 60);
		sent(2, 24);
		expect(bench.ids()).toEqual([1, 2]);
		expect([outbox.take(3, RecordState.PUBACK_WAIT), outbox.take(1, RecordState.PUBREC_WAIT)]).toEqual([-1, -1]);
		expect(outbox.take(2, RecordState.PUBACK_WAIT)).toBe(0);
		expect(outbox.take(1, RecordState.PUBACK_WAIT)).toBe(0);
		expect([outbox.head, outbox.tail, outbox.count]).toEqual([outbox.base, outbox.base, 0]);
		sent(3, 24);
		const { counters } = bench;
		expect([counters[Counter.OUTBOX_MAX], counters[Counter.OUTBOX_RECORDS_MAX]]).toEqual([76 + 40, 2]);
		outbox.active = outbox.head;
		expect(outbox.take(3, RecordState.PUBACK_WAIT)).toBe(-1);
	});

	it("knows its only record by its tags, while that waits for its first ack and nothing was changed", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		const tags = (7 << TagBits.ID_SHIFT) | TagBits.PUBREC_WAIT;
		const waiting = (): void => {
			outbox.setState(bench.add(7, 24, 2), RecordState.PUBREC_WAIT);
			outbox.cursor = outbox.tail;
			outbox.noteAlone();
			expect(outbox.alone).toBe(tags);
		};
		waiting();
		bench.add(8, 24);
		expect(outbox.alone).toBe(0);
		outbox.free(outbox.find(8));
		outbox.cursor = outbox.tail;
		outbox.noteAlone();
		expect(outbox.alone).toBe(tags);
		outbox.setState(outbox.head, RecordState.QUEUED);
		expect(outbox.alone).toBe(0);
		outbox.noteAlone();
		expect(outbox.alone).toBe(0);
		outbox.clear();
		waiting();
		outbox.take(7, RecordState.PUBREC_WAIT);
		expect(outbox.alone).toBe(0);
		waiting();
		outbox.alone = 0;
		outbox.rewind();
		outbox.noteAlone();
		expect(outbox.alone).toBe(0);
	});

	it("stops a caller that frees twice, or adds beyond the region", () => {
		const bench = new Bench(160);
		const { outbox } = bench;
		const records = [1, 2].map((id) => bench.add(id, 24));
		outbox.free(records[1]!);
		expect(() => outbox.free(records[1]!)).toThrow("outbox: freeing twice");
		expect(() => outbox.commit(160, 1, 3, 0, 16)).toThrow("outbox: record beyond the region");
		outbox.used += 4;
		expect(() => outbox.reserve(100)).toThrow("outbox: bytes lost");
	});

	it("agrees with a plain list through any sequence", () => {
		const add = fc.record({ size: fc.integer({ min: 1, max: 70 }), qos: fc.constantFrom(0, 1, 2) });
		const step = fc.oneof(
			add,
			fc.record({ free: fc.nat(20) }),
			fc.record({ send: fc.nat(3) }),
			fc.constant("rewind" as const),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
				const bench = new Bench(256);
				const { outbox } = bench;
				let list: { id: number; bytes: number; qos: number }[] = [];
				let id = 0;
				let sent = 0;
				for (const each of steps) {
					if (each === "rewind") {
						outbox.rewind();
						sent = 0;
					} else if ("size" in each) {
						const used = list.reduce((sum, record) => sum + record.bytes, 0);
						const bytes = sizeOfRecord(each.size + 16 - RecordBits.HEADER_SIZE);
						const fits = used + bytes <= 256;
						expect(bench.add(++id, each.size, each.qos) >= 0).toBe(fits);
						if (fits) list.push({ id, bytes, qos: each.qos });
					} else if ("free" in each) {
						if (list.length === 0) continue;
						const index = each.free % list.length;
						outbox.free(outbox.find(list[index]!.id));
						if (index < sent) sent--;
						list = list.filter((_record, i) => i !== index);
					} else {
						for (let i = 0; i < each.send && outbox.cursor < outbox.tail; i++) {
							if (outbox.state(outbox.cursor) !== RecordState.FREE) sent++;
							outbox.cursor = outbox.next(outbox.cursor);
						}
					}
					expect(bench.ids()).toEqual(list.map((record) => record.id));
					expect(outbox.count).toBe(list.length);
					expect(outbox.countQoS0).toBe(list.filter((record) => record.qos === 0).length);
					expect(outbox.used).toBe(list.reduce((sum, record) => sum + record.bytes, 0));
					expect(outbox.base <= outbox.head && outbox.head <= outbox.cursor).toBe(true);
					expect(outbox.cursor <= outbox.tail && outbox.tail <= outbox.limit).toBe(true);
					const left: number[] = [];
					for (let record = outbox.cursor; record < outbox.tail; record = outbox.next(record)) {
						if (outbox.state(record) !== RecordState.FREE) left.push(outbox.packetId(record));
					}
					expect(left).toEqual(list.slice(sent).map((record) => record.id));
				}
				expect(bench.counters[Counter.OUTBOX_MAX]).toBeLessThanOrEqual(256);
			}),
			{ numRuns: 150 },
		);
	});
});
