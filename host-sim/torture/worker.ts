/**
 * A process that runs seeds for `xs-mqtt torture`. The platform's modules get their stand-ins before the client is loaded,
 * so everything else is imported afterwards.
 */
import { installStandIns } from "../stand-ins/stand-ins.js";
import { installGlobals } from "../stand-ins/node/globals.js";
import type { Batch, BatchResult } from "./pool.js";

installStandIns();
installGlobals();
const { runBatch } = await import("./batch.js");

// Ctrl-C reaches the whole group of processes; when to stop is said by the one that has started us.
process.on("SIGINT", () => undefined);
process.on("message", (batch: Batch) => {
	const result: BatchResult = runBatch(batch);
	process.send!(result);
});
process.on("disconnect", () => process.exit());
process.send!("ready");
