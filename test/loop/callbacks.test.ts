import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Problem, StateCode } from "../../firmware/client/terms/codes.js";
import { Held } from "../../firmware/client/incoming/receive-mode.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { TransportEnd } from "../../firmware/ports/transport.js";
import { publishHex } from "../support/hex.js";
import { settle } from "./answers.js";
import { Rig, type RigOptions } from "./rig.js";

// Goal: every method may be called from within every callback; what it asks for is done without waiting for anything else,
// handlers are never entered twice, and a callback that throws costs nothing but a count.
// Method: every callback with every call, a server that agrees to everything, and no time that passes beside back-offs;
// then random lists of calls in all callbacks at once.

const CALLS = {
	"publish QoS 0": (rig) => rig.publish("p/0", "x", 0),
	"publish QoS 1": (rig) => rig.publish("p/1", "x", 1),
	"publish QoS 2": (rig) => rig.publish("p/2", "x", 2),
	"publish a stream": (rig) => rig.publishStream("p/s", 3, zeros(), 1),
	"publish a stream at QoS 0": (rig) => rig.publishStream("p/s", 3, zeros()),
	"resume sources": (rig) => rig.resumeSources(),
	compose: (rig) => rig.compose("p/c", 1).text("x").send(),
	subscribe: (rig) => rig.subscribe("s/new", 1),
	"subscribe again": (rig) => rig.subscribe("s", 2),
	unsubscribe: (rig) => rig.unsubscribe("s"),
	stop: (rig) => rig.stop(),
	start: (rig) => rig.start(),
	"network down": (rig) => rig.networkDown(),
	"network up": (rig) => rig.networkUp(),
	pause: (rig) => rig.pause(),
	"pause and resume": (rig) => {
		rig.pause();
		rig.resume();
	},
	"pause and leave the message": (rig) => {
		rig.pause();
		rig.resume(false);
	},
} satisfies Record<string, (rig: Rig) => unknown>;
type Call = keyof typeof CALLS;
const CALL_NAMES = Object.keys(CALLS) as Call[];

const PLACES = {
	onConnected: () => {},
	handler: (rig) => rig.hear(publishHex("s", "x")),
	onMessage: (rig) => rig.hear(publishHex("unrouted", "x", 1, 9)),
	onDelivered: (rig) => rig.publish("a", "x", 2),
	onSubscribed: (rig) => rig.subscribe("s/2"),
	onUnsubscribed: (rig) => rig.unsubscribe("s"),
	onRoom: (rig) => {
		for (let i = 0; i < 10 && rig.publish("full", "x".repeat(50), 1) > 0; i++);
	},
	onProblem: (rig) => rig.hear(publishHex("throws", "x")),
	onDisconnected: (rig) => rig.ended(TransportEnd.LOST),
	onStopped: (rig) => call(rig, "stop"),
	finished: (rig) =>
		rig.publishStream(
			"s",
			1,
			zeros(() => within(rig, "finished")),
		),
	"finished of QoS 1": (rig) =>
		rig.publishStream(
			"s",
			1,
			zeros(() => within(rig, "finished of QoS 1")),
			1,
		),
	read: (rig) =>
		rig.publishStream(
			"s",
			1,
			zeros(undefined, () => within(rig, "read")),
		),
} satisfies Record<string, (rig: Rig) => unknown>;
type Place = keyof typeof PLACES;
const PLACE_NAMES = Object.keys(PLACES) as Place[];

/** What else may happen; what is armed here may wait for a later event. */
const MISHAPS = {
	"a timer that fires early": (rig) => rig.loop.handleTimer(),
	"an onWritable that nobody waits for": (rig) => rig.loop.handleWritable(),
	"a read that throws": (rig) => {
		rig.transport.readThrows = new Error("not ready");
		rig.hear("d000");
	},
	"a write that throws": (rig) => void (rig.transport.writeThrows = new Error("not ready")),
	"a defect": (rig) => void (rig.transport.writeThrows = new TypeError("undefined is no object")),
	"an attempt that fails at once": (rig) => {
		let times = 1;
		rig.transport.onOpen = () => {
			if (times-- > 0) rig.ended(TransportEnd.OPEN_FAILED);
		};
	},
	"a packet that there is not": (rig) => rig.hear("f000"),
} satisfies Record<string, (rig: Rig) => void>;
type Mishap = keyof typeof MISHAPS;

