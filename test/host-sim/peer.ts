import { createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP server that a test plays the peer with. */
export interface Peer {
	readonly port: number;
	/** All connections so far, in order. */
	readonly sockets: Socket[];
	/** Everything received so far, of all connections. */
	received(): Buffer;
	close(): Promise<void>;
}

/** Starts a server on loopback; `accept` is called with each connection, and may answer. */
export async function startPeer(accept: (socket: Socket) => void = () => {}): Promise<Peer> {
	const sockets: Socket[] = [];
	const chunks: Buffer[] = [];
	const server = createServer((socket) => {
		sockets.push(socket);
		socket.setNoDelay(true);
		socket.on("data", (bytes) => chunks.push(bytes));
		socket.on("error", () => {});
		accept(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as AddressInfo).port,
		sockets,
		received: () => Buffer.concat(chunks),
		close: () =>
			new Promise((resolve) => {
				for (const socket of sockets) socket.destroy();
				server.close(() => resolve());
			}),
	};
}

/** Waits until `condition` holds, looking again on every turn; throws after five seconds. */
export async function until(condition: () => boolean, what = "the condition"): Promise<void> {
	const end = Date.now() + 5000;
	while (!condition()) {
		if (Date.now() > end) throw new Error(`gave up waiting for ${what}`);
		await new Promise((resolve) => setImmediate(resolve));
	}
}

/** Waits some ms of real time, to see that nothing happens in it. */
export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
