import { Decoded, Decoder } from "../../firmware/codec/decoder.js";
import { checkTopicName } from "../../firmware/codec/utf8.js";
import type { Verdict } from "./plain-decoder.js";

/** What a decoder and the check of a topic name say together, as the receiver uses them. */
export function verdictOf(decoder: Decoder, bytes: Uint8Array, offset: number, limit: number): Verdict["is"] {
	switch (decoder.decode(bytes, offset, limit)) {
		case Decoded.NEED_MORE:
			return "wait";
		case Decoded.PACKET:
			return "packet";
		case Decoded.MALFORMED:
			return "malformed";
		case Decoded.FORBIDDEN:
			return "forbidden";
		case Decoded.PUBLISH: {
			const start = offset + decoder.topicStart;
			const end = start + decoder.topicSize;
			return checkTopicName(bytes, start, end) === end ? "publish" : "malformed";
		}
	}
}

/** The positions at which bytes stand in their room, one after the other. */
const PLACES = [3, 11, 0, 7];
const ROOM = 16;

/**
 * Bytes that arrive in a room with room around them. Whatever has not arrived is filled with a byte, so that a look
 * beyond the limit shows in the result.
 */
export class Arrival {
	readonly room: Uint8Array;
	/** Where the first byte stands, and one past the last that has come. */
	offset = PLACES[0] ?? 0;
	limit = this.offset;
	readonly #bytes: Uint8Array;
	readonly #fill: number;
	#moves = 0;

	constructor(bytes: Uint8Array, fill: number) {
		this.#bytes = bytes;
		this.#fill = fill;
		this.room = new Uint8Array(bytes.length + ROOM).fill(fill);
	}

	/** Bytes that have come. */
	get size(): number {
		return this.limit - this.offset;
	}

	/** One more of them, or all up to a count. */
	arrive(size = this.size + 1): this {
		this.room.set(this.#bytes.subarray(this.size, size), this.limit);
		this.limit = this.offset + size;
		return this;
	}

	/** Puts what has come somewhere else, as the receiver does between two reads. */
	move(): this {
		const size = this.size;
		this.offset = PLACES[++this.#moves % PLACES.length] ?? 0;
		this.limit = this.offset + size;
		this.room.fill(this.#fill);
		this.room.set(this.#bytes.subarray(0, size), this.offset);
		return this;
	}
}
