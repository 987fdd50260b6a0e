import Timer, { type TimerId } from "timer";
import { traced } from "../base/traced.js";
import { Status, type QoS, type DisconnectReason } from "../client/terms/codes.js";
import type { Message } from "../client/terms/message.js";
import { Topic } from "../codec/topic.js";
import { Client } from "../app/client.js";
import { bytesOf, textOf } from "./bytes.js";
import { Inbox, type InboxUser } from "./inbox.js";
import type { Bytes, ConnectionError, ControlMessage, MQTTClientOptions, WriteOptions } from "./options.js";
import { Requests } from "./requests.js";
import { settingsOf } from "./settings.js";
import { SocketTransport, type TransportUser } from "./socket-transport.js";
import { CopySource, WriteBuffer } from "./write-buffer.js";

export type * from "./options.js";

/** MQTT packet types that the program gets and gives by number. */
const enum Packet {
	CONNECT = 1,
	CONNACK = 2,
	PUBLISH = 3,
	PUBACK = 4,
	PUBREC = 5,
	PUBREL = 6,
	PUBCOMP = 7,
	SUBSCRIBE = 8,
	SUBACK = 9,
	UNSUBSCRIBE = 10,
	UNSUBACK = 11,
	PINGREQ = 12,
	PINGRESP = 13,
	DISCONNECT = 14,
}

/** What a record in the outbox takes beside topic and payload, at most. */
const RECORD_OVERHEAD = 32;
/** While it has nothing to do the timer is parked. */
const PARKED_MS = 86_400_000;
/** A message that is not read for this part of the time for a PINGRESP is given up, so that the link lives on. */
const UNREAD_PART = 2;

/**
 * `embedded:network/mqtt/client`: the MQTT client class of ECMA-419, in the form that the Moddable SDK gives it, over the
 * client of this package. A program that uses the SDK's class runs on it as it is.
 *
 * It connects when it is made. Over is over: after onError the object is closed, and a program that wants to go on makes
 * another one; with `"reconnect": true` in the manifest's config.mqtt it connects again by itself, tells of it by another
 * CONNACK, and calls onError never. It answers QoS 1 and 2, keeps alive, and takes duplicates out by itself.
 *
 * Sizes are those of config.mqtt. Unlike the client under it, it allocates for every message: see manifests/mqttclient.md.
 */
export class MQTTClient {
	/** The option of the same name, if it was given. */
	declare target: unknown;
	/** Pieces of messages that were given up because the program did not read them in time. */
	get unreadDropped(): number {
		return this.#inbox.dropped;
	}
	readonly #options: MQTTClientOptions;
	readonly #client: Client;
	#transport!: SocketTransport;
	readonly #timer: TimerId;
	readonly #buffer: WriteBuffer;
	readonly #inbox: Inbox;
	readonly #handler = (message: Message): void => this.#inbox.handleMessage(message);
	readonly #requests: Requests;
	/** What onControl is to be told, in order. */
	#controls: ControlMessage[] = [];
	/** Packet identifiers of publishes, each followed by the one that the program has given. */
	#ids: number[] = [];
	#started = false;
	#closed = false;
	/** The program has written DISCONNECT. */
	#leaving = false;
	/** Bytes that are still to be written of the message that has been begun. */
	#remaining = 0;
	/** Bytes that publishes in the outbox take, at most. */
	#queuedBytes = 0;
	/** Room that the program knows of. */
	#toldRoom = 0;
	/** It has written something since it was told, and counts on being told again. */
	#owesRoom = false;
	#lastId = 0;
	/** The topic that was published to last. */
	#topic: Topic | undefined;
	#topicText = "";

