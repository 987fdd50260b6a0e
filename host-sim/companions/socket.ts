import { connect, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import {
	TransportEnd,
	TransportLayer,
	type Transport,
	type TransportFactory,
	type TransportSetup,
} from "../../firmware/ports/transport.js";
import { installStandIns } from "../stand-ins/stand-ins.js";
import { secure, secureContext } from "../tls/secure.js";
import type { Security } from "../tls/files.js";
import type { Route } from "./companion.js";

/**
 * A way to the broker by a socket of Node's, for a client that belongs to a desk. The stand-ins for the device's sockets
 * are not used: they belong to the simulated world, with its faults and its clock.
 */
export async function transportTo({ way, path, security }: Route): Promise<TransportFactory> {
	const context = security && secureContext(security);
	const over: TransportFactory = (setup) => new NodeSocket(setup, security, context);
	if (way === "mqtt" || way === "mqtts") return over;
	// Its own default, which is not used here, is TCP of a device.
	installStandIns();
	const { webSocket } = await import("../../firmware/transport/websocket.js");
	return webSocket({ path, over });
}

class NodeSocket implements Transport {
	readonly #setup: TransportSetup;
	readonly #landing: Buffer;
	readonly #security: Security | undefined;
	readonly #context: SecureContext | undefined;
	/** What bytes go to: a socket, or TLS over it. */
	#socket: Socket | undefined;
	/** What has arrived, and how much of its first piece was taken. */
	readonly #arrived: Buffer[] = [];
	#taken = 0;
	readable = 0;
	/** The socket has said that it has enough for now. */
	#full = false;

	constructor(setup: TransportSetup, security: Security | undefined, context: SecureContext | undefined) {
		this.#setup = setup;
		this.#security = security;
		this.#context = context;
		this.#landing = Buffer.from(setup.buffer, setup.rxOffset, setup.rxSize);
	}

	open(host: string, port: number): void {
		const socket = connect({ host, port, noDelay: true });
		this.#socket = socket;
		if (this.#security && this.#context) this.#openSecured(socket, host, this.#security, this.#context);
		else this.#openPlain(socket);
		// "close" follows, and says all that a client wants to know.
		socket.on("error", () => {});
	}

	#openPlain(socket: Socket): void {
		const { listener } = this.#setup;
		let opened = false;
		socket.on("connect", () => {
			opened = true;
			listener.handleOpened();
		});
		socket.on("data", (bytes: Buffer) => this.#handleData(bytes));
		socket.on("drain", () => this.#handleDrain());
		socket.on("close", () => {
			if (this.#socket === socket) this.#handleEnded(opened ? TransportEnd.LOST : TransportEnd.OPEN_FAILED, 0);
		});
	}

	#openSecured(socket: Socket, host: string, security: Security, context: SecureContext): void {
		const ours = (): boolean => this.#socket === socket || this.#socket === stream;
		let stream: Socket | undefined;
		socket.on("close", () => {
			if (stream === undefined && ours()) this.#handleEnded(TransportEnd.OPEN_FAILED, 0);
		});
		socket.on("connect", () => {
			if (ours()) this.#setup.listener.handleConnected(TransportLayer.SECURITY);
			// The turn that has run may have closed.
			if (!ours()) return;
			stream = secure(
				socket,
				context,
				{ ...security, serverName: host },
				{
					done: () => ours() && this.#setup.listener.handleOpened(),
					data: (bytes) => ours() && this.#handleData(bytes),
					drained: () => ours() && this.#handleDrain(),
					ended: ({ reason, detail }) => ours() && this.#handleEnded(reason || TransportEnd.LOST, detail),
				},
			);
			this.#socket = stream;
		});
	}

	#handleData(bytes: Buffer): void {
		this.#arrived.push(bytes);
		this.readable += bytes.length;
		this.#setup.listener.handleReadable();
	}

	#handleDrain(): void {
		this.#full = false;
		this.#setup.listener.handleWritable();
	}

	#handleEnded(end: number, detail: number): void {
		this.close();
		this.#setup.listener.handleEnded(end, detail);
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
