import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Wire } from "./link.js";
import { resetSocket } from "./reset.js";
import type { SocketWorld } from "./socket-world.js";

/** A running proxy. */
export interface Proxy {
	/** Where it listens on 127.0.0.1. */
	readonly port: number;
	/** Stops listening and ends its connections. */
	close(): Promise<void>;
}

/**
 * Lets a program of another process into a world: it connects to a loopback port, and its connections get the faults and
 * the packet log of `world`. A refused connection shows there as one that is reset at once, because it has been accepted
 * before the broker is asked.
 *
 * in   port  0, or absent: any free one
 *      Throws what listening throws, e.g. EADDRINUSE.
 */
export async function startProxy(world: SocketWorld, port = 0): Promise<Proxy> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
		join(world, socket);
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, "127.0.0.1", resolve);
	});
	const address = server.address() as AddressInfo;
	return {
		port: address.port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
}

/** Ties an accepted socket to a link of its own. Each side is read no faster than the other takes it. */
function join(world: SocketWorld, socket: Socket): void {
	socket.setNoDelay(true);
	let unacknowledged = 0;
	const link: Wire = world.open("127.0.0.1", socket.localPort ?? 0, {
		opened() {},
		received(bytes) {
			socket.write(bytes, () => link.consumed(bytes.length));
		},
		acknowledged(count) {
			unacknowledged -= count;
			if (unacknowledged <= world.txWindow) socket.resume();
		},
		ended() {
			// The device is told by a reset, as it is of a broken connection; it cannot tell that from a close.
			resetSocket(socket);
		},
	});
	socket.on("data", (bytes) => {
		unacknowledged += bytes.length;
		if (unacknowledged > world.txWindow) socket.pause();
		link.send(bytes);
	});
	socket.on("error", () => link.close());
	socket.on("close", () => link.close());
}
