/** What the programs have to do on the simulator, seen from the other side of the broker. */
import { connectAsync, type MqttClient } from "mqtt";
import { CliError } from "../terminal/exit.js";
import { makeImage } from "../companions/ota.js";
import type { CheckBroker } from "./broker.js";
import type { Names } from "./names.js";
import type { Sdk } from "./sdk.js";
import { SimulatorRun } from "./simulator.js";

/** Through a receive buffer of some hundred bytes. */
const IMAGE_SIZE = 65_536;
const TESTS_MS_MAX = 240_000;

/** A program under way, and a client of another make that watches it. */
interface Scene {
	run: SimulatorRun;
	broker: CheckBroker;
	peer: MqttClient;
	/** Payloads by topic, in the order in which they came. */
	heard: Map<string, string[]>;
}

/** A scenario returns what there is to tell. */
type Scenario = (scene: Scene) => Promise<string>;

/** Runs a program on the simulator with a scenario. Throws CliError when something does not come about. */
async function play(
	sdk: Sdk,
	broker: CheckBroker,
	binary: string,
	topics: string,
	scenario: Scenario,
): Promise<string> {
	const heard = new Map<string, string[]>();
	// Its session outlives a restart of the broker, so that it misses nothing.
	const options = { clientId: "check", clean: false, reconnectPeriod: 100 };
	const peer = await connectAsync(`mqtt://127.0.0.1:${broker.peerPort}`, options, false);
	peer.on("message", (topic, payload) => {
		heard.set(topic, [...(heard.get(topic) ?? []), payload.toString()]);
	});
	// A broker that is restarted on purpose must not end the check.
	peer.on("error", () => undefined);
	await peer.subscribeAsync(topics, { qos: 1 });
	const run = new SimulatorRun(sdk, binary);
	try {
		return await scenario({ run, broker, peer, heard });
	} finally {
		await run.stop();
		await peer.unsubscribeAsync(topics);
		await peer.endAsync(true);
	}
}

/** Numbers of the readings so far: each `{"n":…,"celsius":…}`. */
function numbersOf(heard: Scene["heard"], topic: string): number[] {
	return (heard.get(topic) ?? []).map((text) => (JSON.parse(text) as { n: number }).n);
}

/** A repetition is allowed at QoS 1, a gap is not. */
function refuseGaps(numbers: readonly number[]): void {
	numbers.forEach((n, i) => {
		const previous = i === 0 ? -1 : Math.max(...numbers.slice(0, i));
		if (n > previous + 1) throw new CliError(`reading ${previous + 1} is missing: ${numbers.join(" ")}`);
	});
}

