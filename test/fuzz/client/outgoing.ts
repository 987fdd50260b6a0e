/** First bytes that a client may send; PUBLISH is looked at apart. */
const FIRST_BYTES: readonly number[] = [0x10, 0x40, 0x50, 0x62, 0x70, 0x82, 0xa2, 0xc0, 0xe0];

const CONNECT = 0x10;
const DISCONNECT = 0xe0;

/** The payload of a publish of `size` bytes, so that its bytes can be known again. */
export function payloadByte(index: number, size: number): number {
	return (index * 7 + size) & 0x7f;
}

/** The topic whose payloads were composed. */
export const COMPOSED = "composed";

/** What a client sends on one connection, cut into packets, each of which is looked at. Keeps what is to be answered. */
export class OutgoingStream {
	/** Packets of the client that wait for an answer: their answers. */
	readonly answers: Uint8Array[] = [];
	/** Identifiers that it has used last. */
	readonly ids: number[] = [];
	#partial: number[] = [];
	/** Bytes of the packet that has begun, as soon as they are known. */
	#packetSize = 0;
	#packets = 0;
	#finished = false;

	start(): void {
		this.answers.length = this.ids.length = this.#packets = this.#packetSize = 0;
		this.#partial = [];
		this.#finished = false;
	}

	/**
	 * Bytes of the client.
	 *
	 * in   accepted  whether CONNACK has come
	 * out  what is wrong with them
	 */
	take(bytes: Uint8Array, offset: number, count: number, accepted: boolean): string | undefined {
		for (let i = 0; i < count; i++) {
			const partial = this.#partial;
			if (this.#finished) return "sent: something behind DISCONNECT [MQTT-3.14.4-2]";
			partial.push(bytes[offset + i]!);
			if (this.#packetSize === 0) this.#packetSize = sizeOf(partial);
			if (partial.length !== this.#packetSize) continue;
			this.#partial = [];
			this.#packetSize = 0;
			const wrong = this.#check(partial, accepted);
			if (wrong !== undefined) return `${wrong}: ${Buffer.from(partial).toString("hex")}`;
		}
		return undefined;
	}

	#check(packet: number[], accepted: boolean): string | undefined {
		const first = packet[0]!;
		const type = first >> 4;
		if (this.#packets++ === 0) {
			if (first !== CONNECT) return "sent: the first packet is no CONNECT [MQTT-3.1.0-1]";
			this.answers.push(Uint8Array.of(0x20, 2, 0, 0));
			return undefined;
		}
		if (first === CONNECT) return "sent: a second CONNECT [MQTT-3.1.0-2]";
		if (first === DISCONNECT) {
			this.#finished = true;
			return packet.length === 2 ? undefined : "sent: DISCONNECT with a body";
		}
		if (!accepted) return "sent: something before CONNACK";
		if (type === 3) return this.#checkPublish(packet);
		if (!FIRST_BYTES.includes(first)) return "sent: a packet that a client may not send";
		if (first === 0xc0) {
			this.answers.push(Uint8Array.of(0xd0, 0));
			return packet.length === 2 ? undefined : "sent: PINGREQ with a body";
		}
		return this.#checkIdentified(packet);
	}

	#checkIdentified(packet: number[]): string | undefined {
		const [first = 0, length = 0] = packet;
		const at = packet.length < 128 + 2 ? 2 : 3;
		const high = packet[at] ?? 0;
		const low = packet[at + 1] ?? 0;
		if ((high | low) === 0) return "sent: packet identifier 0 [MQTT-2.3.1-1]";
		this.ids.push((high << 8) | low);
		if (first === 0x82 || first === 0xa2) return this.#checkRequest(packet, at + 2, high, low);
		if (length !== 2 || packet.length !== 4) return "sent: an ack of another size";
		if (first === 0x50) this.answers.push(Uint8Array.of(0x62, 2, high, low));
		if (first === 0x62) this.answers.push(Uint8Array.of(0x70, 2, high, low));
		return undefined;
	}

	#checkRequest(packet: number[], at: number, high: number, low: number): string | undefined {
		const subscribes = packet[0] === 0x82;
		const codes: number[] = [];
		while (at < packet.length) {
			at += 2 + ((packet[at]! << 8) | (packet[at + 1] ?? 0));
			if (subscribes) codes.push(packet[at++] ?? 3);
		}
		if (at !== packet.length || codes.some((code) => code > 2)) return "sent: a request that cannot be read";
		if (!subscribes) this.answers.push(Uint8Array.of(0xb0, 2, high, low));
		else if (codes.length > 0) this.answers.push(Uint8Array.of(0x90, 2 + codes.length, high, low, ...codes));
		else return "sent: SUBSCRIBE without filters [MQTT-3.8.3-3]";
		return undefined;
	}

	#checkPublish(packet: number[]): string | undefined {
		const first = packet[0]!;
		const qos = (first >> 1) & 3;
		if (qos === 3 || (qos === 0 && (first & 8) !== 0))
			return "sent: PUBLISH with wrong flags [MQTT-3.3.1-2] [MQTT-3.3.1-4]";
		let at = 1;
		while (packet[at]! > 127) at++;
		const topicSize = (packet[at + 1]! << 8) | packet[at + 2]!;
		at += 3 + topicSize;
		const topicName = Buffer.from(packet.slice(at - topicSize, at)).toString();
		if (topicSize === 0 || /[+#\0]/.test(topicName)) return "sent: PUBLISH with a wrong topic name";
		if (qos > 0) {
			const high = packet[at++] ?? 0;
			const low = packet[at++] ?? 0;
			if ((high | low) === 0) return "sent: packet identifier 0 [MQTT-2.3.1-1]";
			this.ids.push((high << 8) | low);
			this.answers.push(Uint8Array.of(qos === 1 ? 0x40 : 0x50, 2, high, low));
		}
		const size = packet.length - at;
		if (size < 0) return "sent: PUBLISH that ends in its head";
		if (topicName === COMPOSED) return undefined;
		for (let i = 0; i < size; i++)
			if (packet[at + i] !== payloadByte(i, size)) return `sent: payload byte ${i} of ${size} is another`;
		return undefined;
	}
}

/** Bytes of the packet whose start is here; 0 when they cannot be known yet. */
function sizeOf(bytes: readonly number[]): number {
	let size = 0;
	for (let at = 1; at < bytes.length && at < 5; at++) {
		size += (bytes[at]! & 127) * 128 ** (at - 1);
		if (bytes[at]! < 128) return at + 1 + size;
	}
	return 0;
}
