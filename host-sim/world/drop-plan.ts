import { PacketMeter } from "./packet-meter.js";
import type { Random } from "./random.js";
import type { Direction } from "./tap.js";
import { HTTP_REQUEST, WebSocketMeter } from "./websocket-meter.js";

/** One in this many cuts is inside the first two bytes of a packet, which a uniform position would rarely hit. */
const HEADER_CUT_ONE_IN = 4;

/**
 * Decides where a connection is cut. It counts the MQTT packets of both directions together; the victim is packet number
 * 1 … 2 × every, drawn evenly, and the cut is at a random byte of it, before its first and after its last byte included.
 * All numbers are drawn when the connection is made, so that the seed alone decides, not the timing. With a small
 * `every` many connections do not get past their handshake. Over WebSocket the heads of the upgrade and each frame count as packets.
 */
export class DropPlan {
	/** Which packet of the connection is cut, counting from 1. */
	readonly victim: number;
	/** Where it was cut, for people; empty until then. */
	description = "";
	readonly #headerCut: number;
	readonly #fraction: number;
	/** Of MQTT's packets, or of WebSocket's frames: what the first byte of the device says. */
	#meters: Record<Direction, PacketMeter | WebSocketMeter> | undefined;
	#count = 0;
	#victimDirection: Direction | undefined;

	/** `every`: packets, 1 or more. */
	constructor(random: Random, every: number) {
		this.victim = 1 + random.below(2 * every);
		const inHeader = random.below(HEADER_CUT_ONE_IN) === 0;
		const headerPosition = random.below(2);
		this.#headerCut = inHeader ? headerPosition : -1;
		this.#fraction = random.fraction();
	}

	/** How many of these bytes may pass, from the front. Look at `cut` afterwards. */
	pass(direction: Direction, bytes: Uint8Array): number {
		if (bytes.length === 0) return 0;
		const isWeb = direction === "out" && bytes[0] === HTTP_REQUEST;
		this.#meters ??= isWeb
			? { out: new WebSocketMeter(), in: new WebSocketMeter() }
			: { out: new PacketMeter(), in: new PacketMeter() };
		const meter = this.#meters[direction];
		let offset = 0;
		while (offset < bytes.length) {
			if (meter.between && ++this.#count === this.victim) this.#victimDirection = direction;
			const before = meter.complete ? 0 : meter.index;
			const taken = meter.take(bytes, offset);
			const cut = direction === this.#victimDirection ? this.#position(meter) : -1;
			if (cut >= 0 && (cut < meter.index || (cut === meter.index && meter.complete))) {
				this.description = `cut after ${cut} bytes of packet ${this.victim} (${direction})`;
				return Math.min(offset + Math.max(0, cut - before), bytes.length);
			}
			offset += taken;
		}
		return bytes.length;
	}

	/** Whether the connection is to be cut after what the last pass() let through. */
	get cut(): boolean {
		return this.description !== "";
	}

	/** The cut in bytes from the start of the packet, or -1 while its size is not known. */
	#position(meter: PacketMeter | WebSocketMeter): number {
		if (this.#headerCut >= 0) return this.#headerCut;
		if (meter.headerSize === 0) return -1;
		return meter.headerSize + Math.floor(this.#fraction * (meter.size - meter.headerSize + 1));
	}
}
