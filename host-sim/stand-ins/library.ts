/**
 * The library as the compiler made it, by the names that its modules have on a device's engine. What a device links is
 * made of the same modules (`host-sim/desk/compact`); here they stay apart, so that a profile, or whoever watches, finds
 * each function where it was written.
 */
import { readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { compiledUrl, STAND_INS } from "./stand-ins.js";

/** What every program may link. */
const ROOMS = ["base", "codec", "client", "loop", "servers", "transport", "app"];

/** Names that programs import, and the files that give them to modules which have names of their own. */
const BARE: Readonly<Record<string, string>> = {
	"xs-mqtt": "xs-mqtt",
	"xs-mqtt/tcp": "tcp",
	"xs-mqtt/dns": "dns",
	"xs-mqtt/tls": "tls",
	"xs-mqtt/websocket": "websocket",
	"xs-mqtt/servers": "servers",
};

/** What stands in for the engine of TLS, on every engine of JavaScript: it imports nothing. */
export const TLS_ENGINE = "xs-mqtt/tls-engine";

/** What only those link who import it. */
const OPTIONAL = /^xs-mqtt\/(?:transport\/(?:sdk-)?)?(tls|websocket|servers)\b/;

/**
 * Module names of the whole library, to the compiled files.
 *
 * in   firmware  where they are; default dist/firmware
 */
export function everyModule(firmware = fileURLToPath(compiledUrl("firmware"))): Record<string, string> {
	const modules: Record<string, string> = {};
	for (const folder of ROOMS) {
		for (const file of readdirSync(join(firmware, folder), { recursive: true, encoding: "utf8" })) {
			if (!file.endsWith(".js")) continue;
			const name = join(folder, file).split(sep).join("/");
			modules[`xs-mqtt/${name.slice(0, -3)}`] = join(firmware, name);
		}
	}
	modules["xs-mqtt/index"] = join(firmware, "index.js");
	return modules;
}

/**
 * Module names of what a client links, to the compiled files.
 *
 * in   firmware   where they are; default dist/firmware
 *      transport  the one that it links beside TCP
 */
export function libraryModules(firmware?: string, transport?: "tls" | "websocket"): Record<string, string> {
	const linked = Object.entries(everyModule(firmware)).filter(([name]) => {
		const optional = OPTIONAL.exec(name)?.[1];
		return optional === undefined || optional === transport;
	});
	return Object.fromEntries(linked);
}

/** The names that programs import, to the files behind them. */
export function bareModules(): Record<string, string> {
	const entries = Object.entries(BARE).map(([name, file]) => {
		return [name, fileURLToPath(compiledUrl(`../manifests/modules/${file}.js`))];
	});
	return { ...Object.fromEntries(entries), [TLS_ENGINE]: fileURLToPath(compiledUrl(STAND_INS[TLS_ENGINE]!)) };
}

/** The compiled file that a module of a device is made of; any other path as it is. */
export function compiledFile(path: string): string {
	return path.replace(/([\\/]dist[\\/])device(?=[\\/])/, "$1firmware");
}
