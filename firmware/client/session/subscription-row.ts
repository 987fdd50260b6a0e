import { Fixed } from "../setup/arena.js";

/** Where a subscription stands. */
export const enum SubscriptionState {
	FREE = 0,
	/** SUBSCRIBE is to be sent. */
	DECLARED = 1,
	/** SUBSCRIBE is sent, SUBACK is not here yet. */
	SUBSCRIBING = 2,
	ACTIVE = 3,
	REFUSED = 4,
	/** UNSUBSCRIBE is to be sent; the handler is gone. */
	ENDED = 5,
	/** UNSUBSCRIBE is sent. */
	UNSUBSCRIBING = 6,
}

/** Size of a row of the table of subscriptions. */
export const enum Row {
	WORDS = Fixed.SUBSCRIPTION_WORDS,
}

/**
 * The words of a row:
 *
 *     EXACT   STATE   OFFSET   SIZE   SKIP   FLAGS                            REQUEST
 *     bytes   state   arena    bytes  bytes  |31 position 16|15 flags 0|   |31 filters 16|15 packet identifier 0|
 *
 * The table stands in the arena from Fixed.SUBSCRIPTIONS on; the names are those words of the first row, so that the word of
 * row i is at `i * Row.WORDS + Column.…`, without a further sum on the hot paths.
 */
export const enum Column {
	/** Bytes of a filter without wildcards that messages are matched with now; else 0. First, for the hot loop. */
	EXACT = Fixed.SUBSCRIPTIONS,
	STATE = Fixed.SUBSCRIPTIONS + 1,
	/** Where the topic filter starts in the arena, a multiple of 4, and its bytes. */
	OFFSET = Fixed.SUBSCRIPTIONS + 2,
	SIZE = Fixed.SUBSCRIPTIONS + 3,
	/** Bytes in front of the part that is matched: those of `$share/{group}/`. */
	SKIP = Fixed.SUBSCRIPTIONS + 4,
	/** See Flag; above them, the place of the filter in the open request. */
	FLAGS = Fixed.SUBSCRIPTIONS + 5,
	/** The open request: its packet identifier, and with how many filters it was sent. */
	REQUEST = Fixed.SUBSCRIPTIONS + 6,
}

/** Bits of the word FLAGS. */
export const enum Flag {
	QOS_MASK = 3,
	/** It is matched by walking: it has a wildcard, or belongs to a shared subscription. */
	WILDCARD = 4,
	/** The handler takes messages in pieces. */
	STREAM = 8,
	/** The handler is being handed the pieces of the current message. */
	STREAMING = 16,
	/** SUBACK has come, and the application has not been told yet. */
	ANSWERED = 32,
	/** All of these. */
	MASK = 0xffff,
	/** Of the filter's place in the open request, from 0. */
	POSITION_SHIFT = 16,
}

/** Parts of the word REQUEST. */
export const enum RequestBits {
	PACKET_ID_MASK = 0xffff,
	FILTERS_SHIFT = 16,
	/** By how many identifiers another one is behind; half of them count as behind. */
	AGE_MASK = 0xffff,
	AGE_OLDER = 0x8000,
}

/** Whether a packet is to be sent for it. */
export function isPending(state: SubscriptionState): boolean {
	return state === SubscriptionState.DECLARED || state === SubscriptionState.ENDED;
}

/** Whether the ack of one is awaited. */
export function isRequested(state: SubscriptionState): boolean {
	return state === SubscriptionState.SUBSCRIBING || state === SubscriptionState.UNSUBSCRIBING;
}

/** The state once the packet of a pending one is sent. */
export function requestedOf(pending: SubscriptionState): SubscriptionState {
	return pending === SubscriptionState.DECLARED ? SubscriptionState.SUBSCRIBING : SubscriptionState.UNSUBSCRIBING;
}

/** The state of a requested one whose ack cannot come any more: the packet is to be sent again. */
export function pendingOf(requested: SubscriptionState): SubscriptionState {
	return requested === SubscriptionState.SUBSCRIBING ? SubscriptionState.DECLARED : SubscriptionState.ENDED;
}

/**
 * Whether messages are matched with it: also before SUBACK, because a session may deliver for a filter before we have asked
 * for it in this run of the program. Hot: no allocation.
 */
export function isMatched(state: SubscriptionState): boolean {
	return state >= SubscriptionState.DECLARED && state <= SubscriptionState.ACTIVE;
}