export function runTelemetry(sdk: Sdk, broker: CheckBroker, binary: string): Promise<string> {
	return play(sdk, broker, binary, "xs-mqtt/telemetry/#", async ({ run, peer, heard }) => {
		const topic = "xs-mqtt/telemetry/sensor-1";
		const readings = (): number[] => numbersOf(heard, `${topic}/temperature`);
		await run.until("the status", () => heard.get(`${topic}/status`)?.includes("online") === true);
		await run.until("a reading", () => readings().length > 0);
		await peer.publishAsync(`${topic}/command/interval`, "100", { qos: 2 });
		await run.until("ten readings, faster than one a second", () => readings().length >= 10, 8_000);
		await peer.publishAsync(`${topic}/command/identify`, "", { qos: 2 });
		await run.until("an answer to a command with an empty payload", () => run.output.includes("here I am"));
		refuseGaps(readings());
		await run.stop();
		const end = Date.now() + 10_000;
		while (heard.get(`${topic}/status`)?.at(-1) !== "offline") {
			if (Date.now() > end) throw new CliError("the broker did not publish the will");
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		return `${readings().length} readings, commands obeyed, will published`;
	});
}

export function runOta(sdk: Sdk, broker: CheckBroker, binary: string): Promise<string> {
	return play(sdk, broker, binary, "xs-mqtt/ota/+/status", async ({ run, peer, heard }) => {
		const topic = "xs-mqtt/ota/device-1";
		const image = makeImage(IMAGE_SIZE);
		const said = (text: string): boolean => heard.get(`${topic}/status`)?.includes(text) === true;
		await run.until("the device is ready", () => said("ready"));
		await peer.publishAsync(`${topic}/image`, image, { qos: 1 });
		const crc = image.toString("latin1", 0, 8);
		await run.until("the image is complete", () => said(`ok ${crc}`), 30_000);
		return `${IMAGE_SIZE} bytes received, CRC-32 ${crc}`;
	});
}

/** Where the broker moves to: on Linux the whole of 127.0.0.0/8 is this machine. */
const OTHER_ADDRESS = "127.0.0.2";

/**
 * The program for ESP32, with a Wi-Fi that comes late, goes, refuses and comes back; a broker that is restarted; and one
 * that moves to another address.
 */
export function runLosses(sdk: Sdk, broker: CheckBroker, binary: string, names: Names): Promise<string> {
	return play(sdk, broker, binary, "xs-mqtt/telemetry/#", async ({ run, peer, heard }) => {
		const topic = "xs-mqtt/telemetry/telemetry-5eff56a2af15";
		const readings = (): number[] => numbersOf(heard, `${topic}/temperature`);
		const count = (line: string): number => run.output.split(line).length - 1;
		await run.until("the health of the device", () => heard.get(`${topic}/health`) !== undefined);
		const health = JSON.parse(heard.get(`${topic}/health`)![0]!) as Record<string, number>;
		if (health["reset"] !== 1 || health["rssi"] !== -61) throw new CliError(`health: ${JSON.stringify(health)}`);
		await run.until("the time of day", () => run.output.includes("clock: 1764144000 by time.test"));
		await run.until("Wi-Fi up a second time", () => count("wifi: up") >= 2);
		const blinksQuickly = (): boolean => run.output.lastIndexOf("led: quick") > run.output.lastIndexOf("led: slow");
		await run.until("the LED shows the connection", () => run.output.includes("led: slow") && !blinksQuickly());
		const before = Math.max(...readings());
		await run.until("readings after it", () => Math.max(...readings()) > before + 1);
		await broker.stop();
		await run.until("the broker's absence is noticed", () => count("connection lost") >= 2);
		await run.until("the LED shows the loss", blinksQuickly);
		await broker.start();
		const missed = Math.max(...readings());
		await run.until("readings after the broker's restart", () => Math.max(...readings()) > missed + 2, 40_000);
		await peer.publishAsync(`${topic}/command/identify`, "", { qos: 2 });
		await run.until("the subscription is there again", () => run.output.includes("here I am"));
		await broker.stop();
		names.address = OTHER_ADDRESS;
		await broker.start(OTHER_ADDRESS);
		const { asked } = names;
		// Into the session that the server keeps for the device, which is not there.
		await peer.publishAsync(`${topic}/command/identify`, "", { qos: 2 });
		const left = Math.max(...readings());
		await run.until("readings from the new address", () => Math.max(...readings()) > left + 2, 40_000);
		await run.until("the command of the time between", () => count("here I am") === 2);
		if (names.asked === asked) throw new CliError("it has found the new address without asking for it");
		refuseGaps(readings());
		return `${readings().length} readings without a gap over ${count("connection lost")} losses, one of them a move`;
	});
}

/** What the SDK's example program for its MQTT client class traces when all goes well, on whatever class. */
const EXAMPLE_TRACES = [
	"SUBACK - ",
	"UNSUBACK - ",
	"Ping response",
	"PUBREC - ",
	"PUBCOMP - ",
	"PUBACK - 1234",
	"SMALL",
];
const EXAMPLE_SIZE = 3 + 16 * 1024;

/** The SDK's example program, unchanged, on the class of this package. */
export function runExample(sdk: Sdk, broker: CheckBroker, binary: string): Promise<string> {
	return play(sdk, broker, binary, "foo/bar/+", async ({ run, peer, heard }) => {
		const missing = (): string[] => EXAMPLE_TRACES.filter((line) => !run.output.includes(line));
		await run.until("everything that the program traces", () => missing().length === 0, 30_000);
		if (heard.get("foo/bar/small")?.[0] !== "SMALL\n")
			throw new CliError("foo/bar/small did not come as it was written");
		await run.until("the long message", () => heard.get("foo/bar/xxl") !== undefined);
		const long = heard.get("foo/bar/xxl")![0]!;
		if (long.length !== EXAMPLE_SIZE || !/^XXLA+B/.test(long)) throw new CliError(`foo/bar/xxl: ${long.length} bytes`);
		// Here the SDK's class stops: it hears nothing more.
		await peer.publishAsync("foo/bar/empty", "", { qos: 1 });
		await peer.publishAsync("foo/bar/after", "after the empty one", { qos: 2 });
		await run.until("what comes after an empty payload", () => run.output.includes("after the empty one"));
		if (run.output.includes("ERROR")) throw new CliError("the program was told of an error");
		return "all that it traces, 16 KB by pieces, an empty payload and what follows";
	});
}

/** The SDK's example program for `mqtt/js`, which stands on the class that is replaced here. Both are unchanged. */
export function runMqttJs(sdk: Sdk, broker: CheckBroker, binary: string): Promise<string> {
	return play(sdk, broker, binary, "xs/test", async ({ run, heard }) => {
		const names = ["zero", "one", "two", "data"];
		const lines = [
			"subscribed",
			...names.map((name) => `published ${name}`),
			...names.slice(0, 3).map((name) => `message xs/test ${name}`),
		];
		const missing = (): string[] => lines.filter((line) => !run.output.includes(line));
		await run.until("everything that the program traces", () => missing().length === 0, 30_000);
		await run.until("the long message", () => heard.get("xs/test")?.some((text) => text.length === 16_384) === true);
		return "all that it traces, at every QoS";
	});
}

/** The application of new-app.ts. */
export function runNewApp(sdk: Sdk, broker: CheckBroker, binary: string): Promise<string> {
	return play(sdk, broker, binary, "new-app/status", async ({ run, peer, heard }) => {
		await run.until("its word", () => heard.get("new-app/status")?.[0] === "hello");
		await peer.publishAsync("new-app/command", "42", { qos: 1 });
		await run.until("the command", () => run.output.includes("command 42"));
		return "connected, publishes, obeys";
	});
}

/** The device tests: they print what they do in the Test Anything Protocol. */
export async function runTests(sdk: Sdk, binary: string): Promise<string> {
	const run = new SimulatorRun(sdk, binary);
	try {
		await run.until("all tests", () => /^1\.\.\d+$/m.test(run.output), TESTS_MS_MAX);
	} finally {
		await run.stop();
	}
	const lines = run.output.split("\n");
	const failed = lines.filter((line, i) => line.startsWith("not ok") || lines[i - 1]?.startsWith("not ok"));
	if (failed.length > 0) throw new CliError(`device tests failed\n${failed.join("\n")}`);
	const notes = lines.filter((line) => line.startsWith("# QoS")).map((line) => `\n    ${line.slice(2)}`);
	return `${lines.filter((line) => line.startsWith("ok ")).length} tests passed${notes.join("")}`;
}
