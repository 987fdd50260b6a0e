/** A new application, made outside this package and with nothing of it but what npm publishes, as its user would. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "../terminal/exit.js";
import type { CheckBroker } from "./broker.js";
import { ourWarnings } from "./build.js";
import { commitPackage } from "./git-release.js";
import { packInto } from "./pack.js";
import { runNewApp } from "./runs.js";
import { runTool, type Sdk } from "./sdk.js";

/** The ways in which Moddable users add a package to an application. */
export const WAYS = ["include", "git include", "mcpack"] as const;
export type Way = (typeof WAYS)[number];

const NAME = "xs_mqtt_new_app";

const MAIN = `import config from "mc/config";
import { Client, QoS } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import { tcp } from "xs-mqtt/tcp";

const client = new Client({
	...config.mqtt,
	clientId: "new-app",
	transport: tcp,
	dns: platformDns(),
	onConnected: () => client.publish("new-app/status", "hello", QoS.AT_LEAST_ONCE),
});
client.subscribe("new-app/command", QoS.AT_LEAST_ONCE, (message) => trace(\`command \${message.text()}\\n\`));
client.start();
`;

/** Ten lines, or less. */
function manifestFor(include: unknown, mqtt: object): object {
	return {
		build: { NAME },
		include: ["$(MODDABLE)/examples/manifest_base.json", "$(MODDABLE)/modules/io/manifest.json", include],
		modules: { "*": "./main" },
		config: { mqtt },
	};
}

/** What git is asked for: a repository of its own, with the branch and tag that `npm run release:git` makes. */
async function makeRepository(folder: string, unpacked: string): Promise<object> {
	const repository = join(folder, "xs-mqtt.git");
	await runTool("git", ["init", "--quiet", "--bare", repository], process.env);
	const identity = ["-c", "user.name=xs-mqtt", "-c", "user.email=xs-mqtt@localhost"];
	const tag = await commitPackage(repository, unpacked, "0.0.0", identity);
	return { git: pathToFileURL(repository).href, tag, manifest: "manifests/manifest_mqtt.json" };
}

/** Writes the application. out: the command that builds it, and its arguments in front of the usual ones */
async function writeApp(way: Way, folder: string, app: string, mqtt: object): Promise<[string, string[]]> {
	const unpacked = await packInto(join(folder, "packed"));
	mkdirSync(join(app, "node_modules"), { recursive: true });
	writeFileSync(join(app, "main.js"), MAIN);
	const write = (name: string, value: object): void =>
		writeFileSync(join(app, name), JSON.stringify(value, null, "\t"));
	if (way === "git include") {
		write("manifest.json", manifestFor(await makeRepository(folder, unpacked), mqtt));
		return ["mcconfig", []];
	}
	cpSync(unpacked, join(app, "node_modules/xs-mqtt"), { recursive: true });
	if (way === "include") {
		write("manifest.json", manifestFor("./node_modules/xs-mqtt/manifests/manifest_mqtt.json", mqtt));
		return ["mcconfig", []];
	}
	write("package.json", {
		name: NAME,
		version: "1.0.0",
		type: "module",
		main: "main.js",
		dependencies: { "xs-mqtt": "*" },
		moddable: { manifest: { config: { mqtt } } },
	});
	return ["mcpack", ["mcconfig"]];
}

/** Makes the application in a folder of its own, builds it, runs it. Throws CliError when something does not come about. */
export async function checkNewApp(sdk: Sdk, broker: CheckBroker | undefined, way: Way): Promise<string> {
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-new-app-"));
	try {
		const app = join(folder, "app");
		const output = join(folder, "output");
		mkdirSync(output);
		const mqtt = { host: "localhost", port: broker?.port ?? 1883 };
		const [command, args] = await writeApp(way, folder, app, mqtt);
		const goal = ["-d", "-m", "-p", sdk.system, "-t", "build", "-o", output];
		const said = await runTool(command, [...args, ...goal], sdk.environment, app);
		const warnings = ourWarnings(said);
		if (warnings.length > 0) throw new CliError(`the linker warns\n${warnings.join("\n")}`);
		if (broker === undefined) return "";
		return await runNewApp(sdk, broker, join(output, "bin", sdk.system, "mc/debug", NAME, "mc.so"));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
