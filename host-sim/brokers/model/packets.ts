/** MQTT 3.1.1 Table 2.1. The model server has a codec of its own: with a shared one, shared mistakes would not show. */
export const Type = Object.freeze({
	CONNECT: 1,
	CONNACK: 2,
	PUBLISH: 3,
	PUBACK: 4,
	PUBREC: 5,
	PUBREL: 6,
	PUBCOMP: 7,
	SUBSCRIBE: 8,
	SUBACK: 9,
	UNSUBSCRIBE: 10,
	UNSUBACK: 11,
	PINGREQ: 12,
	PINGRESP: 13,
	DISCONNECT: 14,
} as const);

/** The fields of CONNECT (§3.1). */
export interface Connect {
	clientId: string;
	clean: boolean;
	keepAliveS: number;
	will: { topic: string; payload: Uint8Array; qos: number; retain: boolean } | undefined;
	userName: string | undefined;
	password: Uint8Array | undefined;
}

/** One packet. Fields that its type has not are as they are here. */
export class Packet {
	readonly type: number;
	/** 0 where there is none. */
	id = 0;
	topic = "";
	payload: Uint8Array = EMPTY;
	qos = 0;
	dup = false;
	retain = false;
	/** Of SUBSCRIBE, with the QoS asked for, and of UNSUBSCRIBE. */
	filters: { filter: string; qos: number }[] = NONE;
	/** Of SUBACK. */
	codes: readonly number[] = NONE;
	returnCode = 0;
	sessionPresent = false;
	connect: Connect | undefined = undefined;

	constructor(type: number) {
		this.type = type;
	}
}

const EMPTY = new Uint8Array(0);
const NONE: never[] = [];

/** Bytes of PINGRESP, and of PINGREQ and DISCONNECT for tests. */
export function emptyPacket(type: number): Uint8Array {
	return Uint8Array.of(type << 4, 0);
}

/** PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK. */
export function ackPacket(type: number, id: number): Uint8Array {
	return Uint8Array.of((type << 4) | (type === Type.PUBREL ? 2 : 0), 2, id >> 8, id & 0xff);
}

/** CONNACK (§3.2). */
export function connackPacket(sessionPresent: boolean, returnCode: number): Uint8Array {
	return Uint8Array.of(Type.CONNACK << 4, 2, sessionPresent ? 1 : 0, returnCode);
}

/** SUBACK (§3.9). */
export function subackPacket(id: number, codes: readonly number[]): Uint8Array {
	return withHeader(Type.SUBACK << 4, Uint8Array.of(id >> 8, id & 0xff, ...codes));
}

/** PUBLISH (§3.3). */
export function publishPacket(
	message: { topic: string; payload: Uint8Array; qos: number; retain: boolean },
	id: number,
	dup: boolean,
): Uint8Array {
	const { topic, payload, qos, retain } = message;
	const name = Buffer.from(topic, "utf8");
	const headSize = 2 + name.length + (qos > 0 ? 2 : 0);
	const body = new Uint8Array(headSize + payload.length);
	body[0] = name.length >> 8;
	body[1] = name.length & 0xff;
	body.set(name, 2);
	if (qos > 0) {
		body[headSize - 2] = id >> 8;
		body[headSize - 1] = id & 0xff;
	}
	body.set(payload, headSize);
	return withHeader((Type.PUBLISH << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), body);
}

/** The fixed header (§2.2) in front of the rest of a packet. */
export function withHeader(first: number, body: Uint8Array): Uint8Array {
	const size = body.length;
	const digits = size < 128 ? 1 : size < 16_384 ? 2 : size < 2_097_152 ? 3 : 4;
	const bytes = new Uint8Array(1 + digits + size);
	bytes[0] = first;
	let rest = size;
	for (let i = 1; i <= digits; i++) {
		bytes[i] = (rest & 127) | (i < digits ? 128 : 0);
		rest >>= 7;
	}
	bytes.set(body, 1 + digits);
	return bytes;
}
