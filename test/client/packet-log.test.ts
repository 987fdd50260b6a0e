// Goal: the ring shows the last packets, latest first, whatever its size.
// Method: the ring on its own, then a core whose every packet is known.
import { describe, expect, it } from "vitest";
import { LogTag, PacketLog } from "../../firmware/client/telling/packet-log.js";
import { inState, type Harness } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";
import { arenaOf } from "./arena-of.js";

const logOf = (packetLog: number): PacketLog => new PacketLog(arenaOf({ packetLog }), packetLog);

describe("PacketLog", () => {
	it("keeps as many as it was made for, or a few more, and drops the oldest", () => {
		for (const size of [1, 2, 3, 4, 16, 100]) {
			const log = logOf(size);
			expect(log.length).toBe(0);
			for (let i = 1; i <= 300; i++) {
				log.add((0x30 << 16) | i | (i % 2 ? LogTag.OUTGOING : 0), i * 10);
				expect(log.length).toBeGreaterThanOrEqual(Math.min(i, size));
				for (let index = 0; index < log.length; index++) {
					const which = i - index;
					const entry = [log.packetId(index), log.ticks(index), log.isOutgoing(index)];
					expect(entry).toEqual([which, which * 10, which % 2 === 1]);
				}
			}
		}
	});

	it("keeps every bit of what it is told", () => {
		const log = logOf(2);
		log.add(LogTag.OUTGOING | (0xe0 << 16) | 0xffff, -5);
		expect([log.firstByte(0), log.packetId(0), log.isOutgoing(0), log.ticks(0)]).toEqual([0xe0, 0xffff, true, -5]);
		log.add(0x3d << 16, 0x7fffffff);
		expect([log.firstByte(0), log.packetId(0), log.isOutgoing(0), log.ticks(0)]).toEqual([0x3d, 0, false, 0x7fffffff]);
	});

	it("can be made for none", () => {
		const log = logOf(0);
		for (let i = 0; i < 5; i++) log.add(0x30 << 16, i);
		expect(log.length).toBeLessThanOrEqual(1);
	});
});

describe("the log of a core", () => {
	/** Oldest first: direction, first byte, identifier. */
	function entries(h: Harness): string[] {
		const { log } = h.core;
		const lines = Array.from({ length: log.length }, (_, i) => {
			const way = log.isOutgoing(i) ? ">" : "<";
			return `${way}${log.firstByte(i).toString(16)} ${log.packetId(i)}`;
		});
		return lines.reverse();
	}

	it("has every packet of both directions, once, in its order", () => {
		const h = inState.connected({ firstId: 1, packetLog: 64, rxBuffer: 64, readSize: 16 });
		h.subscribe("f", 0);
		h.sent();
		h.exchange("9003000100");
		h.publish("t", "x", 0);
		h.publish("t", "x", 2);
		h.sent();
		h.exchange(ackHex(0x50, 2));
		h.exchange(ackHex(0x70, 2));
		h.exchange(publishHex("f", "x", 1, 9, 1));
		h.exchange(publishHex("f", "x".repeat(100), 2, 10));
		h.core.unsubscribe("f");
		h.pass(55_000);
		h.sent();
		h.stop();
		h.sent();
		expect(entries(h)).toEqual([
			...[">10 0", "<20 0", ">82 1", "<90 1", ">30 0", ">34 2", "<50 2", ">62 2", "<70 2"],
			...["<33 9", ">40 9", "<34 10", ">50 10", ">c0 0", ">a2 3", ">e0 0"],
		]);
		expect(h.core.log.ticks(0)).toBe(h.now);
	});
});
