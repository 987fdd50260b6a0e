/** What every build of a host in C does: run compilers side by side, and leave its result in the cache whole or not at all. */
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { atExit } from "../../terminal/at-exit.js";

/** The host cannot be built on this machine. The message says in one line why, and what would help. */
export class XsHostUnavailableError extends Error {
	override readonly name = "XsHostUnavailableError";
}

/** Compilers run side by side. */
const JOBS = 2;

/** A result that may be in the cache. */
export interface Cached {
	readonly cache: string;
	/** Folder of the engine's objects, and of the host. */
	readonly engineResult: string;
	readonly hostResult: string;
	/** The program, in the host's folder. */
	readonly path: string;
}

/**
 * Builds what the cache does not have: the engine, which takes a while, and the host.
 *
 * @throws XsHostUnavailableError when the cache cannot be made
 */
export async function buildUnlessCached(
	{ cache, engineResult, hostResult, path }: Cached,
	buildEngine: (folder: string) => Promise<unknown>,
	buildHost: (folder: string) => Promise<unknown>,
): Promise<void> {
	if (existsSync(path)) return;
	await makeCache(cache);
	await withLock(`${engineResult}.lock`, async () => {
		if (existsSync(path)) return;
		if (!existsSync(engineResult)) await buildFolder(engineResult, buildEngine);
		await buildFolder(hostResult, buildHost);
	});
}

async function makeCache(cache: string): Promise<void> {
	try {
		await mkdir(cache, { recursive: true });
	} catch (error) {
		throw new XsHostUnavailableError(
			`its folder cannot be made: ${(error as Error).message}; XS_MQTT_CACHE names another`,
		);
	}
}

/** Builds into a temporary folder and renames it, so that a result is there whole or not at all. */
async function buildFolder(target: string, build: (folder: string) => Promise<unknown>): Promise<void> {
	const folder = await mkdtemp(`${target}-`);
	const undo = atExit(() => rmSync(folder, { recursive: true, force: true }));
	try {
		await build(folder);
		await rm(target, { recursive: true, force: true });
		await rename(folder, target);
	} catch (error) {
		await rm(folder, { recursive: true, force: true });
		throw error;
	} finally {
		undo();
	}
}

/** Another process may be building the same thing. A lock whose owner is gone is taken away. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
	for (;;) {
		try {
			await writeFile(path, String(process.pid), { flag: "wx" });
			break;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		}
		const owner = Number(await readFile(path, "utf8").catch(() => ""));
		if (owner > 0 && !isAlive(owner)) await takeAway(path, owner);
		else await new Promise((resolve) => setTimeout(resolve, 200));
	}
	try {
		await work();
	} finally {
		await rm(path, { force: true });
	}
}

/** Only one of those that find a lock without owner may remove it, and never the lock that another has made meanwhile. */
async function takeAway(path: string, owner: number): Promise<void> {
	const aside = `${path}.${process.pid}`;
	try {
		await rename(path, aside);
	} catch {
		return;
	}
	if (Number(await readFile(aside, "utf8")) !== owner) await link(aside, path).catch(() => undefined);
	await rm(aside, { force: true });
}

function isAlive(processId: number): boolean {
	try {
		process.kill(processId, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== "ESRCH";
	}
}

/** Starts nothing after a failure, but waits for what is running: it may still write files. */
export async function inParallel(tasks: readonly (() => Promise<unknown>)[], signal?: AbortSignal): Promise<void> {
	let next = 0;
	const worker = async (): Promise<void> => {
		while (next < tasks.length) {
			try {
				await tasks[next++]?.();
				signal?.throwIfAborted();
			} catch (error) {
				next = tasks.length;
				throw error;
			}
		}
	};
	const results = await Promise.allSettled(Array.from({ length: JOBS }, worker));
	for (const result of results) {
		if (result.status === "rejected") throw result.reason;
	}
}

/** Runs a program and returns what it printed; an error carries what it printed as well. */
export function run(program: string, args: readonly string[]): Promise<string> {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
		const undo = atExit(() => child.kill());
		let output = "";
		child.stdout.on("data", (data: Buffer) => (output += data.toString()));
		child.stderr.on("data", (data: Buffer) => (output += data.toString()));
		child.on("error", reject);
		child.on("close", (code) => {
			undo();
			if (code === 0) resolve(output);
			else reject(new Error(`${program} failed with ${String(code)}:\n${output}`));
		});
	});
}
