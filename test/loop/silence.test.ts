// Goal: the two short turns of a silence do what the long ways do, are taken where they may be, and only there.
// Method: two rigs live through the same events, one of them with its short ways closed: what each sends, and when, reports,
// counts and keeps is compared after each event. Whether a short way was taken is seen by what it goes round.
import { describe, expect, it } from "vitest";
import { Deadline } from "../../firmware/client/setup/deadlines.js";
import { Silent } from "../../firmware/client/short-ways/silence.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import { StateCode } from "../../firmware/client/terms/codes.js";
import { TransportEnd } from "../../firmware/ports/transport.js";
import { publishHex } from "../support/hex.js";
import { Rig, type RigOptions } from "./rig.js";

const OPTIONS: RigOptions = { keepAlive: 60, stableMs: 1, pingTimeoutMs: 5_000, cleanSession: false, txBuffer: 64 };

/** Counts of the long ways that were taken. */
interface Long {
	timers: number;
	packets: number;
}

/** Counts how often the long way of each turn is taken. */
function watch(rig: Rig): Long {
	const long: Long = { timers: 0, packets: 0 };
	const { core } = rig;
	const { handleTimeout } = core;
	core.handleTimeout = (...given) => {
		long.timers++;
		handleTimeout.apply(core, given);
	};
	const { handleBytes } = core.receiver;
	core.receiver.handleBytes = (count, now) => {
		if (count === 2) long.packets++;
		handleBytes.call(core.receiver, count, now);
	};
	return long;
}

/** Connected, and nothing is waited for but the end of the silence. */
function silent(options: RigOptions = {}): Rig {
	const rig = new Rig({ ...OPTIONS, ...options });
	rig.connect();
	rig.pass(1);
	rig.loop.handleTimer();
	expect(rig.core.deadlines.armed).toBe(1 << Deadline.KEEP_ALIVE);
	return rig;
}

/** Time passes, and the timer fires, until something is sent. */
function untilSent(rig: Rig): string {
	for (let i = 0; i < 100; i++) {
		rig.sleep();
		const { sent } = rig.transport;
		if (sent !== "") return sent;
	}
	throw new Error("nothing is sent");
}

/** A source that gives one byte of its payload, and then has nothing for now. */
const DRY = {
	read: (position: number, target: Uint8Array, offset: number) => {
		if (position > 0) return 0;
		target[offset] = 0x78;
		return 1;
	},
};

describe("a silence", () => {
	it("is kept up by the two short turns alone, for hours", () => {
		const rig = silent();
		const long = watch(rig);
		const { now } = rig.clock;
		for (let i = 1; i <= 100; i++) {
			expect(untilSent(rig)).toBe("c000");
			expect(rig.clock.calls.at(-1)).toBe("arm 250");
			expect((rig.clock.now - now + 1) | 0).toBe(55_000 * i);
			expect(rig.serve("d000")).toBe("");
			expect(rig.clock.calls.at(-1)).toBe("arm 55000");
		}
		expect(long).toEqual({ timers: 0, packets: 0 });
		expect([rig.core.counters[Counter.PINGS], rig.log]).toEqual([100, []]);
	});

	it("is looked at every 250 ms while PINGRESP is awaited, and ends the connection when it does not come", () => {
		const rig = silent();
		const long = watch(rig);
		untilSent(rig);
		rig.pass(250);
		rig.clock.fire!();
		expect([long.timers > 0, rig.state]).toEqual([true, StateCode.CONNECTED]);
		for (let i = 0; i < 100 && rig.state === StateCode.CONNECTED; i++) rig.sleep();
		expect(rig.log).toEqual(["disconnected 5/51 retry"]);
	});

	it("that is answered late goes on a millisecond later", () => {
		const rig = silent({ pingTimeoutMs: 30_000, keepAlive: 60 });
		untilSent(rig);
		// Nobody has looked meanwhile: the program has kept the device busy.
		rig.pass(56_000);
		rig.hear("d000");
		expect(rig.clock.calls.at(-1)).toBe("arm 1");
		rig.pass(1);
		rig.clock.fire!();
		expect(rig.transport.sent).toBe("c000");
	});
});

