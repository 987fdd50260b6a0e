import { describe, expect, it } from "vitest";
import type { Core } from "../../firmware/client/connection/core.js";
import { SubscriptionState } from "../../firmware/client/session/subscription-row.js";
import { hexOf } from "../support/hex.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { bytesOfVector, payloadOf, textOf, vectorsOf, type Vector } from "../vectors/vectors.js";
import { expectBytes } from "./guarded.js";

// Goal: the packets that the codec does not write by itself, byte for byte: SUBSCRIBE and UNSUBSCRIBE, which stand
// together from filters in the arena, PINGREQ and DISCONNECT, which are two constants, and a PUBLISH that is sent again.
// Method: the vectors, through the part of the client that writes them; guard bytes around requests.

const vectors = vectorsOf("3.1.1", "client->server");

function vectorsNamed(packet: string): readonly Vector[] {
	return vectors.filter(({ fields }) => fields.packet === packet);
}

function vectorNamed(name: string): Vector {
	const found = vectors.find((vector) => vector.name === name);
	if (!found) throw new Error(`no vector ${name}`);
	return found;
}

/** Room for the longest filter there is, and a little more. */
const LARGE: HarnessOptions = { filterBytes: 65_535, txBuffer: 70_000, subscriptions: 8 };

const GUARD = 0xa5;
const GUARD_SIZE = 8;

/**
 * Lets the subscriptions write one request of `size` bytes into the transmit region, with guard bytes around it and
 * `room` bytes to write to.
 */
function writeRequest(core: Core, size: number, packetId: number, room = size): Uint8Array {
	const { bytes } = core.arena;
	const { offset: txOffset, limit: txLimit } = core.region;
	bytes.fill(GUARD, txOffset, txLimit);
	const start = txOffset + GUARD_SIZE;
	const end = core.subscriptions.writeRequest(start, start + room, packetId);
	const written = bytes.slice(start, end);
	const guards = [...bytes.subarray(txOffset, start), ...bytes.subarray(end, end + GUARD_SIZE)];
	expect(guards).toEqual(new Array(2 * GUARD_SIZE).fill(GUARD));
	return written;
}

function subscribeAll(core: Core, subscriptions: readonly { filter: string; qos: number }[]): void {
	for (const [index, { filter, qos }] of subscriptions.entries()) {
		expect(core.subscribe(filter, qos, () => {}, false)).toBe(index);
	}
}

/** Subscriptions that the server knows, and that are to end. */
function endAll(core: Core, filters: readonly string[]): void {
	const { subscriptions, region } = core;
	subscribeAll(
		core,
		filters.map((filter) => ({ filter, qos: 0 })),
	);
	subscriptions.writeRequest(region.offset, region.limit, 1);
	filters.forEach((_, index) => subscriptions.settle(index, SubscriptionState.ACTIVE));
	for (const filter of filters) expect(core.unsubscribe(filter)).toBe(0);
}

describe("packets of a client", () => {
	it("are all tried somewhere", () => {
		const elsewhere = ["CONNECT", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"];
		const here = ["SUBSCRIBE", "UNSUBSCRIBE", "PINGREQ", "DISCONNECT"];
		expect(new Set(vectors.map(({ fields }) => fields.packet))).toEqual(new Set([...elsewhere, ...here]));
	});
});

describe("writeRequest, SUBSCRIBE", () => {
	const subscribes = vectorsNamed("SUBSCRIBE");

	it.each(subscribes)("writes $name [MQTT-3.8.1-1] [MQTT-3.8.3-3] [MQTT-3.8.3-4]", (vector) => {
		const { core } = new Harness(LARGE);
		const given = (vector.fields.subscriptions ?? []).map(({ filter, qos }) => ({ filter: textOf(filter), qos }));
		subscribeAll(core, given);
		expectBytes(writeRequest(core, vector.length, vector.fields.packetId ?? 0), bytesOfVector(vector));
	});

	it.each(subscribes)("writes $name into a byte less only as far as whole filters fit", (vector) => {
		const { core } = new Harness(LARGE);
		const given = (vector.fields.subscriptions ?? []).map(({ filter, qos }) => ({ filter: textOf(filter), qos }));
		subscribeAll(core, given);
		const written = writeRequest(core, vector.length, 1, vector.length - 1);
		const last = given.at(-1)?.filter ?? "";
		expect(written.length).toBe(given.length === 1 ? 0 : vector.length - 3 - Buffer.byteLength(last));
		expect(core.subscriptions.pending).toBe(1);
	});
});

describe("writeRequest, UNSUBSCRIBE", () => {
	const unsubscribes = vectorsNamed("UNSUBSCRIBE");

	it.each(unsubscribes)("writes $name [MQTT-3.10.1-1]", (vector) => {
		const { core } = new Harness();
		endAll(core, vector.fields.filters ?? []);
		expectBytes(writeRequest(core, vector.length, vector.fields.packetId ?? 0), bytesOfVector(vector));
	});

	it.each(unsubscribes)("writes $name into a byte less only as far as whole filters fit", (vector) => {
		const { core } = new Harness();
		const filters = vector.fields.filters ?? [];
		endAll(core, filters);
		const written = writeRequest(core, vector.length, 1, vector.length - 1);
		expect(written.length).toBe(filters.length === 1 ? 0 : vector.length - 2 - (filters.at(-1)?.length ?? 0));
		expect(core.subscriptions.pending).toBe(1);
	});
});

describe("a core that is connected", () => {
	it("sends PINGREQ when it has been silent [MQTT-3.1.2-23]", () => {
		const h = new Harness();
		h.connect();
		h.sleep();
		while (h.core.connected && h.core.region.size === 0) h.sleep();
		expect(h.sent()).toBe(hexOf(bytesOfVector(vectorNamed("v311-pingreq"))));
	});

	it("sends DISCONNECT when it is stopped, and nothing else [MQTT-3.14.1-1] [MQTT-3.14.4-2]", () => {
		const h = new Harness();
		h.connect();
		expect(h.stop().sent()).toBe(hexOf(bytesOfVector(vectorNamed("v311-disconnect"))));
		expect(h.sent()).toBe("");
	});

	it("sets DUP when it sends a PUBLISH again, and changes nothing else [MQTT-3.3.1-1]", () => {
		const vector = vectorNamed("v311-publish-qos2-dup");
		const { topic = "", qos = 0, packetId = 0 } = vector.fields;
		const h = new Harness({ cleanSession: false, random: () => (packetId - 0.5) / 65_535 });
		h.connect();
		expect(h.publish(textOf(topic), payloadOf(vector.fields), qos)).toBe(packetId);
		const first = h.sent();
		expect(first).toBe(hexOf(bytesOfVector(vector)).replace(/^3c/, "34"));
		h.lost();
		expect(h.connect(true)).toBe(hexOf(bytesOfVector(vector)));
	});
});
