import { describe, expect, it } from "vitest";
import { StatusCode } from "../../firmware/codec/status.js";

// Goal: no status can be taken for a size or a packet identifier, or for another status.
// Method: all of them.

const REFUSALS: readonly StatusCode[] = [
	StatusCode.FULL,
	StatusCode.TOO_LARGE,
	StatusCode.NOT_CONNECTED,
	StatusCode.INVALID_TOPIC,
	StatusCode.INVALID_FILTER,
	StatusCode.INVALID_QOS,
	StatusCode.INVALID_PAYLOAD,
	StatusCode.BUSY,
	StatusCode.STOPPED,
	StatusCode.NOT_FOUND,
];

describe("StatusCode", () => {
	it("is negative for every refusal, and each has its own number", () => {
		for (const status of REFUSALS) expect(status).toBeLessThan(0);
		expect(new Set(REFUSALS).size).toBe(10);
		expect(StatusCode.OK).toBe(0);
	});
});
