import { StateCode } from "./codes.js";

/**
 * Sets of states, a bit each by its number. The numbers are public and never change, so their order says nothing: a step that
 * is added at the end of StateCode joins the sets that it belongs to, and nothing compares states by size.
 */
export const enum States {
	/** A connection stands that packets go by, accepted or not. */
	LINKED = (1 << StateCode.CONNECTING) | (1 << StateCode.CONNECTED) | (1 << StateCode.STOPPING),
	/** There is an attempt or a connection, and it can end. */
	UNDER_WAY = LINKED | (1 << StateCode.OPENING),
}

/** Whether a connection stands that packets go by, accepted or not. Hot: no allocation. */
export function isLinked(state: StateCode): boolean {
	return ((1 << state) & States.LINKED) !== 0;
}

/** Whether there is an attempt or a connection that can end. */
export function isUnderWay(state: StateCode): boolean {
	return ((1 << state) & States.UNDER_WAY) !== 0;
}
