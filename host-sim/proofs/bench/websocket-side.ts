import { createHash } from "node:crypto";
import type { Socket } from "node:net";

/** What a key is hashed with (RFC 6455 §1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEAD_END = "\r\n\r\n";

/**
 * The server's side of one connection, as far as a measurement needs it: what a server writes at once arrives at once, which
 * the usual packages do not promise. Each write is one frame, of the client's frames the payloads are told one by one.
 */
export class WebSocketSide {
	readonly #socket: Socket;
	readonly #onBytes: (bytes: Buffer) => void;
	#waiting = Buffer.alloc(0);
	#isOpen = false;

	constructor(socket: Socket, onBytes: (bytes: Buffer) => void) {
		this.#socket = socket;
		this.#onBytes = onBytes;
		socket.on("data", (bytes: Buffer) => this.#take(bytes));
	}

	/** Sends bytes as one frame. */
	write(bytes: Buffer): void {
		const size = bytes.length;
		const head = size < 126 ? [0x82, size] : [0x82, 126, size >> 8, size & 255];
		this.#socket.write(Buffer.concat([Buffer.from(head), bytes]));
	}

	#take(bytes: Buffer): void {
		this.#waiting = Buffer.concat([this.#waiting, bytes]);
		if (!this.#isOpen) this.#answer();
		while (this.#isOpen && this.#takeFrame());
	}

	#answer(): void {
		const head = this.#waiting.toString("latin1");
		const end = head.indexOf(HEAD_END);
		if (end < 0) return;
		const key = /^sec-websocket-key: *(.*)\r$/im.exec(head)?.[1] ?? "";
		const accept = createHash("sha1").update(key + GUID);
		const lines = [
			"HTTP/1.1 101 Switching Protocols",
			"Upgrade: websocket",
			"Connection: Upgrade",
			`Sec-WebSocket-Accept: ${accept.digest("base64")}`,
			"Sec-WebSocket-Protocol: mqtt",
		];
		this.#socket.write(lines.join("\r\n") + HEAD_END);
		this.#waiting = this.#waiting.subarray(end + HEAD_END.length);
		this.#isOpen = true;
	}

	/** Takes one frame of what waits. out: whether it was whole. */
	#takeFrame(): boolean {
		const bytes = this.#waiting;
		const [first = 0, second = 0] = bytes;
		const isLong = (second & 0x7f) === 126;
		const head = isLong ? 8 : 6;
		if (bytes.length < head) return false;
		const size = isLong ? bytes.readUInt16BE(2) : second & 0x7f;
		if (bytes.length < head + size) return false;
		const mask = bytes.subarray(head - 4, head);
		const payload = bytes.subarray(head, head + size).map((byte, i) => byte ^ mask[i & 3]!);
		this.#waiting = bytes.subarray(head + size);
		if (first === 0x82) this.#onBytes(Buffer.from(payload));
		return true;
	}
}
