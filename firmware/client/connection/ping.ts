import { Deadline } from "../setup/deadlines.js";
import type { Core } from "./core.js";

/**
 * Sends PINGREQ (§3.12) as soon as no packet is under way, and waits for PINGRESP as for that of any other.
 * The caller knows that the connection is accepted. Hot: no allocation.
 */
export function sendPing(core: Core, now: number): void {
	core.sender.ping();
	if (core.deadlines.isArmed(Deadline.PINGRESP)) return;
	core.deadlines.arm(Deadline.PINGRESP, core.silence.pingTimeoutMs, now);
	core.application.attention = true;
}
