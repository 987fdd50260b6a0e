import { expect } from "vitest";
import { ProblemCode } from "../../firmware/client/terms/codes.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

// What the tests of SUBSCRIBE and UNSUBSCRIBE share: filters of one letter, and identifiers that start at 1.

/** Identifiers start at 1, and the session outlives the connection. */
const FIRST_ID: HarnessOptions = { cleanSession: false, random: () => 0 };

/** Connected; nothing is subscribed to, and nothing has been said. */
export function connected(options: HarnessOptions = {}): Harness {
	const h = new Harness({ ...FIRST_ID, ...options });
	h.connect();
	h.log.length = 0;
	return h;
}

/** SUBACK: its identifier and a code for each filter. */
export function suback(packetId: number, ...codes: number[]): string {
	return Buffer.from([0x90, 2 + codes.length, packetId >> 8, packetId & 255, ...codes]).toString("hex");
}

export function unsuback(packetId: number): string {
	return ackHex(0xb0, packetId);
}

/** SUBSCRIBE with filters of one letter each. */
export function subscribeHex(packetId: number, filters: string, qos = 0): string {
	const body = [...filters].map((letter) => `0001${Buffer.from(letter).toString("hex")}0${qos}`).join("");
	return `82${(2 + body.length / 2).toString(16).padStart(2, "0")}${ackHex(0, packetId).slice(4)}${body}`;
}

/** UNSUBSCRIBE with filters of one letter each. */
export function unsubscribeHex(packetId: number, filters: string): string {
	const body = [...filters].map((letter) => `0001${Buffer.from(letter).toString("hex")}`).join("");
	return `a2${(2 + body.length / 2).toString(16).padStart(2, "0")}${ackHex(0, packetId).slice(4)}${body}`;
}

/** Filters of one letter each are asked for in one SUBSCRIBE, with identifier 1. */
export function subscribing(filters: string, options?: HarnessOptions): Harness {
	const h = connected(options);
	for (const letter of filters) h.subscribe(letter);
	expect(h.sent()).toBe(subscribeHex(1, filters));
	return h;
}

/** The same, and granted. */
export function subscribed(filters: string, options?: HarnessOptions): Harness {
	const h = subscribing(filters, options);
	h.exchange(suback(1, ...[...filters].map(() => 0)));
	h.log.length = 0;
	return h;
}

/** Names of SubscriptionState, in its order. */
const STATES = ["FREE", "DECLARED", "SUBSCRIBING", "ACTIVE", "REFUSED", "ENDED", "UNSUBSCRIBING"];

/** Where each subscription stands, e.g. "ACTIVE REFUSED". */
export function states(h: Harness): string {
	const { subscriptions } = h.core;
	return Array.from({ length: subscriptions.count }, (_, index) => STATES[subscriptions.state(index)]).join(" ");
}

export const REFUSED_PROBLEM = `problem ${ProblemCode.SUBSCRIPTION_REFUSED}`;

/** Topics of one letter that reach a handler when the server sends them. */
export function reached(h: Harness, letters: string): string {
	h.seen.length = 0;
	for (const letter of letters) h.receive(publishHex(letter, "x"));
	return h.seen.map(({ topic }) => topic).join("");
}
