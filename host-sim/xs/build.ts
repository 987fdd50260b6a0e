/**
 * Builds the XS host: the engine's C sources from the npm package `@agoric/xsnap`, and our own in `host-sim/xs/c`.
 *
 * Nothing is installed and nothing is written into the source tree. The result lies in a cache folder under a name that
 * is a hash of everything it was made from, so it is built once and found again. Some engine files are changed on the
 * way, in copies: see `patches.ts`.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { link, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { atExit } from "../cli/at-exit.js";
import { cacheFolder } from "./cache.js";
import { PATCHED_FILES, patchEngine } from "./patches.js";

/** Where a host is, and what kind it is. */
export interface XsHost {
	/** Path of the program. */
	readonly path: string;
	/** 32 has slots and chunks of an ESP32's size; 64 counts the same slots, but larger chunks. */
	readonly bits: 32 | 64;
	/** Built with the address and undefined-behaviour sanitizers. */
	readonly sanitize: boolean;
	/** What a person should know about this build, in one line. */
	readonly note: string | undefined;
}

export interface BuildOptions {
	/** Build with the address and undefined-behaviour sanitizers. */
	readonly sanitize?: boolean;
	/** Word size; without it 32 where that works, else 64. */
	readonly bits?: 32 | 64;
	/** Folder for results; by default one of the user (see cache.ts). */
	readonly cacheFolder?: string;
	/** Compiler to use instead of CC, gcc, clang or cc. */
	readonly compiler?: string;
	/** Treat a warning about our own C files as an error. */
	readonly strict?: boolean;
	/** Told when something slow begins. */
	readonly onProgress?: (line: string) => void;
	/** Gives the build up; it rejects with the reason then. */
	readonly signal?: AbortSignal | undefined;
}

/** The host cannot be built on this machine. The message says in one line why, and what would help. */
export class XsHostUnavailableError extends Error {
	override readonly name = "XsHostUnavailableError";
}

/** The engine's files without its own main programs, snapshots and Unicode tables that are only used by tools. */
const ENGINE_FILES =
	"xsAll xsAPI xsArguments xsArray xsAtomics xsBigInt xsBoolean xsCode xsCommon xsDataView xsDate xsDebug xsDefaults " +
	"xsError xsFunction xsGenerator xsGlobal xsJSON xsLexical xsLockdown xsMapSet xsMarshall xsMath xsMemory xsModule " +
	"xsNumber xsObject xsPlatforms xsProfile xsPromise xsProperty xsProxy xsRegExp xsRun xsScope xsScript xsSourceMap " +
	"xsString xsSymbol xsSyntaxical xsTree xsType xsdtoa xsre xsmc";

/** As in a device's release build, but with a check of the stack: a device would overwrite what lies below it. */
const DEFINITIONS = [
	"INCLUDE_XSPLATFORM",
	'XSPLATFORM="platform.h"',
	"mxMetering=1",
	"mxParse=1",
	"mxRun=1",
	"mxSloppy=1",
	"mxNoConsole=1",
	"mxBoundsCheck=1",
];

const NOTE_64 =
	"XS host is a 64-bit build: slots are counted as on a device, chunk bytes are not (apt-get install gcc-multilib)";

/** Compilers run side by side. */
const JOBS = 2;

/**
 * Returns the host, building it if the cache does not have it.
 *
 * @throws XsHostUnavailableError when there is no C compiler or no engine source
 */
