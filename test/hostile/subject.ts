import {
	Client,
	State,
	Topic,
	type ClientOptions,
	type DisconnectReason,
	type Message,
	type TransportSetup,
} from "xs-mqtt";
import { Stage } from "./stage.js";
import { EventCode, Trace } from "./trace.js";

/** What a client is brought into before an entry comes: the preconditions of malformed.json. */
export const Kind = Object.freeze({
	CONNECTED: 0,
	/** CONNECT is sent, on the second connection of a session. */
	CONNECTING: 1,
	/** The first CONNECT ever is sent. */
	FIRST_CONNECT: 2,
	/** Ours, with the identifier of the entry: a QoS 1 publish without PUBACK, a QoS 2 publish without PUBREC, … PUBCOMP. */
	PUBLISHED_1: 3,
	PUBLISHED_2: 4,
	RELEASED: 5,
	/** Theirs: a QoS 2 message without its PUBREL. */
	RECEIVED: 6,
	SUBSCRIBING_1: 7,
	SUBSCRIBING_2: 8,
	UNSUBSCRIBING: 9,
} as const);

/** What an entry comes into beside its own precondition. */
export const Variant = Object.freeze({
	OWN: 0,
	/** Before CONNACK. */
	CONNECTING: 1,
	CONNECTED: 2,
	/** After stop(), while a publish without its ack keeps DISCONNECT back. */
	STOPPING: 3,
	/** While the link takes no bytes. */
	BLOCKED: 4,
	/** After stop(), before CONNACK. */
	CONNECTING_STOPPING: 5,
} as const);

/** One entry, as the program on XS gets it too. */
export interface Entry {
	readonly id: string;
	readonly kind: number;
	/** The identifier of the entry's exchange; 0 when there is none. */
	readonly packetId: number;
	readonly bytes: Uint8Array;
	readonly cleanSession: boolean;
	/** 0: the default. */
	readonly maximumPacketSize: number;
	readonly variants: readonly number[];
}

/** What stands behind an entry in the same arrival: nothing, PINGRESP, PUBLISH at QoS 1. */
export const BEHIND: readonly Uint8Array[] = [
	Uint8Array.of(),
	Uint8Array.of(0xd0, 0),
	Uint8Array.of(0x32, 9, 0, 4, 0x6c, 0x61, 0x74, 0x65, 0, 99, 0x78),
];

/** How many ways there are to cut so many bytes: not at all, everywhere, and once at each place. */
export function wayCount(size: number): number {
	return size + 1;
}

const KEPT = new Topic("kept");
const OPEN = new Topic("open");
const OUT = new Topic("out");
const PAYLOAD = Uint8Array.of(0x6b);
const CONNACK = Uint8Array.of(0x20, 2, 0, 0);
const RESUMED = Uint8Array.of(0x20, 2, 1, 0);
/** Identifier 0x7777, QoS 2: the message of every session below, its repetition, and its PUBREL. */
const INCOMING = Uint8Array.of(0x34, 9, 0, 4, 0x6b, 0x65, 0x70, 0x74, 0x77, 0x77, 0x6b);
const REPEATED = Uint8Array.of(0x3c, 9, 0, 4, 0x6b, 0x65, 0x70, 0x74, 0x77, 0x77, 0x6b);
const PUBREL = Uint8Array.of(0x62, 2, 0x77, 0x77);
/** Makes the handler do what has to be done within a turn. */
const COMMAND = Uint8Array.of(0x30, 4, 0, 2, 0x64, 0x6f);
/** A message at QoS 1, identifier 300. */
const WORKING = Uint8Array.of(0x32, 7, 0, 2, 0x69, 0x6e, 1, 0x2c, 0x79);
const FILTERS = Object.freeze(["f/0", "f/1"]);
const INPUT_MAX = 64;

