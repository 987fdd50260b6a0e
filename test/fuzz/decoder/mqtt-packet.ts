import mqttPacket, { type Packet } from "mqtt-packet";

/**
 * The second reference: mqtt-packet, the parser behind MQTT.js and aedes. What we take, it has to take, and see the same
 * in it. What we refuse it may take only where it is known to be less strict than the standard:
 */
export const LENIENT: Readonly<Record<string, string>> = Object.freeze({
	length: "CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP and PINGRESP may be longer (CONNACK also shorter) than §3 says",
	identifier: "packet identifier 0 [MQTT-2.3.1-1]",
	cut: "a packet that ends inside its packet identifier, which it reads as -1",
	dup: "DUP at QoS 0 [MQTT-3.3.1-2]",
	topic:
		"a topic name that is empty, has a wildcard or U+0000, or is not UTF-8 [MQTT-4.7.3-1] [MQTT-3.3.2-2] [MQTT-1.5.3-1]",
	codes: "a SUBACK without return codes (§3.9.3)",
});

/** What mqtt-packet says of the bytes of one whole packet; undefined: an error. */
export class Reference {
	#parser = mqttPacket.parser({ protocolVersion: 4 });
	#packet: Packet | undefined;
	#failed = false;

	constructor() {
		this.#listen();
	}

	#listen(): void {
		this.#parser.on("packet", (packet: Packet) => (this.#packet = packet));
		this.#parser.on("error", () => (this.#failed = true));
	}

	parse(bytes: Uint8Array): Packet | undefined {
		this.#packet = undefined;
		this.#failed = false;
		let left = 0;
		try {
			left = this.#parser.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
		} catch {
			this.#failed = true;
		}
		if (!this.#failed && left === 0) return this.#packet;
		// Its state is unknown now.
		this.#parser = mqttPacket.parser({ protocolVersion: 4 });
		this.#listen();
		return undefined;
	}
}

/** Which rule of LENIENT lets mqtt-packet take a packet that we refuse; undefined: none. */
export function leniencyOf(bytes: Uint8Array, fixedSize: number, packet: Packet): keyof typeof LENIENT | undefined {
	if (packet.messageId === -1) return "cut";
	const length = bytes.length - fixedSize;
	const type = bytes[0]! >> 4;
	if (packet.cmd === "publish") {
		if (packet.qos === 0 && packet.dup) return "dup";
		if (packet.qos > 0 && packet.messageId === 0) return "identifier";
		const size = (bytes[fixedSize]! << 8) | bytes[fixedSize + 1]!;
		return isTopicName(bytes.subarray(fixedSize + 2, fixedSize + 2 + size)) ? undefined : "topic";
	}
	if (type === 13) return length > 0 ? "length" : undefined;
	if (type === 9) return length < 3 ? "codes" : packet.messageId === 0 ? "identifier" : undefined;
	if (type === 11) return packet.messageId === 0 ? "identifier" : undefined;
	if (length !== 2) return "length";
	return type !== 2 && packet.messageId === 0 ? "identifier" : undefined;
}

function isTopicName(bytes: Uint8Array): boolean {
	const text = Buffer.from(bytes).toString("utf8");
	return text !== "" && !/[+#\0]/.test(text) && Buffer.from(text, "utf8").equals(bytes);
}
