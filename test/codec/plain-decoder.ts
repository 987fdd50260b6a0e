/**
 * The plain twin of the decoder: what a client must think of the bytes of one packet, or of its start. Written from the
 * packet layouts, with strings and arrays, and without a line of firmware/codec.
 */

/** What the start of a stream is. `size` is that of the whole packet, as soon as its length is known; else 0. */
export interface Verdict {
	is: "wait" | "packet" | "publish" | "malformed" | "forbidden";
	size: number;
}

/** §2.2: reserved flags and Remaining Length of what a server sends; -1: three or more. */
const FROM_SERVER: ReadonlyMap<number, { flags: number; length: number }> = new Map([
	[2, { flags: 0, length: 2 }],
	[4, { flags: 0, length: 2 }],
	[5, { flags: 0, length: 2 }],
	[6, { flags: 2, length: 2 }],
	[7, { flags: 0, length: 2 }],
	[9, { flags: 0, length: -1 }],
	[11, { flags: 0, length: 2 }],
	[13, { flags: 0, length: 0 }],
]);

const FROM_CLIENT_ONLY: readonly number[] = [1, 8, 10, 12, 14];

function isTopicName(bytes: Uint8Array): boolean {
	try {
		const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		return text !== "" && !/[+#\0]/.test(text);
	} catch {
		return false;
	}
}

/** in   stream  bytes from the first of a packet on; all that have come */
export function plainVerdict(stream: Uint8Array): Verdict {
	const byteAt = (index: number): number => {
		const byte = stream[index];
		if (byte === undefined) throw new RangeError(`the twin reads byte ${index} of ${stream.length}`);
		return byte;
	};
	const uint16At = (index: number): number => byteAt(index) * 256 + byteAt(index + 1);

	let length = 0;
	let head = 1;
	for (; ; head++) {
		if (head === 5) return { is: "malformed", size: 0 };
		if (head >= stream.length) return { is: "wait", size: 0 };
		length += (byteAt(head) % 128) * 128 ** (head - 1);
		if (byteAt(head) < 128) break;
	}
	head++;
	const size = head + length;
	const whole = stream.length >= size;
	const type = byteAt(0) >> 4;
	const flags = byteAt(0) & 15;
	if (FROM_CLIENT_ONLY.includes(type)) return { is: "forbidden", size };
	if (type === 3) return plainPublish();
	const rule = FROM_SERVER.get(type);
	if (!rule || flags !== rule.flags) return { is: "malformed", size };
	if (rule.length < 0 ? length < 3 : length !== rule.length) return { is: "malformed", size };
	if (!whole) return { is: "wait", size };
	if (type === 2 && byteAt(head) > 1) return { is: "malformed", size };
	if (type !== 2 && type !== 13 && uint16At(head) === 0) return { is: "malformed", size };
	const codes = type === 9 ? [...stream.subarray(head + 2, size)] : [];
	return { is: codes.every((code) => [0, 1, 2, 128].includes(code)) ? "packet" : "malformed", size };

	function plainPublish(): Verdict {
		const qos = (flags >> 1) & 3;
		if (qos === 3 || (qos === 0 && flags >= 8) || length < 3) return { is: "malformed", size };
		if (stream.length < head + 2) return { is: "wait", size };
		const nameEnd = head + 2 + uint16At(head);
		const headEnd = nameEnd + (qos > 0 ? 2 : 0);
		if (nameEnd === head + 2 || headEnd > size) return { is: "malformed", size };
		if (stream.length < headEnd) return { is: "wait", size };
		if (qos > 0 && uint16At(nameEnd) === 0) return { is: "malformed", size };
		return { is: isTopicName(stream.subarray(head + 2, nameEnd)) ? "publish" : "malformed", size };
	}
}
