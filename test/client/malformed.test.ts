import { describe, expect, it } from "vitest";
import { Command } from "../../firmware/client/connection/core.js";
import { LayerCode, ReasonCode, StateCode } from "../../firmware/client/terms/codes.js";
import { RecordState } from "../../firmware/client/session/outbox.js";
import { SubscriptionState } from "../../firmware/client/session/subscription-row.js";
import type { Harness } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";
import { malformed, type Malformed } from "../vectors/vectors.js";
import { packetsOf, serve } from "./model-server.js";
import { INCOMING_ID, prepared } from "./preconditions.js";

// Goal: every 3.1.1 entry of malformed.json leads to its stated reaction, wherever the bytes are cut and whatever follows.
// Method: the client is brought into the entry's precondition with something of everything that a session stores; the
// bytes come whole, in two pieces cut at every place, byte by byte, and each of these with PINGRESP, or with a PUBLISH,
// behind them. After a close the stored state is compared with that before, and the client has to reconnect and work.
//
// The choices that the list leaves open: M004 and M005, a Remaining Length longer than needed, are accepted; M054, a
// session that we know nothing of, is gone on with; M172 and M173, discouraged characters, are delivered; M016 closes;
// M273 and M279 are answered with PUBREL.

const entries = malformed.filter(({ version }) => version === "3.1.1");

/** What the client does with an entry that does not end the connection. */
interface Lenient {
	answer?: string;
	log?: string[];
	topics?: string[];
}

const LENIENT: Readonly<Record<string, Lenient>> = {
	M004: {},
	M005: { log: ["connected false"] },
	M054: { log: ["connected true"] },
	M172: { topics: ["a\u0001b"] },
	M173: { topics: ["a\uffff"] },
	M272: {},
	M273: { answer: ackHex(0x62, 0x1234) },
	M274: { answer: ackHex(0x70, 0x1234) },
	M275: {},
	M279: { answer: ackHex(0x62, 5) },
	M349: {},
	M353: {},
	M380: {},
};

/** Entries of class wait: what the missing bytes make of them. */
const COMPLETED: Readonly<Record<string, { rest: string; topics: string[] }>> = {
	M017: { rest: "00", topics: [] },
	M018: { rest: `01${"0003612f62"}${"70".repeat(123)}`, topics: ["a/b"] },
	M019: { rest: "612f62", topics: ["a/b"] },
};

/** Refusals: their return codes, which are reported as what the server said. */
const REFUSED: Readonly<Record<string, number>> = { M052: 0x05, M072: 0x06, M073: 0x80, M074: 0xff };

/** Sizes above our limit, reported as such; that of a CONNACK is wrong whatever the limit. */
const TOO_LARGE: Readonly<Record<string, number>> = { M016: 268_435_460 };

/** An entry, and the name of its test. */
function titled(entry: Malformed): [string, Malformed] {
	return [`${entry.id}: ${entry.why} ${entry.statements.map((id) => `[${id}]`).join(" ")}`.trim(), entry];
}

const lenient = entries.filter(({ id }) => id in LENIENT);
const waiting = entries.filter((entry) => entry.class === "wait");
const closing = entries.filter((entry) => entry.class !== "wait" && !(entry.id in LENIENT));

const PINGRESP = "d000";
const LATE = publishHex("late", "x", 1, 99);

/** The ways in which some bytes can come: whole, cut in two at every place, byte by byte. */
function waysOf(hex: string): string[][] {
	const ways = [[hex], hex.match(/../g)!];
	for (let at = 2; at < hex.length; at += 2) ways.push([hex.slice(0, at), hex.slice(at)]);
	return ways;
}

/** Lets pieces arrive, each in a turn of its own. Returns what is sent to them. */
function take(h: Harness, pieces: string[]): string {
	return pieces.map((piece) => h.exchange(piece)).join("");
}

