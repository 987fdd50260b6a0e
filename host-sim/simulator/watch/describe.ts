import { Problem } from "../../../firmware/client/terms/codes.js";
import type { EndedEvent, ProblemEvent, RefusedEvent, ThrewEvent, UnroutedEvent } from "./events.js";
import { layerName, problemName, reasonName, statusName } from "./names.js";

/** What can happen too often to be written down each time. */
export type FoldedEvent = RefusedEvent | ThrewEvent | ProblemEvent | UnroutedEvent;

/** What is the same in all events that are counted together, for people. */
export function kindText(event: FoldedEvent): string {
	switch (event.type) {
		case "refused":
			return `${event.call} refused: ${statusName(event.status)} (${event.status})`;
		case "threw":
			return event.inside ? "the library threw" : "a callback threw";
		case "problem":
			return problemKind(event.problem);
		case "unrouted":
			return "message without a handler, dropped";
	}
}

function problemKind(problem: number): string {
	const texts: Readonly<Record<number, string>> = {
		[Problem.MESSAGE_TOO_LARGE]: "message too large, dropped",
		[Problem.SUBSCRIPTION_REFUSED]: "subscription refused by the broker",
		[Problem.PUBLISH_DROPPED]: "publish dropped for a newer one",
		[Problem.DELIVERY_UNKNOWN]: "publish of a lost session, delivered or not",
		[Problem.SOURCE_FAILED]: "publish dropped, its source failed",
		[Problem.STOPPED_UNFINISHED]: "stopped with publishes unfinished",
	};
	const name = problemName(problem);
	const text = texts[problem];
	return text === undefined ? `problem: ${name}` : `${text}: ${name}`;
}

/** What an event says beside its kind, for people. */
export function detailText(event: FoldedEvent): string {
	switch (event.type) {
		case "refused": {
			const { call, subject, subjectSize, payloadSize } = event;
			const sent = ["publish", "publishStream"].includes(call) || (call === "send" && payloadSize > 0);
			const payload = sent && payloadSize >= 0 ? `payload of ${bytes(payloadSize)}` : "";
			return [subject === undefined ? "" : shown(subject, subjectSize), payload].filter(Boolean).join(", ");
		}
		case "threw":
			return event.error;
		case "problem":
			return problemDetail(event.problem, event.detail);
		case "unrouted":
			return `${shown(event.topic)}, payload of ${bytes(event.payloadSize)}`;
	}
}

function problemDetail(problem: number, detail: number): string {
	switch (problem) {
		case Problem.MESSAGE_TOO_LARGE:
			return `payload of ${bytes(detail)}, see rxBuffer`;
		case Problem.SUBSCRIPTION_REFUSED:
			return `subscription ${detail}`;
		case Problem.STOPPED_UNFINISHED:
			return `${detail} left`;
		default:
			return detail === 0 ? "QoS 0" : `id ${detail}`;
	}
}

/** Characters of a topic or filter in a line. */
const SHOWN_MAX = 40;

function shown(text: string, size = Buffer.byteLength(text)): string {
	return text.length <= SHOWN_MAX ? `"${text}"` : `"${text.slice(0, SHOWN_MAX)}…" (${bytes(size)})`;
}

/** A frame of the library or the simulator, and none of an example. */
const OURS = /\/dist\/(host-sim|firmware\/(base|client|codec|loop|transport|app\/client))|\(xs-mqtt[/)-]/;

/** Of a stack, what is above the library that has called the program. */
export function programFrames(stack: readonly string[]): readonly string[] {
	let count = stack.length;
	while (count > 0 && OURS.test(stack[count - 1]!)) count--;
	return count > 0 ? stack.slice(0, count) : stack;
}

function bytes(count: number): string {
	return `${count} byte${count === 1 ? "" : "s"}`;
}

/** The end of a connection or an attempt, for people. */
export function endText({ layer, code, detail, retryMs, wasConnected }: EndedEvent): string {
	const what = wasConnected ? "disconnected" : "not connected";
	const number = detail === 0 ? "" : `, detail ${detail}`;
	const next = retryMs < 0 ? "no further attempt" : `next attempt in ${retryMs} ms`;
	return `${what}: ${reasonName(code)} (${code}) of layer ${layerName(layer)}${number}; ${next}`;
}
