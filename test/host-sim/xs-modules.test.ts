import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it, vi } from "vitest";
import { findProgram } from "../../host-sim/simulator/program.js";
import { xsModules } from "../../host-sim/simulator/xs-modules.js";

// Goal: a program for --engine xs gets the same modules whether the Moddable SDK is installed or not.
// Method: an SDK of one manifest, with a module that the XS host could not take.

const folders: string[] = [];
afterEach(() => {
	vi.unstubAllEnvs();
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

it("leaves the modules of an installed SDK out", () => {
	const sdk = mkdtempSync(join(tmpdir(), "xs-mqtt-sdk-"));
	folders.push(sdk);
	mkdirSync(join(sdk, "examples"));
	mkdirSync(join(sdk, "modules/io"), { recursive: true });
	writeFileSync(join(sdk, "modules/io/manifest.json"), "{}");
	writeFileSync(join(sdk, "examples/package.json"), "{}");
	writeFileSync(join(sdk, "examples/manifest_base.json"), '{ "modules": { "*": "./package" } }');
	vi.stubEnv("MODDABLE", sdk);
	const manifest = fileURLToPath(new URL("../../manifests/simulator/telemetry/manifest.json", import.meta.url));
	const { modules, main } = xsModules(findProgram("telemetry"), manifest);
	expect(Object.values(modules).filter((file) => JSON.stringify(file).includes(sdk))).toEqual([]);
	expect(main).toBe("xs-mqtt/programs/telemetry/main");
});