/** Everything that a session stores, in a form that can be compared before and after the end of a connection. */
function stored(h: Harness): unknown {
	const { session, subscriptions, arena } = h.core;
	const { outbox } = session;
	const records: unknown[] = [];
	for (let record = outbox.head; record < outbox.tail; record = outbox.next(record)) {
		if (outbox.state(record) === RecordState.FREE) continue;
		records.push([outbox.packetId(record), outbox.state(record), outbox.qos(record)]);
	}
	const filters: unknown[] = [];
	for (let i = 0; i < subscriptions.count; i++) {
		const start = subscriptions.filterStart(i);
		const text = Buffer.from(arena.bytes.subarray(start, start + subscriptions.filterSize(i))).toString();
		let state = subscriptions.state(i);
		// A request without its ack is made again on the next connection.
		if (state === SubscriptionState.SUBSCRIBING || state === SubscriptionState.UNSUBSCRIBING) state--;
		filters.push([text, state, subscriptions.qos(i), subscriptions.handlers[i]]);
	}
	const incoming = [1, 5, INCOMING_ID, 0x1234, 99].filter((id) => session.incoming.has(id));
	return { records, filters, incoming, released: [...session.released.subarray(0, session.releasedCount)] };
}

/** What is reported when an entry ends the connection: layer, code, detail. */
function reportOf({ id, class: kind, hex }: Malformed): RegExp {
	if (id in REFUSED) {
		const code = id === "M052" ? ReasonCode.REFUSED_NOT_AUTHORIZED : ReasonCode.REFUSED_OTHER;
		return new RegExp(`^disconnected ${LayerCode.SERVER}/${code} ${REFUSED[id]} retry$`);
	}
	const layer = `^disconnected ${LayerCode.PROTOCOL}`;
	if (id in TOO_LARGE) return new RegExp(`${layer}/${ReasonCode.PACKET_TOO_LARGE} ${TOO_LARGE[id]} retry$`);
	const codes =
		kind === "protocol" ? `(${ReasonCode.MALFORMED_PACKET}|${ReasonCode.PROTOCOL_ERROR})` : ReasonCode.MALFORMED_PACKET;
	return new RegExp(`${layer}/${codes} ${parseInt(hex.slice(0, 2), 16)} retry$`);
}

/** The next connection comes about, what is left over is finished, and messages go both ways. */
function expectToWork(h: Harness, sessionPresent: boolean): void {
	serve(h, h.connect(sessionPresent));
	const { session, subscriptions } = h.core;
	expect([session.outbox.count, session.releasedCount, subscriptions.pending, subscriptions.requested]).toEqual([
		0, 0, 0, 0,
	]);
	h.log.length = h.seen.length = 0;
	const packetId = h.publish("out", "x", 1);
	const sent = packetsOf(h.sent());
	expect(sent.map(({ first, packetId: id }) => [first, id])).toEqual([[0x32, packetId]]);
	expect(h.exchange(ackHex(0x40, packetId))).toBe("");
	expect(h.exchange(publishHex("in", "y", 1, 300))).toBe(ackHex(0x40, 300));
	expect(h.log).toEqual([`delivered ${packetId}`]);
	expect(h.seen.map(({ topic, payload }) => [topic, payload])).toEqual([["in", "y"]]);
}

function expectClose(entry: Malformed, pieces: string[], reconnect: (h: Harness) => boolean): void {
	const h = prepared(entry);
	const before = stored(h);
	expect(take(h, pieces)).toBe("");
	expect(h.log).toEqual([expect.stringMatching(reportOf(entry))]);
	expect(h.seen).toEqual([]);
	expect(h.commands).toEqual([Command.CLOSE]);
	expect(h.core.state).toBe(StateCode.WAITING);
	expect(stored(h)).toEqual(before);
	// The entry came on a connection without a session where there was none before, or where one was not asked for.
	const sessionPresent = reconnect(h) && !h.core.settings.cleanSession;
	expectToWork(h, sessionPresent);
}

/** Reconnects at once. */
function byNetworkUp(): boolean {
	return true;
}

