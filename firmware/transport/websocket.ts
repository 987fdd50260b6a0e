// Read RFC 6455 §4.1, §5 and §7, and MQTT 3.1.1 §6, before changing this file.
import {
	TransportEnd,
	TransportLayer,
	type Transport,
	type TransportFactory,
	type TransportListener,
	type TransportSetup,
} from "../ports/transport.js";
import { tcp } from "./tcp.js";
import { AnswerReader } from "./websocket/answer-reader.js";
import { BadFrame, BadUpgrade, Close, End, Frame, Length, Own } from "./websocket/codes.js";
import { Ahead, FrameReader } from "./websocket/frame-reader.js";
import { maskRest, maskWords } from "./websocket/mask.js";
import { outSize, readOptions, type WebSocketOptions, type WebSocketSettings } from "./websocket/options.js";
import { RequestWriter } from "./websocket/request-writer.js";

export type { WebSocketHeaders, WebSocketOptions } from "./websocket/options.js";

const enum Stage {
	CLOSED = 0,
	/** The transport below is opening. */
	BELOW = 1,
	/** The request goes out, or its answer is awaited. */
	HANDSHAKE = 2,
	OPEN = 3,
	/** The end is known, and told in a turn of its own. Nothing is open any more. */
	ENDED = 4,
}

/** Places behind the start of what goes out; in short frames the payload starts at a whole word, see Own.GAP. */
const enum Out {
	LENGTH = 1,
	/** Of frames up to 125 bytes. */
	SHORT_HEAD = 6,
	/** Two bytes of length, and the mask. */
	LONG_LENGTH = 2,
	LONG_MASK = 4,
	LONG_HEAD = 8,
}

/** What cannot be taken now, in place of a count of bytes: `_outLeft`. */
const enum Left {
	/** No connection. */
	CLOSED = -1,
}

const enum Random {
	/** Masks are whole numbers below. */
	RANGE = 0x1_0000_0000,
}

/**
 * WebSocket over another transport. Arrived bytes land where the client wants them, and frames are taken apart there. What goes
 * out is masked in a region of our own, whose layout is
 *
 *     | gap | 82 | length | 0 or 2 bytes | mask | payload …          | control: 128 bytes | own region of below …
 *           ↑ where below takes bytes from
 *
 * Hot: no allocation. Fields stand in the order of their use.
 */
class WebSocketTransport implements Transport, TransportListener {
	readable = 0;
	private _stage: Stage = Stage.CLOSED;
	private readonly _frames: FrameReader;
	private readonly _inner: Transport;
	private readonly _listener: TransportListener;
	private readonly _bytes: Uint8Array;
	private readonly _view: DataView;
	private readonly _rx: number;
	private readonly _rxSize: number;
	/** Bytes of what goes out that below has not taken yet, from `_out`; or Left.CLOSED. */
	private _outLeft: number = Left.CLOSED;
	/** Words from the start of the gap. */
	private readonly _words: Int32Array;
	private readonly _tx: number;
	/** Where the payload of a short frame starts, and where its length stands. */
	private readonly _payload: number;
	private readonly _length: number;
	private readonly _out: number;
	private readonly _random: () => number;
	/** Bytes of the client's that are in it. */
	private _outPlain = 0;
	private readonly _frameMax: number;
	private readonly _control: number;
	private readonly _request: RequestWriter;
	private readonly _requestMax: number;
	private readonly _answer: AnswerReader;
	private _host = "";
	private _port = 0;
	/** Bytes behind the head of the answer: from `_keptAt`, so many. */
	private _keptAt = 0;
	private _kept = 0;
	/** Why it has ended, while that is to be told. */
	private _end = 0;
	private _detail = 0;

	constructor(setup: TransportSetup, settings: WebSocketSettings) {
		const { buffer, ownOffset, rxOffset } = setup;
		const size = outSize(settings);
		const control = ownOffset + size;
		const out = ownOffset + Own.GAP;
		const bytes = new Uint8Array(buffer);
		const view = new DataView(buffer);
		this._bytes = bytes;
		this._view = view;
		this._words = new Int32Array(buffer, ownOffset, size >> 2);
		this._rx = rxOffset;
		this._rxSize = setup.rxSize;
		this._tx = setup.txOffset;
		this._out = out;
		this._payload = out + Out.SHORT_HEAD;
		this._length = out + Out.LENGTH;
		this._control = control;
		this._frameMax = settings.frameSize;
		this._random = settings.random;
		this._listener = setup.listener;
		this._frames = new FrameReader(bytes, rxOffset, control);
		this._request = new RequestWriter(settings, bytes, view, new Int32Array(buffer), out, control);
		this._requestMax = settings.requestSize;
		this._answer = new AnswerReader(bytes, this._request.accept, control + Own.NAME);
		this._inner = settings.over({
			...setup,
			txOffset: out,
			txSize: size - Own.GAP,
			ownOffset: control + Own.CONTROL,
			listener: this,
		});
		this.checkSize(settings, setup);
	}

