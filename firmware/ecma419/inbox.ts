import type { Message } from "../client/terms/message.js";
import { bytesOf } from "./bytes.js";
import type { Bytes, ProgramOptions, ReadableOptions } from "./options.js";
import type { Telling } from "./telling.js";
import { Unread } from "./unread.js";

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const NUMBER = "number";

/** The flags in the first byte of a PUBLISH (§3.3.1). */
const enum Flag {
	RETAIN = 1,
	QOS_SHIFT = 1,
	QOS = 3,
	DUPLICATE = 8,
}

/** Where messages come from. */
export interface InboxSource {
	/** Bytes have been read since this was last cleared: what they bring stands at other places. */
	fresh: boolean;
	/** Nothing more is to arrive until the program has read what is here. */
	hold(): void;
	/** All is read. */
	release(): void;
}

/**
 * Messages on their way to the program: told by onReadable while they stand in the client's buffer, and copied only if the
 * program does not read them within its callback. Then nothing more is read from the socket until it has.
 */
export class Inbox {
	/** The message that is being told, and how much of it has been read. */
	private _message: Message | null = null;
	private _read = 0;
	/** Which piece was told last, by where it stands: a message that matches several filters is told once. */
	private _lastTopic = 0;
	private _lastStart = 0;
	/** The client's arena, where messages stand; made with the client, like the source. */
	buffer!: ArrayBuffer;
	source!: InboxSource;
	/** Undefined once nothing is told any more. */
	private _onReadable: ProgramOptions<object>["onReadable"];
	private readonly _owner: object;
	private readonly _unread = new Unread();
	private readonly _telling: Telling;

	/** in  owner  what onReadable is called with as `this`; without onReadable, messages are dropped as they come */
	constructor(telling: Telling, owner: object, onReadable: ProgramOptions<object>["onReadable"]) {
		this._telling = telling;
		this._owner = owner;
		this._onReadable = onReadable;
	}

	/** Pieces that were given up because they were not read. */
	get dropped(): number {
		return this._unread.dropped;
	}

	/** Something waits to be read, or to be told. */
	get waits(): boolean {
		return !this._unread.empty;
	}

	/** Nothing is told any more. */
	close(): void {
		this._onReadable = undefined;
		this._unread.clear();
	}

	/** Takes a message, or a piece of one: the handler of all subscriptions. */
	readonly handleMessage = (message: Message): void => {
		const onReadable = this._onReadable;
		if (onReadable === undefined) return;
		const start = message.start;
		const topicStart = message.topicStart;
		if (this.source.fresh) this.source.fresh = false;
		// Another filter has matched this piece too: of all that one read brings, each stands somewhere else.
		else if (start === this._lastStart && topicStart === this._lastTopic) return;
		this._lastStart = start;
		this._lastTopic = topicStart;
		const options = this.optionsOf(message);
		if (this._unread.empty) {
			this._message = message;
			this._read = 0;
			onReadable.call(this._owner, message.size, options);
			this.endMessage();
		} else this._unread.add(message.bytes(), options);
	};

	/** The program has been told of the message, or has thrown meanwhile. What it has not read it may read later. */
	endMessage(): void {
		const message = this._message;
		if (message === null) return;
		this._message = null;
		if (this._read >= message.size || this._onReadable === undefined) return;
		this._unread.add(message.bytes().subarray(this._read), null);
		this.source.hold();
		this._telling.wake(1);
	}

	private optionsOf(message: Message): ReadableOptions {
		const byteLength = message.total;
		const offset = message.offset;
		const more = offset + message.size < byteLength;
		if (offset > 0) return { more };
		const flags = message.firstByte;
		const topic = String.fromArrayBuffer(this.buffer, message.topicStart, message.topicSize);
		const QoS = (flags >> Flag.QOS_SHIFT) & Flag.QOS;
		const retain = (flags & Flag.RETAIN) !== 0;
		const duplicate = (flags & Flag.DUPLICATE) !== 0;
		if (QoS === 0) return { more, topic, QoS, byteLength, retain, duplicate };
		return { more, topic, QoS, byteLength, retain, duplicate, id: message.packetId };
	}

	/**
	 * Goes on with what was not read at once.
	 *
	 * in   patienceMs  what is not read for this long is given up
	 */
	goOn(patienceMs: number): void {
		if (this._unread.empty) this.source.release();
		else this.tellUnread(patienceMs);
	}

	/** Tells of what has arrived behind a message that was not read at once, as far as the program reads on. */
	private tellUnread(patienceMs: number): void {
		const unread = this._unread;
		while (!unread.empty) {
			const options = unread.begin();
			if (options !== null) {
				this._onReadable?.call(this._owner, unread.size, options);
				unread.told();
			} else if (unread.waitedMs >= patienceMs) unread.drop();
			else return this._telling.wake(Math.max(1, Math.ceil(patienceMs - unread.waitedMs)));
		}
		if (this._onReadable !== undefined) this.source.release();
	}

	/** See MQTTClient.read. */
	read(target: number | Bytes | undefined): ArrayBuffer | number | undefined {
		const message = this._message;
		const isCount = target === undefined || typeof target === NUMBER;
		if (message !== null && this._read === 0 && isCount && !((target as number) < message.size)) {
			// The usual case, one copy by the engine: all of a message that is being told.
			const size = message.size;
			this._read = size;
			// An empty one is read once, too.
			if (size === 0) this._message = null;
			return this.buffer.slice(message.start, message.start + size);
		}
		const readable = message === null ? this._unread.size : message.size - this._read;
		if (isCount) {
			if (readable === 0) return undefined;
			const bytes = new Uint8Array((target as number) < readable ? (target as number) : readable);
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

	private copy(target: Uint8Array): void {
		const message = this._message;
		if (message === null) {
			if (target.length > 0) this._unread.read(target);
			return this._telling.wake(1);
		}
		const from = this._read;
		this._read += target.length;
		for (let i = 0; i < target.length; i++) target[i] = message.byteAt(from + i);
	}
}