/** A client that entries come to, again and again. Runs on Node and on XS. */
export class Subject {
	readonly trace = new Trace();
	readonly client: Client;
	readonly stage: Stage;
	/** Where the reaction to the entry ends in the trace; behind it stands the recovery. */
	reactionEnd = 0;
	/** State after the reaction. */
	stateAfter = 0;
	/** State after the recovery. */
	stateAtEnd = 0;
	readonly #entry: Entry;
	readonly #input = new Uint8Array(INPUT_MAX);
	readonly #received = new Uint8Array(32);
	/** Filters that a message to `do` subscribes to. */
	#toSubscribe = 0;
	readonly #handler: (message: Message) => void;
	#size = 0;
	#isFirst: boolean;

	/** The identifiers that the client draws start where Math.random says. */
	constructor(entry: Entry) {
		this.#entry = entry;
		this.#isFirst = entry.kind === Kind.FIRST_CONNECT;
		let stage: Stage | undefined;
		const { trace } = this;
		this.#handler = (message) => this.#handle(message);
		const options: ClientOptions = {
			host: "server",
			clientId: "c",
			cleanSession: entry.cleanSession,
			transport: (setup: TransportSetup) => (stage = new Stage(setup, trace)),
			onConnected: (_client, present) => trace.add(EventCode.CONNECTED, present ? 1 : 0, 0),
			onDisconnected: (_client, reason) => this.#handleDisconnected(reason),
			onDelivered: (_client, packetId) => trace.add(EventCode.DELIVERED, packetId, 0),
			onProblem: (_client, problem, detail) => trace.add(EventCode.PROBLEM, problem, detail),
			onStopped: () => trace.add(EventCode.STOPPED, 0, 0),
		};
		if (entry.maximumPacketSize > 0) options.maximumPacketSize = entry.maximumPacketSize;
		this.client = new Client(options);
		this.stage = stage!;
		this.client.subscribe("#", 2, this.#handler);
		this.client.start();
		if (!this.#isFirst) this.#accept(false);
	}

	#handleDisconnected(reason: DisconnectReason): void {
		this.trace.add(EventCode.DISCONNECTED, reason.code, reason.detail);
		if (reason.retryMs < 0) this.trace.add(EventCode.FINAL, 0, 0);
	}

	#handle(message: Message): void {
		let sum = 0;
		for (let i = 0; i < message.topicSize; i++) sum = Math.imul(sum, 31) + message.topicByteAt(i);
		for (let i = 0; i < message.size; i++) sum = Math.imul(sum, 37) + message.byteAt(i);
		this.trace.add(EventCode.MESSAGE, (message.firstByte << 16) | message.packetId, sum | 0);
		while (this.#toSubscribe > 0) this.client.subscribe(FILTERS[--this.#toSubscribe]!, 0, this.#handler);
	}

	/** Connects, whatever the state, and is served until all is quiet. */
	#accept(sessionPresent: boolean): void {
		this.#open();
		this.stage.arrive(sessionPresent ? RESUMED : CONNACK, 0, 4);
		this.stage.serve();
	}

