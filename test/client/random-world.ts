import { expect } from "vitest";
import { Problem, State } from "../../firmware/client/terms/codes.js";
import { Command } from "../../firmware/client/connection/core.js";
import type { Message } from "../../firmware/client/terms/message.js";
import { invariants } from "../../host-sim/torture/checkers/invariants.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, bytesOf, publishHex } from "../support/hex.js";

/** A publish of ours that is not complete, as the bytes on the wire and the reports of the core tell. */
interface Open {
	payload: string;
	qos: number;
	/** PUBREL has been sent: it may not be published again. */
	released: boolean;
	/** The connection on which PUBLISH was sent last, and its place among all that were sent for the first time. */
	connection: number;
	place: number;
}

/**
 * A server that keeps sessions, and a link that takes and gives as many bytes as it is told to. It follows every packet
 * of the client, and throws when one may not be sent.
 */
export class RandomWorld {
	readonly h: Harness;
	/** Publishes that the core has accepted. */
	readonly accepted: { payload: string; qos: number }[] = [];
	/** How often each payload of ours has reached the server's subscribers, and of the server's our handlers. */
	readonly reached = new Map<string, number>();
	readonly handled = new Map<string, number>();
	/** Messages of the server, by payload; those of a session that is lost are gone. */
	readonly serverSent = new Map<string, number>();
	sessionLosses = 0;
	/** The server forgets the session before the next connection. */
	forget = false;
	#hasSession = false;
	#opening = false;
	#connection = 0;
	#accepted = false;
	#disconnected = false;
	/** Bytes of the client that are no whole packet yet, and of the server that the client has not taken yet. */
	#partial: number[] = [];
	#toClient: number[] = [];
	readonly #open = new Map<number, Open>();
	#place = 0;
	#lastResent = -1;
	#newSent = false;
	/** This connection goes on with the session of one before. */
	#resumed = false;
	/** Acks that the server owes on this connection. */
	#owed: string[] = [];
	/** QoS 2 identifiers between PUBLISH and PUBREL, as the server knows them. */
	readonly #incoming = new Set<number>();
	/** The server's own QoS 1 and 2 messages. */
	readonly #outgoing = new Map<number, { topic: string; payload: string; qos: number; released: boolean }>();
	/** Acks that the client owes on this connection, each kind in its order. */
	readonly #expected = { 0x40: [] as number[], 0x50: [] as number[], 0x70: [] as number[] };
	#serverCount = 0;
	#pieces = "";
	#logged = 0;