/** What may have happened when the timer of a silence fires, or two bytes arrive, and what it leaves of the short ways. */
const EVENTS: Readonly<Record<string, (rig: Rig) => void>> = {
	nothing: () => undefined,
	"a QoS 0 publish": (rig) => void rig.publish("t", "x"),
	"a QoS 1 publish": (rig) => void rig.publish("t", "x", 1),
	"a message": (rig) => rig.hear(publishHex("t", "x")),
	"a QoS 1 message": (rig) => rig.hear(publishHex("t", "x", 1, 7)),
	"half a message": (rig) => rig.hear("300a000174"),
	"the fixed header of a message": (rig) => rig.hear("3002"),
	"the head of a large message": (rig) => rig.hear(publishHex("t", "x".repeat(2_000), 1, 9).slice(0, 200)),
	"half a publish": (rig) => void rig.publishStream("t", 4, DRY),
	"bytes that the transport does not take": (rig) => {
		rig.transport.room = 0;
		rig.publish("t", "x");
	},
	"bytes that the transport takes in part": (rig) => {
		rig.transport.room = 3;
		rig.publish("t", "xyz");
	},
	"a PINGREQ that the transport does not take": (rig) => void (rig.transport.room = 0),
	"a PINGREQ that the transport takes in part": (rig) => void (rig.transport.room = 1),
	"a request": (rig) => void rig.subscribe("a"),
	"a pause": (rig) => rig.pause(),
	"stop()": (rig) => void rig.stop(),
	"a lost link": (rig) => rig.ended(TransportEnd.LOST),
	"a PINGRESP that nobody has asked for": (rig) => rig.hear("d000"),
};

/** What may follow. */
const STEPS: Readonly<Record<string, (rig: Rig) => void>> = {
	timer: (rig) => rig.clock.fire!(),
	answer: (rig) => rig.hear("d000"),
	"half an answer": (rig) => rig.hear("d0"),
	"no answer": (rig) => rig.hear("e000"),
	wait: (rig) => void (rig.clock.delayMs > 0 && rig.sleep()),
	room: (rig) => rig.makeRoom(),
};

/** All that can be told from outside, and what the next event depends on. */
function tell(rig: Rig, sent: string[]): unknown {
	const { core } = rig;
	sent.push(rig.transport.sent);
	return {
		sent: sent.join(""),
		log: rig.log,
		seen: rig.seen,
		state: rig.state,
		armed: core.deadlines.armed,
		at: [...core.deadlines.at.subarray(0, Deadline.STOP)].filter((_at, i) => core.deadlines.isArmed(i)),
		// The high-water marks are left out: PINGREQ and PINGRESP go round the regions in a silence.
		counters: [...core.counters].filter((_count, i) => i !== Number(Counter.TX_MAX) && i !== Number(Counter.RX_MAX)),
		lastReceived: core.receiver.lastReceived,
		lastSent: core.silence.lastSent,
		size: core.region.size,
	};
}

describe.each(Object.keys(EVENTS))("after %s, a silence", (name) => {
	const orders = Object.keys(STEPS).flatMap((a) => Object.keys(STEPS).map((b) => [a, b]));

	it("is the same with its short ways open and closed", () => {
		for (const order of orders) {
			for (const isPinged of [false, true]) {
				// A quarter of this is as long as a silence sleeps once it is pinged.
				const [open, closed] = [silent({ pingTimeoutMs: 1_000 }), silent({ pingTimeoutMs: 1_000 })];
				closed.core.silence.ping = () => Silent.NOT_TAKEN;
				closed.core.silence.answered = () => 0;
				const sent: [string[], string[]] = [[], []];
				for (const rig of [open, closed]) {
					rig.subscribe("t");
					rig.serve("9003000100");
					if (isPinged) untilSent(rig);
					EVENTS[name]!(rig);
				}
				for (const step of ["", "wait", ...order, "room", "wait", "answer", "wait"]) {
					for (const rig of [open, closed]) STEPS[step]?.(rig);
					expect([order, isPinged, step, tell(open, sent[0])]).toEqual([order, isPinged, step, tell(closed, sent[1])]);
				}
			}
		}
	});
});

describe("the short way", () => {
	it("of PINGREQ is not taken in the middle of a PUBLISH, whose source has nothing for now", () => {
		const rig = silent();
		rig.publishStream("t", 4, DRY);
		expect(rig.transport.sent).toBe("300700017478");
		rig.pass(55_000);
		rig.clock.fire!();
		expect(rig.transport.sent).toBe("");
	});

	it("of PINGREQ is not taken while bytes wait for the transport", () => {
		const rig = silent();
		rig.transport.room = 3;
		rig.publish("t", "xyz");
		expect(rig.transport.sent).toBe("300600");
		// As if what waits were not seen by its deadline: the bytes are all that is asked.
		rig.core.deadlines.armed = 1 << Deadline.KEEP_ALIVE;
		rig.pass(55_000);
		expect(rig.core.silence.ping(rig.transport, rig.clock.now)).toBe(Silent.NOT_TAKEN);
		expect(rig.makeRoom().slice(0, 10)).toBe("017478797a");
	});

	it("of PINGRESP is not taken in the middle of a PUBLISH, whose payload is d0 00", () => {
		const rig = silent();
		rig.subscribe("t");
		rig.serve("9003000100");
		untilSent(rig);
		rig.hear("3005000174");
		rig.hear("d000");
		expect(rig.seen.length).toBe(1);
		expect(rig.core.deadlines.isArmed(Deadline.PINGRESP)).toBe(true);
	});
});
