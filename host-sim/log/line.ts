import type { PacketRecord, PayloadRecord } from "./record.js";

/**
 * Makes text from elsewhere harmless for a terminal: control characters, those of the C1 range included, are written as
 * escapes, so that a topic cannot move the cursor or change colours.
 */
export function printable(text: string): string {
	return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
		const simple: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
		return simple[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
	});
}

/** The fields of a packet that a person wants, in one line, without its name. */
export function fieldsLine(record: PacketRecord): string {
	const parts: string[] = [];
	const add = (text: string | false | undefined): void => void (text && parts.push(text));
	add(record.error && `${printable(record.error)}, begins ${record.hex}`);
	add(record.clientId !== undefined && `client ${quoted(record.clientId)}`);
	add(record.protocol && `MQTT ${record.protocol}`);
	add(record.clean !== undefined && (record.clean ? "clean session" : "kept session"));
	add(record.keepAlive !== undefined && `keep alive ${record.keepAlive} s`);
	add(record.userName !== undefined && `user ${quoted(record.userName)}`);
	add(record.password && "with password");
	add(record.will && `will ${printable(record.will.topic)} ${payloadLine(record.will)} ${flagsLine(record.will)}`);
	add(record.topic !== undefined && `${printable(record.topic)}  ${payloadLine(record)}`);
	add(record.topic !== undefined && flagsLine(record));
	add(record.reason && printable(record.reason));
	add(record.sessionPresent !== undefined && (record.sessionPresent ? "session present" : "no session"));
	add(record.packetId !== undefined && `id ${record.packetId}`);
	for (const { filter, qos } of record.filters ?? []) {
		add(qos === undefined ? printable(filter) : `${printable(filter)} QoS ${qos}`);
	}
	add(record.granted && `granted ${record.granted.map(grantedName).join(", ")}`);
	return parts.join(", ");
}

function grantedName(code: number): string {
	return code < 0x80 ? `QoS ${code}` : `refused (${code})`;
}

function flagsLine({ qos, dup, retain }: { qos?: number; dup?: boolean; retain?: boolean }): string {
	return `QoS ${qos}${dup ? " DUP" : ""}${retain ? " RETAIN" : ""}`;
}

function payloadLine({ payload, payloadHex, payloadBase64, payloadSize, payloadCut }: Partial<PayloadRecord>): string {
	if (payloadSize === 0) return "empty";
	const bytes = payloadBase64 === undefined ? `hex ${payloadHex}` : `base64 ${payloadBase64}`;
	const preview = payload === undefined ? bytes : quoted(payload);
	return payloadCut ? `${preview}… (${payloadSize} bytes)` : preview;
}

function quoted(text: string): string {
	return `"${printable(text)}"`;
}
