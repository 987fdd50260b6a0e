// One job of the fuzzer, in a thread of its own: runs batches, and tells after each how far it is.
import { parentPort, workerData } from "node:worker_threads";
import { installStandIns } from "../../host-sim/stand-ins/stand-ins.js";
import { installGlobals } from "../../host-sim/stand-ins/node/globals.js";
import { Fuzzer } from "./fuzzer.js";
import { loadTarget } from "./load.js";

/** What a job gets. */
export interface JobOptions {
	readonly target: string;
	readonly seed: number;
	/** Inputs to run. */
	readonly count: number;
	/** Gets each input before it is run, behind two bytes with its size. */
	readonly shared: SharedArrayBuffer;
}

/** What a job tells. */
export interface JobReport {
	readonly count: number;
	readonly features: number;
	readonly pool: number;
	readonly finding?: { readonly what: string; readonly input: Uint8Array };
	readonly isDone: boolean;
}

/** How long a batch takes, about. */
const BATCH_MS = 500;

async function work(
	{ target: name, seed, count, shared }: JobOptions,
	tell: (report: JobReport) => void,
): Promise<void> {
	installStandIns();
	installGlobals();
	const target = await loadTarget(name);
	const fuzzer = new Fuzzer(target, seed, new Uint8Array(shared));
	let batch = 64;
	for (;;) {
		const start = performance.now();
		const finding = fuzzer.run(Math.min(batch, count - fuzzer.count));
		const took = performance.now() - start;
		if (took < BATCH_MS / 2) batch *= 2;
		else if (took > BATCH_MS * 2 && batch > 64) batch /= 2;
		const isDone = finding !== undefined || fuzzer.count >= count;
		const report = { count: fuzzer.count, features: fuzzer.features.count, pool: fuzzer.pool.length, isDone };
		tell(finding === undefined ? report : { ...report, finding });
		if (isDone) return;
	}
}

if (parentPort) {
	const port = parentPort;
	await work(workerData as JobOptions, (report) => port.postMessage(report));
}
