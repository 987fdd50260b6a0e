// Goal: `invariants` sees every wrong state that the short ways could be led into.
// Method: a client in a state of its own, in which every fact holds; one field is made wrong; just that is said.
import { describe, expect, it } from "vitest";
import { Leaving, Work } from "../../firmware/client/short-ways/transmit-region.js";
import type { Core } from "../../firmware/client/connection/core.js";
import { Topic } from "../../firmware/codec/topic.js";
import { invariants } from "../../host-sim/torture/checkers/invariants.js";
import { Harness, inState, type HarnessOptions } from "../support/core-harness.js";
import { ackHex } from "../support/hex.js";

/** A field that TypeScript keeps from others. */
type Inside = Record<string, number | boolean>;

const idle = (options: HarnessOptions = {}): Harness => inState.connected({ firstId: 10, inflight: 2, ...options });

/** With this many publishes sent and not acknowledged. */
function sent(qos: number, count = 1, options: HarnessOptions = {}): Harness {
	const h = idle(options);
	for (let i = 0; i < count; i++) h.publish("t", "x", qos);
	h.sent();
	return h;
}

/** A publish whose source has nothing more: half of its packet is written. */
function half(): Harness {
	const h = idle();
	h.core.publisher.publishStream("t", 10, { read: () => 0 }, 1, false);
	h.sent();
	return h;
}

/** With a PUBREL that waits for PUBCOMP. */
function released(): Harness {
	const h = sent(2);
	h.exchange(ackHex(0x50, 10));
	return h;
}

/** DISCONNECT is written. */
function left(): Harness {
	const h = idle();
	h.stop();
	h.fill();
	return h;
}

function subscribed(): Harness {
	const h = idle();
	h.subscribe("a", 1);
	h.sent();
	return h;
}

/** What is said, the state in which it is made wrong, and how. */
const WRONG: [string, () => Harness, (core: Core) => void][] = [
	["a record without size", () => sent(1), ({ session: { outbox } }) => (outbox.words[outbox.head >> 2] = 0)],
	["outbox counts", () => sent(1), ({ session: { outbox } }) => outbox.count++],
	["outbox counts", () => sent(1), ({ session }) => (session.waiting = 0)],
	["outbox order", () => sent(1), ({ session: { outbox } }) => (outbox.cursor = outbox.tail + 8)],
	["an empty outbox that does not start at its base", idle, ({ session: { outbox } }) => moved(outbox, 8)],
	["a head that is free", () => sent(1, 2), ({ session: { outbox } }) => outbox.setState(outbox.head, 0)],
	["a record behind the cursor that was not sent", () => sent(1), unsent],
	["DUP in a publish that was not sent", queued, ({ session: { outbox } }) => outbox.setDup(outbox.cursor, true)],
	["more in flight than the window", () => sent(1, 2), ({ session }) => (session.waiting = 3)],
	["a window of another size", idle, ({ session }) => (session.window = 3)],
	["a window that is wider than the option", idle, ({ session }) => (session.windowMax = 3)],
	["PUBRELs sent that there are not", idle, ({ session }) => (session.releasedSent = 1)],
	["more QoS 2 identifiers than there is room for", idle, ({ session: { incoming } }) => (incoming.count = 1_000)],
	["subscriptions counted below 0", idle, ({ subscriptions }) => (subscriptions.pending = -1)],
	["subscriptions counted twice", subscribed, ({ subscriptions }) => (subscriptions.requested = 2)],
	["identifiers out of range", idle, ({ session }) => (session.nextId = 0)],
	["an identifier for two exchanges", () => sent(1, 2), sameId],
	["an identifier in use below freeEnd", () => sent(1), ({ session }) => (session.nextId = 10)],
	["an identifier of a request below freeEnd", subscribed, ({ session }) => (session.nextId = 10)],
	["an identifier that does not suit its QoS", () => sent(1), noId],
	["bytes outside of the transmit region", idle, ({ region, settings }) => (region.size = settings.txBuffer + 1)],
	["acks outside of their ring", idle, ({ region }) => (region.ackCount = 17)],
	["open without an accepted connection", () => inState.connecting(), ({ region }) => (region.open = true)],
	["stopping without leaving", left, ({ region }) => (region.leaving = Leaving.NO)],
	["leaving without stopping", idle, ({ region }) => (region.leaving = Leaving.DUE)],
	["blocked without its deadline", idle, (core) => (core.blocked = true)],
	["something is left of a connection that has ended", () => inState.waiting(), ({ region }) => (region.size = 1)],
	["direct without an open connection", () => inState.waiting(), ({ region }) => (region.direct = true)],
	["direct in the middle of a packet", half, ({ region }) => (region.direct = true)],
	["direct while a payload is composed", composing, ({ region }) => (region.direct = true)],
	["direct past a QoS 0 publish that waits", waitingQoS0, ({ region }) => (region.direct = true)],
	["direct while leaving", () => inState.stopping(), ({ region }) => (region.direct = true)],
	["a boundary within a PUBLISH", half, ({ region }) => (region.boundary = true)],
	["a boundary within CONNECT", connectCut, ({ region }) => (region.boundary = true)],
	["a boundary behind DISCONNECT", left, ({ region }) => (region.boundary = true)],
	["watched", idle, ({ region }) => (region.watched = true)],
	["watched", left, ({ region }) => (region.watched = false)],
	["alone is another record", () => sent(1, 2), ({ session: { outbox } }) => (outbox.alone = outbox.tags(outbox.head))],
	["alone is another record", () => sent(1), ({ session: { outbox } }) => (outbox.alone += 1 << 16)],
	["alone is a record with a source", streamed, ({ session: { outbox } }) => (outbox.alone = outbox.tags(outbox.head))],
	["alone is a record that is not out", () => sent(1), ({ session: { outbox } }) => outbox.rewind()],
	[
		"alone is a record that waits for no ack",
		queued,
		({ session: { outbox } }) => (outbox.alone = outbox.tags(outbox.head)),
	],
	[
		"alone without an open connection",
		() => lost(),
		({ session: { outbox } }) => (outbox.alone = outbox.tags(outbox.head)),
	],
	[
		"alone while leaving",
		() => inState.stopping(),
		({ session: { outbox } }) => (outbox.alone = outbox.tags(outbox.head)),
	],
	["no work, and a rest of CONNECT", connectCut, ({ region }) => (region.work = Work.NONE)],
	["no work, and a rest of a PUBLISH", half, (core) => ((core.sender as unknown as Inside)["_sourceDry"] = false)],
	[
		"no work, and no boundary although no packet is half written",
		idle,
		({ region }) => (region.boundary = region.direct = false),
	],
	["no work, and acks that wait", idle, ({ region }) => (region.ackCount = 1)],
	[
		"no work, and DISCONNECT is to be sent",
		() => asked((h) => void h.stop()),
		({ region }) => (region.work = Work.NONE),
	],
	["no work, and PINGREQ is to be sent", idle, (core) => ((core.sender as unknown as Inside)["_pingDue"] = true)],
	["no work, and PUBRELs are to be sent", released, ({ session }) => (session.releasedSent = 0)],
	[
		"no work, and requests are to be sent",
		() => asked((h) => void h.subscribe("a", 1)),
		({ region }) => (region.work = Work.NONE),
	],
	["no work, and a QoS 0 publish that waits", waitingQoS0, ({ region }) => (region.work = Work.NONE)],
	["no work, and a publish that waits within the window", queued, ({ region }) => (region.work = Work.NONE)],
];