/** What is to be called at each place, the next one first. */
let plan: Partial<Record<Place, Call[][]>> = {};
/** Whether the client is to be connected in the end. */
let wanted = false;

function zeros(
	finished?: () => void,
	onRead?: () => void,
): { read: (...args: never[]) => number; finished: () => void } {
	return {
		read: () => {
			onRead?.();
			return 1;
		},
		finished: () => finished?.(),
	};
}

function within(rig: Rig, place: Place): void {
	for (const name of plan[place]?.shift() ?? []) call(rig, name);
}

function call(rig: Rig, name: Call): void {
	// The last word counts, whatever was being done when it came.
	if (name === "start") wanted = true;
	if (name === "stop") wanted = false;
	CALLS[name](rig);
}

/** Handlers that are under way. */
let depth = 0;

function programOf(options: RigOptions = {}): Rig {
	depth = 0;
	plan = {};
	wanted = true;
	const rig: Rig = new Rig({
		outbox: 256,
		sources: 4,
		subscriptions: 16,
		reconnectMinMs: 10,
		keepAlive: 0,
		...options,
		onConnected: () => within(rig, "onConnected"),
		onMessage: () => within(rig, "onMessage"),
		onDelivered: () => within(rig, "onDelivered"),
		onSubscribed: () => within(rig, "onSubscribed"),
		onUnsubscribed: () => within(rig, "onUnsubscribed"),
		onRoom: () => within(rig, "onRoom"),
		onProblem: () => within(rig, "onProblem"),
		onDisconnected: () => within(rig, "onDisconnected"),
		onStopped: () => within(rig, "onStopped"),
	});
	rig.subscribe("s", 1, () => {
		expect(depth++).toBe(0);
		within(rig, "handler");
		depth--;
	});
	rig.subscribe("throws", 0, () => {
		throw new Error("a handler that throws");
	});
	return rig;
}

/** Whatever was called: the client can be connected, and works. */
function expectWell(rig: Rig): void {
	settle(rig);
	// Whoever has paused goes on some time, and may pause again.
	while (rig.core.receiver.held >= Held.PAUSED) {
		rig.resume();
		settle(rig);
	}
	expect(rig.state).toBe(wanted ? StateCode.CONNECTED : StateCode.STOPPED);
	if (!wanted) expect([rig.transport.isOpen, rig.clock.delayMs]).toEqual([false, -1]);
	plan = {};
	rig.start();
	settle(rig);
	expect(rig.state).toBe(StateCode.CONNECTED);
	expect(rig.publish("the end", "x", 2)).toBeGreaterThan(0);
	settle(rig);
	expect([rig.core.session.outbox.count, rig.core.session.releasedCount]).toEqual([0, 0]);
	expect(rig.core.subscriptions.pending + rig.core.subscriptions.requested).toBe(0);
}

