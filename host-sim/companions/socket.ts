import { connect, type Socket } from "node:net";
import {
	TransportEnd,
	type Transport,
	type TransportFactory,
	type TransportSetup,
} from "../../firmware/ports/transport.js";

/**
 * A way to the broker by a socket of Node's, for a client that belongs to a desk. The stand-ins for the device's sockets
 * are not used: they belong to the simulated world, with its faults and its clock.
 */
export const nodeSocket: TransportFactory = (setup) => new NodeSocket(setup);

class NodeSocket implements Transport {
	readonly #setup: TransportSetup;
	readonly #landing: Buffer;
	#socket: Socket | undefined;
	/** What has arrived, and how much of its first piece was taken. */
	readonly #arrived: Buffer[] = [];
	#taken = 0;
	readable = 0;
	/** The socket has said that it has enough for now. */
	#full = false;

	constructor(setup: TransportSetup) {
		this.#setup = setup;
		this.#landing = Buffer.from(setup.buffer, setup.rxOffset, setup.rxSize);
	}

	open(host: string, port: number): void {
		const { listener } = this.#setup;
		const socket = connect({ host, port, noDelay: true });
		this.#socket = socket;
		let opened = false;
		socket.on("connect", () => {
			opened = true;
			listener.handleOpened();
		});
		socket.on("data", (bytes: Buffer) => {
			this.#arrived.push(bytes);
			this.readable += bytes.length;
			listener.handleReadable();
		});
		socket.on("drain", () => {
			this.#full = false;
			listener.handleWritable();
		});
		// "close" follows, and says all that a client wants to know.
		socket.on("error", () => {});
		socket.on("close", () => {
			if (this.#socket !== socket) return;
			this.close();
			listener.handleEnded(opened ? TransportEnd.LOST : TransportEnd.OPEN_FAILED);
		});
	}

	read(countMax: number): number {
		let count = 0;
		while (count < countMax && this.#arrived.length > 0) {
			const piece = this.#arrived[0]!;
			const size = piece.copy(this.#landing, count, this.#taken, this.#taken + countMax - count);
			count += size;
			this.#taken += size;
			if (this.#taken < piece.length) break;
			this.#arrived.shift();
			this.#taken = 0;
		}
		this.readable -= count;
		return count;
	}

	write(count: number): number {
		if (this.#full || this.#socket === undefined) return 0;
		// A copy: the region is used again before the socket has sent it.
		const { buffer, txOffset } = this.#setup;
		this.#full = !this.#socket.write(Buffer.from(buffer.slice(txOffset, txOffset + count)));
		return count;
	}

	close(): void {
		const socket = this.#socket;
		this.#socket = undefined;
		this.#arrived.length = this.#taken = this.readable = 0;
		this.#full = false;
		// What was written, DISCONNECT above all, still goes out; what comes in is nobody's any more.
		socket?.removeAllListeners("data").resume().end();
	}
}
