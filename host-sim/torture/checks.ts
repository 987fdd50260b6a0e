import type { VirtualClock } from "../world/virtual-clock.js";
import { ConductChecker } from "./checkers/conduct.js";
import { EndingChecker } from "./checkers/endings.js";
import { Findings } from "./checkers/findings.js";
import { IncomingChecker } from "./checkers/incoming.js";
import { LivenessChecker } from "./checkers/liveness.js";
import { OutgoingChecker } from "./checkers/outgoing.js";
import { TurnChecker } from "./checkers/turns.js";
import type { Setup } from "./setup.js";

/** The checkers of one run, each of which looks after one kind of promise, and what they have found. */
export interface Checks {
	readonly findings: Findings;
	readonly outgoing: OutgoingChecker;
	readonly incoming: IncomingChecker;
	readonly conduct: ConductChecker;
	readonly endings: EndingChecker;
	readonly liveness: LivenessChecker;
	readonly turns: TurnChecker;
}

/** Makes the checkers for a device with these options. */
export function makeChecks({ options }: Setup, clock: VirtualClock): Checks {
	const { rxBuffer, inflight, resendsMax, stopTimeoutMs } = options as Required<typeof options>;
	const findings = new Findings(() => clock.now());
	const outgoing = new OutgoingChecker(findings, options.outboxFull !== "refuse", resendsMax > 0);
	const incoming = new IncomingChecker(findings, { rxBuffer });
	const acknowledgeTooLarge = options.tooLarge === "acknowledge";
	const conduct = new ConductChecker(findings, { inflight, rxBuffer, acknowledgeTooLarge }, outgoing, incoming);
	const { pingTimeoutMs, connectTimeoutMs, ackTimeoutMs, reconnectMaxMs, holdOffMs } = options as Required<
		typeof options
	>;
	const keepAliveMs = options.keepAlive! * 1_000;
	const deadlines = { connectTimeoutMs, ackTimeoutMs, reconnectMaxMs, holdOffMs };
	const endings = new EndingChecker(findings, {
		...deadlines,
		reconnect: options.reconnect,
		pingTimeoutMs: keepAliveMs > 0 ? Math.min(keepAliveMs / 2, pingTimeoutMs) : pingTimeoutMs,
	});
	const liveness = new LivenessChecker(findings, { ...deadlines, keepAliveMs, pingTimeoutMs, stopTimeoutMs });
	const turns = new TurnChecker(findings);
	turns.onOpen = () => endings.opened();
	return { findings, outgoing, incoming, conduct, endings, liveness, turns };
}