	/**
	 * Throws Error, TypeError or RangeError when an option is missing or wrong, naming it; what it says is traced first. A
	 * name that is no option is traced, too, and passed over. Callbacks come on later turns.
	 */
	constructor(options: MQTTClientOptions) {
		let settings;
		try {
			settings = settingsOf(options);
			if (options.format !== undefined) this.format = options.format;
		} catch (error) {
			throw traced(error);
		}
		if (options.target !== undefined) this.target = options.target;
		this.#options = { ...options };
		// An object of its own: what a program keeps on this one, under whatever name, is none of our business.
		const user: TransportUser & InboxUser = {
			handlePacket: (type, packetId) => this.#handlePacket(type, packetId),
			handleProgress: () => this.#handleProgress(),
			reads: () => this.#transport.reads,
			hold: () => this.#transport.hold(),
			release: () => this.#transport.release(),
			wake: (delayMs) => this.#wake(delayMs),
		};
		this.#inbox = new Inbox(user, this, options.onReadable);
		this.#requests = new Requests(Packet.SUBACK, (message) => this.#tell(message));
		this.#client = new Client({
			...settings,
			transport: (setup) => (this.#transport = new SocketTransport(setup, options.socket, options.dns, user)),
			onConnected: (_client, sessionPresent) => this.#handleConnected(sessionPresent),
			onDisconnected: (_client, reason) => this.#handleDisconnected(reason),
			onDelivered: () => this.#handleProgress(),
			onRoom: () => this.#handleProgress(),
			onMessage: this.#handler,
			onSubscribed: (_client, index, code) => this.#requests.handleAnswer(Packet.SUBACK, index, code),
			onUnsubscribed: (_client, index) => this.#requests.handleAnswer(Packet.UNSUBACK, index, 0),
			onProblem: (_client, problem, detail) => {
				if (!this.#closed) this.#options.onProblem?.call(this, problem, detail);
			},
		});
		this.#buffer = new WriteBuffer(this.#client.settings.txBuffer, () => this.#handleProgress());
		this.#timer = Timer.repeat(() => this.#handleTimer(), PARKED_MS);
		this.#wake();
	}

	/** "buffer": messages are read and written as such. Setting another throws RangeError. */
	get format(): string {
		return "buffer";
	}

	set format(format: string) {
		if (format !== "buffer") throw new RangeError(`format: ${format} is not "buffer"`);
	}

	/** Closes at once, without DISCONNECT; no callback follows. Harmless when closed, and from within any callback. */
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		Timer.clear(this.#timer);
		this.#inbox.close();
		this.#controls = [];
		this.#client.close();
		this.#transport.dispose();
	}

	/**
	 * Reads from the current message.
	 *
	 * in   target  how many bytes, at most; or where to put them; absent: all that are here
	 * out  a buffer with them, or with a target their count; undefined when there are none
	 */
	read(count?: number): ArrayBuffer | undefined;
	read(target: Bytes): number | undefined;
	read(target?: number | Bytes): ArrayBuffer | number | undefined {
		return this.#inbox.read(target);
	}

