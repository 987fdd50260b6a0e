// Read MQTT 3.1.1 §3.1 beside this file.
// Goal: every option is checked, and a wrong one gives one line that names it, its value and its limit.
// Method: one table of wrong options and their whole text; each numeric option at both of its ends.
import { describe, expect, it } from "vitest";
import { COUNTER_COUNT, Counter } from "../../firmware/client/terms/counters.js";
import * as codes from "../../firmware/client/terms/codes.js";
import { LIMITS, type LimitName } from "../../firmware/client/terms/limits.js";
import type { CoreOptions } from "../../firmware/client/terms/options.js";
import { FullPolicy, readSettings, type Settings } from "../../firmware/client/setup/settings.js";
import { hexOf } from "../support/hex.js";

const GOOD = { host: "broker", transport: () => undefined };
const read = (options: unknown): Settings => readSettings(options as CoreOptions<unknown>);
const readWith = (options: object): Settings => read({ ...GOOD, ...options });
const NUMBERS = Object.entries(LIMITS) as [LimitName, (typeof LIMITS)[LimitName]][];

describe("options that are wrong", () => {
	it.each<[object, string]>([
		[{ host: undefined }, "TypeError host: is missing"],
		[{ host: 5 }, "TypeError host: 5 is not a string"],
		[{ host: "" }, 'RangeError host: "" is empty; a name or an address'],
		[{ host: "\ud800" }, 'RangeError host: "\\ud800" holds a lone surrogate'],
		[{ host: "a\u0000" }, 'RangeError host: "a\\u0000" holds U+0000'],
		[{ transport: undefined }, "TypeError transport: undefined is not a transport such as tcp"],
		[{ transport: "tcp" }, 'TypeError transport: "tcp" is not a transport such as tcp'],
		[{ transport: {} }, "TypeError transport: an object is not a transport such as tcp"],
		[{ onMessage: 5 }, "TypeError onMessage: 5 is not a function"],
		[{ onTrace: null }, "TypeError onTrace: null is not a function"],
		[{ clientId: 5 }, "TypeError clientId: 5 is not a string"],
		[{ clientId: "x".repeat(65_536) }, "RangeError clientId: has 65536 bytes; at most 65535"],
		[{ clientId: "x".repeat(50) + "\udfff" }, `RangeError clientId: "${"x".repeat(40)}…" holds a lone surrogate`],
		[{ cleanSession: "no" }, 'TypeError cleanSession: "no" is not true or false'],
		[{ cleanSession: false }, 'RangeError clientId: "" is empty; at least 1 character when cleanSession is false'],
		[
			{ cleanSession: false, clientId: "" },
			'RangeError clientId: "" is empty; at least 1 character when cleanSession is false',
		],
		[{ userName: 7 }, "TypeError userName: 7 is not a string"],
		[{ userName: "\u0000" }, 'RangeError userName: "\\u0000" holds U+0000'],
		[{ password: "p" }, "TypeError password: needs userName in MQTT 3.1.1"],
		[{ userName: "u", password: 5 }, "TypeError password: a number is neither a string nor a Uint8Array"],
		[{ userName: "u", password: "\ud800" }, "RangeError password: the value holds a lone surrogate"],
		[{ userName: "u", password: new Uint8Array(65_536) }, "RangeError password: has 65536 bytes; at most 65535"],
		[{ userName: "u", password: "x".repeat(65_536) }, "RangeError password: has 65536 bytes; at most 65535"],
		[{ password: () => "p" }, "TypeError password: needs userName in MQTT 3.1.1"],
		[{ userName: 7, password: () => "p" }, "TypeError userName: 7 is not a string"],
		[
			{ userName: "12345", password: () => "p", credentialBytes: 4 },
			"RangeError credentialBytes: 4 is less than the 5 bytes of userName",
		],
		[
			{ userName: () => "u", password: "12345", credentialBytes: 4 },
			"RangeError credentialBytes: 4 is less than the 5 bytes of password",
		],
		[{ will: null }, "TypeError will: null is not an object with a topic"],
		[{ will: "bye" }, 'TypeError will: "bye" is not an object with a topic'],
		[{ will: {} }, "TypeError will.topic: is missing"],
		[{ will: { topic: 5 } }, "TypeError will.topic: 5 is not a string"],
		[{ will: { topic: "" } }, 'RangeError will.topic: "" is empty; at least 1 character'],
		[{ will: { topic: "a/+" } }, 'RangeError will.topic: "a/+" holds a wildcard or U+0000'],
		[{ will: { topic: "t", payload: 5 } }, "TypeError will.payload: 5 is neither a string nor a Uint8Array"],
		[{ will: { topic: "t", payload: "x".repeat(65_536) } }, "RangeError will.payload: has 65536 bytes; at most 65535"],
		[{ will: { topic: "t", qos: 3 } }, "RangeError will.qos: 3 is out of range; 0 … 2"],
		[{ will: { topic: "t", qos: "1" } }, 'RangeError will.qos: "1" is out of range; 0 … 2'],
		[{ will: { topic: "t", retain: 1 } }, "TypeError will.retain: 1 is not true or false"],
		[{ reconnect: 0 }, "TypeError reconnect: 0 is not true or false"],
		[{ queueQoS0: "yes" }, 'TypeError queueQoS0: "yes" is not true or false'],
		[{ outboxFull: "drop" }, 'RangeError outboxFull: "drop" is not one of refuse, dropOldest, latestPerTopic'],
		[{ tooLarge: true }, "RangeError tooLarge: true is not one of acknowledge, refuse"],
		[{ readSize: 600 }, "RangeError readSize: 600 is out of range; at most rxBuffer, 512"],
		[{ reconnectMinMs: 200_000 }, "RangeError reconnectMinMs: 200000 is out of range; at most reconnectMaxMs, 120000"],
		[{ keepAlive: 65_536 }, "RangeError keepAlive: 65536 is out of range; 0 … 65535"],
		[{ keepAlive: "60" }, 'TypeError keepAlive: "60" is not a whole number; 0 … 65535'],
		[{ keepAlive: NaN }, "TypeError keepAlive: NaN is not a whole number; 0 … 65535"],
		[{ rxBuffer: null }, "TypeError rxBuffer: null is not a whole number; 64 … 1048576"],
	])("%j: %s", (options, text) => {
		let thrown: unknown;
		try {
			readWith(options);
		} catch (error) {
			thrown = error;
		}
		expect(thrown).toBeInstanceOf(Error);
		expect(`${(thrown as Error).name} ${(thrown as Error).message}`).toBe(text);
	});

	it.each([undefined, null, 5, "broker"])("are no object at all: %j", (options) => {
		expect(() => read(options)).toThrow(new TypeError("options: expected an object"));
	});

	it.each(NUMBERS)("are refused next to both ends of %s", (name, { min, max }) => {
		for (const value of [min - 1, max + 1]) {
			const text = `${name}: ${value} is out of range; ${min} … ${max}`;
			expect(() => readWith({ [name]: value })).toThrow(new RangeError(text));
		}
		const text = `${name}: ${min + 0.5} is not a whole number; ${min} … ${max}`;
		expect(() => readWith({ [name]: min + 0.5 })).toThrow(new TypeError(text));
	});
});

