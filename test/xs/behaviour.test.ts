// Goal: a program meets on the host what it would meet on a device: modules, timers, the clock, what is missing, what is
// read-only, and how a run ends.
// Method: a few lines of JavaScript per behaviour, each in a process of its own.
import { describe, expect, it } from "vitest";
import { XsExit } from "../../host-sim/stand-ins/xs/xs-process.js";
import { hostOrSkip, runSource } from "./support.js";

const host = await hostOrSkip();

describe.skipIf(host === undefined)("a hurry", () => {
	const source = `
		import Timer from "timer";
		import Time from "time";
		const start = Time.ticks;
		Timer.set(() => trace(Time.ticks - start >= 3_600_000, "\\n"), 3_600_000);`;

	it("lets an hour pass at once when nothing else happens", async () => {
		const startMs = performance.now();
		const result = await runSource(host, source, { hurry: true });
		expect(result.trace).toEqual(["true"]);
		expect(result.report!.milliseconds).toBeGreaterThanOrEqual(3_600_000);
		expect(performance.now() - startMs).toBeLessThan(20_000);
	});

	it("counts towards the end of a run", async () => {
		const { report, trace } = await runSource(host, source, { hurry: true, durationMs: 1_800_000 });
		expect(report!.reason).toBe("duration");
		expect(trace).toEqual([]);
	});
});

describe.skipIf(host === undefined)("modules", () => {
	const library = {
		"lib/index": `export * from "./codec.js"; export { deep } from "./net/link.js";`,
		"lib/codec": `export const NAME = "codec";`,
		"lib/net/link": `import { NAME } from "../codec.js"; import { top } from "../../top"; export const deep = NAME + top;`,
		top: `export const top = "!";`,
	};

	it("resolves relative specifiers against the name of the importing module", async () => {
		const result = await runSource(host, `import { NAME, deep } from "lib/index"; trace(NAME, " ", deep, "\\n");`, {
			library,
		});
		expect(result.trace).toEqual(["codec codec!"]);
	});

	it("does not find .. in the middle of a specifier", async () => {
		const result = await runSource(host, `import "./lib/net/../codec.js";`, { library });
		expect(result.exitCode).toBe(XsExit.MODULE);
		expect(result.stderr).toContain('module "./lib/net/../codec.js" not found');
	});

	it("ends with a code of its own when an import is missing", async () => {
		const result = await runSource(host, `import "nowhere";`);
		expect(result.exitCode).toBe(XsExit.MODULE);
		expect(result.stderr).toBe(
			'xs-host: uncaught exception in module "main": ReferenceError: module "nowhere" not found\n',
		);
	});

	it("says where a source has an error", async () => {
		const result = await runSource(host, "let a = 1;\nlet b = ;");
		expect(result.exitCode).toBe(XsExit.MODULE);
		expect(result.stderr).toMatch(/main\.js:2: /);
	});

	it("runs import cycles and dynamic imports", async () => {
		const result = await runSource(
			host,
			`import { a } from "a"; trace(a(), "\\n"); import("b").then((b) => trace(b.b, "\\n"));`,
			{
				library: {
					a: `import { b } from "b"; export function a() { return b; }`,
					b: `import { a } from "a"; export const b = typeof a;`,
				},
			},
		);
		expect(result.trace).toEqual(["function", "function"]);
	});

	it("calls a default export that is a function", async () => {
		const result = await runSource(host, `export default function () { trace("called\\n"); }`);
		expect(result.trace).toEqual(["called"]);
	});

	it("waits for top-level await before the default export", async () => {
		const result = await runSource(
			host,
			`trace("one\\n"); await null; trace("two\\n"); export default () => trace("three\\n");`,
		);
		expect(result.trace).toEqual(["one", "two", "three"]);
	});

	it("gives the configuration, frozen to the last leaf", async () => {
		const result = await runSource(
			host,
			`import config from "mc/config";
			trace(config.mqtt.host, " ", config.list[1], "\\n");
			for (const change of [() => (config.x = 1), () => (config.mqtt.host = ""), () => config.list.push(1)])
				try { change(); } catch (e) { trace(e.name, "\\n"); }`,
			{ config: { mqtt: { host: "broker" }, list: [1, 2] } },
		);
		expect(result.trace).toEqual(["broker 2", "TypeError", "TypeError", "TypeError"]);
	});

	it("reports the size of the byte code", async () => {
		const result = await runSource(host, `import "lib/codec";`, { library });
		expect(result.report?.codeBytes["lib/codec"]).toBeGreaterThan(20);
	});
});

