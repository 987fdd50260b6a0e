import { expect } from "vitest";
import { StateCode, type DisconnectReason, type QoS } from "../../firmware/client/terms/codes.js";
import { Core } from "../../firmware/client/connection/core.js";
import type { Message } from "../../firmware/client/terms/message.js";
import type { CoreOptions, PayloadSource } from "../../firmware/client/terms/options.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import { PayloadWriter } from "../../firmware/client/outgoing/payload-writer.js";
import { Loop } from "../../firmware/loop/loop.js";
import type { Target } from "../../firmware/loop/options.js";
import type { Clock } from "../../firmware/ports/clock.js";
import type { Servers } from "../../firmware/ports/servers.js";
import type { Transport, TransportEnd, TransportSetup } from "../../firmware/ports/transport.js";
import { seenOf, type Seen } from "../support/core-harness.js";
import { bytesOf, hexOf } from "../support/hex.js";

/** Whoever waits for others looks no more often than this. */
export const LOOK_MS = 250;

/** A clock that moves when told; what the loop asks of its timer is written down. */
export class ScriptedClock implements Clock {
	now = 1_000;
	readonly time: Clock["time"];
	/** What the timer is set to; -1 when it is disarmed. */
	delayMs = -1;
	readonly calls: string[] = [];

	constructor() {
		// eslint-disable-next-line @typescript-eslint/no-this-alias -- what is read is a property of another object.
		const clock = this;
		this.time = {
			get ticks(): number {
				return clock.now;
			},
		};
	}

	readonly timer: Clock["timer"] = {
		repeat: (fire) => {
			this.fire = fire;
			return this;
		},
		schedule: (_timer, delayMs, intervalMs) => {
			expect(intervalMs).toBe(delayMs);
			this.delayMs = delayMs ?? -1;
			this.#setAt = this.now;
			this.calls.push(delayMs === undefined ? "disarm" : `arm ${delayMs}`);
		},
		clear: () => void this.calls.push("clear"),
	};
	fire: (() => void) | undefined;
	#setAt = 0;

