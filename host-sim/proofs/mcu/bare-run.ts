/** Runs programs on the bare host, in an emulator that counts instructions exactly. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { atExit } from "../../terminal/at-exit.js";
import { EMULATOR, type BareHost } from "./bare-build.js";

/** What is to be run. */
export interface BareRunOptions {
	readonly host: BareHost;
	/** What the host's run file holds: modules by name, `main`, `config`, sizes of the heaps, the peer's script. */
	readonly run: { readonly modules: Readonly<Record<string, string>> } & Readonly<Record<string, unknown>>;
}

/** How it went. */
export interface BareResult {
	/** Lines that the program traced, and what the host said of an error. */
	readonly trace: readonly string[];
	/** What was counted over the whole run; undefined when it did not come to its end. */
	readonly report: Readonly<Record<string, unknown>> | undefined;
	/** Samples by C function, most first; empty without the option `profile`. */
	readonly functions: readonly { readonly name: string; readonly samples: number }[];
	/** Samples by JavaScript function, as the host on a desktop tells byte codes. */
	readonly profile: readonly { readonly module: string; readonly name: string; readonly byteCodes: number }[];
}

/** How long a run may take on the machine that emulates, which may be busy. */
const LIMIT_MS = 900_000;

/** Runs a program to its end. */
export async function runBare({ host, run: content }: BareRunOptions): Promise<BareResult> {
	const folder = await mkdtemp(join(tmpdir(), "xs-mqtt-bare-"));
	try {
		const file = join(folder, "run.json");
		const modules = Object.fromEntries(Object.entries(content.modules).map(([name, path]) => [name, resolve(path)]));
		await writeFile(file, JSON.stringify({ ...content, modules }));
		return await emulate(host, file);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

function emulate(host: BareHost, file: string): Promise<BareResult> {
	const args = ["-machine", "virt", "-bios", "none", "-m", "128", "-nographic", "-monitor", "none", "-serial", "none"];
	args.push("-icount", "shift=0", "-kernel", host.path);
	args.push("-semihosting-config", `enable=on,target=native,arg=xs-host,arg=--run,arg=${file}`);
	return new Promise((resolve, reject) => {
		const child = spawn(EMULATOR, args, { stdio: ["ignore", "pipe", "pipe"] });
		const undo = atExit(() => child.kill("SIGKILL"));
		const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
		// The emulator writes what the program prints to its standard error.
		let output = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
		child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
		child.on("error", reject);
		child.on("close", () => {
			undo();
			clearTimeout(limit);
			resolve(resultOf(host, output));
		});
	});
}

const PREFIXES = ["@report ", "@profile ", "@sample "];

function resultOf(host: BareHost, output: string): BareResult {
	const lines = output.split("\n");
	const behind = <T>(prefix: string): T[] =>
		lines.filter((line) => line.startsWith(prefix)).map((line) => JSON.parse(line.slice(prefix.length)) as T);
	const samples = new Map<string, number>();
	for (const { address, count } of behind<{ address: number; count: number }>("@sample ")) {
		const name = functionAt(host, address);
		samples.set(name, (samples.get(name) ?? 0) + count);
	}
	return {
		trace: lines.filter((line) => !PREFIXES.some((prefix) => line.startsWith(prefix))),
		report: behind<Record<string, unknown>>("@report ")[0],
		functions: [...samples].map(([name, count]) => ({ name, samples: count })).sort((a, b) => b.samples - a.samples),
		profile: behind("@profile "),
	};
}

function functionAt(host: BareHost, address: number): string {
	let low = 0;
	let high = host.symbols.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (host.symbols[middle]!.address <= address) low = middle + 1;
		else high = middle;
	}
	return host.symbols[low - 1]?.name ?? "?";
}