	/** Throws RangeError when the request of the first attempt is known and too long. */
	private checkSize({ askPath, askHeaders, requestSize }: WebSocketSettings, { host, port }: TransportSetup): void {
		if (askPath ?? askHeaders ?? this._request.write(host, port) <= requestSize) return;
		throw new RangeError(
			`webSocket.requestSize: ${requestSize} bytes are too few for this path, these headers and this host`,
		);
	}

	get resolving(): boolean {
		return this._inner.resolving === true;
	}

	// What every message needs.

	read(countMax: number): number {
		const ahead = this._frames.ahead;
		if (ahead < 0) return this.readOn(countMax);
		const inner = this._inner;
		const count = inner.read(countMax);
		this.readable = inner.readable;
		if (ahead) {
			// Payload and nothing else; behind the last of a fragment something is looked at.
			if (count < ahead || (count === ahead && !this._frames.isOpen)) {
				this._frames.ahead = ahead - count;
				return count;
			}
		} else if (count < Length.SHORT_MAX + 3) {
			// The usual case: one short frame, whole. It has two bytes of head.
			const rx = this._rx;
			const size = count - 2;
			if (this._view.getUint16(rx) === (Frame.MESSAGE_HEAD | size)) {
				this._bytes.copyWithin(rx, rx + 2, rx + count);
				return size || this.readNext(countMax);
			}
		} else if (this._view.getUint16(this._rx) === Frame.LONG_HEAD) {
			const size = this.readLong(count);
			if (size > 0) return size;
		}
		return this.takeApart(this._rx, count, countMax);
	}

	write(count: number): number {
		if (this._outLeft) return this.writeOn(count);
		if (count > Length.SHORT_MAX) return this.writeLong(count);
		const bytes = this._bytes;
		const words = this._words;
		const tx = this._tx;
		bytes.copyWithin(this._payload, tx, tx + count);
		bytes[this._length] = Length.MASK | count;
		const mask = (this._random() * Random.RANGE) | 0;
		words[1] = mask;
		words[2]! ^= mask;
		// An ack is one word: a call would be most of it.
		if (count > 4) maskRest(words, mask, count);
		const size = count + Out.SHORT_HEAD;
		const taken = this._inner.write(size);
		if (taken === size) return count;
		return this.keep(count, size, taken);
	}

	handleReadable(): void {
		if (this._stage !== Stage.OPEN) return this.readAnswer();
		this.readable = this._inner.readable;
		this._listener.handleReadable();
	}

	// Of the outer one.

	open(host: string, port: number): TransportEnd | void {
		this.forget();
		this._host = host;
		this._port = port;
		this._stage = Stage.BELOW;
		const end = this._inner.open(host, port);
		if (end) this.forget();
		return end;
	}

	close(): void {
		if (this._stage === Stage.OPEN && this._outLeft === 0) this.sayGoodbye(Close.NORMAL);
		this.forget();
		this._inner.close();
	}

	turn(): void {
		this._inner.turn?.();
		if (this._stage === Stage.ENDED) this.tellEnd();
	}

	private tellEnd(): void {
		const end = this._end;
		const detail = this._detail;
		this.forget();
		this._listener.handleEnded(end, detail);
	}

	/** As before open(). */
	private forget(): void {
		this._stage = Stage.CLOSED;
		this._outLeft = Left.CLOSED;
		this.readable = this._outPlain = this._kept = this._end = 0;
	}

	// Of the inner one.

	handleResolved(): void {
		this._listener.handleResolved();
	}

	handleConnected(layer: TransportLayer): void {
		this._listener.handleConnected(layer);
	}

