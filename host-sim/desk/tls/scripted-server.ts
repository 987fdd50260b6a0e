/**
 * A server of TLS 1.2 (RFC 5246, 5288, 8422) that does what no honest one does: it leaves out a message, signs with another
 * key or not at all, answers with an alert. With nothing wrong it is a server as any other. One suite, ECDHE with AES-128-GCM.
 */
import { createCipheriv, createDecipheriv, createECDH, createHash, createHmac, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Socket } from "node:net";

/** How ServerKeyExchange is signed. */
export type KeyExchangeScript =
	/** As it should be. */
	| "signed"
	/** A bit of the signature is wrong. */
	| "altered"
	/** The message is left out. */
	| "missing"
	/** This hash and algorithm are named, and what follows is no signature. */
	| { hash: number; algorithm: number };

export interface Script {
	/** DER, the leaf first. */
	chain: readonly Uint8Array[];
	/** What signs ServerKeyExchange. */
	key: KeyObject;
	keyExchange?: KeyExchangeScript;
	/** In place of ServerHello: level and description of an alert. */
	alert?: readonly [level: number, description: number];
	/** Version that ServerHello names. */
	version?: number;
	/** Suite that ServerHello names, whatever was offered. */
	suite?: number;
	/** Nothing more is sent after so many messages. */
	stopsAfter?: number;
	/** The connection is closed after so many. */
	cutsAfter?: number;
	/** Bytes of the records that messages come in: as many records as it takes, or all in one. */
	recordSize?: number;
	/** A record of data right behind Finished. */
	greeting?: Uint8Array;
	/** A message that is not due, by its type, before ServerHelloDone. */
	extra?: number;
}

const enum Record {
	CHANGE_CIPHER = 20,
	ALERT = 21,
	HANDSHAKE = 22,
	DATA = 23,
}

const HEAD = 5;
const TAG = 16;
const NONCE = 8;
const SECP256R1 = 23;
const PLAIN_MAX = 16_384;

/** RFC 5246 §5. */
function prf(secret: Buffer, label: string, seed: Buffer, size: number): Buffer {
	const full = Buffer.concat([Buffer.from(label), seed]);
	const parts: Buffer[] = [];
	let a = full;
	for (let have = 0; have < size; have += 32) {
		a = createHmac("sha256", secret).update(a).digest();
		parts.push(createHmac("sha256", secret).update(a).update(full).digest());
	}
	return Buffer.concat(parts).subarray(0, size);
}

function uint(value: number, size: number): Buffer {
	const bytes = Buffer.alloc(size);
	bytes.writeUIntBE(value, 0, size);
	return bytes;
}

function sized(bytes: Uint8Array, size: number): Buffer {
	return Buffer.concat([uint(bytes.length, size), bytes]);
}

/** In the place of a suite: the client wants to hear of renegotiation (RFC 5746 §3.3); and what it hears. */
const RENEGOTIATION_SCSV = 0x00ff;
const RENEGOTIATION_INFO = Buffer.from([0xff, 0x01, 0, 1, 0]);

/** Suites that a ClientHello offers. */
function suitesOf(hello: Buffer): number[] {
	const start = 39 + hello[38]!;
	const size = hello.readUInt16BE(start);
	return Array.from({ length: size >> 1 }, (_, i) => hello.readUInt16BE(start + 2 + 2 * i));
}

/** Keys of one direction. */
class Direction {
	readonly #key: Buffer;
	readonly #salt: Buffer;
	#sequence = 0n;

	constructor(key: Buffer, salt: Buffer) {
		this.#key = key;
		this.#salt = salt;
	}

	#additional(type: number, size: number): Buffer {
		const sequence = Buffer.alloc(8);
		sequence.writeBigUInt64BE(this.#sequence++);
		return Buffer.concat([sequence, Buffer.from([type, 3, 3]), uint(size, 2)]);
	}