	/** Milliseconds until the timer fires; 0 when that is overdue. */
	get leftMs(): number {
		return Math.max(0, this.delayMs - ((this.now - this.#setAt) | 0));
	}
}

/** A transport whose other end is the test. */
export class ScriptedTransport implements Transport {
	/** open and close, in order; a close with nothing open is not noted. */
	readonly calls: string[] = [];
	/** Sizes of the writes that took something, of this connection. */
	writes: number[] = [];
	reads = 0;
	/** The most that one read gives, one write takes, and all writes take until more room is made. */
	readMax = Infinity;
	writeMax = Infinity;
	room = Infinity;
	/** Thrown by the next call. */
	readThrows: Error | undefined;
	writeThrows: Error | undefined;
	/** What happens within open(), and in a turn of its own. */
	onOpen: (() => void) | undefined;
	onTurn: (() => void) | undefined;
	/** Turns of its own. */
	turns = 0;
	/** Where each open() was to go. */
	readonly targets: string[] = [];
	readable = 0;
	/** Between open() and close(). */
	isOpen = false;
	#inbox: number[] = [];
	#sent = "";
	readonly setup: TransportSetup;

	constructor(setup: TransportSetup) {
		this.setup = setup;
	}

	open(host: string, port: number): void {
		this.calls.push("open");
		this.targets.push(`${host}:${port}`);
		this.isOpen = true;
		// Nobody reads what was written to the connection before.
		this.#sent = "";
		this.onOpen?.();
	}

	turn(): void {
		this.turns++;
		this.onTurn?.();
	}

	close(): void {
		if (this.isOpen) this.calls.push("close");
		this.isOpen = false;
		this.#inbox = [];
		this.readable = 0;
		this.writes = [];
	}

	read(countMax: number): number {
		const error = this.readThrows;
		this.readThrows = undefined;
		if (error) throw error;
		this.reads++;
		const bytes = this.#inbox.splice(0, Math.min(countMax, this.readMax));
		new Uint8Array(this.setup.buffer).set(bytes, this.setup.rxOffset);
		this.readable = this.#inbox.length;
		return bytes.length;
	}

	write(count: number): number {
		const error = this.writeThrows;
		this.writeThrows = undefined;
		if (error) throw error;
		const taken = Math.min(count, this.writeMax, this.room);
		if (taken === 0) return 0;
		this.room -= taken;
		this.#sent += hexOf(new Uint8Array(this.setup.buffer, this.setup.txOffset, taken));
		this.writes.push(taken);
		return taken;
	}

	/** What was written since the last look, as hex. */
	get sent(): string {
		const sent = this.#sent;
		this.#sent = "";
		return sent;
	}

	/** Bytes have arrived; nobody is told. What is sent to nobody is lost. */
	arrive(hex: string): void {
		if (!this.isOpen) return;
		this.#inbox.push(...bytesOf(hex));
		this.readable = this.#inbox.length;
	}
}

/** Options of a client, but how it gets to its server. */
export type RigOptions = Partial<CoreOptions<Rig>>;

/** A loop between a scripted transport and a scripted clock, with the calls that the public client has. */
export class Rig {
	readonly clock = new ScriptedClock();
	readonly core: Core;
	readonly loop: Loop;
	readonly transport: ScriptedTransport;
	/** What callbacks reported, in order. */
	readonly log: string[] = [];
	readonly seen: Seen[] = [];
	readonly #writer: PayloadWriter;

	/**
	 * in   options  of a client; a callback given here is called after its line is written
	 *      target   of its attempts, instead of that of the options
	 *      random   0 ≤ random() < 1: every back-off is half of what it may be unless told
	 */
	constructor(options: RigOptions = {}, target?: Target, random: () => number = () => 0.5) {
		const log = this.log;
		let transport: ScriptedTransport | undefined;
		const given = {
			host: "127.0.0.1",
			clientId: "c",
			...options,
			transport: (setup: TransportSetup) => (transport = new ScriptedTransport(setup)),
			onConnected: (client: Rig, present: boolean) => {
				log.push(`connected ${present}`);
				options.onConnected?.(client, present);
			},
			onDisconnected: (client: Rig, reason: DisconnectReason) => {
				log.push(`disconnected ${reason.layer}/${reason.code} ${reason.retryMs >= 0 ? "retry" : "final"}`);
				options.onDisconnected?.(client, reason);
			},
			onDelivered: (client: Rig, packetId: number, code: number) => {
				log.push(`delivered ${packetId}`);
				options.onDelivered?.(client, packetId, code);
			},
			onRoom: (client: Rig) => {
				log.push("room");
				options.onRoom?.(client);
			},
			onSubscribed: (client: Rig, index: number, code: number) => {
				log.push(`subscribed ${index} ${code}`);
				options.onSubscribed?.(client, index, code);
			},
			onUnsubscribed: (client: Rig, index: number) => {
				log.push(`unsubscribed ${index}`);
				options.onUnsubscribed?.(client, index);
			},
			onProblem: (client: Rig, problem: number, detail: number, error: unknown) => {
				log.push(`problem ${problem} ${detail}`);
				options.onProblem?.(client, problem, detail, error);
			},
			onStopped: (client: Rig) => {
				log.push("stopped");
				options.onStopped?.(client);
			},
		} as unknown as CoreOptions<unknown>;
		const route = (options.servers as Servers<Core> | undefined)?.over(given);
		const settings = readSettings(given, route);
		// Identifiers start at 1.
		let draws = 0;
		this.core = new Core(given, settings, this, () => (draws++ === 0 ? 0 : random()));
		const to = route ? route.attach(this.core) : target;
		const way = route?.transport ?? given.transport;
		this.loop = new Loop(this.core, { transport: way, dns: options.dns, target: to }, this.clock);
		// Made and parked.
		expect(this.clock.calls.splice(0)).toEqual(["disarm"]);
		this.transport = transport!;
		this.#writer = new PayloadWriter(this.core.arena.bytes, this.core.publisher, this.loop);
	}

	get state(): number {
		return this.core.state;
	}

	#run(): void {
		this.loop.run();
	}

	start(): this {
		this.core.start(this.clock.now);
		this.#run();
		return this;
	}

	stop(): this {
		this.core.stop(this.clock.now);
		this.#run();
		return this;
	}

	networkUp(): void {
		this.core.networkUp(this.clock.now);
		this.#run();
	}

	networkDown(): void {
		this.core.networkDown(this.clock.now);
		this.#run();
	}

	pause(): void {
		this.core.receiver.pause();
	}

	resume(taken = true): void {
		this.core.resume(taken);
		this.#run();
	}

	publish(topic: string, payload: string | Uint8Array, qos: QoS = 0): number {
		const result = this.core.shortPublisher.publish(topic, payload, qos, false);
		if (result >= 0) this.#run();
		return result;
	}

	publishStream(topic: string, total: number, source: PayloadSource, qos: QoS = 0): number {
		const result = this.core.publisher.publishStream(topic, total, source, qos, false);
		if (result >= 0) this.#run();
		return result;
	}

	resumeSources(): void {
		this.core.sender.resumeSources();
		this.#run();
	}

	compose(topic: string, qos: QoS = 0): PayloadWriter {
		return this.#writer.start(topic, qos, false);
	}

	/** Without a handler, messages are kept in `seen`. */
	subscribe(filter: string, qos: QoS = 0, handler = this.keep, stream = false): number {
		const result = this.core.subscribe(filter, qos, handler, stream);
		if (result >= 0) this.#run();
		return result;
	}

	unsubscribe(filter: string): number {
		const result = this.core.unsubscribe(filter);
		if (result >= 0) this.#run();
		return result;
	}

	/** A handler that keeps what it gets. */
	readonly keep = (message: Message): void => {
		this.seen.push(seenOf(message));
	};

	/** Payloads kept so far. */
	get payloads(): string[] {
		return this.seen.map((seen) => seen.payload);
	}

	/** The transport's connection stands. */
	opened(): this {
		this.loop.handleOpened();
		return this;
	}

	/** Bytes arrive, in one event. */
	hear(hex: string): void {
		this.transport.arrive(hex);
		this.loop.handleReadable();
	}

	/** Bytes arrive. Returns what was sent since the last look. */
	serve(hex: string): string {
		this.hear(hex);
		return this.transport.sent;
	}

	/** The transport has found its attempt or connection to be over, and has closed what there was. */
	ended(end: TransportEnd): void {
		this.transport.isOpen = false;
		this.transport.close();
		this.loop.handleEnded(end);
	}

	/** Bytes may be written again; how many is the transport's business. */
	makeRoom(room = Infinity): string {
		this.transport.room = room;
		this.loop.handleWritable();
		return this.transport.sent;
	}

	/** Milliseconds until the next thing that is waited for; the timer is set to look earlier at most. */
	get waitMs(): number {
		const { delayMs } = this.clock;
		const waitMs = this.core.deadlines.next(this.clock.now);
		expect(delayMs).toBeGreaterThan(0);
		expect(this.clock.leftMs).toBeLessThanOrEqual(waitMs);
		if (this.clock.leftMs < waitMs) expect(delayMs).toBeGreaterThanOrEqual(LOOK_MS);
		return waitMs;
	}

	/**
	 * Time passes until the next thing that is waited for, and the timer fires whenever it is to: waiting for others, the
	 * loop looks now and then whether it has run meanwhile. Returns how long that took.
	 */
	sleep(): number {
		if (this.clock.delayMs < 1) throw new Error("nothing is waited for");
		const waitMs = this.core.deadlines.next(this.clock.now);
		const untilMs = this.clock.delayMs < LOOK_MS ? this.clock.leftMs : Math.max(waitMs, this.clock.leftMs);
		let sleptMs = 0;
		do {
			const { leftMs } = this.clock;
			this.pass(leftMs);
			this.clock.fire!();
			sleptMs += leftMs;
		} while (sleptMs < untilMs);
		return sleptMs;
	}

	/** Time passes, and the timer does not fire. */
	pass(ms: number): void {
		this.clock.now = (this.clock.now + ms) | 0;
	}

	/** From STOPPED or WAITING to CONNECTED. Returns what follows CONNACK; the log is empty. */
	connect(sessionPresent = false): string {
		if (this.state === StateCode.STOPPED) this.start();
		else this.networkUp();
		this.opened();
		expect(this.transport.sent).toMatch(/^10/);
		const sent = this.serve(sessionPresent ? "20020100" : "20020000");
		expect(this.state).toBe(StateCode.CONNECTED);
		this.log.length = 0;
		return sent;
	}
}
