// Goal: what `sub` has not printed is not acknowledged, however it ends, and the next call prints it; a reader that sleeps
// and a disk that is full end it in good order.
// Method: a kept session with five messages at each broker; calls that end in each way; then a call that gets the rest.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, openSync, closeSync, constants, writeSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { BROKERS, endAll, type TestBroker } from "../support/brokers.js";
import { folderWith } from "../support/files.js";
import { CLI, runCliProcess, Running, startCli } from "./run-cli.js";

const FIVE = ["1", "2", "3", "4", "5"];
let count = 0;

afterAll(endAll);

/** A pipe that nobody reads until the test does. */
function sleepingReader(): string {
	const path = `${folderWith({})}/fifo`;
	execFileSync("mkfifo", [path]);
	const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
	onTestFinished(() => closeSync(fd));
	return path;
}

describe.each(BROKERS)("a kept session at $name", ({ describeBroker, start }) => {
	describeBroker("with five messages", () => {
		let broker: TestBroker;
		beforeAll(async () => {
			broker = await start();
		});
		afterAll(() => broker.stop());

		const at = (): string[] => ["-h", "127.0.0.1", "-p", `${broker.port}`];

		/** The options of a session that has the messages. */
		async function keptSession(qos: string, payloads: readonly string[] = FIVE): Promise<string[]> {
			const id = `kept-${++count}`;
			const session = [...at(), "-c", "-i", id, "-q", qos, "-t", `${id}/#`];
			expect(await runCliProcess(["sub", ...session, "-E"])).toMatchObject({ exitCode: 0, err: "" });
			const lines = payloads.join("\n");
			expect(await runCliProcess(["pub", ...at(), "-q", qos, "-t", `${id}/a`, "-l"], lines)).toMatchObject({
				exitCode: 0,
			});
			return session;
		}

		it.each(["1", "2"])("-C takes as many as it prints, at QoS %s", async (qos) => {
			const session = await keptSession(qos);
			expect(await runCliProcess(["sub", ...session, "-C", "1"])).toMatchObject({
				exitCode: 0,
				out: Buffer.from("1\n"),
				err: "",
			});
			expect((await runCliProcess(["sub", ...session, "-C", "4"])).out.toString()).toBe("2\n3\n4\n5\n");
		});

		it("a disk that is full takes none", async () => {
			const session = await keptSession("1");
			const full = await new Running("/bin/sh", [
				"-c",
				`exec "$0" "$@" > /dev/full`,
				process.execPath,
				CLI,
				"sub",
				...session,
			]).ended;
			expect(full).toMatchObject({
				exitCode: 1,
				err: "Error: standard output cannot be written: no space left on device\n",
			});
			expect((await runCliProcess(["sub", ...session, "-C", "5"])).out.toString()).toBe("1\n2\n3\n4\n5\n");
		});

		it("a reader that is gone takes none", async () => {
			const session = await keptSession("2");
			const running = startCli(["sub", ...session, "-d"], "");
			running.child.stdout?.destroy();
			expect((await running.ended).exitCode).toBe(0);
			expect((await runCliProcess(["sub", ...session, "-C", "5"])).out.toString()).toBe("1\n2\n3\n4\n5\n");
		});

		it.each(["1", "2"])(
			"a reader that sleeps takes what fits, and a signal or -W ends the wait, at QoS %s",
			async (qos) => {
				const large = FIVE.map((digit) => digit.repeat(40_000));
				const session = await keptSession(qos, large);
				for (const [more, ends] of [
					[[], "SIGTERM"],
					[["-W", "2"], undefined],
				] as const) {
					const fifo = sleepingReader();
					const running = new Running("/bin/sh", [
						"-c",
						`exec "$0" "$@" > ${fifo}`,
						process.execPath,
						CLI,
						"sub",
						...session,
						...more,
						"-d",
					]);
					await running.waitForErr(/← PUBLISH/);
					await new Promise((resolve) => setTimeout(resolve, 500));
					if (ends) running.child.kill(ends);
					const { exitCode, err } = await running.ended;
					expect(exitCode).toBe(ends ? 0 : 27);
					expect(err).toContain("→ DISCONNECT");
				}
				// The first fits into a pipe of 64 KiB, the second does not. Each call takes one.
				const rest = await runCliProcess(["sub", ...session, "-C", "3"]);
				expect(rest.out.toString()).toBe(large.slice(2).join("\n") + "\n");
			},
		);

		it("a reader that wakes up gets everything, once", async () => {
			const large = FIVE.map((digit) => digit.repeat(40_000));
			const session = await keptSession("2", large);
			const fifo = sleepingReader();
			const running = new Running("/bin/sh", [
				"-c",
				`exec "$0" "$@" > ${fifo}`,
				process.execPath,
				CLI,
				"sub",
				...session,
				"-C",
				"5",
				"-d",
			]);
			await running.waitForErr(/← PUBLISH/);
			await new Promise((resolve) => setTimeout(resolve, 300));
			const reader = spawn("head", ["-c", "200005", fifo], { stdio: ["ignore", "pipe", "ignore"] });
			let text = "";
			reader.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
			const [{ exitCode }] = await Promise.all([
				running.ended,
				new Promise((resolve) => reader.once("close", resolve)),
			]);
			expect(exitCode).toBe(0);
			expect(text).toBe(large.join("\n") + "\n");
		});

		it("is not emptied by a publisher, nor by a call for another filter", async () => {
			const session = await keptSession("1");
			const publisher = ["pub", ...session.slice(0, 7), "-q", "1", "-t", "other", "-m", "x"];
			expect(await runCliProcess(publisher)).toMatchObject({ exitCode: 0, err: "" });
			expect((await runCliProcess(["sub", ...session.slice(0, 9), "-t", "other", "-C", "5"])).out.toString()).toBe(
				"1\n2\n3\n4\n5\n",
			);
		});

		it("is told of -t and -U of the same filter, and what comes in between is printed", async () => {
			const topic = `both-${++count}`;
			await runCliProcess(["pub", ...at(), "-t", topic, "-r", "-q", "1", "-m", "kept"]);
			const both = await runCliProcess(["sub", ...at(), "-t", topic, "-U", topic]);
			expect(both.exitCode).toBe(0);
			expect(both.err).toBe(`-U ${topic} ends the subscription of -t ${topic}; no subscription is left to wait for\n`);
			expect(both.out.toString()).toBe("kept\n");
		});

		it("has as many filters as the limits allow, and long ones", async () => {
			const many = Array.from({ length: 1000 }, (_, i) => ["-t", `many/${i}`]).flat();
			const long = ["-t", `long/${"x".repeat(60_000)}`];
			for (const filters of [many, long]) {
				expect(await runCliProcess(["sub", ...at(), ...filters, "-E"])).toMatchObject({ exitCode: 0, err: "" });
			}
		});
	});
});

