import type { Message } from "../client/terms/message.js";
import { bytesOf } from "./bytes.js";
import type { MQTTClient } from "./client.js";
import type { Bytes, ReadableOptions } from "./options.js";
import { Unread } from "./unread.js";

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const NUMBER = "number";

/** Whose inbox it is. */
export interface InboxUser {
	/** Counts the reads of the socket. */
	reads(): number;
	/** Nothing more is to arrive until the program has read what is here. */
	hold(): void;
	/** All is read. */
	release(): void;
	/** There is something to do, on a turn of its own. */
	wake(delayMs: number): void;
}

/**
 * Messages on their way to the program: told by onReadable while they stand in the client's buffer, and copied only if the
 * program does not read them within its callback. Then nothing more is read from the socket until it has.
 */
export class Inbox {
	/** The message that is being told, and how much of it has been read. */
	#message: Message | null = null;
	#read = 0;
	/** Which piece was told last, by where it stands: a message that matches several filters is told once. */
	#lastReads = -1;
	#lastTopic = 0;
	#lastStart = 0;
	#closed = false;
	readonly #unread = new Unread();
	readonly #user: InboxUser;
	readonly #owner: MQTTClient;
	readonly #onReadable: ((this: MQTTClient, count: number, options: ReadableOptions) => void) | undefined;

	/** in  owner  what onReadable is called with as `this`; without onReadable, messages are dropped as they come */
	constructor(
		user: InboxUser,
		owner: MQTTClient,
		onReadable: ((this: MQTTClient, count: number, options: ReadableOptions) => void) | undefined,
	) {
		this.#user = user;
		this.#owner = owner;
		this.#onReadable = onReadable;
	}

	/** Pieces that were given up because they were not read. */
	get dropped(): number {
		return this.#unread.dropped;
	}

	/** Something waits to be read, or to be told. */
	get waits(): boolean {
		return !this.#unread.empty;
	}

	/** Nothing is told any more. */
	close(): void {
		this.#closed = true;
		this.#unread.clear();
	}

	/** A message, or a piece of one. */
	handleMessage(message: Message): void {
		const onReadable = this.#onReadable;
		if (this.#closed || onReadable === undefined || this.isToldAgain(message)) return;
		const options = optionsOf(message);
		if (!this.#unread.empty) return this.#unread.add(message.bytes(), options);
		this.#message = message;
		this.#read = 0;
		try {
			onReadable.call(this.#owner, message.size, options);
		} finally {
			this.#message = null;
			if (!this.#closed && this.#read < message.size) this.keep(message);
		}
	}

	/** Whether another filter has matched this piece too. Of all that one read brings, each is somewhere else. */
	private isToldAgain({ topicStart, start }: Message): boolean {
		const reads = this.#user.reads();
		const again = reads === this.#lastReads && topicStart === this.#lastTopic && start === this.#lastStart;
		this.#lastReads = reads;
		this.#lastTopic = topicStart;
		this.#lastStart = start;
		return again;
	}

	/** The program has not read all of it: it may do so later. */
	private keep(message: Message): void {
		this.#unread.add(message.bytes().subarray(this.#read), null);
		this.#user.hold();
		this.#user.wake(1);
	}

	/**
	 * Tells of what has arrived behind a message that was not read at once, as far as the program reads on.
	 *
	 * in   patienceMs  what is not read for this long is given up
	 */
	tellUnread(patienceMs: number): void {
		const unread = this.#unread;
		while (!unread.empty) {
			const options = unread.begin();
			if (options !== null) {
				this.#onReadable?.call(this.#owner, unread.size, options);
				unread.told();
			} else if (unread.waitedMs >= patienceMs) unread.drop();
			else return this.#user.wake(Math.max(1, Math.ceil(patienceMs - unread.waitedMs)));
		}
		if (!this.#closed) this.#user.release();
	}

	/** See MQTTClient.read. */
	read(target: number | Bytes | undefined): ArrayBuffer | number | undefined {
		const readable = this.readable;
		if (target === undefined || typeof target === NUMBER) {
			const count = target === undefined || (target as number) > readable ? readable : (target as number);
			const whole = this.wholeMessage(count);
			if (whole !== undefined || readable === 0) return whole;
			const bytes = new Uint8Array(count);
			this.copy(bytes);
			return bytes.buffer;
		}
		if (((target as Uint8Array).BYTES_PER_ELEMENT ?? 1) > 1) throw new Error("invalid buffer");
		if (readable === 0) return undefined;
		const bytes = bytesOf(target as Bytes);
		const view = bytes.length <= readable ? bytes : bytes.subarray(0, readable);
		this.copy(view);
		return view.length;
	}

	/** Bytes of the current message that are here and not read. */
	private get readable(): number {
		return this.#message === null ? this.#unread.size : this.#message.size - this.#read;
	}

	/** The usual case, one copy by the engine: all of a message that is being told, if that is what is wanted. */
	private wholeMessage(count: number): ArrayBuffer | undefined {
		const message = this.#message;
		if (message === null || this.#read > 0 || count < message.size) return undefined;
		this.#read = message.size;
		// An empty one is read once, too.
		if (message.size === 0) this.#message = null;
		return message.bytes().buffer as ArrayBuffer;
	}

	private copy(target: Uint8Array): void {
		const message = this.#message;
		if (message === null) {
			if (target.length > 0) this.#unread.read(target);
			return this.#user.wake(1);
		}
		const from = this.#read;
		this.#read += target.length;
		for (let i = 0; i < target.length; i++) target[i] = message.byteAt(from + i);
	}
}

function optionsOf(message: Message): ReadableOptions {
	const more = message.offset + message.size < message.total;
	if (message.offset > 0) return { more };
	const options: ReadableOptions = {
		more,
		topic: message.topicText(),
		QoS: message.qos,
		byteLength: message.total,
		retain: message.retain,
		duplicate: message.duplicate,
	};
	if (message.packetId > 0) options.id = message.packetId;
	return options;
}
