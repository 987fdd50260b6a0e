import type { SessionObserver } from "../../ports/store.js";
import type { Connection } from "../incoming/link.js";
import { ObservedReceiver } from "../incoming/observed-receiver.js";
import type { Receiver } from "../incoming/receiver.js";
import { ObservedPublisher } from "../outgoing/observed-publisher.js";
import type { Publisher } from "../outgoing/publisher.js";
import { ObservedSession } from "../session/observed-session.js";
import type { Parts } from "../session/parts.js";
import type { Session } from "../session/session.js";
import { ObservedRegion } from "../short-ways/observed-region.js";
import type { TransmitParts, TransmitRegion } from "../short-ways/transmit-region.js";
import type { PartMakers, SessionParts } from "./part-makers.js";

/** What an observer of the session has to have. */
const OBSERVER_METHODS = Object.freeze([
	"accepted",
	"sent",
	"released",
	"finished",
	"remembered",
	"forgotten",
	"nextId",
	"cleared",
] satisfies (keyof SessionObserver)[]);

/** Parts that tell an observer of the session. */
class ObservedParts implements PartMakers {
	private readonly _observer: SessionObserver;

	constructor(observer: SessionObserver) {
		this._observer = observer;
	}

	makeSession({ settings, arena, application, counts }: SessionParts, firstId: number): Session {
		return new ObservedSession(settings, arena, application, counts, firstId, this._observer);
	}

	makeRegion({ arena, settings, counts }: Parts): TransmitRegion {
		return new ObservedRegion(arena, settings, counts);
	}

	makePublisher(parts: TransmitParts): Publisher {
		return new ObservedPublisher(parts, parts.session as ObservedSession);
	}

	makeReceiver(parts: TransmitParts, connection: Connection): Receiver {
		return new ObservedReceiver(parts, connection);
	}
}

/**
 * Makes the value of the option `store`, which brings the parts with it that tell an observer: who does not import this links
 * nothing of them.
 *
 * in   observer  hears what the session of one client does; kept
 *
 * Throws TypeError when it lacks a method.
 */
export function observed(observer: SessionObserver): PartMakers {
	for (let i = 0; i < OBSERVER_METHODS.length; i++) {
		const name = OBSERVER_METHODS[i]!;
		if (typeof (observer as Partial<SessionObserver> | null | undefined)?.[name] !== "function")
			throw new TypeError(`store: the observer is without ${name}()`);
	}
	return new ObservedParts(observer);
}
