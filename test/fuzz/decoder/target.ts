// What the decoder is held against: bounds, a plain twin, mqtt-packet, and itself with other cuts and other places.
import { Max } from "../../../firmware/codec/constants.js";
import type { Packet } from "mqtt-packet";
import { PacketType } from "../../../firmware/codec/constants.js";
import { Decoded, Decoder } from "../../../firmware/codec/decoder.js";
import { checkTopicName } from "../../../firmware/codec/utf8.js";
import { plainVerdict, type Verdict } from "../../codec/plain-decoder.js";
import { magnitude, type Features } from "../features.js";
import { PACKET_ROOM, writeServerPacket } from "../packets.js";
import { readVectors } from "../seeds.js";
import type { Target } from "../target.js";
import { leniencyOf, Reference } from "./mqtt-packet.js";

/** Bytes of a stream, and the two in front of it: how it is cut, and what stands where nothing has arrived. */
const HEAD = 2;
const STREAM_MAX = 254;

/** Room around the bytes, so that a look beyond them is seen. */
const MARGIN = 8;

/** Bits of an input's first byte that are 0 where the twin is asked at every cut. */
const AT_EVERY_CUT = 6;

const VERDICTS: Readonly<Record<Verdict["is"], number>> = {
	wait: 0,
	packet: 1,
	publish: 2,
	malformed: 3,
	forbidden: 4,
};

/** Fuzzes `Decoder.decode` and `checkTopicName`. */
export class DecoderTarget implements Target {
	readonly name = "decoder";
	readonly sizeMax = HEAD + STREAM_MAX;
	readonly seeds: readonly Uint8Array[];
	readonly #decoder = new Decoder();
	readonly #reference = new Reference();
	readonly #room = new Uint8Array(STREAM_MAX + 4 * MARGIN);
	/** Where the bytes stand in the room, and how many have arrived. */
	#place = 0;
	#arrived = 0;

	constructor() {
		const streams = readVectors().filter((bytes) => bytes.length <= STREAM_MAX);
		this.seeds = streams.map((bytes, index) => Uint8Array.from([index & 255, 0xff, ...bytes]));
	}

	mutate(buffer: Uint8Array, size: number, below: (bound: number) => number): number {
		if (size < HEAD + 2 || below(3) === 0) {
			buffer[0] = below(256);
			buffer[1] = below(256);
			size = HEAD;
			for (let count = 1 + below(3); count > 0; count--) size = writeServerPacket(buffer, size, below);
			return size;
		}
		if (below(2) === 0 && size + PACKET_ROOM < buffer.length) return writeServerPacket(buffer, size, below);
		// Changes somewhere, with a Remaining Length that fits again.
		buffer[HEAD + below(size - HEAD)] = below(256);
		const length = size - HEAD - 2;
		if (length < 128) buffer[HEAD + 1] = length;
		return size;
	}

	run(input: Uint8Array, features: Features): string | undefined {
		const bytes = input.subarray(HEAD);
		const cuts = input[0] ?? 0;
		try {
			return this.#walk(bytes, cuts, input[1] ?? 0, features);
		} catch (error) {
			return `exception: ${(error as Error).stack ?? String(error)}`;
		}
	}

