import { createServer, type AddressInfo, type Socket } from "node:net";
import { Aedes, type AedesOptions } from "aedes";
import { resetSocket } from "../../world/reset.js";

/** How the embedded broker is set up: all that aedes takes, and where to listen. */
export interface EmbeddedOptions extends AedesOptions {
	/** On 127.0.0.1; 0, or absent, for any free one. */
	port?: number;
}

/** A running broker inside this process. */
export interface EmbeddedBroker {
	readonly host: "127.0.0.1";
	readonly port: number;
	/** The broker itself, for its events and its hooks. */
	readonly aedes: Aedes;
	/** Resets all connections that stand; the broker stays. */
	dropConnections(): void;
	/** Ends all connections and the broker. A persistence that was passed in keeps the sessions for a next one. */
	close(): Promise<void>;
}

/**
 * Starts an aedes broker on a loopback port.
 *
 * Throws what listening throws, e.g. EADDRINUSE.
 */
export async function startAedes(options: EmbeddedOptions = {}): Promise<EmbeddedBroker> {
	const { port = 0, ...aedesOptions } = options;
	const aedes = await Aedes.createBroker(aedesOptions);
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		// Small packets must not wait for each other's acknowledgements on loopback.
		socket.setNoDelay(true);
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
		aedes.handle(socket);
	});
	try {
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(port, "127.0.0.1", resolve);
		});
	} catch (error) {
		await closeAedes(aedes);
		throw error;
	}
	return {
		host: "127.0.0.1",
		port: (server.address() as AddressInfo).port,
		aedes,
		dropConnections() {
			for (const socket of sockets) resetSocket(socket);
		},
		async close() {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			for (const socket of sockets) socket.destroy();
			await closeAedes(aedes);
			await closed;
		},
	};
}

function closeAedes(aedes: Aedes): Promise<void> {
	return new Promise((resolve) => aedes.close(() => resolve()));
}
