import Session, { type SessionCertificates, type SessionPort } from "ssl/session";
import handshakeProtocol from "ssl/handshake";
import PKCS8 from "pkcs8";
import type { CipherSuite } from "ssl/ciphersuites";
import type { PublicKey } from "x509";
import { TlsEnd, type TlsSettings } from "../../ports/tls-engine.js";
import { Certificate } from "./certificate.js";
import { verifyChain } from "./chain.js";
import { Fault, type Failure } from "./failure.js";
import { takeKeyExchange } from "./key-exchange.js";
import { RecordType, type Records } from "./records.js";
import { isAddress } from "./server-name.js";
import { KeyExchange, numberOf } from "./suites.js";

/** Messages of a handshake (RFC 5246 §7.4). */
const enum Message {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	KEY_EXCHANGE = 12,
	CERTIFICATE_REQUEST = 13,
	HELLO_DONE = 14,
	FINISHED = 20,
}

/** What is due from the server: in this order, and nothing else. */
const enum Due {
	HELLO,
	CERTIFICATE,
	KEY_EXCHANGE,
	/** CertificateRequest, or ServerHelloDone. */
	REQUEST,
	DONE,
	CHANGE_CIPHER,
	FINISHED,
	NOTHING,
}

const enum Size {
	MESSAGE_HEAD = 4,
	/** Of a message: no chain of certificates that a device could hold is larger. */
	MESSAGE_MAX = 16_384,
	RANDOM = 32,
}

const VERSION = 0x0303;
const ALPN = 16;
const WARNING = 1;

/** What a session is made from. */
export interface SessionParts {
	settings: TlsSettings;
	suites: readonly CipherSuite[];
	trusted: readonly Certificate[];
	/** The client's certificates and key. */
	certificates: readonly Uint8Array[];
	key: Uint8Array | undefined;
	records: Records;
	failure: Failure;
	/** Takes plain bytes of a record. */
	take(bytes: Uint8Array): void;
}

/**
 * The platform's session, which gets from the server only what is due and was looked at: one message at a time, in the order
 * of RFC 5246 §7.3, whatever records it came in. What it would let pass is refused before: an alert in the place of a message,
 * a version below 1.2, a suite that was not offered, a key exchange without a signature, a message left out.
 */
export class CheckedSession extends Session implements SessionCertificates {
	/** What the server has chosen by ALPN; "" when it has not. */
	protocol: string;
	private _due: Due;
	private readonly _parts: SessionParts;
	private readonly _name: string;
	/** The public key of the server's certificate. */
	private _leafKey: PublicKey | undefined;
	private _exchange: number;
	/** Messages that were not looked at: in `_source`, from `_at` to `_end`, with five bytes before them that are free. */
	private _source: Uint8Array;
	private _at: number;
	private _end: number;
	/** What the platform gets next. */
	private _packet: Uint8Array | undefined;

	/** in: name  of the server, for SNI and the check of its certificate */
	constructor(parts: SessionParts, name: string) {
		super(sessionOptions(parts.settings, name));
		this._parts = parts;
		this._name = name;
		this.protocol = "";
		this._due = Due.HELLO;
		this._leafKey = undefined;
		this._exchange = KeyExchange.ECDHE;
		this._source = parts.records.bytes;
		this._at = this._end = 0;
		this._packet = undefined;
		this.certificateManager = this;
	}

	/** Something is to be sent, or all is done: handshake() needs no message. */
	get isSending(): boolean {
		const message = this.handshakeProcess;
		return message === 0 || message === (Message.HELLO_DONE as number) || message === (Message.FINISHED as number);
	}

	/** Nothing is missing: all messages have come, and both ciphers are in force. */
	get isSecure(): boolean {
		return this._due === Due.NOTHING && !this.alert && this.clientCipher !== null && this.serverCipher !== null;
	}

	// What the platform calls.

	override doProtocol(port: SessionPort, protocol: object, a?: unknown, b?: unknown): void {
		if (protocol !== handshakeProtocol.clientHello) return super.doProtocol(port, protocol, a, b);
		port.write(handshakeProtocol.helloProtocol.packetize(this, this._parts.suites, [0], Message.CLIENT_HELLO));
	}

	override readPacket(_port: SessionPort): Uint8Array | undefined {
		const packet = this._packet;
		this._packet = undefined;
		return packet;
	}

	override putData(bytes: Uint8Array): void {
		this._parts.take(bytes);
	}

	verify(): boolean {
		// Not asked: what is judged is not handed on.
		return false;
	}

	register(): void {
		// Its key is known.
	}

