import type { Target } from "./target.js";

/** The names of what can be fuzzed. */
export const TARGETS: readonly string[] = Object.freeze(["decoder", "client", "websocket"]);

/** Loads a target; not before, because the client needs the platform's stand-ins in place. */
export async function loadTarget(name: string): Promise<Target> {
	if (name === "decoder") return new (await import("./decoder/target.js")).DecoderTarget();
	if (name === "client") return new (await import("./client/target.js")).ClientTarget();
	if (name === "websocket") return new (await import("./websocket/target.js")).WebSocketTarget();
	throw new RangeError(`target: "${name}" is not one of ${TARGETS.join(", ")}`);
}
