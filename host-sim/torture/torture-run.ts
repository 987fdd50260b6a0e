import { State } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { ModelServer } from "../brokers/model/server.js";
import type { Packet } from "../brokers/model/packets.js";
import { ConductChecker } from "./checkers/conduct.js";
import { EndingChecker, type Causes, type Silences } from "./checkers/endings.js";
import { Findings, type Finding } from "./checkers/findings.js";
import { IncomingChecker } from "./checkers/incoming.js";
import { InternalsChecker } from "./checkers/internals.js";
import { LivenessChecker } from "./checkers/liveness.js";
import { OutgoingChecker } from "./checkers/outgoing.js";
import { TurnChecker } from "./checkers/turns.js";
import { useWorld } from "../world/current.js";
import { Random } from "../world/random.js";
import type { Direction } from "../world/tap.js";
import type { LinkObserver, VirtualLink } from "../world/virtual-link.js";
import { soundNetwork, VirtualWorld } from "../world/virtual-world.js";
import { Device } from "./device.js";
import { makeMessage, oblige, take, type Stage } from "./ops.js";
import type { Plan } from "./plan.js";

/** Watches a run, for charts. */
export interface TortureWatcher {
	note(ms: number, connection: number, text: string): void;
	packet(ms: number, connection: number, direction: Direction, packet: Packet): void;
}

/** What came of a run. */
export interface TortureResult {
	seed: number;
	/** The first promise that was not kept; undefined: all were. */
	finding: Finding | undefined;
	/** Follows from every byte on the wire and its time: two runs of a plan have the same. */
	hash: number;
	steps: number;
	/** Events of the platform: arrivals, timers, lookups. */
	events: number;
	/** Packets of both directions. */
	packets: number;
	connects: number;
	/** Virtual time; and the part of it in leaps, when nothing was due for hours. */
	simulatedMs: number;
	leaptMs: number;
}

/** Events that a step may bring about while time passes; then the next step comes earlier than planned. */
const EVENTS_PER_STEP = 250;
/** Events until everything has come to rest once all faults have ended, and in a rest that is looked at. */
const EVENTS_TO_REST = 30_000;
const EVENTS_AT_REST = 150;
/** Time in which nothing is due is counted apart when it is this long: it costs nothing, and proves little. */
const LEAP_MS = 3_600_000;
const HASH_START = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

/** One run of a plan: a device, its network and its server, all of it in virtual time. */
export class TortureRun {
	readonly #plan: Plan;
	readonly #watcher: TortureWatcher | undefined;
	readonly #world: VirtualWorld;
	readonly #server: ModelServer;
	readonly #findings: Findings;
	readonly #outgoing: OutgoingChecker;
	readonly #incoming: IncomingChecker;
	readonly #conduct: ConductChecker;
	readonly #endings: EndingChecker;
	readonly #liveness: LivenessChecker;
	readonly #turns: TurnChecker;
	readonly #device: Device;
	readonly #internals: InternalsChecker;
	readonly #stage: Stage;
	readonly #links = new Set<VirtualLink>();
	#serial = 0;
	#hash = HASH_START;
	#events = 0;
	#steps = 0;
	#leaptMs = 0;
	#windowMax: number;
	/** When the current state was entered, and the one before. */
	#stateMs = 0;
	#stateBeforeMs = 0;
	#writtenMs = 0;
	#receivedMs = 0;
	/** How many requests wait for their acks, and the identifier of the first. */
	#requests = 0;
	#oldestRequest = -1;
	#requestMs = -1;
	#acceptedMs = 0;
	#wasBlocked = false;
	/** Of the attempt that is under way. */
	#openFailed = false;
	#lost = false;
	#failedLookups = 0;
	#oddLookups = 0;
	#wills = 0;

