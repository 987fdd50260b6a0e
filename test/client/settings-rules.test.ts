import { describe, expect, it } from "vitest";
import { LIMITS, type LimitName } from "../../firmware/client/terms/limits.js";
import { readSettings, type Settings } from "../../firmware/client/setup/settings.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { hexOf } from "../support/hex.js";

// Goal: what settings.test.ts shows by example holds for every option: each kind of wrong value has its line, and what is
// right arrives in the settings and in CONNECT as it was given.
// Method: tables of options times tables of values.

/** Settings of options that no compiler has seen. */
function read(options: Record<string, unknown>): Settings {
	return readSettings({ host: "h", transport: () => {}, ...options } as never);
}

/** `will.qos` as an option of its own: { will: { topic, qos } }. */
function nested(name: string, value: unknown): Record<string, unknown> {
	if (name.startsWith("will.")) return { will: { topic: "w", [name.slice(5)]: value } };
	return name === "password" ? { userName: "u", password: value } : { [name]: value };
}

/** How a value is shown in an error line. */
const SHOWN: [string, unknown][] = [
	["null", null],
	["true", true],
	["7", 7],
	['"7"', "7"],
	["an object", {}],
	["an object", [7]],
	["a function", (): string => "a function's text is no help"],
	["NaN", NaN],
	["Infinity", Infinity],
	["0.5", 0.5],
];

const shownBut = (...types: string[]): [string, unknown][] =>
	SHOWN.filter(([, value]) => !types.includes(typeof value));
const NUMBERS = Object.keys(LIMITS) as LimitName[];
const BOOLEANS = ["cleanSession", "reconnect", "queueQoS0", "will.retain"];
const TEXTS = ["host", "clientId", "userName", "will.topic"];
const BYTES = ["password", "will.payload"];
const CALLBACKS = [
	"onConnected",
	"onDisconnected",
	"onDelivered",
	"onRoom",
	"onMessage",
	"onSubscribed",
	"onUnsubscribed",
];

describe("a numeric option", () => {
	it.each(NUMBERS)("is no other type: %s", (name) => {
		const { min, max } = LIMITS[name];
		for (const [shown, value] of [...shownBut("number"), ["NaN", NaN], ["0.5", 0.5], ["Infinity", Infinity]] as const) {
			const text = `${name}: ${shown} is not a whole number; ${min} … ${max}`;
			expect(() => read({ [name]: value })).toThrow(new TypeError(text));
		}
	});

	it.each(NUMBERS)("keeps to its limits: %s", (name) => {
		const { initial, min, max } = LIMITS[name];
		for (const value of [min - 1, max + 1, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]) {
			const text = `${name}: ${value} is out of range; ${min} … ${max}`;
			expect(() => read({ [name]: value })).toThrow(new RangeError(text));
		}
		expect(min).toBeLessThanOrEqual(initial);
		expect(initial).toBeLessThanOrEqual(max);
		expect(read({})[name]).toBe(initial);
		expect(read({ [name]: undefined })[name]).toBe(initial);
	});
});

