import { Problem } from "../../../firmware/client/terms/codes.js";
import type { Packet } from "../../brokers/model/packets.js";
import { isContent, serialOf } from "./content.js";
import type { Findings } from "./findings.js";

/** One publish of the device, from the call to its end. */
export interface Outgoing {
	readonly serial: number;
	readonly topic: string;
	readonly qos: number;
	readonly retain: boolean;
	/** Bytes of the payload. */
	readonly size: number;
	/** Packet identifier; 0 at QoS 0, and until it is known. */
	id: number;
	/** "asked" until the call has returned. */
	state: "asked" | "open" | "delivered" | "refused" | "dropped" | "unknown" | "cancelled";
	/** How often the server has passed it on. */
	reached: number;
	/** Another publish was made while the call was under way: which of them comes first is not said. */
	unordered: boolean;
}

/** Half the packet identifiers: what is this far ahead counts as before. */
const HALF = 32_768;
const PACKET_ID_MAX = 65_535;

/** Whether an identifier was given out after another one, not long ago; they wrap from 65,535 to 1. */
export function isLaterId(id: number, than: number): boolean {
	const distance = (id - than + PACKET_ID_MAX) % PACKET_ID_MAX;
	return distance > 0 && distance < HALF;
}

/**
 * Publishes of the device: QoS 1 reaches the server's subscribers at least once, QoS 2 exactly once for each session of
 * the server, QoS 0 at most once; in order for each topic and QoS; each accepted QoS 1 or 2 publish ends once, by
 * onDelivered or by a report of its loss; what was refused is not sent.
 */
export class OutgoingChecker {
	readonly #findings: Findings;
	/** By serial number. */
	readonly messages: Outgoing[] = [];
	/** Accepted QoS 1 and 2 publishes that have not ended, by packet identifier. */
	readonly open = new Map<number, Outgoing>();
	/** Whether the option for a full outbox lets waiting publishes go. */
	readonly #mayDrop: boolean;
	/** Whether the option resendsMax lets publishes go that connections end with. */
	readonly #mayGiveUp: boolean;
	/** Where each topic and QoS stands: serial number at QoS 0, else identifier. */
	readonly #last = new Map<string, number>();
	/** Per session of the server: QoS 2 messages that it has passed on. */
	readonly #once = new Set<string>();
	/** Accepted; ended by onDelivered; QoS 0 accepted; of these seen by the server. */
	readonly counts = { accepted: 0, delivered: 0, acceptedQoS0: 0, dropped: 0, refusedFull: 0 };
	/** Publishes whose source failed, or that gave way, before the call that made them has returned their identifier. */
	readonly #early = new Set<number>();
	/** Calls that are under way, each from within a callback of the one before. */
	readonly #asking: Outgoing[] = [];

	constructor(findings: Findings, mayDrop: boolean, mayGiveUp = false) {
		this.#findings = findings;
		this.#mayDrop = mayDrop;
		this.#mayGiveUp = mayGiveUp;
	}

