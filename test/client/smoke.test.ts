import { describe, expect, it } from "vitest";
import { Harness } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

describe("core", () => {
	it("connects, publishes and receives at every QoS", () => {
		const h = new Harness({ random: () => 0 });
		h.subscribe("a/b", 2);
		h.subscribe("a/#", 1);
		h.start();
		expect(h.opened()).toBe("100d00044d5154540402003c000163");
		expect(h.exchange("20020000")).toBe("820e00010003612f6202" + "0003612f2301");
		expect(h.exchange("900400010201")).toBe("");
		expect(h.log).toEqual(["connected false", "subscribed 0 2", "subscribed 1 1"]);
		expect(h.publish("t", "x", 0)).toBe(0);
		expect(h.sent()).toBe("300400017478");
		expect(h.publish("t", "x", 1)).toBe(2);
		expect(h.sent()).toBe("32060001740002" + "78");
		expect(h.exchange(ackHex(0x40, 2))).toBe("");
		expect(h.publish("t", "x", 2)).toBe(3);
		expect(h.sent()).toBe("34060001740003" + "78");
		expect(h.exchange(ackHex(0x50, 3))).toBe(ackHex(0x62, 3));
		expect(h.exchange(ackHex(0x70, 3))).toBe("");
		expect(h.exchange(publishHex("a/b", "hello", 0))).toBe("");
		expect(h.exchange(publishHex("a/b", "hello", 1, 7))).toBe(ackHex(0x40, 7));
		expect(h.exchange(publishHex("a/b", "hello", 2, 7))).toBe(ackHex(0x50, 7));
		expect(h.exchange(publishHex("a/b", "hello", 2, 7, 8))).toBe(ackHex(0x50, 7));
		expect(h.exchange(ackHex(0x62, 7))).toBe(ackHex(0x70, 7));
		expect(h.seen.length).toBe(6);
		expect(h.core.session.outbox.count).toBe(0);
	});

	it("streams what is larger than the buffer", () => {
		const h = new Harness({ rxBuffer: 64, readSize: 16 });
		h.subscribe("big", 1, h.keep, true);
		h.connect();
		const payload = "0123456789".repeat(20);
		expect(h.exchange(publishHex("big", payload, 1, 9))).toBe(ackHex(0x40, 9));
		expect(h.seen.map((s) => s.payload).join("")).toBe(payload);
	});
});