describe("another option", () => {
	it.each(BOOLEANS)("is true or false, and nothing like it: %s", (name) => {
		for (const [shown, value] of shownBut("boolean")) {
			expect(() => read(nested(name, value))).toThrow(new TypeError(`${name}: ${shown} is not true or false`));
		}
		for (const value of [true, false, undefined])
			expect(() => read({ clientId: "c", ...nested(name, value) })).not.toThrow();
	});

	it.each(TEXTS)("is text: %s", (name) => {
		for (const [shown, value] of shownBut("string")) {
			// A function is asked at each attempt.
			if (name === "userName" && typeof value === "function") continue;
			expect(() => read(nested(name, value))).toThrow(new TypeError(`${name}: ${shown} is not a string`));
		}
		expect(() => read(nested(name, new Uint8Array(1)))).toThrow(new TypeError(`${name}: an object is not a string`));
	});

	it.each(BYTES)("is text or bytes: %s", (name) => {
		for (const [shown, value] of [
			...shownBut("string"),
			["an object", new Uint16Array(1)],
			["an object", new ArrayBuffer(1)],
		] as const) {
			if (name === "password" && typeof value === "function") continue;
			const number = name === "password" && typeof value === "number";
			const text = `${name}: ${number ? "a number" : shown} is neither a string nor a Uint8Array`;
			expect(() => read(nested(name, value))).toThrow(new TypeError(text));
		}
	});

	it.each([
		["outboxFull", "refuse, dropOldest, latestPerTopic"],
		["tooLarge", "acknowledge, refuse"],
	])("is one of a few words: %s", (name, words) => {
		for (const [shown, value] of [...SHOWN, ['"Refuse"', "Refuse"], ['""', ""], ['"length"', "length"]] as const) {
			expect(() => read({ [name]: value })).toThrow(new RangeError(`${name}: ${shown} is not one of ${words}`));
		}
		for (const word of words.split(", ")) expect(() => read({ [name]: word })).not.toThrow();
	});

	it.each([...CALLBACKS, "onProblem", "onStopped", "onTrace"])("is a function: %s", (name) => {
		for (const [shown, value] of shownBut("function")) {
			expect(() => read({ [name]: value })).toThrow(new TypeError(`${name}: ${shown} is not a function`));
		}
		expect(() => read({ [name]: undefined })).not.toThrow();
	});

	it("is will.qos: 0, 1, 2", () => {
		for (const [shown, value] of [...SHOWN, ["3", 3], ["-1", -1]] as const) {
			expect(() => read(nested("will.qos", value))).toThrow(
				new RangeError(`will.qos: ${shown} is out of range; 0 … 2`),
			);
		}
		for (const qos of [0, 1, 2]) expect(read(nested("will.qos", qos)).connect?.willQos).toBe(qos);
		expect(read(nested("will.qos", undefined)).connect?.willQos).toBe(0);
	});

	it("is will: an object with a topic", () => {
		for (const [shown, value] of shownBut("object")) {
			expect(() => read({ will: value })).toThrow(new TypeError(`will: ${shown} is not an object with a topic`));
		}
		for (const will of [{}, [], { payload: "p", qos: 1, retain: true }]) {
			expect(() => read({ will })).toThrow(new TypeError("will.topic: is missing"));
		}
	});
});

describe("text", () => {
	const LONE: [string, string][] = [
		["\ud83d", '"\\ud83d"'],
		["\ude00", '"\\ude00"'],
		["a\ude00\ud83db", '"a\\ude00\\ud83db"'],
	];

	it.each([...TEXTS, ...BYTES])("holds no lone surrogate [MQTT-1.5.3-1]: %s", (name) => {
		for (const [value, shown] of LONE) {
			const error =
				name === "will.topic"
					? /will.topic: .* holds a lone surrogate$/
					: new RangeError(`${name}: ${name === "password" ? "the value" : shown} holds a lone surrogate`);
			expect(() => read(nested(name, value))).toThrow(error);
		}
		if (name !== "host") expect(() => read(nested(name, "\ud83d\ude00"))).not.toThrow();
	});

	it.each(TEXTS)("holds no U+0000 [MQTT-1.5.3-2]: %s", (name) => {
		expect(() => read(nested(name, "a\u0000b"))).toThrow(new RangeError(`${name}: "a\\u0000b" holds U+0000`));
	});

	it.each(BYTES)("may hold U+0000 where it is bytes: %s", (name) => {
		expect(() => read(nested(name, "a\u0000b"))).not.toThrow();
	});

	it.each([...TEXTS, ...BYTES])("takes at most 65,535 bytes, not characters: %s", (name) => {
		for (const [value, size] of [
			["x".repeat(65_536), 65_536],
			["€".repeat(21_846), 65_538],
		] as const) {
			expect(() => read(nested(name, value))).toThrow(new RangeError(`${name}: has ${size} bytes; at most 65535`));
		}
		// A host has a bound of its own.
		if (name === "host") return;
		expect(() => read(nested(name, "x".repeat(65_535)))).not.toThrow();
		expect(() => read(nested(name, "€".repeat(21_845)))).not.toThrow();
	});

	it.each(BYTES)("of bytes has the same bound: %s", (name) => {
		expect(() => read(nested(name, new Uint8Array(65_536)))).toThrow(
			new RangeError(`${name}: has 65536 bytes; at most 65535`),
		);
		expect(() => read(nested(name, new Uint8Array(65_535)))).not.toThrow();
	});

	it("that is long is cut in an error line", () => {
		const long = "x".repeat(1_000) + "\u0000";
		expect(() => read({ clientId: long })).toThrow(new RangeError(`clientId: "${"x".repeat(40)}…" holds U+0000`));
	});

	it.each(["#", "a/#", "+", "a/+/b", "a+b"])("of a will topic has no wildcard: %j [MQTT-3.3.2-2]", (topic) => {
		const error = new RangeError(`will.topic: ${JSON.stringify(topic)} holds a wildcard or U+0000`);
		expect(() => read({ will: { topic } })).toThrow(error);
	});
});

