import { PacketMeter } from "../world/packet-meter.js";

/** Largest part of a packet that is kept, in bytes, its header included. */
export const FRAME_KEPT_MAX = 65_536;

/** One packet of a stream, as far as it was kept. */
export interface Frame {
	/** Its first bytes, the fixed header first; all of them when there are no more than are kept. */
	kept: Uint8Array;
	/** Bytes of the fixed header; 0 when the stream ended or broke within it. */
	headerSize: number;
	/** Bytes of the whole packet as its header says; 0 when that is not known. */
	size: number;
	/** Bytes that have come. Less than `size` when the stream ended inside the packet. */
	received: number;
}

/** Cuts a byte stream into packets, with bounded memory: of a large packet only the first part is kept. */
export class Framer {
	readonly #meter = new PacketMeter();
	readonly #onFrame: (frame: Frame) => void;
	readonly #keptMax: number;
	#parts: Uint8Array[] = [];
	#kept = 0;
	#received = 0;
	#reported = false;

	/**
	 * in   onFrame  gets each packet when it is whole, and once a stream that cannot be understood any more (size 0)
	 *      keptMax  bytes of a packet that are kept; Infinity for all
	 */
	constructor(onFrame: (frame: Frame) => void, keptMax = FRAME_KEPT_MAX) {
		this.#onFrame = onFrame;
		this.#keptMax = keptMax;
	}

	/** Takes the next bytes of the stream; copies what it keeps. */
	push(bytes: Uint8Array): void {
		let offset = 0;
		while (offset < bytes.length && !this.#reported) {
			const count = this.#meter.take(bytes, offset);
			this.#keep(bytes, offset, count);
			offset += count;
			if (this.#meter.complete) this.#emit();
			if (this.#meter.broken) {
				this.#reported = true;
				this.#emit();
			}
		}
	}

	/** The stream has ended: reports the packet that it ended in, if any. */
	end(): void {
		if (this.#received > 0) this.#emit();
	}

	#keep(bytes: Uint8Array, offset: number, count: number): void {
		this.#received += count;
		const room = Math.min(count, this.#keptMax - this.#kept);
		if (room <= 0) return;
		this.#parts.push(bytes.slice(offset, offset + room));
		this.#kept += room;
	}

	#emit(): void {
		const frame: Frame = {
			kept: Buffer.concat(this.#parts),
			headerSize: this.#meter.headerSize,
			size: this.#meter.size,
			received: this.#received,
		};
		this.#parts = [];
		this.#kept = this.#received = 0;
		this.#onFrame(frame);
	}
}
