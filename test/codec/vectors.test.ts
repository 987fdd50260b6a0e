import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bytesOfVector, malformed, vectors, vectorsOf } from "../vectors/vectors.js";

// Goal: the packets that the tests of the codec rely on are those that were checked when they were made.
// Method: length and checksum of each; counts, so that a list that was cut short does not go unnoticed.

describe("vectors", () => {
	it("are whole", () => {
		for (const vector of vectors) {
			const bytes = bytesOfVector(vector);
			const sha256 = createHash("sha256").update(bytes).digest("hex");
			expect([vector.name, bytes.length, sha256]).toEqual([vector.name, vector.length, vector.sha256]);
		}
	});

	it("are complete", () => {
		expect(vectors.length).toBe(334);
		expect(malformed.length).toBe(408);
		expect(vectorsOf("3.1.1", "client->server").length).toBe(35);
		expect(vectorsOf("3.1.1", "server->client").length).toBe(43);
	});
});
