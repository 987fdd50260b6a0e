import { State } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { Random } from "../world/random.js";
import { soundNetwork } from "../world/virtual-world.js";
import { oblige } from "./ops.js";
import { LEAP_MS } from "./passage.js";
import type { Scene } from "./scene.js";

/** Events until everything has come to rest once all faults have ended, and in a rest that is looked at. */
const EVENTS_TO_REST = 30_000;
const EVENTS_AT_REST = 150;
/** Which part of the seed decides how the client is closed. */
const CLOSE_PART = -5;

/** The end of a run: all faults end, everything is delivered, then nothing happens but pings, then the client ends. */
export class Rest {
	readonly #scene: Scene;

	constructor(scene: Scene) {
		this.#scene = scene;
	}

	/** Comes to rest, looks at it, stops in good order, and closes. Ends at the first finding. */
	settle(): void {
		const { note, passage, checks } = this.#scene;
		note("all faults end");
		this.#heal();
		if (!this.#waitForRest()) return;
		const isLoud = this.#mayLeave();
		passage.pass(2_000);
		// A CONNECT of an earlier connection may have been under way for long, and have taken over.
		if (!this.#waitForRest()) return;
		this.#lookAtRest(isLoud);
		if (checks.findings.first === undefined) this.#stop();
		if (checks.findings.first === undefined) this.#close();
	}

	/** Goes on until nothing is left to be done. False: that was a violation. */
	#waitForRest(): boolean {
		const { device, passage, checks } = this.#scene;
		for (let left = EVENTS_TO_REST; !this.#atRest(); left--) {
			if (checks.findings.first !== undefined) return false;
			if (left === 0) {
				this.#reportUnrest();
				return false;
			}
			if (checks.endings.state === State.STOPPED) device.start();
			else if (!passage.event(Infinity)) checks.findings.report("nothing happens any more", this.#unrest());
		}
		return true;
	}

	#heal(): void {
		const { world, server, device, witness, checks, passage } = this.#scene;
		Object.assign(world.network, soundNetwork());
		passage.act(() => {
			server.behaviour.listening = true;
			checks.turns.breaks = undefined;
			// With a clean session they come anew on every connection, and may be more than the client can remember.
			server.retained.clear();
			oblige(server);
			for (const link of witness.links) {
				link.freeze(false);
				link.cutAfter("in", Infinity);
			}
			device.heal();
		});
	}

	#atRest(): boolean {
		const { device, world, checks } = this.#scene;
		const { client } = device;
		if (!client.connected || client.queued > 0 || checks.conduct.requests > 0) return false;
		// The server may have closed it, and the device not have heard of that yet.
		if (world.link?.established !== true) return false;
		return checks.incoming.unfinished === 0 || this.#mayLeave();
	}

	/**
	 * A message that was refused for its size, and is now wanted in pieces, comes before the PUBRELs that would make room
	 * for it, on every connection anew: a limit of the option "refuse" together with a table that is too small.
	 */
	#reportUnrest(): void {
		const { incoming, findings } = this.#scene.checks;
		if (this.#mayLeave() && incoming.hasRefusedAndStreams()) return;
		findings.report("does not come to rest", this.#unrest());
	}

	/** Messages that the client refuses for their size stay with the server, and so may others behind them. */
	#mayLeave(): boolean {
		const { plan, checks } = this.#scene;
		return plan.setup.options.tooLarge === "refuse" && checks.incoming.hasRefused();
	}

