/** A remaining length has at most this many bytes (MQTT 3.1.1 §2.2.3). */
const LENGTH_BYTES_MAX = 4;

/**
 * Walks through a byte stream packet by packet: it reads the fixed header (MQTT 3.1.1 §2.2) and nothing else. Keeps no
 * bytes. Written apart from the firmware's codec, because a shared one would hide shared mistakes.
 */
export class PacketMeter {
	/** First byte of the packet: type and flags. */
	firstByte = 0;
	/** Bytes of the packet seen so far, header included. */
	index = 0;
	/** Bytes of the fixed header, or 0 while it is not complete. */
	headerSize = 0;
	/** Bytes of the whole packet, or 0 while the header is not complete. */
	size = 0;
	/** The remaining length has more than four bytes: nothing after it can be understood any more. */
	broken = false;

	/** Whether the packet is whole. The next take() begins another one. */
	get complete(): boolean {
		return this.headerSize > 0 && this.index === this.size;
	}

	/** Whether the stream is between two packets. */
	get between(): boolean {
		return this.index === 0 || this.complete;
	}

	/**
	 * Walks on to the end of the packet or of the bytes, whichever comes first.
	 *
	 * in   bytes, offset  where the stream goes on, offset < bytes.length
	 * out  bytes taken, 1 or more; all that are left when `broken`
	 */
	take(bytes: Uint8Array, offset: number): number {
		if (this.complete) this.#reset();
		const start = offset;
		while (!this.broken && this.headerSize === 0 && offset < bytes.length) this.#readHeader(bytes[offset++]!);
		const left = bytes.length - offset;
		const step = this.broken ? left : this.headerSize > 0 ? Math.min(left, this.size - this.index) : 0;
		this.index += step;
		return offset + step - start;
	}

	#remaining = 0;

	#reset(): void {
		this.firstByte = this.index = this.headerSize = this.size = this.#remaining = 0;
	}

	#readHeader(byte: number): void {
		const lengthByte = this.index - 1;
		this.index++;
		if (lengthByte < 0) {
			this.firstByte = byte;
		} else if (lengthByte >= LENGTH_BYTES_MAX) {
			this.broken = true;
		} else {
			this.#remaining += (byte & 0x7f) * 128 ** lengthByte;
			if (byte >= 0x80) return;
			this.headerSize = this.index;
			this.size = this.index + this.#remaining;
		}
	}
}
