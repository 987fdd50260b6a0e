// Read MQTT 3.1.1 §2.2 before changing this file.

const enum Part {
	FIRST_BYTE = 0,
	LENGTH = 1,
	BODY = 2,
}

const PACKET_ID_SIZE = 2;
const PUBLISH = 3;
const DIGIT = 0x7f;
const CONTINUE = 0x80;

/**
 * Follows a stream of packets by their heads: where one starts, and what the short ones say. It checks nothing: the
 * client does.
 */
export class PacketHeads {
	#part: Part = Part.FIRST_BYTE;
	#firstByte = 0;
	#shift = 0;
	/** Bytes of the packet that are still to come. */
	#left = 0;
	#taken = 0;
	#packetId = 0;
	readonly #tell: ((type: number, packetId: number) => void) | null;

	/** in  tell  called at the end of each packet but PUBLISH, with its type and the two bytes behind its fixed header */
	constructor(tell: ((type: number, packetId: number) => void) | null) {
		this.#tell = tell;
	}

	/** The next byte starts a packet. */
	get between(): boolean {
		return this.#part === Part.FIRST_BYTE;
	}

	/** Another connection. */
	reset(): void {
		this.#part = Part.FIRST_BYTE;
	}

	/** Takes `bytes[start]` … `bytes[limit - 1]`. */
	feed(bytes: Uint8Array, start: number, limit: number): void {
		let at = start;
		while (at < limit) {
			if (this.#part === Part.FIRST_BYTE && at + 1 < limit && bytes[at + 1]! < CONTINUE) {
				const end = at + 2 + bytes[at + 1]!;
				if (end <= limit) {
					// The usual case: all of it is here.
					if (this.#tell !== null) this.tell(bytes[at]! >> 4, (bytes[at + 2]! << 8) | bytes[at + 3]!);
					at = end;
					continue;
				}
			}
			if (this.#part === Part.BODY) at = this.takeBody(bytes, at, limit);
			else this.takeHead(bytes[at++]!);
		}
	}

	private tell(type: number, packetId: number): void {
		if (type !== PUBLISH) this.#tell?.(type, packetId);
	}

	private takeHead(byte: number): void {
		if (this.#part === Part.FIRST_BYTE) {
			this.#firstByte = byte;
			this.#left = this.#shift = this.#taken = this.#packetId = 0;
			this.#part = Part.LENGTH;
			return;
		}
		this.#left |= (byte & DIGIT) << this.#shift;
		this.#shift += 7;
		// A fifth byte of length is the client's business: it closes.
		if (byte >= CONTINUE) return;
		this.#part = Part.BODY;
		if (this.#left === 0) this.end();
	}

	private takeBody(bytes: Uint8Array, at: number, limit: number): number {
		const here = limit - at;
		const count = here < this.#left ? here : this.#left;
		for (let i = 0; i < count && this.#taken < PACKET_ID_SIZE; i++, this.#taken++) {
			this.#packetId = (this.#packetId << 8) | bytes[at + i]!;
		}
		this.#left -= count;
		if (this.#left === 0) this.end();
		return at + count;
	}

	private end(): void {
		this.#part = Part.FIRST_BYTE;
		this.tell(this.#firstByte >> 4, this.#packetId);
	}
}
