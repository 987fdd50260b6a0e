import { currentWorld } from "../../world/current.js";

/**
 * Stand-in for `mc/config`: the world's configuration as it is when this module is loaded, frozen all the way down: a copy, made of
 * objects of the realm that the program runs in.
 */
const config: Readonly<Record<string, unknown>> = deepFreeze(
	JSON.parse(JSON.stringify(currentWorld().config)) as Record<string, unknown>,
);

function deepFreeze<T>(value: T): T {
	if (typeof value === "object" && value !== null) {
		for (const part of Object.values(value)) deepFreeze(part);
		Object.freeze(value);
	}
	return value;
}

export default config;