describe("relations", () => {
	it("readSize follows a smaller rxBuffer, unless it is given itself", () => {
		expect(read({ rxBuffer: 64 }).readSize).toBe(64);
		expect(read({ rxBuffer: 256 }).readSize).toBe(256);
		expect(read({ rxBuffer: 255 }).readSize).toBe(255);
		expect(read({ rxBuffer: 100_000 }).readSize).toBe(LIMITS.readSize.initial);
		expect(read({ rxBuffer: 64, readSize: 64 }).readSize).toBe(64);
		const error = new RangeError("readSize: 65 is out of range; at most rxBuffer, 64");
		expect(() => read({ rxBuffer: 64, readSize: 65 })).toThrow(error);
	});

	it("the first back-off is not above the longest", () => {
		expect(read({ reconnectMinMs: 500, reconnectMaxMs: 500 }).reconnectMinMs).toBe(500);
		for (const reconnectMinMs of [501, undefined]) {
			const text = `reconnectMinMs: ${reconnectMinMs ?? 1_000} is out of range; at most reconnectMaxMs, 500`;
			expect(() => read({ reconnectMinMs, reconnectMaxMs: 500 })).toThrow(new RangeError(text));
		}
	});

	it("an empty clientId needs a clean session [MQTT-3.1.3-7] [MQTT-3.1.3-8]", () => {
		for (const clientId of ["", undefined]) {
			expect(read({ clientId }).connect?.clientId.length).toBe(0);
			const text = 'clientId: "" is empty; at least 1 character when cleanSession is false';
			expect(() => read({ clientId, cleanSession: false })).toThrow(new RangeError(text));
		}
		expect(() => read({ clientId: "c", cleanSession: false })).not.toThrow();
	});

	it("a password needs a user name, which may be empty [MQTT-3.1.2-22]", () => {
		for (const password of ["p", "", new Uint8Array(0)]) {
			expect(() => read({ password })).toThrow(new TypeError("password: needs userName in MQTT 3.1.1"));
			expect(() => read({ password, userName: undefined })).toThrow(TypeError);
			expect(() => read({ password, userName: "" })).not.toThrow();
		}
	});
});

describe("what is right", () => {
	/** CONNECT behind its nine bytes up to the protocol level, as hex: flags, keep alive, payload. */
	function connectOf(options: HarnessOptions): string {
		return new Harness({ clientId: "", ...options }).start().opened().slice(18);
	}

	it.each<[HarnessOptions, string]>([
		[{}, "02" + "003c" + "0000"],
		[{ keepAlive: 0 }, "02" + "0000" + "0000"],
		[{ keepAlive: 65_535, clientId: "é", cleanSession: false }, "00" + "ffff" + "0002c3a9"],
		[{ userName: "" }, "82" + "003c" + "0000" + "0000"],
		[{ userName: "u", password: "" }, "c2" + "003c" + "0000" + "000175" + "0000"],
		[{ userName: "u", password: "€" }, "c2" + "003c" + "0000" + "000175" + "0003e282ac"],
		[{ userName: "u", password: new Uint8Array([0, 255]) }, "c2" + "003c" + "0000" + "000175" + "000200ff"],
		[{ will: { topic: "w" } }, "06" + "003c" + "0000" + "000177" + "0000"],
		[{ will: { topic: "w", payload: "\u0000", qos: 1 } }, "0e" + "003c" + "0000" + "000177" + "000100"],
		[
			{ will: { topic: "w", payload: new Uint8Array([1, 2]), qos: 2, retain: true } },
			"36" + "003c" + "0000" + "000177" + "00020102",
		],
	])("is what CONNECT says: %j", (options, hex) => {
		expect(connectOf(options)).toBe(hex);
	});

	it("leaves the options as they are, and takes no part in them later", () => {
		const password = new Uint8Array([1, 2, 3]);
		const will = Object.freeze({ topic: "w", payload: "p" });
		const options = Object.freeze({ userName: "u", password, will, rxBuffer: 64 });
		const h = new Harness(options);
		password.fill(9);
		expect(h.start().opened()).toContain("0003010203");
		expect(hexOf(password)).toBe("090909");
	});

	it("is kept only as CONNECT: the settings give the credentials up", () => {
		const h = new Harness({ userName: "u", password: "secret" });
		expect(h.core.settings.connect).toBeUndefined();
	});
});