	/** Packet by packet, as long as there are any. */
	#walk(bytes: Uint8Array, cuts: number, fill: number, features: Features): string | undefined {
		let before = 0;
		for (let taken = 0; taken <= bytes.length;) {
			const stream = bytes.subarray(taken);
			const found = this.#decode(stream, cuts, fill);
			if (typeof found === "string") return found;
			const twin = plainVerdict(stream);
			const is = VERDICTS[twin.is];
			if (is !== found) return `twin: it says ${twin.is}, the decoder ${nameOf(found)}, of packet at ${taken}`;
			const { firstByte, fixedSize, packetSize, topicSize } = this.#decoder;
			features.note(is, firstByte, (fixedSize << 5) | magnitude(packetSize));
			features.note(8 + is, magnitude(topicSize), (before << 8) | (firstByte >> 4));
			before = is + 1;
			if (found !== 1 && found !== 2) return this.#compareRefused(stream, found);
			if (twin.size !== packetSize) return `twin: it says ${twin.size} bytes, the decoder ${packetSize}`;
			const wrong = this.#compareTaken(stream);
			if (wrong !== undefined) return wrong;
			taken += packetSize;
		}
		return undefined;
	}

	/** Lets a stream arrive in pieces, until there is a verdict. out: its number, or what is wrong. */
	#decode(stream: Uint8Array, cuts: number, fill: number): number | string {
		const decoder = this.#decoder;
		decoder.reset();
		this.#place = MARGIN + (cuts & 7);
		this.#arrived = 0;
		this.#room.fill(fill);
		const compareCuts = (cuts & AT_EVERY_CUT) === 0;
		let state = cuts * 0x9e3779b1;
		for (;;) {
			const left = stream.length - this.#arrived;
			// 0: whole; up to 63: bytes one by one; others: pieces of any size.
			let piece = left;
			if (cuts >= 64) {
				state = (Math.imul(state, 0x5851f42d) + 0x14057b7d) >>> 0;
				piece = 1 + (state >>> 27);
			} else if (cuts > 0) piece = 1;
			this.#arrive(stream, piece < left ? piece : left, fill);
			const limit = this.#place + this.#arrived;
			const decoded = decoder.decode(this.#room, this.#place, limit);
			const wrong = boundsOf(decoder, decoded, this.#arrived);
			if (wrong !== undefined) return wrong;
			const found = this.#verdict(decoded);
			if (compareCuts) {
				const twin = plainVerdict(stream.subarray(0, this.#arrived));
				if (VERDICTS[twin.is] !== found)
					return `cut: after ${this.#arrived} bytes the twin says ${twin.is}, the decoder ${nameOf(found)}`;
			}
			if (found !== 0 || this.#arrived === stream.length) return found;
			if ((cuts & 1) !== 0) this.#move(fill);
		}
	}

	#arrive(stream: Uint8Array, count: number, fill: number): void {
		const room = this.#room;
		const at = this.#place + this.#arrived;
		for (let i = 0; i < count; i++) room[at + i] = stream[this.#arrived + i]!;
		this.#arrived += count;
		if (room[at + count] !== fill) throw new Error("the fuzzer has overrun its room");
	}

	/** Puts what has arrived somewhere else, as the receiver does between two reads. */
	#move(fill: number): void {
		const to = this.#place > MARGIN ? MARGIN : MARGIN + 7;
		this.#room.copyWithin(to, this.#place, this.#place + this.#arrived);
		this.#place = to;
		this.#room.fill(fill, 0, to);
		this.#room.fill(fill, to + this.#arrived);
	}

	/** Together with the check of the topic name, as the receiver uses both. */
	#verdict(decoded: Decoded): number {
		if (decoded === Decoded.NEED_MORE) return 0;
		if (decoded === Decoded.PACKET) return 1;
		if (decoded === Decoded.MALFORMED) return 3;
		if (decoded === Decoded.FORBIDDEN) return 4;
		const start = this.#place + this.#decoder.topicStart;
		const end = start + this.#decoder.topicSize;
		return checkTopicName(this.#room, start, end) === end ? 2 : 3;
	}

	/** A packet that we take: mqtt-packet has to see the same in it. */
	#compareTaken(stream: Uint8Array): string | undefined {
		const { packetSize } = this.#decoder;
		if (packetSize > stream.length) return undefined;
		const packet = this.#reference.parse(stream.subarray(0, packetSize));
		if (!packet) return "mqtt-packet: it refuses what the decoder takes";
		return this.#differences(packet, stream);
	}

	#differences(packet: Packet, stream: Uint8Array): string | undefined {
		const decoder = this.#decoder;
		const seen = packet as unknown as Record<string, unknown>;
		if ((packet.messageId ?? 0) !== decoder.packetId) return `mqtt-packet: identifier ${packet.messageId}`;
		if (packet.cmd === "connack") {
			if (seen["returnCode"] !== decoder.returnCode) return `mqtt-packet: return code ${String(seen["returnCode"])}`;
			if (packet.sessionPresent !== decoder.sessionPresent) return `mqtt-packet: ${String(packet.sessionPresent)}`;
		}
		if (packet.cmd === "suback") {
			const codes = stream.subarray(decoder.payloadStart, decoder.packetSize);
			if (String(packet.granted) !== String(codes)) return `mqtt-packet: codes ${String(packet.granted)}`;
		}
		if (packet.cmd !== "publish") return undefined;
		const { firstByte, topicStart, topicSize, payloadStart, packetSize } = decoder;
		const flags = (packet.dup ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0);
		if (flags !== (firstByte & 15)) return `mqtt-packet: flags ${flags}`;
		const topic = Buffer.from(stream.buffer, stream.byteOffset + topicStart, topicSize);
		if (!topic.equals(Buffer.from(packet.topic))) return `mqtt-packet: topic ${packet.topic}`;
		const payload = stream.subarray(payloadStart, packetSize);
		return Buffer.from(packet.payload).equals(payload) ? undefined : "mqtt-packet: payload";
	}

	/** A packet that we refuse, or wait for: mqtt-packet may take it only where it is known to be lenient. */
	#compareRefused(stream: Uint8Array, found: number): string | undefined {
		const { packetSize } = this.#decoder;
		// CONNECT would change the parser's settings; it knows both sides, so what only clients send is fine for it.
		if (found !== 3 || packetSize === 0) return undefined;
		if (packetSize > stream.length) return undefined;
		const bytes = stream.subarray(0, packetSize);
		const packet = this.#reference.parse(bytes);
		if (!packet) return undefined;
		const fixedSize = fixedSizeOf(bytes);
		if (leniencyOf(bytes, fixedSize, packet) !== undefined) return undefined;
		return `mqtt-packet: it takes a ${packet.cmd} that the decoder refuses`;
	}
}

