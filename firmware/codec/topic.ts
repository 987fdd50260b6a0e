import { sizeOfText, writeText } from "../base/text.js";
import { traced } from "../base/traced.js";
import { Max } from "./constants.js";
import { checkTopicName } from "./utf8.js";

/** Thrown texts name the value; a topic can be long, an error line should not be. */
function shown(text: string): string {
	return JSON.stringify(text.slice(0, 40));
}

/**
 * A Topic Name (§4.7) as it is on the wire: two bytes of length, then UTF-8 (§1.5.3).
 *
 * in   topicName  what a program gives
 *      name       of the option or object that the text of an error begins with
 *
 * Throws TypeError for anything but a string, and RangeError when it is empty, longer than 65,535 bytes, holds a
 * wildcard [MQTT-3.3.2-2], U+0000 or a lone surrogate.
 */
export function topicField(topicName: unknown, name: string): Uint8Array {
	if (typeof topicName !== "string") throw new TypeError(`${name}: expected a string, got ${typeof topicName}`);
	const size = sizeOfText(topicName);
	let wrong = " holds a wildcard or U+0000";
	if (size < 0) wrong = " holds a lone surrogate";
	else if (size === 0) wrong = " is empty; at least 1 character";
	else if (size > Max.FIELD_SIZE) wrong = `… has ${size} bytes; at most ${Max.FIELD_SIZE}`;
	else {
		const field = new Uint8Array(2 + size);
		field[0] = size >> 8;
		field[1] = size & 0xff;
		writeText(field, 2, topicName);
		if (checkTopicName(field, 2, 2 + size) >= 0) return field;
	}
	throw new RangeError(`${name}: ${shown(topicName)}${wrong}`);
}

/** UTF-8 of a Text. Throws TypeError. */
function textBytes(text: unknown): Uint8Array {
	if (typeof text !== "string") throw new TypeError(`text: expected a string, got ${typeof text}`);
	const size = sizeOfText(text);
	if (size < 0) throw new TypeError(`text: ${shown(text)} holds a lone surrogate`);
	const bytes = new Uint8Array(size);
	writeText(bytes, 0, text);
	return bytes;
}

/**
 * A constant piece of text, encoded once. For composing payloads, and for comparing with what arrives, without a
 * string on the way. Frozen: made by a preloaded module, it stays in flash.
 */
export class Text {
	/** UTF-8. */
	readonly bytes: Uint8Array;

	/** Throws TypeError for anything but a string, or one with a lone surrogate; its text is traced first. */
	constructor(text: string) {
		try {
			this.bytes = textBytes(text);
		} catch (error) {
			throw traced(error);
		}
		Object.freeze(this);
	}
}

/**
 * A Topic Name (§4.7), encoded and checked once, so that publishing to it touches no string. Frozen, as Text is.
 */
export class Topic {
	/** The field as it is on the wire: two bytes of length, then UTF-8 (§1.5.3). */
	readonly field: Uint8Array;
	/** Bytes of the field: to ask a typed array costs as much as five fields do. */
	readonly fieldSize: number;

	/** Throws what topicField throws; its text is traced first. */
	constructor(topicName: string) {
		try {
			this.field = topicField(topicName, "topic");
			this.fieldSize = this.field.length;
		} catch (error) {
			throw traced(error);
		}
		Object.freeze(this);
	}
}

/**
 * A Topic of a string; undefined when it is not a topic name. Other than the constructor it traces nothing: to the caller
 * of a method, its status says so. Allocates.
 */
export function topicOf(topicName: unknown): Topic | undefined {
	try {
		const field = topicField(topicName, "");
		const topic = Object.create(Topic.prototype) as { -readonly [Name in keyof Topic]: Topic[Name] };
		topic.field = field;
		topic.fieldSize = field.length;
		return Object.freeze(topic);
	} catch {
		return undefined;
	}
}
