// Goal: what -F, -T and their kin print is what mosquitto_sub prints, byte for byte.
// Method: both commands subscribe to the same messages with the same options; then what no live comparison can fix:
// times, and formats that are refused.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MessageFormat } from "../../host-sim/commands/format.js";
import { readJson, writeJson } from "../../host-sim/commands/json-output.js";
import { matches } from "../../host-sim/commands/selection.js";
import { strftime } from "../../host-sim/commands/strftime.js";
import { describeWithMosquitto, Mosquitto } from "../support/mosquitto.js";
import { Running, runCliProcess } from "./run-cli.js";

/** Every letter, with every kind of width. */
const LETTERS = [..."AClmpRtxX"].flatMap((letter) =>
	["", "5", "-12", "012", "-07", "40", "-40"].map((width) => `%${width}${letter}`),
);
const FORMAT = `[${[...LETTERS, ..."DEFPSqr%"].map((part) => (part.length > 1 ? part : `%${part}|%04${part}`)).join("|")}|%.2t|%9.2t|%-9.2t|%.0t|@@|\\\\|\\t|\\e|\\0|\\a|\\v|\\r|\\n]`;

const PAYLOADS = [
	Buffer.from(
		'{"a": 1.50, "1":[1, 2,{}],"b":"x\\u00e4\\n\\/\\ud83d\\ude00", "e":1e-5, "big":12345678901234567890,"a":null}',
	),
	Buffer.from(' [ true,false , -0.1,100000000000000000000,{"o":{"p":[],"q":{}}}]\n'),
	Buffer.from('a\u0001"\\\tä\b\f\r/\x7f'),
	Buffer.from([0x22, 0xff, 0xfe, 0x22]),
	Buffer.from("x"),
];

let broker: Mosquitto;
beforeAll(async () => {
	broker = await Mosquitto.start();
});
afterAll(async () => {
	await broker.stop();
});

const at = (): string[] => ["-h", "127.0.0.1", "-p", String(broker.port)];

/** What both print for everything that is kept below a topic. */
async function both(...args: string[]): Promise<{ ours: string; theirs: string; errors: string[] }> {
	const theirs = new Running("mosquitto_sub", [...at(), ...args]);
	const [our, their] = await Promise.all([runCliProcess(["sub", ...at(), ...args]), theirs.ended]);
	expect([our.exitCode, their.exitCode]).toEqual([0, 0]);
	return { ours: our.out.toString("latin1"), theirs: their.out.toString("latin1"), errors: [our.err, their.err] };
}

/** The time of a message differs between two who print it. */
function untimed(text: string): string {
	return text.replace(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+(\.[0-9]{6}Z)?\+0[0-9]00/g, "TIME");
}

describeWithMosquitto("a format", () => {
	const topic = "format/ä";
	const keep = (name: string, payload: Buffer, qos = "1"): void => {
		execFileSync("mosquitto_pub", [...at(), "-t", name, "-r", "-q", qos, "-s"], { input: payload });
	};

	it("prints every sequence as mosquitto_sub", async () => {
		for (const [index, payload] of PAYLOADS.entries()) keep(`${topic}/${index}`, payload);
		const count = String(PAYLOADS.length);
		const { ours, theirs } = await both("-t", `${topic}/+`, "-q", "1", "-C", count, "-N", "-F", FORMAT);
		expect(ours).toBe(theirs);
	});

	it.each([[], ["--pretty"]])("prints JSON as mosquitto_sub %s", async (...pretty) => {
		for (const [index, payload] of PAYLOADS.entries()) keep(`${topic}/${index}`, payload);
		const count = String(PAYLOADS.length);
		const args = ["-t", `${topic}/+`, "-q", "2", "-C", count, ...pretty.flat(), "-F", "%j\n%J %I"];
		const { ours, theirs, errors } = await both(...args);
		expect(untimed(ours)).toBe(untimed(theirs));
		expect(errors[0]).toBe(errors[1]);
		expect(errors[0]).toMatch(/^(Error: Message payload is not valid JSON on topic format\/ä\/[24]\.\n){2}$/);
	});
});

