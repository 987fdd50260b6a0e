/** A will, as CONNECT carries it. */
export interface WillRecord extends PayloadRecord {
	topic: string;
	qos: number;
	retain: boolean;
}

/** A payload: its size, and its beginning as text when it is text, else in hexadecimal digits. */
export interface PayloadRecord {
	/** Bytes. */
	payloadSize: number;
	payload?: string;
	payloadHex?: string;
	/** Instead of `payloadHex`, when payloads are shown whole: what is not UTF-8, in Base64. */
	payloadBase64?: string;
	/** Whether `payload` or `payloadHex` is only the beginning. */
	payloadCut?: boolean;
}

/** One packet for people and tools: what `--json` prints. Only the fields that the packet has are there. */
export interface PacketRecord extends Partial<PayloadRecord> {
	/** Name as in the standard, or "MALFORMED", or "INCOMPLETE" when the connection ended inside it. */
	packet: string;
	/** Bytes, the fixed header included; of MALFORMED and INCOMPLETE what has come. */
	size: number;
	packetId?: number;
	topic?: string;
	qos?: number;
	dup?: boolean;
	retain?: boolean;
	clientId?: string;
	/** "3.1", "3.1.1" or "5.0". */
	protocol?: string;
	clean?: boolean;
	/** Seconds. */
	keepAlive?: number;
	userName?: string;
	/** Whether there is one; it is never shown. */
	password?: boolean;
	will?: WillRecord;
	sessionPresent?: boolean;
	/** Return code or reason code, and what it means. */
	code?: number;
	reason?: string;
	/** Of SUBSCRIBE, with `qos`, and of UNSUBSCRIBE, without. */
	filters?: { filter: string; qos?: number }[];
	/** Of SUBACK: granted QoS or a code of 128 and more, for each filter. */
	granted?: number[];
	/** Why it is malformed. */
	error?: string;
	/** First bytes of what is malformed or incomplete. */
	hex?: string;
}

/** Longest preview of a payload in characters of text. */
const TEXT_MAX = 60;
/** Longest preview of bytes. */
const HEX_BYTES_MAX = 24;

/**
 * Describes a payload.
 *
 * in   kept  its beginning
 *      size  all its bytes
 *      full  whether it is shown as a whole, as far as it was kept
 */
export function payloadRecord(kept: Uint8Array, size: number, full = false): PayloadRecord {
	if (full) return fullRecord(kept, size);
	const text = size === 0 ? "" : textOf(kept, kept.length < size);
	if (text !== undefined) {
		const preview = [...text].slice(0, TEXT_MAX).join("");
		const cut = kept.length < size || preview.length < text.length;
		return { payloadSize: size, payload: preview, ...(cut && { payloadCut: true }) };
	}
	const cut = size > HEX_BYTES_MAX;
	return { payloadSize: size, payloadHex: hexOf(kept), ...(cut && { payloadCut: true }) };
}

function fullRecord(kept: Uint8Array, size: number): PayloadRecord {
	const cut = kept.length < size && { payloadCut: true };
	try {
		const payload = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(kept);
		return { payloadSize: size, payload, ...cut };
	} catch {
		return { payloadSize: size, payloadBase64: Buffer.from(kept).toString("base64"), ...cut };
	}
}

/** The first bytes in hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
	return Buffer.from(bytes.subarray(0, HEX_BYTES_MAX)).toString("hex");
}

/** The bytes as text, or undefined when they are not text. `cut`: a character may be cut off at the end. */
function textOf(bytes: Uint8Array, cut: boolean): string | undefined {
	// Four bytes for each character shown are enough, and a character cut off at the end is no reason for doubt.
	const some = bytes.subarray(0, TEXT_MAX * 4 + 4);
	const partial = cut || some.length < bytes.length;
	try {
		const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(some, { stream: partial });
		// Line ends and tabs are text; other control characters are not.
		return /[^\P{Cc}\t\n\r]/u.test(text) ? undefined : text;
	} catch {
		return undefined;
	}
}
