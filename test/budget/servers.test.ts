// Goal: several servers, with several transports, and credentials that are functions cost no allocation: not for a message, and
// not for an attempt beside the platform's socket.
// Method: as budget.test.ts, with a program that has all of that.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CYCLES } from "../../host-sim/proofs/bench/budgets.js";
import { everyModule } from "../../host-sim/stand-ins/library.js";
import { hostOrSkip } from "../xs/support.js";
import { measure, packageRoot, type Operation } from "./measure.js";

const host = await hostOrSkip();
const ROOT = packageRoot();
const bare = (name: string): string => join(ROOT, "manifests/modules", `${name}.js`);

const library = Object.entries(everyModule()).filter(([name]) => !/transport\/(?!tcp|views|dns)/.test(name));

const program = {
	main: join(ROOT, "test/budget/servers-program.js"),
	modules: {
		...Object.fromEntries(library),
		"xs-mqtt": bare("xs-mqtt"),
		"xs-mqtt/tcp": bare("tcp"),
		"xs-mqtt/servers": bare("servers"),
		bench: join(ROOT, "host-sim/proofs/bench/program.js"),
	},
};

describe.skipIf(host === undefined)("several servers on XS", () => {
	it.each<Operation>([
		{ operation: "publish0", count: 30 },
		{ operation: "publish1", count: 30 },
		{ operation: "receive", server: { sendQoS: 1 }, count: 30 },
	])("allocate nothing: $operation", async (operation) => {
		// The first view of two packets that arrive at once is no slip: what a slip takes, it takes every time.
		let found = await measure(host!, { ...operation, program });
		for (let tries = 1; tries < 5 && found.slots > 0; tries++) found = await measure(host!, { ...operation, program });
		expect(found).toMatchObject({ slots: 0, chunkBytes: 0, collections: 0 });
	});

	it("allocate the platform's sockets and nothing else from one server to the other", async () => {
		const cycle = CYCLES.find(({ operation }) => operation === "reconnect")!;
		const many = { ...cycle, program, warm: 20, count: 100, durationMs: 60_000 };
		let found = await measure(host!, many);
		const platform = cycle.platformSlots * found.count;
		for (let tries = 1; tries < 5 && found.slots > platform; tries++) found = await measure(host!, many);
		expect([found.slots, found.chunkBytes, found.collections]).toEqual([platform, 0, 0]);
	});
});
