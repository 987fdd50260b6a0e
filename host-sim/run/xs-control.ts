import { createServer, type AddressInfo, type Socket } from "node:net";

/** The simulator's end of the connection on which a program on XS is told to stop. */
export interface Control {
	readonly port: number;
	/** Resolves when the program runs. */
	readonly started: Promise<void>;
	/** Tells it to stop. */
	stop(): void;
	close(): void;
}

/** Starts to listen on a loopback port for one program. */
export async function startControl(): Promise<Control> {
	let program: Socket | undefined;
	let hasStarted = (): void => {};
	const started = new Promise<void>((resolve) => (hasStarted = resolve));
	const server = createServer((socket) => {
		program = socket;
		socket.on("error", () => {});
		hasStarted();
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(0, "127.0.0.1", resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		started,
		stop: () => void program?.write("x"),
		close() {
			program?.destroy();
			server.close();
		},
	};
}
