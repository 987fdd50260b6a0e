import { describe, expect, it } from "vitest";
import { Counter, COUNTER_COUNT } from "../../firmware/client/terms/counters.js";
import type { SimulatedClient } from "../../host-sim/simulator/program/registry.js";
import type { RunResult } from "../../host-sim/simulator/run-options.js";
import { reportClient } from "../../host-sim/simulator/report.js";
import { summaryJson, summaryLines } from "../../host-sim/simulator/summary.js";

// Goal: the suggested sizes follow from what was used, and never below what was turned away.

function client(counts: Partial<Record<keyof typeof Counter, number>>, settings = {}): SimulatedClient {
	const counters = new Uint32Array(COUNTER_COUNT);
	for (const [name, value] of Object.entries(counts)) counters[Counter[name as keyof typeof Counter]] = value;
	return { counters, settings, clientId: "greenhouse-7", state: 0, arenaSize: 2628, stop() {} };
}

const suggested = (counts: Partial<Record<keyof typeof Counter, number>>, settings = {}): Record<string, number> =>
	Object.fromEntries(reportClient(client(counts, settings)).marks.map((mark) => [mark.name, mark.suggested]));

describe("suggested sizes", () => {
	it("are the high-water marks and a quarter, regions in steps of 64", () => {
		expect(suggested({ RX_MAX: 300, OUTBOX_MAX: 1000, INFLIGHT_MAX: 5, FILTER_BYTES_MAX: 100 })).toMatchObject({
			rxBuffer: 384,
			outbox: 1280,
			inflight: 7,
			filterBytes: 128,
		});
	});

	it("stay within the limits of each option", () => {
		expect(suggested({})).toMatchObject({ rxBuffer: 64, inflight: 1, subscriptions: 1 });
		expect(suggested({ OUTBOX_MAX: 1_048_576, INFLIGHT_MAX: 65_535 })).toMatchObject({
			outbox: 1_048_576,
			inflight: 65_535,
		});
	});

	it("hold the largest message that did not fit", () => {
		expect(suggested({ RX_MAX: 100, PACKET_IN_MAX: 2000 })["rxBuffer"]).toBe(128);
		expect(suggested({ RX_MAX: 100, PACKET_IN_MAX: 2000, TOO_LARGE_IN: 1 })["rxBuffer"]).toBe(2560);
	});

	it("do not grow because streamed messages fill the receive buffer", () => {
		expect(suggested({ RX_MAX: 512, PIECES: 100 }, { rxBuffer: 512 })["rxBuffer"]).toBe(512);
		expect(suggested({ RX_MAX: 100, PIECES: 100 }, { rxBuffer: 512 })["rxBuffer"]).toBe(128);
	});

	it("grow where publishes were refused or dropped", () => {
		expect(suggested({ OUTBOX_MAX: 900, REFUSED_FULL: 1 }, { outbox: 1024 })["outbox"]).toBe(1920);
		expect(suggested({ OUTBOX_MAX: 900, DROPPED_OLD: 1 }, { outbox: 1024 })["outbox"]).toBe(1920);
	});
});

describe("the summary", () => {
	const result: RunResult = {
		exitCode: 0,
		end: "duration",
		error: undefined,
		stack: [],
		failures: [],
		program: "telemetry",
		engine: "node",
		broker: "embedded aedes on port 1",
		seed: 7,
		durationMs: 20_049.7,
		connections: 1,
		clients: [reportClient(client({ PUBLISHES_OUT: 20, OUTBOX_MAX: 88 }, { outbox: 1024 }))],
		memory: undefined,
		profile: [],
	};

	it("has what happened, and the marks beside what is configured", () => {
		const lines = summaryLines(result);
		expect(lines[1]).toBe("telemetry on node, 20.0 s, 1 connection, seed 7: time over");
		expect(lines).toContain('client "greenhouse-7", arena 2628 bytes');
		expect(lines).toContain("  publishes out 20");
		expect(lines).toContain("  outbox                   88        1024         128");
	});

	it("is one JSON object for tools", () => {
		expect(JSON.parse(summaryJson(result))).toMatchObject({
			summary: { seed: 7, durationMs: 20_050, clients: [{ clientId: "greenhouse-7" }] },
		});
	});

	it("breaks long lists of counters into lines", () => {
		const all = Object.fromEntries(Object.keys(Counter).map((name) => [name, 123_456]));
		const lines = summaryLines({ ...result, clients: [reportClient(client(all))], connections: 2 });
		expect(lines[1]).toContain("2 connections");
		expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
		expect(lines.join(" ")).toContain("subscriptions refused 123456");
	});
});
