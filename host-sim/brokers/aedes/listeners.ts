/** The four ways to a broker, each on a loopback port of its own. */
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Scheme } from "../../terminal/mqtt-url.js";
import { resetSocket } from "../../world/reset.js";
import type { Certificate } from "../../certificates/certificates.js";

/** Name of the sub-protocol (MQTT 3.1.1, 6). */
const SUBPROTOCOL = "mqtt";
/** Close code for a frame that is not binary (RFC 6455 §7.4.1) [MQTT-6.0.0-1]. */
const NOT_BINARY = 1003;
/** A broker needs no more in one frame than MQTT has in a packet. */
const FRAME_SIZE_MAX = 268_435_460;

/** One way that is open. */
export class Listener {
	readonly #server: Server | HttpServer;
	readonly #sockets = new Set<Socket>();

	/**
	 * in   identity  what it shows; needed for the two that are secured
	 *      handle    takes the stream of a client
	 */
	constructor(way: Scheme, identity: Certificate | undefined, handle: (stream: Duplex) => void) {
		const secured: SecuredOptions = {
			cert: identity?.pem,
			key: identity?.keyPem,
			minVersion: "TLSv1.2",
			ALPNCallback: ({ protocols }) => protocols[0],
		};
		this.#server = serverOf(way, secured, handle);
		// Below TLS and HTTP, so that a reset is one.
		this.#server.on("connection", (socket: Socket) => {
			// Small packets must not wait for each other's acknowledgements on loopback.
			socket.setNoDelay(true);
			this.#sockets.add(socket);
			socket.on("close", () => this.#sockets.delete(socket));
		});
		// Whoever breaks off a handshake is no matter of the broker's.
		this.#server.on("tlsClientError", () => {});
	}

	/** Listens on 127.0.0.1; 0: on any free port. Throws what listening throws, e.g. EADDRINUSE. */
	async listen(port: number): Promise<number> {
		await new Promise<void>((resolve, reject) => {
			this.#server.once("error", reject);
			this.#server.listen(port, "127.0.0.1", resolve);
		});
		return (this.#server.address() as AddressInfo).port;
	}

	/** Resets all connections that stand. */
	drop(): void {
		for (const socket of this.#sockets) resetSocket(socket);
	}

	/** Ends all connections; resolves when nobody listens any more. `end` comes between. */
	async close(end: () => Promise<void>): Promise<void> {
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		for (const socket of this.#sockets) socket.destroy();
		await end();
		await closed;
	}
}

interface SecuredOptions {
	readonly cert: string | undefined;
	readonly key: string | undefined;
	readonly minVersion: "TLSv1.2";
	/** Whatever a client offers is right. */
	ALPNCallback(offer: { protocols: string[] }): string | undefined;
}

function serverOf(way: Scheme, secured: SecuredOptions, handle: (stream: Duplex) => void): Server | HttpServer {
	switch (way) {
		case "mqtt":
			return createServer(handle);
		case "mqtts":
			return createTlsServer(secured, handle);
		case "ws":
			return withWebSocket(createHttpServer(), handle);
		case "wss":
			return withWebSocket(createHttpsServer(secured), handle);
	}
}

function withWebSocket(server: HttpServer, handle: (stream: Duplex) => void): HttpServer {
	const sockets = new WebSocketServer({
		server,
		handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
		maxPayload: FRAME_SIZE_MAX,
	});
	// Told to the server as well, where it counts.
	sockets.on("error", () => {});
	sockets.on("connection", (socket) => {
		socket.on("message", (_data, isBinary) => {
			if (!isBinary) socket.close(NOT_BINARY);
		});
		handle(createWebSocketStream(socket));
	});
	return server;
}
