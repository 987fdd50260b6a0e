/** First byte of a request of HTTP, "GET": what a client begins with that speaks WebSocket. No packet of MQTT begins so. */
export const HTTP_REQUEST = 0x47;

/** The end of a head of HTTP: CR LF CR LF. */
const HEAD_END = [0x0d, 0x0a, 0x0d, 0x0a];
/** A length that says that two, or eight, bytes of length follow (RFC 6455 §5.2). */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_FLAG = 0x80;
const MASK_SIZE = 4;

/**
 * Walks through one direction of a connection that speaks WebSocket (RFC 6455): the head of HTTP is its first unit, then each frame
 * is one. Keeps no bytes but the head of a frame.
 */
export class WebSocketMeter {
	/** Bytes of the unit seen so far. */
	index = 0;
	/** Bytes of a frame before its payload; of the head of HTTP all; 0 while that is not known. */
	headerSize = 0;
	/** Bytes of the whole unit, or 0 while that is not known. */
	size = 0;
	/** The unit is the head of HTTP. */
	isHead = true;
	/** The head of the frame, as far as it is there. */
	readonly header: number[] = [];
	/** Of HEAD_END, how many bytes have just been seen. */
	#ended = 0;

	/** Whether the unit is whole. The next take() begins another one. */
	get complete(): boolean {
		return this.headerSize > 0 && this.index === this.size;
	}

	/** Whether the stream is between two units. */
	get between(): boolean {
		return this.index === 0 || this.complete;
	}

	/** Of the frame: its opcode. */
	get opcode(): number {
		return this.header[0]! & 0x0f;
	}

	/** Byte of the mask for a place in the payload; 0 without a mask. */
	maskAt(place: number): number {
		return this.header[1]! & MASK_FLAG ? this.header[this.headerSize - MASK_SIZE + (place % MASK_SIZE)]! : 0;
	}

	/**
	 * Walks on to the end of the head of the unit, of the unit, or of the bytes, whichever comes first.
	 *
	 * in   bytes, offset  where the stream goes on, offset < bytes.length
	 * out  bytes taken, 1 or more
	 */
	take(bytes: Uint8Array, offset: number): number {
		if (this.complete) this.#next();
		const start = offset;
		while (this.headerSize === 0 && offset < bytes.length) {
			if (this.isHead) this.#readHead(bytes[offset++]!);
			else this.#readHeader(bytes[offset++]!);
		}
		if (offset > start) return offset - start;
		const step = Math.min(bytes.length - offset, this.size - this.index);
		this.index += step;
		return step;
	}

	#next(): void {
		this.index = this.headerSize = this.size = 0;
		this.isHead = false;
		this.header.length = 0;
	}

	#readHead(byte: number): void {
		this.index++;
		this.#ended = byte === HEAD_END[this.#ended] ? this.#ended + 1 : byte === HEAD_END[0] ? 1 : 0;
		if (this.#ended === HEAD_END.length) this.headerSize = this.size = this.index;
	}

	#readHeader(byte: number): void {
		this.index++;
		const { header } = this;
		header.push(byte);
		if (header.length < 2) return;
		const length = header[1]! & ~MASK_FLAG;
		const more = length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0;
		const size = 2 + more + (header[1]! & MASK_FLAG ? MASK_SIZE : 0);
		if (header.length < size) return;
		this.headerSize = size;
		this.size = size + (more === 0 ? length : header.slice(2, 2 + more).reduce((sum, digit) => sum * 256 + digit, 0));
	}
}
