import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { Toy } from "./records.js";

/** What a peer does; may be changed at any time, and acts on what happens from then on. */
export interface PeerConduct {
	/** Never answers a hello. */
	silent: boolean;
	/** Answers a hello with this number and ends. */
	alert: number | undefined;
	/** Closes in place of an answer. */
	cuts: boolean;
	/** Plain bytes of a record, and bytes of a piece of the stream. */
	recordMax: number;
	pieceMax: number;
	/** Said as the size of the next record. */
	wrongSize: number | undefined;
}

/** The other side of the toy: speaks records, and passes what they carry to a broker and back. */
export class RecordPeer {
	readonly conduct: PeerConduct = {
		silent: false,
		alert: undefined,
		cuts: false,
		recordMax: Toy.PLAIN_MAX,
		pieceMax: Infinity,
		wrongSize: undefined,
	};
	/** Hellos, whole records and goodbyes that have come, and bytes that were no record. */
	hellos = 0;
	records = 0;
	goodbyes = 0;
	/** The largest record that has come. */
	largest = 0;
	/** Bytes that were sent. */
	sent = 0;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	readonly #brokerPort: number;

	private constructor(brokerPort: number) {
		this.#brokerPort = brokerPort;
		this.#server = createServer((socket) => this.#serve(socket));
	}

	/** Listens on a port of its own, in front of a broker on this machine. */
	static async listen(brokerPort: number): Promise<RecordPeer> {
		const peer = new RecordPeer(brokerPort);
		peer.#server.listen(0, "127.0.0.1");
		await once(peer.#server, "listening");
		return peer;
	}

	get port(): number {
		return (this.#server.address() as { port: number }).port;
	}

	/** Ends all connections; those that follow are served. */
	cut(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	/** Ends all connections when everything that was sent is out. */
	end(): void {
		for (const socket of this.#sockets) socket.end();
	}

	async close(): Promise<void> {
		this.cut();
		this.#server.close();
		await once(this.#server, "close");
	}

	#serve(socket: Socket): void {
		this.#sockets.add(socket);
		const broker = connect({ host: "127.0.0.1", port: this.#brokerPort });
		let waiting = Buffer.alloc(0);
		let greeted = false;
		socket.on("data", (bytes: Buffer) => {
			waiting = Buffer.concat([waiting, bytes]);
			if (!greeted && waiting.length >= Toy.HELLO_SIZE) {
				greeted = waiting[0] === Toy.HELLO;
				waiting = waiting.subarray(Toy.HELLO_SIZE);
				this.#answer(socket);
			}
			if (greeted) waiting = this.#unpack(waiting, broker);
		});
		broker.on("data", (bytes: Buffer) => this.#pack(bytes, socket));
		const end = (): void => {
			this.#sockets.delete(socket);
			socket.end();
			broker.end();
		};
		for (const each of [socket, broker]) each.on("error", () => {}).on("close", end);
	}

	#answer(socket: Socket): void {
		this.hellos++;
		const { silent, alert, cuts } = this.conduct;
		if (silent) return;
		if (cuts) socket.destroy();
		else if (alert !== undefined) socket.end(Uint8Array.of(Toy.ALERT, alert));
		else this.#send(socket, Buffer.of(Toy.WELCOME, 0));
	}

	/** Passes on what whole records carry. Returns the rest. */
	#unpack(waiting: Buffer, broker: Socket): Buffer<ArrayBuffer> {
		let rest = Buffer.from(waiting);
		while (rest.length >= Toy.HEAD && rest.length >= Toy.HEAD + rest.readUInt16BE()) {
			const size = rest.readUInt16BE();
			const plain = rest.subarray(Toy.HEAD, Toy.HEAD + size).map((byte) => byte ^ Toy.KEY);
			rest = rest.subarray(Toy.HEAD + size);
			this.records++;
			if (size > this.largest) this.largest = size;
			if (size === 0) this.goodbyes++;
			else broker.write(plain);
		}
		return rest;
	}

	#pack(bytes: Buffer, socket: Socket): void {
		const { recordMax, wrongSize } = this.conduct;
		const parts: Buffer[] = [];
		for (let at = 0; at < bytes.length; at += recordMax) {
			const plain = bytes.subarray(at, at + recordMax);
			const head = Buffer.alloc(Toy.HEAD);
			head.writeUInt16BE(wrongSize ?? plain.length);
			parts.push(head, Buffer.from(plain.map((byte) => byte ^ Toy.KEY)));
		}
		this.conduct.wrongSize = undefined;
		this.#send(socket, Buffer.concat(parts));
	}

	/** Each piece is a write of its own; a network may join them, so that tests with pieces set the device's world to split. */
	#send(socket: Socket, bytes: Buffer): void {
		const { pieceMax } = this.conduct;
		this.sent += bytes.length;
		for (let at = 0; at < bytes.length; at += pieceMax) socket.write(bytes.subarray(at, at + pieceMax));
	}
}
