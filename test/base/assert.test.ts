import { describe, expect, it } from "vitest";
import { assert, AssertionError, fail } from "../../firmware/base/assert.js";

// Goal: a false fact stops the client with the text that was given, and a true one costs nothing.
// Method: both outcomes.

/** What a function throws. */
function thrownBy(act: () => void): unknown {
	try {
		act();
	} catch (error) {
		return error;
	}
	return undefined;
}

describe("assert", () => {
	it("does nothing when the fact holds", () => {
		expect(() => assert(true, "sums: one and one")).not.toThrow();
	});

	it("throws AssertionError with the text when it does not", () => {
		const thrown = thrownBy(() => assert(false, "sums: one and one"));
		expect(thrown).toBeInstanceOf(AssertionError);
		expect(thrown).toBeInstanceOf(Error);
		expect(String(thrown)).toBe("AssertionError: sums: one and one");
	});

	it("narrows what the type checker knows", () => {
		const value: string | undefined = ["given"].at(0);
		assert(value !== undefined, "list: an element");
		expect(value.length).toBe(5);
	});
});

describe("fail", () => {
	it("throws AssertionError with the text", () => {
		const thrown = thrownBy(() => fail("sums: one and one"));
		expect(thrown).toBeInstanceOf(AssertionError);
		expect(String(thrown)).toBe("AssertionError: sums: one and one");
	});
});
