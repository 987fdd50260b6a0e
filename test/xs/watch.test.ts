// Goal: what watches a program's clients on XS takes nothing of its heap.
// Method: a client without a network, which publishes and is refused, with the watch and without; the engine counts.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findProgram } from "../../host-sim/simulator/program.js";
import { compiledUrl } from "../../host-sim/stand-ins/stand-ins.js";
import { xsModules } from "../../host-sim/simulator/xs-modules.js";
import { SUPERVISOR, supervisorSource, WATCH } from "../../host-sim/simulator/xs-supervisor.js";
import { tryBuildXsHost, type XsHost } from "../../host-sim/stand-ins/xs/build.js";
import { runOnXs } from "../../host-sim/stand-ins/xs/xs-process.js";
import { folderWith } from "../support/files.js";

const found = await tryBuildXsHost();

const PROGRAM = `
import { Client, Topic } from "xs-mqtt";
const transport = () => ({ start() {}, close() {} });
const client = new Client({ host: "127.0.0.1", transport, queueQoS0: false });
const topic = new Topic("a");
const bytes = new Uint8Array(400);
export default () => {
	for (let i = 0; i < 100; i++) client.publish(topic, bytes, 1);
	for (let i = 0; i < 100; i++) client.publish(topic, bytes, 0);
	client.close();
};
`;

/** What the program takes, and what was told of it. */
async function run(host: XsHost, file: string, watches: boolean) {
	const { modules, preload, main } = xsModules(findProgram(file), undefined);
	const events: unknown[] = [];
	const { report, exitCode, stderr } = await runOnXs({
		host,
		modules: {
			...modules,
			[WATCH]: fileURLToPath(compiledUrl("host-sim/simulator/watch/prototypes.js")),
			[SUPERVISOR]: { path: SUPERVISOR, source: supervisorSource(100, watches) },
		},
		preload: [...preload, WATCH, SUPERVISOR],
		main,
		onEvent: (fields) => events.push(fields),
	});
	expect([exitCode, stderr]).toEqual([0, ""]);
	return { slots: report!.slots, chunkBytes: report!.chunkBytes, events };
}

describe.skipIf("reason" in found)("the watch on XS", () => {
	it("takes no slot and no chunk byte, also where it tells of what was refused", async () => {
		const { host } = found as { host: XsHost };
		const file = `${folderWith({ "program.mjs": PROGRAM })}/program.mjs`;
		const without = await run(host, file, false);
		const watched = await run(host, file, true);
		const events = JSON.stringify(watched.events);
		expect(events).toContain('["refused",1,"publish",-1,"a",1,400,');
		expect(events).toContain('["refused",1,"publish",-3,"a",1,400,');
		expect({ ...watched, events: [] }).toEqual({ ...without, events: [] });
	});
});
