// Goal: the LED tells connected from not connected, and is never in the way: no pin, a refused one, one that breaks.
// Method: the platform's pin and the board's word for it are stand-ins, and time is virtual.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Led } from "../../firmware/esp32/led.js";
import { useWorld } from "../../host-sim/world/current.js";
import { VirtualClock } from "../../host-sim/world/virtual-clock.js";
import { SocketWorld } from "../../host-sim/world/socket-world.js";
import Digital from "../support/digital.js";

const platform = globalThis as { device?: { pin?: { led?: number } } | undefined };

let clock: VirtualClock;
let world: SocketWorld;
let restore: () => void;
let traced: string;
const escapes: unknown[] = [];
const client = { connected: false };

beforeEach(() => {
	clock = new VirtualClock();
	traced = "";
	world = new SocketWorld({
		clock,
		onEscape: (error) => void escapes.push(error),
		onTrace: (text) => void (traced += text),
	});
	restore = useWorld(world);
	client.connected = false;
	Digital.last = undefined;
	Digital.refusal = undefined;
});
afterEach(() => {
	world.close();
	restore();
	delete platform.device;
	expect(escapes).toEqual([]);
});

/** Lets time pass. */
function pass(ms: number): void {
	const end = clock.now() + ms;
	while (clock.step(end));
	clock.jumpTo(end);
}

/** What was written since it was last asked. */
function takeWritten(): string[] {
	return Digital.last!.written.splice(0);
}

describe("the heartbeat", () => {
	it("blinks quickly while there is no connection, and flashes every two seconds while there is one", () => {
		new Led(client, 2, false);
		expect(takeWritten()).toEqual([]);
		pass(450);
		expect(takeWritten()).toEqual(["1 100", "0 200", "1 300", "0 400"]);
		client.connected = true;
		pass(4_000);
		expect(takeWritten()).toEqual(["1 500", "0 600", "1 2500", "0 2600"]);
		client.connected = false;
		// It learns of the loss with its next beat.
		pass(400);
		expect(takeWritten()).toEqual(["1 4500", "0 4600", "1 4700", "0 4800"]);
	});

	it("stops at a pin that breaks", () => {
		new Led(client, 2, false);
		pass(100);
		Digital.last!.broken = true;
		pass(1_000);
		Digital.last!.broken = false;
		pass(1_000);
		expect(takeWritten()).toEqual(["1 100"]);
		expect(clock.nextMs).toBe(Infinity);
	});
});

describe("the pin", () => {
	it.each<[what: string, setting: unknown, board: number | undefined, pin: number | undefined]>([
		["is the board's", undefined, 10, 10],
		["is the board's for an empty setting", "", 10, 10],
		["is the board's where the SDK's manifest has an object about its NeoPixel", { pin: 8, rainbow: true }, 10, 10],
		["is that of the setting before the board's", "4", 10, 4],
		["may be a number", 0, undefined, 0],
		["is none where the board names none", undefined, undefined, undefined],
		["is none by the setting off", "off", 10, undefined],
		["is none by false", false, 10, undefined],
		["is none for a number that is no pin", "-1", 10, undefined],
		["is none for a fraction", 2.5, 10, undefined],
	])("%s", (_what, setting, board, pin) => {
		platform.device = { pin: board === undefined ? {} : { led: board } };
		new Led(client, setting, false);
		expect(Digital.last?.options.pin).toBe(pin);
		if (pin === undefined) expect(clock.nextMs).toBe(Infinity);
	});

	it.each([undefined, {}])("is none where the platform says of its board: %j", (board) => {
		platform.device = board;
		new Led(client, undefined, false);
		expect(Digital.last).toBeUndefined();
		expect(clock.nextMs).toBe(Infinity);
	});

	it.each([true, false])("is an output, dark at first; lit by the low level: %j", (activeLow) => {
		new Led(client, 21, activeLow);
		expect(Digital.last?.options).toEqual({ pin: 21, mode: Digital.Output, activeLow, initialValue: 0 });
	});

	it("may be refused: the program is told by a trace, and goes on", () => {
		Digital.refusal = "in use";
		new Led(client, 2, false);
		expect(traced).toBe("led: pin 2, Error: in use\n");
		expect(clock.nextMs).toBe(Infinity);
	});
});
