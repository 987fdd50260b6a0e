import { Packet, Type, type Connect } from "./packets.js";
import { isTopicFilter, isTopicName } from "./topics.js";

/** A packet breaks the standard; the text says how. */
export class MalformedPacket extends Error {
	override name = "MalformedPacket";
}

/** Who sends the packets that are read. */
export type Sender = "client" | "server";

/** Types that only one side may send (Table 2.1). */
const ONLY: Readonly<Record<number, Sender>> = {
	[Type.CONNECT]: "client",
	[Type.SUBSCRIBE]: "client",
	[Type.UNSUBSCRIBE]: "client",
	[Type.PINGREQ]: "client",
	[Type.DISCONNECT]: "client",
	[Type.CONNACK]: "server",
	[Type.SUBACK]: "server",
	[Type.UNSUBACK]: "server",
	[Type.PINGRESP]: "server",
};

/** Flags of the first byte that a type must have; PUBLISH has its own (Table 2.2). */
const FLAGS: Readonly<Record<number, number>> = { [Type.PUBREL]: 2, [Type.SUBSCRIBE]: 2, [Type.UNSUBSCRIBE]: 2 };

/** Remaining Lengths of types that have only one. */
const SIZES: Readonly<Record<number, number>> = {
	[Type.CONNACK]: 2,
	[Type.PUBACK]: 2,
	[Type.PUBREC]: 2,
	[Type.PUBREL]: 2,
	[Type.PUBCOMP]: 2,
	[Type.UNSUBACK]: 2,
	[Type.PINGREQ]: 0,
	[Type.PINGRESP]: 0,
	[Type.DISCONNECT]: 0,
};

/** Cuts one direction of a connection into packets, and checks every rule on their form. MQTT 3.1.1. */
export class PacketReader {
	readonly #from: Sender;
	/** What has come of a packet that is not complete, and how many bytes make the next look worth while. */
	#parts: Uint8Array[] = [];
	#size = 0;
	#wanted = 2;

	constructor(from: Sender) {
		this.#from = from;
	}

	/** Bytes of a packet that is not complete yet. */
	get partial(): number {
		return this.#size;
	}

