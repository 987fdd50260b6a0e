// Goal: pauses grow, are spread over their whole range, and are long where trying again cannot help.
// Method: the random number is given; every reason of every layer.
import { describe, expect, it } from "vitest";
import { Backoff } from "../../firmware/client/connection/backoff.js";
import { Layer, Reason } from "../../firmware/client/terms/codes.js";
import type { CoreOptions } from "../../firmware/client/terms/options.js";
import { readSettings } from "../../firmware/client/setup/settings.js";

function made(options: Partial<CoreOptions<unknown>> = {}): Backoff {
	const given = { host: "h", transport: () => undefined, ...options };
	return new Backoff(readSettings(given as unknown as CoreOptions<unknown>));
}

const lost = (backoff: Backoff, random: number): number =>
	backoff.next(Layer.TRANSPORT, Reason.LINK_LOST, false, random);

/** Beside those that CONNACK tells. */
const PERMANENT = [
	"SECURITY_REFUSED",
	"UNKNOWN_ISSUER",
	"BAD_SIGNATURE",
	"CERTIFICATE_EXPIRED",
	"CERTIFICATE_NOT_YET_VALID",
	"WRONG_SERVER_NAME",
	"SECURITY_PROTOCOL",
	"UPGRADE_REFUSED",
	"BAD_UPGRADE",
	"NO_SUBPROTOCOL",
];

describe("Backoff", () => {
	it("doubles the range of its pauses up to the largest", () => {
		const backoff = made({ reconnectMinMs: 100, reconnectMaxMs: 1_000 });
		expect(Array.from({ length: 6 }, () => lost(backoff, 0.5))).toEqual([50, 100, 200, 400, 500, 500]);
	});

	it("draws from the whole range, nothing included [full jitter]", () => {
		expect(lost(made({ reconnectMinMs: 100 }), 0)).toBe(0);
		expect(lost(made({ reconnectMinMs: 100 }), 0.999)).toBe(100);
	});

	it("stays within its range after thousands of failures", () => {
		const backoff = made({ reconnectMinMs: 1, reconnectMaxMs: 604_800_000 });
		for (let i = 0; i < 5_000; i++) lost(backoff, 0.5);
		expect(lost(backoff, 1)).toBe(604_800_000);
	});

	it("starts over after a reset", () => {
		const backoff = made({ reconnectMinMs: 100 });
		lost(backoff, 1);
		lost(backoff, 1);
		backoff.reset();
		expect(lost(backoff, 1)).toBe(100);
	});

	it.each(Object.entries(Reason))("holds off after %s only if it cannot heal by itself", (name, code) => {
		const backoff = made({ reconnectMinMs: 100, holdOffMs: 60_000 });
		const refused = name.startsWith("REFUSED") && name !== "REFUSED_SERVER_UNAVAILABLE";
		const permanent = refused || PERMANENT.includes(name);
		expect(backoff.next(Math.floor(code / 10), code, false, 0)).toBe(permanent ? 30_000 : 0);
		expect(backoff.next(Math.floor(code / 10), code, false, 1)).toBe(permanent ? 60_000 : 200);
	});

	it("holds off from the sixth connection on that is lost as soon as it is accepted", () => {
		const backoff = made({ reconnectMinMs: 100, holdOffMs: 60_000 });
		const young = (): number => backoff.next(Layer.TRANSPORT, Reason.LINK_LOST, true, 1);
		const pauses = Array.from({ length: 7 }, young);
		expect(pauses).toEqual([100, 200, 400, 800, 1_600, 60_000, 60_000]);
		expect(backoff.next(Layer.TRANSPORT, Reason.CONNECT_FAILED, false, 1)).toBe(3_200);
		expect(young()).toBe(6_400);
		backoff.next(Layer.DEADLINE, Reason.PINGRESP_TIMEOUT, true, 1);
		expect(backoff.youngEnds).toBe(0);
	});
});
