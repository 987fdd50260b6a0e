/** What one byte of an input asks for. Those below API_COUNT a callback may do too. */
export const enum Step {
	PUBLISH,
	PUBLISH_STREAM,
	COMPOSE,
	SEND,
	DROP,
	SUBSCRIBE,
	UNSUBSCRIBE,
	START,
	STOP,
	NETWORK_UP,
	NETWORK_DOWN,
	RESUME_SOURCES,
	READ_STATE,
	/** How many of the steps that follow are done within callbacks. */
	ARM_CALLBACKS,
	/** For good: nothing is begun any more, whatever callbacks ask for. */
	CLOSE,
	/** The next callback throws. */
	ARM_THROW,
	/** From here on the edge. */
	ANSWER,
	ANSWER_ALL,
	SERVER_PACKET,
	SERVER_BYTES,
	/** A message that may be larger than the receive buffer. */
	SERVER_LARGE,
	CONNECT,
	RESOLVE,
	END,
	PASS,
	FIRE,
	ROOM,
	READ_MAX,
	BREAK,
	OPEN_MODE,
	TELL,
	/** Behind the others, so that inputs that were found before keep their meaning; a callback may do it too. */
	CANCEL,
	COUNT,
}

/** Steps that an application does. */
export const API_COUNT = Step.ARM_THROW;

const CLOSE_BYTE = 255;

/**
 * The step of a byte: the usual ones have more bytes.
 */
const TABLE: readonly Step[] = [
	...[Step.PUBLISH, Step.PUBLISH, Step.PUBLISH, Step.PUBLISH, Step.CANCEL, Step.PUBLISH_STREAM, Step.PUBLISH_STREAM],
	...[Step.COMPOSE, Step.COMPOSE, Step.SEND, Step.DROP, Step.SUBSCRIBE, Step.SUBSCRIBE, Step.SUBSCRIBE],
	...[Step.UNSUBSCRIBE, Step.UNSUBSCRIBE, Step.START, Step.STOP, Step.NETWORK_UP, Step.NETWORK_DOWN],
	...[Step.RESUME_SOURCES, Step.READ_STATE, Step.ARM_CALLBACKS, Step.ARM_CALLBACKS, Step.ARM_CALLBACKS, Step.ARM_THROW],
	...[Step.ANSWER, Step.ANSWER, Step.ANSWER, Step.ANSWER, Step.ANSWER_ALL, Step.ANSWER_ALL, Step.ANSWER_ALL],
	...[Step.SERVER_PACKET, Step.SERVER_PACKET, Step.SERVER_PACKET, Step.SERVER_PACKET, Step.SERVER_PACKET],
	...[
		Step.SERVER_BYTES,
		Step.SERVER_BYTES,
		Step.SERVER_LARGE,
		Step.SERVER_LARGE,
		Step.CONNECT,
		Step.CONNECT,
		Step.CONNECT,
		Step.RESOLVE,
		Step.END,
		Step.END,
	],
	...[Step.PASS, Step.PASS, Step.FIRE, Step.FIRE, Step.ROOM, Step.ROOM, Step.READ_MAX, Step.BREAK, Step.OPEN_MODE],
	...[Step.TELL, Step.TELL],
];

export function stepOf(byte: number): Step {
	// A byte of its own: all others go on meaning what they mean in inputs that are kept.
	if (byte === CLOSE_BYTE) return Step.CLOSE;
	return TABLE[byte % TABLE.length]!;
}

/** The bytes of an input, read one after the other. Behind the last there are zeros. */
export class Reader {
	#at: number;
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array, at: number) {
		this.#bytes = bytes;
		this.#at = at;
	}

	get isDone(): boolean {
		return this.#at >= this.#bytes.length;
	}

	next(): number {
		return this.isDone ? 0 : this.#bytes[this.#at++]!;
	}

	/** 0 … bound - 1. */
	readonly below = (bound: number): number => this.next() % bound;
}
