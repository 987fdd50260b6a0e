import { currentWorld } from "../world/current.js";
import { decodeText, encodeText } from "./text.js";

/**
 * Installs the globals that the platform has and Node has not: `trace`, `ArrayBuffer.fromString` and
 * `String.fromArrayBuffer`. May be called again.
 */
export function installGlobals(): void {
	define(globalThis, "trace", (...values: unknown[]) => currentWorld().onTrace(values.map(String).join("")));
	define(ArrayBuffer, "fromString", (text: unknown) => encodeText(String(text)));
	define(String, "fromArrayBuffer", decodeText);
}

function define(target: object, name: string, value: unknown): void {
	Object.defineProperty(target, name, { value, writable: true, configurable: true });
}
