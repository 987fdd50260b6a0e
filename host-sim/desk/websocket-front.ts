import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

/** What the server answers with in place of an upgrade, by path. */
const ANSWERS: Readonly<Record<string, string>> = {
	"/garbage": "\x15\x03\x01\x00\x02\x02\x46",
	"/wrong-accept":
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
};

/** WebSocket in front of a broker on this machine: at `/mqtt` as it should be, at other paths with a fault each. */
export class WebSocketFront {
	readonly #http: Server = createServer((_request, response) => void response.writeHead(404).end());
	readonly #sockets = new Set<Socket>();
	readonly #brokerPort: () => number;
	readonly #server = new WebSocketServer({ noServer: true, handleProtocols: () => "mqtt" });
	readonly #bare = new WebSocketServer({ noServer: true, handleProtocols: () => false });

	private constructor(brokerPort: () => number) {
		this.#brokerPort = brokerPort;
		this.#http.on("connection", (socket: Socket) => {
			this.#sockets.add(socket);
			socket.on("close", () => this.#sockets.delete(socket)).on("error", () => undefined);
		});
		this.#http.on("upgrade", (request, socket: Socket, head) => this.#upgrade(request, socket, head));
	}

	/** Listens on a port of its own. */
	static async start(brokerPort: () => number): Promise<WebSocketFront> {
		const front = new WebSocketFront(brokerPort);
		await new Promise<void>((resolve) => front.#http.listen(0, "127.0.0.1", resolve));
		return front;
	}

	get port(): number {
		return (this.#http.address() as AddressInfo).port;
	}

	close(): void {
		for (const socket of this.#sockets) socket.destroy();
		this.#http.close();
	}

	#upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
		const path = request.url ?? "";
		const [, what, number] = path.split("/");
		if (what === "silence") return;
		if (what === "status") return void socket.end(`HTTP/1.1 ${number} No\r\nConnection: close\r\n\r\n`);
		const answer = ANSWERS[path];
		if (answer !== undefined) return void socket.end(answer, "latin1");
		const server = what === "no-protocol" ? this.#bare : this.#server;
		server.handleUpgrade(request, socket, head, (client) => {
			if (what === "text") client.send("hello");
			else if (what === "close") client.once("message", () => client.close(Number(number)));
			else this.#pass(client);
		});
	}

	#pass(client: WebSocket): void {
		const broker = connect({ host: "127.0.0.1", port: this.#brokerPort(), noDelay: true });
		client.on("message", (data: Buffer) => broker.write(data));
		client.on("close", () => broker.destroy()).on("error", () => undefined);
		broker.on("data", (data) => client.send(data));
		broker.on("close", () => client.close()).on("error", () => undefined);
	}
}
