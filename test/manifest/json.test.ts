// Goal: the same verdict as JSON.parse on every text, and for what is refused the place of the first error.
// Method: a table of broken texts, and random damage to random JSON.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonError, parseJson } from "../../host-sim/manifest/json.js";

function errorOf(text: string): JsonError | undefined {
	try {
		parseJson(text);
		return undefined;
	} catch (error) {
		if (error instanceof JsonError) return error;
		throw error;
	}
}

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

describe("parseJson", () => {
	it.each([
		["", 1, 1, "expected a value, found the end of the file"],
		['{\n\t"a": 1,\n}', 3, 1, 'expected a name in double quotes, found "}"'],
		['{"a": 1 "b": 2}', 1, 9, 'expected "," or "}", found "\\""'],
		["[1, 2", 1, 6, 'expected "," or "]", found the end of the file'],
		["[1,]", 1, 4, 'expected a value, found "]"'],
		['{"a" 1}', 1, 6, 'expected ":", found "1"'],
		["{a: 1}", 1, 2, 'expected a name in double quotes, found "a"'],
		["{'a': 1}", 1, 2, 'expected a name in double quotes, found "\'"'],
		['{\n\t// why\n\t"a": 1\n}', 2, 2, 'expected a name in double quotes, found "/" (a manifest takes no comments)'],
		['{"a": 1} /* end */', 1, 10, 'expected the end of the file, found "/" (a manifest takes no comments)'],
		['{"a": 01}', 1, 8, 'expected "," or "}", found "1"'],
		['{"a": "b\nc"}', 1, 9, 'expected the rest of a string, found "\\n"'],
		['{"a": "\\x"}', 1, 8, 'expected the rest of a string, found "\\\\"'],
		['{"a": tru}', 1, 7, 'expected a value, found "t"'],
		["{} {}", 1, 4, 'expected the end of the file, found "{"'],
		["\ufeff{,}", 1, 2, 'expected a name in double quotes, found ","'],
		["{}\ufeff", 1, 3, 'expected the end of the file, found "\ufeff"'],
	])("refuses %j at %i:%i", (text, line, column, message) => {
		expect(errorOf(text)).toMatchObject({ line, column, message });
	});

	it("agrees with JSON.parse on damaged texts, and always finds the place", () => {
		const damaged = fc
			.tuple(fc.json(), fc.nat(), fc.constantFrom("", "{", "}", "[", "]", ",", ":", '"', "\\", "0", "-", "e", "/", " "))
			.map(([text, at, more]) => {
				const position = at % (text.length + 1);
				return text.slice(0, position) + more + text.slice(position + 1);
			});
		fc.assert(
			fc.property(damaged, (text) => {
				const error = errorOf(text);
				expect(error === undefined).toBe(isJson(text));
				// The scanner's own words; the engine's would mean that the two disagree.
				if (error) expect(error.message).toMatch(/^expected /);
			}),
			{ numRuns: 2000 },
		);
	});
});