function moved(outbox: { head: number; cursor: number; tail: number }, by: number): void {
	outbox.head = outbox.cursor = outbox.tail += by;
}

function unsent({ session }: Core): void {
	session.outbox.setState(session.outbox.head, 1);
}

function sameId({ session: { outbox } }: Core): void {
	const second = outbox.next(outbox.head);
	outbox.setTags(second, outbox.tags(outbox.head));
}

function noId({ session: { outbox } }: Core): void {
	outbox.setTags(outbox.head, outbox.tags(outbox.head) & 0xffff);
}

/** Something was asked for, and nothing has been filled yet. */
function asked(ask: (h: Harness) => void): Harness {
	const h = idle();
	ask(h);
	return h;
}

/** A QoS 1 publish of text waits for the turn. */
function queued(): Harness {
	return asked((h) => void h.publish("t", "x", 1));
}

/** So does one at QoS 0: a payload was being composed. */
function waitingQoS0(): Harness {
	return asked((h) => {
		h.core.region.setComposing(true);
		h.core.region.setComposing(false);
		h.core.shortPublisher.publish(new Topic("t"), Uint8Array.of(1), 0, false);
	});
}

function composing(): Harness {
	const h = asked(({ core }) => void core.publisher.startCompose(new Topic("t"), 1));
	h.sent();
	return h;
}

/** A streamed publish that was sent whole. */
function streamed(): Harness {
	const h = idle();
	h.publishStream("t", 3, 1);
	h.sent();
	return h;
}

function lost(): Harness {
	const h = sent(1);
	h.lost();
	return h;
}

/** CONNECT is longer than the region. */
function connectCut(): Harness {
	const h = inState.opening({ clientId: "c".repeat(100), txBuffer: 64 });
	h.core.handleOpened(h.now);
	h.fill();
	return h;
}

describe("invariants", () => {
	it.each(WRONG)("sees: %s", (what, make, spoil) => {
		const h = make();
		expect(invariants(h.core)).toEqual([]);
		spoil(h.core);
		expect(invariants(h.core)).toContain(what);
	});
});
