/**
 * An update over the air: receives an image of any size in pieces, through a receive buffer of a few hundred bytes, and
 * checks its CRC-32. Where a device would write the piece to its flash, this program only counts.
 *
 * The payload is eight hexadecimal digits, the CRC-32 of what follows, then the image.
 */
import config from "mc/config";
import { Client, QoS, Reason, Text, Topic, type ClientOptions, type DisconnectReason, type Message } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import { tcp } from "xs-mqtt/tcp";

/** Hexadecimal digits in front of the image. */
const DIGITS = 8;
const READY = new Text("ready").bytes;
const PROGRESS = new Text("progress ");
const OK = new Text("ok ");
const BAD = new Text("bad crc");

// A preloaded module copies a literal into the heap each time it is executed; constants lie in flash.
const CONNECTION_LOST = "ota: connection lost\n";
const COMPLETE = "ota: image complete, CRC right\n";
const BROKEN = "ota: image complete, CRC wrong\n";

/** CRC-32 (IEEE 802.3), four bits at a time: sixteen words of flash instead of 256. */
const CRC_TABLE = new Int32Array([
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
	0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
]);

class Update {
	readonly client: Client;
	readonly #status: Topic;
	#expected = 0;
	#crc = 0;
	/** The tenth of the image up to which progress was told. */
	#tenth = 0;

	constructor(settings: Partial<ClientOptions>) {
		const id = settings.clientId ?? "device-1";
		const root = `xs-mqtt/ota/${id}`;
		this.#status = new Topic(`${root}/status`);
		this.client = new Client({
			host: "localhost",
			...settings,
			clientId: id,
			transport: tcp,
			dns: platformDns(),
			onSubscribed: () => void this.client.publish(this.#status, READY, QoS.AT_LEAST_ONCE),
			onDisconnected,
			onProblem,
		});
		this.client.subscribeStream(`${root}/image`, QoS.AT_LEAST_ONCE, (message) => this.#take(message));
		this.client.start();
	}

	/** A piece of the image. At offset 0 the image starts, or starts over. */
	#take(message: Message): void {
		if (message.offset === 0) {
			this.#expected = 0;
			this.#crc = -1;
			this.#tenth = 0;
		}
		for (let i = 0; i < message.size; i++) {
			if (message.offset + i < DIGITS) this.#expected = (this.#expected << 4) | digitOf(message.byteAt(i));
			else this.#crc = nextCrc(this.#crc, message.byteAt(i));
		}
		const end = message.offset + message.size;
		const tenth = Math.floor((end * 10) / message.total);
		if (end === message.total) this.#finish();
		else if (tenth > this.#tenth) this.#tell(tenth);
	}

	#tell(tenth: number): void {
		this.#tenth = tenth;
		this.client
			.compose(this.#status)
			.text(PROGRESS)
			.integer(tenth * 10)
			.send();
	}

	#finish(): void {
		const crc = this.#crc ^ -1;
		const good = crc === (this.#expected | 0);
		trace(good ? COMPLETE : BROKEN);
		const payload = this.client.compose(this.#status, QoS.AT_LEAST_ONCE);
		if (!good) payload.text(BAD);
		else payload.text(OK).hex(crc, DIGITS);
		payload.send();
	}
}

function onDisconnected(_client: Client, reason: DisconnectReason): void {
	if (reason.code !== Reason.STOPPED) trace(CONNECTION_LOST);
}

function onProblem(_client: Client, problem: number, detail: number): void {
	trace(`ota: problem ${problem} (${detail})\n`);
}

/** Value of a hexadecimal digit in ASCII. */
function digitOf(byte: number): number {
	return byte < 0x3a ? byte - 0x30 : (byte | 0x20) - 0x57;
}

function nextCrc(crc: number, byte: number): number {
	crc = CRC_TABLE[(crc ^ byte) & 15]! ^ (crc >>> 4);
	return CRC_TABLE[(crc ^ (byte >> 4)) & 15]! ^ (crc >>> 4);
}

/** Makes the program's client and starts it. */
export function begin(settings: Partial<ClientOptions>): Client {
	return new Update(settings).client;
}

export default function main(): void {
	begin((config["mqtt"] ?? {}) as Partial<ClientOptions>);
}
