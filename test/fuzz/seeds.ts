import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../host-sim/proofs/bench/measure.js";

interface Entry {
	readonly hex?: string;
	readonly direction?: string;
}

/** What servers send, of both versions: every valid packet of test/vectors, and everything that is wrong. */
export function readVectors(): Uint8Array[] {
	const folder = join(packageRoot(), "test", "vectors");
	const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
	const valid = (read("vectors.json") as { vectors: Entry[] }).vectors;
	const entries = [
		...valid.filter((each) => each.direction === "server->client"),
		...(read("malformed.json") as Entry[]),
	];
	return entries.flatMap(({ hex }) => (hex === undefined ? [] : [Uint8Array.from(Buffer.from(hex, "hex"))]));
}
