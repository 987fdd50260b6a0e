import { traced } from "../base/traced.js";
import { PacketType } from "../codec/constants.js";
import { Connection } from "./connection.js";
import type { Inbox } from "./inbox.js";
import type { Bytes, ProgramOptions, WriteOptions } from "./options.js";
import { settingsOf } from "./settings.js";
import type { Writer } from "./writer.js";

export type * from "./options.js";

/** What MQTTClient is made from. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface shows all its members where it is looked at
export interface MQTTClientOptions extends ProgramOptions<MQTTClient> {}

/**
 * `embedded:network/mqtt/client`: the MQTT client class of ECMA-419, in the form that the Moddable SDK gives it, over the
 * client of this package. A program that uses the SDK's class runs on it as it is.
 *
 * It connects when it is made. Over is over: after onError the object is closed, and a program that wants to go on makes
 * another one; with `"reconnect": true` in the manifest's config.mqtt it connects again by itself, tells of it by another
 * CONNACK, and calls onError never. It answers QoS 1 and 2, keeps alive, and takes duplicates out by itself.
 *
 * Sizes are those of config.mqtt. Unlike the client under it, it allocates for every message: see manifests/mqttclient.md.
 *
 * Its own fields are private names: a program keeps what it likes on the object, under whatever name.
 */
export class MQTTClient {
	/** The option of the same name, if it was given. */
	declare target: unknown;
	readonly #writer: Writer;
	readonly #inbox: Inbox;
	readonly #connection: Connection;

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
		this.#connection = new Connection(this, { ...options }, settings);
		this.#writer = this.#connection.writer;
		this.#inbox = this.#connection.inbox;
	}

	/** Pieces of messages that were given up because the program did not read them in time. */
	get unreadDropped(): number {
		return this.#inbox.dropped;
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
		this.#connection.close();
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
		return this.#writer.write(data, options);
	}

	static readonly CONNECT = PacketType.CONNECT;
	static readonly CONNACK = PacketType.CONNACK;
	static readonly PUBLISH = PacketType.PUBLISH;
	static readonly PUBACK = PacketType.PUBACK;
	static readonly PUBREC = PacketType.PUBREC;
	static readonly PUBREL = PacketType.PUBREL;
	static readonly PUBCOMP = PacketType.PUBCOMP;
	static readonly SUBSCRIBE = PacketType.SUBSCRIBE;
	static readonly SUBACK = PacketType.SUBACK;
	static readonly UNSUBSCRIBE = PacketType.UNSUBSCRIBE;
	static readonly UNSUBACK = PacketType.UNSUBACK;
	static readonly PINGREQ = PacketType.PINGREQ;
	static readonly PINGRESP = PacketType.PINGRESP;
	static readonly DISCONNECT = PacketType.DISCONNECT;
}

export default MQTTClient;
