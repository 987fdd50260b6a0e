// Goal: Ctrl-C ends a run in good order on both engines, although a terminal sends it to all processes of the run.
// Method: the command in a process group of its own, which gets the signal as a whole.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { tryBuildXsHost } from "../../host-sim/stand-ins/xs/build.js";

const CLI = fileURLToPath(new URL("../../dist/host-sim/cli.js", import.meta.url));
const found = await tryBuildXsHost();
const engines = "host" in found ? ["node", "xs"] : ["node"];

/** Runs telemetry until it is connected and sends signals to the group. Resolves with the exit code and the output. */
function interrupt(engine: string, signals: readonly NodeJS.Signals[]): Promise<{ code: number | null; out: string }> {
	const child = spawn(process.execPath, [CLI, "run", "telemetry", "--engine", engine], {
		detached: true,
		stdio: ["ignore", "pipe", "inherit"],
	});
	const send = (signal: NodeJS.Signals): void => {
		try {
			process.kill(-child.pid!, signal);
		} catch {
			// All of them have ended.
		}
	};
	onTestFinished(() => send("SIGKILL"));
	return new Promise((resolve) => {
		let out = "";
		let sent = false;
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			out += text;
			if (sent || !out.includes("PUBACK")) return;
			sent = true;
			signals.forEach(send);
		});
		child.on("close", (code) => resolve({ code, out }));
	});
}

describe.each(engines)("a run on %s", (engine) => {
	it.each(["SIGINT", "SIGTERM"] as const)("that gets %s says goodbye once, and sums up", async (signal) => {
		const { code, out } = await interrupt(engine, [signal]);
		expect(code).toBe(0);
		expect(out.match(/→ DISCONNECT/g)).toHaveLength(1);
		expect(out).toContain("closed: by the device");
		expect(out).toMatch(/telemetry on \w+, .*: stopped/);
		expect(out).toMatch(/publishes out [1-9]/);
	});

	it("ends at once when it is told twice", async () => {
		const { code } = await interrupt(engine, ["SIGINT", "SIGTERM"]);
		expect(code).toBe(130);
	});
});