	/** The device is about to publish; `deferred`: not yet, it composes the payload first. */
	ask(topic: string, qos: number, retain: boolean, size: number, deferred = false): Outgoing {
		if (!deferred && this.#asking.length > 0) this.#asking[0]!.unordered = true;
		const message: Outgoing = {
			serial: this.messages.length,
			topic,
			qos,
			retain,
			size,
			id: 0,
			state: "asked",
			reached: 0,
			unordered: deferred || this.#asking.length > 0,
		};
		this.messages.push(message);
		if (!deferred) this.#asking.push(message);
		return message;
	}

	/** What was deferred is published now. */
	askNow(message: Outgoing): void {
		this.#asking.push(message);
	}

	/** The call has returned: a packet identifier, 0 at QoS 0, or a negative status. */
	answer(message: Outgoing, result: number): void {
		if (this.#asking.at(-1) === message) this.#asking.pop();
		if (result < 0) {
			message.state = "refused";
			this.#findings.expect(message.reached === 0, "refused but sent", () => describe(message));
			return;
		}
		message.state = "open";
		if (message.qos === 0) {
			this.counts.acceptedQoS0++;
			this.#findings.expect(result === 0, "identifier at QoS 0", () => `${describe(message)}: ${result}`);
			return;
		}
		this.counts.accepted++;
		const valid = Number.isInteger(result) && result >= 1 && result <= PACKET_ID_MAX;
		this.#findings.expect(valid, "identifier out of range", () => `${describe(message)}: ${result}`);
		const other = this.open.get(result);
		this.#findings.expect(other === undefined, "identifier in use", () => `${result}: ${describe(other!)}`);
		this.#findings.expect(message.id === 0 || message.id === result, "identifier on the wire", () => `${result}`);
		message.id = result;
		if (this.#early.delete(result)) message.state = "dropped";
		else this.open.set(result, message);
	}

	/** onDelivered. */
	delivered(id: number): void {
		const message = this.#end(id, "delivered", "delivered without being open");
		if (message === undefined) return;
		this.counts.delivered++;
		this.#findings.expect(message.reached > 0, "delivered but never there", () => describe(message));
	}

	/** The device takes back a publish that is open. */
	cancelled(id: number): Outgoing | undefined {
		return this.#end(id, "cancelled", "cancelled without being open");
	}

	/** It was over already, and the application is told of that next. */
	restore(message: Outgoing): void {
		message.state = "open";
		this.open.set(message.id, message);
	}

	/** onProblem with a code that says that a publish is over. */
	problem(problem: number, id: number): void {
		if (problem === Problem.PUBLISH_DROPPED) {
			this.counts.dropped++;
			this.#findings.expect(this.#mayDrop, "dropped without the option for it", () => `id ${id}`);
			if (id > 0) this.#end(id, "dropped", "dropped without being open");
		} else if (problem === Problem.SOURCE_FAILED) {
			if (id > 0) this.#end(id, "dropped", "source failed without being open");
		} else if (problem === Problem.PUBLISH_GIVEN_UP) {
			this.#findings.expect(this.#mayGiveUp, "given up without the option for it", () => `id ${id}`);
			if (id > 0) this.#end(id, "dropped", "given up without being open");
		} else if (problem === Problem.DELIVERY_UNKNOWN) {
			const message = this.#end(id, "unknown", "unknown without being open");
			this.#findings.expect((message?.qos ?? 2) === 2, "unknown at QoS 1", () => describe(message!));
		}
	}

	#end(id: number, state: Outgoing["state"], rule: string): Outgoing | undefined {
		const message = this.open.get(id);
		if (message === undefined && state === "dropped" && this.#asking.length > 0) {
			this.#early.add(id);
			return undefined;
		}
		this.#findings.expect(message !== undefined, rule, () => `id ${id}`);
		if (message === undefined) return undefined;
		this.open.delete(id);
		message.state = state;
		return message;
	}

	/** The publish that a packet on the wire is; everything about it has to be as the device has said it. */
	identify(packet: Packet): Outgoing | undefined {
		const message = this.messages[serialOf("c", packet.topic, packet.payload)];
		if (message === undefined) {
			this.#findings.report("message of nobody", `${packet.topic}, ${packet.payload.length} bytes`);
			return undefined;
		}
		const { topic, qos, retain, size, serial, state } = message;
		const same = topic === packet.topic && qos === packet.qos && retain === packet.retain;
		const whole = size === packet.payload.length && isContent("c", serial, 0, packet.payload);
		this.#findings.expect(same && whole, "message changed", () => describe(message));
		this.#findings.expect(state !== "refused", "refused but sent", () => describe(message));
		return message;
	}

	/** The server passes a message on. `incarnation`: which session of it, for QoS 2. */
	published(packet: Packet, incarnation: number): void {
		const message = this.messages[serialOf("c", packet.topic, packet.payload)];
		if (message === undefined) return;
		const { serial, qos, topic } = message;
		if (message.reached++ === 0) this.#checkOrder(message, `${qos}${topic.replace(/c\d+$/, "")}`);
		if (qos === 0) this.#findings.expect(message.reached === 1, "QoS 0 twice", () => describe(message));
		if (qos !== 2) return;
		const key = `${incarnation}:${serial}`;
		this.#findings.expect(!this.#once.has(key), "QoS 2 twice in one session", () => describe(message));
		this.#once.add(key);
	}

	#checkOrder(message: Outgoing, stream: string): void {
		const place = message.qos === 0 ? message.serial : message.id;
		if (place === 0 && message.qos > 0) return;
		const last = this.#last.get(stream);
		this.#last.set(stream, place);
		if (last === undefined || (message.unordered && message.qos === 0)) return;
		const later =
			message.qos === 0 ? place > last || (this.messages[last]?.unordered ?? false) : isLaterId(place, last);
		this.#findings.expect(later, "out of order at the server", () => `${describe(message)}, after ${last}`);
	}
}

/** A publish, for people. */
export function describe({ serial, topic, qos, size, id, state, reached }: Outgoing): string {
	return `publish c${serial} to ${topic}, QoS ${qos}, ${size} bytes, id ${id}: ${state}, reached the server ${reached} times`;
}