	handleOpened(): void {
		this._stage = Stage.HANDSHAKE;
		this._listener.handleConnected(TransportLayer.WEBSOCKET);
		// The turn that has run may have closed, and even have opened anew.
		if (this._stage !== Stage.HANDSHAKE) return;
		const fault = this._request.ask();
		// So may the functions of the program.
		if (this._stage !== Stage.HANDSHAKE) return;
		if (fault) return this.fail(End.BAD_UPGRADE, fault);
		const size = this._request.write(this._host, this._port);
		if (size > this._requestMax) return this.fail(End.BAD_UPGRADE, BadUpgrade.REQUEST_SIZE);
		this._answer.reset();
		this._frames.reset();
		this._outLeft = size;
		this.flushRequest();
	}

	private flushRequest(): void {
		try {
			if (this.flush()) this._outLeft = Left.CLOSED;
		} catch {
			this.fail(TransportEnd.LOST, 0);
		}
	}

	handleWritable(): void {
		if (this._stage === Stage.HANDSHAKE) {
			if (this._outLeft > 0) this.flushRequest();
			return;
		}
		if (this._stage !== Stage.OPEN) return;
		// A frame that the client waits for is its own business; an answer of ours is nobody's.
		if (this._outLeft > 0 && this._outPlain === 0) {
			try {
				if (this.flush()) this.answerPing();
			} catch {
				return this.fail(TransportEnd.LOST, 0);
			}
		}
		this._listener.handleWritable();
	}

	handleEnded(end: TransportEnd | number, detail = 0): void {
		this.forget();
		this._listener.handleEnded(end, detail);
	}

	wake(): void {
		this._listener.wake();
	}

	private fail(end: number, detail: number): void {
		this.forget();
		this._inner.close();
		this._listener.handleEnded(end, detail);
	}

	// The opening handshake.

	/** Something has come before all stands. */
	private readAnswer(): void {
		if (this._stage !== Stage.HANDSHAKE) return;
		const answer = this._answer;
		const rx = this._rx;
		let at = 0;
		let limit = 0;
		try {
			while (at === 0 && answer.end === 0 && this._inner.readable > 0) {
				const count = this._inner.read(this._rxSize);
				if (count === 0) return;
				limit = rx + count;
				at = answer.take(rx, limit);
			}
		} catch {
			return this.fail(TransportEnd.LOST, 0);
		}
		if (answer.end !== 0) this.fail(answer.end, answer.detail);
		else if (at > 0) this.handleAnswered(at, limit - at);
	}

	/** The server agrees. in: keptAt, kept  bytes of frames that have come with its answer; nobody reads others before them */
	private handleAnswered(keptAt: number, kept: number): void {
		this._stage = Stage.OPEN;
		this._keptAt = keptAt;
		this._kept = kept;
		if (this._outLeft < 0) this._outLeft = 0;
		if (kept > 0) this._frames.ahead = Ahead.OTHER;
		this.readable = kept || this._inner.readable;
		this._listener.handleOpened();
	}

	// Frames that come, all but the usual ones.

	/** As read(), where a frame has begun, or bytes were kept. */
	private readOn(countMax: number): number {
		const kept = this._kept;
		if (kept === 0) {
			const count = this._inner.read(countMax);
			this.readable = this._inner.readable;
			return this.takeApart(this._rx, count, countMax);
		}
		const at = this._keptAt;
		const count = kept < countMax ? kept : countMax;
		this._keptAt = at + count;
		this._kept = kept - count;
		this.readable = this._kept || this._inner.readable;
		return this.takeApart(at, count, countMax);
	}

	/** A frame with two bytes of length begins. out: bytes of its payload; 0: take it apart, something follows it */
	private readLong(count: number): number {
		const rx = this._rx;
		const size = count - 4;
		const left = this._view.getUint16(rx + 2) - size;
		if (left < 0) return 0;
		this._bytes.copyWithin(rx, rx + 4, rx + count);
		this._frames.begin(left);
		return size;
	}

	/** What comes next, where a read has come to nothing. */
	private readNext(countMax: number): number {
		return this.readable === 0 ? 0 : this.read(countMax);
	}

	/** Takes frames out of what has come. */
	private takeApart(from: number, count: number, countMax: number): number {
		const frames = this._frames;
		const plain = frames.take(from, from + count);
		if (this._kept > 0) frames.ahead = Ahead.OTHER;
		if (frames.pingSize >= 0) this.answerPing();
		if (frames.end !== 0) this.finish(frames.end, frames.detail);
		return plain || this.readNext(countMax);
	}

	/** A frame has come that is the last. What came before it is read now; the end is told afterwards. */
	private finish(end: number, detail: number): void {
		if (this._outLeft === 0) this.sayGoodbye(end === (End.CLOSED as number) ? detail : closeCodeOf(detail));
		this._inner.close();
		this.forget();
		this._stage = Stage.ENDED;
		this._end = end;
		this._detail = detail;
		this._listener.wake();
	}

