import { afterEach, beforeEach, describe, expect, it } from "vitest";
import Resolver from "../../host-sim/stand-ins/node/dns.js";
import Time from "../../host-sim/stand-ins/node/time.js";
import Timer, { type TimerId } from "../../host-sim/stand-ins/node/timer.js";
import config from "../../host-sim/stand-ins/node/config.js";
import type { Cancel, Clock } from "../../host-sim/world/clock.js";
import { useWorld } from "../../host-sim/world/current.js";
import { SocketWorld } from "../../host-sim/world/socket-world.js";

// Goal: timers, ticks, names and configuration behave as on the platform.
// Method: a clock that the test moves by hand.

class HandClock implements Clock {
	#now = 1000.5;
	#waiting: { dueMs: number; action: () => void }[] = [];

	now(): number {
		return this.#now;
	}

	after(delayMs: number, action: () => void): Cancel {
		const entry = { dueMs: this.#now + Math.max(0, delayMs), action };
		this.#waiting.push(entry);
		return () => {
			this.#waiting = this.#waiting.filter((other) => other !== entry);
		};
	}

	/** Lets time pass and does what is due, in order. */
	pass(ms: number): void {
		const end = this.#now + ms;
		for (;;) {
			const next = this.#waiting.filter((entry) => entry.dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
			if (!next) break;
			this.#waiting = this.#waiting.filter((entry) => entry !== next);
			this.#now = Math.max(this.#now, next.dueMs);
			next.action();
		}
		this.#now = end;
	}
}

let clock: HandClock;
let world: SocketWorld;
let restore: () => void;
let fired: number[];
const escaped: unknown[] = [];

beforeEach(() => {
	clock = new HandClock();
	escaped.length = 0;
	world = new SocketWorld({
		clock,
		broker: { host: "127.0.0.1", port: 1 },
		onEscape: (error) => escaped.push(error),
	});
	restore = useWorld(world);
	fired = [];
});

afterEach(() => restore());

const note = (): void => void fired.push(clock.now() - 1000.5);

describe("Timer", () => {
	it("calls once on the next turn, never at once, and then is freed", () => {
		const id = Timer.set(note);
		expect(fired).toEqual([]);
		clock.pass(0);
		expect(fired).toEqual([0]);
		expect(() => Timer.schedule(id, 5)).toThrow("invalid timer");
		Timer.clear(id);
	});

	it("hands the timer to its callback", () => {
		let seen: TimerId | undefined;
		const id = Timer.set((given) => (seen = given), 5);
		clock.pass(5);
		expect(seen).toBe(id);
	});

	it("repeats without drifting", () => {
		Timer.repeat(note, 10);
		clock.pass(35);
		expect(fired).toEqual([10, 20, 30]);
	});

	it("repeats with a first delay of its own", () => {
		Timer.set(note, 3, 10);
		clock.pass(25);
		expect(fired).toEqual([3, 13, 23]);
	});

	it("is parked by schedule without a delay, and armed again from outside", () => {
		const id = Timer.repeat(note, 10);
		Timer.schedule(id);
		clock.pass(100);
		expect(fired).toEqual([]);
		Timer.schedule(id, 7, 7);
		clock.pass(15);
		expect(fired).toEqual([107, 114]);
	});

	it("is parked and armed from inside its own callback", () => {
		const id = Timer.repeat(() => {
			note();
			if (fired.length === 1) Timer.schedule(id, 4, 4);
			else Timer.schedule(id);
		}, 10);
		clock.pass(100);
		expect(fired).toEqual([10, 14]);
		Timer.schedule(id, 1, 1);
		clock.pass(5);
		expect(fired).toEqual([10, 14, 101]);
	});

	it("is freed after its callback when that armed it without an interval", () => {
		const id = Timer.set(() => {
			note();
			Timer.schedule(id, 5);
		}, 10);
		clock.pass(100);
		expect(fired).toEqual([10]);
		expect(() => Timer.schedule(id)).toThrow("invalid timer");
	});

	it("does not fire after clear, and clear takes nothing and freed timers", () => {
		const id = Timer.repeat(note, 10);
		Timer.clear(id);
		Timer.clear(id);
		Timer.clear(undefined);
		Timer.clear(null);
		clock.pass(100);
		expect(fired).toEqual([]);
		expect(() => Timer.clear({} as TimerId)).toThrow("invalid timer");
	});

	it("can be cleared from inside its own callback", () => {
		const id = Timer.repeat(() => {
			note();
			Timer.clear(id);
		}, 10);
		clock.pass(100);
		expect(fired).toEqual([10]);
	});

	it.each([
		[2 ** 31 - 1, [2 ** 31 - 1]],
		[2 ** 31, [0]],
		[3e9, [0]],
		[2 ** 32 + 5, [5]],
		[-1, [0]],
		[Number.POSITIVE_INFINITY, [0]],
	])("takes a delay of %d ms as 32 bits with a sign", (delayMs, times) => {
		const startMs = clock.now();
		Timer.set(() => fired.push(clock.now() - startMs), delayMs);
		clock.pass(2 ** 31);
		expect(fired).toEqual(times);
	});

	it("repeats at once, and twice when it comes round, with an interval beyond 31 bits", () => {
		const startMs = clock.now();
		const id = Timer.repeat(() => fired.push(clock.now() - startMs), 3e9);
		clock.pass(2 ** 31 - 1);
		expect(fired).toEqual([0, 2 * 3e9 - 2 ** 32, 2 * 3e9 - 2 ** 32]);
		Timer.clear(id);
	});

	it("tells the world of an exception, and goes on", () => {
		Timer.repeat(() => {
			note();
			throw new Error("boom");
		}, 10);
		clock.pass(20);
		expect(escaped).toHaveLength(2);
	});

	it("keeps the device busy while it is armed, not while it is parked", async () => {
		const id = Timer.repeat(note, 10);
		let idle = false;
		void world.whenIdle().then(() => (idle = true));
		clock.pass(50);
		await Promise.resolve();
		expect(idle).toBe(false);
		Timer.schedule(id);
		clock.pass(50);
		await Promise.resolve();
		expect(idle).toBe(true);
	});
});

describe("Time", () => {
	it("counts whole milliseconds from the start value", () => {
		expect(Time.ticks).toBe(0);
		clock.pass(12.7);
		expect(Time.ticks).toBe(12);
	});

	it("wraps at 32 bits, and delta is right across the wrap", () => {
		restore();
		restore = useWorld(new SocketWorld({ clock, ticksStart: 0x7fff_ffff - 5 }));
		const start = Time.ticks;
		clock.pass(10);
		expect(Time.ticks).toBe(-0x8000_0000 + 4);
		expect(Time.delta(start)).toBe(10);
		expect(Time.delta(start, start + 3)).toBe(3);
	});
});

describe("Resolver", () => {
	const answers: string[] = [];
	const request = {
		host: "broker.test",
		onResolved: (host: string, address: string) => void answers.push(`${host} ${address}`),
		onError: (...values: string[]) => void answers.push(`error ${values.join()}`),
	};

	beforeEach(() => void answers.splice(0));

	it("answers on a later turn, always the same for a name, another for another", () => {
		const resolver = new Resolver({ servers: [] });
		resolver.resolve(request);
		expect(answers).toEqual([]);
		clock.pass(0);
		resolver.resolve({ ...request, host: "other.test" });
		resolver.resolve(request);
		clock.pass(0);
		expect(answers).toEqual(["broker.test 198.18.0.1", "other.test 198.18.0.2", "broker.test 198.18.0.1"]);
	});

	it("passes addresses through", () => {
		new Resolver().resolve({ ...request, host: "10.1.2.3" });
		clock.pass(0);
		expect(answers).toEqual(["10.1.2.3 10.1.2.3"]);
	});

	it("reports a failed lookup with the host", () => {
		world.faults.nameLookupFails = true;
		new Resolver().resolve(request);
		clock.pass(0);
		expect(answers).toEqual(["error broker.test"]);
	});

	it("does not answer while the network stands still", () => {
		world.stop();
		new Resolver().resolve(request);
		clock.pass(1000);
		expect(answers).toEqual([]);
		world.resume();
		expect(answers).toEqual(["broker.test 198.18.0.1"]);
	});

	it("is silent after close, and refuses then and without a host", () => {
		const resolver = new Resolver();
		resolver.resolve(request);
		resolver.close();
		clock.pass(10);
		expect(answers).toEqual([]);
		expect(() => resolver.resolve(request)).toThrow("invalid request");
		expect(() => new Resolver().resolve({ ...request, host: "" })).toThrow("invalid request");
	});
});

describe("mc/config", () => {
	it("is an empty frozen object unless a world says otherwise", () => {
		expect(config).toEqual({});
		expect(Object.isFrozen(config)).toBe(true);
	});
});
