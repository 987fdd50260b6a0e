// Read MQTT 3.1.1 §3.1 before changing this file.
import { ConnectFlag, FirstByte } from "./constants.js";
import { sizeOfVarint, writeUint16, writeVarint } from "./encode.js";

/** The fields of CONNECT, encoded. Absent fields are undefined; the rules between them have been checked. */
export interface ConnectFields {
	cleanSession: boolean;
	/** 0 … 65535 seconds. */
	keepAliveS: number;
	/** UTF-8, at most 65535 bytes each, as all below. */
	clientId: Uint8Array;
	willTopic: Uint8Array | undefined;
	willPayload: Uint8Array;
	willQos: number;
	willRetain: boolean;
	userName: Uint8Array | undefined;
	password: Uint8Array | undefined;
}

/** Protocol Name and Protocol Level of 3.1.1 (§3.1.2.1, §3.1.2.2). */
const PROTOCOL = new Uint8Array([0, 4, 0x4d, 0x51, 0x54, 0x54, 4]);

const enum ConnectSize {
	/** Bytes between the fixed header and the payload: protocol, flags, keep alive. */
	VARIABLE_HEADER = 10,
}

function remainingLength(fields: ConnectFields): number {
	let size = ConnectSize.VARIABLE_HEADER + 2 + fields.clientId.length;
	if (fields.willTopic) size += 4 + fields.willTopic.length + fields.willPayload.length;
	if (fields.userName) size += 2 + fields.userName.length;
	if (fields.password) size += 2 + fields.password.length;
	return size;
}

/** Size of the whole CONNECT packet in bytes: at most 327,699. */
export function sizeOfConnect(fields: ConnectFields): number {
	const remaining = remainingLength(fields);
	return 1 + sizeOfVarint(remaining) + remaining;
}

function connectFlags(fields: ConnectFields): number {
	let flags = fields.cleanSession ? ConnectFlag.CLEAN_SESSION : 0;
	if (fields.willTopic) {
		flags |= ConnectFlag.WILL | (fields.willQos << ConnectFlag.WILL_QOS_SHIFT);
		if (fields.willRetain) flags |= ConnectFlag.WILL_RETAIN;
	}
	if (fields.userName) flags |= ConnectFlag.USER_NAME;
	if (fields.password) flags |= ConnectFlag.PASSWORD;
	return flags;
}

function writeField(bytes: Uint8Array, offset: number, field: Uint8Array): number {
	const at = writeUint16(bytes, offset, field.length);
	bytes.set(field, at);
	return at + field.length;
}

/**
 * Writes CONNECT (§3.1): fixed header, protocol, flags, keep alive, then the payload in its order [MQTT-3.1.3-1].
 *
 * in   bytes, offset  where to; sizeOfConnect bytes have been made sure of
 * out  one past the last byte written
 */
export function writeConnect(bytes: Uint8Array, offset: number, fields: ConnectFields): number {
	bytes[offset] = FirstByte.CONNECT;
	let at = writeVarint(bytes, offset + 1, remainingLength(fields));
	bytes.set(PROTOCOL, at);
	at += PROTOCOL.length;
	bytes[at] = connectFlags(fields);
	at = writeUint16(bytes, at + 1, fields.keepAliveS);
	at = writeField(bytes, at, fields.clientId);
	if (fields.willTopic) {
		at = writeField(bytes, at, fields.willTopic);
		at = writeField(bytes, at, fields.willPayload);
	}
	if (fields.userName) at = writeField(bytes, at, fields.userName);
	if (fields.password) at = writeField(bytes, at, fields.password);
	return at;
}

/**
 * The client identifier of a CONNECT packet (§3.1.3.1). Allocates.
 *
 * in   bytes, offset  where the packet is
 */
export function clientIdOf(bytes: Uint8Array, offset: number): string {
	let at = offset + 1;
	while (bytes[at]! > 127) at++;
	at += 1 + ConnectSize.VARIABLE_HEADER;
	return String.fromArrayBuffer(bytes.buffer as ArrayBuffer, at + 2, (bytes[at]! << 8) | bytes[at + 1]!);
}