	/**
	 * Writes a packet, or more bytes of the message that has been begun.
	 *
	 * in   data     payload of PUBLISH; null otherwise
	 *      options  what it is; absent: the next bytes of the message
	 * out  how many bytes may be written now
	 *
	 * Throws Error: "not connected" before CONNACK and after the end; "overflow" when there is no room now, of which
	 * onWritable tells; "invalid" for more data than announced, or options that do not go together; and RangeError naming
	 * a topic, filter or QoS that MQTT does not allow.
	 */
	write(data: Bytes | null, options?: WriteOptions | null): number {
		if (this.#closed || this.#leaving || !this.#client.connected) throw new Error("not connected");
		if (this.#remaining > 0) this.#writeMore(data, options);
		else if (!options) throw new Error("invalid");
		else this.#writePacket(data, options);
		if (this.#options.onWritable !== undefined && !this.#closed) {
			this.#owesRoom = true;
			this.#wake();
		}
		return (this.#toldRoom = this.#room);
	}

	#writeMore(data: Bytes | null, options: WriteOptions | null | undefined): void {
		const bytes = bytesOf(data);
		if (options || bytes.length > this.#remaining) throw new Error("invalid");
		if (bytes.length > this.#buffer.room) throw new Error("overflow");
		this.#buffer.put(bytes);
		this.#remaining -= bytes.length;
		this.#client.resumeSources();
	}

	#writePacket(data: Bytes | null, options: WriteOptions): void {
		switch (options.operation ?? Packet.PUBLISH) {
			case Packet.PUBLISH:
				return this.#publish(bytesOf(data), options);
			case Packet.SUBSCRIBE:
				return this.#subscribe(options);
			case Packet.UNSUBSCRIBE:
				return this.#unsubscribe(options);
			case Packet.PINGREQ:
				return this.#transport.ping();
			case Packet.DISCONNECT:
				this.#leaving = true;
				return this.#client.stop();
			case Packet.PUBREL:
				// Of a handshake that the program remembers from another connection, and this one does not.
				return this.#tell({ operation: Packet.PUBCOMP, id: options.id ?? 0 });
			case Packet.PUBACK:
			case Packet.PUBREC:
			case Packet.PUBCOMP:
				// They are sent without being asked for.
				return;
			default:
				throw new Error("unknown");
		}
	}

	#publish(bytes: Uint8Array, options: WriteOptions): void {
		const { id, byteLength = bytes.length } = options;
		if (bytes.length > byteLength) throw new Error("invalid");
		const topic = this.#topicOf(options.topic);
		const qos = (options.QoS ?? 0) as QoS;
		const retain = Boolean(options.retain);
		const client = this.#client;
		let result: number;
		if (byteLength > bytes.length) result = this.#begin(topic, bytes, byteLength, qos, retain);
		else {
			result = client.publish(topic, bytes, qos, retain);
			// As the SDK's class, which hands it to the socket.
			if (result === Status.TOO_LARGE) {
				result = client.publishStream(topic, byteLength, new CopySource(bytes), qos, retain);
			}
		}
		if (result === Status.FULL || result === Status.TOO_LARGE) throw new Error("overflow");
		if (result === Status.INVALID_QOS) throw new RangeError(`QoS: ${qos} is not 0, 1 or 2`);
		if (result < 0) throw new Error(`publish: refused with status ${result}`);
		if (client.queued > 0) this.#queuedBytes += topic.field.length + bytes.length + RECORD_OVERHEAD;
		if (qos > 0 && id !== undefined) this.#ids.push(result, id);
	}

	/** Begins a message that is longer than what is here of it. */
	#begin(topic: Topic, bytes: Uint8Array, total: number, qos: QoS, retain: boolean): number {
		const buffer = this.#buffer;
		if (bytes.length > buffer.room) return Status.FULL;
		// The bytes first: they may be asked for at once.
		const source = buffer.source();
		buffer.put(bytes);
		this.#remaining = total - bytes.length;
		const result = this.#client.publishStream(topic, total, source, qos, retain);
		if (result >= 0) return result;
		this.#remaining = 0;
		buffer.takeBack(bytes.length);
		return result;
	}

	/** The topic of a publish, made anew only when it is not the last one. Throws RangeError naming it. */
	#topicOf(topic: string | Bytes | undefined): Topic {
		if (topic === undefined) throw new RangeError("topic: is missing");
		const text = textOf(topic);
		if (this.#topic === undefined || text !== this.#topicText) {
			this.#topic = new Topic(text);
			this.#topicText = text;
		}
		return this.#topic;
	}

