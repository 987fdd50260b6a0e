import Time from "time";
import type { Client, ClientParts } from "../app/client.js";
import type { QoS } from "../client/terms/codes.js";
import type { Core } from "../client/connection/core.js";
import { sendPing } from "../client/connection/ping.js";
import type { PayloadSource } from "../client/terms/options.js";
import type { ShortPublisher } from "../client/short-ways/publish.js";
import { Leaving, type TransmitRegion } from "../client/short-ways/transmit-region.js";
import { PacketType } from "../codec/constants.js";
import { StatusCode } from "../codec/status.js";
import { Topic } from "../codec/topic.js";
import type { Loop } from "../loop/loop.js";
import { bytesOf, textOf } from "./bytes.js";
import type { GivenIds } from "./given-ids.js";
import type { Bytes, WriteOptions } from "./options.js";
import type { Room } from "./room.js";
import type { Subscriber } from "./subscriber.js";
import type { Telling } from "./telling.js";
import { CopySource, type WriteBuffer } from "./write-buffer.js";

/** A constant of the module is found sooner than a global. */
const Bytes = Uint8Array;

/** What a Writer writes by. */
export interface WriterParts {
	readonly client: Client;
	readonly room: Room;
	readonly buffer: WriteBuffer;
	readonly ids: GivenIds;
	readonly telling: Telling;
	readonly subscriber: Subscriber;
}

/** Takes what the program writes: whole messages to the client at once, others piece by piece, and the other packets. */
export class Writer {
	/** The topic that was published to last; a program that publishes to one topic makes it once. */
	private _topicText: string | Bytes | undefined;
	private _topic: Topic | undefined;
	private readonly _region: TransmitRegion;
	private readonly _publisher: ShortPublisher;
	private readonly _loop: Loop;
	private readonly _room: Room;
	private readonly _ids: GivenIds;
	/** The program has written DISCONNECT. */
	leaving = false;
	private readonly _core: Core;
	private readonly _client: Client;
	private readonly _buffer: WriteBuffer;
	private readonly _telling: Telling;
	private readonly _subscriber: Subscriber;

	constructor({ client, room, buffer, ids, telling, subscriber }: WriterParts, { core, loop }: ClientParts) {
		this._region = core.region;
		this._publisher = core.shortPublisher;
		this._loop = loop;
		this._room = room;
		this._ids = ids;
		this._core = core;
		this._client = client;
		this._buffer = buffer;
		this._telling = telling;
		this._subscriber = subscriber;
	}

