import { describe, expect, it } from "vitest";
import { inState } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { byteHex, expectAlive, expectViolation, fieldHex, packetHex, readPublish, subscribed } from "../support.js";

// Goal: §2.2, the fixed header: flags that are reserved, types that do not exist, Remaining Length.
// Method: what a client sends in a session with every packet it can send is compared byte by byte; it receives each first
// byte that there is, alone and behind other packets, whole and in pieces.

/** What a server may send on an accepted connection: name, right flags, the rest of a packet. */
const SERVER_PACKETS: readonly [string, number, number, string][] = [
	["PUBACK", 4, 0, "0001"],
	["PUBREC", 5, 0, "0001"],
	["PUBREL", 6, 2, "0001"],
	["PUBCOMP", 7, 0, "0001"],
	["SUBACK", 9, 0, "000100"],
	["UNSUBACK", 11, 0, "0001"],
	["PINGRESP", 13, 0, ""],
];

const OTHERS = Array.from({ length: 16 }, (_, flags) => flags);

describe("flags", () => {
	it("are the fixed ones in every packet that the client sends [MQTT-2.2.2-1]", () => {
		const h = inState.opening({ cleanSession: false, firstId: 1 });
		expect(h.opened().slice(0, 2)).toBe("10");
		h.receive("20020000");
		expect(h.exchange(publishHex("t", "x", 1, 5))).toBe("40020005");
		expect(h.exchange(publishHex("t", "x", 2, 5))).toBe("50020005");
		expect(h.exchange(ackHex(0x62, 5))).toBe("70020005");
		h.publish("t", "x", 2);
		expect(h.sent().slice(0, 2)).toBe("34");
		expect(h.exchange(ackHex(0x50, 1))).toBe("62020001");
		// The answer to a PUBREC that comes twice, and to one that nobody knows.
		expect(h.exchange(ackHex(0x50, 1))).toBe("62020001");
		expect(h.exchange(ackHex(0x50, 99))).toBe("62020063");
		h.exchange(ackHex(0x70, 1));
		h.subscribe("f", 1);
		expect(h.sent()).toBe(packetHex(0x82, "0002" + fieldHex("f") + "01"));
		h.unsubscribe("f");
		expect(h.sent()).toBe(packetHex(0xa2, "0003" + fieldHex("f")));
		h.exchange(ackHex(0xb0, 3));
		h.pass(60_000);
		expect(h.sent()).toBe("c000");
		h.stop();
		expect(h.sent()).toBe("e000");
	});

	it.each(SERVER_PACKETS)("that are wrong in %s end the connection [MQTT-2.2.2-2]", (_name, type, right, rest) => {
		for (const flags of OTHERS.filter((other) => other !== right)) {
			const hex = packetHex((type << 4) | flags, rest);
			// Alone, in pieces, and behind a packet that is right.
			expectViolation(inState.connected(), hex);
			expectViolation(inState.connected(), hex, 1);
			expectViolation(inState.connected(), "d000" + hex);
		}
	});

	it("that are wrong in CONNACK end the connection [MQTT-2.2.2-2]", () => {
		for (const flags of OTHERS.slice(1)) expectViolation(inState.connecting(), packetHex(0x20 | flags, "0000"));
	});

	it("that are wrong in PUBLISH end the connection [MQTT-2.2.2-2]", () => {
		// QoS 3, and DUP at QoS 0.
		for (const flags of [6, 7, 14, 15, 8, 9]) {
			for (const filter of ["t", "#", "other"]) {
				expectViolation(subscribed([filter]), packetHex(0x30 | flags, fieldHex("t") + "0007" + "78"));
			}
		}
	});

	it("that are right do not [MQTT-2.2.2-2]", () => {
		for (const [, type, right, rest] of SERVER_PACKETS) {
			const h = inState.connected();
			h.exchange(packetHex((type << 4) | right, rest));
			expectAlive(h);
		}
		for (const flags of [0, 1, 2, 3, 4, 5, 10, 11, 12, 13]) {
			const h = subscribed(["t"]);
			h.exchange(packetHex(0x30 | flags, fieldHex("t") + "0007" + "78"));
			expect(h.seen.length).toBe(1);
			expectAlive(h);
		}
	});
});

