import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import mqttPacket, { type Packet } from "mqtt-packet";
import { WebSocketSide } from "./websocket-side.js";

/** What the server of a measurement does beside answering. */
export interface ServerScript {
	/** QoS of the messages that it sends once the client has subscribed; absent: none. */
	readonly sendQoS?: 0 | 1 | 2;
	/** Bytes of each payload. */
	readonly payloadSize?: number;
	/** Milliseconds between two messages. */
	readonly paceMs?: number;
	/** Closes each connection this long after its SUBSCRIBE was answered. */
	readonly closeAfterMs?: number;
	/** Resets the connection instead of acknowledging a PUBLISH that comes for the first time. */
	readonly refuseFirst?: boolean;
	/** Resets each connection when its SUBSCRIBE was answered. A reset leaves no port waiting, however many there are. */
	readonly reset?: boolean;
	/** Says in CONNACK that it has kept the session; not at the first connection. */
	readonly keepsSession?: boolean;
	/** Sends each message back, at the QoS at which it came. */
	readonly echo?: boolean;
	/** Sends this, in hex, when a SUBSCRIBE was answered: a packet that ends the connection. */
	readonly badPacket?: string;
	/** Sends one QoS 0 message behind each of these PINGRESPs, counted from 1. */
	readonly sendAtPings?: readonly number[];
	/** Speaks WebSocket. */
	readonly websocket?: boolean;
}

/** Where packets go. */
interface Sink {
	write(bytes: Buffer): unknown;
}

const TOPIC = "sensors/kitchen/temp";

/**
 * The other side of a measurement: answers as a server does, each packet in one write, so that what arrives at the
 * client is the same every time.
 */
export class MeasurementServer {
	readonly #server: Server;
	readonly #script: ServerScript;
	readonly #sockets = new Set<Socket>();
	#lastId = 0;
	#connects = 0;

	private constructor(script: ServerScript) {
		this.#script = script;
		this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
	}

	static async start(script: ServerScript): Promise<MeasurementServer> {
		const server = new MeasurementServer(script);
		await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
		return server;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#serve(socket: Socket): void {
		const parser = mqttPacket.parser({ protocolVersion: 4 });
		const parse = (bytes: Buffer): void => void parser.parse(bytes);
		let sink: Sink = socket;
		if (this.#script.websocket) sink = new WebSocketSide(socket, parse);
		else socket.on("data", parse);
		let timer: NodeJS.Timeout | undefined;
		let pings = 0;
		let echoes = 0;
		this.#sockets.add(socket);
		socket.on("error", () => socket.destroy());
		socket.on("close", () => {
			clearInterval(timer);
			this.#sockets.delete(socket);
		});
		parser.on("packet", (packet: Packet) => {
			if (this.#script.refuseFirst && packet.cmd === "publish" && this.#isNew(packet.messageId)) {
				return void socket.resetAndDestroy();
			}
			if (packet.cmd === "connect") this.#connects++;
			const answer = answerTo(packet, this.#script.keepsSession === true && this.#connects > 1);
			if (answer) sink.write(mqttPacket.generate(answer));
			if (packet.cmd === "pingreq" && this.#script.sendAtPings?.includes(++pings)) {
				// Not in one arrival with PINGRESP.
				setTimeout(() => this.#send(sink, 0, 1), 20);
			}
			if (packet.cmd === "publish" && this.#script.echo) this.#send(sink, packet.qos, (echoes++ % 65_535) + 1);
			if (packet.cmd !== "subscribe") return;
			if (this.#script.sendQoS !== undefined) timer ??= this.#sendTo(sink, this.#script.sendQoS);
			if (this.#script.badPacket !== undefined) sink.write(Buffer.from(this.#script.badPacket, "hex"));
			if (this.#script.reset) setImmediate(() => socket.resetAndDestroy());
			if (this.#script.closeAfterMs !== undefined) setTimeout(() => socket.destroy(), this.#script.closeAfterMs);
		});
	}

	/** Whether a packet identifier is not the one of the last PUBLISH. */
	#isNew(messageId = 0): boolean {
		const isNew = messageId !== this.#lastId;
		this.#lastId = messageId;
		return isNew;
	}

	#sendTo(sink: Sink, qos: 0 | 1 | 2): NodeJS.Timeout {
		let messageId = 0;
		return setInterval(() => {
			messageId = (messageId % 65_535) + 1;
			this.#send(sink, qos, messageId);
		}, this.#script.paceMs ?? 3);
	}

	#send(sink: Sink, qos: 0 | 1 | 2, messageId: number): void {
		const payload = Buffer.alloc(this.#script.payloadSize ?? 64, "a");
		const packet: Packet = { cmd: "publish", topic: TOPIC, payload, qos, retain: false, dup: false, messageId };
		sink.write(mqttPacket.generate(packet));
	}
}

function answerTo(packet: Packet, sessionPresent: boolean): Packet | undefined {
	const { messageId = 0 } = packet;
	switch (packet.cmd) {
		case "connect":
			return { cmd: "connack", returnCode: 0, sessionPresent };
		case "publish":
			if (packet.qos === 0) return undefined;
			return { cmd: packet.qos === 1 ? "puback" : "pubrec", messageId };
		case "pubrec":
			return { cmd: "pubrel", messageId };
		case "pubrel":
			return { cmd: "pubcomp", messageId };
		case "subscribe":
			return { cmd: "suback", messageId, granted: packet.subscriptions.map((s) => s.qos) };
		case "unsubscribe":
			return { cmd: "unsuback", messageId, granted: [] };
		case "pingreq":
			return { cmd: "pingresp" };
		default:
			return undefined;
	}
}
