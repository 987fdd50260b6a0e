// Read MQTT 3.1.1 §4.3 and §4.4 before changing this file.
import { StatusCode } from "../../codec/status.js";
import { LayerCode, ProblemCode, ReasonCode } from "../terms/codes.js";
import type { Core } from "./core.js";

/**
 * Takes back a publish: see Session.cancel. Of one whose packet is half written the connection ends first, because the
 * rest would have to follow.
 *
 * out  OK; NOT_FOUND: none at QoS 1 or 2 that is not finished has this identifier
 */
export function cancelPublish(core: Core, packetId: number, now: number): number {
	const { outbox } = core.session;
	if (packetId === 0 || !core.isExchange(packetId)) return StatusCode.NOT_FOUND;
	if (outbox.active >= 0 && outbox.packetId(outbox.active) === packetId)
		core.end(LayerCode.LOCAL, ReasonCode.PUBLISH_CANCELLED, packetId, now);
	core.session.cancel(packetId);
	// The window may have opened, and DISCONNECT may have waited for this one.
	core.region.wake();
	return StatusCode.OK;
}

/** Gives up a publish that has ended as many connections as the option `resendsMax` lets it: see Session.suspect. */
export function giveUpPublish(core: Core, packetId: number): void {
	// Told of the end of the connection, the application may have taken it back.
	if (core.session.cancel(packetId)) core.application.problem(ProblemCode.PUBLISH_GIVEN_UP, packetId);
}
