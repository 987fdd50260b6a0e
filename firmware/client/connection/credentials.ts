// Read MQTT 3.1.1 §3.1 before changing this file.
import { sizeOfText, writeText } from "../../base/text.js";
import { ConnectFlag, FirstByte } from "../../codec/constants.js";
import { sizeOfVarint, writeUint16, writeVarint } from "../../codec/encode.js";
import { isUtf8 } from "../../codec/utf8.js";
import { LayerCode, ReasonCode, StateCode } from "../terms/codes.js";
import { Command, type Core } from "./core.js";

/** Why a credential cannot be sent: the ones of `reason.detail`. */
const enum Fault {
	NONE = 0,
	THREW = 1,
	WRONG_TYPE = 2,
	TOO_LARGE = 3,
	ILL_FORMED = 4,
	NO_USER_NAME = 5,
	/** Added for the one that it belongs to. */
	OF_USER_NAME = 10,
	OF_PASSWORD = 20,
}

const enum Place {
	/** Of the body: behind the first byte and the longest length there can be. */
	BODY = 5,
	/** Of the flags (§3.1.2.3), in the body. */
	FLAGS = BODY + 7,
	/** Bytes that come with the credentials: of a longer length, and of the lengths of both. */
	ADDED = 3 + 4,
}

/** A literal of a preloaded module is copied into the heap each time it is executed; a constant is not. */
const STRING = "string";

/**
 * User name and password where one of them is a function: they are the last fields of CONNECT (§3.1.3), and written anew at
 * each attempt. What stands before them is the body, and stays where it is:
 *
 *     base                base + BODY
 *     | … | 0x10 | length | body: protocol, flags, keep alive, client identifier, will | user name | password |
 *           connectOffset                                                                         connectLimit
 *
 * Allocates nothing; the functions may.
 */
export class Credentials {
	private readonly _core: Core;
	private readonly _base: number;
	private readonly _bodyLimit: number;
	/** Where the next byte goes, and how many may still follow. */
	private _at = 0;
	private _left = 0;

	/** in  core  whose CONNECT is written, without credentials */
	constructor(core: Core) {
		const { sender, settings } = core;
		const { bytes } = core.arena;
		const base = sender.connectOffset;
		let body = base + 1;
		while (bytes[body++]! > 127);
		// What is left when the first byte, this length, and what readCredentials has added are taken away.
		const size = settings.connectSize - settings.credentialBytes - Place.ADDED - (body - base);
		bytes.copyWithin(base + Place.BODY, body, body + size);
		this._core = core;
		this._base = base;
		this._bodyLimit = this._at = base + Place.BODY + size;
		this.writeHead();
	}

	/**
	 * Asks for both and writes them. Called right before an attempt is made, by whoever drives the core.
	 *
	 * out  whether the attempt may be made: it may have ended by this, or been ended by what was called meanwhile
	 */
	renew(now: number): boolean {
		const core = this._core;
		const { bytes } = core.arena;
		this._at = this._bodyLimit;
		this._left = core.settings.credentialBytes;
		let flags = bytes[this._base + Place.FLAGS]! & ~(ConnectFlag.USER_NAME | ConnectFlag.PASSWORD);
		let fault = this.add(false);
		if (fault !== Fault.NONE) fault += Fault.OF_USER_NAME;
		else {
			const end = this._at;
			if (end > this._bodyLimit) flags |= ConnectFlag.USER_NAME;
			fault = this.add(true);
			if (this._at > end) {
				flags |= ConnectFlag.PASSWORD;
				// [MQTT-3.1.2-22]
				if (end === this._bodyLimit) fault = Fault.NO_USER_NAME;
			}
			if (fault !== Fault.NONE) fault += Fault.OF_PASSWORD;
		}
		// The functions may have called anything.
		if (core.state !== StateCode.OPENING || core.command !== Command.NONE) return false;
		if (fault !== Fault.NONE) {
			core.handleEnded(LayerCode.LOCAL, ReasonCode.CREDENTIALS_FAILED, fault, now);
			return false;
		}
		bytes[this._base + Place.FLAGS] = flags;
		this.writeHead();
		return true;
	}

	/** Writes one behind what is there; nothing where there is none. */
	private add(isPassword: boolean): Fault {
		const { application, arena } = this._core;
		const value = application.credential(isPassword);
		if (value === undefined) return Fault.NONE;
		if (value === application) return Fault.THREW;
		const isText = typeof value === STRING;
		if (!isText && !(isPassword && value instanceof Uint8Array)) return Fault.WRONG_TYPE;
		const size = isText ? sizeOfText(value as string) : (value as Uint8Array).length;
		if (size < 0) return Fault.ILL_FORMED;
		if (size > this._left) return Fault.TOO_LARGE;
		this._left -= size;
		const at = writeUint16(arena.bytes, this._at, size);
		if (isText) writeText(arena.bytes, at, value as string);
		else arena.bytes.set(value as Uint8Array, at);
		this._at = at + size;
		return isPassword || isUtf8(arena.bytes, at, this._at) ? Fault.NONE : Fault.ILL_FORMED;
	}

	/** Writes what comes before the body, and tells the sender where the packet is. */
	private writeHead(): void {
		const { arena, sender } = this._core;
		const body = this._base + Place.BODY;
		const size = this._at - body;
		const start = body - 1 - sizeOfVarint(size);
		arena.bytes[start] = FirstByte.CONNECT;
		writeVarint(arena.bytes, start + 1, size);
		sender.connectOffset = start;
		sender.connectLimit = this._at;
	}
}
