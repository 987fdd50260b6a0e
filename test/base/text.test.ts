import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { TextCode, equalsText, sizeOfText, writeText } from "../../firmware/base/text.js";
import { bytesOf, hexOf } from "../support/hex.js";

// Goal: strings become the same UTF-8 as everywhere else, a lone surrogate is never replaced, and both string models
// (UTF-16 units, and code points as on a device) give the same bytes.
// Method: tables of boundaries, then random strings against Buffer.
//
// Strings of Node are UTF-16: charCodeAt never returns more than 0xffff there. What a device does is played by a
// charCodeAt that counts code points, put in place while the module is loaded once more. It stands for the numbers that
// XS returns, not for XS itself: a run on XS has to show that these are the numbers.

type TextModule = Pick<typeof import("../../firmware/base/text.js"), "equalsText" | "sizeOfText" | "writeText">;

const GUARD = 0xa5;
const GUARD_SIZE = 4;

/** Lone and paired halves are as frequent as anything else. */
const anyText = fc
	.array(
		fc.oneof(
			fc.integer({ min: 0, max: 0xffff }),
			fc.integer({ min: 0, max: 0x7f }),
			fc.integer({ min: 0xd7f0, max: 0xe00f }),
			fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff),
		),
		{ maxLength: 24 },
	)
	.map((units) => String.fromCharCode(...units));

/** Without lone halves, also beyond U+FFFF. */
const goodText = fc.string({ unit: "binary", maxLength: 24 });

function isWellFormed(text: string): boolean {
	return Buffer.from(text).toString() === text;
}

/** What writeText has written, as hex, after a look at the guard bytes. */
function written(module: TextModule, text: string, size: number): string {
	const bytes = new Uint8Array(GUARD_SIZE + size + GUARD_SIZE).fill(GUARD);
	expect(module.writeText(bytes, GUARD_SIZE, text)).toBe(GUARD_SIZE + size);
	const guards = [...bytes.subarray(0, GUARD_SIZE), ...bytes.subarray(GUARD_SIZE + size)];
	expect(guards).toEqual(new Array(2 * GUARD_SIZE).fill(GUARD));
	return hexOf(bytes.subarray(GUARD_SIZE, GUARD_SIZE + size));
}

/** Whether the text equals bytes, which stand between others that must not matter. */
function equals(module: TextModule, bytes: Uint8Array, text: string): boolean {
	const whole = Buffer.concat([bytesOf("61 80"), bytes, bytesOf("80 61")]);
	return module.equalsText(whole, 2, 2 + bytes.length, text);
}

const BOUNDARIES: readonly [string, string][] = [
	["", ""],
	["a/b", "612f62"],
	["\u0000", "00"],
	["\u007f", "7f"],
	["\u0080", "c280"],
	["\u07ff", "dfbf"],
	["\u0800", "e0a080"],
	["\ud7ff", "ed9fbf"],
	["\ue000", "ee8080"],
	["\ufeffa", "efbbbf61"],
	["\uffff", "efbfbf"],
	["\u{10000}a", "f090808061"],
	["A\u{2a6d4}", "41f0aa9b94"],
	["\u{10ffff}x\u{1f600}", "f48fbfbf78f09f9880"],
];

/** What a lone half is followed by must not be taken for its other half. */
const LONE: readonly string[] = [
	"\ud800",
	"\udbff",
	"\udc00",
	"\udfff",
	"a\ud800",
	"\ud800a",
	"\ud800\u0800",
	"\ud800\ue000",
	"\ud800\ud800",
	"\udc00\ud800",
	"\ud800\ud800\udc00",
	"\ud800\udc00\udc00",
	"\u{1f600}\ud83d",
];

