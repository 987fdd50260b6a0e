/**
 * The XS host without an operating system, for RV32IMC, the instruction set of an ESP32-C3: built by a cross compiler,
 * run in an emulator that counts instructions exactly. What is in it: `c/bare/bare.h`.
 *
 * Memory of the emulated board: code and constants of the program in C at 0x80000000, its RAM at 0x80400000, the image that
 * a linker would put into flash at 0x82000000, and behind that what is none of the device's: the network, samples.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { buildUnlessCached, run, XsHostUnavailableError } from "../../stand-ins/xs/building.js";
import { cacheFolder } from "../../stand-ins/xs/cache.js";
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
} from "../../stand-ins/xs/engine.js";

/** How the engine is compiled: for speed, or for size as many a firmware is. */
export type Optimisation = "-O2" | "-Os";

/** Where a bare host is. */
export interface BareHost {
	readonly path: string;
	readonly optimisation: Optimisation;
	/** Address of each function of it, in order. */
	readonly symbols: readonly CodeSymbol[];
}

/** Where a function in C begins. */
export interface CodeSymbol {
	readonly address: number;
	readonly name: string;
}

const COMPILER = "riscv64-unknown-elf-gcc";
const NAMES = "riscv64-unknown-elf-nm";
/** The emulator of such a board. */
export const EMULATOR = "qemu-system-riscv32";

/** For whoever lacks them. */
const TOOLS = "apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc";

/** As a release build for a device: nothing is counted but what the processor counts. */
const DEFINITIONS = [
	"INCLUDE_XSPLATFORM",
	'XSPLATFORM="platform.h"',
	"mxParse=1",
	"mxRun=1",
	"mxSloppy=1",
	"mxNoConsole=1",
	"mxBoundsCheck=1",
];

const TARGET = ["-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "--specs=picolibc.specs"];

/** Our files in C for a processor alone. */
const PLATFORM = "bare";

/** The RAM of the board, all of it: variables, heap and C stack. */
export interface BareMemory {
	readonly ramBytes: number;
	/** Of it, for what is allocated: the machine's two heaps and stack among them. */
	readonly heapBytes: number;
}

/** Roomy: what is measured are instructions. The tables of a profile take some megabytes. */
export const ROOMY: BareMemory = { ramBytes: 9 << 20, heapBytes: 8 << 20 };

export interface BareBuildOptions {
	readonly memory?: BareMemory;
	/** For a profile: the interpreter shows where it is, which takes an instruction for each byte code. */
	readonly sampled?: boolean;
	/** Told when something slow begins. */
	readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Returns the bare host, built if the cache does not have it.
 *
 * @throws XsHostUnavailableError when a tool or the engine's source is missing
 */
export async function buildBareHost(
	optimisation: Optimisation,
	{ memory = ROOMY, sampled = false, onProgress }: BareBuildOptions = {},
): Promise<BareHost> {
	const missing = await bareMissing();
	if (missing !== undefined) throw new XsHostUnavailableError(missing);
	const root = packageRoot();
	const sources = join(root, "host-sim", "stand-ins", "xs", "c");
	const build: EngineBuild = {
		compiler: COMPILER,
		flags: [...TARGET, optimisation, "-g", "-std=gnu11", "-ffunction-sections", "-fdata-sections"],
		definitions: DEFINITIONS,
		engine: engineFolder(root),
		sources,
		include: [join(sources, PLATFORM), join(sources, PLATFORM, "include")],
		patches: sampled ? "sampled" : "bare",
	};
	const hash = createHash("sha256");
	await hashEngine(hash, build);
	const cache = cacheFolder();
	const kind = `${optimisation}${sampled ? "-sampled" : ""}`;
	const engineResult = join(cache, `xs-bare-engine${kind}-${hash.copy().digest("hex").slice(0, 16)}`);
	await hashHost(hash, sources, PLATFORM);
	hash.update(JSON.stringify(memory));
	const hostResult = join(cache, `xs-bare-host${kind}-${hash.digest("hex").slice(0, 16)}`);
	const path = join(hostResult, "xs-host.elf");
	await buildUnlessCached(
		{ cache, engineResult, hostResult, path },
		(folder) => {
			onProgress?.(`building the XS engine for RV32IMC (${optimisation}), once; this takes a while`);
			return compileEngine(folder, build);
		},
		(folder) => buildHost(folder, engineResult, build, memory),
	);
	return { path, optimisation, symbols: await readSymbols(path) };
}

/** Why there can be no bare host on this machine, and what would help, in one line; undefined when there can. */
export async function bareMissing(): Promise<string | undefined> {
	try {
		engineFolder(packageRoot());
		await run(EMULATOR, ["--version"]);
		// Says where a file is: the name alone when there is none.
		const specs = await run(COMPILER, ["-print-file-name=picolibc.specs"]);
		if (specs.includes("/")) return undefined;
	} catch (error) {
		if (error instanceof XsHostUnavailableError) return error.message;
	}
	return `no tools for RV32IMC; to get them: ${TOOLS}`;
}

async function buildHost(folder: string, engineResult: string, build: EngineBuild, memory: BareMemory): Promise<void> {
	const objects = await compileHost(folder, build, await hostFiles(build.sources, PLATFORM), true);
	const symbols: Record<string, number> = {
		__flash: 0x8000_0000,
		__flash_size: 0x40_0000,
		__ram: 0x8040_0000,
		__ram_size: memory.ramBytes,
		imageBase: 0x8200_0000,
		imageSize: 0x200_0000,
		heapSize: memory.heapBytes,
		peerBase: 0x8400_0000,
		samplesBase: 0x8480_0000,
	};
	await run(COMPILER, [
		...build.flags,
		"--oslib=semihost",
		"--crt0=hosted",
		...objects,
		...engineObjects(engineResult),
		"-Wl,--gc-sections",
		...Object.entries(symbols).map(([name, value]) => `-Wl,--defsym=${name}=${value}`),
		"-o",
		join(folder, "xs-host.elf"),
		"-lm",
	]);
}

async function readSymbols(path: string): Promise<CodeSymbol[]> {
	const lines = (await run(NAMES, ["--numeric-sort", path])).split("\n");
	const functions = lines.map((line) => /^([0-9a-f]+) [tT] (.+)$/.exec(line)).filter((match) => match !== null);
	return functions.map((match) => ({ address: parseInt(match[1]!, 16), name: match[2]! }));
}
