// Goal: a build that cannot be right does not happen, and one that cannot be done says why in one line.
import { describe, expect, it } from "vitest";
import {
	XsHostUnavailableError,
	buildXsHost,
	tryBuildXsHost,
	xsHostWarning,
} from "../../host-sim/stand-ins/xs/build.js";
import { patchEngine } from "../../host-sim/stand-ins/xs/patches.js";

const built = await tryBuildXsHost();
const host = "host" in built ? built.host : undefined;

describe("patches of the engine", () => {
	it("stop the build when a place is missing", () => {
		expect(() => patchEngine("xsDefaults.c", "something else")).toThrow(
			"cannot patch xsDefaults.c to strip the length and name of functions: the place was found 0 times",
		);
	});

	it("stop the build when a place is found twice", () => {
		const twice = "\tfxNewFunctionLength,\n\tfxNewFunctionName,\n\tfxCaptureErrorStack,\n\tfxCaptureErrorStack,\n";
		expect(() => patchEngine("xsDefaults.c", twice)).toThrow(
			"to strip the stack of errors, and note it outside of the heap: the place was found 2 times",
		);
	});

	it("leave other files alone", () => {
		expect(patchEngine("xsAll.c", "text")).toBe("text");
	});
});

describe("a machine without a C compiler", () => {
	it("gets the reason in one line, and what would help", async () => {
		const built = await tryBuildXsHost({ compiler: "no-such-compiler" });
		expect(built).toEqual({
			reason: "no working C compiler (tried no-such-compiler); to get one: apt-get install gcc gcc-multilib",
		});
		expect(await xsHostWarning({ compiler: "no-such-compiler" })).toBe(
			"Tests on the XS engine are skipped: no working C compiler (tried no-such-compiler); " +
				"to get one: apt-get install gcc gcc-multilib",
		);
		await expect(buildXsHost({ compiler: "no-such-compiler" })).rejects.toBeInstanceOf(XsHostUnavailableError);
	});
});

describe.skipIf(host === undefined)("a build", () => {
	it("is found again", async () => {
		const progress: string[] = [];
		const again = await buildXsHost({ onProgress: (line) => progress.push(line) });
		expect(again).toEqual(host);
		expect(progress).toEqual([]);
	});

	it("says what a 64-bit host does not show", () => {
		if (host?.bits === 64) expect(host.note).toContain("gcc-multilib");
		else expect(host?.note).toBeUndefined();
	});
});
