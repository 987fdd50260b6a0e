import type { SessionObserver } from "../../ports/store.js";
import type { Connection } from "../incoming/link.js";
import { ObservedReceiver } from "../incoming/observed-receiver.js";
import { Receiver } from "../incoming/receiver.js";
import { ObservedPublisher } from "../outgoing/observed-publisher.js";
import { Publisher } from "../outgoing/publisher.js";
import { ObservedSession } from "../session/observed-session.js";
import type { Parts } from "../session/parts.js";
import { Session } from "../session/session.js";
import { ObservedRegion } from "../short-ways/observed-region.js";
import { TransmitRegion, type TransmitParts } from "../short-ways/transmit-region.js";

// Parts that tell an observer of the session stand in for those that know of none: so nobody asks whether there is one.

/** in  store  the option of this name */
export function makeSession(
	{ settings, arena, application, counts }: Omit<Parts, "session" | "subscriptions">,
	firstId: number,
	store: SessionObserver | undefined,
): Session {
	return store === undefined
		? new Session(settings, arena, application, counts, firstId)
		: new ObservedSession(settings, arena, application, counts, firstId, store);
}

/** The region for this session. */
export function makeRegion({ session, arena, settings, counts }: Parts): TransmitRegion {
	return session instanceof ObservedSession
		? new ObservedRegion(arena, settings, counts)
		: new TransmitRegion(arena, settings, counts);
}

/** The publisher for this session. */
export function makePublisher(parts: TransmitParts): Publisher {
	const { session } = parts;
	return session instanceof ObservedSession ? new ObservedPublisher(parts, session) : new Publisher(parts);
}

/** The receiver for this session. */
export function makeReceiver(parts: TransmitParts, connection: Connection): Receiver {
	return parts.session instanceof ObservedSession
		? new ObservedReceiver(parts, connection)
		: new Receiver(parts, connection);
}
