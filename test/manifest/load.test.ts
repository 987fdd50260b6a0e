// Goal: a manifest means on a desk what it means to mcconfig (tools/mcmanifest.js of the Moddable SDK).
// Method: small trees of manifests in a temporary folder, one rule each.
import { describe, expect, it } from "vitest";
import { loadManifest, type LoadOptions, ManifestError } from "../../host-sim/manifest/load.js";
import { folderWith } from "../support/files.js";

const NO_SDK: LoadOptions = { moddable: "", environment: {} };

function load(files: Record<string, unknown>, options: LoadOptions = {}) {
	const folder = folderWith(files);
	return { folder, ...loadManifest(`${folder}/manifest.json`, { ...NO_SDK, ...options }) };
}

function errorOf(files: Record<string, unknown>, options: LoadOptions = {}): string {
	const folder = folderWith(files);
	try {
		loadManifest(`${folder}/manifest.json`, { ...NO_SDK, ...options });
	} catch (error) {
		expect(error).toBeInstanceOf(ManifestError);
		return (error as Error).message.replaceAll(folder, "DIR");
	}
	throw new Error("no error");
}

describe("include", () => {
	it("lays the application over the library, key by key", () => {
		const { config } = load({
			"lib.json": { config: { mqtt: { rxBuffer: 512, outbox: 1024 }, other: { a: 1 } } },
			"manifest.json": { include: "./lib.json", config: { mqtt: { outbox: 4096 } } },
		});
		expect(config).toEqual({ mqtt: { rxBuffer: 512, outbox: 4096 }, other: { a: 1 } });
	});

	it("merges in the order of the array, a later manifest over an earlier one", () => {
		const { config, files, folder } = load({
			"a.json": { config: { x: "a", a: 1 } },
			"b.json": { config: { x: "b", b: 1 } },
			"manifest.json": { include: ["a.json", "./b.json"] },
		});
		expect(config).toEqual({ x: "b", a: 1, b: 1 });
		expect(files).toEqual([`${folder}/a.json`, `${folder}/b.json`, `${folder}/manifest.json`]);
	});

	it("reads each file once, where it is included first", () => {
		const { config } = load({
			"base.json": { config: { x: "base" } },
			"a.json": { include: "base.json", config: { x: "a" } },
			"b.json": { include: ["sub/../base.json"] },
			"sub/empty.json": {},
			"manifest.json": { include: ["a.json", "b.json"] },
		});
		expect(config).toEqual({ x: "a" });
	});

	it("ends at a cycle", () => {
		const { config } = load({
			"a.json": { include: "b.json", config: { x: "a" } },
			"b.json": { include: ["a.json", "manifest.json"], config: { x: "b", y: 1 } },
			"manifest.json": { include: "a.json" },
		});
		expect(config).toEqual({ x: "a", y: 1 });
	});

	it("takes paths from the folder of the manifest that names them", () => {
		const { modules, folder } = load({
			"lib/src/x.js": "",
			"lib/parts/part.json": { modules: { "lib/*": "../src/*" } },
			"lib/lib.json": { include: "./parts/part.json" },
			"manifest.json": { include: "lib/lib.json" },
		});
		expect(modules).toEqual({ "lib/*": [`${folder}/lib/src/*`] });
	});

	it("leaves out and lists what is the SDK's or git's", () => {
		const { skipped, folder, config } = load({
			"manifest.json": {
				include: [
					"$(MODDABLE)/examples/manifest_base.json",
					"$(MODULES)/io/manifest.json",
					{ git: "https://example.org/x.git", tag: "v1" },
				],
				modules: { "*": ["$(MODULES)/base/x", "./main"] },
				config: { a: 1 },
			},
		});
		const manifest = `${folder}/manifest.json`;
		expect(config).toEqual({ a: 1 });
		expect(skipped).toEqual([
			{ manifest, kind: "include", source: "$(MODDABLE)/examples/manifest_base.json" },
			{ manifest, kind: "include", source: "$(MODULES)/io/manifest.json" },
			{ manifest, kind: "git", source: "https://example.org/x.git" },
			{ manifest, kind: "module", source: "$(MODULES)/base/x" },
		]);
	});

	it("reads the SDK's manifests when there is an SDK", () => {
		const folder = folderWith({
			"sdk/examples/manifest_base.json": {
				build: { MODULES: "$(MODDABLE)/modules" },
				include: "$(MODULES)/io/manifest.json",
				platforms: { lin: { include: "$(BUILD_SIMULATOR)/manifest.json" } },
			},
			"sdk/modules/io/manifest.json": { config: { io: 1 } },
			"sdk/build/simulators/manifest.json": { config: { sim: 1 } },
			"manifest.json": { include: "$(MODDABLE)/examples/manifest_base.json" },
		});
		const environment = { MODDABLE: `${folder}/sdk` };
		expect(loadManifest(`${folder}/manifest.json`, { environment }).config).toEqual({ io: 1, sim: 1 });
	});
});