describe("a callback", () => {
	describe.each(PLACE_NAMES)("%s", (place) => {
		it.each(CALL_NAMES)("may %s", (name) => {
			const rig = programOf();
			plan = { [place]: [[name]] };
			rig.start();
			settle(rig);
			PLACES[place](rig);
			settle(rig);
			expect(plan[place]).toEqual([]);
			expectWell(rig);
			const threw = rig.log.filter((line) => line.startsWith(`problem ${Problem.CALLBACK_THREW}`));
			expect(threw).toHaveLength(place === "onProblem" ? 1 : 0);
		});
	});

	it("may ask for the next connection when it hears that none came about", () => {
		// A transport may find that out within open(), from within the turn that called it.
		const rig = programOf({ reconnectMinMs: 60_000 });
		plan = { onDisconnected: [["network up"], ["stop", "start"], ["network up"]] };
		let failures = 3;
		rig.transport.onOpen = () => {
			if (failures-- > 0) rig.ended(TransportEnd.OPEN_FAILED);
		};
		rig.start();
		settle(rig);
		expect(rig.log.filter((line) => line.startsWith("disconnected"))).toEqual(Array(3).fill("disconnected 2/20 retry"));
		expect(rig.transport.calls).toEqual(["open", "open", "open", "open"]);
		// Four turns, and no back-off.
		expect(rig.clock.now).toBe(1_003);
		expectWell(rig);
	});

	it("gets onRoom again when it has filled the room and it was made again", () => {
		let left = 20;
		const pump = (client: Rig): void => {
			while (left > 0 && client.publish("q", "x".repeat(60)) === 0) left--;
		};
		const rig = new Rig({ outbox: 128, txBuffer: 64, keepAlive: 0, onRoom: pump });
		rig.connect();
		rig.transport.room = 0;
		pump(rig);
		expect(left).toBeGreaterThan(15);
		rig.makeRoom();
		settle(rig);
		expect(left).toBe(0);
	});

	it("may start and lose the network in onDisconnected of a stop: the start is what counts", () => {
		const rig = programOf();
		rig.start();
		settle(rig);
		plan = { onDisconnected: [["start", "network down"]] };
		call(rig, "stop");
		// There was no attempt yet that could end.
		expect(rig.log.slice(-3)).toEqual(["subscribed 1 0", "disconnected 0/0 final", "stopped"]);
		expectWell(rig);
	});

	it("may start and stop in onDisconnected of a stop: the second stop counts", () => {
		const rig = programOf();
		rig.start();
		settle(rig);
		plan = { onDisconnected: [["start", "stop"]] };
		call(rig, "stop");
		expect(rig.log.slice(-3)).toEqual(["disconnected 0/0 final", "stopped", "stopped"]);
		expectWell(rig);
	});

	it("may stop the attempt that it has just asked for, and the timer rests", () => {
		const rig = programOf();
		rig.start();
		settle(rig);
		plan = { onDisconnected: [["network up", "stop"], ["publish QoS 0"]] };
		rig.ended(TransportEnd.LOST);
		expect([rig.state, rig.transport.isOpen, rig.clock.delayMs]).toEqual([StateCode.STOPPED, false, -1]);
		expectWell(rig);
	});

	it.each(["network down", "stop"] as const)(
		"may say %s when it is told of a lost handshake, before onConnected",
		(name) => {
			const rig = programOf();
			rig.start();
			settle(rig);
			rig.publish("a", "x", 2);
			rig.hear("50020002");
			rig.ended(TransportEnd.LOST);
			plan = { onProblem: [[name]] };
			rig.log.length = 0;
			settle(rig);
			expect(rig.log[0]).toBe(`problem ${Problem.DELIVERY_UNKNOWN} 2`);
			expect(rig.log[1]).toBe(name === "stop" ? "connected false" : "disconnected 0/1 retry");
			expectWell(rig);
		},
	);

	it("may call anything, any number of times, in any order, whatever else goes wrong", () => {
		const calls = fc.array(fc.array(fc.constantFrom(...CALL_NAMES), { maxLength: 4 }), { maxLength: 4 });
		const plans = fc.dictionary(fc.constantFrom(...PLACE_NAMES), calls);
		const options = fc.constantFrom<RigOptions>(
			{},
			{ outboxFull: "dropOldest", inflight: 2 },
			{ outboxFull: "latestPerTopic", txBuffer: 64 },
			{ cleanSession: false, queueQoS0: false, inflight: 1 },
		);
		const event = fc.constantFrom(...PLACE_NAMES, ...(Object.keys(MISHAPS) as Mishap[]));
		const sizes = fc.record({ readMax: fc.constantFrom(1, Infinity), writeMax: fc.constantFrom(1, 7, Infinity) });
		fc.assert(
			fc.property(
				options,
				sizes,
				plans,
				fc.array(event, { maxLength: 8 }),
				(given, { readMax, writeMax }, wanting, events) => {
					const rig = programOf(given);
					Object.assign(rig.transport, { readMax, writeMax });
					rig.start();
					settle(rig);
					plan = structuredClone(wanting);
					for (const name of events) {
						if (name in PLACES) PLACES[name as Place](rig);
						else MISHAPS[name as Mishap](rig);
						settle(rig);
					}
					expectWell(rig);
					expect(rig.core.counters[CounterIndex.CALLBACKS_THREW]).toBeLessThanOrEqual(events.length);
				},
			),
			{ numRuns: 500 },
		);
	});
});
