import { emptyTopic, makeContent, markSize } from "./checkers/content.js";
import type { TurnChecker } from "./checkers/turns.js";
import { CLOSE, obligingServer, type ModelServer } from "../brokers/model/server.js";
import type { ServerMessage } from "../brokers/model/session.js";
import type { VirtualLink } from "../world/virtual-link.js";
import { soundNetwork, type VirtualWorld } from "../world/virtual-world.js";
import type { Device } from "./device.js";
import type { OpName, Step } from "./plan.js";

/** What steps act on. */
export interface Stage {
	device: Device;
	turns: TurnChecker;
	world: VirtualWorld;
	server: ModelServer;
	/** Links that may still stand for one of their ends. */
	links: Set<VirtualLink>;
	/** The client gives a connection up for a packet above this. */
	packetMax: number;
	/** Serial number of the next message of the server. */
	serial: number;
	note(text: string): void;
	/** Lets time pass; at most so many events. */
	pass(ms: number, eventsMax?: number): void;
}

/** Topic names that the server's side publishes to; the last is longer than a small buffer of the client. */
const TOPICS = ["in/1", "in/2", "cmd", "big/1", "in/2/x", "zzz", `in/${"n".repeat(70)}`];
const SIZES = [0, 1, 1, 10, 20, 20, 40, 50, 64, 100, 300, 1_200];
/** Return codes of CONNACK that a refusing server uses; reserved ones too. */
const REFUSALS = [1, 2, 3, 3, 3, 4, 5, 6, 255, CLOSE, CLOSE];
const LATENCIES = [0, 1, 1, 20, 200, 1_500];
const SEGMENTS = [1, 2, 3, 7, 16, 64, 536, 1_436];
const WINDOWS = [1, 2, 5, 16, 40];
const NAMES = ["unknown", "unknown", "silent", "odd"] as const;
const GRANTS = ["asked", "lower", "none"] as const;

/** What a packet has beside its payload, at most. */
const PACKET_MARGIN = 100;
/** A restart of the server takes up to this long. */
const DOWN_MS_MAX = 30_000;
/** A leap goes so many days at most, and ends early when too much happens on the way. */
const LEAP_DAYS_MAX = 800;
const LEAP_EVENTS_MAX = 250;
const DAY_MS = 86_400_000;

type Op = (stage: Stage, step: Step) => void;

