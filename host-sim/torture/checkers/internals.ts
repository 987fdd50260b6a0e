/**
 * The one place of the simulation that looks inside of a client: its tables have to agree with each other after every
 * event. When the inside of the client changes, this file does, and nothing else.
 */
import type { Client } from "../../../firmware/index.js";
import type { Core } from "../../../firmware/client/connection/core.js";
import { RecordState } from "../../../firmware/client/session/outbox.js";
import type { Findings } from "./findings.js";

/** Where a client registers itself, and hands over its core. */
const REGISTRY = Symbol.for("xs-mqtt.clients");

/** Makes a client, and takes the core that it hands over when it registers. */
export function withCore(make: () => Client): { client: Client; core: Core } {
	const slots = globalThis as unknown as Record<symbol, { add(client: Client, core: Core): void } | undefined>;
	const before = slots[REGISTRY];
	let found: Core | undefined;
	slots[REGISTRY] = {
		add: (_client, core) => {
			found = core;
		},
	};
	try {
		const client = make();
		return { client, core: found! };
	} finally {
		slots[REGISTRY] = before;
	}
}

/** Looks at the tables of one client. */
export class InternalsChecker {
	readonly #core: Core;
	readonly #findings: Findings;

	constructor(core: Core, findings: Findings) {
		this.#core = core;
		this.#findings = findings;
	}

	/** QoS 0 publishes that wait. */
	get waitingQoS0(): number {
		return this.#core.session.outbox.countQoS0;
	}

	check(): void {
		this.#checkOutbox();
		const { session, settings, subscriptions, region } = this.#core;
		const { waiting, releasedCount, releasedSent, incoming } = session;
		this.#expect(waiting + releasedCount <= settings.inflight, "more in flight than the window");
		this.#expect(releasedSent >= 0 && releasedSent <= releasedCount, "PUBRELs sent that there are not");
		this.#expect(incoming.count <= settings.incomingQoS2, "more QoS 2 identifiers than there is room for");
		this.#expect(subscriptions.pending >= 0 && subscriptions.requested >= 0, "subscriptions counted below 0");
		this.#expect(subscriptions.pending + subscriptions.requested <= subscriptions.count, "subscriptions counted twice");
		this.#expect(region.size >= 0 && region.size <= settings.txBuffer, "bytes outside of the transmit region");
		this.#expect(region.ackCount >= 0 && region.ackCount <= 16, "acks outside of their ring");
	}

	#checkOutbox(): void {
		const { outbox, waiting } = this.#core.session;
		let count = 0;
		let countQoS0 = 0;
		let used = 0;
		let sent = 0;
		for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
			const state = outbox.state(record);
			if (outbox.size(record) <= 0) return this.#expect(false, "a record without size");
			if (state === RecordState.FREE) continue;
			count++;
			used += outbox.size(record);
			if (outbox.qos(record) === 0) countQoS0++;
			if (state !== RecordState.QUEUED) sent++;
		}
		const same = outbox.count === count && outbox.used === used && outbox.countQoS0 === countQoS0 && waiting === sent;
		this.#expect(same, "outbox counts");
		const { base, head, cursor, tail, limit } = outbox;
		this.#expect(base <= head && head <= cursor && cursor <= tail && tail <= limit, "outbox order");
	}

	#expect(fact: boolean, what: string): void {
		if (!fact) this.#findings.report("tables of the client", what);
	}
}
