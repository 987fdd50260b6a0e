/**
 * Builds the XS host: the engine's C sources from the npm package `@agoric/xsnap`, and our own in `host-sim/stand-ins/xs/c`.
 *
 * Nothing is installed and nothing is written into the source tree. The result lies in a cache folder under a name that
 * is a hash of everything it was made from, so it is built once and found again. Some engine files are changed on the
 * way, in copies: see `patches.ts`.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../../terminal/at-exit.js";
import { buildUnlessCached, run, XsHostUnavailableError } from "./building.js";
import { cacheFolder } from "./cache.js";
import {
	compileEngine,
	compileHost,
	engineFolder,
	engineObjects,
	hashEngine,
	hashHost,
	hostFiles,
	packageRoot,
	type EngineBuild,
} from "./engine.js";

export { XsHostUnavailableError } from "./building.js";

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

/** Our files in C for a machine with an operating system; see c/host.h. */
const PLATFORM = "desktop";

const NOTE_64 =
	"XS host is a 64-bit build: slots are counted as on a device, chunk bytes are not (apt-get install gcc-multilib)";

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
	const sources = join(root, "host-sim", "stand-ins", "xs", "c");
	const cache = options.cacheFolder ?? cacheFolder();
	const plan = await makePlan({ engine, sources, compiler, flags, sanitize, strict: options.strict ?? false });
	const kind = sanitize ? `${bits}-sanitize` : `${bits}`;
	const engineResult = join(cache, `xs-engine-${kind}-${plan.engineHash}`);
	const hostResult = join(cache, `xs-host-${kind}-${plan.hostHash}`);
	const path = join(hostResult, "xs-host");
	await buildUnlessCached(
		{ cache, engineResult, hostResult, path },
		(folder) => {
			options.onProgress?.(`building the XS engine (${kind} bit), once; this takes a while`);
			return compileEngine(folder, plan, options.signal);
		},
		(folder) => buildHost(folder, engineResult, plan, options.signal),
	);
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
interface Plan extends EngineBuild {
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
	const build: EngineBuild = {
		compiler,
		flags,
		definitions,
		engine,
		sources,
		include: [join(sources, PLATFORM)],
		patches: "counting",
	};
	const hash = createHash("sha256");
	await hashEngine(hash, build);
	const engineHash = hash.copy().digest("hex").slice(0, 16);
	hash.update(String(strict));
	await hashHost(hash, sources, PLATFORM);
	return { ...build, sanitize, strict, engineHash, hostHash: hash.digest("hex").slice(0, 16) };
}

async function buildHost(
	folder: string,
	engineResult: string,
	plan: Plan,
	signal: AbortSignal | undefined,
): Promise<void> {
	// The engine reads its byte code at any address, so undefined behaviour is looked for in our files only.
	const checks = plan.sanitize ? ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"] : [];
	const flags = [...plan.flags, ...checks];
	const files = await hostFiles(plan.sources, PLATFORM);
	const objects = await compileHost(folder, { ...plan, flags }, files, plan.strict, signal);
	objects.push(...engineObjects(engineResult));
	const libraries = [
		"-lm",
		"-lpthread",
		"-ldl",
		...((await works(plan.compiler, [...plan.flags, "-latomic"])) ? ["-latomic"] : []),
	];
	await run(plan.compiler, [...flags, ...objects, "-o", join(folder, "xs-host"), ...libraries]);
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
