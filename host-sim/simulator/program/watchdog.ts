/**
 * A thread beside a program that looks after its process, whatever the program does: it ends it when the simulator is gone,
 * or when the program takes more memory than any device could have.
 */
import { workerData } from "node:worker_threads";
import { OUT_OF_MEMORY, RSS_MAX } from "./limits.js";

const INTERVAL_MS = 250;

const { parent } = workerData as { parent: number };

/** On Windows a process keeps the number of its parent, dead or alive. */
function isAlone(): boolean {
	if (process.ppid !== parent) return true;
	try {
		process.kill(parent, 0);
		return false;
	} catch {
		return true;
	}
}

setInterval(() => {
	if (isAlone()) process.kill(process.pid, "SIGKILL");
	if (process.memoryUsage.rss() < RSS_MAX) return;
	process.kill(process.pid, OUT_OF_MEMORY);
}, INTERVAL_MS);