	constructor(options: HarnessOptions) {
		this.h = new Harness({ cleanSession: false, txBuffer: 64, rxBuffer: 64, readSize: 16, packetLog: 0, ...options });
		const whole = (message: Message): void => this.#handle(message.text());
		const pieces = (message: Message): void => {
			if (message.offset === 0) this.#pieces = "";
			expect(message.offset).toBe(this.#pieces.length);
			this.#pieces += message.text();
			if (this.#pieces.length === message.total) this.#handle(this.#pieces);
		};
		this.h.subscribe("in/+", 2, whole);
		this.h.subscribe("big", 2, pieces, true);
		this.h.start();
		this.#obey();
	}

	#handle(payload: string): void {
		this.handled.set(payload, (this.handled.get(payload) ?? 0) + 1);
	}

	publish(size: number, qos: number): void {
		const payload = `c${this.accepted.length} `.padEnd(size, "x");
		if (this.h.publish("out", payload, qos) >= 0) this.accepted.push({ payload, qos });
	}

	/** The server publishes. */
	send(size: number, qos: number): void {
		if (!this.#accepted) return;
		const topic = size > 50 ? "big" : "in/1";
		const payload = `s${this.#serverCount++} `.padEnd(size, "x");
		this.serverSent.set(payload, qos);
		let id = 1;
		while (this.#outgoing.has(id)) id++;
		if (qos > 0) this.#outgoing.set(id, { topic, payload, qos, released: false });
		this.#push(publishHex(topic, payload, qos, id));
		if (qos > 0) this.#expected[qos === 1 ? 0x40 : 0x50].push(id);
	}

	/** The server acknowledges: one of what it owes, whichever. */
	acknowledge(index: number): void {
		if (this.#owed.length > 0) this.#push(this.#owed.splice(index % this.#owed.length, 1)[0]!);
	}

	/** The server says something that nobody waits for, or that may end the connection. */
	say(first: number, id: number): void {
		if (!this.#accepted) return;
		this.#push(ackHex(first, id));
		if (first === 0x62) this.#expected[0x70].push(id);
	}

	/** The link takes up to `max` bytes. */
	write(max: number): void {
		const { core } = this.h;
		if (!core.linked) return;
		this.h.fill();
		this.#obey();
		const size = Math.min(core.region.size, max);
		const { offset } = core.region;
		expect(core.region.size).toBeLessThanOrEqual(64);
		if (size === 0) {
			if (core.region.size > 0) core.handleBlocked(this.h.now);
			return;
		}
		this.#partial.push(...core.arena.bytes.subarray(offset, offset + size));
		core.handleSent(size, this.h.now);
		this.#takePackets();
		this.#obey();
	}

	/** The link gives up to `max` bytes. */
	read(max: number): void {
		const { core } = this.h;
		if (!core.linked) return;
		if (core.receiver.stalled) {
			this.write(Infinity);
			if (core.linked && core.region.ackCount === 0) core.handleBytes(0, this.h.now);
		} else {
			const count = Math.min(this.#toClient.length, core.settings.readSize, max);
			if (count === 0) return;
			core.arena.bytes.set(this.#toClient.splice(0, count), core.receiver.landing);
			core.handleBytes(count, this.h.now);
		}
		this.#obey();
	}

	lose(): void {
		this.h.lost();
		this.#obey();
		this.#drop();
	}

	pass(ms: number): void {
		this.h.pass(ms);
		this.#obey();
	}

	stop(): void {
		this.h.stop();
		this.#obey();
	}

	/** The next connection comes about, if one is being made; else it is asked for. */
	connect(): void {
		const { core, now } = this.h;
		core.start(now);
		core.networkUp(now);
		this.#obey();
		if (!this.#opening) return;
		this.#opening = false;
		this.#connection++;
		core.handleOpened(now);
	}

	/** Everything is read, written and acknowledged until nothing is left to do. */
	settle(): void {
		for (let i = 0; i < 10_000; i++) {
			if (!this.h.core.linked) this.connect();
			this.read(Infinity);
			this.write(Infinity);
			const { core } = this.h;
			const bytes = this.#toClient.length + core.region.size + this.#partial.length;
			const open = this.#open.size + this.#outgoing.size + this.#owed.length + core.session.outbox.count;
			if (core.state === State.CONNECTED && bytes === 0 && open === 0) return;
			this.acknowledge(0);
		}
		throw new Error("the world does not come to rest");
	}

	/** What has to hold after every step. */
	check(): void {
		expect(invariants(this.h.core)).toEqual([]);
		expect(this.h.core.counters[12]).toBe(0);
		for (const [payload, qos] of this.serverSent) {
			if (qos !== 1) expect(this.handled.get(payload) ?? 0).toBeLessThanOrEqual(1);
		}
	}

	#obey(): void {
		const { core } = this.h;
		for (const command of [...this.h.takeCommands(), core.takeCommand()]) {
			// A driver that is to open closes what is open first.
			if (command !== Command.NONE) this.#drop();
			if (command === Command.OPEN) this.#opening = true;
		}
		for (; this.#logged < this.h.log.length; this.#logged++) {
			const [what, first, second] = this.h.log[this.#logged]!.split(" ");
			// Not before: a client that never hears of a new session takes it for the old one (a gap in 3.1.1).
			if (what === "connected") this.#hasSession = true;
			if (what === "delivered") expect(this.#open.delete(Number(first))).toBe(true);
			// Given up: with the server's session, or by the policy for a full outbox.
			const gone = [Problem.DELIVERY_UNKNOWN, Problem.PUBLISH_DROPPED] as number[];
			if (what === "problem" && gone.includes(Number(first))) this.#open.delete(Number(second));
		}
	}

	#drop(): void {
		this.#accepted = this.#disconnected = this.#newSent = false;
		this.#partial = [];
		this.#toClient = [];
		this.#owed = [];
		this.#lastResent = -1;
		for (const list of Object.values(this.#expected)) list.length = 0;
	}

	#push(hex: string): void {
		this.#toClient.push(...bytesOf(hex));
	}

	#takePackets(): void {
		for (;;) {
			const bytes = this.#partial;
			if (bytes.length < 2) return;
			const long = bytes[1]! > 127;
			if (long && bytes.length < 3) return;
			const size = (long ? 3 : 2) + (long ? (bytes[1]! & 127) | (bytes[2]! << 7) : bytes[1]!);
			if (bytes.length < size) return;
			const packet = bytes.splice(0, size);
			this.#take(packet[0]!, packet.slice(long ? 3 : 2));
		}
	}

	#take(first: number, body: number[]): void {
		expect(this.#disconnected).toBe(false);
		const id = (body[0]! << 8) | body[1]!;
		if (first === 0x10) return this.#takeConnect();
		if (first === 0xe0) {
			this.#disconnected = true;
			return;
		}
		expect(this.#accepted).toBe(true);
		if (first === 0xc0) this.#push("d000");
		else if (first >> 4 === 3) this.#takePublish(first, body);
		else if (first === 0x82) this.#push(`9004${ackHex(0, id).slice(4)}0202`);
		else if (first === 0x62) this.#takePubrel(id);
		else this.#takeAck(first as 0x40, id);
	}

	#takeConnect(): void {
		expect(this.#accepted).toBe(false);
		const present = this.#hasSession && !this.forget;
		if (!present) {
			this.sessionLosses++;
			// What was released is over; what was not is sent as new.
			for (const [id, open] of this.#open) if (open.released || open.connection === 0) this.#open.delete(id);
			for (const { payload } of this.#outgoing.values()) this.serverSent.delete(payload);
			this.#outgoing.clear();
			this.#incoming.clear();
			for (const open of this.#open.values()) open.connection = 0;
		}
		this.forget = false;
		this.#hasSession = present;
		this.#accepted = true;
		this.#resumed = present;
		this.#push(present ? "20020100" : "20020000");
		for (const [id, { topic, payload, qos, released }] of this.#outgoing) {
			this.#push(released ? ackHex(0x62, id) : publishHex(topic, payload, qos, id, 8));
			this.#expected[released ? 0x70 : qos === 1 ? 0x40 : 0x50].push(id);
		}
	}

	#takePublish(first: number, body: number[]): void {
		const qos = (first >> 1) & 3;
		const topicSize = (body[0]! << 8) | body[1]!;
		const id = qos > 0 ? (body[2 + topicSize]! << 8) | body[3 + topicSize]! : 0;
		const payload = Buffer.from(body.slice(2 + topicSize + (qos > 0 ? 2 : 0))).toString();
		expect(this.accepted.some((each) => each.payload === payload && each.qos === qos)).toBe(true);
		if (qos > 0) this.#follow(id, qos, payload, (first & 8) !== 0);
		else expect(first & 8).toBe(0);
		if (qos < 2 || !this.#incoming.has(id)) this.reached.set(payload, (this.reached.get(payload) ?? 0) + 1);
		if (qos === 1) this.#owed.push(ackHex(0x40, id));
		if (qos !== 2) return;
		this.#incoming.add(id);
		this.#owed.push(ackHex(0x50, id));
	}

	/** What a client may do with a packet identifier. */
	#follow(id: number, qos: number, payload: string, dup: boolean): void {
		expect(id).toBeGreaterThan(0);
		const open = this.#open.get(id);
		if (!open || open.connection === 0) {
			// A new message, or one that the server has forgotten: no identifier in use is taken. With DUP, it is one whose
			// first sending was cut off by the loss of the link.
			if (dup) expect(this.#newSent || !this.#resumed).toBe(false);
			else this.#newSent = true;
			if (open) expect(open).toMatchObject({ payload, qos });
			this.#open.set(id, { payload, qos, released: false, connection: this.#connection, place: this.#place++ });
			return;
		}
		// Sent again: with DUP, once per connection, in the first order, before anything new, and never after PUBREL.
		expect(dup).toBe(true);
		expect(open).toMatchObject({ payload, qos, released: false });
		expect(open.connection).toBeLessThan(this.#connection);
		expect(open.place).toBeGreaterThan(this.#lastResent);
		expect(this.#newSent).toBe(false);
		this.#lastResent = open.place;
		open.connection = this.#connection;
	}

	#takePubrel(id: number): void {
		const open = this.#open.get(id);
		if (open?.qos === 2 && this.#incoming.has(id)) open.released = true;
		this.#incoming.delete(id);
		this.#owed.push(ackHex(0x70, id));
	}

	/** PUBACK, PUBREC, PUBCOMP: each kind in the order of what it answers [MQTT-4.6.0-2] … [MQTT-4.6.0-4]. */
	#takeAck(first: 0x40 | 0x50 | 0x70, id: number): void {
		expect(this.#expected[first].shift()).toBe(id);
		if (first !== 0x50) {
			this.#outgoing.delete(id);
			return;
		}
		const message = this.#outgoing.get(id);
		if (message) message.released = true;
		this.#push(ackHex(0x62, id));
		this.#expected[0x70].push(id);
	}
}
