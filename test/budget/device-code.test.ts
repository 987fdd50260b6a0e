// Goal: what a device links takes no more flash than it did, and allocates as little as what the compiler made.
// Method: the modules of dist/device on the XS engine, preloaded as in flash, in the place of those of dist/firmware; byte
// code as the engine counts it. What else lies in flash is counted from the text: functions, and names that only it has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { measure, packageRoot, type Operation } from "./measure.js";
import { hostOrSkip } from "../xs/support.js";

const host = await hostOrSkip();
const ROOT = packageRoot();

/** What telemetry links of the library, and the name of each on a device. */
const MODULES = {
	"xs-mqtt": join(ROOT, "dist/device/index.js"),
	"xs-mqtt/tcp": join(ROOT, "dist/device/transport/tcp.js"),
	"xs-mqtt/dns": join(ROOT, "dist/device/transport/dns.js"),
};

const CODE_BYTES_MAX = 87_100;
const FUNCTIONS_MAX = 600;
/** Reasons of TLS and of WebSocket among them: what an application may ask for has a name. */
const NAMES_MAX = 875;

const OPERATIONS: readonly Operation[] = [
	{ operation: "publish0", count: 30 },
	{ operation: "publish1", count: 30 },
	{ operation: "receive", server: { sendQoS: 1 }, count: 30 },
];

/** Functions with code of their own, and names that properties, variables or parameters have. */
function shapeOf(files: readonly string[]): { functions: number; names: number } {
	const names = new Set<string>();
	let functions = 0;
	const see = (node: ts.Node): void => {
		if (ts.isFunctionLike(node)) functions++;
		else if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) names.add(node.text);
		ts.forEachChild(node, see);
	};
	for (const file of files) see(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true));
	return { functions, names: names.size };
}

describe.skipIf(host === undefined)("the modules of a device on XS", () => {
	it.each(OPERATIONS)("allocate nothing: $operation", async (operation) => {
		const main = join(ROOT, "host-sim/proofs/bench/program.js");
		const apart = await measure(host!, operation);
		// The first view of two packets that arrive at once is no slip: what a slip takes, it takes every time.
		let linked = await measure(host!, { ...operation, program: { main, modules: MODULES } });
		for (let tries = 1; tries < 5 && linked.slots > 0; tries++) {
			linked = await measure(host!, { ...operation, program: { main, modules: MODULES } });
		}
		expect(linked).toMatchObject({ count: apart.count, slots: 0, chunkBytes: 0, collections: 0 });
		// What the server answers may come at once or one by one, which counts; without an answer it is the same each time.
		if (operation.operation === "publish0") expect(linked.byteCodes).toBeLessThanOrEqual(apart.byteCodes);
		const code = Object.entries(linked.codeBytes).reduce((sum, [name, size]) => sum + (name === "main" ? 0 : size), 0);
		expect(code).toBeLessThanOrEqual(CODE_BYTES_MAX);
		expect(code).toBeGreaterThan(CODE_BYTES_MAX * 0.8);
	});
});

describe("the modules of a device", () => {
	it("have no more functions and names than they had", () => {
		const { functions, names } = shapeOf(Object.values(MODULES));
		expect(functions).toBeLessThanOrEqual(FUNCTIONS_MAX);
		expect(names).toBeLessThanOrEqual(NAMES_MAX);
		expect(functions).toBeGreaterThan(FUNCTIONS_MAX * 0.8);
		expect(names).toBeGreaterThan(NAMES_MAX * 0.8);
	});
});