	constructor(plan: Plan, watcher?: TortureWatcher) {
		this.#plan = plan;
		this.#watcher = watcher;
		const { setup, seed } = plan;
		this.#world = this.#makeWorld();
		const { clock: time } = this.#world;
		this.#findings = new Findings(() => time.now());
		this.#server = this.#makeServer();
		this.#windowMax = setup.window;
		const restore = useWorld(this.#world);
		try {
			const { options } = setup;
			this.#outgoing = new OutgoingChecker(this.#findings, options.outboxFull !== "refuse", options.resendsMax! > 0);
			this.#incoming = new IncomingChecker(this.#findings, { rxBuffer: options.rxBuffer! });
			this.#turns = new TurnChecker(this.#findings);
			this.#turns.onBreak = () => {
				this.#lost = true;
			};
			const limits = {
				inflight: options.inflight!,
				rxBuffer: options.rxBuffer!,
				acknowledgeTooLarge: options.tooLarge === "acknowledge",
			};
			this.#conduct = new ConductChecker(this.#findings, limits, this.#outgoing, this.#incoming);
			if (watcher) this.#conduct.onPacket = (id, way, packet) => watcher.packet(time.now(), id, way, packet);
			const keepAliveMs = options.keepAlive! * 1_000;
			const { pingTimeoutMs, connectTimeoutMs, ackTimeoutMs, reconnectMaxMs, holdOffMs } = options as Required<
				typeof options
			>;
			const pingMs = keepAliveMs > 0 ? Math.min(keepAliveMs / 2, pingTimeoutMs) : pingTimeoutMs;
			this.#endings = new EndingChecker(this.#findings, {
				reconnect: options.reconnect,
				reconnectMaxMs,
				holdOffMs,
				connectTimeoutMs,
				ackTimeoutMs,
				pingTimeoutMs: pingMs,
			});
			this.#turns.onOpen = () => this.#endings.opened();
			this.#liveness = new LivenessChecker(this.#findings, {
				keepAliveMs,
				pingTimeoutMs,
				connectTimeoutMs,
				ackTimeoutMs,
				reconnectMaxMs,
				holdOffMs,
				stopTimeoutMs: options.stopTimeoutMs!,
			});
			this.#device = new Device({
				setup,
				seed,
				findings: this.#findings,
				outgoing: this.#outgoing,
				incoming: this.#incoming,
				endings: this.#endings,
				conduct: this.#conduct,
				turns: this.#turns,
				entered: (state) => this.#entered(state),
				causes: () => this.#causes(),
				silences: () => this.#silences(),
				note: (text) => this.#note(text),
			});
			this.#internals = new InternalsChecker(this.#device.client, this.#findings);
		} finally {
			restore();
		}
		this.#stage = {
			device: this.#device,
			turns: this.#turns,
			packetMax: setup.options.maximumPacketSize ?? Infinity,
			world: this.#world,
			server: this.#server,
			links: this.#links,
			nextSerial: () => this.#serial++,
			note: (text) => this.#note(text),
			pass: (ms, eventsMax) => this.#pass(ms, eventsMax),
		};
	}

	/** Takes the steps of the plan, then lets everything come to rest. */
	go(): TortureResult {
		const restore = useWorld(this.#world);
		try {
			this.#begin();
			const { steps, kept } = this.#plan;
			for (let i = 0; i < (kept ?? steps).length && this.#findings.first === undefined; i++) {
				const step = steps[kept ? kept[i]! : i];
				if (step === undefined) continue;
				this.#steps++;
				this.#turns.begin();
				take(this.#stage, step);
				this.#windowMax = Math.max(this.#windowMax, this.#server.behaviour.window);
				this.#check();
				this.#pass(step.ms);
			}
			if (this.#findings.first === undefined) this.#settle();
		} finally {
			restore();
		}
		return this.#result();
	}

	#begin(): void {
		if (!this.#plan.setup.started) return;
		this.#turns.begin();
		this.#device.subscribe(0, 2, 1);
		this.#device.subscribe(6, 2, 0);
		this.#device.start();
		this.#check();
		this.#pass(0);
	}

	#makeWorld(): VirtualWorld {
		const { seed, setup } = this.#plan;
		return new VirtualWorld({
			seed,
			ticksStart: setup.ticksStart,
			txWindow: setup.txWindow,
			rxWindow: setup.rxWindow,
			observer: this.#observer(),
			accept: (wire) => this.#server.accept(wire),
			onEscape: (error, origin) =>
				this.#findings.report(
					"an exception that escapes",
					`${origin}: ${error instanceof Error ? error.stack : error}`,
				),
		});
	}

	#observer(): LinkObserver {
		return {
			opened: (id) => {
				this.#conduct.opened(id);
				this.#writtenMs = this.#receivedMs = this.#world.clock.now();
				this.#wasBlocked = false;
				this.#note("connected");
			},
			bytes: (_id, direction, bytes) => this.#bytes(direction, bytes),
			closed: (id) => {
				this.#conduct.over();
				this.#note(`connection ${id} closed by the device`);
			},
			ended: (_id, cause) => {
				if (cause === "failed") this.#openFailed = true;
				else this.#lost = true;
				this.#note(cause === "failed" ? "no connection" : cause === "server" ? "closed by the server" : "lost");
			},
			fault: (_id, text) => this.#note(`* ${text}`),
		};
	}

	#makeServer(): ModelServer {
		const { seed, setup } = this.#plan;
		const server = new ModelServer({
			clock: this.#world.clock,
			random: Random.derive(seed, -3),
			firstId: setup.serverId,
			events: {
				published: (session, packet) => this.#outgoing.published(packet, session.incarnation),
				taken: (session, message) => this.#incoming.taken(session, message),
				finished: (_session, message) => this.#incoming.finished(message),
				forgotten: (session) => {
					this.#note("the server has no session any more");
					this.#incoming.forgotten(session);
				},
				retained: (topic, qos) => makeMessage(this.#stage, 0, this.#serial, { topic, qos }),
				violation: (text) => this.#findings.report("refused by the server", text),
				will: () => {
					this.#wills++;
				},
				note: (text) => this.#note(text),
			},
		});
		server.behaviour.window = setup.window;
		return server;
	}

	#note(text: string): void {
		this.#watcher?.note(this.#world.clock.now(), this.#world.connections, text);
	}

	#bytes(direction: Direction, bytes: Uint8Array): void {
		const now = this.#world.clock.now();
		let hash = Math.imul(this.#hash ^ (now | 0) ^ (direction === "out" ? 1 : 2), HASH_FACTOR);
		for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, HASH_FACTOR);
		this.#hash = hash;
		const { accepted } = this.#conduct;
		if (direction === "out") {
			if (!this.#wasBlocked) this.#checkLiveness(false);
			this.#writtenMs = now;
		} else this.#receivedMs = now;
		const before = this.#conduct.packets.in;
		this.#conduct.bytes(direction, bytes);
		for (let i = this.#conduct.packets.in - before; i > 0; i--) this.#turns.packet();
		this.#noteRequests();
		if (this.#conduct.accepted > accepted) this.#acceptedMs = now;
	}

	/** The deadline of requests is that of the first of them; with each that is over it starts anew. */
	#noteRequests(): void {
		const { requests, oldestRequest } = this.#conduct;
		if (requests < this.#requests || oldestRequest !== this.#oldestRequest) this.#requestMs = this.#world.clock.now();
		if (requests === 0 || this.#endings.state <= State.OPENING) this.#requestMs = -1;
		this.#requests = requests;
		this.#oldestRequest = oldestRequest;
	}

	#entered(state: number): void {
		this.#note(`state ${["stopped", "waiting", "opening", "connecting", "connected", "stopping"][state]}`);
		this.#stateBeforeMs = this.#stateMs;
		this.#stateMs = this.#world.clock.now();
		if (state === State.OPENING) {
			this.#openFailed = this.#lost = false;
			this.#failedLookups = this.#world.failedLookups;
			this.#oddLookups = this.#world.oddLookups;
		}
		if (state <= State.OPENING) this.#requestMs = -1;
		this.#endings.entered(state);
	}

	#causes(): Causes {
		return {
			nameFailed: this.#world.failedLookups > this.#failedLookups,
			openFailed: this.#openFailed || this.#world.oddLookups > this.#oddLookups,
			lost: this.#lost,
			refusal: this.#conduct.refusal,
			largePacket: this.#plan.setup.options.maximumPacketSize !== undefined,
			sourceFailed: this.#device.sourceFailed,
			manyQoS2: this.#windowMax > this.#plan.setup.options.incomingQoS2!,
		};
	}

	#silences(): Silences {
		const now = this.#world.clock.now();
		return {
			stateMs: now - this.#stateBeforeMs,
			receivedMs: now - this.#receivedMs,
			acceptedMs: now - this.#acceptedMs,
			blockedMs: this.#room === 0 || this.#conduct.midPacket ? now - this.#writtenMs : -1,
		};
	}

	/** Bytes that the network takes now. */
	get #room(): number {
		const { link } = this.#world;
		return link === undefined ? 0 : this.#plan.setup.txWindow - link.underWay;
	}

	/** Lets time pass, event by event. */
	#pass(ms: number, eventsMax = EVENTS_PER_STEP): void {
		const { clock: time } = this.#world;
		const until = time.now() + ms;
		for (let left = eventsMax; left > 0; left--) {
			if (this.#findings.first !== undefined) return;
			if (this.#event(until)) continue;
			if (until - time.now() >= LEAP_MS) this.#leaptMs += until - time.now();
			return time.jumpTo(until);
		}
	}

	/** One event; false: none is due up to then. */
	#event(untilMs: number): boolean {
		this.#turns.begin();
		if (!this.#world.clock.step(untilMs)) return false;
		this.#events++;
		this.#check();
		return true;
	}

	/** What holds between events. */
	#check(): void {
		const { link } = this.#world;
		if (link !== undefined) this.#links.add(link);
		this.#turns.end();
		this.#endings.check();
		this.#internals.check();
		this.#noteRequests();
		const { client } = this.#device;
		const open = this.#outgoing.open.size + this.#internals.waitingQoS0;
		if (client.queued !== open) this.#findings.report("queued, as counted", `${client.queued}, not ${open}`);
		this.#wasBlocked = this.#room <= 0 || this.#conduct.midPacket;
		this.#checkLiveness(this.#wasBlocked);
	}

	#checkLiveness(blocked: boolean): void {
		this.#liveness.check({
			now: this.#world.clock.now(),
			state: this.#endings.state,
			sinceMs: this.#stateMs,
			writtenMs: this.#writtenMs,
			receivedMs: this.#receivedMs,
			blocked,
			requestMs: this.#requestMs,
		});
	}

	/** All faults end: everything is delivered, then nothing happens but pings, then the client stops in good order. */
	#settle(): void {
		this.#note("all faults end");
		this.#heal();
		if (!this.#waitForRest()) return;
		const isLoud = this.#mayLeave();
		this.#pass(2_000);
		// A CONNECT of an earlier connection may have been under way for long, and have taken over.
		if (!this.#waitForRest()) return;
		this.#lookAtRest(isLoud);
		if (this.#findings.first === undefined) this.#stop();
		if (this.#findings.first === undefined) this.#close();
	}

	/** Goes on until nothing is left to be done. False: that was a violation. */
	#waitForRest(): boolean {
		for (let left = EVENTS_TO_REST; !this.#atRest(); left--) {
			if (this.#findings.first !== undefined) return false;
			if (left === 0) {
				this.#reportUnrest();
				return false;
			}
			if (this.#endings.state === State.STOPPED) this.#device.start();
			else if (!this.#event(Infinity)) this.#findings.report("nothing happens any more", this.#unrest());
		}
		return true;
	}

	#heal(): void {
		Object.assign(this.#world.network, soundNetwork());
		this.#turns.begin();
		this.#server.behaviour.listening = true;
		this.#turns.breaks = undefined;
		// With a clean session they come anew on every connection, and may be more than the client can remember.
		this.#server.retained.clear();
		oblige(this.#server);
		for (const link of this.#links) {
			link.freeze(false);
			link.cutAfter("in", Infinity);
		}
		this.#device.heal();
		this.#check();
	}

	#atRest(): boolean {
		const { client } = this.#device;
		if (!client.connected || client.queued > 0 || this.#conduct.requests > 0) return false;
		// The server may have closed it, and the device not have heard of that yet.
		if (this.#world.link?.established !== true) return false;
		return this.#incoming.unfinished === 0 || this.#mayLeave();
	}

	/**
	 * A message that was refused for its size, and is now wanted in pieces, comes before the PUBRELs that would make room
	 * for it, on every connection anew: a limit of the option "refuse" together with a table that is too small.
	 */
	#reportUnrest(): void {
		if (this.#mayLeave() && this.#incoming.hasRefusedAndStreams()) return;
		this.#findings.report("does not come to rest", this.#unrest());
	}

	/** Messages that the client refuses for their size stay with the server, and so may others behind them. */
	#mayLeave(): boolean {
		return this.#plan.setup.options.tooLarge === "refuse" && this.#incoming.hasRefused();
	}

	#unrest(): string {
		const open = [...this.#outgoing.open.values()].length;
		const { state, queued } = this.#device.client;
		return `state ${state}, ${queued} queued, ${open} open, ${this.#incoming.unfinished} of the server: ${this.#incoming.left()}`;
	}

	/** Hours of rest: pings and nothing else; unless the server still has what may stay with it, or behind it. */
	#lookAtRest(isLoud: boolean, again = true): void {
		const { packets } = this.#conduct;
		const { client } = this.#device;
		const before = { out: packets.out, pings: client.counters[Counter.PINGS]!, ended: this.#endings.ended };
		const keepAliveMs = this.#plan.setup.options.keepAlive! * 1_000;
		this.#pass(keepAliveMs > 0 ? 20 * keepAliveMs : LEAP_MS, EVENTS_AT_REST);
		if (this.#findings.first !== undefined) return;
		// As in #settle: once, and then no more.
		if (again && this.#endings.ended !== before.ended && this.#atRest()) return this.#lookAtRest(isLoud, false);
		const pings = client.counters[Counter.PINGS]! - before.pings;
		const sent = packets.out - before.out;
		if (!isLoud) {
			this.#findings.expect(sent === pings, "more than pings at rest", () => `${sent} packets, ${pings} pings`);
			this.#findings.expect(this.#endings.ended === before.ended, "no rest at rest", () => "a connection has ended");
		}
		if (keepAliveMs === 0) this.#findings.expect(pings === 0, "pings without a keep alive", () => String(pings));
		this.#checkTables();
	}

	/** What both sides know of each other. */
	#checkTables(): void {
		const session = this.#server.session(this.#plan.setup.options.clientId);
		const known = session?.subscriptions ?? new Map<string, number>();
		for (const { filter, refused } of this.#incoming.subscriptions.values()) {
			this.#findings.expect(refused || known.has(filter), "a subscription that the server has not", () => filter);
		}
		for (const filter of known.keys()) {
			const declared = this.#incoming.subscriptions.has(filter);
			this.#findings.expect(declared, "a subscription that only the server has", () => filter);
		}
		this.#findings.expect(!this.#device.waitsForRoom, "refused as FULL, and never told of room", () => "");
		const { counters } = this.#device.client;
		const { counts } = this.#outgoing;
		const same = counters[Counter.DELIVERED] === counts.delivered && counters[Counter.DROPPED_OLD] === counts.dropped;
		this.#findings.expect(same, "counters of publishes", () => {
			return `${counters[Counter.DELIVERED]} delivered, ${counters[Counter.DROPPED_OLD]} dropped; ${JSON.stringify(counts)}`;
		});
		const connects = counters[Counter.CONNECTS]!;
		this.#findings.expect(connects <= this.#conduct.accepted, "counter of connections", () => String(connects));
		this.#device.checkSources();
	}

	#stop(): void {
		const { clock: time } = this.#world;
		const wills = this.#wills;
		// Not when there was no rest, and the client does not connect again by itself.
		const says = this.#device.client.connected ? 1 : 0;
		const before = this.#conduct.packets.out;
		this.#turns.begin();
		this.#device.stop();
		this.#check();
		this.#pass(this.#plan.setup.options.stopTimeoutMs! + 1_000);
		this.#findings.expect(this.#endings.state === State.STOPPED, "does not stop", () => "");
		this.#findings.expect(this.#conduct.packets.out === before + says, "no DISCONNECT [§3.14]", () => "");
		this.#findings.expect(this.#wills === wills, "a will after an orderly end [MQTT-3.1.2-10]", () => "");
		// What the server still waits for, and nothing of the device.
		const events = this.#conduct.packets.out;
		for (let left = EVENTS_AT_REST; left > 0 && this.#event(Infinity); left--);
		this.#findings.expect(time.nextMs === Infinity, "something goes on after the end", () => `due at ${time.nextMs}`);
		this.#findings.expect(this.#conduct.packets.out === events, "packets after the end", () => "");
	}

	/** Starts once more, and closes in whatever state that has led to: then nothing of the client is left. */
	#close(): void {
		const random = Random.derive(this.#plan.seed, -5);
		if (random.below(3) === 0) this.#server.behaviour.silent = true;
		if (random.below(4) === 0) this.#world.network.connect = random.below(2) === 0 ? "refused" : "silent";
		this.#turns.begin();
		this.#device.start();
		this.#check();
		if (random.below(4) > 0) this.#pass(random.below(2) === 0 ? random.below(20) : random.below(5_000));
		this.#turns.begin();
		if (random.below(2) === 0) this.#device.publish(1, random.below(32), 1);
		this.#device.close();
		this.#check();
		const { state } = this.#device.client;
		const { begun, ended } = this.#endings;
		this.#findings.expect(state === State.STOPPED, "closed, and not stopped", () => `state ${state}`);
		this.#findings.expect(begun === ended, "closed, and an attempt is left", () => `${begun} begun, ${ended} ended`);
		this.#device.start();
		const before = [this.#conduct.packets.out, this.#world.connections, this.#endings.begun].join();
		for (let left = EVENTS_AT_REST; left > 0 && this.#event(Infinity); left--);
		const after = [this.#conduct.packets.out, this.#world.connections, this.#endings.begun].join();
		this.#findings.expect(after === before, "something goes on after close()", () => `${before}; ${after}`);
	}

	#result(): TortureResult {
		const { packets } = this.#conduct;
		return {
			seed: this.#plan.seed,
			finding: this.#findings.first,
			hash: this.#hash >>> 0,
			steps: this.#steps,
			events: this.#events,
			packets: packets.in + packets.out,
			connects: this.#conduct.accepted,
			simulatedMs: this.#world.clock.now(),
			leaptMs: this.#leaptMs,
		};
	}
}

/** Runs a plan. */
export function runPlan(plan: Plan, watcher?: TortureWatcher): TortureResult {
	return new TortureRun(plan, watcher).go();
}
