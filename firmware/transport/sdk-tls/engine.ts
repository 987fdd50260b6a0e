/**
 * TLS by the modules of the Moddable SDK below its socket class (`ssl/session`, `ssl/record`, and what they stand on), which
 * are as they are: what they leave open is closed around them. `"xs-mqtt/tls-engine"` on a device.
 */
import recordProtocol from "ssl/record";
import SSLAlert from "ssl/alert";
import PKCS8 from "pkcs8";
import { TransportEnd } from "../../ports/transport.js";
import { TlsEnd, TlsStep, type TlsEngine, type TlsEngineFactory, type TlsSetup } from "../../ports/tls-engine.js";
import { certificateOf, keyOf } from "../tls/formats.js";
import { Certificate } from "./certificate.js";
import { Fault, Failure } from "./failure.js";
import { KeptViews } from "./kept-views.js";
import { Records, RecordSize, RecordType } from "./records.js";
import { CheckedSession, type SessionParts } from "./session.js";
import { kindOf, Signature } from "./signature.js";
import { nameOf, suitesFor } from "./suites.js";

const enum Size {
	/** Plain bytes of a record that goes out, at most. */
	PLAIN_MAX = 512,
	OUT = PLAIN_MAX + RecordSize.OVERHEAD,
}

const enum Count {
	/** Messages of a handshake in one step. */
	MESSAGES_MAX = 8,
}

/** Levels of alerts, and numbers of those that are sent (RFC 5246 §7.2). */
const enum Alert {
	WARNING = 1,
	FATAL = 2,
	CLOSE_NOTIFY = 0,
	BAD_RECORD = 20,
	HANDSHAKE_FAILURE = 40,
	BAD_CERTIFICATE = 42,
	EXPIRED = 45,
	UNKNOWN_CA = 48,
	PROTOCOL_VERSION = 70,
}

/** What the SDK's session writes to: packets wait here until below takes them. */
class Port {
	readable = 1;
	writable = 0;
	readonly packets: Uint8Array[] = [];

	write(packet: Uint8Array): void {
		this.packets.push(packet);
	}
}

class SdkEngine implements TlsEngine {
	// What every packet needs comes first.
	private _failure = new Failure();
	/** Plain bytes that nobody has read: in the arena, from here, so many. */
	private _plain = 0;
	private _plainAt = 0;
	private readonly _arena: Uint8Array;
	private readonly _rx: number;
	private readonly _records: Records;
	private _session: CheckedSession | null = null;
	private _done = false;
	/** Bytes of the record that goes out, which below has not taken; and how many of the client's are in it. */
	private _outLeft = 0;
	private _outPlain = 0;
	private readonly _out: number;
	private readonly _views: KeptViews;
	private readonly _below: TlsSetup["below"];
	/** Of a record that is larger than the area: all of it, a window on its start, and from where there is more. */
	private _large: Uint8Array | null = null;
	private _window: Uint8Array | null = null;
	private _largeAt = 0;
	private readonly _setup: TlsSetup;
	private readonly _parts: SessionParts;
	private _port: Port | null = null;
	/** Sent of the first packet of the port. */
	private _sent = 0;

	constructor(setup: TlsSetup) {
		const { settings } = setup;
		this._setup = setup;
		this._below = setup.below;
		this._rx = setup.rx;
		this._out = setup.out;
		this._arena = new Uint8Array(setup.buffer);
		this._records = new Records(setup, this._arena, this._failure);
		this._views = new KeptViews(setup.buffer, setup.tx);
		const trusted = settings.ca.map((each, i) => readCertificate(each, settings.ca.length > 1 ? `ca[${i}]` : "ca"));
		const certificates = settings.certificate.map((each) => readCertificate(each, "certificate").bytes);
		this._parts = {
			settings,
			suites: suitesFor(settings),
			trusted,
			certificates,
			key: settings.key === undefined ? undefined : readKey(settings.key, certificates[0]!),
			records: this._records,
			failure: this._failure,
			take: (bytes) => this.take(bytes),
		};
	}

	get failure(): number {
		return this._failure.reason;
	}

	get detail(): number {
		return this._failure.detail;
	}

	get readable(): number {
		if (this._plain > 0) return this._plain;
		if (!this._done) return 0;
		return this._large !== null || (this._failure.reason === 0 && this._records.waiting) ? 1 : 0;
	}

	get description(): string {
		const session = this._session;
		if (!this._done || session === null) return "";
		const protocol = session.protocol === "" ? "" : `, ALPN ${session.protocol}`;
		return `TLSv1.2 ${nameOf(session.chosenCipher!)}${protocol}`;
	}