it.each([0, 15])("packet type %i ends the connection, whatever its flags and length [X3-2.2.1-1]", (type) => {
	for (const flags of OTHERS) {
		for (const rest of ["", "0001", "000100"]) {
			expectViolation(inState.connected(), packetHex((type << 4) | flags, rest));
			expectViolation(inState.connecting(), packetHex((type << 4) | flags, rest));
		}
	}
});

describe("Remaining Length", () => {
	it.each(["30", "40", "90", "d0", "20"])(
		"of five bytes in a packet that begins with %s ends the connection [X3-2.2.3-1]",
		(first) => {
			// At the fourth byte: nothing is waited for behind it.
			for (const length of ["ffffffff", "80808080", "ffffff80"]) {
				expectViolation(inState.connected(), first + length);
				expectViolation(inState.connected(), first + length, 1);
			}
		},
	);

	it.each([1, 127, 128, 16_383, 16_384, 500_000])(
		"is written in its shortest form for a payload of about %i bytes [X3-2.2.3-1] [X3-2.2.3-2]",
		(size) => {
			// readPublish throws when it is not.
			const options = { txBuffer: 1_048_576, outbox: 1_048_576 };
			for (const qos of [0, 1]) {
				for (const around of [-6, -5, -4, -3, -2, -1, 0]) {
					const payload = "x".repeat(Math.max(size + around, 0));
					const h = inState.connected(options);
					h.publish("t", payload, qos);
					expect(readPublish(h.sent()).payload).toBe(payload);
				}
			}
		},
	);

	it("is written in four bytes for a payload above 2 MB, and in three for one that just fits [X3-2.2.3-1]", () => {
		for (const [total, header] of [
			[2_097_152 - 4, "30ffff7f"],
			[2_097_152 - 3, "3080808001"],
			[268_435_455 - 3, "30ffffff7f"],
		] as const) {
			const h = inState.connected();
			h.publishStream("t", total);
			expect(h.write(8)).toBe((header + fieldHex("t") + "70".repeat(8)).slice(0, 16));
		}
	});

	it("that would need five bytes is refused [X3-2.2.3-1]", () => {
		const h = inState.connected();
		for (const qos of [0, 1]) expect(h.publishStream("t", 268_435_455 - (qos ? 4 : 2), qos)).toBeLessThan(0);
		expect(h.sent()).toBe("");
	});

	it.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])("of %i is read [X3-2.2.3-1]", (remaining) => {
		const h = inState.connected({ rxBuffer: 512, readSize: 512 });
		let got = 0;
		const count = (message: { size: number }): void => void (got += message.size);
		h.subscribe("t", 0, count as unknown as typeof h.keep, true);
		h.exchange(packetHex(0x30, fieldHex("t") + "78".repeat(remaining - 3)));
		expect(got).toBe(remaining - 3);
		h.sent();
		h.takeCommands();
		expectAlive(h);
	});

	it("that is longer than needed is tolerated [X3-2.2.3-2]", () => {
		const connecting = inState.connecting();
		connecting.receive("20" + "828000" + "0000");
		expect(connecting.take()).toEqual(["connected false"]);
		const h = subscribed(["t"]);
		h.receive("d08000" + "d0808000" + "d080808000");
		h.receive("30" + "8400" + fieldHex("t") + "79");
		h.receive("30" + "84808000" + fieldHex("t") + "7a");
		expect(h.seen.map(({ payload }) => payload)).toEqual(["y", "z"]);
		expect(byteHex(0x84)).toBe("84");
		expectAlive(h);
	});
});
