import type { ClientReport } from "./report.js";
import type { RunResult } from "./run-options.js";
import { printable } from "../log/line.js";
import { profileTable } from "../stand-ins/xs/profile-table.js";
import { memoryLines } from "./xs-memory.js";

const ENDS: Readonly<Record<RunResult["end"], string>> = {
	duration: "time over",
	stopped: "stopped",
	"program ended": "the program ended by itself",
	exception: "an exception escaped",
	"not back": "the program did not come back from its own code",
};

/** The summary of a run for people, in lines. */
export function summaryLines(result: RunResult): string[] {
	const seconds = (result.durationMs / 1000).toFixed(1);
	const connections = `${result.connections} connection${result.connections === 1 ? "" : "s"}`;
	const lines = [
		"",
		`${result.program} on ${result.engine}, ${seconds} s, ${connections}, seed ${result.seed}: ${ENDS[result.end]}`,
	];
	for (const client of result.clients) lines.push("", ...clientLines(client));
	if (result.memory) lines.push("", ...memoryLines(result.memory, result.clients.length > 0));
	if (result.profile.length > 0) lines.push("", ...profileTable(result.profile, "slots"));
	return lines;
}

function clientLines(client: ClientReport): string[] {
	const arena = client.arenaSize > 0 ? `, arena ${client.arenaSize} bytes` : "";
	const lines = [`client "${printable(client.clientId)}"${arena}`];
	const counts = Object.entries(client.counters)
		.filter(([name, value]) => value > 0 && !name.endsWith("_MAX"))
		.map(([name, value]) => `${name.toLowerCase().replaceAll("_", " ")} ${value}`);
	lines.push(...wrap(counts.length > 0 ? counts : ["nothing happened"]));
	const tally = (what: string, counts: Readonly<Record<string, number>>): void => {
		const words = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
		if (words.length > 0) lines.push(...wrap([`${what}: ${words[0]}`, ...words.slice(1)]));
	};
	tally("refused", client.refused);
	tally("problems", client.problems);
	// That it was stopped is no news.
	tally("ends", Object.fromEntries(Object.entries(client.ends).filter(([name]) => name !== "STOPPED")));
	lines.push(
		`  ${"size".padEnd(15)}${["most used", "configured", "suggested"].map((head) => head.padStart(12)).join("")}`,
	);
	for (const { name, used, configured, suggested } of client.marks) {
		const columns = [used, configured, suggested].map((value) => String(value).padStart(12)).join("");
		lines.push(`  ${name.padEnd(15)}${columns}`);
	}
	return lines;
}

/** Columns of a line of counters. */
const WIDTH = 80;

/** Puts words with commas into indented lines. */
function wrap(words: readonly string[]): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of words) {
		// Indentation, and the commas before and behind.
		if (line && 2 + line.length + 2 + word.length + 1 > WIDTH) {
			lines.push(`  ${line},`);
			line = "";
		}
		line = line ? `${line}, ${word}` : word;
	}
	return [...lines, `  ${line}`];
}

/** The summary for tools: one JSON object. */
export function summaryJson(result: RunResult): string {
	return JSON.stringify({ type: "summary", summary: { ...result, durationMs: Math.round(result.durationMs) } });
}