describe.skipIf(host === undefined)("what a device lacks", () => {
	it("has no globals of a browser or of Node", async () => {
		const names =
			"console setTimeout setInterval queueMicrotask TextEncoder TextDecoder URL structuredClone performance crypto process Buffer AbortController Event atob device";
		const result = await runSource(
			host,
			`trace("${names}".split(" ").filter((name) => name in globalThis).join(), "\\n");`,
		);
		expect(result.trace).toEqual([""]);
	});

	it("has the globals that XS has", async () => {
		const names = "trace Promise WeakRef FinalizationRegistry Proxy BigInt Atomics SharedArrayBuffer Compartment";
		const result = await runSource(
			host,
			`trace("${names}".split(" ").every((name) => name in globalThis), "\\n");
			trace(String.fromArrayBuffer(ArrayBuffer.fromString("h\\u00e9")), "\\n");`,
		);
		expect(result.trace).toEqual(["true", "h\u00e9"]);
	});

	it("has no compiler", async () => {
		const result = await runSource(
			host,
			`try { eval("1"); } catch (e) { trace(e.name, "\\n"); }
			try { new Function("return 1"); } catch (e) { trace(e.name, "\\n"); }`,
		);
		expect(result.trace).toEqual(["SyntaxError", "SyntaxError"]);
	});

	it("counts code points in strings, not UTF-16 units", async () => {
		const result = await runSource(
			host,
			`trace("\\u{1F600}".length, " ", "\\u{1F600}".charCodeAt(0).toString(16), "\\n");`,
		);
		expect(result.trace).toEqual(["1 1f600"]);
	});

	it("has functions without length and name, and errors whose stack names no function", async () => {
		const result = await runSource(
			host,
			`function f(a, b) {}
			trace([Object.hasOwn(f, "name"), Object.hasOwn(f, "length"), new Error("x").stack], "\\n");`,
		);
		expect(result.trace).toEqual(["false,false,Error: x"]);
	});
});

