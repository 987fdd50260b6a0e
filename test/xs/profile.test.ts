// Goal: the profile accounts for every byte code of a window, and names the functions that spend them.
// Method: a program whose functions have names of each kind, and whose loops are easy to tell apart.
import { describe, expect, it } from "vitest";
import { hostOrSkip, runSource } from "./support.js";

const host = await hostOrSkip();

const library = {
	lib: `
		export function plain(count) { let sum = 0; for (let i = 0; i < count; i++) sum += i; return sum; }
		export class Box {
			#size = 1;
			#hidden() { return this.#size; }
			'quoted "\\\\name'() { return 1; }
			method() { return this.#hidden() + this.#hidden(); }
		}`,
};

const program = `
import * as counters from "xs-host/counters";
import { Box, plain } from "lib";
const box = new Box();
const late = (count) => { plain(count); box.method(); box['quoted "\\\\name'](); };
plain(50);
counters.begin();
late(100);
late(100);
counters.end();
plain(50);
trace(counters.byteCodes(), "\\n");
`;

describe.skipIf(host === undefined)("a profile", () => {
	it.each([[[]], [["lib"]]])("names functions and adds up to the window, preloaded: %j", async (preload) => {
		const { profile, trace } = await runSource(host, program, { library, preload, profile: "window" });
		const calls = Object.fromEntries(profile.map(({ module, name, calls }) => [`${module}:${name}`, calls]));
		expect(calls).toMatchObject({ "lib:plain": 2, "lib:method": 2, "lib:#hidden": 4, 'lib:quoted "\\name': 2 });
		expect(profile.find(({ name }) => name === "plain")!.byteCodes).toBeGreaterThan(200 * 5);
		expect(profile.reduce((sum, line) => sum + line.byteCodes, 0)).toBe(Number(trace[0]));
	});

	it("says who allocates, from the start on too", async () => {
		const allocating = "export function make(count) { while (count-- > 0) new Uint8Array(16); }";
		const { profile, report } = await runSource(host, `import { make } from "lib"; make(10);`, {
			library: { lib: allocating },
			profile: "run",
		});
		expect(profile.find(({ name }) => name === "make")).toMatchObject({
			calls: 1,
			slots: 70,
			chunkBytes: report!.bits === 32 ? 240 : 320,
		});
		expect(profile.reduce((sum, line) => sum + line.slots, 0)).toBe(report!.slots);
	});

	it("is not there unless it was asked for", async () => {
		const { profile } = await runSource(host, program, { library });
		expect(profile).toEqual([]);
	});
});
