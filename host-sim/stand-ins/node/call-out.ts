import type { DeviceWorld } from "../../world/device-world.js";

/** Runs a callback of the program. What escapes from it ends a device, so the world is told and nothing is swallowed. */
export function callOut(world: DeviceWorld, origin: string, callback: () => void): void {
	try {
		callback();
	} catch (error) {
		world.onEscape(error, origin);
	}
}
