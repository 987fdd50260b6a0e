import type { Topic } from "../../codec/topic.js";
import type { ObservedOutbox, ObservedSession } from "../session/observed-session.js";
import type { TransmitParts } from "../short-ways/transmit-region.js";
import type { PayloadSource } from "../terms/options.js";
import { Publisher } from "./publisher.js";

/**
 * A publisher that says when a publish is complete: see ObservedOutbox. A callback may publish in another way while room is
 * made for this one; so each says how it goes, and puts back what was. Hot: no allocation.
 */
export class ObservedPublisher extends Publisher {
	private readonly _observed: ObservedOutbox;

	constructor(parts: TransmitParts, session: ObservedSession) {
		super(parts);
		this._observed = session.observed;
	}

	override publishBytes(topic: Topic, payload: Uint8Array, qos: number, retain: boolean | undefined): number {
		const before = this.payloadFollows();
		return this.payloadIsThere(before, super.publishBytes(topic, payload, qos, retain));
	}

	protected override publishText(field: Uint8Array, text: unknown, qos: number, retain: boolean | undefined): number {
		const before = this.payloadFollows();
		return this.payloadIsThere(before, super.publishText(field, text, qos, retain));
	}

	/** A publish is about to be put into the outbox without its payload. Returns what was said before. */
	private payloadFollows(): boolean {
		const before = this._observed.payloadFollows;
		this._observed.payloadFollows = true;
		return before;
	}

	/** Its payload is there, if it was accepted. Returns `packetId`. */
	private payloadIsThere(before: boolean, packetId: number): number {
		this._observed.payloadFollows = before;
		if (packetId > 0) this._observed.tellAccepted(packetId);
		return packetId;
	}

	override publishStream(
		topic: Topic | string,
		total: number,
		source: PayloadSource,
		qos: number,
		retain: boolean | undefined,
	): number {
		const outbox = this._observed;
		const before = outbox.payloadFollows;
		outbox.payloadFollows = false;
		const packetId = super.publishStream(topic, total, source, qos, retain);
		outbox.payloadFollows = before;
		return packetId;
	}

	override finishCompose(topic: Topic, qos: number, retain: boolean, start: number, size: number): number {
		const outbox = this._observed;
		const before = outbox.payloadFollows;
		outbox.payloadFollows = false;
		const packetId = super.finishCompose(topic, qos, retain, start, size);
		outbox.payloadFollows = before;
		return packetId;
	}
}
