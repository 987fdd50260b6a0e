import { describe, expect, it } from "vitest";
import { Decoder } from "../../firmware/codec/decoder.js";
import { bytesOf } from "../support/hex.js";
import { malformed, type Malformed } from "../vectors/vectors.js";
import { plainVerdict, type Verdict } from "./plain-decoder.js";
import { Arrival, verdictOf } from "./receiving.js";

// Goal: nothing that a decoder alone can see to be wrong passes, at no cut and with nothing behind it.
// Method: every 3.1.1 entry of malformed.json, with the topic name checked as the receiver does it: whole, followed by a
// PINGRESP, and byte by byte. Entries that take a state to be seen have to pass; tests of the client look at them again.

const entries = malformed.filter(({ version }) => version === "3.1.1");

/** Where the list leaves a choice, or means something that is not the decoder's business. */
const OTHERWISE: Readonly<Record<string, Verdict["is"]>> = {
	// Lengths that are longer than needed are accepted in 3.1.1 [X3-2.2.3-2].
	M004: "packet",
	M005: "packet",
	// The size is known and can be refused; the decoder itself takes any.
	M016: "wait",
	// A refusal, whatever else it says; the client reads the code [X3-3.2.2.3-1].
	M052: "packet",
	M072: "packet",
	M073: "packet",
	M074: "packet",
};

/** Packets of a client, which a server must not send. */
const FORBIDDEN = ["M039", "M040", "M041", "M042", "M047"];

function verdictFor(entry: Malformed): Verdict["is"] {
	const otherwise = OTHERWISE[entry.id];
	if (otherwise) return otherwise;
	if (entry.class === "wait") return "wait";
	if (entry.needsState || entry.class === "ignore") return entry.hex.startsWith("3") ? "publish" : "packet";
	return FORBIDDEN.includes(entry.id) ? "forbidden" : "malformed";
}

/** An entry and the end of the names of its tests. */
function titled(entry: Malformed): [string, Malformed] {
	return [`${entry.id}, ${entry.why} ${entry.statements.map((id) => `[${id}]`).join(" ")}`, entry];
}

function isRejected(entry: Malformed): boolean {
	return ["malformed", "forbidden"].includes(verdictFor(entry));
}

const rejected = entries.filter(isRejected).map(titled);
const passed = entries.filter((entry) => !isRejected(entry)).map(titled);

/** What is said of the first `size` bytes when nothing has been looked at before. */
function verdictAt(bytes: Uint8Array, size: number, fill: number): Verdict["is"] {
	const arrival = new Arrival(bytes, fill).arrive(size);
	return verdictOf(new Decoder(), arrival.room, arrival.offset, arrival.limit);
}

const FILLS = [0x00, 0x01, 0x80, 0xff];

describe("decode, broken packets", () => {
	it("finds the list complete", () => {
		expect([rejected.length, passed.length]).toEqual([86, 34]);
	});

	it.each(rejected)("refuses %s", (_title, entry) => {
		const bytes = bytesOf(entry.hex);
		for (const fill of FILLS) expect(verdictAt(bytes, bytes.length, fill)).toBe(verdictFor(entry));
	});

	it.each(rejected)("refuses, although PINGRESP follows, %s", (_title, entry) => {
		const bytes = bytesOf(`${entry.hex} d000`);
		for (const fill of FILLS) expect(verdictAt(bytes, bytes.length, fill)).toBe(verdictFor(entry));
	});

	it.each(rejected)("waits or refuses at every cut, and stays with it: %s", (_title, entry) => {
		const bytes = bytesOf(`${entry.hex} d000`);
		for (const fill of FILLS) {
			let refused = false;
			for (let size = 0; size <= bytes.length; size++) {
				const verdict = verdictAt(bytes, size, fill);
				refused ||= verdict !== "wait";
				expect([size, verdict]).toEqual([size, refused ? verdictFor(entry) : "wait"]);
			}
			expect(refused).toBe(true);
		}
	});

	it.each(rejected)("refuses, byte by byte and moved about, %s", (_title, entry) => {
		const bytes = bytesOf(entry.hex);
		for (const fill of FILLS) {
			const arrival = new Arrival(bytes, fill);
			const decoder = new Decoder();
			let verdict: Verdict["is"] = "wait";
			while (verdict === "wait" && arrival.size < bytes.length) {
				arrival.arrive().move();
				verdict = verdictOf(decoder, arrival.room, arrival.offset, arrival.limit);
			}
			expect(verdict).toBe(verdictFor(entry));
		}
	});

	it.each(passed)("leaves to the client %s", (_title, entry) => {
		const bytes = bytesOf(entry.hex);
		for (const fill of FILLS) expect(verdictAt(bytes, bytes.length, fill)).toBe(verdictFor(entry));
	});

	it.each(entries.map(titled))("agrees with a plain twin at every cut of %s", (_title, entry) => {
		const bytes = bytesOf(`${entry.hex} d000`);
		for (let size = 0; size <= bytes.length; size++) {
			const plain = plainVerdict(bytes.subarray(0, size)).is;
			expect([size, verdictAt(bytes, size, 0xff)]).toEqual([size, plain]);
		}
	});
});