	start(host: string, _port: number): void {
		this.forget();
		this._session = new CheckedSession(this._parts, this._setup.settings.serverName || host);
		this._session.initiateHandshake();
		this._port = new Port();
	}

	private forget(): void {
		this._session = null;
		this._port = null;
		this._done = false;
		this._failure.reason = this._failure.detail = 0;
		this._plain = this._outLeft = this._outPlain = this._sent = 0;
		this._large = this._window = null;
		this._records.reset();
	}

	// The handshake.

	step(): TlsStep {
		if (this._failure.reason !== 0 || this._session === null) return TlsStep.FAILED;
		if (this._done) return TlsStep.DONE;
		try {
			return this.advance(this._session, this._port!);
		} catch {
			const { alert } = this._session;
			if (alert) this._failure.set(TlsEnd.REFUSED, alert.description);
			// What the platform throws: a message that it cannot use.
			this._failure.set(TlsEnd.PROTOCOL, Fault.MALFORMED);
			return TlsStep.FAILED;
		}
	}

	/**
	 * Goes on while messages are there: what has arrived is to be taken at once, because a platform that is told of the
	 * connection's end forgets it. Bounded by Count.MESSAGES_MAX; a flight of the server's has five.
	 */
	private advance(session: CheckedSession, port: Port): TlsStep {
		for (let i = 0; i < Count.MESSAGES_MAX; i++) {
			if (!this.flushPackets(port)) return TlsStep.WAITING;
			if (!session.isSending && !session.fetch()) return TlsStep.WAITING;
			const isOver = session.handshake(port);
			session.handleStep();
			if (!isOver) continue;
			if (session.alert) return this._failure.refuse(TlsEnd.REFUSED, session.alert.description);
			if (!session.isSecure) return this._failure.refuse(TlsEnd.PROTOCOL, Fault.ORDER);
			this._done = true;
			this._port = null;
			return TlsStep.DONE;
		}
		this._setup.wake();
		return TlsStep.WAITING;
	}

	/**
	 * Hands down the messages of a handshake, as many at once as fit: a server that does not like the first may close, and
	 * what it said would be lost by another write. out: whether all of them are out
	 */
	private flushPackets(port: Port): boolean {
		while (this.flush()) {
			if (port.packets.length === 0) return true;
			this.fillFrom(port.packets);
		}
		return false;
	}

	/** Moves bytes of packets to the region. */
	private fillFrom(packets: Uint8Array[]): void {
		while (packets.length > 0 && this._outLeft < Size.OUT) {
			const packet = packets[0]!;
			const count = Math.min(Size.OUT - this._outLeft, packet.length - this._sent);
			this._arena.set(packet.subarray(this._sent, this._sent + count), this._out + this._outLeft);
			this._outLeft += count;
			this._sent += count;
			if (this._sent < packet.length) return;
			packets.shift();
			this._sent = 0;
		}
	}

	/** Hands down what stands in the region. out: whether below has all of it. */
	private flush(): boolean {
		const out = this._out;
		while (this._outLeft > 0) {
			const taken = this._below.write(this._outLeft);
			if (taken === 0) return false;
			this._arena.copyWithin(out, out + taken, out + this._outLeft);
			this._outLeft -= taken;
		}
		return true;
	}

	// Plain bytes.

	read(countMax: number): number {
		if (this._plain === 0) this.next();
		const count = this._plain < countMax ? this._plain : countMax;
		this._arena.copyWithin(this._rx, this._plainAt, this._plainAt + count);
		this._plainAt += count;
		this._plain -= count;
		return count;
	}

	/** The next plain bytes, if a record is there. Throws what below throws. */
	private next(): void {
		if (this._large !== null) return this.slide();
		while (this._plain === 0 && this._failure.reason === 0) {
			if (!this.fill()) return;
			this.decrypt(this._session!);
		}
	}

	private fill(): boolean {
		try {
			return this._records.fill();
		} catch (error) {
			// No record: that is known. Anything else is the connection's.
			if (this._failure.reason === 0) throw error;
			return false;
		}
	}

	private decrypt(session: CheckedSession): void {
		const { type } = this._records;
		if (type !== (RecordType.DATA as number) && type !== (RecordType.ALERT as number)) {
			// A new handshake: nobody needs one, and it has been an entrance before.
			return this._failure.set(TlsEnd.PROTOCOL, Fault.ORDER);
		}
		try {
			recordProtocol.unpacketize(session, this._records.view());
		} catch {
			if (!session.alert) this._failure.set(TlsEnd.PROTOCOL, Fault.BAD_RECORD);
		}
		if (!session.alert) return;
		const { description } = session.alert;
		if (description === (Alert.CLOSE_NOTIFY as number)) this._failure.set(TransportEnd.LOST, 0);
		else this._failure.set(TlsEnd.REFUSED, description);
	}

