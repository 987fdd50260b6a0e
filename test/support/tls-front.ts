import { connect, type AddressInfo, type Socket } from "node:net";
import { createServer, type Server, type TlsOptions, type TLSSocket } from "node:tls";

/** A server of TLS, of any quality, in front of a broker that speaks plain MQTT or HTTP. */
export class TlsFront {
	readonly port: number;
	/** Names of errors of handshakes that did not come about. */
	readonly failures: string[] = [];
	/** Common names of the clients' certificates; empty for none. */
	readonly clients: string[] = [];
	readonly #server: Server;
	readonly #sockets: Set<Socket>;

	private constructor(server: Server, sockets: Set<Socket>) {
		this.#server = server;
		this.#sockets = sockets;
		this.port = (server.address() as AddressInfo).port;
		server.on("tlsClientError", (error: NodeJS.ErrnoException) => this.failures.push(error.code ?? error.message));
		server.on("secureConnection", (socket: TLSSocket) => {
			const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string } };
			this.clients.push(subject?.CN ?? "");
		});
	}

	/** in: to  port of the broker on this machine */
	static async listen(to: number, options: TlsOptions): Promise<TlsFront> {
		const sockets = new Set<Socket>();
		const server = createServer(options, (socket) => {
			const inner = connect(to, "127.0.0.1");
			sockets.add(inner);
			socket.on("error", () => inner.destroy());
			inner.on("error", () => socket.destroy());
			socket.pipe(inner).pipe(socket);
		});
		server.on("connection", (socket: Socket) => sockets.add(socket));
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		return new TlsFront(server, sockets);
	}

	/** Ends all connections. */
	drop(): void {
		for (const socket of this.#sockets) socket.destroy();
		this.#sockets.clear();
	}

	async close(): Promise<void> {
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		this.drop();
		await closed;
	}
}
