import { elapsedMs } from "../../base/ticks.js";
import { stepMsOf } from "./attempt.js";
import type { Core } from "./core.js";
import { Armed, Deadline } from "../setup/deadlines.js";

/**
 * The client has not run for some time: a callback has blocked, the program has done something else, the whole machine
 * has stood still. That time is not the silence of anybody else. Hot: no allocation.
 *
 * in   lateMs   how long at least, 1 or more
 *      leastMs  what is left of each wait afterwards, at least
 * out  whether `leastMs` was needed
 */
export function handleStandstill(core: Core, lateMs: number, leastMs: number, now: number): boolean {
	const { deadlines, settings, receiver, silence } = core;
	let isShort = false;
	const armed = deadlines.armed & Armed.OTHERS;
	for (let deadline = 0, bit = 1; bit <= armed; deadline++, bit <<= 1) {
		if ((armed & bit) === 0) continue;
		let mostMs = silence.pingTimeoutMs;
		if (deadline === Deadline.PINGRESP) {
			// An answer that is late counts from the last bytes.
			const silent = elapsedMs(now, receiver.lastReceived);
			receiver.lastReceived = silent > lateMs ? (receiver.lastReceived + lateMs) | 0 : now;
		} else if (deadline === Deadline.ACK) mostMs = settings.ackTimeoutMs;
		else if (deadline === Deadline.STEP) mostMs = stepMsOf(core);
		else if (deadline === Deadline.STOP) mostMs = settings.stopTimeoutMs;
		if (deadlines.putOff(deadline, lateMs, leastMs, mostMs, now)) isShort = true;
	}
	return isShort;
}