describe.skipIf(host === undefined)("preloaded modules", () => {
	const library = {
		lib: `
			export const table = new Uint8Array([1, 2, 3]);
			export const map = new Map([["a", 1]]);
			export let count = 0;
			export const plain = { a: 1, b: "text" };
			export const list = ["x", "y", 3];
			export class Thing { static n = 0; #secret = 1; set(v) { this.#secret = v; } static bump() { Thing.n++; } }
			export const thing = new Thing();
			export function increment() { return ++count; }
			export function literal() { return "abc"; }
			export const text = "constant";`,
	};
	const preload = ["lib"];

	it("are read-only in typed arrays, maps, statics, prototypes and built-ins", async () => {
		const result = await runSource(
			host,
			`import * as lib from "lib";
			const changes = { array: () => (lib.table[0] = 9), fill: () => lib.table.fill(0), map: () => lib.map.set("b", 1), static: lib.Thing.bump,
				prototype: () => (lib.Thing.prototype.x = 1), builtin: () => (Array.prototype.x = 1), math: () => (Math.x = 1) };
			for (const what in changes) try { changes[what](); trace(what, " changed\\n"); } catch (e) { trace(what, " ", e.name, "\\n"); }
			trace(lib.table[0], lib.map.get("a"), lib.Thing.n, "\\n");`,
			{ library, preload },
		);
		expect(result.trace).toEqual([
			...["array", "fill", "map", "static", "prototype", "builtin", "math"].map((what) => `${what} TypeError`),
			"110",
		]);
	});

	it("copy to RAM what is written, once", async () => {
		const result = await runSource(
			host,
			`import * as lib from "lib";
			import { begin, end, slots, chunkBytes } from "xs-host/counters";
			const cost = (what, f) => { begin(); f(); end(); trace(what, " ", slots(), " ", chunkBytes(), "\\n"); };
			cost("let", lib.increment); cost("let again", lib.increment);
			cost("object", () => (lib.plain.a = 2)); cost("object again", () => (lib.plain.b = 2));
			cost("array", () => (lib.list[0] = 1));
			cost("private", () => lib.thing.set(2)); cost("private again", () => lib.thing.set(3));`,
			{ library, preload },
		);
		const array = host?.bits === 32 ? 56 : 112;
		expect(result.trace).toEqual([
			"let 1 0",
			"let again 0 0",
			"object 3 0",
			"object again 0 0",
			`array 2 ${array}`,
			"private 3 0",
			"private again 0 0",
		]);
	});

	it("keep their strings through collections", async () => {
		const result = await runSource(
			host,
			`import * as lib from "lib";
			import { gc } from "xs-host/counters";
			let kept;
			for (let i = 0; i < 200; i++) { kept = lib.text + i + lib.plain.b + lib.list[1]; gc(); }
			trace(kept, " ", lib.text, " ", lib.plain.b, "\\n");`,
			{ library, preload },
		);
		expect(result.trace).toEqual(["constant199texty constant text"]);
	});

	it("copy a string literal each time, unless told to leave it in flash", async () => {
		const source = `import { literal } from "lib"; import { begin, end, chunkBytes } from "xs-host/counters"; begin(); literal(); end(); trace(chunkBytes(), "\\n");`;
		const bytes = host?.bits === 32 ? "12" : "24";
		expect((await runSource(host, source, { library, preload })).trace).toEqual([bytes]);
		expect((await runSource(host, source, { library, preload, archivePreloaded: true })).trace).toEqual(["0"]);
		expect((await runSource(host, source, { library })).trace).toEqual(["0"]);
	});

	it("may import native modules but not call them", async () => {
		const used = { lib: `import Timer from "timer"; export const set = (f) => Timer.set(f);` };
		expect(
			(await runSource(host, `import { set } from "lib"; set(() => trace("fired\\n"));`, { library: used, preload }))
				.trace,
		).toEqual(["fired"]);
		const called = { lib: `import Timer from "timer"; Timer.set(() => {});` };
		const result = await runSource(host, `import "lib";`, { library: called, preload });
		expect(result.exitCode).toBe(XsExit.EXCEPTION);
		expect(result.stderr).toContain('module "lib" while preloading: Error: Timer.set called while preloading');
	});

	it("leave a device that starts with 28 slots and no chunk", async () => {
		const result = await runSource(host, "", { library, preload });
		expect(result.report?.startSlots).toBe(28);
		expect(result.report?.peakChunkBytes).toBe(0);
	});
});

