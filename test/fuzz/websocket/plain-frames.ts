// A plain twin of firmware/transport/websocket/frame-reader.ts: all bytes at once, as RFC 6455 §5 says it.

/** What bytes of a server come to. */
export interface PlainFrames {
	/** All payload before the end, or before there are no bytes any more. */
	readonly payload: readonly number[];
	/** Payload of the last whole ping. */
	readonly ping: readonly number[] | undefined;
	/** Another has begun behind it, and is not whole: its payload may have taken the place of that one's. */
	readonly isPinging: boolean;
	/** Reason and detail; 0 while nothing has ended. */
	readonly end: number;
	readonly detail: number;
}

const CLOSED = 74;
const BAD_FRAME = 75;
const RESERVED_OPCODES = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];

function mayClose(code: number): boolean {
	if (code >= 3000 && code < 5000) return true;
	return [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code);
}

/** What is wrong with the first byte of a frame; 0: nothing. */
function faultOfFirst(first: number, isOpen: boolean): number {
	const opcode = first & 15;
	if ((first & 0x70) !== 0) return 3;
	if (RESERVED_OPCODES.includes(opcode)) return 4;
	if (opcode === 1) return 1;
	if (opcode >= 8) return first < 128 ? 5 : 0;
	if (opcode === 0) return isOpen ? 0 : 7;
	return isOpen ? 8 : 0;
}

function faultOfSecond(opcode: number, second: number): number {
	if (second >= 128) return 2;
	if (opcode >= 8 && second > 125) return 6;
	return opcode === 8 && second === 1 ? 9 : 0;
}

/** The size of a payload, and of the head; undefined: bytes are missing; -1: too large. */
function sizeOf(frame: Uint8Array): { head: number; size: number } | undefined {
	const bits = frame[1]!;
	if (bits < 126) return { head: 2, size: bits };
	const count = bits === 126 ? 2 : 8;
	let size = 0;
	for (let i = 0; i < count; i++) {
		const byte = frame[2 + i];
		if (byte === undefined) return undefined;
		if (count === 8 && (i < 4 ? byte > 0 : i === 4 && byte > 127)) return { head: 0, size: -1 };
		size = size * 256 + byte;
	}
	return { head: 2 + count, size };
}

export function plainFrames(bytes: Uint8Array): PlainFrames {
	const payload: number[] = [];
	let ping: number[] | undefined;
	let isOpen = false;
	let isPinging = false;
	const ended = (end: number, detail: number): PlainFrames => ({ payload, ping, isPinging, end, detail });
	for (let at = 0; at < bytes.length;) {
		const frame = bytes.subarray(at);
		const first = frame[0]!;
		const opcode = first & 15;
		let fault = faultOfFirst(first, isOpen);
		if (fault === 0 && frame.length > 1) fault = faultOfSecond(opcode, frame[1]!);
		if (fault !== 0) return ended(BAD_FRAME, fault);
		const sizes = frame.length > 1 ? sizeOf(frame) : undefined;
		if (sizes === undefined) break;
		if (sizes.size < 0) return ended(BAD_FRAME, 11);
		const body = frame.subarray(sizes.head, sizes.head + sizes.size);
		if (opcode < 8) {
			payload.push(...body);
			isOpen = first < 128;
		}
		isPinging = opcode === 9 && body.length < sizes.size;
		if (body.length < sizes.size) break;
		if (opcode === 9) ping = [...body];
		if (opcode === 8) {
			const code = body.length === 0 ? 1005 : body[0]! * 256 + body[1]!;
			return body.length > 0 && !mayClose(code) ? ended(BAD_FRAME, 10) : ended(CLOSED, code);
		}
		at += sizes.head + sizes.size;
	}
	return ended(0, 0);
}
