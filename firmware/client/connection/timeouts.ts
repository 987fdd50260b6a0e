import { elapsedMs } from "../../base/ticks.js";
import { Held } from "../incoming/receive-mode.js";
import { Deadline } from "../setup/deadlines.js";
import { Leaving } from "../short-ways/transmit-region.js";
import { LayerCode, ReasonCode } from "../terms/codes.js";
import { handleStepTimeout } from "./attempt.js";
import type { Core } from "./core.js";

/** Times that no option changes. */
const enum Patience {
	/** How long DISCONNECT may take once stop() has given up flushing. */
	STOP_GRACE_MS = 500,
}

/**
 * Fires what is due beside the keep alive, one deadline: what it leads to may have changed all others. Hot: no allocation.
 *
 * in   due  bits of deadlines
 * out  whether that was all that may be done now
 */
export function fireDue(core: Core, due: number, now: number): boolean {
	if (takeDue(core, due, Deadline.STOP)) stopTimedOut(core, now);
	else if (takeDue(core, due, Deadline.RETRY)) core.backoff.retry(core, now);
	else if (takeDue(core, due, Deadline.STEP)) handleStepTimeout(core, now);
	else if (takeDue(core, due, Deadline.PINGRESP) && !isAlive(core, now))
		timedOut(core, ReasonCode.PINGRESP_TIMEOUT, now);
	else if (takeDue(core, due, Deadline.ACK)) ackTimedOut(core, now);
	else if (takeDue(core, due, Deadline.WRITE)) timedOut(core, ReasonCode.WRITE_STALLED, now);
	else {
		if (takeDue(core, due, Deadline.STABLE)) {
			core.backoff.reset();
			core.session.trust();
			// For what has waited behind a publish under suspicion.
			core.region.wake();
		}
		return false;
	}
	return true;
}

/** Whether a deadline is among those that are due; then it is cleared. Hot: no allocation. */
function takeDue(core: Core, due: number, deadline: Deadline): boolean {
	if ((due & (1 << deadline)) === 0) return false;
	core.deadlines.clear(deadline);
	return true;
}

/** PINGRESP is late. It may stand behind a long message, so as long as bytes come it is waited for. Hot: no allocation. */
function isAlive(core: Core, now: number): boolean {
	const { receiver } = core;
	let left = core.silence.pingTimeoutMs;
	// A client that has paused does not know what has come.
	if (receiver.held < Held.PAUSED) left -= elapsedMs(now, receiver.lastReceived);
	if (left <= 0) return false;
	core.arm(Deadline.PINGRESP, left, now);
	return true;
}

/** SUBACK or UNSUBACK is late; it may wait behind a pause. */
function ackTimedOut(core: Core, now: number): void {
	if (core.receiver.held < Held.PAUSED) timedOut(core, ReasonCode.SUBACK_TIMEOUT, now);
	else core.arm(Deadline.ACK, core.settings.ackTimeoutMs, now);
}

/** Flushing took too long: DISCONNECT all the same, so that the will is not published, and a last moment to send it. */
function stopTimedOut(core: Core, now: number): void {
	const { leaving, open } = core.region;
	if (leaving === Leaving.FORCED || leaving === Leaving.LAST || !open)
		return core.end(LayerCode.LOCAL, ReasonCode.STOPPED, 0, now);
	core.sender.leave(true);
	core.arm(Deadline.STOP, Patience.STOP_GRACE_MS, now);
}

function timedOut(core: Core, code: ReasonCode, now: number): void {
	core.end(LayerCode.DEADLINE, code, 0, now);
}