export async function buildXsHost(options: BuildOptions = {}): Promise<XsHost> {
	const root = packageRoot();
	const engine = engineFolder(root);
	const compiler = await findCompiler(options.compiler);
	const sanitize = options.sanitize ?? false;
	const bits = options.bits ?? (await wordSize(compiler, sanitize));
	const flags = [
		...(bits === 32 ? ["-m32"] : []),
		"-std=gnu11",
		sanitize ? "-O1" : "-O2",
		"-g",
		...(sanitize ? ["-fsanitize=address", "-fno-omit-frame-pointer"] : []),
	];
	const sources = join(root, "host-sim", "xs", "c");
	const cache = options.cacheFolder ?? cacheFolder();
	const plan = await makePlan({ engine, sources, compiler, flags, sanitize, strict: options.strict ?? false });
	const kind = sanitize ? `${bits}-sanitize` : `${bits}`;
	const engineResult = join(cache, `xs-engine-${kind}-${plan.engineHash}`);
	const hostResult = join(cache, `xs-host-${kind}-${plan.hostHash}`);
	const path = join(hostResult, "xs-host");
	if (!existsSync(path)) {
		await makeCache(cache);
		await withLock(`${engineResult}.lock`, async () => {
			if (existsSync(path)) return;
			if (!existsSync(engineResult)) {
				options.onProgress?.(`building the XS engine (${kind} bit), once; this takes a while`);
				await buildFolder(engineResult, (folder) => buildEngine(folder, plan, options.signal));
			}
			await buildFolder(hostResult, (folder) => buildHost(folder, engineResult, plan, options.signal));
		});
	}
	const note = bits === 64 ? NOTE_64 : undefined;
	return { path, bits, sanitize, note };
}

/**
 * Says without building anything, in one line, what a person should know about the host of this machine: that it cannot
 * be built and what would help, or that it is not like a device in everything. Undefined when all is well.
 */
export async function xsHostWarning(options: Pick<BuildOptions, "compiler"> = {}): Promise<string | undefined> {
	try {
		engineFolder(packageRoot());
		const bits = await wordSize(await findCompiler(options.compiler), false);
		return bits === 64 ? NOTE_64 : undefined;
	} catch (error) {
		if (error instanceof XsHostUnavailableError) return `Tests on the XS engine are skipped: ${error.message}`;
		throw error;
	}
}

/** Like buildXsHost, but an unavailable host is a reason in one line instead of an exception. */
export async function tryBuildXsHost(options: BuildOptions = {}): Promise<{ host: XsHost } | { reason: string }> {
	try {
		return { host: await buildXsHost(options) };
	} catch (error) {
		if (error instanceof XsHostUnavailableError) return { reason: error.message };
		throw error;
	}
}

/** Everything a build depends on. */
interface Plan {
	readonly compiler: string;
	readonly flags: readonly string[];
	readonly definitions: readonly string[];
	readonly engine: string;
	readonly sources: string;
	readonly sanitize: boolean;
	readonly strict: boolean;
	readonly engineHash: string;
	readonly hostHash: string;
}

async function makePlan(inputs: {
	engine: string;
	sources: string;
	compiler: string;
	flags: readonly string[];
	sanitize: boolean;
	strict: boolean;
}): Promise<Plan> {
	const { engine, sources, compiler, flags, sanitize, strict } = inputs;
	const definitions = sanitize ? [...DEFINITIONS, "mxPoisonSlots=1", "mxStress=1"] : DEFINITIONS;
	const hash = createHash("sha256");
	hash.update(JSON.stringify([compiler, await run(compiler, ["--version"]), flags, definitions, ENGINE_FILES]));
	for (const folder of [join(engine, "sources"), join(engine, "platforms"), join(engine, "includes")])
		await hashFolder(hash, folder);
	hash.update(await readFile(join(sources, "platform.h")));
	for (const file of PATCHED_FILES)
		hash.update(patchEngine(file, await readFile(join(engine, "sources", file), "utf8")));
	const engineHash = hash.copy().digest("hex").slice(0, 16);
	hash.update(String(strict));
	await hashFolder(hash, sources);
	return {
		compiler,
		flags,
		definitions,
		engine,
		sources,
		sanitize,
		strict,
		engineHash,
		hostHash: hash.digest("hex").slice(0, 16),
	};
}

async function hashFolder(hash: ReturnType<typeof createHash>, folder: string): Promise<void> {
	for (const name of (await readdir(folder)).sort()) {
		if (!/\.[ch]$/.test(name)) continue;
		hash.update(name);
		hash.update(await readFile(join(folder, name)));
	}
}

async function makeCache(cache: string): Promise<void> {
	try {
		await mkdir(cache, { recursive: true });
	} catch (error) {
		throw new XsHostUnavailableError(
			`its folder cannot be made: ${(error as Error).message}; XS_MQTT_CACHE names another`,
		);
	}
}

