import { WebSocketMeter } from "../world/websocket-meter.js";

/** Bytes of a first line, or of a control frame, that are kept. */
const KEPT_MAX = 512;
/** Opcodes of RFC 6455 §5.2. */
const CLOSE = 8;
const FIRST_CONTROL = 8;
/** What stands for no code (RFC 6455 §7.1.5). */
const NO_CODE = 1005;

/** What one direction of WebSocket is made of. */
export interface WebSocketParts {
	/** First line of the head of HTTP. */
	head(line: string): void;
	/** Payload of a frame with data, or a part of it, without its mask. */
	data(bytes: Uint8Array): void;
	/** A close frame: its code, 1005 without one, and its text. */
	closed(code: number, text: string): void;
}

/** Takes one direction of a connection over WebSocket apart. Memory is bounded, whatever comes. */
export class WebSocketReader {
	readonly #meter = new WebSocketMeter();
	readonly #parts: WebSocketParts;
	/** The head's beginning, or what a control frame has. */
	#kept: number[] = [];
	#told = false;

	constructor(parts: WebSocketParts) {
		this.#parts = parts;
	}

	/** Takes the next bytes of the stream. */
	push(bytes: Uint8Array): void {
		const meter = this.#meter;
		for (let offset = 0; offset < bytes.length;) {
			const wasHeader = meter.headerSize === 0 || meter.complete;
			const count = meter.take(bytes, offset);
			const piece = bytes.subarray(offset, offset + count);
			offset += count;
			if (meter.isHead) this.#takeHead(piece);
			else if (!wasHeader) this.#takePayload(piece);
			if (!meter.isHead && meter.complete && meter.opcode === CLOSE) this.#takeClose();
		}
	}

	#takeHead(piece: Uint8Array): void {
		if (this.#told) return;
		for (const byte of piece) {
			if (byte !== 0x0a && this.#kept.length < KEPT_MAX) {
				this.#kept.push(byte);
				continue;
			}
			this.#told = true;
			this.#parts.head(Buffer.from(this.#kept).toString("latin1").trimEnd());
			this.#kept = [];
			return;
		}
	}

	#takePayload(piece: Uint8Array): void {
		const meter = this.#meter;
		const place = meter.index - meter.headerSize - piece.length;
		const plain = piece.map((byte, i) => byte ^ meter.maskAt(place + i));
		if (meter.opcode < FIRST_CONTROL) this.#parts.data(plain);
		else if (meter.opcode === CLOSE && this.#kept.length < KEPT_MAX) this.#kept.push(...plain);
	}

	#takeClose(): void {
		const [high, low, ...text] = this.#kept;
		this.#kept = [];
		const code = high === undefined || low === undefined ? NO_CODE : (high << 8) | low;
		this.#parts.closed(code, Buffer.from(text).toString());
	}
}
