// Goal: payloads reach the client byte for byte, whatever the chunks they come in and wherever they come from.
import fc from "fast-check";
import { existsSync, readFileSync, readSync, truncateSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { FileSource, linesOf, MemorySource, openPayload, spool } from "../../host-sim/commands/payload.js";
import { folderWith } from "../support/files.js";

async function linesIn(chunks: Uint8Array[]): Promise<string[]> {
	const lines: string[] = [];
	for await (const some of linesOf(Readable.from(chunks))) {
		for (const line of some) lines.push(Buffer.from(line).toString("latin1"));
	}
	return lines;
}

describe("linesOf", () => {
	it.each([
		["", []],
		["a", ["a"]],
		["a\n", ["a"]],
		["a\nb", ["a", "b"]],
		["\n", [""]],
		["\n\na\n\n", ["", "", "a", ""]],
		["a\r\n", ["a\r"]],
		["\0\xff\n\xfe", ["\0\xff", "\xfe"]],
	])("cuts %j", async (text, expected) => {
		expect(await linesIn([Buffer.from(text, "latin1")])).toEqual(expected);
	});

	it("does not care how the stream is cut", async () => {
		const chunks = fc.array(fc.array(fc.constantFrom(10, 65, 66, 0, 255), { maxLength: 6 }), { maxLength: 8 });
		await fc.assert(
			fc.asyncProperty(chunks, async (parts) => {
				const buffers = parts.map((part) => Buffer.from(part));
				expect(await linesIn(buffers)).toEqual(await linesIn([Buffer.concat(buffers)]));
			}),
		);
	});

	it("takes no more of the stream than it needs", async () => {
		let chunks = 0;
		const endless = Readable.from(
			(function* () {
				for (;;) yield Buffer.from(`${++chunks}\n`);
			})(),
			{ highWaterMark: 1 },
		);
		const lines = linesOf(endless);
		await lines.next();
		await lines.next();
		expect(chunks).toBeLessThan(10);
	});
});

describe("a payload", () => {
	it("of a file is read at any position, and -1 tells that the file has become shorter", async () => {
		const folder = folderWith({ payload: "0123456789" });
		const { fd, size } = await openPayload(`${folder}/payload`);
		const source = new FileSource(fd, () => undefined);
		const target = new Uint8Array(8);
		expect(size).toBe(10);
		expect(source.read(6, target, 2, 6)).toBe(4);
		expect(Buffer.from(target.subarray(2, 6)).toString()).toBe("6789");
		expect(source.read(0, target, 0, 8)).toBe(8);
		truncateSync(`${folder}/payload`, 5);
		expect(source.read(5, target, 0, 8)).toBe(-1);
	});

	it("of a stream is kept in a file without a name", async () => {
		const parts = [Buffer.alloc(70_000, 1), Buffer.alloc(0), Buffer.alloc(5, 2)];
		const { fd, size } = await spool(Readable.from(parts), "standard input");
		const copy = Buffer.alloc(size);
		expect(size).toBe(70_005);
		expect(readSync(fd, copy, 0, size, 0)).toBe(size);
		expect(copy.equals(Buffer.concat(parts))).toBe(true);
	});

	// Linux only: such files are elsewhere called otherwise, or not there.
	it.runIf(existsSync("/proc/version"))("of a file that does not know its size is read to its end", async () => {
		const { fd, size } = await openPayload("/proc/version");
		const copy = Buffer.alloc(size);
		readSync(fd, copy, 0, size, 0);
		expect(copy.toString()).toBe(readFileSync("/proc/version", "utf8"));
	});

	it("in memory is given in pieces, and says when it is finished", () => {
		let finished = 0;
		const source = new MemorySource(Buffer.from("abc"), () => finished++);
		const target = new Uint8Array(4);
		expect(source.read(1, target, 1, 3)).toBe(2);
		expect([...target]).toEqual([0, 98, 99, 0]);
		source.finished();
		expect(finished).toBe(1);
	});
});
