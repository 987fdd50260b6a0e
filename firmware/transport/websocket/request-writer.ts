// Read RFC 6455 §4.1 before changing this file.
import { putBase64, putNumber, putText } from "./ascii.js";
import { BadUpgrade } from "./codes.js";
import { faultOfHeaders, faultOfPath, say, type WebSocketSettings } from "./options.js";
import { sha1 } from "./sha1.js";

const GET = "GET ";
const HOST = " HTTP/1.1\r\nHost: ";
const NO_HOST = " HTTP/1.1";
const UPGRADE =
	"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: ";
const LINE_END = "\r\n";
const COLON = ": ";
/** What the key is hashed with (§1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Places behind `control`, where the hash is made, and sizes. */
const enum Key {
	/** Random bytes, and their text. */
	BYTES = 16,
	TEXT = 24,
	/** Of the text and the GUID. */
	HASHED = TEXT + 36,
	DIGEST = 20,
	/** Where the text of the digest stands, in the end. */
	ACCEPT = 20,
}

/** Names and values of a request. */
type HeaderList = readonly string[];

function hasHost(headers: HeaderList): boolean {
	for (let i = 0; i < headers.length; i += 2) if (/^host$/i.test(headers[i]!)) return true;
	return false;
}

/** Makes the request of an attempt. Allocates nothing of its own where path and headers are no functions. */
export class RequestWriter {
	private readonly _settings: WebSocketSettings;
	private readonly _bytes: Uint8Array;
	private readonly _view: DataView;
	private readonly _words: Int32Array;
	/** Where the request is put. */
	private readonly _out: number;
	private readonly _control: number;
	/** Where, after a write, the text stands that the answer has to accept the key with: 28 characters. */
	readonly accept: number;
	/** Of this attempt. */
	private _path: string;
	private _headers: HeaderList;
	/** The program gives `Host` itself. */
	private _hasHost: boolean;

	/** in  out  where the request is put; control  room for Own.CONTROL bytes, which starts at a whole word */
	constructor(
		settings: WebSocketSettings,
		bytes: Uint8Array,
		view: DataView,
		words: Int32Array,
		out: number,
		control: number,
	) {
		this._settings = settings;
		this._bytes = bytes;
		this._view = view;
		this._words = words;
		this._out = out;
		this._control = control;
		this.accept = control + Key.ACCEPT;
		this._path = settings.path;
		this._headers = settings.headers;
		this._hasHost = hasHost(settings.headers);
	}

	/**
	 * Asks the functions of the program, if there are any. Nothing that they throw gets out.
	 *
	 * out  0, or a BadUpgrade that says what cannot be sent
	 */
	ask(): number {
		const { askPath, askHeaders } = this._settings;
		if (askPath !== undefined) {
			const path = call(askPath);
			if (isFaulty(faultOfPath(path))) return BadUpgrade.PATH;
			this._path = path as string;
		}
		if (askHeaders !== undefined) {
			const list: string[] = [];
			if (isFaulty(faultOf(call(askHeaders), list))) return BadUpgrade.HEADERS;
			this._headers = list;
			this._hasHost = hasHost(list);
		}
		return 0;
	}

	/**
	 * Writes the request, with a new key, and what it is to be accepted with. Hot: no allocation.
	 *
	 * out  its size; more than `requestSize`: it does not fit
	 */
	write(host: string, port: number): number {
		const { requestSize, defaultPort } = this._settings;
		const bytes = this._bytes;
		const headers = this._headers;
		const limit = this._out + requestSize;
		let at = putText(bytes, this._out, limit, GET);
		at = putText(bytes, at, limit, this._path);
		if (this._hasHost) at = putText(bytes, at, limit, NO_HOST);
		else {
			at = putText(bytes, at, limit, HOST);
			at = putText(bytes, at, limit, host);
			if (port !== defaultPort) {
				if (at < limit) bytes[at++] = 0x3a;
				at = putNumber(bytes, at, limit, port);
			}
		}
		at = putText(bytes, at, limit, UPGRADE);
		if (at + Key.TEXT > limit) return requestSize + 1;
		at = this.putKey(at);
		for (let i = 0; i < headers.length; i += 2) {
			at = putText(bytes, at, limit, LINE_END);
			at = putText(bytes, at, limit, headers[i]!);
			at = putText(bytes, at, limit, COLON);
			at = putText(bytes, at, limit, headers[i + 1]!);
		}
		at = putText(bytes, at, limit, LINE_END);
		return putText(bytes, at, limit, LINE_END) - this._out;
	}

	/** A key that nobody has had, and its hash. */
	private putKey(at: number): number {
		const { _bytes: bytes, _control: control } = this;
		const { random } = this._settings;
		for (let i = 0; i < Key.BYTES; i++) bytes[control + i] = random() * 256;
		const end = putBase64(bytes, control, Key.BYTES, at);
		bytes.copyWithin(control, at, end);
		putText(bytes, control + Key.TEXT, control + Key.HASHED, GUID);
		sha1(this._view, this._words, control, Key.HASHED);
		putBase64(bytes, control, Key.DIGEST, this.accept);
		return end;
	}
}

/** Calls a function of the program. What it throws is no value. */
function call(ask: () => unknown): unknown {
	try {
		return ask();
	} catch {
		return undefined;
	}
}

/** Whoever makes headers may make them of anything: getters and proxies throw. */
function faultOf(headers: unknown, list: string[]): string | undefined {
	try {
		return faultOfHeaders(headers, list);
	} catch {
		return "webSocket.headers: cannot be listed";
	}
}

function isFaulty(fault: string | undefined): boolean {
	if (fault === undefined) return false;
	say(fault);
	return true;
}
