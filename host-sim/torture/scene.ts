import type { ModelServer } from "../brokers/model/server.js";
import type { VirtualClock } from "../world/virtual-clock.js";
import type { VirtualWorld } from "../world/virtual-world.js";
import type { Checks } from "./checks.js";
import type { Device } from "./device.js";
import type { Passage } from "./passage.js";
import type { Plan } from "./plan.js";
import type { Witness } from "./witness.js";

/** All that a run is made of. */
export interface Scene {
	readonly plan: Plan;
	readonly clock: VirtualClock;
	readonly world: VirtualWorld;
	readonly server: ModelServer;
	readonly device: Device;
	readonly checks: Checks;
	readonly witness: Witness;
	readonly passage: Passage;
	/** For charts. */
	note(text: string): void;
}
