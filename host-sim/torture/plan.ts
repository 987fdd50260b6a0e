import { Random } from "../world/random.js";
import { makeSetup, type Setup } from "./setup.js";

/** What can happen in a run, with how often it does as a rule. */
export const OPS = {
	// The device's program.
	publish: 14,
	publishText: 3,
	compose: 4,
	composeBegin: 1,
	composeEnd: 1,
	stream: 4,
	resume: 3,
	cancel: 2,
	cancelIn: 1,
	subscribe: 5,
	unsubscribe: 2,
	start: 2,
	stop: 1,
	networkUp: 2,
	networkDown: 1,
	script: 5,
	// The network.
	latency: 2,
	segments: 2,
	freeze: 1,
	thaw: 2,
	cut: 1,
	cutAfter: 3,
	throws: 1,
	connect: 1,
	names: 1,
	heal: 2,
	// The server.
	push: 14,
	burst: 1,
	retain: 1,
	late: 2,
	twice: 1,
	hold: 2,
	release: 4,
	silence: 1,
	speak: 2,
	refuse: 1,
	restart: 1,
	forget: 1,
	kick: 1,
	repeat: 3,
	window: 1,
	grant: 1,
	oblige: 2,
	// Time.
	wait: 10,
	leap: 0.2,
} as const;

/** The name of something that can happen. */
export type OpName = keyof typeof OPS;

const NAMES = Object.keys(OPS) as OpName[];

/** One step: something happens, then time passes. What the numbers mean is up to the step. */
export interface Step {
	op: OpName;
	a: number;
	b: number;
	c: number;
	/** Milliseconds that pass afterwards. */
	ms: number;
}

/** Everything that a run is made from: it decides all of it. */
export interface Plan {
	seed: number;
	setup: Setup;
	steps: Step[];
	/** Which steps are taken, by index; undefined: all of them. */
	kept?: number[];
}

/** Numbers of a step are 0 … this. */
const NUMBER_MAX = 1 << 20;

/** Steps that a run has at least, and how many more it may have. */
const STEPS_MIN = 200;
const STEPS_MORE = 120;

/** One in this many is given no part in a run, or three times its part: so that runs differ in kind. */
const SWARM = 5;

/** The run of a seed. */
export function makePlan(seed: number): Plan {
	const random = Random.derive(seed, 0);
	const setup = makeSetup(random);
	const weights = NAMES.map((name) => OPS[name] * swarmFactor(random));
	const total = weights.reduce((sum, weight) => sum + weight, 0);
	const pace = random.below(4);
	const steps: Step[] = [];
	for (let count = STEPS_MIN + random.below(STEPS_MORE); count > 0; count--) {
		steps.push({
			op: pick(random, weights, total),
			a: random.below(NUMBER_MAX),
			b: random.below(NUMBER_MAX),
			c: random.below(NUMBER_MAX),
			ms: pause(random, pace),
		});
	}
	return { seed, setup, steps };
}

function swarmFactor(random: Random): number {
	const draw = random.below(SWARM);
	return draw === 0 ? 0 : draw === 1 ? 3 : 1;
}

function pick(random: Random, weights: readonly number[], total: number): OpName {
	let draw = random.fraction() * total;
	for (let i = 0; i < weights.length; i++) {
		draw -= weights[i]!;
		if (draw < 0) return NAMES[i]!;
	}
	return "wait";
}

/** Mostly nothing or little, so that things happen at once; at every pace something longer now and then. */
function pause(random: Random, pace: number): number {
	const draw = random.below(100);
	if (draw < 35 + 10 * pace) return 0;
	if (draw < 75) return random.below(20);
	if (draw < 90) return random.below(500);
	if (draw < 97) return random.below(15_000);
	return random.below(120_000);
}

/** A list of indices in short: `0-3,7,9-12`. */
export function shortList(indices: readonly number[]): string {
	const parts: string[] = [];
	for (let i = 0; i < indices.length;) {
		const first = indices[i]!;
		let last = first;
		while (indices[++i] === last + 1) last++;
		parts.push(first === last ? `${first}` : `${first}-${last}`);
	}
	return parts.join(",");
}

/** The indices of a short list; undefined when it is none. */
export function parseList(text: string): number[] | undefined {
	const indices: number[] = [];
	if (text === "none") return indices;
	for (const part of text.split(",")) {
		const [, first, last] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part) ?? [];
		if (first === undefined) return undefined;
		for (let i = Number(first); i <= Number(last ?? first); i++) indices.push(i);
	}
	return indices;
}
