// Goal: the manifests of this package give every module the name under which the others import it, on the device too.
// Method: XS resolves an import against the importing module's name (not its file); that is done here for every import of
// the compiled modules that a manifest names.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../firmware/client/terms/limits.js";
import { mqttConfig } from "../../host-sim/manifest/check.js";
import { loadManifest } from "../../host-sim/manifest/load.js";
import { moduleFiles } from "../../host-sim/manifest/modules.js";

const MANIFESTS = fileURLToPath(new URL("../../manifests/", import.meta.url));

/** What the SDK, or the build itself, supplies. */
const PLATFORM = [
	...["timer", "time", "mc/config", "embedded:io/socket/tcp", "embedded:io/socket/udp"],
	...["embedded:io/digital", "embedded:network/interface/wifi", "embedded:network/ntp/client"],
	// The SDK's manifest of TLS has these.
	...["Resource", "crypt", "ecdsa", "pkcs1_5", "pkcs8", "x509"],
	...["ssl/alert", "ssl/ciphersuites", "ssl/handshake", "ssl/record", "ssl/session"],
];

function load(file: string) {
	return loadManifest(MANIFESTS + file, { moddable: "", platform: "esp32" });
}

/** Module names that a compiled module imports. */
function importsOf(file: string): string[] {
	const source = readFileSync(file, "utf8");
	return [...source.matchAll(/^(?:import|export)\s(?:[^"';]*\sfrom\s)?["']([^"']+)["'];$/gm)].map(
		(match) => match[1] ?? "",
	);
}

/** How XS finds a module: relative to the name of the importing one, without the extension. */
function resolveOnDevice(specifier: string, importer: string): string {
	const name = specifier.startsWith(".") ? posix.join(posix.dirname(importer), specifier) : specifier;
	return name.replace(/\.m?js$/, "");
}

/** Imports that no module of a manifest, nor the platform, answers. */
function missingIn(modules: ReadonlyMap<string, string>): string[] {
	return [...modules].flatMap(([name, path]) =>
		importsOf(path)
			.map((specifier) => resolveOnDevice(specifier, name))
			.filter((wanted) => !modules.has(wanted) && !PLATFORM.includes(wanted))
			.map((wanted) => `${name} imports ${wanted}`),
	);
}

const PROGRAMS = ["simulator", "esp32"].flatMap((kind) =>
	readdirSync(MANIFESTS + kind).map((name) => `${kind}/${name}/manifest.json`),
);

describe.each(PROGRAMS)("%s", (file) => {
	const manifest = load(file);
	const modules = moduleFiles(manifest);

	it("names every module that is imported", () => {
		expect(missingIn(modules)).toEqual([]);
		expect(readFileSync(modules.get("xs-mqtt")!, "utf8")).toContain("class Client");
	});

	it("has its main module", () => {
		expect(modules.has(String(manifest.creation["main"]))).toBe(true);
	});

	it("has settings that a client takes", () => {
		// A device's broker is an argument of mcconfig.
		const host = file.startsWith("simulator") ? { host: "localhost" } : {};
		expect(mqttConfig(manifest)).toMatchObject({ ...host, incomingQoS2: 32 });
	});
});

describe("the parts", () => {
	it("preload all of the library and of the program, as a device's program does", () => {
		const part = load("simulator/telemetry/manifest.json");
		const patterns = part.preload.map((name) => new RegExp(`^${name.replace("*", "[^/]+")}$`));
		const late = [...moduleFiles(part).keys()].filter((name) => !patterns.some((pattern) => pattern.test(name)));
		expect(late).toEqual([]);
	});

	it.each(["manifest_mqtt.json", "manifest_mqttclient.json"])("%s names every module that is imported", (file) => {
		const modules = moduleFiles(load(file));
		expect(missingIn(modules)).toEqual([]);
		expect(readFileSync(modules.get("xs-mqtt")!, "utf8")).toContain("class Client");
	});

	it("state the library's own defaults", () => {
		for (const [name, value] of Object.entries(mqttConfig(load("manifest_core.json")))) {
			expect([name, value]).toEqual([name, LIMITS[name as keyof typeof LIMITS].initial]);
		}
	});
});
