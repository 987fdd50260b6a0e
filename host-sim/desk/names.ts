import { createServer, type AddressInfo, type Server } from "node:net";

/** A name service with one entry, for the stand-in in test/device/losses: it sends the address to whoever connects. */
export class Names {
	/** What it answers: an IPv4 literal. */
	address = "127.0.0.1";
	/** How often it was asked. */
	asked = 0;
	readonly #server: Server;

	private constructor() {
		this.#server = createServer((socket) => {
			this.asked++;
			socket.on("error", () => socket.destroy());
			socket.end(Uint8Array.from(this.address.split("."), Number));
		});
	}

	static async start(): Promise<Names> {
		const names = new Names();
		await new Promise<void>((resolve) => names.#server.listen(0, "127.0.0.1", resolve));
		return names;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	close(): void {
		this.#server.close();
	}
}