describe.skipIf(host === undefined)("timers", () => {
	const run = async (source: string): Promise<readonly string[]> => {
		const result = await runSource(host, `import Timer from "timer"; import Time from "time";\n${source}`);
		expect(result.stderr).toBe("");
		return result.trace;
	};

	it("runs a timer without delay on the next turn, and passes its id", async () => {
		expect(await run(`const id = Timer.set((it) => trace(it === id, "\\n")); trace("first\\n");`)).toEqual([
			"first",
			"true",
		]);
	});

	it("runs in the order of their times", async () => {
		expect(
			await run(
				`Timer.set(() => trace("c\\n"), 30); Timer.set(() => trace("a\\n"), 5); Timer.set(() => trace("b\\n"), 15);`,
			),
		).toEqual(["a", "b", "c"]);
	});

	it("runs promise jobs after all timers that are due, and after those they set without delay", async () => {
		expect(
			await run(
				`Timer.set(() => { trace("A\\n"); Promise.resolve().then(() => trace("then\\n")); Timer.set(() => trace("C\\n")); }); Timer.set(() => trace("B\\n"));`,
			),
		).toEqual(["A", "B", "C", "then"]);
	});

	it("repeats until it is cleared", async () => {
		expect(
			await run(`let n = 0; Timer.repeat((id) => { trace(++n, "\\n"); if (n === 3) Timer.clear(id); }, 2);`),
		).toEqual(["1", "2", "3"]);
	});

	it("waits the first delay, then the period", async () => {
		expect(
			await run(
				`const start = Time.ticks; let n = 0;
				Timer.set((id) => { n++; const late = Time.delta(start) - (n === 1 ? 5 : 5 + 20 * (n - 1)); trace(late >= 0 && late < 500, "\\n"); if (n === 3) Timer.clear(id); }, 5, 20);`,
			),
		).toEqual(["true", "true", "true"]);
	});

	it("is parked by schedule without a delay, and armed again with one", async () => {
		expect(
			await run(
				`const id = Timer.repeat(() => { trace("fired\\n"); Timer.clear(id); }, 1); Timer.schedule(id);
				Timer.set(() => { trace("still parked\\n"); Timer.schedule(id, 1, 1); }, 20);`,
			),
		).toEqual(["still parked", "fired"]);
	});

	it("can be armed and parked in its own callback", async () => {
		expect(
			await run(
				`let n = 0;
				const id = Timer.repeat((it) => {
					n++; trace(n, "\\n");
					if (n < 3) Timer.schedule(it, 5, 5);
					else { Timer.schedule(it); Timer.set(() => { trace(n, "\\n"); Timer.clear(id); }, 30); }
				}, 60_000);
				Timer.schedule(id, 1, 1);`,
			),
		).toEqual(["1", "2", "3", "3"]);
	});

	it("is gone after a single shot: schedule throws, clear is ignored", async () => {
		expect(
			await run(
				`const id = Timer.set(() => {}, 1); const cleared = Timer.set(() => trace("never\\n"), 5); Timer.clear(cleared);
				Timer.set(() => {
					for (const it of [id, cleared]) { try { Timer.schedule(it, 1, 1); } catch (e) { trace(e.name, "\\n"); } Timer.clear(it); }
					Timer.clear(undefined); Timer.clear(null); Timer.clear();
				}, 20);`,
			),
		).toEqual(["SyntaxError", "SyntaxError"]);
	});

	it("lets a callback clear other timers that are due in the same pass", async () => {
		expect(
			await run(`Timer.set(() => { Timer.clear(b); trace("a\\n"); }); const b = Timer.set(() => trace("b\\n"));`),
		).toEqual(["a"]);
	});

	it("keeps sockets and promises going beside a timer that arms itself without delay", async () => {
		expect(
			await run(
				`let n = 0; const id = Timer.set(() => { if (++n < 100) Timer.schedule(id, 0, 1); else { trace("done\\n"); Timer.clear(id); } }, 0, 1);`,
			),
		).toEqual(["done"]);
	});

	it("takes nothing to arm and park", async () => {
		expect(
			await run(
				`import { begin, end, slots, chunks, mallocs } from "xs-host/counters";
				const id = Timer.repeat(() => {}, 1000);
				begin(); for (let i = 0; i < 50; i++) { Timer.schedule(id, i, i); Timer.schedule(id); } end();
				trace([slots(), chunks(), mallocs()], "\\n"); Timer.clear(id);`,
			),
		).toEqual(["0,0,0"]);
	});
});

describe.skipIf(host === undefined)("the clock", () => {
	it("wraps from the largest positive tick to the smallest negative one", async () => {
		const result = await runSource(
			host,
			`import Time from "time"; import Timer from "timer";
			const start = Time.ticks;
			Timer.set(() => { const now = Time.ticks; trace(start > 0, " ", now < 0, " ", Time.delta(start, now) >= 20, " ", Time.delta(start) < 1000, "\\n"); }, 20);`,
			{ ticksStart: 0x7fffffff - 5 },
		);
		expect(result.trace).toEqual(["true true true true"]);
	});

	it("starts where it is told", async () => {
		const result = await runSource(
			host,
			`import Time from "time"; trace(Time.ticks >= -100 && Time.ticks < 900, "\\n");`,
			{ ticksStart: -100 },
		);
		expect(result.trace).toEqual(["true"]);
	});
});