async function buildEngine(folder: string, plan: Plan, signal: AbortSignal | undefined): Promise<void> {
	const include = [
		`-I${join(plan.engine, "sources")}`,
		`-I${join(plan.engine, "includes")}`,
		`-I${join(plan.engine, "platforms")}`,
		`-I${plan.sources}`,
	];
	const common = [...plan.flags, "-w", ...plan.definitions.map((definition) => `-D${definition}`), ...include];
	const tasks = ENGINE_FILES.split(" ").map((name) => async () => {
		const file = `${name}.c`;
		let source = join(plan.engine, "sources", file);
		if (PATCHED_FILES.includes(file)) {
			const text = patchEngine(file, await readFile(source, "utf8"));
			source = join(folder, file);
			await writeFile(source, text);
		}
		await run(plan.compiler, [...common, "-c", source, "-o", join(folder, `${name}.o`)]);
	});
	await inParallel(tasks, signal);
}

async function buildHost(
	folder: string,
	engineResult: string,
	plan: Plan,
	signal: AbortSignal | undefined,
): Promise<void> {
	// The engine's headers count as system headers, so that warnings are about our own files only.
	const include = ["sources", "includes", "platforms"].flatMap((name) => ["-isystem", join(plan.engine, name)]);
	// The engine reads its byte code at any address, so undefined behaviour is looked for in our files only.
	const checks = plan.sanitize ? ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"] : [];
	const common = [
		...plan.flags,
		...checks,
		"-Wall",
		"-Wextra",
		...(plan.strict ? ["-Werror"] : []),
		...plan.definitions.map((definition) => `-D${definition}`),
		`-I${plan.sources}`,
		...include,
	];
	const names = (await readdir(plan.sources)).filter((name) => name.endsWith(".c"));
	await inParallel(
		names.map(
			(name) => () => run(plan.compiler, [...common, "-c", join(plan.sources, name), "-o", join(folder, `${name}.o`)]),
		),
		signal,
	);
	const objects = [
		...names.map((name) => join(folder, `${name}.o`)),
		...ENGINE_FILES.split(" ").map((name) => join(engineResult, `${name}.o`)),
	];
	const libraries = [
		"-lm",
		"-lpthread",
		"-ldl",
		...((await works(plan.compiler, [...plan.flags, "-latomic"])) ? ["-latomic"] : []),
	];
	await run(plan.compiler, [...plan.flags, ...checks, ...objects, "-o", join(folder, "xs-host"), ...libraries]);
}

/** Builds into a temporary folder and renames it, so that a result is there whole or not at all. */
async function buildFolder(target: string, build: (folder: string) => Promise<unknown>): Promise<void> {
	const folder = await mkdtemp(`${target}-`);
	const undo = atExit(() => rmSync(folder, { recursive: true, force: true }));
	try {
		await build(folder);
		await rm(target, { recursive: true, force: true });
		await rename(folder, target);
	} catch (error) {
		await rm(folder, { recursive: true, force: true });
		throw error;
	} finally {
		undo();
	}
}

/** Another process may be building the same thing. A lock whose owner is gone is taken away. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
	for (;;) {
		try {
			await writeFile(path, String(process.pid), { flag: "wx" });
			break;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		}
		const owner = Number(await readFile(path, "utf8").catch(() => ""));
		if (owner > 0 && !isAlive(owner)) await takeAway(path, owner);
		else await new Promise((resolve) => setTimeout(resolve, 200));
	}
	try {
		await work();
	} finally {
		await rm(path, { force: true });
	}
}

/** Only one of those that find a lock without owner may remove it, and never the lock that another has made meanwhile. */
async function takeAway(path: string, owner: number): Promise<void> {
	const aside = `${path}.${process.pid}`;
	try {
		await rename(path, aside);
	} catch {
		return;
	}
	if (Number(await readFile(aside, "utf8")) !== owner) await link(aside, path).catch(() => undefined);
	await rm(aside, { force: true });
}