describe("options that are right", () => {
	it("get their defaults", () => {
		const settings = read(GOOD);
		for (const [name, { initial }] of NUMBERS) expect(settings[name]).toBe(initial);
		expect(settings).toMatchObject({
			cleanSession: true,
			reconnect: true,
			queueQoS0: true,
			fullPolicy: FullPolicy.REFUSE,
			acknowledgeTooLarge: true,
		});
		expect(settings.keepAlive).toBe(60);
	});

	it.each(NUMBERS)("are taken at both ends of %s", (name, { min, max }) => {
		const others = { rxBuffer: 1_048_576, reconnectMaxMs: 604_800_000, reconnectMinMs: 1, readSize: 16 };
		for (const value of [min, max]) expect(readWith({ ...others, [name]: value })[name]).toBe(value);
	});

	it("choose policies by their names", () => {
		const policies = ["refuse", "dropOldest", "latestPerTopic"].map(
			(outboxFull) => readWith({ outboxFull }).fullPolicy,
		);
		expect(policies).toEqual([FullPolicy.REFUSE, FullPolicy.DROP_OLDEST, FullPolicy.LATEST_PER_TOPIC]);
		const options = ["acknowledge", "refuse"].map((tooLarge) => readWith({ tooLarge }).acknowledgeTooLarge);
		expect(options).toEqual([true, false]);
	});

	it("become the fields of CONNECT, text and bytes, empty ones, too", () => {
		const connect = readWith({
			clientId: "ä",
			cleanSession: false,
			userName: "",
			password: Uint8Array.from([0, 255]),
			will: { topic: "w/t", payload: "\u0000€", qos: 2, retain: true },
			keepAlive: 5,
		}).connect!;
		expect(connect).toMatchObject({ cleanSession: false, keepAliveS: 5, willQos: 2, willRetain: true });
		const fields = [connect.clientId, connect.userName!, connect.password!, connect.willTopic!, connect.willPayload];
		expect(fields.map(hexOf)).toEqual(["c3a4", "", "00ff", "772f74", "00e282ac"]);
	});

	it("leave out what is not given: user name, password, will, its payload", () => {
		const connect = readWith({ password: undefined, will: { topic: "t" }, onRoom: undefined }).connect!;
		expect(connect.userName).toBeUndefined();
		expect(connect.password).toBeUndefined();
		expect(connect.willPayload.length).toBe(0);
		expect(connect).toMatchObject({ willQos: 0, willRetain: false });
		expect(read(GOOD).connect!.willTopic).toBeUndefined();
	});

	it("take the port that servers of the transport listen at, where none is given", () => {
		const transport = Object.assign(() => undefined, { defaultPort: 8883 });
		expect(readWith({}).port).toBe(1883);
		expect(readWith({ transport }).port).toBe(8883);
		expect(readWith({ transport, port: undefined }).port).toBe(8883);
		expect(readWith({ transport, port: 1883 }).port).toBe(1883);
		expect(readWith({ transport, port: 4 }).port).toBe(4);
	});

	it("leave credentials that are functions to each attempt, and make room for them", () => {
		const bare = readWith({}).connectSize;
		for (const options of [
			{ userName: () => "u" },
			{ userName: "u", password: () => "p" },
			{ userName: () => "u", password: "p" },
		]) {
			const { connect, connectSize } = readWith({ ...options, credentialBytes: 100 });
			expect([connect!.userName, connect!.password]).toEqual([undefined, undefined]);
			expect(connectSize).toBe(bare + 3 + 4 + 100);
		}
		expect(readWith({ userName: "user" }).connectSize).toBe(bare + 2 + 4);
	});

	it("take a password as text", () => {
		expect(hexOf(readWith({ userName: "u", password: "pä" }).connect!.password!)).toBe("70c3a4");
	});
});

describe("public constants", () => {
	it.each(["QoS", "Status", "State", "Layer", "Reason", "Problem"] as const)(
		"%s are frozen, and no two are alike",
		(name) => {
			const values = Object.values(codes[name]) as number[];
			expect(Object.isFrozen(codes[name])).toBe(true);
			expect(new Set(values).size).toBe(values.length);
			expect(values.every(Number.isInteger)).toBe(true);
		},
	);

	it("name every counter", () => {
		expect(Object.isFrozen(Counter)).toBe(true);
		expect(Object.values(Counter).sort((a, b) => a - b)).toEqual([...Array(COUNTER_COUNT).keys()]);
		expect(Object.isFrozen(LIMITS)).toBe(true);
	});
});