	// What goes out, all but the usual frames.

	/** As write(), where something is half written, or nothing can be. */
	private writeOn(count: number): number {
		if (this._stage !== Stage.OPEN || !this.flush()) return 0;
		const plain = this._outPlain;
		this._outPlain = 0;
		this.answerPing();
		if (plain > 0) return plain;
		return this._outLeft === 0 ? this.write(count) : 0;
	}

	/** As write(), for more than a short frame carries. */
	private writeLong(count: number): number {
		if (count > this._frameMax) count = this._frameMax;
		const out = this._out;
		const view = this._view;
		this._bytes[this._length] = Length.MASK | Length.TWO_BYTES;
		this._bytes.copyWithin(out + Out.LONG_HEAD, this._tx, this._tx + count);
		// Words do not begin where the mask does: it is what becomes of zeros.
		view.setInt32(out + Out.LONG_MASK, 0);
		const size = count + Out.LONG_HEAD;
		maskWords(this._words, (this._random() * Random.RANGE) | 0, 1, (Own.GAP + size + 3) >> 2);
		view.setUint16(out + Out.LONG_LENGTH, count);
		const taken = this._inner.write(size);
		return taken === size ? count : this.keep(count, size, taken);
	}

	/** Below has taken a part of a frame only. out: bytes of the client's that are gone: all in it, or none yet */
	private keep(count: number, size: number, taken: number): number {
		const out = this._out;
		this._outPlain = count;
		this._outLeft = size - taken;
		if (taken === 0) return 0;
		this._bytes.copyWithin(out, out + taken, out + size);
		if (!this.flush()) return 0;
		this._outPlain = 0;
		return count;
	}

	/** Hands down what is left. out: whether below has all of it */
	private flush(): boolean {
		const out = this._out;
		const bytes = this._bytes;
		for (let left = this._outLeft; left > 0; this._outLeft = left) {
			const taken = this._inner.write(left);
			if (taken === 0) return false;
			bytes.copyWithin(out, out + taken, out + left);
			left -= taken;
		}
		bytes[out] = Frame.MESSAGE;
		return true;
	}

	/** Sends what stands in the control region. */
	private sendControl(opcode: Frame, size: number): void {
		const out = this._out;
		const bytes = this._bytes;
		bytes[out] = Frame.FIN | opcode;
		bytes[this._length] = Length.MASK | size;
		bytes.copyWithin(this._payload, this._control, this._control + size);
		const mask = (this._random() * Random.RANGE) | 0;
		this._words[1] = mask;
		this._words[2]! ^= mask;
		if (size > 4) maskRest(this._words, mask, size);
		this._outLeft = size + Out.SHORT_HEAD;
		this.flush();
	}

	/** Answers the newest ping, unless something is half written: then that comes first. */
	private answerPing(): void {
		const size = this._frames.pingSize;
		if (size < 0 || this._outLeft !== 0) return;
		this._frames.pingSize = -1;
		this.sendControl(Frame.PONG, size);
	}

	private sayGoodbye(code: number): void {
		let size = 0;
		if (code !== (Close.NO_CODE as number)) {
			this._view.setUint16(this._control, code);
			size = 2;
		}
		try {
			this.sendControl(Frame.CLOSE, size);
		} catch {
			// The link is broken: nobody would hear it.
		}
	}
}

/** What a server hears of its fault (RFC 6455 §7.4.1). */
function closeCodeOf(fault: number): Close {
	if (fault === (BadFrame.TEXT as number)) return Close.UNACCEPTABLE;
	return fault === (BadFrame.LENGTH as number) ? Close.TOO_BIG : Close.PROTOCOL_ERROR;
}

/**
 * The option `transport` for MQTT over WebSocket (RFC 6455; MQTT 3.1.1 §6): over TCP, or over TLS, which makes it wss. Throws
 * TypeError or RangeError that names the option; a client's construction throws when the request cannot fit `requestSize`.
 */
export function webSocket(options: WebSocketOptions = {}): TransportFactory {
	const settings = readOptions(options, tcp);
	const make = (setup: TransportSetup): Transport => new WebSocketTransport(setup, settings);
	return Object.assign(make, {
		ownSize: outSize(settings) + Own.CONTROL + (settings.over.ownSize ?? 0),
		defaultPort: settings.defaultPort,
	});
}