	encrypt(type: number, plain: Uint8Array): Buffer {
		const nonce = randomBytes(NONCE);
		const cipher = createCipheriv("aes-128-gcm", this.#key, Buffer.concat([this.#salt, nonce]));
		cipher.setAAD(this.#additional(type, plain.length));
		return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
	}

	decrypt(type: number, body: Buffer): Buffer {
		const nonce = body.subarray(0, NONCE);
		const content = body.subarray(NONCE, body.length - TAG);
		const cipher = createDecipheriv("aes-128-gcm", this.#key, Buffer.concat([this.#salt, nonce]));
		cipher.setAAD(this.#additional(type, content.length));
		cipher.setAuthTag(body.subarray(body.length - TAG));
		return Buffer.concat([cipher.update(content), cipher.final()]);
	}
}

/** One connection to a client. */
export class ScriptedConnection {
	/** Alerts that the client has sent, in clear or not. */
	readonly alerts: number[] = [];
	/** Bytes of data that have come, those in clear too: what a client sends that believes itself safe. */
	data: Buffer = Buffer.alloc(0);
	onData: (bytes: Buffer) => void = () => undefined;
	onEnd: () => void = () => undefined;
	readonly #socket: Socket;
	readonly #script: Script;
	readonly #ecdh = createECDH("prime256v1");
	#received: Buffer = Buffer.alloc(0);
	#messages: Buffer[] = [];
	#clientRandom: Buffer = Buffer.alloc(0);
	readonly #serverRandom = randomBytes(32);
	#master: Buffer = Buffer.alloc(0);
	#reads: Direction | undefined;
	#writes: Direction | undefined;
	#pendingReads: Direction | undefined;
	#pendingWrites: Direction | undefined;
	#sent = 0;
	/** OpenSSL speaks to no server that says nothing about renegotiation (RFC 5746). */
	#asksForRenegotiation = false;

	constructor(socket: Socket, script: Script) {
		this.#socket = socket;
		this.#script = script;
		this.#ecdh.generateKeys();
		socket.on("data", (chunk: Buffer) => {
			try {
				this.#take(chunk);
			} catch {
				socket.destroy();
			}
		});
		socket.on("error", () => undefined);
		socket.on("close", () => this.onEnd());
	}

	/** Sends data, encrypted. */
	write(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; at += PLAIN_MAX) {
			this.#send(Record.DATA, bytes.subarray(at, at + PLAIN_MAX));
		}
	}

	/** Sends an alert. */
	alert(level: number, description: number): void {
		this.#send(Record.ALERT, Buffer.from([level, description]));
	}

	/** A record that nobody with the keys has made. */
	forge(): void {
		this.#socket.write(Buffer.concat([Buffer.from([Record.DATA, 3, 3, 0, 40]), randomBytes(40)]));
	}

	/** HelloRequest (RFC 5246 §7.4.1.1). */
	renegotiate(): void {
		this.#send(Record.HANDSHAKE, Buffer.from([0, 0, 0, 0]));
	}

	end(): void {
		this.#socket.end();
	}

	#take(chunk: Buffer): void {
		this.#received = Buffer.concat([this.#received, chunk]);
		while (this.#received.length >= HEAD) {
			const end = HEAD + this.#received.readUInt16BE(3);
			if (this.#received.length < end) return;
			const type = this.#received[0]!;
			let body = this.#received.subarray(HEAD, end);
			this.#received = this.#received.subarray(end);
			if (this.#reads) body = this.#reads.decrypt(type, body);
			this.#takeRecord(type, body);
		}
	}

	#takeRecord(type: number, body: Buffer): void {
		if (type === (Record.ALERT as number)) this.alerts.push(body[1]!);
		else if (type === (Record.CHANGE_CIPHER as number)) this.#reads = this.#pendingReads;
		else if (type === (Record.DATA as number)) {
			this.data = Buffer.concat([this.data, body]);
			this.onData(body);
		} else {
			for (let at = 0; at < body.length; at += 4 + body.readUIntBE(at + 1, 3)) {
				this.#takeMessage(body.subarray(at, at + 4 + body.readUIntBE(at + 1, 3)));
			}
		}
	}

	#takeMessage(message: Buffer): void {
		const type = message[0]!;
		if (type === 1) {
			this.#messages.push(message);
			this.#clientRandom = message.subarray(6, 38);
			this.#asksForRenegotiation = suitesOf(message).includes(RENEGOTIATION_SCSV);
			this.#answer();
		} else if (type === 16) {
			this.#messages.push(message);
			const secret = this.#ecdh.computeSecret(message.subarray(5));
			const seed = Buffer.concat([this.#clientRandom, this.#serverRandom]);
			this.#master = prf(secret, "master secret", seed, 48);
			const keys = prf(this.#master, "key expansion", Buffer.concat([this.#serverRandom, this.#clientRandom]), 40);
			this.#pendingReads = new Direction(keys.subarray(0, 16), keys.subarray(32, 36));
			this.#pendingWrites = new Direction(keys.subarray(16, 32), keys.subarray(36, 40));
		} else if (type === 20) {
			this.#messages.push(message);
			this.#finish();
		}
	}

	/** ServerHello to ServerHelloDone. */
	#answer(): void {
		const { alert, chain, extra, cutsAfter, stopsAfter, recordSize } = this.#script;
		if (alert) return this.alert(...alert);
		const flight: [type: number, body: Buffer][] = [[2, this.#hello()]];
		flight.push([11, sized(Buffer.concat(chain.map((each) => sized(each, 3))), 3)]);
		const exchange = this.#keyExchange();
		if (exchange) flight.push([12, exchange]);
		if (extra !== undefined) flight.push([extra, Buffer.alloc(0)]);
		flight.push([14, Buffer.alloc(0)]);
		const messages = flight.map(([type, body]) => Buffer.concat([Buffer.from([type]), sized(body, 3)]));
		const limit = cutsAfter ?? stopsAfter ?? Infinity;
		const sent = messages.slice(0, limit);
		this.#sent = sent.length;
		this.#messages.push(...sent);
		if (recordSize === undefined) for (const each of sent) this.#send(Record.HANDSHAKE, each);
		else {
			const all = Buffer.concat(sent);
			for (let at = 0; at < all.length; at += recordSize) {
				this.#send(Record.HANDSHAKE, all.subarray(at, at + recordSize));
			}
		}
		if (cutsAfter !== undefined && this.#sent >= cutsAfter) this.#socket.end();
	}

	#hello(): Buffer {
		const { version = 0x0303, suite, key } = this.#script;
		const usual = key.asymmetricKeyType === "rsa" ? 0xc02f : 0xc02b;
		const hello = [uint(version, 2), this.#serverRandom, Buffer.from([0]), uint(suite ?? usual, 2), uint(0, 1)];
		return Buffer.concat(this.#asksForRenegotiation ? [...hello, sized(RENEGOTIATION_INFO, 2)] : hello);
	}

	#keyExchange(): Buffer | undefined {
		const { keyExchange = "signed", key } = this.#script;
		if (keyExchange === "missing") return undefined;
		const parameters = Buffer.concat([uint(3, 1), uint(SECP256R1, 2), sized(this.#ecdh.getPublicKey(), 1)]);
		const signature = sign("sha256", Buffer.concat([this.#clientRandom, this.#serverRandom, parameters]), key);
		let [hash, algorithm] = [4, key.asymmetricKeyType === "rsa" ? 1 : 3];
		if (keyExchange === "altered") signature[signature.length - 1]! ^= 1;
		else if (keyExchange !== "signed") {
			({ hash, algorithm } = keyExchange);
			signature.fill(0x55);
		}
		return Buffer.concat([parameters, Buffer.from([hash, algorithm]), sized(signature, 2)]);
	}

	/** ChangeCipherSpec and Finished. */
	#finish(): void {
		const { cutsAfter, stopsAfter, greeting } = this.#script;
		if (stopsAfter !== undefined && this.#sent >= stopsAfter) return;
		const digest = createHash("sha256").update(Buffer.concat(this.#messages)).digest();
		const verify = prf(this.#master, "server finished", digest, 12);
		this.#send(Record.CHANGE_CIPHER, Buffer.from([1]));
		if (cutsAfter === this.#sent + 1) return void this.#socket.end();
		this.#writes = this.#pendingWrites;
		this.#send(Record.HANDSHAKE, Buffer.concat([Buffer.from([20]), sized(verify, 3)]));
		if (greeting) this.write(greeting);
	}

	#send(type: number, plain: Uint8Array): void {
		const body = this.#writes ? this.#writes.encrypt(type, plain) : Buffer.from(plain);
		if (!this.#socket.writable) return;
		this.#socket.write(Buffer.concat([Buffer.from([type, 3, 3]), sized(body, 2)]));
	}
}
