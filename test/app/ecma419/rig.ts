import { MQTTClient, type MQTTClientOptions } from "../../../firmware/ecma419/client.js";
import type { ControlMessage, ReadableOptions, SocketOptions } from "../../../firmware/ecma419/options.js";
import { useCommonWorld } from "../../support/device.js";
import { bytesOf, hexOf } from "../../support/hex.js";
import { until } from "../../support/until.js";

export const CONNACK = "20020000";

/** A socket class of which the test is the other side; refuses as the platform's TCP does. */
export class ScriptedSocket {
	static last: ScriptedSocket;
	static made = 0;
	readonly options: SocketOptions & Record<string, unknown>;
	/** What was written, as hex, one string for each write. */
	writes: string[] = [];
	window = 4096;
	closed = false;
	#inbox = new Uint8Array(0);

	constructor(options: SocketOptions) {
		this.options = options as SocketOptions & Record<string, unknown>;
		ScriptedSocket.last = this;
		ScriptedSocket.made++;
	}

	get sent(): string {
		return this.writes.join("");
	}

	takeSent(): string {
		const { sent } = this;
		this.writes = [];
		return sent;
	}

	/** Bytes that wait to be read. */
	get unread(): number {
		return this.#inbox.length;
	}

	arrive(hex: string): void {
		const bytes = bytesOf(hex);
		const all = new Uint8Array(this.#inbox.length + bytes.length);
		all.set(this.#inbox);
		all.set(bytes, this.#inbox.length);
		this.#inbox = all;
		this.options.onReadable(all.length);
	}

	read(view: Uint8Array): number | undefined {
		if (this.#inbox.length === 0) return undefined;
		if (view.length > this.#inbox.length) throw new Error("invalid");
		view.set(this.#inbox.subarray(0, view.length));
		this.#inbox = this.#inbox.slice(view.length);
		return view.length;
	}

	write(view: Uint8Array): number {
		if (view.length > this.window) throw new Error("would block");
		this.window -= view.length;
		this.writes.push(hexOf(view));
		return this.window;
	}

	/** The peer has taken what was written. */
	acknowledge(): void {
		this.window = 4096;
		this.options.onWritable(this.window);
	}

	close(): void {
		this.closed = true;
	}
}

/** What an MQTTClient has told its program. */
export class Program {
	readonly client: MQTTClient;
	readonly controls: ControlMessage[] = [];
	readonly messages: { payload: string; options: ReadableOptions }[] = [];
	readonly rooms: number[] = [];
	readonly errors: (Error & { layer?: number; code?: number })[] = [];
	readonly problems: number[][] = [];
	closes = 0;

	/** Callbacks in `options` take the place of those that note what is told. */
	constructor(options: Partial<MQTTClientOptions> = {}) {
		// The rig's own callbacks stay, whatever `this` is.
		const { controls, messages, rooms, errors, problems } = this;
		const closed = (): void => void this.closes++;
		this.client = new MQTTClient({
			host: "192.0.2.1",
			id: "c1",
			socket: { io: ScriptedSocket },
			onControl: (message) => void controls.push({ ...message }),
			onReadable(count, told) {
				const bytes = this.read(count);
				messages.push({ payload: Buffer.from(bytes ?? new ArrayBuffer(0)).toString("latin1"), options: told });
			},
			onWritable: (count) => void rooms.push(count),
			onError: (error) => void errors.push(error),
			onClose: closed,
			onProblem: (problem, detail) => void problems.push([problem, detail]),
			...options,
		});
	}

	get socket(): ScriptedSocket {
		return ScriptedSocket.last;
	}

	/** Operations of onControl, one name for each. */
	get operations(): string[] {
		return this.controls.map(({ operation, id }) => `${NAMES[operation]}${id === undefined ? "" : ` ${id}`}`);
	}
}

const NAMES = [
	...["", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"],
	...["SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT"],
];

/** A program that is about to send CONNECT. */
export async function opened(options: Partial<MQTTClientOptions> = {}): Promise<Program> {
	useCommonWorld();
	const made = ScriptedSocket.made;
	const program = new Program(options);
	await until(() => ScriptedSocket.made > made, "a socket");
	program.socket.options.onWritable(program.socket.window);
	return program;
}

/** A program whose CONNECT was accepted, and which has been told of it. */
export async function connected(options: Partial<MQTTClientOptions> = {}): Promise<Program> {
	const program = await opened(options);
	program.socket.takeSent();
	program.socket.arrive(CONNACK);
	if (!options.onControl) await until(() => program.controls.length > 0, "CONNACK");
	if (!options.onWritable) await until(() => program.rooms.length > 0, "room");
	return program;
}

export function buffer(text: string): ArrayBuffer {
	return Uint8Array.from(Buffer.from(text, "latin1")).buffer;
}
