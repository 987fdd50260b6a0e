import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createSecureServer, type TLSSocket, type TlsOptions } from "node:tls";
import { createServer as createSecureHttp } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { Aedes, type AuthenticateError, type Client } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { NameResolver } from "../../firmware/ports/transport.js";
import { addressFor } from "../support/device.js";

/** What a service demands of CONNECT, beyond what it demands of the connection. */
export type Gate = (client: Client, userName: string | undefined, password: string | undefined) => boolean;

/** A service on this machine that makes the demands of one of the clouds. */
export interface StandIn {
	readonly port: number;
	/** Resolves every name to it: the client names the real host. */
	readonly dns: NameResolver;
	/** Names that clients have asked for by SNI. */
	readonly names: string[];
	readonly aedes: Aedes;
	/** Ends all connections; the service stays. */
	drop(): void;
	close(): Promise<void>;
}

/** What a service is made of. */
export interface StandInOptions {
	/** TLS and its demands; absent: none, as behind a proxy. */
	secure?: TlsOptions;
	/** Looks at the connection before MQTT begins. */
	admit?(socket: TLSSocket): boolean;
	/** WebSocket, and who may have it: an HTTP status, 101 for yes. Absent: MQTT on the connection itself. */
	upgrade?(request: IncomingMessage): number;
	gate?: Gate;
}

/** Starts a service on a free port of 127.0.0.1. */
export async function standIn({ secure, admit, upgrade, gate }: StandInOptions): Promise<StandIn> {
	const names: string[] = [];
	const aedes = await Aedes.createBroker({
		authenticate(client, userName, password, done) {
			const isWelcome = gate?.(client, userName, password?.toString()) ?? true;
			const refusal = Object.assign(new Error("refused"), { returnCode: 5 }) as AuthenticateError;
			if (isWelcome) done(null, true);
			else done(refusal, false);
		},
	});
	const options: TlsOptions = {
		...secure,
		SNICallback: (name, done) => {
			names.push(name);
			done(null);
		},
	};
	const server = upgrade
		? webServer(secure && options, upgrade, aedes)
		: createSecureServer(options, (socket) => {
				if (admit?.(socket) === false) socket.destroy();
				else aedes.handle(socket);
			});
	const sockets = new Set<Socket>();
	for (const event of ["connection", "secureConnection"]) {
		server.on(event, (socket: Socket) => {
			sockets.add(socket);
			socket.on("error", () => undefined);
			socket.on("close", () => sockets.delete(socket));
		});
	}
	server.on("tlsClientError", () => undefined);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	const address = addressFor(port);
	return {
		port,
		dns: { resolve: (request) => queueMicrotask(() => request.onResolved(request.host, address)) },
		names,
		aedes,
		drop() {
			for (const socket of sockets) socket.destroy();
		},
		async close() {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			for (const socket of sockets) socket.destroy();
			await new Promise<void>((resolve) => aedes.close(resolve));
			await closed;
		},
	};
}

function webServer(
	secure: TlsOptions | undefined,
	upgrade: (request: IncomingMessage) => number,
	aedes: Aedes,
): Server {
	const server = secure ? createSecureHttp(secure) : createServer();
	const sockets = new WebSocketServer({
		noServer: true,
		handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false),
	});
	server.on("upgrade", (request, socket, head) => {
		const status = upgrade(request);
		if (status !== 101) {
			socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
			return;
		}
		sockets.handleUpgrade(request, socket, head, (webSocket) => {
			const stream = createWebSocketStream(webSocket);
			stream.on("error", () => undefined);
			aedes.handle(stream, request);
		});
	});
	return server as Server;
}
