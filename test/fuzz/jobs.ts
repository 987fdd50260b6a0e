import { Worker } from "node:worker_threads";
import { Random } from "../../host-sim/world/random.js";
import type { JobOptions, JobReport } from "./worker.js";

/** What all jobs together have to do. */
export interface Plan {
	readonly target: string;
	readonly seed: number;
	readonly jobs: number;
	/** Inputs of all jobs together. */
	readonly count: number;
	/** Ends the run in good order. */
	readonly signal: AbortSignal;
	readonly onProgress: (total: Progress) => void;
}

/** How far all jobs are. */
export interface Progress {
	readonly count: number;
	readonly features: number;
}

/** What a job has found. */
export interface JobFinding {
	readonly what: string;
	readonly input: Uint8Array;
	/** Which job, from 0. */
	readonly job: number;
}

/** A job that says nothing for this long is in an input that does not end. */
const SILENCE_MS_MAX = 60_000;

/** More than any target's inputs have. */
const WATCHED_SIZE = 4_096;

/** Runs all jobs to their end, or to the first finding. */
export async function runJobs(plan: Plan): Promise<{ progress: Progress; finding: JobFinding | undefined }> {
	const reports: JobReport[] = [];
	const ending = new AbortController();
	let finding: JobFinding | undefined;
	const total = (): Progress => ({
		count: reports.reduce((sum, report) => sum + report.count, 0),
		features: Math.max(0, ...reports.map((report) => report.features)),
	});
	plan.signal.addEventListener("abort", () => ending.abort(), { once: true });
	const jobs = Array.from({ length: plan.jobs }, async (_, job) => {
		const share = Math.floor(plan.count / plan.jobs) + (job < plan.count % plan.jobs ? 1 : 0);
		const options = { target: plan.target, count: share, seed: Random.derive(plan.seed, job).next() };
		const found = await runJob(options, ending.signal, (report) => {
			reports[job] = report;
			plan.onProgress(total());
		});
		if (found === undefined) return;
		finding ??= { ...found, job };
		ending.abort();
	});
	await Promise.all(jobs);
	return { progress: total(), finding };
}

type Found = { what: string; input: Uint8Array } | undefined;

function runJob(
	options: Omit<JobOptions, "shared">,
	signal: AbortSignal,
	onReport: (report: JobReport) => void,
): Promise<Found> {
	const shared = new SharedArrayBuffer(WATCHED_SIZE);
	const watched = new Uint8Array(shared);
	const inputNow = (): Uint8Array => watched.slice(2, 2 + ((watched[0]! << 8) | watched[1]!));
	return new Promise((resolve, reject) => {
		if (signal.aborted) return resolve(undefined);
		const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: { ...options, shared } });
		const end = (found: Found): void => {
			clearTimeout(silence);
			signal.removeEventListener("abort", abort);
			worker.terminate().then(() => resolve(found), reject);
		};
		const abort = (): void => end(undefined);
		const tooLong = (): void => end({ what: "endless: the input does not come to its end", input: inputNow() });
		let silence = setTimeout(tooLong, SILENCE_MS_MAX);
		signal.addEventListener("abort", abort, { once: true });
		worker.on("message", (report: JobReport) => {
			clearTimeout(silence);
			silence = setTimeout(tooLong, SILENCE_MS_MAX);
			onReport(report);
			if (report.isDone) end(report.finding);
		});
		// As when the heap of the thread is full.
		worker.on("error", (error) => end({ what: `crash: ${error.message}`, input: inputNow() }));
	});
}
