/**
 * Stand-in for the engine of TLS, on Node and on XS alike: it has the world speak TLS in its place (host-sim/tls/in-band.ts).
 * On the connection itself go a preamble, then plain bytes; from the world come frames.
 */
import type { TlsBytes, TlsEngine, TlsSettings, TlsSetup } from "../../firmware/ports/tls-engine.js";
import { TlsStep } from "../../firmware/ports/tls-engine.js";
import { ReasonCode } from "../../firmware/client/terms/codes.js";
import { FrameKind, FrameSize, Preamble, SecureFlag, SecureItem, Trusted } from "../tls/in-band.js";

/** A stand-in needs little: a frame may be cut anywhere. */
const LANDING_SIZE = 256;
const OUT_SIZE = 256;

/** Where a handshake is. */
const enum Stage {
	IDLE,
	/** The preamble goes out. */
	ASKING,
	/** The answer is awaited. */
	WAITING,
	DONE,
	OVER,
}

class StandInEngine implements TlsEngine {
	failure = 0;
	detail = 0;
	description = "";
	private readonly _below: TlsSetup["below"];
	private readonly _wake: () => void;
	private readonly _landing: Uint8Array;
	private readonly _out: Uint8Array;
	private readonly _rx: Uint8Array;
	private readonly _tx: Uint8Array;
	/** The items that stay the same: certificates as they were given, behind their heads. */
	private readonly _items: Uint8Array[];
	private _stage: number = Stage.IDLE;
	/** The preamble in pieces, those that are not out yet. */
	private _pieces: Uint8Array[] = [];
	/** Sent of the first of them. */
	private _sent = 0;
	/** Bytes in the landing that were not looked at: from here to one below `_end`. */
	private _at = 0;
	private _end = 0;
	/** Of the frame that is under way: bytes of its head that are there, what it is, bytes that its body still lacks. */
	private _headCount = 0;
	private _kind: number = FrameKind.NONE;
	private _rest = 0;
	/** The body of a frame without data, as far as it is there. */
	private readonly _body: number[] = [];

	constructor(setup: TlsSetup) {
		const { buffer, settings, landing, landingSize, out, outSize, rx, rxSize, tx, txSize } = setup;
		this._below = setup.below;
		this._wake = () => setup.wake();
		this._landing = new Uint8Array(buffer, landing, landingSize);
		this._out = new Uint8Array(buffer, out, outSize);
		this._rx = new Uint8Array(buffer, rx, rxSize);
		this._tx = new Uint8Array(buffer, tx, txSize);
		this._items = itemsOf(settings);
	}

	get readable(): number {
		if (this._stage !== Stage.DONE) return 0;
		if (this._kind === FrameKind.DATA && this._at < this._end) return Math.min(this._rest, this._end - this._at);
		return this._at < this._end || this._below.readable > 0 ? 1 : 0;
	}

	start(host: string): void {
		this.reset();
		this._stage = Stage.ASKING;
		const items = [...this._items, ...item(SecureItem.HOST, textBytes(host))];
		let size = 0;
		for (const piece of items) size += piece.length;
		const head = new DataView(new ArrayBuffer(Preamble.HEAD_SIZE));
		head.setUint32(0, Preamble.MAGIC_HIGH);
		head.setUint32(4, Preamble.MAGIC_LOW);
		head.setUint32(8, size);
		this._pieces = [new Uint8Array(head.buffer), ...items];
		this._wake();
	}

	private reset(): void {
		this.failure = this.detail = 0;
		this.description = "";
		this._stage = Stage.IDLE;
		this._pieces = [];
		this._sent = this._at = this._end = this._headCount = this._rest = 0;
		this._kind = FrameKind.NONE;
		this._body.length = 0;
	}

	step(): TlsStep {
		if (this._stage === Stage.ASKING) this.ask();
		while (this._stage === Stage.WAITING && this.look()) this.takeFrame();
		if (this.failure !== 0) return TlsStep.FAILED;
		return this._stage === Stage.DONE ? TlsStep.DONE : TlsStep.WAITING;
	}