describe("a format", () => {
	const message = { topicName: "t", payload: Buffer.from("p"), packetId: 7, qos: 1, retain: false };
	const print = (format: string): string => new MessageFormat(format, false, () => undefined).print(message).toString();

	it.each([
		["%", "incomplete format specifier at its end"],
		["%5", "incomplete format specifier at its end"],
		["%5.", "incomplete format specifier at its end"],
		["@", "incomplete format specifier at its end"],
		["\\", "incomplete escape specifier at its end"],
		["a%kb", 'invalid format specifier "k"'],
		["%--t", 'invalid format specifier "--t"'],
		["%0-5t", 'invalid format specifier "0-t"'],
		["\\q", 'invalid escape specifier "\\q"'],
	])("refuses %s", (format, text) => {
		expect(() => print(format)).toThrow(text);
	});

	it("writes now", () => {
		const [seconds = "", iso = "", unix = ""] = print("@s %I %U").split(" ");
		expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(600);
		expect(iso).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/);
		expect(unix).toMatch(/^\d+\.\d{9}$/);
	});

	it("has null for an empty payload", () => {
		const empty = new MessageFormat("%j%J", false, () => undefined).print({ ...message, payload: Buffer.alloc(0) });
		expect(empty.toString().match(/"payloadlen":0,"mid":7,"payload":null/g)).toHaveLength(2);
	});
});

describe("strftime", () => {
	it("agrees with date(1) for every conversion, over years", () => {
		const conversions = [..."aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYz"];
		const seconds = Array.from({ length: 60 }, (_, index) => 1_230_768_000 + index * 31_556_017);
		const format = conversions.map((conversion) => `%${conversion}`).join("|");
		const input = seconds.map((second) => `@${second}\n`).join("");
		const expected = execFileSync("date", ["-f", "-", `+${format}~`], { input, env: { ...process.env, LC_ALL: "C" } });
		const ours = seconds.map((second) => {
			return `${conversions.map((conversion) => strftime(conversion, new Date(second * 1000))).join("|")}~\n`;
		});
		expect(ours.join("")).toBe(expected.toString());
	});
});

describe("JSON", () => {
	it.each(["", "{", "[1,]", '{"a"}', '"', '"\\x"', "tru", "1 2", '"\\ud800"', "[".repeat(2000)])(
		"is not %s",
		(text) => {
			expect(readJson(text)).toBeUndefined();
		},
	);

	it.each([
		[0.1, "0.1"],
		[1e15, "1e+15"],
		[-1.5e-7, "-1.5e-07"],
		[1 / 3, "0.33333333333333331"],
		[123456, "123456"],
	])("writes %d as C does", (value, text) => {
		expect(writeJson(value, false)).toBe(text);
	});
});

describe("a topic filter", () => {
	it.each([
		["a/#", "a", true],
		["a/#", "a/b/c", true],
		["#", "$SYS/a", false],
		["+/a", "$SYS/a", false],
		["a/+", "a/", true],
		["a/+", "a", false],
		["a", "a/b", false],
		["a/+/c", "a/b/c", true],
	])("%s against %s: %s", (filter, topicName, expected) => {
		expect(matches(filter, topicName)).toBe(expected);
	});
});

describeWithMosquitto("retained messages", () => {
	const keep = (...names: string[]): void => {
		for (const name of names) execFileSync("mosquitto_pub", [...at(), "-t", name, "-r", "-q", "1", "-m", name]);
	};
	const left = async (filter: string): Promise<string> => {
		const kept = await new Running("mosquitto_sub", [...at(), "-t", filter, "-W", "1"]).ended;
		return kept.out.toString();
	};

	it("are filtered out by -T, and cleared by --remove-retained; the first fresh one ends --retained-only", async () => {
		keep("kept/a", "kept/b", "kept/c/d", "kept/stays");
		const args = ["-t", "kept/#", "-T", "kept/stays", "-T", "kept/c/#", "--remove-retained", "--retained-only"];
		const { exitCode, out } = await runCliProcess(["sub", ...at(), ...args]);
		expect([exitCode, out.toString()]).toEqual([0, "kept/a\nkept/b\n"]);
		expect(await left("kept/#")).toBe("kept/c/d\nkept/stays\n");
	});

	it("are cleared also when they are not printed, before the command ends", async () => {
		keep("gone/a", "gone/b");
		// What clears them comes back as a message like any other, and is empty.
		const outcome = await runCliProcess(["sub", ...at(), "-t", "gone/#", "-R", "--remove-retained", "-C", "2"]);
		expect([outcome.exitCode, outcome.out.toString(), await left("gone/#")]).toEqual([0, "", ""]);
	});
});
