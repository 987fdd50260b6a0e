import { types } from "node:util";
import { inSource, type FindSource } from "../../world/escape.js";
import { errorText, stackLines, type WatchEvent } from "./events.js";
import type { Teller } from "./prototypes.js";

/** Of each kind so many are told at once, and later ones no more often than this: as on the XS host. */
const FIRST_MAX = 32;
const PAUSE_MS = 200;
/** Kinds that are counted apart; beyond them everything shares the last. */
const KEYS_MAX = 128;
/** Characters of a topic or filter that are told at most. */
const TEXT_MAX = 1000;

/** How often something has happened, and how often when it was told last. */
interface Tally {
	of: "refused" | "threw" | "problem" | "unrouted";
	client: number;
	name: string;
	code: number;
	count: number;
	told: number;
	toldMs: number;
}

/** Makes events of what the patched library tells on Node, bounded: see WatchEvent. */
export class EventTeller implements Teller {
	readonly #emit: (event: WatchEvent) => void;
	readonly #numberOf: (client: object) => number;
	readonly #findSource: FindSource;
	readonly #now: () => number;
	readonly #tallies = new Map<string, Tally>();
	/** The one for everything that has none of its own, once there are KEYS_MAX. */
	#last: Tally | undefined;
	readonly #counts = new Map<string, number>();

	/**
	 * in   numberOf    number of a client, from 1; 0 for one that is not known
	 *      emit        gets each event
	 *      findSource  for stacks
	 *      now         ms of the clock of the run
	 */
	constructor(
		numberOf: (client: object) => number,
		emit: (event: WatchEvent) => void,
		findSource: FindSource,
		now: () => number,
	) {
		this.#numberOf = numberOf;
		this.#emit = emit;
		this.#findSource = findSource;
		this.#now = now;
	}

	made(client: object): void {
		this.#emit({ type: "made", ...this.#each(client, "made") });
	}

	/** The run is about to be over; tells first what was left out. */
	stopping(client: object, state: number): void {
		this.flush();
		this.#emit({ type: "stopping", ...this.#each(client, "stopping"), state });
	}

	refused(client: object, call: string, status: number, subject: unknown, payload: unknown): void {
		const told = this.#tally("refused", client, call, status);
		if (!told) return;
		const text = subjectOf(subject);
		this.#emit({
			type: "refused",
			...told,
			call,
			status,
			subject: text?.slice(0, TEXT_MAX),
			subjectSize: text === undefined ? -1 : Buffer.byteLength(text),
			payloadSize: sizeOf(payload),
		});
	}

	threw(client: object, error: unknown, inside: boolean): void {
		const told = this.#tally("threw", client, "", Number(inside));
		if (told)
			this.#emit({ type: "threw", ...told, inside, error: describe(error), stack: stackOf(error, this.#findSource) });
	}

	problem(client: object, problem: number, detail: number): void {
		const told = this.#tally("problem", client, "", problem);
		if (told) this.#emit({ type: "problem", ...told, problem, detail });
	}

	unrouted(client: object, bytes: Uint8Array, start: number, size: number, total: number): void {
		const told = this.#tally("unrouted", client, "", 0);
		if (!told) return;
		const topic = Buffer.from(bytes.subarray(start, start + Math.min(size, TEXT_MAX))).toString();
		this.#emit({ type: "unrouted", ...told, topic, payloadSize: total });
	}

	connected(client: object, sessionPresent: boolean, cleanSession: boolean): void {
		this.#emit({ type: "connected", ...this.#each(client, "connected"), sessionPresent, cleanSession });
	}

	ended(client: object, layer: number, code: number, detail: number, retryMs: number, wasConnected: boolean): void {
		this.#emit({ type: "ended", ...this.#each(client, "ended"), layer, code, detail, retryMs, wasConnected });
	}

	/** Tells how often happened what was not told each time. */
	flush(): void {
		for (const tally of this.#tallies.values()) {
			if (tally.told === tally.count) continue;
			tally.told = tally.count;
			const { client, count, of, name, code } = tally;
			this.#emit({ type: "more", client, count, of, name, code });
		}
	}

	/** What is told every time. */
	#each(client: object, type: WatchEvent["type"]): { client: number; count: number } {
		const number = this.#numberOf(client);
		const count = (this.#counts.get(`${type} ${number}`) ?? 0) + 1;
		this.#counts.set(`${type} ${number}`, count);
		return { client: number, count };
	}

	/** What is told unless it happens too often; undefined then. */
	#tally(of: Tally["of"], client: object, name: string, code: number): { client: number; count: number } | undefined {
		const number = this.#numberOf(client);
		const key = `${of} ${number} ${name} ${code}`;
		let tally = this.#tallies.get(key) ?? this.#last;
		if (!tally) {
			tally = { of, client: number, name, code, count: 0, told: 0, toldMs: 0 };
			this.#tallies.set(key, tally);
			if (this.#tallies.size === KEYS_MAX) this.#last = tally;
		}
		tally.count++;
		const now = this.#now();
		if (tally.count > FIRST_MAX && now - tally.toldMs < PAUSE_MS) return undefined;
		tally.told = tally.count;
		tally.toldMs = now;
		return { client: number, count: tally.count };
	}
}

/** What a message or a subscription is called: text, or a Topic, whose field begins with two bytes of length. */
function subjectOf(subject: unknown): string | undefined {
	if (typeof subject === "string") return subject;
	const field = (subject as { field?: unknown } | null | undefined)?.field;
	return types.isUint8Array(field) ? Buffer.from(field.subarray(2)).toString() : undefined;
}

function sizeOf(payload: unknown): number {
	if (typeof payload === "string") return Buffer.byteLength(payload);
	if (types.isUint8Array(payload)) return payload.length;
	return typeof payload === "number" ? payload : -1;
}

function describe(error: unknown): string {
	if (types.isNativeError(error)) return errorText(error.name, error.message);
	try {
		return String(error);
	} catch {
		return "a value that cannot be described";
	}
}

/** Lines "at …" of an error, with places in sources, without what is Node's own: a program has no part in it. */
export function stackOf(error: unknown, findSource: FindSource): string[] {
	if (!types.isNativeError(error)) return [];
	return stackLines(String(error.stack))
		.filter((line) => !line.includes("node:"))
		.map((line) => inSource(line, findSource));
}