describe("a run whose reader sleeps", () => {
	it("is ended by a signal", async () => {
		const fifo = sleepingReader();
		const full = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
		writeSync(full, Buffer.alloc(65_536));
		closeSync(full);
		const args = ["-c", `exec "$0" "$@" > ${fifo}`, process.execPath, CLI, "run", "telemetry", "--duration", "600"];
		const running = new Running("/bin/sh", args);
		await new Promise((resolve) => setTimeout(resolve, 2_000));
		expect(running.child.exitCode).toBeNull();
		running.child.kill("SIGTERM");
		await running.ended;
	});
});

describe.runIf(existsSync("/dev/full"))("output that cannot be written", () => {
	const COMMANDS = [
		["--help"],
		["pub", "--help"],
		["schema"],
		["sizes"],
		["run", "telemetry", "--duration", "1"],
		["torture", "--seeds", "1"],
		["torture", "--seed", "1"],
	];

	it.each(COMMANDS)("ends %s with 1 and one line", async (...args) => {
		const { exitCode, err } = await new Running("/bin/sh", [
			"-c",
			`exec "$0" "$@" > /dev/full`,
			process.execPath,
			CLI,
			...args,
		]).ended;
		expect([exitCode, err]).toEqual([1, "Error: standard output cannot be written: no space left on device\n"]);
	});

	it.each([
		[["sub", "-t", "a", "-h", "127.0.0.1", "-p", "1"], 1],
		[["sub"], 64],
		[["pub", "-x", "1"], 64],
		[["run", "nothing.mjs"], 1],
		[["sizes", "--manifest", "no.json"], 64],
	])("as errors changes nothing for %j", async (args, code) => {
		const { exitCode } = await new Running("/bin/sh", [
			"-c",
			`exec "$0" "$@" 2> /dev/full`,
			process.execPath,
			CLI,
			...args,
		]).ended;
		expect(exitCode).toBe(code);
	});
});
