import type { Socket } from "node:net";

/**
 * Takes a connection down at once; the other side sees a reset where that is possible.
 *
 * Node cannot reset a socket that is still connecting, nor one whose end() is on its way: there resetAndDestroy() leaves
 * the handle open for ever, and it keeps the process.
 */
export function resetSocket(socket: Socket): void {
	const isEnding = socket.writableEnded && !socket.writableFinished;
	if (socket.connecting || isEnding) socket.destroy();
	else socket.resetAndDestroy();
}
