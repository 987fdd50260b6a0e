/**
 * What the tests of the XS host share: the host itself, and a way to run a few lines of JavaScript on it.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bareMissing, buildBareHost, type BareHost } from "../../host-sim/proofs/mcu/bare-build.js";
import { tryBuildXsHost, type BuildOptions, type XsHost } from "../../host-sim/stand-ins/xs/build.js";
import { runOnXs, type XsRunOptions, type XsRunResult } from "../../host-sim/stand-ins/xs/xs-process.js";

/** The host, or undefined on a machine where it cannot be built; test/support/xs-check.ts says why, once for all. */
export async function hostOrSkip(options: BuildOptions = {}): Promise<XsHost | undefined> {
	const built = await tryBuildXsHost(options);
	return "host" in built ? built.host : undefined;
}

/** The bare host, or undefined on a machine where it cannot be built; test/support/bare-check.ts says why, once for all. */
export async function bareHostOrSkip(): Promise<BareHost | undefined> {
	return (await bareMissing()) === undefined ? buildBareHost("-O2") : undefined;
}

/** Options of a run whose modules are given as source text instead of files. */
export interface SourceRunOptions extends Omit<XsRunOptions, "host" | "modules" | "main"> {
	/** Further modules, by name. */
	readonly library?: Readonly<Record<string, string>>;
}

/** Runs `source` as the main module. */
export async function runSource(
	host: XsHost | undefined,
	source: string,
	options: SourceRunOptions = {},
): Promise<XsRunResult> {
	if (host === undefined) throw new Error("this test should have been skipped");
	const folder = await mkdtemp(join(tmpdir(), "xs-mqtt-test-"));
	try {
		const { library = {}, ...rest } = options;
		const modules: Record<string, string> = {};
		for (const [name, text] of Object.entries({ ...library, main: source })) {
			const path = join(folder, `${name}.js`);
			await mkdir(dirname(path), { recursive: true });
			await writeFile(path, text);
			modules[name] = path;
		}
		return await runOnXs({ ...rest, host, modules, main: "main" });
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
