// Goal: a simulator stops a program in good order, marks its steady state, and is missed when it goes; the figures of a run
// end where the program's own part ends.
// Method: programs of a few lines, on the ordinary host and on the one with sanitizers.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { XsControl } from "../../host-sim/stand-ins/xs/control.js";
import { folderWith } from "../support/files.js";
import { hostOrSkip, runSource } from "./support.js";

const hosts = [
	["an ordinary host", await hostOrSkip()],
	["a host with sanitizers", await hostOrSkip({ sanitize: true, strict: true })],
] as const;

/** Preloaded, as a simulator's own part is. */
const supervisor = `
	import { keep, kept, onStop, stop } from "xs-host/control";
	export { keep };
	onStop(() => {
		for (let i = 0; kept(i) !== undefined; i++) trace(kept(i).name, "\\n");
		trace(kept(-1), "\\n");
		new Uint8Array(500);
		stop();
	});`;

const waiting = `
	import { keep } from "supervisor";
	import Timer from "timer";
	keep({ name: "one" });
	keep({ name: "two" });
	new Uint8Array(16);
	const tick = Timer.repeat(() => new Uint8Array(8), 5);`;

describe.each(hosts)("a controlled run on %s", (_, host) => {
	if (host === undefined) return it.skip("needs a C compiler", () => {});
	const library = { supervisor };
	const preload = ["supervisor"];

	it("is stopped in good order, by the program's own part of the simulator", async () => {
		const control = new XsControl();
		void control.started.then(() => control.stop());
		const result = await runSource(host, waiting, { library, preload, control, durationMs: 10_000 });
		expect(result).toMatchObject({ exitCode: 0, stderr: "", report: { reason: "stop" } });
		expect(result.trace).toEqual(["one", "two", "undefined"]);
		expect(result.report!.steady).toBeUndefined();
	});

	it("counts the steady state apart, and nothing of what stopping takes", async () => {
		const control = new XsControl();
		void control.started.then(() => setTimeout(() => control.markSteady(), 50));
		setTimeout(() => control.stop(), 600);
		const { report } = await runSource(host, waiting, { library, preload, control, durationMs: 10_000 });
		const { slots, chunkBytes, collections } = report!.steady!;
		// Seven slots and a chunk for 8 bytes at each tick, and nothing else.
		expect(slots % 7).toBe(0);
		expect(slots).toBeGreaterThan(0);
		expect(chunkBytes).toBe((slots / 7) * (report!.bits === 32 ? 16 : 24));
		expect(collections).toBe(0);
		expect(report!.slots).toBeGreaterThan(slots + 7);
		expect(report!.chunkBytes).toBeLessThan(chunkBytes + 500);
	});

	it("ends at once when nobody has said how to stop", async () => {
		const control = new XsControl();
		void control.started.then(() => control.stop());
		const source = `import Timer from "timer"; Timer.repeat(() => {}, 1000);`;
		const { report } = await runSource(host, source, { control, durationMs: 10_000 });
		expect(report!.reason).toBe("stop");
	});

	it("is stopped in good order by a signal too", async () => {
		const stopping = new AbortController();
		const control = new XsControl();
		void control.started.then(() => stopping.abort());
		const { report, trace } = await runSource(host, waiting, {
			library,
			preload,
			control,
			signal: stopping.signal,
			durationMs: 10_000,
		});
		expect(report!.reason).toBe("signal");
		expect(trace).toContain("two");
	});

	it("ends when the simulator is gone", async () => {
		const folder = folderWith({ "main.js": `import Timer from "timer"; Timer.repeat(() => {}, 1000);` });
		const file = join(folder, "run.json");
		writeFileSync(file, JSON.stringify({ modules: { main: join(folder, "main.js") }, main: "main", control: true }));
		const child = spawn(host.path, ["--run", file], {
			stdio: ["pipe", "pipe", "inherit"],
			env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0" },
		});
		onTestFinished(() => void child.kill("SIGKILL"));
		let out = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			out += text;
			if (out.startsWith("@started\n")) child.stdin.end();
		});
		const [exitCode] = (await once(child, "close")) as [number];
		expect(exitCode).toBe(0);
		expect(out).toContain('"reason":"abandoned"');
	});
});
