import { describe, expect, it } from "vitest";
import { packetsOf } from "../../client/model-server.js";
import { inState } from "../../support/core-harness.js";
import { ackHex } from "../../support/hex.js";
import { expectViolation } from "../support.js";

// Goal: §3.6 PUBREL: its reserved flags, both ways. What it does is in 4-3-qos.test.ts.
// Method: every way in which a client comes to send one.

describe("PUBREL", () => {
	it("begins with 62, the first time and whenever it is sent again [MQTT-3.6.1-1]", () => {
		const h = inState.connected({ cleanSession: false, firstId: 5 });
		h.publish("t", "x", 2);
		h.sent();
		expect(h.exchange(ackHex(0x50, 5))).toBe("62020005");
		expect(h.exchange(ackHex(0x50, 5))).toBe("62020005");
		expect(h.exchange(ackHex(0x50, 77))).toBe("6202004d");
		for (let i = 0; i < 2; i++) {
			h.lost();
			expect(packetsOf(h.connect(true)).map(({ hex }) => hex)).toEqual(["62020005"]);
		}
	});

	it("with other flags from the server ends the connection [MQTT-3.6.1-1]", () => {
		for (let flags = 0; flags < 16; flags++) {
			if (flags === 2) continue;
			expectViolation(inState.connected(), ackHex(0x60 | flags, 5));
			expectViolation(inState.connected(), ackHex(0x60 | flags, 5), 1);
			expectViolation(inState.connected(), "d000" + ackHex(0x60 | flags, 5));
		}
	});
});