	/** Sends as much of the preamble as below takes. */
	private ask(): void {
		for (;;) {
			const count = this.fillOut();
			if (count === 0) break;
			let taken = this._below.write(count);
			if (taken === 0) return;
			while (taken > 0) {
				const left = this._pieces[0]!.length - this._sent;
				if (taken < left) {
					this._sent += taken;
					break;
				}
				taken -= left;
				this._sent = 0;
				this._pieces.shift();
			}
		}
		this._stage = Stage.WAITING;
	}

	/** Puts what is to be sent next into the region, from its start. out: how many bytes */
	private fillOut(): number {
		const out = this._out;
		let count = 0;
		let from = this._sent;
		for (const piece of this._pieces) {
			const part = Math.min(piece.length - from, out.length - count);
			out.set(piece.subarray(from, from + part), count);
			count += part;
			from = 0;
			if (count === out.length) break;
		}
		return count;
	}

	/** Whether there are bytes that were not looked at; takes them from below when there are none. */
	private look(): boolean {
		if (this._at < this._end) return true;
		this._at = this._end = 0;
		if (this._below.readable > 0) this._end = this._below.read(this._landing.length);
		return this._end > 0;
	}

	/** Looks at what is there up to the first byte of data, or to the end. */
	private takeFrame(): void {
		while (this._at < this._end && this.failure === 0) {
			if (this._headCount < FrameSize.HEAD) this.takeHead(this._landing[this._at++]!);
			else if (this._kind === FrameKind.DATA) return;
			else {
				this._body.push(this._landing[this._at++]!);
				this._rest--;
			}
			if (this._headCount === FrameSize.HEAD && this._rest === 0) this.endFrame();
		}
	}

	private takeHead(byte: number): void {
		if (this._headCount === 0) {
			this._kind = byte;
			const due = this._stage === Stage.DONE ? FrameKind.DATA : FrameKind.DONE;
			// Somebody has answered without having been asked.
			if (byte !== due && byte !== FrameKind.FAILED) return this.fail(ReasonCode.SECURITY_PROTOCOL, byte);
		} else this._rest = (this._rest << 8) | byte;
		this._headCount++;
	}

	private endFrame(): void {
		const body = this._body;
		if (this._kind === FrameKind.FAILED) this.fail(body[0]!, (body[1]! << 8) | body[2]!);
		else if (this._kind === FrameKind.DONE) {
			this._stage = Stage.DONE;
			for (let i = 0; i < body.length; i++) this.description += String.fromCharCode(body[i]!);
		}
		body.length = this._headCount = this._rest = 0;
		this._kind = FrameKind.NONE;
	}

	private fail(reason: number, detail: number): void {
		this.failure = reason;
		this.detail = detail;
		this._stage = Stage.OVER;
	}

	read(countMax: number): number {
		while (this._stage === Stage.DONE && this.look()) {
			if (this._kind === FrameKind.DATA && this._headCount === FrameSize.HEAD) return this.takeData(countMax);
			this.takeFrame();
		}
		return 0;
	}

	private takeData(countMax: number): number {
		const count = Math.min(countMax, this._rest, this._end - this._at);
		const landing = this._landing;
		for (let i = 0; i < count; i++) this._rx[i] = landing[this._at + i]!;
		this._at += count;
		this._rest -= count;
		if (this._rest === 0) this.endFrame();
		return count;
	}

	write(count: number): number {
		if (this._stage !== Stage.DONE) return 0;
		if (count > this._out.length) count = this._out.length;
		for (let i = 0; i < count; i++) this._out[i] = this._tx[i]!;
		return this._below.write(count);
	}

	end(): void {
		this.reset();
	}
}

