/**
 * The one place of the simulation that reaches for the inside of a client: its tables have to agree with each other after
 * every event. What has to hold is said in `invariants.ts`.
 */
import type { Client } from "../../../firmware/index.js";
import type { Core } from "../../../firmware/client/connection/core.js";
import type { Findings } from "./findings.js";
import { invariants } from "./invariants.js";

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

	/** Reports every fact that does not hold. */
	check(): void {
		for (const what of invariants(this.#core)) this.#findings.report("tables of the client", what);
	}
}