	#subscribe({ items = [], id = this.#nextId() }: WriteOptions): void {
		const filters = items.map((item) => textOf(item.topic));
		this.#requests.add(Packet.SUBACK, id, filters);
		items.forEach(({ QoS = 0 }, i) => {
			const filter = filters[i]!;
			this.#requests.supersede(Packet.UNSUBACK, filter, 0);
			const index = this.#client.subscribeStream(filter, QoS as QoS, this.#handler);
			if (index >= 0) return this.#requests.name(index, filter);
			this.#requests.takeBack();
			if (index === Status.FULL || index === Status.TOO_LARGE) throw new Error("overflow");
			throw new RangeError(`items: ${filter} with QoS ${QoS} is no subscription`);
		});
	}

	#unsubscribe({ items = [], id = this.#nextId() }: WriteOptions): void {
		const client = this.#client;
		const filters = items.map((item) => textOf(item.topic));
		this.#requests.add(Packet.UNSUBACK, id, filters);
		for (const filter of filters) {
			this.#requests.supersede(Packet.SUBACK, filter, 0);
			// What the program has not subscribed to a kept session may hold from an earlier one; a clean session has nothing of it.
			const isAsked = this.#requests.knows(filter) || !client.settings.cleanSession;
			if (!isAsked || client.unsubscribe(filter) < 0) this.#requests.answer(Packet.UNSUBACK, filter, 0);
		}
	}

	#nextId(): number {
		this.#lastId = (this.#lastId % 0xffff) + 1;
		return this.#lastId;
	}

	/** Bytes, topic included, that a write can take. */
	get #room(): number {
		const client = this.#client;
		if (this.#closed || this.#leaving || !client.connected) return 0;
		const pieces = this.#buffer.room;
		if (this.#remaining > 0) return pieces;
		if (this.#buffer.active >= client.settings.sources) return 0;
		if (client.queued === 0) this.#queuedBytes = 0;
		const left = client.settings.outbox - this.#queuedBytes - RECORD_OVERHEAD;
		return left < 0 ? 0 : left < pieces ? left : pieces;
	}

	/** Something has been sent, acknowledged or made room. */
	#handleProgress(): void {
		if (!this.#closed && this.#options.onWritable !== undefined && this.#room > this.#toldRoom) this.#wake();
	}

	/** A packet has arrived. */
	#handlePacket(type: number, packetId: number): void {
		if (type === Packet.PINGRESP) this.#tell({ operation: type });
		else if (type >= Packet.PUBACK && type <= Packet.PUBCOMP) this.#tell({ operation: type, id: packetId });
	}

	#handleConnected(sessionPresent: boolean): void {
		if (this.#closed) return;
		this.#owesRoom = true;
		this.#wake();
		const message: ControlMessage = { operation: Packet.CONNACK, returnCode: 0, sessionPresent };
		this.#options.onControl?.call(this, message, message);
	}

	#handleDisconnected(reason: DisconnectReason): void {
		if (this.#closed) return;
		const { layer, code, detail, retryMs } = reason;
		this.#remaining = 0;
		this.#buffer.clear();
		this.#requests.clear();
		if (retryMs >= 0) return;
		const { onClose, onError } = this.#options;
		try {
			const error = new Error(`MQTT connection ended: layer ${layer}, reason ${code}, detail ${detail}`);
			if (this.#leaving && onClose) onClose.call(this);
			else onError?.call(this, Object.assign(error, { layer, code, detail }) as ConnectionError);
		} finally {
			this.close();
		}
	}

	/** onControl is to be told, on a turn of its own. */
	#tell(message: ControlMessage): void {
		if (this.#closed) return;
		this.#controls.push(message);
		this.#wake();
	}

	/** There is something to do, on a turn of its own. */
	#wake(delayMs = 1): void {
		if (!this.#closed) Timer.schedule(this.#timer, delayMs, delayMs);
	}

	#handleTimer(): void {
		Timer.schedule(this.#timer);
		if (!this.#started) {
			this.#started = true;
			return this.#client.start();
		}
		try {
			if (this.#controls.length > 0) this.#tellControls();
			if (this.#inbox.waits) this.#inbox.tellUnread(this.#client.settings.pingTimeoutMs / UNREAD_PART);
			else this.#transport.release();
			if (this.#options.onWritable !== undefined) this.#tellRoom();
		} catch (error) {
			// It must not restart the device.
			trace(`mqtt: a callback threw ${String(error)}\n`);
			this.#wake();
		}
	}

	#tellControls(): void {
		while (this.#controls.length > 0 && !this.#closed) {
			const message = this.#controls.shift()!;
			const { operation, id } = message;
			if (
				id !== undefined &&
				(operation === Packet.PUBACK || operation === Packet.PUBREC || operation === Packet.PUBCOMP)
			) {
				message.id = this.#givenId(id, operation !== Packet.PUBREC);
			}
			this.#options.onControl?.call(this, message, message);
		}
	}

	/** The identifier that the program gave to a publish; the packet's own when it gave none. */
	#givenId(packetId: number, last: boolean): number {
		const ids = this.#ids;
		for (let i = 0; i < ids.length; i += 2) {
			if (ids[i] !== packetId) continue;
			const id = ids[i + 1]!;
			if (last) ids.splice(i, 2);
			return id;
		}
		return packetId;
	}

	#tellRoom(): void {
		const room = this.#room;
		if (room === 0 || (room <= this.#toldRoom && !this.#owesRoom)) return;
		this.#toldRoom = room;
		this.#owesRoom = false;
		this.#options.onWritable?.call(this, room);
	}

	static readonly CONNECT = Packet.CONNECT;
	static readonly CONNACK = Packet.CONNACK;
	static readonly PUBLISH = Packet.PUBLISH;
	static readonly PUBACK = Packet.PUBACK;
	static readonly PUBREC = Packet.PUBREC;
	static readonly PUBREL = Packet.PUBREL;
	static readonly PUBCOMP = Packet.PUBCOMP;
	static readonly SUBSCRIBE = Packet.SUBSCRIBE;
	static readonly SUBACK = Packet.SUBACK;
	static readonly UNSUBSCRIBE = Packet.UNSUBSCRIBE;
	static readonly UNSUBACK = Packet.UNSUBACK;
	static readonly PINGREQ = Packet.PINGREQ;
	static readonly PINGRESP = Packet.PINGRESP;
	static readonly DISCONNECT = Packet.DISCONNECT;
}

export default MQTTClient;
