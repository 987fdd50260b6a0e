import { ModelServer } from "../brokers/model/server.js";
import type { Packet } from "../brokers/model/packets.js";
import { useWorld } from "../world/current.js";
import { Random } from "../world/random.js";
import type { Direction } from "../world/tap.js";
import { VirtualClock } from "../world/virtual-clock.js";
import { VirtualWorld } from "../world/virtual-world.js";
import type { Finding } from "./checkers/findings.js";
import { InternalsChecker } from "./checkers/internals.js";
import { makeChecks, type Checks } from "./checks.js";
import { Device } from "./device.js";
import { makeMessage, take, type Stage } from "./ops.js";
import { Passage } from "./passage.js";
import type { Plan } from "./plan.js";
import { Rest } from "./rest.js";
import type { Scene } from "./scene.js";
import { Witness } from "./witness.js";

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

/** Which part of the seed the server draws from. */
const SERVER_PART = -3;

/**
 * One run of a plan: a device, its network and its server, all of it in virtual time. Here is how they are tied together,
 * and the steps; what is seen is in witness.ts, the end in rest.ts.
 */
export class TortureRun {
	readonly #scene: Scene;
	readonly #stage: Stage;
	#steps = 0;

	constructor(plan: Plan, watcher?: TortureWatcher) {
		const { setup, seed } = plan;
		const clock = new VirtualClock();
		const checks = makeChecks(setup, clock);
		const note = (text: string): void => watcher?.note(clock.now(), world.connections, text);
		if (watcher) checks.conduct.onPacket = (id, way, packet) => watcher.packet(clock.now(), id, way, packet);
		const witness = new Witness({ plan, clock, checks, note });
		const server = this.#makeServer(plan, clock, checks, witness, note);
		const world = makeWorld(plan, clock, checks, witness, server);
		const restore = useWorld(world);
		try {
			const device = new Device({
				setup,
				seed,
				...checks,
				entered: (state) => witness.entered(state),
				causes: () => witness.causes(),
				silences: () => witness.silences(),
				note,
			});
			witness.meet(world, device, new InternalsChecker(device.core, checks.findings));
			const passage = new Passage(clock, checks, () => witness.check());
			this.#scene = { plan, clock, world, server, device, checks, witness, passage, note };
		} finally {
			restore();
		}
		this.#stage = makeStage(this.#scene);
	}

	/** Takes the steps of the plan, then lets everything come to rest. */
	go(): TortureResult {
		const { plan, world, server, checks, witness, passage } = this.#scene;
		const restore = useWorld(world);
		try {
			this.#begin();
			const { steps, kept } = plan;
			for (let i = 0; i < (kept ?? steps).length && checks.findings.first === undefined; i++) {
				const step = steps[kept ? kept[i]! : i];
				if (step === undefined) continue;
				this.#steps++;
				passage.act(() => {
					take(this.#stage, step);
					witness.noteWindow(server.behaviour.window);
				});
				passage.pass(step.ms);
			}
			if (checks.findings.first === undefined) new Rest(this.#scene).settle();
		} finally {
			restore();
		}
		return this.#result();
	}

	#begin(): void {
		const { plan, device, passage } = this.#scene;
		if (!plan.setup.started) return;
		passage.act(() => {
			device.subscribe(0, 2, 1);
			device.subscribe(6, 2, 0);
			device.start();
		});
		passage.pass(0);
	}

	#makeServer(
		{ seed, setup }: Plan,
		clock: VirtualClock,
		{ outgoing, incoming, findings }: Checks,
		witness: Witness,
		note: (text: string) => void,
	): ModelServer {
		const server = new ModelServer({
			clock,
			random: Random.derive(seed, SERVER_PART),
			firstId: setup.serverId,
			events: {
				published: (session, packet) => outgoing.published(packet, session.incarnation),
				taken: (session, message) => incoming.taken(session, message),
				finished: (_session, message) => incoming.finished(message),
				forgotten: (session) => {
					note("the server has no session any more");
					incoming.forgotten(session);
				},
				retained: (topic, qos) => makeMessage(this.#stage, 0, this.#stage.serial, { topic, qos }),
				violation: (text) => findings.report("refused by the server", text),
				will: () => {
					witness.wills++;
				},
				note,
			},
		});
		server.behaviour.window = setup.window;
		return server;
	}

	#result(): TortureResult {
		const { plan, clock, checks, witness, passage } = this.#scene;
		const { packets, accepted } = checks.conduct;
		return {
			seed: plan.seed,
			finding: checks.findings.first,
			hash: witness.hash,
			steps: this.#steps,
			events: passage.events,
			packets: packets.in + packets.out,
			connects: accepted,
			simulatedMs: clock.now(),
			leaptMs: passage.leaptMs,
		};
	}
}

function makeWorld(
	{ seed, setup }: Plan,
	clock: VirtualClock,
	{ findings }: Checks,
	observer: Witness,
	server: ModelServer,
): VirtualWorld {
	return new VirtualWorld({
		seed,
		clock,
		ticksStart: setup.ticksStart,
		txWindow: setup.txWindow,
		rxWindow: setup.rxWindow,
		observer,
		accept: (wire) => server.accept(wire),
		onEscape: (error, origin) => {
			const what = error instanceof Error ? error.stack : error;
			findings.report("an exception that escapes", `${origin}: ${what}`);
		},
	});
}

/** What steps act on. */
function makeStage({ plan, device, world, server, checks, witness, passage, note }: Scene): Stage {
	return {
		device,
		turns: checks.turns,
		packetMax: plan.setup.options.maximumPacketSize ?? Infinity,
		world,
		server,
		links: witness.links,
		serial: 0,
		note,
		pass: (ms, eventsMax) => passage.pass(ms, eventsMax),
	};
}

/** Runs a plan. */
export function runPlan(plan: Plan, watcher?: TortureWatcher): TortureResult {
	return new TortureRun(plan, watcher).go();
}
