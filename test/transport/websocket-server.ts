import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { WebSocketServer, type WebSocket } from "ws";

/** What a server does; may be changed at any time, and acts on what happens from then on. */
export interface ServerConduct {
	/** Answers with this status in place of an upgrade; or with these lines. */
	status: number | undefined;
	/** Never answers. */
	silent: boolean;
	/** Chooses no sub-protocol. */
	withoutProtocol: boolean;
	/** Bytes of a message, and of one of its fragments. */
	messageMax: number;
	fragmentMax: number;
	/** Pings before each message. */
	pings: boolean;
	/** Cuts the connection when so many bytes of the request's answer are out. */
	cutAfter: number | undefined;
}

/** The other side as users have it: the npm package `ws` in front of a broker on this machine. */
export class TestServer {
	readonly conduct: ServerConduct = {
		status: undefined,
		silent: false,
		withoutProtocol: false,
		messageMax: Infinity,
		fragmentMax: Infinity,
		pings: false,
		cutAfter: undefined,
	};
	/** Requests that have come, e.g. "GET /mqtt". */
	readonly requests: IncomingMessage[] = [];
	/** Codes of the close frames that have come; 1006: none has. */
	readonly closes: number[] = [];
	/** Payloads of pongs that have come. */
	readonly pongs: string[] = [];
	/** Messages that have come. */
	messages = 0;
	readonly #http: Server;
	readonly #server: WebSocketServer;
	readonly #brokerPort: number;
	readonly #sockets = new Set<Socket>();

	private constructor(brokerPort: number) {
		this.#brokerPort = brokerPort;
		this.#http = createHttpServer((_request, response) => void response.writeHead(404).end("not here"));
		this.#server = new WebSocketServer({
			noServer: true,
			handleProtocols: (protocols) => (this.conduct.withoutProtocol ? false : protocols.has("mqtt") && "mqtt"),
		});
		this.#server.on("connection", (socket) => this.#serve(socket));
		this.#http.on("connection", (socket: Socket) => {
			this.#sockets.add(socket);
			socket.setNoDelay(true);
			socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
		});
		this.#http.on("upgrade", (request, socket: Socket, head) => this.#upgrade(request, socket, head));
	}

	/** Listens on a port of its own, in front of a broker on this machine. */
	static async listen(brokerPort: number): Promise<TestServer> {
		const server = new TestServer(brokerPort);
		server.#http.listen(0, "127.0.0.1");
		await once(server.#http, "listening");
		return server;
	}

	get port(): number {
		return (this.#http.address() as { port: number }).port;
	}

	/** Cuts all connections; those that follow are served. */
	cut(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	/** Closes all WebSockets, orderly. */
	end(code?: number): void {
		for (const client of this.#server.clients) client.close(code);
	}

	/** Sends something to all clients. */
	send(act: (client: WebSocket) => void): void {
		for (const client of this.#server.clients) act(client);
	}

	async close(): Promise<void> {
		this.cut();
		this.#server.close();
		this.#http.close();
		await once(this.#http, "close");
	}

	#upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
		const { status, silent, cutAfter } = this.conduct;
		this.requests.push(request);
		if (silent) return;
		if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\nno`);
		if (cutAfter !== undefined) cutBehind(socket, cutAfter);
		this.#server.handleUpgrade(request, socket, head, (client) => this.#server.emit("connection", client, request));
	}

	#serve(client: WebSocket): void {
		const broker = connect({ host: "127.0.0.1", port: this.#brokerPort, noDelay: true });
		client.on("message", (data: Buffer, isBinary) => {
			this.messages++;
			if (isBinary) broker.write(data);
			else client.terminate();
		});
		client.on("pong", (data) => void this.pongs.push(data.toString("latin1")));
		client.on("close", (code) => {
			this.closes.push(code);
			broker.destroy();
		});
		client.on("error", () => {});
		broker.on("data", (bytes) => this.#send(client, bytes));
		broker.on("error", () => {}).on("close", () => client.close());
	}

	#send(client: WebSocket, bytes: Buffer): void {
		const { messageMax, fragmentMax, pings } = this.conduct;
		for (let at = 0; at < bytes.length; at += messageMax) {
			const message = bytes.subarray(at, at + messageMax);
			if (pings) client.ping(Buffer.from(`${at}`));
			for (let from = 0; from < message.length; from += fragmentMax) {
				const isLast = from + fragmentMax >= message.length;
				client.send(message.subarray(from, from + fragmentMax), { binary: true, fin: isLast });
				if (pings && !isLast) client.ping();
			}
		}
	}
}

/** Lets so many bytes out, and then cuts the connection. */
function cutBehind(socket: Socket, count: number): void {
	const write = socket.write.bind(socket) as (chunk: Uint8Array, done: () => void) => boolean;
	let left = count;
	socket.write = (chunk: string | Uint8Array) => {
		const bytes = Buffer.from(chunk as string);
		if (left <= 0) return false;
		const part = bytes.subarray(0, left);
		left -= part.length;
		return write(part, () => {
			if (left <= 0) socket.destroy();
		});
	};
}