	/**
	 * Takes the next bytes, and hands over each packet that they complete. Payloads are windows on these bytes.
	 *
	 * Throws MalformedPacket.
	 */
	push(bytes: Uint8Array, onPacket: (packet: Packet) => void): void {
		this.#parts.push(bytes);
		this.#size += bytes.length;
		if (this.#size < this.#wanted) return;
		const all = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts, this.#size);
		let at = 0;
		for (;;) {
			const size = packetSize(all, at);
			const left = all.length - at;
			if (size === 0 || size > left) {
				this.#keep(all.subarray(at), size === 0 ? left + 1 : size);
				return;
			}
			const packet = read(all.subarray(at, at + size), this.#from);
			at += size;
			this.#keep(all.subarray(at), 2);
			onPacket(packet);
		}
	}

	#keep(rest: Uint8Array, wanted: number): void {
		this.#parts = rest.length > 0 ? [rest] : [];
		this.#size = rest.length;
		this.#wanted = wanted;
	}
}

/** Bytes of the packet that starts there; 0 while its header is not complete. */
function packetSize(bytes: Uint8Array, start: number): number {
	let remaining = 0;
	for (let digit = 0; digit < 4; digit++) {
		const byte = bytes[start + 1 + digit];
		if (byte === undefined) return 0;
		remaining |= (byte & 127) << (7 * digit);
		if (byte > 127) continue;
		if (byte === 0 && digit > 0) throw new MalformedPacket("a Remaining Length that is longer than needed");
		return 2 + digit + remaining;
	}
	throw new MalformedPacket("a Remaining Length of more than four bytes [§2.2.3]");
}

/** Reads fields from one packet, in order. */
class Fields {
	readonly #bytes: Uint8Array;
	#at: number;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		this.#at = 1;
		while (bytes[this.#at++]! > 127);
	}

	get left(): number {
		return this.#bytes.length - this.#at;
	}

	byte(): number {
		if (this.left < 1) throw new MalformedPacket("a field runs past the end of the packet");
		return this.#bytes[this.#at++]!;
	}

	uint16(): number {
		return (this.byte() << 8) | this.byte();
	}

	bytes(size = this.uint16()): Uint8Array {
		if (this.left < size) throw new MalformedPacket("a field runs past the end of the packet");
		this.#at += size;
		return this.#bytes.subarray(this.#at - size, this.#at);
	}

	/** UTF-8 (§1.5.3). */
	text(): string {
		const bytes = this.bytes();
		let plain = true;
		for (const byte of bytes) {
			if (byte === 0) throw new MalformedPacket("U+0000 in a text [MQTT-1.5.3-2]");
			if (byte > 127) plain = false;
		}
		const { buffer, byteOffset, length } = bytes;
		const text = Buffer.from(buffer as ArrayBuffer, byteOffset, length).toString(plain ? "latin1" : "utf8");
		if (!plain && Buffer.compare(Buffer.from(text), bytes) !== 0) throw new MalformedPacket("no UTF-8 [MQTT-1.5.3-1]");
		return text;
	}

	/** A packet identifier (§2.3.1). */
	id(): number {
		const id = this.uint16();
		if (id === 0) throw new MalformedPacket("packet identifier 0 [MQTT-2.3.1-1]");
		return id;
	}
}

function read(bytes: Uint8Array, from: Sender): Packet {
	const first = bytes[0]!;
	const type = first >> 4;
	const flags = first & 15;
	if (type === 0 || type === 15) throw new MalformedPacket(`packet type ${type} is reserved`);
	if (ONLY[type] !== undefined && ONLY[type] !== from) throw new MalformedPacket(`type ${type} from the ${from}`);
	if (type !== Type.PUBLISH && flags !== (FLAGS[type] ?? 0)) {
		throw new MalformedPacket(`flags ${flags} of type ${type} [MQTT-2.2.2-1]`);
	}
	const packet = new Packet(type);
	const fields = new Fields(bytes);
	const size = SIZES[type];
	if (size !== undefined && fields.left !== size) throw new MalformedPacket(`type ${type} with ${fields.left} bytes`);
	switch (type) {
		case Type.CONNECT:
			packet.connect = readConnect(fields);
			break;
		case Type.CONNACK:
			readConnack(packet, fields);
			break;
		case Type.PUBLISH:
			readPublish(packet, fields, flags);
			break;
		case Type.SUBSCRIBE:
		case Type.UNSUBSCRIBE:
			readRequest(packet, fields);
			break;
		case Type.SUBACK:
			packet.id = fields.id();
			packet.codes = [...fields.bytes(fields.left)];
			break;
		case Type.PINGREQ:
		case Type.PINGRESP:
		case Type.DISCONNECT:
			break;
		default:
			packet.id = fields.id();
	}
	if (fields.left > 0) throw new MalformedPacket(`${fields.left} bytes too many in type ${type}`);
	return packet;
}

function readConnack(packet: Packet, fields: Fields): void {
	const flags = fields.byte();
	if (flags > 1) throw new MalformedPacket(`CONNACK flags ${flags}`);
	packet.sessionPresent = flags === 1;
	packet.returnCode = fields.byte();
	if (packet.sessionPresent && packet.returnCode !== 0) throw new MalformedPacket("[MQTT-3.2.2-4]");
}

function readPublish(packet: Packet, fields: Fields, flags: number): void {
	packet.dup = (flags & 8) !== 0;
	packet.qos = (flags >> 1) & 3;
	packet.retain = (flags & 1) !== 0;
	if (packet.qos === 3) throw new MalformedPacket("QoS 3 [MQTT-3.3.1-4]");
	if (packet.qos === 0 && packet.dup) throw new MalformedPacket("DUP with QoS 0 [MQTT-3.3.1-2]");
	packet.topic = fields.text();
	if (!isTopicName(packet.topic))
		throw new MalformedPacket(`topic name ${JSON.stringify(packet.topic)} [MQTT-3.3.2-2]`);
	if (packet.qos > 0) packet.id = fields.id();
	packet.payload = fields.bytes(fields.left);
}

function readRequest(packet: Packet, fields: Fields): void {
	packet.id = fields.id();
	packet.filters = [];
	if (fields.left === 0) throw new MalformedPacket("a request without a filter [MQTT-3.8.3-3], [MQTT-3.10.3-2]");
	while (fields.left > 0) {
		const filter = fields.text();
		if (!isTopicFilter(filter)) throw new MalformedPacket(`topic filter ${JSON.stringify(filter)} [§4.7.1]`);
		const qos = packet.type === Type.SUBSCRIBE ? fields.byte() : 0;
		if (qos > 2) throw new MalformedPacket(`QoS byte ${qos} of a filter [MQTT-3-8.3-4]`);
		packet.filters.push({ filter, qos });
	}
}

function readConnect(fields: Fields): Connect {
	const protocol = fields.text();
	const level = fields.byte();
	// Another level has another layout: this is where one for 5.0 would branch off.
	if (protocol !== "MQTT" || level !== 4) throw new MalformedPacket(`protocol ${protocol} level ${level}`);
	const flags = fields.byte();
	if ((flags & 1) !== 0) throw new MalformedPacket("the reserved flag of CONNECT [MQTT-3.1.2-3]");
	const keepAliveS = fields.uint16();
	const clientId = fields.text();
	const clean = (flags & 2) !== 0;
	if (clientId === "" && !clean) throw new MalformedPacket("an empty ClientId with a kept session [MQTT-3.1.3-7]");
	const hasWill = (flags & 4) !== 0;
	const willQos = (flags >> 3) & 3;
	if (willQos === 3 || (!hasWill && (flags & 0x38) !== 0)) throw new MalformedPacket("will flags [MQTT-3.1.2-13 … 15]");
	const will = hasWill
		? { topic: fields.text(), payload: fields.bytes(), qos: willQos, retain: (flags & 32) !== 0 }
		: undefined;
	if ((flags & 0xc0) === 0x40) throw new MalformedPacket("a password without a user name [MQTT-3.1.2-22]");
	const userName = (flags & 128) !== 0 ? fields.text() : undefined;
	const password = (flags & 64) !== 0 ? fields.bytes() : undefined;
	return { clientId, clean, keepAliveS, will, userName, password };
}
