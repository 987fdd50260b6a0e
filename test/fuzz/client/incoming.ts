import { plainVerdict } from "../../codec/plain-decoder.js";
import type { Message } from "../../../firmware/client/terms/message.js";

/** Bytes of one connection that are kept; what comes later is not looked at. */
const LOG_SIZE = 16_384;

/** A PUBLISH in the log. */
interface Publish {
	readonly firstByte: number;
	readonly topicStart: number;
	readonly topicSize: number;
	readonly payloadStart: number;
	readonly total: number;
	readonly packetId: number;
}

/**
 * What a client has taken of its server on one connection, read by the plain twin: what it hands over must be there, in
 * this order, and nothing may be handed over behind what ends a connection.
 */
export class IncomingStream {
	readonly #log = new Uint8Array(LOG_SIZE);
	#size = 0;
	/** Where the packet starts that is not complete, or not looked at. */
	#next = 0;
	#isOver = false;
	#full = false;
	readonly #publishes: Publish[] = [];
	/** The PUBLISH that was handed over last. */
	#current = 0;
	/** CONNACK with code 0 has come. */
	accepted = false;
	/** A PUBLISH that is wrong, and not all there: its topic name is looked at when it is. */
	#mayWait = false;

	/** The bytes that have come end the connection. */
	get isBroken(): boolean {
		this.#walk();
		return this.#isOver && !this.#mayWait;
	}

	start(): void {
		this.#size = this.#next = this.#current = 0;
		this.#isOver = this.#full = this.accepted = false;
		this.#publishes.length = 0;
	}

	take(bytes: Uint8Array, offset: number, count: number): void {
		if (this.#size + count > LOG_SIZE) this.#full = true;
		if (this.#full) return;
		this.#log.set(bytes.subarray(offset, offset + count), this.#size);
		this.#size += count;
		if (!this.accepted) this.#walk();
	}

	#walk(): void {
		while (!this.#isOver && this.#next < this.#size) {
			const stream = this.#log.subarray(this.#next, this.#size);
			const { is, size } = plainVerdict(stream);
			if (is === "wait") return;
			if (is === "malformed" || is === "forbidden") {
				this.#isOver = true;
				this.#mayWait = stream[0]! >> 4 === 3 && size > stream.length;
				return;
			}
			if (is === "publish") {
				this.#publishes.push(publishAt(this.#log, this.#next, size));
				// Its payload may not be there yet; what follows is looked at when it is.
				if (size > stream.length) {
					this.#next += size;
					return;
				}
			} else if (stream[0] === 0x20 && stream[3] === 0) this.accepted = true;
			this.#next += size;
		}
	}

	/** Whether this message, or piece of one, was sent here, not before the one that was handed over last. */
	check(message: Message, bytes: Uint8Array): string | undefined {
		if (this.#full) return undefined;
		this.#walk();
		for (let index = this.#current; index < this.#publishes.length; index++) {
			if (!this.#isSame(this.#publishes[index]!, message, bytes)) continue;
			this.#current = index;
			return undefined;
		}
		const { firstByte, packetId, topicSize, offset, size, total } = message;
		return `message: never sent, or out of order: ${JSON.stringify({ firstByte, packetId, topicSize, offset, size, total })}`;
	}

	#isSame(publish: Publish, message: Message, bytes: Uint8Array): boolean {
		if (publish.firstByte !== message.firstByte || publish.packetId !== message.packetId) return false;
		if (publish.topicSize !== message.topicSize || publish.total !== message.total) return false;
		const payload = publish.payloadStart + message.offset;
		return (
			isEqual(this.#log, publish.topicStart, bytes, message.topicStart, message.topicSize) &&
			payload + message.size <= this.#size &&
			isEqual(this.#log, payload, bytes, message.start, message.size)
		);
	}
}

function publishAt(log: Uint8Array, at: number, size: number): Publish {
	let head = at + 1;
	while (log[head]! > 127) head++;
	head++;
	const firstByte = log[at]!;
	const topicSize = (log[head]! << 8) | log[head + 1]!;
	const topicStart = head + 2;
	let payloadStart = topicStart + topicSize;
	let packetId = 0;
	if ((firstByte & 6) !== 0) {
		packetId = (log[payloadStart]! << 8) | log[payloadStart + 1]!;
		payloadStart += 2;
	}
	return { firstByte, topicStart, topicSize, payloadStart, packetId, total: at + size - payloadStart };
}

function isEqual(one: Uint8Array, at: number, other: Uint8Array, otherAt: number, size: number): boolean {
	for (let i = 0; i < size; i++) if (one[at + i] !== other[otherAt + i]) return false;
	return true;
}
