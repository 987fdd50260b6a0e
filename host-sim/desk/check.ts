/**
 * `npm run check:device`: everything about the device that can be checked without one. With the Moddable SDK it builds
 * the programs and the device tests for the SDK's simulator and runs them against a broker, and links the programs for
 * ESP32 boards. Exits with 1 when something is wrong, and with 77 when
 * something was not checked because the SDK, or mosquitto, is not there.
 */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { makeCertificate } from "../certificates/certificates.js";
import { MissingError, runScript, scriptCommand } from "../terminal/script.js";
import { CliError, Exit } from "../terminal/exit.js";
import { brokerMissing, CheckBroker } from "./broker.js";
import { buildForSimulator, linkForBoard, type Goal } from "./build.js";
import { readFlashUse } from "./linked.js";
import { Names } from "./names.js";
import { checkNewApp, WAYS } from "./new-app.js";
import { manifestOf, PROGRAMS, wrapManifest } from "./programs.js";
import { runExample, runLosses, runMqttJs, runOta, runTelemetry, runTests } from "./runs.js";
import { WebSocketFront } from "./websocket-front.js";
import { findSdk, NO_SDK, OUTPUT, PACKAGE, type Sdk } from "./sdk.js";
import { simulatorMissing } from "./simulator.js";
import { TlsStage } from "./tls/run.js";

const BOARDS = ["esp32/nodemcu", "esp32/esp32c3", "esp32/esp32s3"];

/** A program for the simulator, how it is built, and what it has to do. */
interface Subject {
	name: string;
	manifest: string;
	goals: readonly Goal[];
	run(sdk: Sdk, broker: CheckBroker, binary: string, names: Names): Promise<string>;
	/** Name of the broker; "localhost" unless told. */
	host?: string;
}

const SUBJECTS: readonly Subject[] = [
	{ name: "telemetry", manifest: "manifests/simulator/telemetry", goals: ["debug", "release"], run: runTelemetry },
	{ name: "ota", manifest: "manifests/simulator/ota", goals: ["debug", "release"], run: runOta },
	{ name: "losses", manifest: "test/device/losses", goals: ["debug", "release"], run: runLosses, host: "broker.test" },
	{ name: "example", manifest: "test/device/mqttclient", goals: ["debug", "release"], run: runExample },
	{ name: "mqttjs", manifest: "test/device/mqttjs", goals: ["release"], run: runMqttJs },
	{
		name: "websocket",
		manifest: "test/device/websocket",
		goals: ["debug", "release"],
		run: (sdk, _broker, binary) => runTests(sdk, binary),
	},
	{
		name: "tests",
		manifest: "test/device",
		goals: ["debug", "instrument", "release"],
		run: (sdk, _broker, binary) => runTests(sdk, binary),
	},
];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Does one thing, says how it went, and goes on. */
class Checks {
	failed = 0;
	/** Why programs were built and not run, if they were not. */
	notRun: string | undefined;

	async do(what: string, act: () => Promise<string>): Promise<void> {
		const start = performance.now();
		try {
			const result = await act();
			say(`ok    ${what} (${((performance.now() - start) / 1000).toFixed(1)} s)${result && `: ${result}`}`);
		} catch (error) {
			if (!(error instanceof CliError)) throw error;
			this.failed++;
			say(`WRONG ${what}: ${error.message}`);
		}
	}
}

async function checkSimulator(sdk: Sdk, checks: Checks, only: string | undefined): Promise<void> {
	const missing = simulatorMissing(sdk) ?? brokerMissing();
	checks.notRun = missing;
	if (missing !== undefined) say(`programs are built and not run: ${missing}`);
	const broker = missing === undefined ? await CheckBroker.start() : undefined;
	const names = await Names.start();
	const front = await WebSocketFront.start(() => broker?.port ?? 0);
	try {
		for (const { name, manifest, goals, run, host = "localhost" } of SUBJECTS) {
			const file = manifestOf(manifest);
			// The tests are not in the published package.
			if (!existsSync(file) || (only !== undefined && only !== name)) continue;
			const mqtt = { host, port: broker?.port ?? 1883 };
			const wrapped = wrapManifest(`xs_mqtt_${name}`, file, mqtt, { namesPort: names.port, websocketPort: front.port });
			for (const goal of goals) {
				await checks.do(`${name} on the simulator, ${goal}`, async () => {
					const binary = await buildForSimulator(sdk, wrapped, goal);
					if (broker === undefined) return "";
					names.address = "127.0.0.1";
					try {
						return await run(sdk, broker, binary, names);
					} finally {
						// A run may have ended with the broker elsewhere, or stopped.
						await broker.stop();
						await broker.start();
					}
				});
			}
		}
		if (only === undefined || only === "tls") await checkTls(sdk, checks, broker);
		if (only === undefined || only === "new-app") {
			for (const way of WAYS) {
				await checks.do(`a new application by ${way}`, () => checkNewApp(sdk, broker, way));
			}
		}
	} finally {
		names.close();
		front.close();
		await broker?.remove();
	}
}

