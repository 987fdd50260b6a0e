import { Client, partsOf, type OneServerOptions } from "../app/client.js";
import { ProblemCode, type DisconnectReason } from "../client/terms/codes.js";
import { PacketType } from "../codec/constants.js";
import { GivenIds } from "./given-ids.js";
import { Inbox } from "./inbox.js";
import type { ConnectionError, ControlMessage, ProgramOptions } from "./options.js";
import { Requests } from "./requests.js";
import { Room } from "./room.js";
import { SocketTransport } from "./socket-transport.js";
import { Subscriber } from "./subscriber.js";
import { Telling } from "./telling.js";
import { WriteBuffer } from "./write-buffer.js";
import { Writer } from "./writer.js";

/** A message that is not read for this part of the time for a PINGRESP is given up, so that the link lives on. */
const UNREAD_PART = 2;

/** The client under one object that a program has, and what stands between the two. */
export class Connection {
	/** What the program writes goes here. */
	readonly writer: Writer;
	/** Messages for the program. */
	readonly inbox: Inbox;
	private _started = false;
	private _closed = false;
	private _transport!: SocketTransport;
	private readonly _client: Client;
	private readonly _owner: object;
	private readonly _options: ProgramOptions<object>;
	private readonly _telling: Telling;
	private readonly _requests: Requests;
	private readonly _buffer: WriteBuffer;
	private readonly _room: Room;

	/**
	 * in   owner     what callbacks get as `this`
	 *      options   as the program gave them; kept
	 *      settings  the same, as the client's own
	 *
	 * Throws what the client's constructor throws. It connects on a later turn.
	 */
	constructor(owner: object, options: ProgramOptions<object>, settings: Omit<OneServerOptions, "transport">) {
		this._owner = owner;
		this._options = options;
		const ids = new GivenIds();
		const telling = (this._telling = new Telling(owner, options, ids, () => this.handleTimer()));
		const inbox = (this.inbox = new Inbox(telling, owner, options.onReadable));
		const requests = (this._requests = new Requests((message) => telling.control(message)));
		const client = (this._client = this.makeClient(settings));
		const parts = partsOf(client);
		const { arena, region, session } = parts.core;
		inbox.buffer = arena.buffer;
		inbox.source = this._transport;
		const { txBuffer, sources } = client.settings;
		const buffer = (this._buffer = new WriteBuffer(txBuffer, () => telling.wake(1)));
		const room = (this._room = telling.room = new Room(region, session.outbox, buffer, sources));
		const subscriber = new Subscriber(client, requests, inbox.handleMessage);
		this.writer = new Writer({ client, room, buffer, ids, telling, subscriber }, parts);
		telling.start();
	}

	private makeClient(settings: Omit<OneServerOptions, "transport">): Client {
		const { socket, dns } = this._options;
		const requests = this._requests;
		return new Client({
			...settings,
			transport: (setup) => (this._transport = new SocketTransport(setup, socket, dns, this._telling)),
			onConnected: (_client, sessionPresent) => this.handleConnected(sessionPresent),
			onDisconnected: (_client, reason) => this.handleDisconnected(reason),
			onRoom: () => this._telling.wake(1),
			onMessage: this.inbox.handleMessage,
			onSubscribed: (_client, index, code) => requests.handleAnswer(PacketType.SUBACK, index, code),
			onUnsubscribed: (_client, index) => requests.handleAnswer(PacketType.UNSUBACK, index, 0),
			onProblem: (_client, problem, detail) => this.handleProblem(problem, detail),
		});
	}

	/** Closes at once, without DISCONNECT; nothing is told any more. Harmless when closed. */
	close(): void {
		if (this._closed) return;
		this._closed = true;
		this._telling.close();
		this.inbox.close();
		this._client.close();
		this._transport.dispose();
	}

	/** The first turn of the timer starts the client. May throw what callbacks throw. */
	private handleTimer(): void {
		if (this._started) return this.inbox.goOn(this._client.settings.pingTimeoutMs / UNREAD_PART);
		this._started = true;
		this._client.start();
	}

	private handleConnected(sessionPresent: boolean): void {
		if (this._closed) return;
		this._room.owed = true;
		this._telling.wake(1);
		const message: ControlMessage = { operation: PacketType.CONNACK, returnCode: 0, sessionPresent };
		this._options.onControl?.call(this._owner, message, message);
	}

	private handleDisconnected({ layer, code, detail, retryMs }: DisconnectReason): void {
		if (this._closed) return;
		this._room.remaining = this._room.told = 0;
		this._buffer.clear();
		this._requests.clear();
		if (retryMs >= 0) return;
		const { onClose, onError } = this._options;
		try {
			const error = new Error(`MQTT connection ended: layer ${layer}, reason ${code}, detail ${detail}`);
			if (this.writer.leaving && onClose) onClose.call(this._owner);
			else onError?.call(this._owner, Object.assign(error, { layer, code, detail }) as ConnectionError);
		} finally {
			this.close();
		}
	}

	private handleProblem(problem: number, detail: number): void {
		// It may be the callback that was told of a message.
		if (problem === ProblemCode.CALLBACK_THREW) this.inbox.endMessage();
		if (!this._closed) this._options.onProblem?.call(this._owner, problem as never, detail);
	}
}
