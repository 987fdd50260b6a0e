import { UsageError } from "../terminal/exit.js";
import { loadManifest, ManifestError, type LoadedManifest } from "../manifest/load.js";
import type { RunOptions } from "./run-options.js";

/** Sizes of the XS engine's fixed pools. */
export interface XsHeap {
	/** Of the slot heap, in slots. */
	slots?: number;
	/** Of the chunk heap, in bytes. */
	chunks?: number;
	/** Of the stack, in slots. */
	stack?: number;
	/** Names that a running program may add. */
	keys?: number;
}

/** What each may be, and an ESP32 board's; the flag of the command line; where a manifest says it. */
export const XS_HEAP = {
	slots: { min: 64, max: 1 << 24, initial: 4928, flag: "--xs-slots", path: ["heap", "initial"] },
	chunks: { min: 64, max: 1 << 28, initial: 78_848, flag: "--xs-chunks", path: ["chunk", "initial"] },
	stack: { min: 64, max: 1 << 20, initial: 512, flag: "--xs-stack", path: ["stack"] },
	keys: { min: 1, max: 16_384, initial: 256, flag: "--xs-keys", path: ["keys", "available"] },
} as const;

/** The names above. */
export const XS_HEAP_NAMES = Object.keys(XS_HEAP) as readonly (keyof XsHeap)[];

/** Throws UsageError for sizes that are out of range, and for what only the XS engine can do. */
export function checkHeap({ engine, heap = {}, profile }: RunOptions): void {
	if (profile && engine !== "xs") throw new UsageError("--xs-profile: only with --engine xs");
	for (const name of XS_HEAP_NAMES) {
		const value = heap[name];
		if (value === undefined) continue;
		const { min, max, flag } = XS_HEAP[name];
		if (engine !== "xs") throw new UsageError(`${flag}: only with --engine xs; Node has no heap of fixed size`);
		if (!isWithin(value, min, max)) throw new UsageError(`${flag}: ${value} is out of range; ${min} … ${max}`);
	}
}

/**
 * The heap of a run: what was asked for; else what the manifest says in `creation`, as for a device; else an ESP32
 * board's. Throws ManifestError for a size that is out of range.
 */
export function heapOf({ heap = {} }: RunOptions, manifest: string | undefined): Required<XsHeap> {
	const loaded = manifest === undefined ? undefined : loadManifest(manifest);
	const sizes = { slots: 0, chunks: 0, stack: 0, keys: 0 };
	for (const name of XS_HEAP_NAMES) {
		sizes[name] = heap[name] ?? (loaded && creationSize(loaded, name)) ?? XS_HEAP[name].initial;
	}
	return sizes;
}

function creationSize({ file, creation }: LoadedManifest, name: keyof XsHeap): number | undefined {
	const { min, max, path } = XS_HEAP[name];
	let value: unknown = creation;
	for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step];
	if (value === undefined || (typeof value === "number" && isWithin(value, min, max))) return value;
	const place = ["creation", ...path].join(".");
	throw new ManifestError(`${file}: ${place}: ${JSON.stringify(value)} must be a whole number, ${min} … ${max}`);
}

function isWithin(value: number, min: number, max: number): boolean {
	return Number.isInteger(value) && value >= min && value <= max;
}
