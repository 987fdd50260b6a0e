// Goal: the profiles are sizes that a client takes, and they win over the library's when they are included after it.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../firmware/client/terms/limits.js";
import { clientSettings, mqttConfig } from "../../host-sim/manifest/check.js";
import { loadManifest } from "../../host-sim/manifest/load.js";
import { folderWith } from "../support/files.js";

const MANIFESTS = fileURLToPath(new URL("../../manifests/", import.meta.url));

/** The settings of an application that includes the library, then a profile. */
function settingsWith(profile: string): Record<string, unknown> {
	const include = ["manifest_core.json", `profile_${profile}.json`].map((name) => MANIFESTS + name);
	const folder = folderWith({ "manifest.json": { include } });
	return { ...mqttConfig(loadManifest(`${folder}/manifest.json`, { moddable: "" })) };
}

describe("a profile", () => {
	it.each([
		["tiny", 512],
		["standard", 1024],
		["large", 8192],
	])("%s has its sizes", (profile, outbox) => {
		expect(settingsWith(profile)).toMatchObject({ outbox });
	});

	it("standard is what the library has by itself", () => {
		for (const [name, value] of Object.entries(settingsWith("standard"))) {
			expect([name, value]).toEqual([name, LIMITS[name as keyof typeof LIMITS].initial]);
		}
	});

	it("names the same settings in each", () => {
		const names = ["tiny", "standard", "large"].map((profile) =>
			Object.keys(loadManifest(`${MANIFESTS}profile_${profile}.json`, { moddable: "" }).config["mqtt"] as object),
		);
		expect(names[1]).toEqual(names[0]);
		expect(names[2]).toEqual(names[0]);
	});
});

describe("a size that an application makes smaller", () => {
	it.each(["manifest_core", "profile_tiny", "profile_standard", "profile_large"])(
		"takes with it what follows it: %s",
		(file) => {
			for (const rxBuffer of [64, 100, 200]) {
				const include = ["manifest_core.json", `${file}.json`].map((name) => MANIFESTS + name);
				const folder = folderWith({ "manifest.json": { include, config: { mqtt: { rxBuffer } } } });
				const config = mqttConfig(loadManifest(`${folder}/manifest.json`, { moddable: "" }));
				expect(clientSettings(config)).toMatchObject({ rxBuffer, readSize: rxBuffer });
			}
		},
	);
});

describe("a host in a manifest", () => {
	it("is refused with its file, and what to write instead", () => {
		const folder = folderWith({ "manifest.json": { config: { mqtt: { host: "mqtt://broker:1883" } } } });
		expect(() => mqttConfig(loadManifest(`${folder}/manifest.json`, { moddable: "" }))).toThrow(
			`${folder}/manifest.json: config.mqtt.host: "mqtt://broker:1883" is neither a name nor an IPv4 address; write host: "broker", port: 1883`,
		);
	});
});
