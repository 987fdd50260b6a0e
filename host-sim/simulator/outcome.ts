import { Exit, UsageError } from "../terminal/exit.js";
import { nearest } from "../terminal/nearest.js";
import { isUnconnected, type ClientWatch } from "./watch/monitor.js";
import { layerName, reasonName } from "./watch/names.js";
import type { RunOptions, RunResult } from "./run-options.js";
import type { ClientReport } from "./report.js";

/** What `--fail-on` can name, and how a run that had it says so. */
const FAILURES = {
	refused: (watch: ClientWatch) => counted(sum(watch.refused), "call", "was refused", "were refused"),
	threw: (watch: ClientWatch) => counted(watch.threw, "exception", "was thrown", "were thrown"),
	dropped: (watch: ClientWatch) =>
		counted(problems(watch, "PUBLISH_DROPPED", "SOURCE_FAILED"), "publish", "was dropped", "were dropped"),
	"too-large": (watch: ClientWatch) =>
		counted(problems(watch, "MESSAGE_TOO_LARGE"), "message", "was too large", "were too large"),
	unrouted: (watch: ClientWatch) => counted(watch.unrouted, "message", "had no handler", "had no handler"),
	unfinished: (watch: ClientWatch) =>
		problems(watch, "STOPPED_UNFINISHED") > 0 ? "stopped with publishes unfinished" : undefined,
	"session-lost": (watch: ClientWatch) => counted(watch.sessionsLost, "session", "was lost", "were lost"),
	"subscription-refused": (watch: ClientWatch) =>
		counted(problems(watch, "SUBSCRIPTION_REFUSED"), "subscription", "was refused", "were refused"),
	// A failure in any case; the name is there so that a list can say all that matters.
	unconnected: () => undefined,
} as const satisfies Readonly<Record<string, (watch: ClientWatch) => string | undefined>>;

/** A name of FAILURES. */
export type FailureName = keyof typeof FAILURES;

/** The names, in the order of the help. */
export const FAILURE_NAMES = Object.keys(FAILURES) as readonly FailureName[];

/** Reads the list of `--fail-on`. Throws UsageError that lists the names. */
export function failureNames(text: string): FailureName[] {
	return text.split(",").map((part) => {
		const name = part.trim();
		if (Object.hasOwn(FAILURES, name)) return name as FailureName;
		const guess = nearest(name, FAILURE_NAMES);
		const hint = guess === undefined ? "" : `; did you mean ${guess}?`;
		throw new UsageError(
			`--fail-on: there is no ${JSON.stringify(name)}${hint} One or more of ${FAILURE_NAMES.join(",")}`,
		);
	});
}

/**
 * What makes a run that came to its end a failure, for people: a client without a connection, what `--fail-on` names,
 * fewer deliveries than `--expect-delivered` says.
 */
export function failuresOf(result: RunResult, watches: readonly ClientWatch[], options: RunOptions): string[] {
	const failures: string[] = [];
	watches.forEach((watch, index) => {
		// One that the program's engine did not come to report has a number only.
		const clientId = result.clients[index]?.clientId;
		const who = `client ${clientId === undefined ? watch.client : JSON.stringify(clientId)}`;
		if (isUnconnected(watch)) failures.push(`${who} ${unconnectedText(watch)}`);
		for (const name of options.failOn ?? []) {
			const text = FAILURES[name](watch);
			if (text !== undefined) failures.push(`--fail-on ${name}: ${who}: ${text}`);
		}
	});
	const expected = options.expectDelivered;
	const delivered = deliveredBy(result.clients);
	if (expected !== undefined && delivered < expected) {
		failures.push(`--expect-delivered ${expected}: ${delivered} publishes of QoS 1 and 2 were delivered`);
	}
	return failures;
}

/** Puts failures into a result. A run that an exception ended has failed already, and nothing is said of its rest. */
export function judge(result: RunResult, watches: readonly ClientWatch[], options: RunOptions): RunResult {
	if (result.exitCode !== Exit.OK) return result;
	const failures = failuresOf(result, watches, options);
	return { ...result, failures, exitCode: failures.length > 0 ? Exit.FAILED : Exit.OK };
}

function deliveredBy(clients: readonly ClientReport[]): number {
	return clients.reduce((count, { counters }) => count + (counters["DELIVERED"] ?? 0), 0);
}

function unconnectedText({ connects, lastEnd }: ClientWatch): string {
	const what = connects === 0 ? "was never connected" : "was not connected at the end";
	return lastEnd === undefined ? what : `${what}: ${reasonName(lastEnd.code)} of layer ${layerName(lastEnd.layer)}`;
}

function sum(counts: Readonly<Record<string, number>>): number {
	return Object.values(counts).reduce((total, count) => total + count, 0);
}

function problems(watch: ClientWatch, ...names: string[]): number {
	return names.reduce((total, name) => total + (watch.problems[name] ?? 0), 0);
}

function counted(count: number, what: string, one: string, several: string): string | undefined {
	if (count === 0) return undefined;
	return count === 1 ? `1 ${what} ${one}` : `${count} ${what.replace(/sh$/, "she")}s ${several}`;
}