function isAlive(processId: number): boolean {
	try {
		process.kill(processId, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== "ESRCH";
	}
}

/** Starts nothing after a failure, but waits for what is running: it may still write files. */
async function inParallel(tasks: readonly (() => Promise<unknown>)[], signal: AbortSignal | undefined): Promise<void> {
	let next = 0;
	const worker = async (): Promise<void> => {
		while (next < tasks.length) {
			try {
				await tasks[next++]?.();
				signal?.throwIfAborted();
			} catch (error) {
				next = tasks.length;
				throw error;
			}
		}
	};
	const results = await Promise.allSettled(Array.from({ length: JOBS }, worker));
	for (const result of results) {
		if (result.status === "rejected") throw result.reason;
	}
}

/** Runs a program and returns what it printed; an error carries what it printed as well. */
function run(program: string, args: readonly string[]): Promise<string> {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
		const undo = atExit(() => child.kill());
		let output = "";
		child.stdout.on("data", (data: Buffer) => (output += data.toString()));
		child.stderr.on("data", (data: Buffer) => (output += data.toString()));
		child.on("error", reject);
		child.on("close", (code) => {
			undo();
			if (code === 0) resolve(output);
			else reject(new Error(`${program} failed with ${String(code)}:\n${output}`));
		});
	});
}

/** 32 where it works. The sanitizers have libraries of their own for each size. */
async function wordSize(compiler: string, sanitize: boolean): Promise<32 | 64> {
	const flags = sanitize ? ["-fsanitize=address,undefined"] : [];
	if (await works(compiler, ["-m32", ...flags])) return 32;
	if (await works(compiler, flags)) return 64;
	throw new XsHostUnavailableError(`${compiler} has no sanitizers; to get them: apt-get install gcc gcc-multilib`);
}

async function findCompiler(wanted: string | undefined): Promise<string> {
	const candidates = wanted !== undefined ? [wanted] : process.env["CC"] ? [process.env["CC"]] : ["gcc", "clang", "cc"];
	for (const candidate of candidates) {
		if (await works(candidate, [])) return candidate;
	}
	throw new XsHostUnavailableError(
		`no working C compiler (tried ${candidates.join(", ")}); to get one: apt-get install gcc gcc-multilib`,
	);
}

/** errno.h leads to headers of the kernel, which for 32 bits may be missing where the C library is there. */
const TRIAL = '#include <errno.h>\n#include <stdio.h>\nint main(void) { return puts("") < 0 ? errno : 0; }\n';

/**
 * Whether the compiler makes a program with these flags, and this machine runs it: -m32, for one, needs libraries that
 * may be missing, and a kernel that may know no such programs.
 */
async function works(compiler: string, flags: readonly string[]): Promise<boolean> {
	const folder = await mkdtemp(join(tmpdir(), "xs-mqtt-"));
	const undo = atExit(() => rmSync(folder, { recursive: true, force: true }));
	try {
		await writeFile(join(folder, "try.c"), TRIAL);
		await run(compiler, [join(folder, "try.c"), "-o", join(folder, "try"), ...flags]);
		await run(join(folder, "try"), []);
		return true;
	} catch {
		return false;
	} finally {
		await rm(folder, { recursive: true, force: true });
		undo();
	}
}

/** The folder of this package, from the source tree and from dist alike. */
function packageRoot(): string {
	let folder = dirname(fileURLToPath(import.meta.url));
	while (!existsSync(join(folder, "package.json"))) {
		const parent = dirname(folder);
		if (parent === folder) throw new Error("xs-mqtt: package.json not found above the XS host's build");
		folder = parent;
	}
	return folder;
}

/** npm may put the package into any node_modules folder above ours. */
function engineFolder(root: string): string {
	for (let folder = root; ; folder = dirname(folder)) {
		const engine = join(folder, "node_modules", "@agoric", "xsnap", "moddable", "xs");
		if (existsSync(join(engine, "sources", "xsAll.h"))) return engine;
		if (folder === dirname(folder)) {
			throw new XsHostUnavailableError(
				"the engine's sources are missing; to get them: npm install @agoric/xsnap --ignore-scripts",
			);
		}
	}
}
