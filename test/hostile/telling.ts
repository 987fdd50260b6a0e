import { hexOf } from "../support/hex.js";
import { EventCode, type Trace } from "./trace.js";

/** What a trace says, in words: one list for what was sent, one for the rest. */
export interface Told {
	readonly events: string[];
	readonly sent: string;
}

const NAMES = Object.keys(EventCode).map((name) => name.toLowerCase());

/** Reads the numbers of a trace, from `from` to `to`. */
export function tell({ numbers }: Trace, from: number, to: number): Told {
	const events: string[] = [];
	let sent = "";
	for (let at = from; at < to;) {
		const code = numbers[at]!;
		const a = numbers[at + 1]!;
		const b = numbers[at + 2]!;
		at += 3;
		if (code === EventCode.SENT) {
			sent += hexOf(Uint8Array.from(numbers.subarray(at, at + a)));
			at += a;
		} else if (code === EventCode.MESSAGE) events.push(`message ${(a >> 16).toString(16)} ${a & 0xffff}`);
		else if (code === EventCode.FINAL) events.push(`${events.pop() ?? ""} final`);
		else events.push(`${NAMES[code - 1] ?? code} ${a} ${b}`);
	}
	return { events, sent };
}