	/**
	 * See MQTTClient.write. Whole messages, the usual case, take the way of Client.publish from here, which is written out: a
	 * call more would cost a fifth of what this takes.
	 */
	write(data: Bytes | null, options: WriteOptions | null | undefined): number {
		const room = this._room;
		const region = this._region;
		if (!region.open || region.leaving !== Leaving.NO) throw new Error("not connected");
		if (room.remaining > 0) return this.writeMore(data, options);
		if (!options) throw new Error("invalid");
		const operation = options.operation;
		if (operation !== undefined && operation !== PacketType.PUBLISH) return this.writeOther(operation, options);
		const bytes = data && data.constructor === Bytes ? (data as Uint8Array) : bytesOf(data);
		const total = options.byteLength;
		if (total !== undefined && total !== bytes.length) return this.begin(bytes, total, options);
		const name = options.topic;
		const topic = name === this._topicText && name ? this._topic! : this.topicOf(name);
		const qos = (options.QoS ?? 0) as QoS;
		const now = Time.ticks | 0;
		const loop = this._loop;
		const nested = loop.busy;
		let result: number = StatusCode.INTERNAL_FAULT;
		try {
			result = this._publisher.publish(topic, bytes, qos, options.retain as boolean);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
		// The socket says when it has sent this, or an ack comes: then the program is told.
		room.owed = true;
		if (result === 0 && region.direct && room.told > 0) return room.told;
		if (result > 0) {
			const id = options.id;
			if (id !== undefined) this._ids.add(result, id);
		} else if (result < 0) this.handleRefusal(result, topic, bytes, options);
		return (room.told = room.size());
	}

	/** A message was not taken as it is. */
	private handleRefusal(status: number, topic: Topic, bytes: Uint8Array, options: WriteOptions): void {
		// Larger than the outbox: as the SDK's class, which hands it to the socket.
		if (status === StatusCode.TOO_LARGE) this.stream(topic, bytes.length, new CopySource(bytes), options);
		else refuse(status, options);
	}

	/** Begins a message that is longer than what is here of it. */
	private begin(bytes: Uint8Array, total: number, options: WriteOptions): number {
		if (bytes.length > total) throw new Error("invalid");
		const topic = this.topicOf(options.topic);
		const buffer = this._buffer;
		const room = this._room;
		if (bytes.length > buffer.room) throw new Error("overflow");
		// The bytes first: they may be asked for at once.
		const source = buffer.source();
		buffer.put(bytes);
		room.remaining = total - bytes.length;
		try {
			this.stream(topic, total, source, options);
		} catch (error) {
			room.remaining = 0;
			buffer.takeBack(bytes.length);
			throw error;
		}
		return this.tellLater();
	}

	/** Publishes from a source. Throws what refuse throws. */
	private stream(topic: Topic, total: number, source: PayloadSource, options: WriteOptions): void {
		const { id, QoS = 0, retain } = options;
		const result = this._client.publishStream(topic, total, source, QoS as QoS, Boolean(retain));
		if (result < 0) refuse(result, options);
		if (result > 0 && id !== undefined) this._ids.add(result, id);
	}

	private writeMore(data: Bytes | null, options: WriteOptions | null | undefined): number {
		const bytes = bytesOf(data);
		const room = this._room;
		if (options || bytes.length > room.remaining) throw new Error("invalid");
		if (bytes.length > this._buffer.room) throw new Error("overflow");
		this._buffer.put(bytes);
		room.remaining -= bytes.length;
		this._client.resumeSources();
		return this.tellLater();
	}

	private writeOther(operation: number, options: WriteOptions): number {
		switch (operation) {
			case PacketType.SUBSCRIBE:
				this._subscriber.subscribe(options);
				break;
			case PacketType.UNSUBSCRIBE:
				this._subscriber.unsubscribe(options);
				break;
			case PacketType.PINGREQ:
				this.ping();
				break;
			case PacketType.DISCONNECT:
				this.leaving = true;
				this._client.stop();
				break;
			case PacketType.PUBREL:
				// Of a handshake that the program remembers from another connection, and this one does not.
				this._telling.control({ operation: PacketType.PUBCOMP, id: options.id ?? 0 });
				break;
			case PacketType.PUBACK:
			case PacketType.PUBREC:
			case PacketType.PUBCOMP:
				// They are sent without being asked for.
				break;
			default:
				throw new Error("unknown");
		}
		return this.tellLater();
	}

	/** PINGREQ, as those that the client sends by itself. */
	private ping(): void {
		const now = Time.ticks | 0;
		const loop = this._loop;
		const nested = loop.busy;
		try {
			sendPing(this._core, now);
			loop.send(now);
		} catch (error) {
			loop.fault(nested, error);
		}
	}

	/** The program counts on onWritable, and the socket may have nothing to say. out: room now */
	private tellLater(): number {
		const room = this._room;
		room.owed = true;
		this._telling.wake(1);
		return (room.told = room.size());
	}

	/** The topic of a publish, made anew only when it is not the last one. Throws RangeError naming it. */
	private topicOf(name: string | Bytes | undefined): Topic {
		if (name === undefined) throw new RangeError("topic: is missing");
		const text = textOf(name);
		if (this._topic === undefined || text !== this._topicText) {
			this._topic = new Topic(text);
			this._topicText = text;
		}
		return this._topic;
	}
}

/** Throws: the client has not taken a publish. */
function refuse(status: number, { QoS = 0 }: WriteOptions): never {
	if (status === StatusCode.FULL || status === StatusCode.TOO_LARGE) throw new Error("overflow");
	if (status === StatusCode.INVALID_QOS) throw new RangeError(`QoS: ${QoS} is not 0, 1 or 2`);
	throw new Error(`publish: refused with status ${status}`);
}
