import type { Connection } from "../incoming/link.js";
import { Receiver } from "../incoming/receiver.js";
import { Publisher } from "../outgoing/publisher.js";
import type { Parts } from "../session/parts.js";
import { Session } from "../session/session.js";
import { TransmitRegion, type TransmitParts } from "../short-ways/transmit-region.js";

/** What Session is made from. */
export type SessionParts = Omit<Parts, "session" | "subscriptions">;

/** Makes the parts of a core that are of another kind when somebody observes the session. */
export interface PartMakers {
	/** in  firstId  where packet identifiers start */
	makeSession(parts: SessionParts, firstId: number): Session;
	makeRegion(parts: Parts): TransmitRegion;
	makePublisher(parts: TransmitParts): Publisher;
	makeReceiver(parts: TransmitParts, connection: Connection): Receiver;
}

/** Parts that know of no observer: so nobody asks whether there is one, and nothing for it is linked. */
export const PLAIN_PARTS: PartMakers = Object.freeze({
	makeSession({ settings, arena, application, counts }: SessionParts, firstId: number): Session {
		return new Session(settings, arena, application, counts, firstId);
	},
	makeRegion({ arena, settings, counts }: Parts): TransmitRegion {
		return new TransmitRegion(arena, settings, counts);
	},
	makePublisher(parts: TransmitParts): Publisher {
		return new Publisher(parts);
	},
	makeReceiver(parts: TransmitParts, connection: Connection): Receiver {
		return new Receiver(parts, connection);
	},
});
