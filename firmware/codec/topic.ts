import { sizeOfText, writeText } from "../base/text.js";
import { Max } from "./constants.js";
import { checkTopicName } from "./utf8.js";

/** Thrown texts name the value; a topic can be long, an error line should not be. */
function shown(text: string): string {
	return JSON.stringify(text.slice(0, 40));
}

/**
 * A constant piece of text, encoded once. For composing payloads, and for comparing with what arrives, without a
 * string on the way. Frozen: made by a preloaded module, it stays in flash.
 */
export class Text {
	/** UTF-8. */
	readonly bytes: Uint8Array;

	/** Throws TypeError for anything but a string, or one with a lone surrogate. */
	constructor(text: string) {
		if (typeof text !== "string") throw new TypeError(`text: expected a string, got ${typeof text}`);
		const size = sizeOfText(text);
		if (size < 0) throw new TypeError(`text: ${shown(text)} holds a lone surrogate`);
		this.bytes = new Uint8Array(size);
		writeText(this.bytes, 0, text);
		Object.freeze(this);
	}
}

/**
 * A Topic Name (§4.7), encoded and checked once, so that publishing to it touches no string. Frozen, as Text is.
 */
export class Topic {
	/** The field as it is on the wire: two bytes of length, then UTF-8 (§1.5.3). */
	readonly field: Uint8Array;

	/**
	 * Throws TypeError for anything but a string, and RangeError when it is empty, longer than 65,535 bytes, holds a
	 * wildcard [MQTT-3.3.2-2], U+0000 or a lone surrogate.
	 */
	constructor(topicName: string) {
		if (typeof topicName !== "string") throw new TypeError(`topic: expected a string, got ${typeof topicName}`);
		const size = sizeOfText(topicName);
		if (size < 0) throw new RangeError(`topic: ${shown(topicName)} holds a lone surrogate`);
		if (size === 0) throw new RangeError('topic: "" is empty; at least 1 character');
		if (size > Max.FIELD_SIZE) {
			throw new RangeError(`topic: ${shown(topicName)}… has ${size} bytes; at most ${Max.FIELD_SIZE}`);
		}
		this.field = new Uint8Array(2 + size);
		this.field[0] = size >> 8;
		this.field[1] = size & 0xff;
		writeText(this.field, 2, topicName);
		if (checkTopicName(this.field, 2, 2 + size) < 0) {
			throw new RangeError(`topic: ${shown(topicName)} holds a wildcard or U+0000`);
		}
		Object.freeze(this);
	}
}
