// Goal: every option of mosquitto's tools is there, or refused by name with the reason; the page says which is which.
// Method: their own --help, as it is installed and as it was written down here; each option is tried.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { withOptionFiles } from "../../host-sim/commands/option-files.js";
import { withPassword, type PasswordFlags } from "../../host-sim/commands/password.js";
import { folderWith } from "../support/files.js";
import { describeWithMosquitto, Mosquitto } from "../support/mosquitto.js";
import { Running, runCliProcess, runInProcess } from "./run-cli.js";

/** `--help` of version 2.0.11. */
const COMMON = [
	..."AcdDhikILMpPquVx"
		.split("")
		.map((letter) => `-${letter}`)
		.filter((name) => name !== "-M"),
	..."help nodelay quiet unix will-payload will-qos will-retain will-topic cafile capath cert key keyform ciphers".split(
		" ",
	),
	..."tls-version insecure tls-engine tls-engine-kpass-sha1 tls-use-os-certs psk psk-identity proxy tls-alpn".split(
		" ",
	),
].map((name) => (name.startsWith("-") ? name : `--${name}`));
const OPTIONS = {
	pub: [...COMMON, "-f", "-l", "-m", "-M", "-n", "-r", "-s", "-t", "--repeat", "--repeat-delay", "--property"],
	sub: [
		...[...COMMON, "-C", "-E", "-F", "-N", "-R", "-t", "-T", "-U", "-v", "-W"],
		...["--pretty", "--random-filter", "--retained-only", "--remove-retained"],
	],
};
const PAGE = readFileSync(new URL("../../host-sim/README.md", import.meta.url), "utf8");

/** What the page says of an option of a command. */
function verdict(command: "pub" | "sub", name: string): string {
	const rows = PAGE.split("\n").filter((line) => line.startsWith("| `-"));
	const row = rows.find((line) => line.split("|")[1]!.includes(`\`${name}\``) && line.split("|").length === 6);
	return row?.split("|")[command === "pub" ? 2 : 3]!.trim() ?? "nothing";
}

describe.each(["pub", "sub"] as const)("every option of mosquitto_%s", (command) => {
	it("that its help lists is on our list", () => {
		const help = spawnSync(`mosquitto_${command}`, ["--help"]).stdout?.toString();
		if (!help?.includes("version 2.0.11")) return;
		const listed = new Set([...help.matchAll(/(?<=[\s[{|])--?[a-zA-Z][a-z0-9-]*/g)].map(([name]) => name));
		expect([...listed].filter((name) => !OPTIONS[command].includes(name))).toEqual([]);
	});

	it.each(OPTIONS[command])("is on the page, and is as it says: %s", async (name) => {
		const said = verdict(command, name);
		expect(said).toMatch(/^(same|differs|refused)$/);
		const help = (await runInProcess(command, "--help")).out.toString();
		const known = new RegExp(`^ +${name}[ ,]|, ${name} `, "m").test(help);
		expect(known).toBe(said !== "refused");
		if (said !== "refused") return;
		for (const value of [[], ["x"]]) {
			const { exitCode, err } = await runInProcess(command, "-t", "a", name, ...value);
			expect([exitCode, err.split("\n").length]).toEqual([64, 2]);
			expect(err).toMatch(
				/^Error: (-., )?--?[a-zA-Z][^ ]*: (Keys that are known beforehand are not|Engines of OpenSSL are not|It belongs to MQTT 5.0|Proxies are not)/,
			);
		}
	});
});

describe("files of options", () => {
	const files = (): { folder: string; environment: { XDG_CONFIG_HOME: string; HOME: string } } => {
		const folder = folderWith({
			"config/mosquitto_pub": "# comment\n-t from/file\n-m two words \n-q 1\n--retain\n\n",
			"home/.config/mosquitto_sub": "-t a\r\n-v",
			named: "-t b\n",
		});
		return { folder, environment: { XDG_CONFIG_HOME: `${folder}/config`, HOME: `${folder}/home` } };
	};
	const from = ["-t", "from/file", "-m", "two words ", "-q", "1", "--retain"];

	it("stand before the command line", () => {
		const { folder, environment } = files();
		expect(withOptionFiles(["pub", "-q", "0"], environment)).toEqual(["pub", ...from, "-q", "0"]);
		expect(withOptionFiles(["sub", "-t", "c"], { HOME: environment.HOME })).toEqual([
			"sub",
			"-t",
			"a",
			"-v",
			"-t",
			"c",
		]);
		expect(withOptionFiles(["pub", "-o", `${folder}/named`], environment)).toEqual([
			...["pub", "-t", "b", "-o", `${folder}/named`],
		]);
	});

	it("lose their message to one of the command line", () => {
		const { environment } = files();
		expect(withOptionFiles(["pub", "-n"], environment)).toEqual(["pub", ...from.slice(0, 2), ...from.slice(4), "-n"]);
	});

	it("are none of other commands', nor of --help; a named one has to be there", async () => {
		const { folder, environment } = files();
		expect(withOptionFiles(["sizes"], environment)).toEqual(["sizes"]);
		expect(withOptionFiles(["pub", "--help"], environment)).toEqual(["pub", "--help"]);
		expect(withOptionFiles(["sub", "-t", "x"], environment)).toEqual(["sub", "-t", "x"]);
		const { exitCode, err } = await runInProcess("pub", "-o", `${folder}/missing`);
		expect([exitCode, err]).toEqual([64, `Error: -o: ${folder}/missing cannot be read: ENOENT\n`]);
	});
});

describe("a password", () => {
	const environment = { XS_MQTT_PASSWORD: "from environment" };
	const passwordOf = (flags: PasswordFlags): string | undefined => withPassword(flags, environment).pw;

	it("comes from its option, a file or the environment, in this order", () => {
		const file = `${folderWith({ secret: "from file\nrest" })}/secret`;
		expect(passwordOf({ username: "u", pw: "p" })).toBe("p");
		expect(passwordOf({ username: "u", pwFile: file })).toBe("from file");
		expect(passwordOf({ username: "u" })).toBe("from environment");
		expect(withPassword({ url: { userName: "u", password: "p" } }, environment)).not.toHaveProperty("pw");
		expect(withPassword({}, environment)).not.toHaveProperty("pw");
		expect(() => withPassword({ pw: "p", pwFile: file }, {})).toThrow("-P and --pw-file exclude each other");
		expect(() => withPassword({ pwFile: `${file}x` }, {})).toThrow("cannot be read: ENOENT");
	});
});

describeWithMosquitto("a publisher", () => {
	it("repeats its message", async () => {
		const broker = await Mosquitto.start();
		try {
			const at = ["-h", "localhost", "-p", String(broker.port), "-t", "again", "-q", "1"];
			const reader = new Running("mosquitto_sub", [...at, "-C", "3", "-d"]);
			await broker.waitForLog(/Sending SUBACK/);
			const outcome = await runCliProcess(["pub", ...at, "-m", "x", "--repeat", "3", "--repeat-delay", "0.01"]);
			expect(outcome).toMatchObject({ exitCode: 0, err: "" });
			expect((await reader.ended).out.toString().match(/^x$/gm)).toHaveLength(3);
		} finally {
			await broker.stop();
		}
	});
});