	/** Takes plain bytes of a record: where they stand, or, of a large one, by a window that is moved over it. */
	private take(bytes: Uint8Array): void {
		if (bytes.buffer === this._arena.buffer) {
			this._plainAt = bytes.byteOffset;
			this._plain = bytes.length;
			return;
		}
		this._large = bytes;
		this._largeAt = 0;
		this._window = bytes.length > RecordSize.AREA ? bytes.subarray(0, RecordSize.AREA) : bytes;
		this.slide();
	}

	/** Copies the next part of a large record to the area. */
	private slide(): void {
		const large = this._large!;
		const window = this._window!;
		const left = large.length - this._largeAt;
		const size = left < window.length ? left : window.length;
		if (this._largeAt > 0) large.copyWithin(0, this._largeAt, this._largeAt + size);
		this._plainAt = this._setup.landing + RecordSize.PIECE;
		this._arena.set(window, this._plainAt);
		this._plain = size;
		this._largeAt += size;
		if (size === left) this._large = this._window = null;
	}

	write(count: number): number {
		if (this._outPlain === 0) {
			const view = this._views.get(count < Size.PLAIN_MAX ? count : Size.PLAIN_MAX);
			this.put(recordProtocol.packetize(this._session!, RecordType.DATA, view));
			this._outPlain = this._views.size;
		}
		if (!this.flush()) return 0;
		const taken = this._outPlain;
		this._outPlain = 0;
		return taken;
	}

	private put(packet: Uint8Array): void {
		this._arena.set(packet, this._out);
		this._outLeft = packet.length;
	}

	end(): void {
		const session = this._session;
		// Half a record is out: what would follow is no record any more.
		if (session !== null && this._outLeft === 0 && (this._port === null || this._port.packets.length === 0)) {
			this.sayLast(session);
		}
		this.forget();
	}

	private sayLast(session: CheckedSession): void {
		const { reason } = this._failure;
		if (reason === 0) {
			if (!this._done) return;
			this.put(SSLAlert.packetize(session, Alert.WARNING, Alert.CLOSE_NOTIFY));
		} else {
			const description = alertFor(reason, this._failure.detail);
			if (description < 0) return;
			this.put(SSLAlert.packetize(session, Alert.FATAL, description));
		}
		this._below.write(this._outLeft);
	}
}

/** What the server is told of a reason; -1: nothing. */
function alertFor(reason: number, detail: number): number {
	switch (reason as TlsEnd) {
		case TlsEnd.UNKNOWN_ISSUER:
			return Alert.UNKNOWN_CA;
		case TlsEnd.EXPIRED:
			return Alert.EXPIRED;
		case TlsEnd.BAD_SIGNATURE:
		case TlsEnd.NOT_YET_VALID:
		case TlsEnd.WRONG_NAME:
			return Alert.BAD_CERTIFICATE;
		case TlsEnd.PROTOCOL:
			if (detail === (Fault.NOT_TLS as number)) return -1;
			if (detail === (Fault.BAD_RECORD as number)) return Alert.BAD_RECORD;
			return detail >= 0x0300 ? Alert.PROTOCOL_VERSION : Alert.HANDSHAKE_FAILURE;
		default:
			return -1;
	}
}

function readCertificate(value: Parameters<typeof certificateOf>[0], option: string): Certificate {
	const bytes = certificateOf(value, option);
	try {
		return new Certificate(bytes);
	} catch (error) {
		throw new TypeError(`tls.${option}: is not a certificate`, { cause: error });
	}
}

/** The key of the client's certificate. Throws when it is that of another one. */
function readKey(value: Parameters<typeof keyOf>[0], leaf: Uint8Array): Uint8Array {
	const key = keyOf(value, "key");
	const owner = new Certificate(leaf).key;
	if (kindOf(owner) !== Signature.RSA) {
		throw new TypeError("tls.certificate: has an EC key; the platform's TLS takes RSA keys only");
	}
	if (PKCS8.parse(key).modulus !== owner.modulus) throw new TypeError("tls.key: is not that of tls.certificate");
	return key;
}

export const makeEngine: TlsEngineFactory = Object.freeze(
	Object.assign((setup: TlsSetup): TlsEngine => new SdkEngine(setup), {
		landingSize: RecordSize.LANDING,
		outSize: Size.OUT,
	}),
);