/** What each step does. Its numbers are whatever was drawn; each op makes of them what it needs. */
const DO: Readonly<Record<OpName, Op>> = {
	publish: ({ device }, { a, b, c }) => device.publish(a, b, 4 * c + 1),
	publishText: ({ device }, { a, b }) => device.publish(a, b, 0),
	compose: ({ device }, { a, b, c }) => device.compose(a, b, c),
	composeBegin: ({ device }, { a, b }) => device.composeBegin(a, b),
	composeEnd: ({ device }, { c }) => device.composeEnd(c),
	stream: ({ device }, { a, b, c }) => device.stream(a, b, c),
	resume: ({ device }) => device.resume(),
	cancel: ({ device }, { a }) => device.cancel(a),
	cancelIn: ({ device }, { a, b }) => device.cancelIn(a, b),
	subscribe: ({ device }, { a, b, c }) => device.subscribe(a, b, c),
	unsubscribe: ({ device }, { a }) => device.unsubscribe(a),
	start: ({ device }) => device.start(),
	stop: ({ device }) => device.stop(),
	networkUp: ({ device }) => device.networkUp(),
	networkDown: ({ device }) => device.networkDown(),
	script: ({ device }, { a, b, c }) => device.script(a, b, c),

	latency: ({ world, note }, { a, b }) => {
		world.network.latencyMs = LATENCIES[a % LATENCIES.length]!;
		world.network.jitterMs = b % 2 === 0 ? 0 : world.network.latencyMs;
		note(`latency ${world.network.latencyMs} ms, up to ${world.network.jitterMs} more`);
	},
	segments: ({ world, note }, { a, b, c }) => {
		world.network.segmentIn = SEGMENTS[a % SEGMENTS.length]!;
		world.network.segmentOut = SEGMENTS[b % SEGMENTS.length]!;
		world.network.ragged = c % 2 === 0;
		note(`arrivals of up to ${world.network.segmentIn} bytes, at the server ${world.network.segmentOut}`);
	},
	freeze: ({ world }) => world.link?.freeze(true),
	thaw: ({ links }) => {
		for (const link of links) link.freeze(false);
	},
	cut: ({ world }) => world.link?.reset("reset"),
	cutAfter: ({ world }, { a, b }) => world.link?.cutAfter(a % 2 === 0 ? "in" : "out", b % 90),
	throws: ({ turns, note }, { a }) => {
		turns.breaks = a % 2 === 0 ? "read" : "write";
		note(`the next ${turns.breaks} of the transport throws`);
	},
	connect: ({ world, note }, { a }) => {
		world.network.connect = a % 2 === 0 ? "refused" : "silent";
		note(`connections are ${world.network.connect}`);
	},
	names: ({ world, note }, { a }) => {
		world.network.names = NAMES[a % NAMES.length]!;
		note(`names are ${world.network.names}`);
	},
	heal: ({ world, note }) => {
		Object.assign(world.network, soundNetwork());
		note("the network is sound");
	},

	push: (stage, { a, b, c }) => {
		for (let count = c % 5 === 0 ? 4 : 1; count > 0; count--) push(stage, a, b + count);
	},
	burst: (stage, { a, b, c }) => {
		// At QoS 2, on one topic, as many as the server's window lets through and more.
		for (let count = 10 + (c % 40); count > 0; count--) push(stage, 8 * a - ((8 * a) % 3) + 2, b);
	},
	retain: ({ server, note }, { a, b }) => {
		const topic = TOPICS[a % TOPICS.length]!;
		server.retained.set(topic, b % 3);
		note(`the server keeps a message for ${topic}`);
	},
	late: ({ server, note }, { a }) => {
		server.behaviour.lateMs = [0, 5, 100, 2_000][a % 4]!;
		note(`answers up to ${server.behaviour.lateMs} ms late`);
	},
	twice: ({ server, note }, { a }) => {
		server.behaviour.twicePercent = [0, 20, 100][a % 3]!;
		note(`${server.behaviour.twicePercent} % of answers twice`);
	},
	hold: ({ server, note }) => {
		server.behaviour.holding = true;
		note("acknowledgements are held back");
	},
	release: ({ server, note }, { a, b }) => {
		if (b % 4 === 0) server.behaviour.holding = false;
		note(b % 4 === 0 ? "acknowledgements are released" : "one acknowledgement is released");
		server.release(b % 4 === 0 ? -1 : a);
	},
	silence: ({ server, note }) => {
		server.behaviour.silent = true;
		note("the server falls silent");
	},
	speak: ({ server, note }) => {
		server.behaviour.silent = false;
		note("the server speaks");
		server.flush();
	},
	refuse: ({ server, note }, { a }) => {
		server.behaviour.connack = REFUSALS[a % REFUSALS.length]!;
		note(`CONNECT is refused with ${server.behaviour.connack}`);
	},
	restart: (stage, { a, b }) => restart(stage, a % 3 === 0, b % DOWN_MS_MAX),
	forget: ({ server, note }) => {
		note("the server forgets all sessions");
		server.forget();
	},
	kick: ({ server, note }) => {
		note("the server closes");
		server.closeAll();
	},
	repeat: ({ server, note }, { a }) => {
		note("the server repeats something");
		server.repeat(a);
	},
	window: ({ server }, { a }) => {
		server.behaviour.window = WINDOWS[a % WINDOWS.length]!;
	},
	grant: ({ server, note }, { a }) => {
		server.behaviour.grant = GRANTS[a % GRANTS.length]!;
		note(`subscriptions are granted: ${server.behaviour.grant}`);
	},
	oblige: ({ server, note }) => {
		oblige(server);
		note("the server obliges");
	},

	wait: ({ pass }, { a, b }) => pass([1, 50, 700, 3_000, 20_000, 400_000][a % 6]! * (1 + (b % 3))),
	leap: ({ pass, note }, { a }) => {
		note("a leap in time");
		pass((a % LEAP_DAYS_MAX) * DAY_MS, LEAP_EVENTS_MAX);
	},
};

/** Takes one step; the time that passes after it is not part of it. */
export function take(stage: Stage, step: Step): void {
	DO[step.op](stage, step);
}

/** The server does what is asked, at once; its window stays. */
export function oblige(server: ModelServer): void {
	const { window } = server.behaviour;
	const listening = server.behaviour.listening;
	Object.assign(server.behaviour, obligingServer(), { window, listening });
	server.flush();
	server.release(-1);
}

/** A message under one of the topics of the server's side; retained ones are those that a subscription asks for. */
export function makeMessage(
	stage: Stage,
	a: number,
	b: number,
	retained?: { topic: string; qos: number },
): ServerMessage {
	const serial = stage.serial++;
	const wanted = SIZES[b % SIZES.length]!;
	const empty = wanted === 0 && retained === undefined;
	const qos = retained?.qos ?? a % 3;
	// A server has no way to know what is too large for a client of 3.1.1, and would send it again for ever.
	const most = qos > 0 ? stage.packetMax - PACKET_MARGIN : Infinity;
	const size = empty ? 0 : Math.max(wanted > most ? 0 : wanted, markSize(serial));
	const topic = retained?.topic ?? TOPICS[(a >> 3) % TOPICS.length]!;
	return {
		serial,
		topic: empty ? emptyTopic(topic, "s", serial) : topic,
		payload: makeContent("s", serial, size),
		qos,
		retain: retained !== undefined,
	};
}

function push(stage: Stage, a: number, b: number): void {
	const message = makeMessage(stage, a, b);
	stage.note(`somebody publishes s${message.serial} to ${message.topic}, QoS ${message.qos}`);
	stage.server.publish(message);
}

function restart(stage: Stage, forget: boolean, downMs: number): void {
	const { server, links, note, world } = stage;
	note(`the server restarts ${forget ? "without" : "with"} its sessions, after ${downMs} ms`);
	server.behaviour.listening = false;
	for (const link of links) link.reset("the server is gone");
	server.closeAll();
	if (forget) server.forget();
	world.clock.after(downMs, () => {
		server.behaviour.listening = true;
	});
}
