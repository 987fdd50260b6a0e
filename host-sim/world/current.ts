import type { DeviceWorld } from "./device-world.js";
import { SocketWorld } from "./socket-world.js";

/**
 * The world that the stand-ins for platform modules act in. It is kept on the global object, not in this module: a test
 * runner and Node may each load this file, and both copies must mean the same world. A program in a `Realm` has nothing of
 * this: the realm hands its stand-ins the world that it was made with.
 */
const KEY = Symbol.for("xs-mqtt.world");
const BY_ADDRESS = Symbol.for("xs-mqtt.worlds");

const slots = globalThis as unknown as {
	[KEY]: DeviceWorld | undefined;
	[BY_ADDRESS]: Map<string, DeviceWorld> | undefined;
};

/** The world of this process; a plain one without faults, which connects to the addresses named, unless another was set. */
export function currentWorld(): DeviceWorld {
	return (slots[KEY] ??= new SocketWorld());
}

/** The world that a connection to `address` is made in. */
export function worldFor(address: string): DeviceWorld {
	return slots[BY_ADDRESS]?.get(address) ?? currentWorld();
}

/**
 * Makes `world` the current one, for timers, time, lookups and connections made from now on. With an IPv4 `address`, it
 * becomes the world of connections to that address only, so that several clients of a process can each have faults of
 * their own.
 *
 * out  puts back what was there before
 */
export function useWorld(world: DeviceWorld, address?: string): () => void {
	if (address === undefined) {
		const before = slots[KEY];
		slots[KEY] = world;
		return () => {
			slots[KEY] = before;
		};
	}
	const map = (slots[BY_ADDRESS] ??= new Map<string, DeviceWorld>());
	const before = map.get(address);
	map.set(address, world);
	return () => {
		if (before) map.set(address, before);
		else map.delete(address);
	};
}