/** What the decoder says of itself, against what has arrived. */
function boundsOf(decoder: Decoder, found: Decoded, arrived: number): string | undefined {
	const { fixedSize, packetSize, topicStart, topicSize, payloadStart, payloadSize, packetId } = decoder;
	let right = true;
	if (found === Decoded.NEED_MORE) {
		right = fixedSize === 0 ? arrived <= 4 : arrived < packetSize && packetSize <= Max.PACKET_SIZE;
	} else if (found === Decoded.PACKET) {
		const withoutId = decoder.type === PacketType.CONNACK || decoder.type === PacketType.PINGRESP;
		right = packetSize >= 2 && packetSize <= arrived && packetId >= 0 && packetId <= 65_535;
		right &&= fixedSize >= 2 && fixedSize <= 5 && (packetId === 0) === withoutId;
		if (decoder.type === PacketType.SUBACK) right &&= payloadSize >= 1 && payloadSize <= packetSize - 4;
	} else if (found === Decoded.PUBLISH) {
		const idSize = packetId === 0 ? 0 : 2;
		right = topicSize >= 1 && topicSize <= 65_535 && topicStart === fixedSize + 2 && payloadStart <= arrived;
		right &&= payloadStart === topicStart + topicSize + idSize && payloadStart + payloadSize === packetSize;
		right &&= packetSize <= Max.PACKET_SIZE && payloadSize >= 0;
	}
	return right ? undefined : `bounds: ${JSON.stringify({ found, arrived, ...decoder })}`;
}

function fixedSizeOf(bytes: Uint8Array): number {
	let at = 1;
	while (bytes[at]! > 127) at++;
	return at + 1;
}

function nameOf(verdict: number): string {
	return Object.keys(VERDICTS)[verdict]!;
}
