/** Which messages `sub` handles: -R, -T, --retained-only, --random-filter. */
import type { Message } from "../../firmware/client/terms/message.js";
import { UsageError } from "../terminal/exit.js";

/** Options of `sub`. */
export interface SelectionFlags {
	R?: true;
	filterOut?: string[];
	retainedOnly?: true;
	randomFilter?: number;
}

/** What is to be done with a message. */
export const enum Choice {
	PRINT = 0,
	/** It counts, and is not printed. */
	COUNT = 1,
	/** As if it had not come, but that it is cleared by --remove-retained. */
	PASS_OVER = 2,
	/** As if it had not come. */
	IGNORE = 3,
	/** The command is at its end. */
	END = 4,
}

/** Decides once for each message; all pieces of one PUBLISH packet have the same fate. */
export class Selection {
	readonly #flags: SelectionFlags;
	readonly #filterOut: readonly string[];

	/** Throws UsageError for options that contradict each other, and filters that are none. */
	constructor(flags: SelectionFlags) {
		this.#flags = flags;
		this.#filterOut = flags.filterOut ?? [];
		if (flags.R && flags.retainedOnly) throw new UsageError("-R and --retained-only exclude each other");
		for (const filter of this.#filterOut) {
			if (!isFilter(filter)) throw new UsageError(`-T: ${JSON.stringify(filter)}: the topic filter is not valid`);
		}
	}

	/** in  topicName  called when it is needed */
	choose(message: Message, topicName: () => string): Choice {
		if (this.#flags.retainedOnly && !message.retain) return Choice.END;
		if (this.#filterOut.length > 0) {
			const name = topicName();
			if (this.#filterOut.some((filter) => matches(filter, name))) return Choice.IGNORE;
		}
		if (this.#flags.R && message.retain) return Choice.PASS_OVER;
		const { randomFilter } = this.#flags;
		return randomFilter !== undefined && Math.random() * 100 >= randomFilter ? Choice.COUNT : Choice.PRINT;
	}
}

/** MQTT 3.1.1, 4.7.1: # stands for whole levels at the end, + for one whole level. */
function isFilter(filter: string): boolean {
	const levels = filter.split("/");
	return (
		filter !== "" &&
		levels.every((level, at) => !/[#+]/.test(level) || level === "+" || (level === "#" && at === levels.length - 1))
	);
}

/** Whether a topic name matches a filter (MQTT 3.1.1, 4.7). */
export function matches(filter: string, topicName: string): boolean {
	// [MQTT-4.7.2-1]
	if (topicName.startsWith("$") && /^[#+]/.test(filter)) return false;
	const wanted = filter.split("/");
	const levels = topicName.split("/");
	for (const [at, level] of wanted.entries()) {
		if (level === "#") return true;
		if (at >= levels.length || (level !== "+" && level !== levels[at])) return false;
	}
	return wanted.length === levels.length;
}
