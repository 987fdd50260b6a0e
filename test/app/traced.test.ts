// Goal: who looks at a device's log reads why a constructor refused, before the exception ends the program.
// Method: each public constructor is given something wrong; the global `trace` of the platform is listened to.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MQTTClient, type MQTTClientOptions } from "../../firmware/ecma419/client.js";
import { platformDns } from "../../firmware/transport/dns.js";
import { tcp } from "../../firmware/transport/tcp.js";
import { Client, Text, Topic } from "../../firmware/index.js";
import { ScriptedSocket } from "./ecma419/rig.js";

const slots = globalThis as { trace?: unknown; System?: unknown };
let traced: string;
let before: { trace: unknown; System: unknown };

beforeEach(() => {
	traced = "";
	before = { trace: slots.trace, System: slots.System };
	slots.trace = (text: string) => (traced += text);
});

afterEach(() => void Object.assign(slots, before));

/** The text with which something throws. */
function thrown(make: () => unknown): string {
	try {
		make();
	} catch (error) {
		return String(error);
	}
	throw new Error("nothing was thrown");
}

const client = (options: object) => (): unknown =>
	new Client({ host: "127.0.0.1", transport: tcp, ...options } as never);
const mqttClient = (options: object) => (): unknown =>
	new MQTTClient({ host: "127.0.0.1", socket: { io: ScriptedSocket }, ...options } as unknown as MQTTClientOptions);
const make: Record<string, () => unknown> = {
	Client: client({ rxBuffer: 10 }),
	"Client with an unknown option": client({ clientID: "x" }),
	"Client without options": () => new Client(undefined as never),
	"Client whose transport refuses": client({ host: "broker" }),
	"Client whose transport throws what is no error": client({
		transport: () => {
			throw "no route";
		},
	}),
	Topic: () => new Topic("a/#"),
	"Topic of a number": () => new Topic(5 as never),
	Text: () => new Text("\ud800"),
	"platformDns without a resolver": () => {
		slots.System = undefined;
		return platformDns();
	},
	MQTTClient: mqttClient({ host: "" }),
	"MQTTClient of another format": mqttClient({ format: "number" }),
	"MQTTClient whose client refuses": mqttClient({ port: 0 }),
	"MQTTClient without options": () => new MQTTClient(undefined as never),
};

describe("what is thrown is traced", () => {
	it.each(Object.keys(make))("once, in one line: %s", (name) => {
		const text = thrown(make[name]!);
		expect(traced).toBe(`xs-mqtt: ${text}\n`);
	});

	it("names option, value and limit", () => {
		thrown(make["Client"]!);
		expect(traced).toBe("xs-mqtt: RangeError: rxBuffer: 10 is out of range; 64 … 1048576\n");
	});

	it("once for a will, whose topic is checked by the same rules", () => {
		thrown(client({ will: { topic: "a/#" } }));
		expect(traced).toBe('xs-mqtt: RangeError: will.topic: "a/#" holds a wildcard or U+0000\n');
	});

	it("without any password", () => {
		for (const password of ["hush\ud800", 4711, "hush"]) thrown(client({ password }));
		thrown(client({ host: "mqtt://user:hush@broker" }));
		thrown(mqttClient({ password: "hush" }));
		expect(traced).not.toMatch(/hush|4711/);
	});

	it("also where there is no trace: then it is only thrown", () => {
		delete slots.trace;
		expect(thrown(make["Topic"]!)).toBe('RangeError: topic: "a/#" holds a wildcard or U+0000');
		slots.System = undefined;
		expect(thrown(platformDns)).toMatch(/^TypeError: dns: System.resolve is missing/);
	});
});

describe("what is refused by a status", () => {
	it("is not traced: the caller reads it", () => {
		const quiet = new Client({ host: "127.0.0.1", transport: tcp });
		expect(quiet.publish("a/#", "x")).toBeLessThan(0);
		expect(quiet.compose("a/+").send()).toBeLessThan(0);
		expect(traced).toBe("");
	});
});
