// Read MQTT 3.1.1 §3.9 and §3.11 before changing this file.
import { SubackCode } from "../../codec/constants.js";
import type { Decoder } from "../../codec/decoder.js";
import { StatusCode } from "../../codec/status.js";
import { ProblemCode } from "../terms/codes.js";
import type { Link } from "./link.js";
import { CounterIndex } from "../terms/counters.js";
import { Deadline } from "../setup/deadlines.js";
import { SubscriptionState } from "../session/subscription-row.js";

/**
 * SUBACK (§3.9): one code per filter, in their order [MQTT-3.8.4-5]; also for those that have been ended or declared
 * again since, whose codes are nobody's. One for an unknown identifier is ignored, one that answers another request
 * ends the connection.
 *
 * in   start  where the packet starts in the arena
 * out  whether the connection stands
 *
 * Hot: no allocation.
 */
export function handleSuback(link: Link, decoder: Decoder, start: number): boolean {
	const { subscriptions, application } = link;
	const packetId = decoder.packetId;
	const count = subscriptions.countOfRequest(packetId, SubscriptionState.SUBSCRIBING);
	if (count === 0) return link.isExchange(packetId) ? link.refuse(decoder) : true;
	if (count !== decoder.payloadSize) return link.refuse(decoder);
	const codes = start + decoder.payloadStart;
	// All of them are settled before the first callback, which may change any subscription.
	for (let i = subscriptions.nextOfRequest(packetId, 0); i >= 0; i = subscriptions.nextOfRequest(packetId, i + 1)) {
		const refused = link.arena.bytes[codes + subscriptions.position(i)] === SubackCode.FAILURE;
		subscriptions.settle(i, refused ? SubscriptionState.REFUSED : SubscriptionState.ACTIVE);
	}
	for (let i = 0; i < subscriptions.count; i++) {
		// What a callback has ended or changed is not what this is the answer to. All others are told, also when a callback
		// has ended the connection: with the session kept, no other SUBACK would come.
		if (!subscriptions.takeAnswered(i)) continue;
		const code = link.arena.bytes[codes + subscriptions.position(i)]!;
		application.subscribed(i, code);
		if (code !== SubackCode.FAILURE) continue;
		link.counts.table[CounterIndex.SUBSCRIPTIONS_REFUSED]!++;
		application.problem(ProblemCode.SUBSCRIPTION_REFUSED, i);
	}
	link.handleRequestAcked();
	return link.linked;
}

/** UNSUBACK (§3.11); otherwise as handleSuback. Hot: no allocation. */
export function handleUnsuback(link: Link, decoder: Decoder): boolean {
	const { subscriptions } = link;
	const packetId = decoder.packetId;
	const count = subscriptions.countOfRequest(packetId, SubscriptionState.UNSUBSCRIBING);
	if (count < 0) return link.refuse(decoder);
	if (count === 0) return link.isExchange(packetId) ? link.refuse(decoder) : true;
	for (let index = 0; link.linked; index++) {
		index = subscriptions.nextOfRequest(packetId, index);
		if (index < 0) break;
		subscriptions.settle(index, SubscriptionState.FREE);
		link.application.room.entryFreed();
		link.application.unsubscribed(index);
	}
	link.handleRequestAcked();
	return link.linked;
}

/**
 * A subscription was declared or ended, or not.
 *
 * in   result     its index, or a status
 *      requested  entries that waited for an ack before
 * out  result
 */
export function noteRequest(link: Link, result: number, requested: number): number {
	const { subscriptions } = link;
	link.region.wake();
	if (result === (StatusCode.FULL as number)) link.application.room.subscriptionRefused();
	if (subscriptions.requested === requested) return result;
	// Nothing waits any more for the answer to what was asked about it before: the deadline, that of the oldest request, ends
	// with that.
	const packetId = subscriptions.packetId(result);
	if (subscriptions.nextOfRequest(packetId, 0) < 0 && !subscriptions.waitsForOlder(packetId)) {
		link.deadlines.clear(Deadline.ACK);
		// Those that are still waited for get theirs anew.
		link.region.requested = true;
	}
	return result;
}
