import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Finding } from "./checkers/findings.js";
import { compiledUrl } from "../stand-ins/stand-ins.js";
import { addTotals, noTotals, type Totals } from "./totals.js";

/** Seeds for one worker at a time. */
export interface Batch {
	from: number;
	count: number;
	shrinkFailures: boolean;
}

/** A violation, with all that is said about it. */
export interface Failure {
	seed: number;
	finding: Finding;
	/** Steps that are left. */
	steps: number;
	/** Shows it again. */
	command: string;
	/** The last lines that lead to it. */
	chart: string[];
}

/** What a worker has to say of a batch. */
export interface BatchResult {
	totals: Totals;
	failures: Failure[];
}

/** What to run, and how. */
export interface PoolOptions {
	from: number;
	/** How many seeds; Infinity: until it is stopped. */
	seeds: number;
	jobs: number;
	/** No batch is begun after this many violations. */
	failuresMax: number;
	shrinkFailures: boolean;
	/** No batch is begun after it is aborted. */
	signal: AbortSignal;
	onProgress(totals: Totals, failures: number): void;
}

/** Small, so that all workers end at about the same time. */
const BATCH_SIZE = 10;

/**
 * Runs seeds in processes of their own. What a seed does depends on nothing but the seed, so neither the number of
 * processes nor the order matters. Violations come sorted by seed.
 *
 * Throws Error when a worker ends by itself.
 */
export async function runPool(options: PoolOptions): Promise<BatchResult> {
	const all: BatchResult = { totals: noTotals(), failures: [] };
	const end = options.from + options.seeds;
	let next = options.from;
	const take = (): Batch | undefined => {
		if (options.signal.aborted || all.failures.length >= options.failuresMax || next >= end) return undefined;
		const batch = { from: next, count: Math.min(BATCH_SIZE, end - next), shrinkFailures: options.shrinkFailures };
		next += batch.count;
		return batch;
	};
	const put = ({ totals, failures }: BatchResult): void => {
		addTotals(all.totals, totals);
		all.failures.push(...failures);
		options.onProgress(all.totals, all.failures.length);
	};
	const workers = Array.from({ length: options.jobs }, () => work(take, put, options.signal));
	await Promise.all(workers);
	all.failures.sort((one, other) => one.seed - other.seed);
	return all;
}

/** One worker, from its start to its end. */
function work(take: () => Batch | undefined, put: (result: BatchResult) => void, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const child: ChildProcess = fork(fileURLToPath(compiledUrl("host-sim/torture/worker.js")), {
			stdio: ["ignore", "inherit", "inherit", "ipc"],
		});
		// A batch that shrinks a violation may take long; who wants to stop does not want to wait for it.
		const abort = (): void => {
			child.kill("SIGKILL");
			resolve();
		};
		signal.addEventListener("abort", abort);
		const done = (settle: () => void): void => {
			signal.removeEventListener("abort", abort);
			settle();
		};
		child.on("message", (message: "ready" | BatchResult) => {
			if (message !== "ready") put(message);
			const batch = take();
			if (batch !== undefined) return void child.send(batch);
			done(resolve);
			child.disconnect();
		});
		child.on("error", (error) => done(() => reject(error)));
		child.on("exit", (code, killed) => {
			done(() => reject(new Error(`a worker of the torture has ended with ${code ?? killed}`)));
		});
	});
}
