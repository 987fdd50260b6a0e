import { currentWorld } from "../../world/current.js";
import { callOut } from "./call-out.js";
import { decodeText, encodeText } from "./text.js";

/**
 * Installs the globals that the platform has and Node has not: `trace`, `System.resolve`,
 * `ArrayBuffer.fromString` and `String.fromArrayBuffer`. May be called again.
 */
export function installGlobals(): void {
	define(globalThis, "trace", (...values: unknown[]) => currentWorld().onTrace(values.map(String).join("")));
	define(globalThis, "System", { resolve });
	define(ArrayBuffer, "fromString", (text: unknown) => encodeText(String(text)));
	define(String, "fromArrayBuffer", decodeText);
}

/** Looks a name up; the answer comes on a later turn, without an address when there is none. */
function resolve(host: string, callback: (host: string, address?: string) => void): void {
	const world = currentWorld();
	world.resolve(String(host), (address) => callOut(world, "a name lookup", () => callback(host, address)));
}

function define(target: object, name: string, value: unknown): void {
	Object.defineProperty(target, name, { value, writable: true, configurable: true });
}
