/** How mcconfig lays one manifest over another, and how it chooses a section of `platforms`. */

/** An object of JSON. */
export type JsonObject = Record<string, unknown>;

/** Whether a value of JSON is an object, and no array or null. */
export function isObject(value: unknown): value is JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Lays `source` over `target`, key by key, as deep as both hold objects or arrays; everything else replaces. As in
 * mcconfig, arrays merge by index: an array over a longer one leaves the longer one's tail. `source` stays as it is.
 */
export function mergeOver(target: JsonObject, source: JsonObject): void {
	for (const [name, value] of Object.entries(source)) {
		// A key that JSON allows and an assignment would take for something else.
		if (name === "__proto__") continue;
		const present = Object.hasOwn(target, name) ? target[name] : undefined;
		if (isContainer(present) && isContainer(value)) mergeOver(present, value);
		else target[name] = structuredClone(value);
	}
}

function isContainer(value: unknown): value is JsonObject {
	return typeof value === "object" && value !== null;
}

/**
 * The one section of `platforms` that counts for a platform, e.g. "esp32/nodemcu": the full name first, then its parent,
 * each by equal name, by head ("esp32/*") or by tail ("*\/nodemcu"), the first in file order; last "...".
 */
export function matchPlatform(platforms: JsonObject, platform: string): unknown {
	const names = Object.keys(platforms);
	for (const parts = platform.split("/"); parts.length > 0; parts.pop()) {
		const partial = parts.join("/");
		const found = names.find((name) => {
			if (name.endsWith("/*")) return partial.startsWith(name.slice(0, -1));
			if (name.startsWith("*/")) return partial.endsWith(name.slice(1));
			return partial === name;
		});
		if (found !== undefined) return platforms[found];
	}
	return platforms["..."];
}