	#open(): void {
		if (this.client.state === State.STOPPED) this.client.start();
		else if (this.client.state === State.WAITING) this.client.networkUp();
		this.stage.connect();
		this.stage.ignoreSent();
	}

	/** Brings the client into the state that the entry comes into, and makes the bytes. */
	prepare(variant: number, behind: number): void {
		const { entry, stage, client } = { entry: this.#entry, stage: this.stage, client: this.client };
		let kind = entry.kind;
		if (variant === Variant.CONNECTING) kind = Kind.CONNECTING;
		else if (variant === Variant.CONNECTED) kind = Kind.CONNECTED;
		let packetId = entry.packetId;
		if (this.#isFirst) this.#open();
		else packetId = this.#prepareSession(kind, packetId);
		if (variant === Variant.STOPPING || variant === Variant.CONNECTING_STOPPING) client.stop();
		stage.blocked = variant === Variant.BLOCKED;
		this.#fillInput(packetId, behind);
		this.trace.clear();
	}

	#fillInput(packetId: number, behind: number): void {
		const { bytes, packetId: named } = this.#entry;
		const input = this.#input;
		let size = 0;
		for (; size < bytes.length; size++) input[size] = bytes[size]!;
		if (size > 3 && named > 0 && ((bytes[2]! << 8) | bytes[3]!) === named) {
			// Whatever identifier our exchange has.
			input[2] = packetId >> 8;
			input[3] = packetId & 255;
		}
		const more = BEHIND[behind]!;
		for (let i = 0; i < more.length; i++) input[size++] = more[i]!;
		this.#size = size;
	}

	/** Something of everything that a session stores, and the exchange of the entry. out: its identifier. */
	#prepareSession(kind: number, packetId: number): number {
		const { stage, client } = this;
		client.publish(KEPT, PAYLOAD, 1);
		stage.arrive(INCOMING, 0, INCOMING.length);
		if (kind === Kind.RECEIVED) this.#receive(packetId);
		else if (kind === Kind.PUBLISHED_1) packetId = client.publish(OPEN, PAYLOAD, 1);
		else if (kind === Kind.PUBLISHED_2 || kind === Kind.RELEASED) packetId = client.publish(OPEN, PAYLOAD, 2);
		else if (kind === Kind.SUBSCRIBING_1 || kind === Kind.SUBSCRIBING_2) {
			this.#toSubscribe = kind === Kind.SUBSCRIBING_1 ? 1 : 2;
			const size = 4 + this.#toSubscribe * 6;
			stage.arrive(COMMAND, 0, COMMAND.length);
			packetId = stage.idOfLast(size);
		} else if (kind === Kind.UNSUBSCRIBING) {
			stage.ignoreSent();
			client.subscribe(FILTERS[0]!, 0, this.#handler);
			stage.serve();
			client.unsubscribe(FILTERS[0]!);
			packetId = stage.idOfLast(9);
		}
		if (kind === Kind.RELEASED) this.#acknowledge(0x50, packetId);
		stage.ignoreSent();
		if (kind === Kind.CONNECTING) {
			stage.lose();
			this.#open();
		}
		return packetId;
	}

	#acknowledge(first: number, packetId: number): void {
		const bytes = this.#received;
		bytes[0] = first;
		bytes[1] = 2;
		bytes[2] = packetId >> 8;
		bytes[3] = packetId & 255;
		this.stage.arrive(bytes, 0, 4);
	}

	/** A QoS 2 message of the server's with this identifier. */
	#receive(packetId: number): void {
		const bytes = this.#received;
		for (let i = 0; i < INCOMING.length; i++) bytes[i] = INCOMING[i]!;
		bytes[8] = packetId >> 8;
		bytes[9] = packetId & 255;
		this.stage.arrive(bytes, 0, INCOMING.length);
	}

	/** How many ways there are to cut the input. */
	get ways(): number {
		return wayCount(this.#size);
	}

	/** The entry comes: 0: whole; 1: byte by byte; 2 and more: cut at that place less 1. */
	react(way: number): void {
		const { stage } = this;
		const input = this.#input;
		const size = this.#size;
		if (way === 0) stage.arrive(input, 0, size);
		else if (way === 1) for (let i = 0; i < size; i++) stage.arrive(input, i, i + 1);
		else {
			stage.arrive(input, 0, way - 1);
			stage.arrive(input, way - 1, size);
		}
		stage.unblock();
		this.reactionEnd = this.trace.count;
		this.stateAfter = this.client.state;
	}

	/** The next connection comes about, what is left over is finished, and messages go both ways. */
	recover(): void {
		const { stage, client } = this;
		if (stage.isOpen) stage.lose();
		const hasSession = !this.#entry.cleanSession && !this.#isFirst;
		this.#isFirst = false;
		this.#accept(hasSession);
		if (hasSession) {
			stage.arrive(REPEATED, 0, REPEATED.length);
			stage.arrive(PUBREL, 0, PUBREL.length);
			if (this.#entry.kind === Kind.RECEIVED) this.#acknowledge(0x62, this.#entry.packetId);
		}
		client.unsubscribe(FILTERS[0]!);
		client.unsubscribe(FILTERS[1]!);
		stage.serve();
		client.publish(OUT, PAYLOAD, 1);
		stage.serve();
		stage.arrive(WORKING, 0, WORKING.length);
		stage.ignoreSent();
		this.stateAtEnd = client.state;
	}
}