describe.skipIf(host === undefined)("how a run ends", () => {
	it("ends when nothing is left to do, with a report", async () => {
		const result = await runSource(host, `trace("no newline");`);
		expect(result.exitCode).toBe(XsExit.OK);
		expect(result.trace).toEqual(["no newline"]);
		expect(result.report).toMatchObject({ reason: "idle", sizeSlots: 4928, sizeChunkBytes: 78848, sizeStack: 512 });
	});

	it("starts a main module that is preloaded", async () => {
		const folder = await runSource(host, `export default function () { trace("started\\n"); }`, { preload: ["main"] });
		expect(folder.trace).toEqual(["started"]);
	});

	it("fails at the end if a promise was rejected and nobody looked", async () => {
		const result = await runSource(host, `Promise.reject(new Error("boom"));`);
		expect(result.exitCode).toBe(XsExit.EXCEPTION);
		expect(result.stderr).toBe("xs-host: uncaught exception in a promise that nobody handles: Error: boom\n");
	});

	it("ends after its time", async () => {
		const result = await runSource(host, `import Timer from "timer"; Timer.repeat(() => {}, 5);`, { durationMs: 40 });
		expect(result.report?.reason).toBe("duration");
		expect(result.report?.milliseconds).toBeGreaterThanOrEqual(40);
	});

	it("ends when the program says so", async () => {
		const result = await runSource(
			host,
			`import Timer from "timer"; import { stop } from "xs-host/counters"; Timer.repeat(() => stop(), 5);`,
		);
		expect(result.report?.reason).toBe("stop");
	});

	it("ends in good order when aborted", async () => {
		const controller = new AbortController();
		const result = await runSource(host, `import Timer from "timer"; Timer.repeat(() => {}, 5); trace("up\\n");`, {
			signal: controller.signal,
			onTrace: () => controller.abort(),
		});
		expect(result).toMatchObject({ exitCode: XsExit.OK, report: { reason: "signal" } });
	});

	it("ends by force when aborted in an endless loop", async () => {
		const controller = new AbortController();
		const result = await runSource(host, `trace("up\\n"); for (;;);`, {
			signal: controller.signal,
			onTrace: () => controller.abort(),
		});
		expect(result).toMatchObject({ exitCode: null, signal: "SIGKILL" });
	});

	it.each([
		["the main module", `throw new Error("boom");`, 'module "main"'],
		["the default export", `export default () => { throw new Error("boom"); };`, 'module "main"'],
		[
			"the default export after an await",
			`await null; export default () => { throw new Error("boom"); };`,
			'module "main"',
		],
		["a timer", `import Timer from "timer"; Timer.set(() => { throw new Error("boom"); });`, "a timer callback"],
		[
			"a promise that nobody handles",
			`import Timer from "timer"; import { gc } from "xs-host/counters"; Promise.reject(new Error("boom")); Timer.set(gc, 1); Timer.set(() => {}, 10);`,
			"a promise that nobody handles",
		],
	])("ends with a message when an exception escapes %s", async (_, source, where) => {
		const result = await runSource(host, source);
		expect(result.exitCode).toBe(XsExit.EXCEPTION);
		expect(result.stderr).toBe(`xs-host: uncaught exception in ${where}: Error: boom\n`);
		expect(result.report?.reason).toBe("failed");
	});

	it.each([
		["slot heap", `let list = null; for (;;) list = { list };`],
		["chunk heap", `const kept = []; for (;;) kept.push(new ArrayBuffer(1000));`],
		["stack", `function f(n) { return f(n + 1) + 1; } f(0);`],
		["key table", `const o = {}; for (let i = 0; ; i++) o["k" + i];`],
	])("names the %s when it is full, and says how full the others are", async (pool, source) => {
		const result = await runSource(host, source);
		expect(result.exitCode).toBe(XsExit.HEAP);
		expect(result.stderr).toContain(`${pool} is full`);
		expect(result.stderr).toMatch(
			/In use: \d+ of 4928 slots, \d+ of 78848 chunk bytes, \d+ of 512 stack slots, \d+ of 256 keys/,
		);
	});

	it("takes the sizes of its memory from options", async () => {
		const result = await runSource(host, "", { slots: 1024, chunks: 8192, stack: 256, keys: 32 });
		expect(result.report).toMatchObject({ sizeSlots: 1024, sizeChunkBytes: 8192, sizeStack: 256, sizeKeys: 32 });
		const refused = await runSource(host, "", { slots: 1.5 });
		expect(refused).toMatchObject({ exitCode: XsExit.OPTIONS, report: undefined });
		expect(refused.stderr).toBe("xs-host: slots is 1.5; it must be a whole number from 64 to 16777216\n");
	});
});