describe("config", () => {
	it.each([
		["a scalar replaces an object", { a: { b: 1 } }, { a: 2 }, { a: 2 }],
		["an object replaces a scalar", { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
		["null and false replace", { a: { b: 1 }, c: 1 }, { a: null, c: false }, { a: null, c: false }],
		["a shorter array covers only the head of a longer one", { a: [1, 2, 3] }, { a: [9] }, { a: [9, 2, 3] }],
		["objects within arrays merge", { a: [{ x: 1, y: 1 }] }, { a: [{ x: 2 }] }, { a: [{ x: 2, y: 1 }] }],
		["variables mean nothing here", {}, { a: "$(NAME)" }, { a: "$(NAME)" }],
	])("%s", (_rule, library, application, expected) => {
		const files = { "lib.json": { config: library }, "manifest.json": { include: "lib.json", config: application } };
		expect(load(files).config).toEqual(expected);
	});

	it("does not let a key of a manifest reach into Object.prototype", () => {
		const { config } = load({ "manifest.json": '{ "config": { "__proto__": { "polluted": 1 }, "a": 1 } }' });
		expect(config).toEqual({ a: 1 });
		expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
	});
});

describe("platforms", () => {
	const platforms = {
		"esp32/nodemcu": { config: { p: "exact" } },
		"esp32/*": { config: { p: "wildcard" } },
		"*/board": { config: { p: "tail" } },
		esp32: { config: { p: "parent" } },
		lin: { config: { p: "lin" } },
		"...": { config: { p: "rest" } },
	};

	it.each([
		["esp32/nodemcu", "exact"],
		["esp32/other", "wildcard"],
		["ESP32/Other", "wildcard"],
		["pico/board", "tail"],
		["esp32", "parent"],
		["lin", "lin"],
		["sim", "lin"],
		["simulator", "lin"],
		["win", "rest"],
		["pico/other", "rest"],
	])("takes one section for %s: %s", (platform, expected) => {
		const manifest = { config: { p: "common", c: 1 }, platforms };
		expect(load({ "manifest.json": manifest }, { platform }).config).toEqual({ p: expected, c: 1 });
	});

	it("takes the parent's section where there is no wildcard, and is lin unless told", () => {
		const manifest = { platforms: { esp32: { config: { p: "parent" } }, lin: { config: { p: "lin" } } } };
		expect(load({ "manifest.json": manifest }, { platform: "esp32/nodemcu" }).config).toEqual({ p: "parent" });
		expect(load({ "manifest.json": manifest }).config).toEqual({ p: "lin" });
	});

	it("prefers by file order among those that match", () => {
		const manifest = { platforms: { "esp32/*": { config: { p: 1 } }, "esp32/nodemcu": { config: { p: 2 } } } };
		expect(load({ "manifest.json": manifest }, { platform: "esp32/nodemcu" }).config).toEqual({ p: 1 });
	});

	it("includes a section's manifests after the common ones and below the manifest itself", () => {
		const { config, files, folder, preload, modules } = load({
			"a.json": { config: { x: "a", a: 1 }, preload: "a" },
			"p.json": { config: { x: "p", p: 1 }, preload: ["p"] },
			"manifest.json": {
				include: "a.json",
				modules: { m: "./m" },
				preload: ["m"],
				config: { y: "common" },
				platforms: { lin: { include: "p.json", modules: { m: "./l" }, preload: ["l"], config: { y: "lin" } } },
			},
		});
		expect(config).toEqual({ x: "p", a: 1, p: 1, y: "lin" });
		expect(files.map((file) => file.slice(folder.length))).toEqual(["/a.json", "/p.json", "/manifest.json"]);
		expect(preload).toEqual(["a", "p", "m", "l"]);
		expect(modules).toEqual({ m: [`${folder}/m`, `${folder}/l`] });
	});

	it("passes warnings on, and refuses with a section's error", () => {
		const manifest = { platforms: { lin: { warning: "no Wi-Fi" }, win: { error: "needs a radio" } } };
		const { warnings, folder } = load({ "manifest.json": manifest });
		expect(warnings).toEqual([`${folder}/manifest.json: no Wi-Fi`]);
		const error = errorOf({ "manifest.json": manifest }, { platform: "win" });
		expect(error).toBe("DIR/manifest.json: not for platform win: needs a radio");
	});
});

describe("variables", () => {
	it("come from build, of the manifest itself and of earlier ones, from mcconfig and from the environment", () => {
		const files = {
			"src/x.js": "",
			"lin/x.js": "",
			"base.json": { build: { SRC: "./src", SAME: "$(SRC)" } },
			"manifest.json": {
				include: ["$(FIRST)", "base.json"],
				build: { FIRST: "./base.json" },
				modules: { a: "$(SAME)/x", b: "./$(PLATFORM)/x", c: "$(HERE)/x" },
			},
		};
		const { modules, folder } = load(files, { environment: { HERE: "./src" } });
		expect(modules).toEqual({ a: [`${folder}/src/x`], b: [`${folder}/lin/x`], c: [`${folder}/src/x`] });
	});

	it('give way to the environment when they are defined with "?="', () => {
		const manifest = { build: { "SRC ?=": "./src", "OTHER ?=": "./src" }, modules: { a: "$(SRC)/x", b: "$(OTHER)/x" } };
		const { modules, folder } = load(
			{ "src/x.js": "", "env/x.js": "", "manifest.json": manifest },
			{ environment: { SRC: "./env" } },
		);
		expect(modules).toEqual({ a: [`${folder}/env/x`], b: [`${folder}/src/x`] });
	});

	it("of a section count only on its platform", () => {
		const manifest = {
			build: { SRC: "./src" },
			platforms: { esp32: { build: { SRC: "./chip" } } },
			modules: { a: "$(SRC)/x" },
		};
		const files = { "src/x.js": "", "chip/x.js": "", "manifest.json": manifest };
		const chip = load(files, { platform: "esp32/nodemcu" });
		expect(chip.modules["a"]).toEqual([`${chip.folder}/chip/x`]);
	});
});

describe("errors", () => {
	it.each<[string, Record<string, unknown>, string]>([
		["a missing include", { include: ["./no.json"] }, 'DIR/manifest.json: include "./no.json": no such manifest'],
		["a folder as include", { include: "./" }, 'DIR/manifest.json: include "./": no such manifest'],
		["an unknown variable", { include: "$(NO)/x.json" }, 'DIR/manifest.json: include "$(NO)/x.json": $(NO) is not set'],
		["a number as include", { include: [1] }, 'DIR/manifest.json: include: expected a path or {"git": …}, found 1'],
		[
			"an include without git",
			{ include: [{}] },
			'DIR/manifest.json: include: expected a path or {"git": …}, found {}',
		],
		["a missing folder", { modules: { a: "./no/x" } }, 'DIR/manifest.json: module "a": "./no/x": no such folder'],
		[
			"a module without a folder",
			{ modules: { a: "x" } },
			'DIR/manifest.json: module "a": "x" needs a folder, e.g. "./x"',
		],
		["a config that is no object", { config: [] }, "DIR/manifest.json: config: expected an object"],
	])("names file and cause of %s", (_name, manifest, expected) => {
		expect(errorOf({ "manifest.json": manifest })).toBe(expected);
	});

	it("names the manifest that includes what is missing", () => {
		const files = { "lib/lib.json": { include: "x.json" }, "manifest.json": { include: "lib/lib.json" } };
		expect(errorOf(files)).toBe('DIR/lib/lib.json: include "x.json": no such manifest');
	});

	it("names line and column of what is not JSON", () => {
		const files = { "lib.json": '{\n\t"config": {\n\t\t"a": 1,\n\t}\n}', "manifest.json": { include: "lib.json" } };
		expect(errorOf(files)).toBe('DIR/lib.json:4:2: expected a name in double quotes, found "}"');
		expect(errorOf({ "manifest.json": "[]" })).toBe("DIR/manifest.json:1:1: a manifest is a JSON object");
	});

	it("says that $(MODULES) needs manifest_base.json, where there is an SDK", () => {
		const error = errorOf({ "manifest.json": { include: "$(MODULES)/x.json" } }, { moddable: "/sdk" });
		expect(error).toContain("$(MODULES) is not set; include $(MODDABLE)/examples/manifest_base.json before it");
	});

	it("says that there is no such manifest", () => {
		expect(() => loadManifest("no/manifest.json", NO_SDK)).toThrow("no/manifest.json: no such manifest");
	});
});
