/**
 * From what the compiler made of `firmware/` to what a device's manifest lists: a few modules in place of many, without
 * what the engine would keep in flash for nothing. The same statements in the same order; what changes is said in each pass.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { rolldown, type OutputChunk, type Plugin } from "rolldown";
import { applyPass, type Pass } from "./pass.js";
import { arrows } from "./arrows.js";
import { classes } from "./classes.js";
import { fields } from "./fields.js";
import { names } from "./names.js";
import { privates } from "./privates.js";

/** Files of the compiled library that become modules of a device, and their names there. */
export const DEVICE_MODULES: Readonly<Record<string, string>> = {
	index: "xs-mqtt",
	"transport/tcp": "xs-mqtt/tcp",
	"transport/dns": "xs-mqtt/dns",
	"transport/tls": "xs-mqtt/tls",
	"transport/sdk-tls/engine": "xs-mqtt/tls-engine",
	"transport/websocket": "xs-mqtt/websocket",
	"servers/servers": "xs-mqtt/servers",
	"ecma419/client": "xs-mqtt/ecma419/client",
	"esp32/wifi": "xs-mqtt/wifi",
	"esp32/device": "xs-mqtt/esp32/device",
	"programs/telemetry/main": "xs-mqtt/programs/telemetry/main",
	"programs/ota/main": "xs-mqtt/programs/ota/main",
	"programs/esp32/telemetry": "xs-mqtt/programs/esp32/telemetry",
	"programs/esp32/telemetry-tls": "xs-mqtt/programs/esp32/telemetry-tls",
	"programs/esp32/ota": "xs-mqtt/programs/esp32/ota",
};

/** In the order in which they are done. */
export const PASSES: Readonly<Record<string, Pass>> = { classes, arrows, privates, fields, names };

/** Rooms whose modules are all part of the module `xs-mqtt`. */
const LIBRARY = /[\\/](?:base|ports|codec|client|loop|app)[\\/]|[\\/]index\.js$/;

/**
 * Writes the modules of a device.
 *
 * in   from    folder of the compiled library
 *      to      folder that is made anew
 *      passes  names of PASSES; all unless told
 */
export async function compact(from: string, to: string, passes = Object.keys(PASSES)): Promise<void> {
	const bundle = await rolldown({
		input: Object.fromEntries(Object.keys(DEVICE_MODULES).map((name) => [name, join(from, `${name}.js`)])),
		external: (id) => !/^[./\\]|^[A-Za-z]:\\/.test(id),
		preserveEntrySignatures: "allow-extension",
		treeshake: { moduleSideEffects: false, propertyReadSideEffects: false },
		plugins: [SOURCES, ...passes.map((name) => pluginOf(name, PASSES[name]!))],
		checks: { pluginTimings: false },
	});
	const { output } = await bundle.generate({
		dir: to,
		format: "es",
		sourcemap: "hidden",
		minify: false,
		minifyInternalExports: false,
		topLevelVar: false,
		hoistTransitiveImports: false,
		codeSplitting: { groups: [{ name: "library", test: LIBRARY }] },
	});
	await bundle.close();
	rmSync(to, { recursive: true, force: true });
	for (const chunk of output) if (chunk.type === "chunk") write(chunk, from, to);
}

/** Maps lead to the sources, and not to what the compiler made of them. */
const SOURCES: Plugin = {
	name: "sources",
	load(path) {
		const map = `${path}.map`;
		if (!existsSync(map)) return null;
		return { code: readFileSync(path, "utf8"), map: readFileSync(map, "utf8") };
	},
};

function pluginOf(name: string, pass: Pass): Plugin {
	return { name, renderChunk: (code) => applyPass(pass, code) };
}

function write({ fileName, code, map, exports }: OutputChunk, from: string, to: string): void {
	const name = fileName.replace(/\.js$/, "");
	if (!Object.hasOwn(DEVICE_MODULES, name)) throw new Error(`${fileName} is a module that no manifest would list`);
	const path = join(to, fileName);
	mkdirSync(dirname(path), { recursive: true });
	const text = code.replace(
		/^((?:import|export)\b[^;]*?\bfrom )"(\.[^"]*)\.js"/gm,
		(_all, head: string, target: string) => {
			return `${head}"${DEVICE_MODULES[join(dirname(name), target).split(sep).join("/")]}"`;
		},
	);
	writeFileSync(path, text);
	// The text does not name its map: the SDK's compiler would take all lines for those of the map's first source.
	writeFileSync(`${path}.map`, map!.toString());
	// Nobody but modules of ours imports these.
	if (/^programs|device$|sdk-tls/.test(name)) return;
	const types = `"${relative(dirname(path), join(from, name)).split(sep).join("/")}.js"`;
	const exported = exports.includes("default") ? `export { default } from ${types};\n` : "";
	writeFileSync(path.replace(/\.js$/, ".d.ts"), `${exported}export * from ${types};\n`);
}
