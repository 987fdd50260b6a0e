import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";
import type { Malformed } from "../vectors/vectors.js";

/** An incoming QoS 2 message that every connected client below has received, and whose PUBREL has not come. */
export const INCOMING_ID = 0x7777;

/** Random numbers that make `packetId` the first identifier that a client takes. */
function startingAt(packetId: number): () => number {
	return () => (packetId - 0.5) / 65_535;
}

/** The identifier that is `count` before this one; 65535 comes before 1. */
function before(packetId: number, count: number): number {
	return ((packetId - 1 - count + 65_535) % 65_535) + 1;
}

function harness(nextId: number, options: HarnessOptions = {}): Harness {
	return new Harness({ cleanSession: false, random: startingAt(nextId), ...options });
}

/**
 * Connected, with something of everything that a session stores, so that its loss would be seen: a subscription that
 * gets any message, a QoS 1 publish without its PUBACK, an incoming QoS 2 message without its PUBREL.
 *
 * in   nextId  the identifier that the next request takes
 */
function connected(nextId: number, options?: HarnessOptions): Harness {
	const first = before(nextId, 2);
	const h = harness(first, options);
	h.subscribe("#", 2);
	h.connect();
	h.exchange(`9003${ackHex(0, first).slice(4)}02`);
	h.publish("kept", "k", 1);
	h.sent();
	h.exchange(publishHex("kept", "k", 2, INCOMING_ID));
	return h;
}

/** As connected, but the link is gone and the CONNECT of the next one is sent. */
function waitingForConnack(options?: HarnessOptions): Harness {
	const h = connected(3, options);
	h.lost();
	h.core.networkUp(h.now);
	h.core.takeCommand();
	h.opened();
	return h;
}

/** The first CONNECT of a client is sent. */
function firstConnect(options: HarnessOptions): Harness {
	const h = harness(1, options);
	h.subscribe("#", 2);
	h.start().opened();
	return h;
}

function published(packetId: number, qos: number): Harness {
	const h = connected(packetId);
	h.publish("open", "o", qos);
	h.sent();
	return h;
}

function released(packetId: number): Harness {
	const h = published(packetId, 2);
	h.exchange(ackHex(0x50, packetId));
	return h;
}

function received(packetId: number): Harness {
	const h = connected(packetId);
	h.exchange(publishHex("open", "o", 2, packetId));
	return h;
}

function subscribing(packetId: number, count: number): Harness {
	const h = connected(packetId);
	for (let i = 0; i < count; i++) h.subscribe(`f/${i}`);
	h.sent();
	return h;
}

function unsubscribing(packetId: number): Harness {
	const h = connected(before(packetId, 1));
	h.subscribe("f/0");
	h.sent();
	h.exchange(`9003${ackHex(0, before(packetId, 1)).slice(4)}00`);
	h.core.unsubscribe("f/0");
	h.sent();
	return h;
}

/** An exchange with this identifier that waits for a packet of this type. */
function openExchange(type: number, packetId: number): Harness {
	switch (type) {
		case 4:
			return published(packetId, 1);
		case 5:
			return published(packetId, 2);
		case 6:
			return received(packetId);
		case 7:
			return released(packetId);
		case 9:
			return subscribing(packetId, 1);
		case 11:
			return unsubscribing(packetId);
		default:
			throw new Error(`no exchange waits for packets of type ${type}`);
	}
}

const LIMITED = { maximumPacketSize: 4096 };

const BUILDERS: Readonly<Record<string, (type: number) => Harness>> = {
	connected: () => connected(3),
	"our limit is 4096 bytes": () => connected(3, LIMITED),
	"CONNECT sent, waiting for CONNACK": () => waitingForConnack(),
	"CONNECT sent, waiting for CONNACK; our limit is 4096 bytes": () => waitingForConnack(LIMITED),
	"CONNECT sent, waiting for CONNACK with CleanSession=1": () => firstConnect({ cleanSession: true }),
	"CONNECT sent, waiting for CONNACK with CleanSession=0, no stored state": () => firstConnect({}),
	"an exchange with identifier 1 of the fitting kind is open": (type) => openExchange(type, 1),
	"an exchange with identifier 5 of the fitting kind is open": (type) => openExchange(type, 5),
	"QoS 2 PUBLISH id 1 received, PUBREC sent": () => received(1),
	"nothing open under 0x1234": () => connected(3),
	"nothing received under 0x1234": () => connected(3),
	"our QoS 2 PUBLISH id 5 waits for PUBREC": () => published(5, 2),
	"our QoS 1 PUBLISH id 6 waits for PUBACK": () => published(6, 1),
	"our PUBREL id 5 waits for PUBCOMP": () => released(5),
	"our SUBSCRIBE id 7 waits for SUBACK": () => subscribing(7, 1),
	"our SUBSCRIBE id 7 waits": () => subscribing(7, 1),
	"our SUBSCRIBE id 7 with one filter waits": () => subscribing(7, 1),
	"our SUBSCRIBE id 7 with two filters waits": () => subscribing(7, 2),
	"our UNSUBSCRIBE id 8 waits": () => unsubscribing(8),
	"no PINGREQ outstanding": () => connected(3),
};

/** A client in the state that the entry starts from. What it has reported and received so far is forgotten. */
export function prepared(entry: Malformed): Harness {
	const build = BUILDERS[entry.precondition];
	if (!build) throw new Error(`${entry.id}: no builder for "${entry.precondition}"`);
	const h = build(parseInt(entry.hex[0]!, 16));
	if (!h.core.linked) throw new Error(`${entry.id}: the precondition does not stand`);
	h.sent();
	h.log.length = h.seen.length = h.commands.length = 0;
	return h;
}
