/**
 * `npm run flash -- --board esp32/nodemcu --program telemetry ssid=… password=… host=…`: builds a program for an ESP32
 * board and writes it to the board. `npm run build:device` builds only. Both call the SDK's mcconfig and say in one line
 * what is missing for that.
 */
import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Option } from "commander";
import { MissingError, runScript, SCRIPT_EXIT_CODES, scriptCommand } from "../terminal/script.js";
import { CliError, Exit, UsageError } from "../terminal/exit.js";
import { manifestOf, PROGRAMS, wrapManifest } from "./programs.js";
import { findProgram, findSdk, idfVersion, NO_SDK, OUTPUT, type Sdk } from "./sdk.js";

const HELP = `
name=value is for mcconfig: ssid=… password=… of the Wi-Fi, host=… of the broker, clientId=…, led=<pin>.
tls=1 ca=<file> builds telemetry over TLS; the file has the certificate of the broker's issuer, PEM or DER.
The port is found by itself, or is UPLOAD_PORT=/dev/….
${SCRIPT_EXIT_CODES}
  else what mcconfig ended with`;

/** What was asked for. */
interface Job {
	buildOnly: boolean;
	board: string;
	program: string;
	debug: boolean;
	settings: string[];
}

function readJob(): Job {
	const buildOnly = process.argv.includes("--build-only");
	const command = scriptCommand(
		buildOnly ? "build:device" : "flash",
		`Build a program for an ESP32 board${buildOnly ? "" : ", and write it to the board"}.`,
		HELP,
	)
		.usage("--board <board> [options] [name=value...]")
		.argument("[name=value...]", "settings")
		.option("--board <board>", "esp32/nodemcu, esp32/esp32c3, esp32/esp32s3, …: a folder of the SDK's targets")
		.option("--program <program>", `${PROGRAMS.join(", ")}, or a folder with a manifest.json`, PROGRAMS[0])
		.option("--debug", "for the debugger xsbug, which starts with it; trace() is heard only there", false)
		.addOption(new Option("--build-only").hideHelp())
		.parse();
	const odd = command.args.find((setting) => !/^\w+=/.test(setting));
	if (odd !== undefined) throw new UsageError(`${odd}: not of the form name=value`);
	const { board, program, debug } = command.opts<Omit<Job, "board"> & { board?: string }>();
	if (board === undefined) throw new UsageError("--board is missing; --help tells more");
	return { buildOnly, board, program, debug, settings: command.args };
}

/** Of `name=value`; undefined when it is not given. */
function valueOf(settings: readonly string[], name: string): string | undefined {
	return settings.find((setting) => setting.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The manifest of a program over TLS, with the certificate that was named. Throws UsageError when there is none. */
function tlsManifest({ program, settings }: Job): string {
	const file = manifestOf(`manifests/esp32/${program}-tls`);
	if (!existsSync(file)) throw new UsageError(`tls=1: ${program} has no form for TLS; telemetry has`);
	const ca = valueOf(settings, "ca");
	if (ca === undefined) throw new UsageError("tls=1: ca=<file> is missing: the certificate of the broker's issuer");
	try {
		const { raw } = new X509Certificate(readFileSync(ca));
		return wrapManifest(`xs_mqtt_${program}_tls`, file, {}, {}, raw).file;
	} catch (error) {
		throw new UsageError(`ca=${ca}: ${(error as Error).message}`);
	}
}

function findManifest(job: Job): string {
	const { program } = job;
	if (valueOf(job.settings, "tls") === "1") return tlsManifest(job);
	const known = (PROGRAMS as readonly string[]).includes(program);
	const file = known ? manifestOf(`manifests/esp32/${program}`) : resolve(program, "manifest.json");
	if (existsSync(file)) return file;
	throw new UsageError(`--program ${program}: there is no ${file}; the examples are ${PROGRAMS.join(", ")}`);
}

/** Throws UsageError when there is no such board, MissingError with one line for each thing that is missing. */
function checkTools(sdk: Sdk, job: Job): void {
	const missing: string[] = [];
	const idf = process.env["IDF_PATH"];
	const version = idfVersion(sdk);
	const target = join(sdk.root, "build/devices", job.board.replace("/", "/targets/"));
	if (!job.board.startsWith("esp32/"))
		throw new UsageError(`--board ${job.board}: the programs are for esp32/… boards`);
	if (!existsSync(target)) throw new UsageError(`--board ${job.board}: there is no ${target}`);
	if (!idf)
		missing.push(`IDF_PATH is not set: this SDK needs ESP-IDF ${version} (git clone -b ${version} --recursive)`);
	else if (findProgram("idf.py", sdk.environment) === undefined) {
		missing.push(`idf.py is not on the path: run . ${idf}/export.sh in this shell`);
	}
	if (!job.buildOnly && !process.env["UPLOAD_PORT"] && findPorts().length === 0) {
		missing.push("no serial port: connect the board by a cable that carries data, or set UPLOAD_PORT");
	}
	if (missing.length > 0) throw new MissingError(missing.join("\n"));
}

/** Serial ports that a board may be at. */
function findPorts(): string[] {
	if (process.platform === "win32") return ["found by the SDK"];
	const usual = process.platform === "darwin" ? /^cu\.(usb|SLAB|wch)/i : /^tty(USB|ACM)/;
	return readdirSync("/dev").filter((name) => usual.test(name));
}

function adviseOnSettings(job: Job): void {
	const given = (name: string): boolean => job.settings.some((setting) => setting.startsWith(`${name}=`));
	if (!(PROGRAMS as readonly string[]).includes(job.program)) return;
	if (!given("ssid")) process.stderr.write("no ssid=…: the program will say so and do nothing\n");
	if (!given("host")) process.stderr.write("no host=…: the program will say so and do nothing\n");
}

/** Lets mcconfig do it, in full view. Returns its exit code. */
function runMcconfig(sdk: Sdk, job: Job, manifest: string): Promise<number> {
	mkdirSync(OUTPUT, { recursive: true });
	const target = job.buildOnly ? ["-t", "build"] : [];
	const args = [...(job.debug ? ["-d"] : []), "-m", "-p", job.board, ...target, "-o", OUTPUT, manifest];
	// Settings are not shown: a password is among them.
	process.stderr.write(`mcconfig ${args.join(" ")}\n`);
	return new Promise((done, reject) => {
		// What was for this script is in the manifest.
		const settings = job.settings.filter((setting) => !/^(tls|ca)=/.test(setting));
		const child = spawn("mcconfig", [...args, ...settings], { env: sdk.environment, stdio: "inherit" });
		child.on("error", (error) => reject(new CliError(`mcconfig: ${error.message}`)));
		child.on("close", (code) => done(code ?? Exit.FAILED));
	});
}

await runScript(async () => {
	const job = readJob();
	const manifest = findManifest(job);
	const sdk = findSdk();
	if (sdk === undefined) throw new MissingError(NO_SDK);
	checkTools(sdk, job);
	adviseOnSettings(job);
	return runMcconfig(sdk, job, manifest);
});
