import { Deadline } from "../setup/deadlines.js";
import { LayerCode, ReasonCode, StateCode } from "../terms/codes.js";
import type { Core } from "./core.js";

/**
 * How long the step that is under way may take: name lookup, connect, a handshake, CONNACK.
 */
export function stepMsOf({ step, settings }: Core): number {
	return step >= LayerCode.SECURITY ? settings.handshakeTimeoutMs : settings.connectTimeoutMs;
}

/** A step begins, and has all of its time. in: layer  the layer that takes the step; CONNACK belongs to the transport's */
export function beginStep(core: Core, layer: LayerCode, now: number): void {
	core.step = layer;
	core.deadlines.arm(Deadline.STEP, stepMsOf(core), now);
	core.application.attention = true;
}

/** A step has taken too long. */
export function handleStepTimeout(core: Core, now: number): void {
	if (core.state !== StateCode.OPENING) return core.end(LayerCode.DEADLINE, ReasonCode.CONNACK_TIMEOUT, 0, now);
	// NAME_TIMEOUT, CONNECT_TIMEOUT, SECURITY_TIMEOUT, WEBSOCKET_TIMEOUT: each the first reason of its layer.
	core.end(core.step, 10 * core.step + 1, 0, now);
}