/** What the settings say, as items of the preamble. */
function itemsOf(settings: TlsSettings): Uint8Array[] {
	const { ca, certificate, key, alpn, serverName, verify, rsaKeyExchange } = settings;
	const flags = (verify ? SecureFlag.VERIFY : 0) | (rsaKeyExchange ? SecureFlag.RSA_KEY_EXCHANGE : 0);
	for (let i = 0; i < ca.length; i++) checkForm(bytesOf(ca[i]!), "ca");
	for (let i = 0; i < certificate.length; i++) checkForm(bytesOf(certificate[i]!), "certificate");
	if (key !== undefined) checkKey(bytesOf(key));
	return [
		...item(SecureItem.FLAGS, Uint8Array.of(flags)),
		...item(SecureItem.SERVER_NAME, textBytes(serverName)),
		...alpn.flatMap((protocol) => item(SecureItem.ALPN, textBytes(protocol))),
		...ca.flatMap((bytes) => item(SecureItem.CA, bytesOf(bytes))),
		...certificate.flatMap((bytes) => item(SecureItem.CERTIFICATE, bytesOf(bytes))),
		...(key === undefined ? [] : item(SecureItem.KEY, bytesOf(key))),
	];
}

/** What makes a device's files of those that everybody else has. */
const MEND = "npx xs-mqtt certificate --ca ca.pem --cert cert.pem --key key.pem --out certificates";
/** The identifier of EC keys, 1.2.840.10045.2.1, as it stands in DER; and in PEM of PKCS#8, where its place is always the same. */
const EC = Object.freeze([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
const EC_IN_PEM = "qGSM49AgE";
/** How far into a key its kind is told. */
const KEY_HEAD_SIZE = 160;

/** Throws TypeError as a device does, but for PEM, which is taken here. */
function refuse(option: string, what: string): never {
	throw new TypeError(`tls.${option}: ${what}; write ${MEND}`);
}

/** A sequence in DER, or PEM behind whatever text. */
function checkForm(bytes: Uint8Array, option: string): void {
	if (bytes[0] === 0x30 || holds(bytes, textBytes("-----BEGIN "), bytes.length)) return;
	if (!holds(bytes, textBytes(Trusted.SYSTEM), 1)) refuse(option, "is neither DER nor PEM");
}

/** A device signs with RSA only. */
function checkKey(bytes: Uint8Array): void {
	checkForm(bytes, "key");
	const hasText = (text: string): boolean => holds(bytes, textBytes(text), KEY_HEAD_SIZE);
	if (hasText("ENCRYPTED PRIVATE KEY")) refuse("key", "is encrypted; a device takes it as it is");
	if (holds(bytes, EC, KEY_HEAD_SIZE) || hasText(EC_IN_PEM) || hasText("EC PRIVATE KEY"))
		refuse("key", "is an EC key; the platform's TLS takes RSA keys only");
}

/** Whether bytes stand somewhere at the start of others, `limit` places of which are looked at. */
function holds(bytes: Uint8Array, wanted: ArrayLike<number>, limit: number): boolean {
	for (let at = 0; at < limit && at + wanted.length <= bytes.length; at++) {
		let same = 0;
		while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
		if (same === wanted.length) return true;
	}
	return false;
}

/** An item's head and body. */
function item(kind: SecureItem, body: Uint8Array): Uint8Array[] {
	const size = body.length;
	return [Uint8Array.of(kind, size >> 16, size >> 8, size), body];
}

function bytesOf(bytes: TlsBytes): Uint8Array {
	if (typeof bytes === "string") return textBytes(bytes);
	return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
}

/** As a device does it: a method of a string for each character would take slots of the heap. */
function textBytes(text: string): Uint8Array {
	const { fromString } = ArrayBuffer as unknown as { fromString(this: unknown, text: string): ArrayBuffer };
	return new Uint8Array(fromString.call(ArrayBuffer, text));
}

/** Makes the engine. */
export const makeEngine = Object.freeze(
	Object.assign((setup: TlsSetup): TlsEngine => new StandInEngine(setup), {
		landingSize: LANDING_SIZE,
		outSize: OUT_SIZE,
	}),
);
