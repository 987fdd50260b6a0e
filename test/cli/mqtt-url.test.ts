// Goal: a URL is taken literally, to its last character, and no error shows a password.
// Method: tables; then everything that can go wrong with one, as whole command lines.
import { describe, expect, it } from "vitest";
import { parseMqttUrl, withoutPassword } from "../../host-sim/terminal/mqtt-url.js";
import { folderWith } from "../support/files.js";
import { runInProcess } from "./run-cli.js";

const PLAIN = { scheme: "mqtt", host: "h", port: undefined, userName: undefined, password: undefined, topic: "" };

describe("parseMqttUrl", () => {
	it.each([
		["mqtt://h", {}],
		["MQTT://h/", {}],
		["mqtt://h/a/#", { topic: "a/#" }],
		["mqtt://h/#", { topic: "#" }],
		["mqtt://h//a/", { topic: "/a/" }],
		["mqtt://h/a?b#c", { topic: "a?b#c" }],
		["mqtt://h/a/../b/./c", { topic: "a/../b/./c" }],
		["mqtt://h/a/+/%23%2f%25", { topic: "a/+/#/%" }],
		["mqtt://h/grün %c3%bc", { topic: "grün ü" }],
		["mqtt://h/a@b:c", { topic: "a@b:c" }],
		["mqtt://h:7/t", { port: 7, topic: "t" }],
		["mqtt://[::1]:7/t", { host: "::1", port: 7, topic: "t" }],
		["mqtt://u@h/t", { userName: "u", topic: "t" }],
		["mqtt://u%3a:p%40%2f%25@h:1", { userName: "u:", password: "p@/%", port: 1 }],
		["mqtt://u:p#?@h", { userName: "u", password: "p#?" }],
		["mqtt://u:p@q:r@h", { userName: "u", password: "p@q:r" }],
		["mqtt://u:%ff%00@h", { userName: "u", password: Buffer.from([255, 0]) }],
	])("%s", (text, parts) => {
		const path = /^[a-z]+:\/\/[^/]*(.*)$/i.exec(text)![1];
		expect(parseMqttUrl(text)).toEqual({ ...PLAIN, path, ...parts });
	});

	it.each([
		["mqtts://h:7/a/b", { scheme: "mqtts", port: 7, topic: "a/b", path: "/a/b" }],
		["WS://h", { scheme: "ws", path: "" }],
		["wss://h/mqtt?a=%2F#", { scheme: "wss", topic: "mqtt?a=/#", path: "/mqtt?a=%2F#" }],
	])("%s, with its scheme and its path", (text, parts) => {
		expect(parseMqttUrl(text)).toEqual({ ...PLAIN, ...parts });
	});
});

describe("withoutPassword", () => {
	it.each([
		["mqtt://u:secret@h/a", "mqtt://u:…@h/a"],
		["mqtt://u:se/cr@et@h/a", "mqtt://u:…@h/a"],
		["mqtt://u@h/a", "mqtt://u@h/a"],
		["mqtt://h:1", "mqtt://h:1"],
		["//u:secret@h", "//u:…@h"],
		["u:secret@h", "u:…@h"],
		["no url", "no url"],
	])("%s", (text, shown) => {
		expect(withoutPassword(text)).toBe(shown);
	});
});

describe("a wrong URL", () => {
	const URLS = [
		"mqtt://u:geheim%s@h/a",
		"mqtt://u:geheim%@h/a",
		"mqtt://u%zz:geheim@h/a",
		"mqtt://u%ff:geheim@h/a",
		"mqtt://u:geheim@h/a%zz",
		"mqtt://u:geheim@h/%ff",
		"mqtt://u:ge/heim@h/a",
		"mqtt://u:geheim@",
		"mqtt://u:geheim@:1883/a",
		"mqtt://u:geheim@h:x/a",
		"mqtt://u:geheim@h:0/a",
		"mqtt://u:geheim@h:65536/a",
		"mqtt://u:geheim@h h/a",
		"http://u:geheim@h/a",
		"//u:geheim@h/a",
		"u:geheim@h",
	];

	it.each(URLS)("%s is one line without the password, and exit code 64", async (url) => {
		for (const args of [
			["sub", "-L", url],
			["sub", `-L${url}`],
			["pub", "-m", "x", `--url=${url}`],
			["run", "telemetry", "--broker", url],
		]) {
			const { exitCode, err } = await runInProcess(...args);
			expect([args[0], exitCode, err.trimEnd().split("\n")]).toEqual([
				args[0],
				64,
				[expect.stringMatching(/^Error: /)],
			]);
			expect(err).not.toMatch(/ge.?heim/);
			expect(err).not.toMatch(/\bheim/);
		}
	});

	it("in another place shows no password either", async () => {
		const manifest = `${folderWith({ "manifest.json": { config: { mqtt: { password: "geheim\ud800", userName: "u" } } } })}/manifest.json`;
		for (const args of [
			["mqtt://u:geheim@h/a"],
			["sub", "mqtt://u:geheim@h/a"],
			["sub", "-t", "a", "-h", "mqtt://u:geheim@h"],
			["sub", "-t", "a", "-h", "u:geheim@h"],
			["sub", "-t", "a", "-p", "mqtt://u:geheim@h"],
			["sub", "-t", "mqtt://u:geheim@h/#/a"],
			["sub", "-t", "a", "--password=geheim"],
			["sub", "-t", "a", "--pww=geheim"],
			["sub", "-t", "a", "-P", "geheim"],
			["sub", "-t", "a", "--manifest", manifest],
		]) {
			const { exitCode, err } = await runInProcess(...args);
			expect([args, exitCode]).toEqual([args, 64]);
			expect(err).toMatch(/^Error: .+\n$/);
			expect(err).not.toContain("geheim");
		}
	});
});