	getKey(certificate: ArrayBuffer | Uint8Array): unknown {
		const { certificates, key } = this._parts;
		return certificate === certificates[0] ? PKCS8.parse(key!) : this._leafKey;
	}

	findPreferredCert(): readonly Uint8Array[] {
		return this._parts.certificates;
	}

	// What the engine calls.

	/** Makes the next message ready for handshake(). out: whether there is one. Throws when it is not due. */
	fetch(): boolean {
		const { records, failure } = this._parts;
		while (!this.nextMessage()) {
			if (!records.fill()) return false;
			const { type, bytes, at, size } = records;
			if (this._due === Due.FINISHED) {
				// Encrypted: the platform takes it as it is. What was in it is seen afterwards.
				if (type !== (RecordType.HANDSHAKE as number) && type !== (RecordType.ALERT as number))
					this.refuse(Fault.ORDER);
				this._packet = records.view();
				return true;
			}
			if (type === (RecordType.ALERT as number)) this.takeAlert(bytes[at + 5]!, bytes[at + 6]!, size);
			else if (type === (RecordType.CHANGE_CIPHER as number)) return this.takeChangeCipher();
			else if (type === (RecordType.HANDSHAKE as number)) this.addMessages(bytes, at + 5, at + size);
			else failure.refuse(TlsEnd.PROTOCOL, Fault.ORDER);
		}
		return true;
	}

	/** A step was done with what fetch() has made ready. In an encrypted message nothing but Finished is due. */
	handleStep(): void {
		if (this._due !== Due.FINISHED || this.handshakeProcess < 0) return;
		if (this.handshakeProcess !== (Message.FINISHED as number)) this.refuse(Fault.ORDER);
		this._due = Due.NOTHING;
	}

	private refuse(fault: number): never {
		return this._parts.failure.refuse(TlsEnd.PROTOCOL, fault);
	}

	/** An alert in clear. Warnings say nothing that would have to be heard, but for close_notify. */
	private takeAlert(level: number, description: number, size: number): void {
		if (size !== 7) this.refuse(Fault.MALFORMED);
		if (level === WARNING && description !== 0) return;
		this._parts.failure.refuse(TlsEnd.REFUSED, description);
	}

	private takeChangeCipher(): boolean {
		const { records } = this._parts;
		const { bytes, at, size } = records;
		if (this._due !== Due.CHANGE_CIPHER || this._at < this._end) this.refuse(Fault.ORDER);
		if (size !== 6 || bytes[at + 5] !== 1) this.refuse(Fault.MALFORMED);
		this._due = Due.FINISHED;
		this._packet = records.view();
		return true;
	}

	/** Adds what a record has to messages that have begun in the one before. */
	private addMessages(bytes: Uint8Array, at: number, end: number): void {
		const begun = this._end - this._at;
		if (begun === 0) {
			this._source = bytes;
			this._at = at;
			this._end = end;
			return;
		}
		if (begun + end - at > Size.MESSAGE_MAX) this.refuse(Fault.MALFORMED);
		const joined = new Uint8Array(5 + begun + end - at);
		joined.set(this._source.subarray(this._at, this._end), 5);
		joined.set(bytes.subarray(at, end), 5 + begun);
		this._source = joined;
		this._at = 5;
		this._end = joined.length;
	}

