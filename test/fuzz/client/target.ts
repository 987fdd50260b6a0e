import type { Features } from "../features.js";
import { readVectors } from "../seeds.js";
import type { Target } from "../target.js";
import { OPTION_BYTES } from "./option-bytes.js";
import { Run } from "./client-run.js";
import { Step, stepOf } from "./steps.js";

/** Steps of an input, at most. */
const STEP_BYTES_MAX = 240;

/** The byte of a step. */
const BYTES: readonly number[] = Array.from({ length: Step.COUNT }, (_, step) => {
	for (let byte = 0; byte < 256; byte++) if (stepOf(byte) === (step as Step)) return byte;
	throw new Error(`no byte stands for step ${step}`);
});

/** Fuzzes the whole client: any bytes, any cuts, any order of calls. */
export class ClientTarget implements Target {
	readonly name = "client";
	readonly sizeMax = OPTION_BYTES + STEP_BYTES_MAX;
	readonly seeds = makeSeeds();

	/** Puts a step somewhere, or takes other options. */
	mutate(buffer: Uint8Array, size: number, below: (bound: number) => number): number {
		for (let count = 1 + below(4); count > 0; count--) {
			if (below(8) === 0 && size >= OPTION_BYTES) buffer[below(OPTION_BYTES)] = below(256);
			const room = buffer.length - size;
			if (room < 4 || size < OPTION_BYTES) continue;
			const at = OPTION_BYTES + below(size - OPTION_BYTES + 1);
			buffer.copyWithin(at + 4, at, size);
			buffer[at] = BYTES[below(Step.COUNT)]!;
			for (let i = 1; i < 4; i++) buffer[at + i] = below(256);
			size += 4;
		}
		return size;
	}

	run(input: Uint8Array, features: Features): string | undefined {
		try {
			return new Run(input, features).go();
		} catch (error) {
			return `exception: ${(error as Error).stack ?? String(error)}`;
		}
	}
}

/** Usual sessions, and everything that servers send, on a connection that stands and on one that waits for CONNACK. */
function makeSeeds(): Uint8Array[] {
	const connected = [0, 2, 2, 2, 0, 0, 0xc0, 0];
	const connecting = [1, 2, 2, 2, 0, 0, 0x80, 0];
	const sessions = [
		[BYTES[Step.PUBLISH]!, 1, 0, 3, 0, BYTES[Step.ANSWER]!, 0],
		[BYTES[Step.PUBLISH]!, 2, 1, 3, 0, BYTES[Step.ANSWER_ALL]!, BYTES[Step.ANSWER_ALL]!],
		[BYTES[Step.PUBLISH_STREAM]!, 1, 0, 3, 1, 0, 0, BYTES[Step.ANSWER]!, 0],
		[BYTES[Step.COMPOSE]!, 0, 1, 0, 2, 1, 2, 3, BYTES[Step.SEND]!, BYTES[Step.ANSWER]!, 0],
		[BYTES[Step.SUBSCRIBE]!, 2, 1, 0, 0, BYTES[Step.ANSWER]!, BYTES[Step.UNSUBSCRIBE]!, 2, BYTES[Step.ANSWER]!, 0],
		// A stream of messages larger than the buffer, whole and in small reads.
		[BYTES[Step.SUBSCRIBE]!, 4, 2, 0, 0, BYTES[Step.ANSWER_ALL]!, BYTES[Step.SERVER_LARGE]!, 2, 2, 2, 0, 9],
		[BYTES[Step.READ_MAX]!, 2, BYTES[Step.SUBSCRIBE]!, 2, 2, 0, 0, BYTES[Step.SERVER_LARGE]!, 2, 1, 1, 0, 3],
		[BYTES[Step.STOP]!, BYTES[Step.START]!, BYTES[Step.CONNECT]!, BYTES[Step.ANSWER]!, 0],
		[BYTES[Step.END]!, 0, BYTES[Step.FIRE]!, BYTES[Step.CONNECT]!, BYTES[Step.ANSWER]!, 0],
	];
	const seeds = sessions.map((steps) => [...connected, ...steps]);
	for (const bytes of readVectors()) {
		if (bytes.length > 24) continue;
		for (const head of [connected, connecting])
			seeds.push([...head, BYTES[Step.SERVER_BYTES]!, bytes.length - 1, ...bytes]);
	}
	return seeds.map((seed) => Uint8Array.from(seed));
}
