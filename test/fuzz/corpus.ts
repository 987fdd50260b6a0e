import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../host-sim/proofs/bench/measure.js";

/** An input that is kept in a file: lines with `#` say what it showed, the others are its bytes in hex. */
export interface Kept {
	readonly file: string;
	readonly about: string;
	readonly input: Uint8Array;
}

/** Bytes of one line of hex in a file. */
const LINE_BYTES = 32;

/** The folder of a target's inputs. */
export function corpusFolder(target: string): string {
	return join(packageRoot(), "test", "fuzz", "corpus", target);
}

/** Every input that is kept for a target. */
export function readCorpus(target: string, folder = corpusFolder(target)): Kept[] {
	if (!existsSync(folder)) return [];
	const names = readdirSync(folder).filter((name) => name.endsWith(".hex"));
	return names.sort().map((name) => readKept(join(folder, name)));
}

/** Reads one file. */
export function readKept(file: string): Kept {
	const lines = readFileSync(file, "utf8").split("\n");
	const about = lines.filter((line) => line.startsWith("#")).map((line) => line.slice(1).trim());
	const hex = lines.filter((line) => !line.startsWith("#")).join("");
	return { file, about: about.join(" "), input: Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex")) };
}

/** Writes an input, under a name that is made from its bytes. Returns the path. */
export function writeKept(target: string, input: Uint8Array, about: string, folder = corpusFolder(target)): string {
	mkdirSync(folder, { recursive: true });
	const name = createHash("sha256").update(input).digest("hex").slice(0, 12);
	const file = join(folder, `${name}.hex`);
	const lines = about.split("\n").map((line) => `# ${line}`);
	for (let at = 0; at < input.length; at += LINE_BYTES)
		lines.push(Buffer.from(input.subarray(at, at + LINE_BYTES)).toString("hex"));
	writeFileSync(file, `${lines.join("\n")}\n`);
	return file;
}
