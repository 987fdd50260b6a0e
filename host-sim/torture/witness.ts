import { State } from "../../firmware/client/terms/codes.js";
import type { Direction } from "../world/tap.js";
import type { VirtualClock } from "../world/virtual-clock.js";
import type { LinkObserver, VirtualLink } from "../world/virtual-link.js";
import type { VirtualWorld } from "../world/virtual-world.js";
import type { Causes, Silences } from "./checkers/endings.js";
import type { InternalsChecker } from "./checkers/internals.js";
import type { Checks } from "./checks.js";
import type { Device } from "./device.js";
import type { Plan } from "./plan.js";

const HASH_START = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

/** What a witness needs to know of a run from the start. */
export interface WitnessParts {
	plan: Plan;
	clock: VirtualClock;
	checks: Checks;
	/** For charts. */
	note(text: string): void;
}

/**
 * Sees what happens at the device's end of a connection and when: remembers the moments that deadlines count from, and
 * tells the checkers, which know no clock.
 */
export class Witness implements LinkObserver {
	/** Every connection so far. */
	readonly links = new Set<VirtualLink>();
	/** Wills that the server has published. */
	wills = 0;
	readonly #parts: WitnessParts;
	#world!: VirtualWorld;
	#device!: Device;
	#internals!: InternalsChecker;
	#hash = HASH_START;
	/** The most messages that the server has let be unfinished. */
	#windowMax: number;
	/** When the current state was entered, and the one before. */
	#stateMs = 0;
	#stateBeforeMs = 0;
	#writtenMs = 0;
	#receivedMs = 0;
	#acceptedMs = 0;
	/** How many requests wait for their acks, the identifier of the first, and since when; -1: none. */
	#requests = 0;
	#oldestRequest = -1;
	#requestMs = -1;
	#wasBlocked = false;
	/** Of the attempt that is under way. */
	#openFailed = false;
	#lost = false;
	#failedLookups = 0;
	#oddLookups = 0;

	constructor(parts: WitnessParts) {
		this.#parts = parts;
		this.#windowMax = parts.plan.setup.window;
		parts.checks.turns.onBreak = () => {
			this.#lost = true;
		};
	}

	/** The parts that are made after the witness, because they tell it what happens. */
	meet(world: VirtualWorld, device: Device, internals: InternalsChecker): void {
		this.#world = world;
		this.#device = device;
		this.#internals = internals;
	}

	/** Follows from every byte on the wire and its time. */
	get hash(): number {
		return this.#hash >>> 0;
	}

	opened(id: number): void {
		this.#parts.checks.conduct.opened(id);
		this.#writtenMs = this.#receivedMs = this.#parts.clock.now();
		this.#wasBlocked = false;
		this.#parts.note("connected");
	}

	bytes(_id: number, direction: Direction, bytes: Uint8Array): void {
		const { conduct, turns } = this.#parts.checks;
		const now = this.#parts.clock.now();
		let hash = Math.imul(this.#hash ^ (now | 0) ^ (direction === "out" ? 1 : 2), HASH_FACTOR);
		for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, HASH_FACTOR);
		this.#hash = hash;
		const { accepted } = conduct;
		if (direction === "out") {
			if (!this.#wasBlocked) this.#checkLiveness(false);
			this.#writtenMs = now;
		} else this.#receivedMs = now;
		const before = conduct.packets.in;
		conduct.bytes(direction, bytes);
		for (let i = conduct.packets.in - before; i > 0; i--) turns.packet();
		this.#noteRequests();
		if (conduct.accepted > accepted) this.#acceptedMs = now;
	}

	closed(id: number): void {
		this.#parts.checks.conduct.over();
		this.#parts.note(`connection ${id} closed by the device`);
	}

	ended(_id: number, cause: "failed" | "reset" | "server"): void {
		if (cause === "failed") this.#openFailed = true;
		else this.#lost = true;
		this.#parts.note(cause === "failed" ? "no connection" : cause === "server" ? "closed by the server" : "lost");
	}

	fault(_id: number, text: string): void {
		this.#parts.note(`* ${text}`);
	}

	/** The client says which state it has entered. */
	entered(state: number): void {
		const { checks, clock, note } = this.#parts;
		note(`state ${["stopped", "waiting", "opening", "connecting", "connected", "stopping"][state]}`);
		this.#stateBeforeMs = this.#stateMs;
		this.#stateMs = clock.now();
		if (state === State.OPENING) {
			this.#openFailed = this.#lost = false;
			this.#failedLookups = this.#world.failedLookups;
			this.#oddLookups = this.#world.oddLookups;
		}
		if (state <= State.OPENING) this.#requestMs = -1;
		checks.endings.entered(state);
	}

	/** A step may have changed how many messages the server lets be unfinished. */
	noteWindow(window: number): void {
		this.#windowMax = Math.max(this.#windowMax, window);
	}

	/** What may have ended the connection. */
	causes(): Causes {
		const { options } = this.#parts.plan.setup;
		return {
			nameFailed: this.#world.failedLookups > this.#failedLookups,
			openFailed: this.#openFailed || this.#world.oddLookups > this.#oddLookups,
			lost: this.#lost,
			refusal: this.#parts.checks.conduct.refusal,
			largePacket: options.maximumPacketSize !== undefined,
			sourceFailed: this.#device.sourceFailed,
			manyQoS2: this.#windowMax > options.incomingQoS2!,
		};
	}

	/** How long nothing has come, or gone. */
	silences(): Silences {
		const now = this.#parts.clock.now();
		return {
			stateMs: now - this.#stateBeforeMs,
			receivedMs: now - this.#receivedMs,
			acceptedMs: now - this.#acceptedMs,
			blockedMs: this.#room === 0 || this.#parts.checks.conduct.midPacket ? now - this.#writtenMs : -1,
		};
	}

	/** What holds between events. */
	check(): void {
		const { outgoing, conduct, endings, findings, turns } = this.#parts.checks;
		const { link } = this.#world;
		if (link !== undefined) this.links.add(link);
		turns.end();
		endings.check();
		this.#internals.check();
		this.#noteRequests();
		const { client } = this.#device;
		const open = outgoing.open.size + this.#internals.waitingQoS0;
		if (client.queued !== open) findings.report("queued, as counted", `${client.queued}, not ${open}`);
		this.#wasBlocked = this.#room <= 0 || conduct.midPacket;
		this.#checkLiveness(this.#wasBlocked);
	}

	/** Bytes that the network takes now. */
	get #room(): number {
		const { link } = this.#world;
		return link === undefined ? 0 : this.#parts.plan.setup.txWindow - link.underWay;
	}

	/** The deadline of requests is that of the first of them; with each that is over it starts anew. */
	#noteRequests(): void {
		const { conduct, endings } = this.#parts.checks;
		const { requests, oldestRequest } = conduct;
		if (requests < this.#requests || oldestRequest !== this.#oldestRequest) this.#requestMs = this.#parts.clock.now();
		if (requests === 0 || endings.state <= State.OPENING) this.#requestMs = -1;
		this.#requests = requests;
		this.#oldestRequest = oldestRequest;
	}

	#checkLiveness(blocked: boolean): void {
		const { checks, clock } = this.#parts;
		checks.liveness.check({
			now: clock.now(),
			state: checks.endings.state,
			sinceMs: this.#stateMs,
			writtenMs: this.#writtenMs,
			receivedMs: this.#receivedMs,
			blocked,
			requestMs: this.#requestMs,
		});
	}
}
