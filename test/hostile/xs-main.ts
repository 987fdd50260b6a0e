// Runs on the XS host: every entry, in every state and in every way, each between two samples of the engine's counters.
import config from "mc/config";
import * as counters from "xs-host/counters";
import { BEHIND, Kind, Subject, type Entry } from "./subject.js";

interface Given extends Omit<Entry, "bytes"> {
	readonly hex: string;
}

function entryOf({ hex, ...rest }: Given): Entry {
	const bytes = new Uint8Array(hex.length >> 1);
	for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
	return { ...rest, bytes };
}

function start(): void {
	const given = (config as unknown as { entries: Given[] }).entries;
	let subject: Subject | undefined;
	for (const each of given) {
		const entry = entryOf(each);
		const isFirst = entry.kind === Kind.FIRST_CONNECT;
		for (const variant of entry.variants) {
			if (!isFirst) {
				subject = new Subject(entry);
				// The warm-up: what is made once is made now.
				subject.prepare(variant, 0);
				subject.react(0);
				subject.recover();
			}
			for (let behind = 0; behind < BEHIND.length; behind++) {
				const sums: string[] = [];
				for (let way = 0, ways = 1; way < ways; way++) {
					if (isFirst) subject = new Subject(entry);
					subject!.prepare(variant, behind);
					ways = subject!.ways;
					counters.begin(1);
					subject!.react(way);
					subject!.recover();
					counters.end(1);
					const took = `${counters.slots(1)}/${counters.chunkBytes(1)}/${counters.collections(1)}`;
					sums.push(`${subject!.trace.sum.toString(16)}:${took}`);
				}
				trace(`${entry.id} ${variant} ${behind} ${sums.join(" ")}\n`);
			}
			subject!.client.stop();
		}
	}
}

export default start;
