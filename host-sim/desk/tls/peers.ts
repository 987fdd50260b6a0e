/** Servers for the check of TLS: each does what its case is about, and afterwards is a good one in front of a broker. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket, type TlsOptions } from "node:tls";
import type { Certificate } from "../../certificates/certificates.js";
import { ScriptedConnection, type Script } from "./scripted-server.js";

/** What a server does with one connection. out: what it got, if it looks */
export type Conduct = (socket: Socket, brokerPort: number) => ScriptedConnection | void;

/** A port with a fault. The first connection meets it; those that follow do not, if there is a cure. */
export class Peer {
	readonly port: number;
	/** Scripted connections that met the fault. */
	readonly met: ScriptedConnection[] = [];
	/** Connections in all. */
	count = 0;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(server: Server) {
		this.#server = server;
		this.port = (server.address() as AddressInfo).port;
	}

	/** in: cure  what later connections meet; absent: the fault again */
	static async listen(brokerPort: number, fault: Conduct, cure?: Conduct): Promise<Peer> {
		const server = createServer();
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		const peer = new Peer(server);
		server.on("connection", (socket) => {
			peer.#sockets.add(socket);
			socket.on("error", () => undefined);
			socket.on("close", () => peer.#sockets.delete(socket));
			const isFirst = peer.count++ === 0;
			const conduct = isFirst || cure === undefined ? fault : cure;
			const scripted = conduct(socket, brokerPort);
			if (scripted && conduct === fault) peer.met.push(scripted);
		});
		return peer;
	}

	close(): void {
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
	}
}

/** Node's own TLS in front of the broker. */
export function byNode(server: Certificate, options: TlsOptions & { chain?: readonly Certificate[] } = {}): Conduct {
	const { chain, ...others } = options;
	const cert = (chain ?? server.chain).map(({ pem }) => pem).join("");
	return (socket, brokerPort) => {
		const secureContext = createSecureContext({ cert, key: server.keyPem, maxVersion: "TLSv1.2", ...others });
		const secure = new TLSSocket(socket, { isServer: true, secureContext, ...others });
		secure.on("error", () => socket.destroy());
		secure.once("secure", () => bridge(secure, brokerPort));
	};
}

/** Node's own TLS, which sends back what it gets. */
export function echoByNode(server: Certificate, options: TlsOptions = {}): Conduct {
	return (socket) => {
		const secureContext = createSecureContext({ cert: server.chainPem, key: server.keyPem, ...options });
		const secure = new TLSSocket(socket, { isServer: true, secureContext });
		secure.on("error", () => socket.destroy());
		secure.pipe(secure);
	};
}

/** Both ways, until one of them ends. */
function bridge(client: Socket, brokerPort: number): void {
	const broker = connect(brokerPort, "127.0.0.1");
	broker.on("error", () => client.destroy());
	client.on("close", () => broker.destroy());
	broker.on("close", () => client.destroy());
	client.pipe(broker).pipe(client);
}

/** The scripted server in front of the broker. */
export function byScript(script: Script): Conduct {
	return (socket, brokerPort) => {
		const connection = new ScriptedConnection(socket, script);
		let broker: Socket | undefined;
		connection.onData = (bytes) => {
			if (broker === undefined) {
				broker = connect(brokerPort, "127.0.0.1");
				broker.on("data", (data: Buffer) => connection.write(data));
				broker.on("error", () => socket.destroy());
				broker.on("close", () => socket.destroy());
			}
			broker.write(bytes);
		};
		connection.onEnd = () => broker?.destroy();
		return connection;
	};
}

/** Answers the first bytes with these, and no more; then closes if told. */
export function byBytes(bytes: Uint8Array | string, closes = false): Conduct {
	return (socket) => {
		socket.once("data", () => {
			socket.write(bytes);
			if (closes) socket.end();
		});
		socket.resume();
	};
}

/** Says nothing. */
export const silent: Conduct = (socket) => void socket.resume();

/** Passes bytes to a broker's plain port. */
export const plain: Conduct = (socket, brokerPort) => bridge(socket, brokerPort);

/** The scripted server until CONNECT has come and was answered; then something happens to the connection. */
export function afterConnect(script: Script, act: (connection: ScriptedConnection) => void): Conduct {
	return (socket) => {
		const connection = new ScriptedConnection(socket, script);
		connection.onData = () => {
			connection.onData = () => undefined;
			connection.write(Buffer.from([0x20, 2, 0, 0]));
			act(connection);
		};
		return connection;
	};
}