	#unrest(): string {
		const { outgoing, incoming } = this.#scene.checks;
		const open = [...outgoing.open.values()].length;
		const { state, queued } = this.#scene.device.client;
		return `state ${state}, ${queued} queued, ${open} open, ${incoming.unfinished} of the server: ${incoming.left()}`;
	}

	/** Hours of rest: pings and nothing else; unless the server still has what may stay with it, or behind it. */
	#lookAtRest(isLoud: boolean, again = true): void {
		const { plan, device, passage, checks } = this.#scene;
		const { findings, endings, conduct } = checks;
		const { packets } = conduct;
		const { client } = device;
		const before = { out: packets.out, pings: client.counters[Counter.PINGS]!, ended: endings.ended };
		const keepAliveMs = plan.setup.options.keepAlive! * 1_000;
		passage.pass(keepAliveMs > 0 ? 20 * keepAliveMs : LEAP_MS, EVENTS_AT_REST);
		if (findings.first !== undefined) return;
		// As in settle: once, and then no more.
		if (again && endings.ended !== before.ended && this.#atRest()) return this.#lookAtRest(isLoud, false);
		const pings = client.counters[Counter.PINGS]! - before.pings;
		const sent = packets.out - before.out;
		if (!isLoud) {
			findings.expect(sent === pings, "more than pings at rest", () => `${sent} packets, ${pings} pings`);
			findings.expect(endings.ended === before.ended, "no rest at rest", () => "a connection has ended");
		}
		if (keepAliveMs === 0) findings.expect(pings === 0, "pings without a keep alive", () => String(pings));
		this.#checkTables();
	}

	/** What both sides know of each other. */
	#checkTables(): void {
		const { plan, server, device, checks } = this.#scene;
		const { findings, incoming, outgoing, conduct } = checks;
		const session = server.session(plan.setup.options.clientId);
		const known = session?.subscriptions ?? new Map<string, number>();
		for (const { filter, refused } of incoming.subscriptions.values()) {
			findings.expect(refused || known.has(filter), "a subscription that the server has not", () => filter);
		}
		for (const filter of known.keys()) {
			const declared = incoming.subscriptions.has(filter);
			findings.expect(declared, "a subscription that only the server has", () => filter);
		}
		findings.expect(!device.waitsForRoom, "refused as FULL, and never told of room", () => "");
		const { counters } = device.client;
		const { counts } = outgoing;
		const same = counters[Counter.DELIVERED] === counts.delivered && counters[Counter.DROPPED_OLD] === counts.dropped;
		findings.expect(same, "counters of publishes", () => {
			return `${counters[Counter.DELIVERED]} delivered, ${counters[Counter.DROPPED_OLD]} dropped; ${JSON.stringify(counts)}`;
		});
		const connects = counters[Counter.CONNECTS]!;
		findings.expect(connects <= conduct.accepted, "counter of connections", () => String(connects));
		device.checkSources();
	}

	#stop(): void {
		const { plan, clock, device, witness, passage, checks } = this.#scene;
		const { findings, endings, conduct } = checks;
		const { wills } = witness;
		// Not when there was no rest, and the client does not connect again by itself.
		const says = device.client.connected ? 1 : 0;
		const before = conduct.packets.out;
		passage.act(() => device.stop());
		passage.pass(plan.setup.options.stopTimeoutMs! + 1_000);
		findings.expect(endings.state === State.STOPPED, "does not stop", () => "");
		findings.expect(conduct.packets.out === before + says, "no DISCONNECT [§3.14]", () => "");
		findings.expect(witness.wills === wills, "a will after an orderly end [MQTT-3.1.2-10]", () => "");
		// What the server still waits for, and nothing of the device.
		const packets = conduct.packets.out;
		passage.drain(EVENTS_AT_REST);
		findings.expect(clock.nextMs === Infinity, "something goes on after the end", () => `due at ${clock.nextMs}`);
		findings.expect(conduct.packets.out === packets, "packets after the end", () => "");
	}

	/** Starts once more, and closes in whatever state that has led to: then nothing of the client is left. */
	#close(): void {
		const { plan, world, server, device, passage, checks } = this.#scene;
		const { findings, endings } = checks;
		const random = Random.derive(plan.seed, CLOSE_PART);
		if (random.below(3) === 0) server.behaviour.silent = true;
		if (random.below(4) === 0) world.network.connect = random.below(2) === 0 ? "refused" : "silent";
		passage.act(() => device.start());
		if (random.below(4) > 0) passage.pass(random.below(2) === 0 ? random.below(20) : random.below(5_000));
		passage.act(() => {
			if (random.below(2) === 0) device.publish(1, random.below(32), 1);
			device.close();
		});
		const { state } = device.client;
		const { begun, ended } = endings;
		findings.expect(state === State.STOPPED, "closed, and not stopped", () => `state ${state}`);
		findings.expect(begun === ended, "closed, and an attempt is left", () => `${begun} begun, ${ended} ended`);
		device.start();
		const before = this.#activity;
		passage.drain(EVENTS_AT_REST);
		const after = this.#activity;
		findings.expect(after === before, "something goes on after close()", () => `${before}; ${after}`);
	}

	/** Packets, connections and attempts so far. */
	get #activity(): string {
		const { world, checks } = this.#scene;
		return [checks.conduct.packets.out, world.connections, checks.endings.begun].join();
	}
}