/** TLS: the program is built with what it is to know of its servers, so these come first. */
async function checkTls(sdk: Sdk, checks: Checks, broker: CheckBroker | undefined): Promise<void> {
	const file = manifestOf("test/device/tls");
	if (!existsSync(file)) return;
	for (const goal of ["debug", "instrument", "release"] as const) {
		await checks.do(`tls on the simulator, ${goal}`, async () => {
			const stage = await TlsStage.set(broker?.port ?? 1883);
			try {
				const wrapped = wrapManifest("xs_mqtt_tls", file, {}, { tlsCheck: stage.config });
				const binary = await buildForSimulator(sdk, wrapped, goal);
				return broker === undefined ? "" : await stage.run(sdk, binary);
			} finally {
				await stage.close();
			}
		});
	}
}

/** Links a program without this package, so that what the package takes can be told. */
async function checkBoard(sdk: Sdk, checks: Checks, board: string): Promise<void> {
	const baseFile = manifestOf("test/device/base");
	let base = 0;
	if (existsSync(baseFile)) {
		const wrapped = wrapManifest("xs_mqtt_base", baseFile);
		await checks.do(`a program without MQTT for ${board}`, async () => {
			base = readFlashUse(await linkForBoard(sdk, wrapped, board)).total;
			return `${base.toLocaleString("en")} bytes of flash for JavaScript`;
		});
	}
	const programs = PROGRAMS.map((name): [name: string, file: string] => [name, manifestOf(`manifests/esp32/${name}`)]);
	// The SDK's example program, for what MQTTClient adds.
	programs.push(["example", manifestOf("test/device/mqttclient")]);
	// A device over TLS has a certificate; any will do.
	programs.push(["telemetry-tls", manifestOf("manifests/esp32/telemetry-tls")]);
	const ca = makeCertificate({ name: "Check CA", issues: true }).der;
	for (const [name, file] of programs) {
		if (!existsSync(file)) continue;
		const wrapped = wrapManifest(`xs_mqtt_${name}_esp32`, file, {}, {}, name.endsWith("-tls") ? ca : undefined);
		await checks.do(`${name} for ${board}`, async () => {
			const use = readFlashUse(await linkForBoard(sdk, wrapped, board));
			const ours = [...use.code].filter(([module]) => module.startsWith("xs-mqtt"));
			const code = ours.reduce((sum, [, size]) => sum + size, 0);
			const more = base > 0 ? `, ${(use.total - base).toLocaleString("en")} more than without MQTT` : "";
			const total = `${use.total.toLocaleString("en")} bytes of flash for JavaScript${more}`;
			if (board === BOARDS[0] && name === PROGRAMS[0]) sayModules(ours);
			return `${total}; ${code.toLocaleString("en")} of them byte code of xs-mqtt`;
		});
	}
}

function sayModules(ours: [string, number][]): void {
	say("      byte code by module:");
	for (const [module, size] of ours.sort((a, b) => b[1] - a[1])) {
		say(`      ${size.toLocaleString("en").padStart(7)}  ${module}`);
	}
}

interface Options {
	only?: string;
	board: readonly string[];
}

async function check({ only, board: boards }: Options): Promise<number> {
	const sdk = findSdk();
	if (sdk === undefined) throw new MissingError(`nothing is checked: ${NO_SDK}`);
	say(`Moddable SDK in ${sdk.root}, results in ${relative(PACKAGE, OUTPUT)}`);
	const checks = new Checks();
	if (only !== "boards") await checkSimulator(sdk, checks, only === "simulator" ? undefined : only);
	if (only === undefined || only === "boards") {
		for (const board of boards) await checkBoard(sdk, checks, board);
	}
	if (checks.failed > 0) {
		say(`${checks.failed} wrong`);
		return Exit.FAILED;
	}
	if (checks.notRun !== undefined)
		throw new MissingError(`all is well, but programs were only built: ${checks.notRun}`);
	say("all well");
	return Exit.OK;
}

const PARTS = ["simulator", "boards", ...SUBJECTS.map(({ name }) => name), "tls", "new-app"];
const command = scriptCommand(
	"check:device",
	"Check everything about the device that needs no board. Needs the Moddable SDK.",
)
	.addOption(new Option("--only <part>", "one part of it").choices(PARTS))
	.option("--board <board>", "link for this one (may be repeated)", addBoard, BOARDS)
	.parse();

/** Boards that are named take the place of the usual ones. */
function addBoard(board: string, before: readonly string[]): readonly string[] {
	if (!/^esp32\/\w+$/.test(board)) throw new InvalidArgumentError("It must be like esp32/nodemcu.");
	return before === BOARDS ? [board] : [...before, board];
}

await runScript(() => check(command.opts<Options>()));
