// Goal: an argument that is not UTF-8 is sent as it is where MQTT takes bytes, and refused where it wants text.
// Method: the command behind a shell, which gives it any bytes; where bytes cannot be had, by the function itself.
import { platform } from "node:os";
import { describe, expect, it } from "vitest";
import { bytesOfArgument, exactArguments, isText } from "../../host-sim/terminal/arguments.js";
import { startAedes } from "../../host-sim/brokers/aedes/aedes.js";
import { folderWith } from "../support/files.js";
import { Running, runInProcess, shellCommand, type Outcome } from "./run-cli.js";

/** Runs the command with arguments in which \377 and the like are bytes. */
function runWithBytes(...args: string[]): Promise<Outcome> {
	return new Running("/bin/sh", ["-c", shellCommand(args)]).ended;
}

describe.runIf(platform() === "linux")("an argument that is not UTF-8", () => {
	it("is sent as it is as message, will and password", async () => {
		const aedes = await startAedes();
		const payloads: string[] = [];
		const passwords: string[] = [];
		aedes.aedes.on("publish", (packet, client) => {
			if (client) payloads.push(Buffer.from(packet.payload).toString("hex"));
		});
		aedes.aedes.authenticate = (_client, _name, password, done) => {
			passwords.push(Buffer.from(password ?? "").toString("hex"));
			done(null, true);
		};
		const at = ["pub", "-p", `${aedes.port}`, "-h", "127.0.0.1", "-q", "1", "-t", "a", "-u", "u"];
		const all = await Promise.all([
			runWithBytes(...at, "-m", "\\377\\303\\274\\355\\262\\200\\303", "-P", "\\200p"),
			runWithBytes("pub", "-L", `mqtt://u:\\200p@127.0.0.1:${aedes.port}/a`, "-q", "1", "-m", "\\377"),
		]);
		await aedes.close();
		expect(all.map(({ exitCode, err }) => [exitCode, err])).toEqual([
			[0, ""],
			[0, ""],
		]);
		expect(payloads.sort()).toEqual(["ff", "ffc3bcedb280c3"]);
		expect(passwords).toEqual(["8070", "8070"]);
	});

	it("is refused where text is wanted, in one line", async () => {
		const pub = ["pub", "-m", "x", "-h", "127.0.0.1", "-p", "1"];
		const outcomes = await Promise.all([
			runWithBytes(...pub, "-t", "a\\377"),
			runWithBytes("sub", "-t", "a", "-t", "b\\377"),
			runWithBytes(...pub, "-t", "a", "-i", "\\377"),
			runWithBytes(...pub, "-t", "a", "-u", "\\377"),
			runWithBytes("pub", "-m", "x", "-L", "mqtt://127.0.0.1:1/\\377"),
			runWithBytes("run", "\\377.mjs"),
		]);
		for (const { exitCode, err } of outcomes) {
			expect(err).toMatch(/^Error: .*not UTF-8.*\n$/);
			expect(exitCode).toBe(64);
		}
	});

	it("names a file", async () => {
		const folder = folderWith({});
		const { err } = await runWithBytes("pub", "-t", "a", "-f", `${folder}/\\377`);
		expect(err).toContain("no such file");
		await new Running("/bin/sh", ["-c", `printf x > ${folder}/$(printf '\\377')`]).ended;
		expect((await runWithBytes("pub", "-t", "a", "-h", "127.0.0.1", "-p", "1", "-f", `${folder}/\\377`)).err).toMatch(
			/^Error: 127\.0\.0\.1:1: Connection refused/,
		);
	});
});

describe("exactArguments", () => {
	const line = (...args: (string | Buffer)[]): Buffer =>
		Buffer.concat(["node", "cli.js", ...args].flatMap((arg) => [Buffer.from(arg), Buffer.of(0)]));

	it("puts back what was replaced, byte for byte", () => {
		const raw = [
			Buffer.from([255]),
			Buffer.from("ü\ufffd"),
			Buffer.from([0xe2, 0x82, 97, 0xf0, 0x9f, 0x98, 0x80, 0xc0, 0x80]),
		];
		const args = exactArguments(
			raw.map((bytes) => bytes.toString()),
			() => line(...raw),
		);
		expect(args.map(bytesOfArgument)).toEqual(raw);
		expect(args.map(isText)).toEqual([false, true, false]);
	});

	it("takes text as it is, and refuses what it cannot know", () => {
		expect(exactArguments(["a", "", "ü"], () => undefined)).toEqual(["a", "", "ü"]);
		expect(() => exactArguments(["a", "\ufffd"], () => undefined)).toThrow(/argument 2 is not UTF-8/);
		expect(() => exactArguments(["\ufffd"], () => line("other"))).toThrow(/argument 1/);
	});

	it("is used by the command", async () => {
		expect(await runInProcess("pub", "-t", "a\udcff", "-m", "x")).toMatchObject({ exitCode: 64 });
	});
});