/** The same for both models: `module` is text.ts, loaded with one of them. */
function describeModel(model: string, load: () => Promise<TextModule>): void {
	describe(`${model}`, () => {
		let module: TextModule;
		beforeAll(async () => {
			module = await load();
		});

		it.each(BOUNDARIES)("writes %j as %s, and says its size before [MQTT-1.5.3-1]", (text, hex) => {
			expect(module.sizeOfText(text)).toBe(hex.length / 2);
			expect(written(module, text, hex.length / 2)).toBe(hex);
			expect(equals(module, bytesOf(hex), text)).toBe(true);
		});

		it.each(LONE)("refuses the lone half in %j [MQTT-1.5.3-1]", (text) => {
			expect(module.sizeOfText(text)).toBe(TextCode.ILL_FORMED);
			expect(equals(module, Buffer.from(text), text)).toBe(false);
		});

		it("agrees with Buffer on any text", () => {
			fc.assert(
				fc.property(fc.oneof(anyText, goodText), (text) => {
					const expected = Buffer.from(text);
					if (isWellFormed(text)) {
						expect(module.sizeOfText(text)).toBe(expected.length);
						expect(written(module, text, expected.length)).toBe(hexOf(expected));
						expect(equals(module, expected, text)).toBe(true);
					} else {
						expect(module.sizeOfText(text)).toBe(TextCode.ILL_FORMED);
						expect(equals(module, expected, text)).toBe(false);
					}
				}),
				{ numRuns: 1_000 },
			);
		});

		it("finds texts equal that are equal, and no others", () => {
			// Few different characters, so that equal beginnings are frequent.
			const unit = fc.constantFrom("a", "b", "\u0001", "\u00e9", "\u00c9", "\u4e16", "\u{2a6d4}", "\u{1f600}");
			const near = fc.string({ unit, maxLength: 3 });
			fc.assert(
				fc.property(near, near, (one, other) => {
					expect(equals(module, Buffer.from(one), other)).toBe(one === other);
				}),
				{ numRuns: 2_000 },
			);
		});
	});
}

describeModel("text, in UTF-16 units", () => Promise.resolve({ equalsText, sizeOfText, writeText }));

/** Numbers that charCodeAt returns for a text on a device; as code points unless told. */
const numbersOf = new Map<string, readonly number[]>();

async function loadWithCodePoints(): Promise<TextModule> {
	const original = String.prototype.charCodeAt;
	String.prototype.charCodeAt = function (this: string, index: number): number {
		const text = String(this);
		return (numbersOf.get(text) ?? [...text].map((point) => point.codePointAt(0) ?? NaN))[index] ?? NaN;
	};
	try {
		vi.resetModules();
		return await import("../../firmware/base/text.js");
	} finally {
		String.prototype.charCodeAt = original;
	}
}

describeModel("text, in code points", loadWithCodePoints);

describe("text, in code points and joined halves", () => {
	// A device keeps a pair that was joined with "+" as two units, and one that was a literal as one.
	it.each([
		["\u{1f600}", [0xd83d, 0xde00]],
		["\u{1f600}a", [0xd83d, 0xde00, 0x61]],
		["\u{10000}\u{10ffff}", [0xd800, 0xdc00, 0x10ffff]],
		["\u{10ffff}\u{10000}", [0x10ffff, 0xd800, 0xdc00]],
	])("writes %j the same when it was joined of %j", async (text, numbers) => {
		const module = await loadWithCodePoints();
		numbersOf.set(text, numbers);
		const expected = Buffer.from(text);
		expect(module.sizeOfText(text)).toBe(expected.length);
		expect(written(module, text, expected.length)).toBe(hexOf(expected));
		expect(equals(module, expected, text)).toBe(true);
		numbersOf.delete(text);
	});
});

describe("equalsText", () => {
	it("is false when the bytes go on", () => {
		expect(equalsText(bytesOf("612f62"), 0, 3, "a/")).toBe(false);
	});

	it("is false when the text goes on", () => {
		expect(equalsText(bytesOf("612f62"), 0, 2, "a/b")).toBe(false);
	});

	it("does not look beyond the limit", () => {
		expect(equalsText(bytesOf("612f62"), 0, 2, "a/")).toBe(true);
		expect(equalsText(bytesOf("612f62"), 2, 2, "")).toBe(true);
	});

	it("tells characters of different sizes apart whose low bits agree", () => {
		expect(equalsText(bytesOf("61"), 0, 1, "\u00a1")).toBe(false);
		expect(equalsText(bytesOf("c3a1"), 0, 2, "\u10e1")).toBe(false);
		expect(equalsText(bytesOf("e183a1"), 0, 3, "\u00e1")).toBe(false);
		expect(equalsText(bytesOf("f0909080"), 0, 4, "\u0400")).toBe(false);
	});
});