/** Waits for the back-off, and finds that the server has lost the session. */
function byBackoff(h: Harness): boolean {
	h.sleep();
	expect(h.core.state).toBe(StateCode.OPENING);
	return false;
}

describe("malformed input", () => {
	it("is all of the list", () => {
		expect(entries.length).toBe(120);
		expect(lenient.length).toBe(Object.keys(LENIENT).length);
		expect(waiting.map(({ id }) => id)).toEqual(Object.keys(COMPLETED));
		expect(closing.length).toBe(120 - lenient.length - waiting.length);
		for (const { id, class: kind, reaction } of closing) {
			expect([id, kind]).not.toContain("ignore");
			expect([id, reaction]).toEqual([id, expect.stringContaining("close")]);
		}
	});

	describe("ends the connection, and nothing else", () => {
		it.each(closing.map(titled))("%s", (_title, entry) => {
			for (const pieces of waysOf(entry.hex)) expectClose(entry, pieces, byNetworkUp);
			expectClose(entry, [entry.hex], byBackoff);
		});
	});

	describe("hides what stands behind it", () => {
		it.each(closing.map(titled))("%s", (_title, entry) => {
			for (const behind of [PINGRESP, LATE, `${entry.hex}${LATE}`]) {
				for (const pieces of waysOf(entry.hex)) {
					const last = pieces.length - 1;
					expectClose(entry, [...pieces.slice(0, last), pieces[last]! + behind], byNetworkUp);
				}
				expectClose(entry, (entry.hex + behind).match(/../g)!, byNetworkUp);
			}
		});
	});

	describe("that is harmless leaves the connection as it is", () => {
		it.each(lenient.map(titled))("%s", (_title, entry) => {
			const { answer = "", log = [], topics = [] } = LENIENT[entry.id]!;
			for (const behind of ["", PINGRESP, LATE]) {
				for (const pieces of waysOf(entry.hex + behind)) {
					const h = prepared(entry);
					const connecting = h.core.state === StateCode.CONNECTING;
					const sent = packetsOf(take(h, pieces));
					expect(h.core.state).toBe(StateCode.CONNECTED);
					expect(h.commands).toEqual([]);
					expect(h.log).toEqual(log);
					expect(h.seen.map(({ topic }) => topic)).toEqual(behind === LATE ? [...topics, "late"] : topics);
					const acks = answer + (behind === LATE ? ackHex(0x40, 99) : "");
					// What CONNACK sets free is looked at in other tests.
					const isNew = ({ first }: { first: number }): boolean => !connecting || first === 0x40;
					expect(
						sent
							.filter(isNew)
							.map(({ hex }) => hex)
							.join(""),
					).toBe(acks);
					h.lost();
					expectToWork(h, true);
				}
			}
		});
	});

	describe("that is only cut waits for more", () => {
		it.each(waiting.map(titled))("%s", (_title, entry) => {
			const { rest, topics } = COMPLETED[entry.id]!;
			for (const pieces of waysOf(entry.hex)) {
				const h = prepared(entry);
				const before = stored(h);
				expect(take(h, pieces)).toBe("");
				expect(h.core.state).toBe(StateCode.CONNECTED);
				expect([...h.log, ...h.seen, ...h.commands]).toEqual([]);
				expect(stored(h)).toEqual(before);
				expect(h.exchange(rest + PINGRESP)).toBe("");
				expect(h.seen.map(({ topic }) => topic)).toEqual(topics);
				expect(h.core.state).toBe(StateCode.CONNECTED);
			}
		});

		it.each(waiting.map(titled))("and is forgotten with its connection: %s", (_title, entry) => {
			const h = prepared(entry);
			const before = stored(h);
			h.receive(entry.hex);
			h.lost();
			expect(h.seen).toEqual([]);
			expect(h.log).toEqual([`disconnected ${LayerCode.TRANSPORT}/${ReasonCode.LINK_LOST} 0 retry`]);
			expect(stored(h)).toEqual(before);
			expectToWork(h, true);
		});
	});
});