	/** Makes a record of the next message, if it is whole. */
	private nextMessage(): boolean {
		const source = this._source;
		const at = this._at;
		const there = this._end - at;
		if (there === 0) return false;
		let size = Size.MESSAGE_HEAD as number;
		if (there >= size) size += (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!;
		if (size > Size.MESSAGE_MAX) this.refuse(Fault.MALFORMED);
		if (there < size) {
			// The record is given back: what has begun is kept.
			if (source === this._parts.records.bytes) {
				const kept = new Uint8Array(5 + there);
				kept.set(source.subarray(at, this._end), 5);
				this._source = kept;
				this._at = 5;
				this._end = kept.length;
			}
			return false;
		}
		this._at += size;
		this.look(source[at]!, source, at + Size.MESSAGE_HEAD, at + size);
		if (source[at] === (Message.KEY_EXCHANGE as number) || source[at] === (Message.CERTIFICATE as number)) {
			// All of it is done: the platform would do it in its own way, and further down the stack.
			this.handshakeDigests.SHA256.write(source.subarray(at, at + size));
			this.handshakeProcess = source[at]!;
			return this.nextMessage();
		}
		const packet = source.subarray(at - 5, at + size);
		packet[0] = RecordType.HANDSHAKE;
		packet[1] = packet[2] = 3;
		packet[3] = size >> 8;
		packet[4] = size;
		this._packet = packet;
		return true;
	}

	/** Looks at a message in clear: whether it is due, and what the platform does not look at. */
	private look(type: number, bytes: Uint8Array, at: number, end: number): void {
		const due = this._due;
		if (type === (Message.SERVER_HELLO as number) && due === Due.HELLO) {
			this.lookAtHello(bytes, at, end);
			this._due = Due.CERTIFICATE;
		} else if (type === (Message.CERTIFICATE as number) && due === Due.CERTIFICATE) {
			this.takeCertificates(bytes, at, end);
			this._due = this._exchange === (KeyExchange.RSA as number) ? Due.REQUEST : Due.KEY_EXCHANGE;
		} else if (type === (Message.KEY_EXCHANGE as number) && due === Due.KEY_EXCHANGE) {
			takeKeyExchange(this, this._leafKey!, this._exchange, bytes, at, end, this._parts.failure);
			this._due = Due.REQUEST;
		} else if (type === (Message.CERTIFICATE_REQUEST as number) && due === Due.REQUEST) this._due = Due.DONE;
		else if (type === (Message.HELLO_DONE as number) && (due === Due.REQUEST || due === Due.DONE) && at === end) {
			this._due = Due.CHANGE_CIPHER;
		} else this.refuse(Fault.ORDER);
	}

	/** Certificate (§7.4.2): judges the chain, and keeps the key of the first. */
	private takeCertificates(bytes: Uint8Array, at: number, end: number): void {
		const { settings, trusted, failure } = this._parts;
		const chain: Certificate[] = [];
		const size = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
		let next = at + 3;
		if (size === 0 || next + size !== end) this.refuse(Fault.MALFORMED);
		// Without a check, those behind the first may be anything.
		while (next < end && (settings.verify || chain.length === 0)) {
			const one = (bytes[next]! << 16) | (bytes[next + 1]! << 8) | bytes[next + 2]!;
			next += 3;
			if (one === 0 || next + one > end) this.refuse(Fault.MALFORMED);
			chain.push(new Certificate(bytes.subarray(next, next + one)));
			next += one;
		}
		if (settings.verify) verifyChain(chain, trusted, this._name, Date.now(), failure);
		this._leafKey = chain[0]!.key;
		this.peerCert = bytes;
	}

	/** ServerHello (§7.4.1.3). */
	private lookAtHello(bytes: Uint8Array, at: number, end: number): void {
		const version = (bytes[at]! << 8) | bytes[at + 1]!;
		if (version !== VERSION) this.refuse(version >= 0x0300 && version < VERSION ? version : Fault.MALFORMED);
		const idSize = bytes[at + 2 + Size.RANDOM]!;
		let next = at + 2 + Size.RANDOM + 1 + idSize;
		if (idSize > 32 || next + 3 > end) this.refuse(Fault.MALFORMED);
		const number = (bytes[next]! << 8) | bytes[next + 1]!;
		const chosen = this._parts.suites.find((each) => numberOf(each) === number);
		if (chosen === undefined || bytes[next + 2] !== 0) return this.refuse(Fault.NOT_OFFERED);
		this._exchange = chosen.keyExchangeAlgorithm;
		next += 5;
		while (next + 4 <= end) {
			const type = (bytes[next]! << 8) | bytes[next + 1]!;
			const size = (bytes[next + 2]! << 8) | bytes[next + 3]!;
			next += 4;
			if (next + size > end) this.refuse(Fault.MALFORMED);
			if (type === ALPN) this.lookAtProtocol(bytes, next, size);
			next += size;
		}
	}

	/** The protocol that the server has chosen (RFC 7301 §3.1). */
	private lookAtProtocol(bytes: Uint8Array, at: number, size: number): void {
		let chosen = "";
		for (let i = at + 3; i < at + size; i++) chosen += String.fromCharCode(bytes[i]!);
		if (!this._parts.settings.alpn.includes(chosen)) this.refuse(Fault.NOT_OFFERED);
		this.protocol = chosen;
	}
}

/** Options of the platform's session. */
function sessionOptions(settings: TlsSettings, name: string): object {
	const options: Record<string, unknown> = { protocolVersion: VERSION, verify: settings.verify, cache: false };
	// An address is no name (RFC 6066 §3).
	if (!isAddress(name)) options["serverName"] = name;
	if (settings.alpn.length > 0) options["applicationLayerProtocolNegotiation"] = settings.alpn;
	return options;
}
