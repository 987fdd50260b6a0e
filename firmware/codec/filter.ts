// Read MQTT 3.1.1 §4.7 before changing this file.
import { Ascii } from "../base/ascii.js";
import { isUtf8 } from "./utf8.js";

/** What a topic filter is, as far as matching cares. */
export const enum FilterKind {
	/** Breaks a rule of §4.7.1. */
	INVALID = -1,
	/** No wildcard: it matches the one topic name that has the same bytes. */
	EXACT = 0,
	WILDCARD = 1,
}

/**
 * Checks a Topic Filter: at least one character [MQTT-4.7.3-1], no U+0000 [MQTT-4.7.3-2], `#` last and alone on its
 * level [MQTT-4.7.1-2], `+` alone on its level [MQTT-4.7.1-3]. Hot: no allocation.
 */
export function kindOfFilter(bytes: Uint8Array, offset: number, limit: number): FilterKind {
	if (offset === limit || !isUtf8(bytes, offset, limit)) return FilterKind.INVALID;
	let kind = FilterKind.EXACT;
	for (let i = offset; i < limit; i++) {
		const byte = bytes[i];
		if (byte !== Ascii.PLUS && byte !== Ascii.HASH) continue;
		kind = FilterKind.WILDCARD;
		if (i > offset && bytes[i - 1] !== Ascii.SLASH) return FilterKind.INVALID;
		if (i + 1 === limit) continue;
		if (byte === Ascii.HASH || bytes[i + 1] !== Ascii.SLASH) return FilterKind.INVALID;
	}
	return kind;
}

/**
 * Where the part of a filter starts that is matched. `$share/{group}/{filter}` is an extension that several 3.1.1
 * servers offer (and part of 5.0): messages arrive under plain topic names.
 *
 * out  the index after `$share/{group}/`; `offset` when the filter is not of this form; -1 when it is a broken one
 *
 * Hot: no allocation.
 */
export function sharedFilterStart(bytes: Uint8Array, offset: number, limit: number): number {
	// "$share/"
	if (limit - offset < 7) return offset;
	if (bytes[offset] !== Ascii.DOLLAR || bytes[offset + 1] !== 0x73 || bytes[offset + 2] !== 0x68) return offset;
	if (bytes[offset + 3] !== 0x61 || bytes[offset + 4] !== 0x72 || bytes[offset + 5] !== 0x65) return offset;
	if (bytes[offset + 6] !== Ascii.SLASH) return offset;
	for (let i = offset + 7; i < limit; i++) {
		const byte = bytes[i];
		if (byte === Ascii.PLUS || byte === Ascii.HASH) return -1;
		if (byte === Ascii.SLASH) return i === offset + 7 || i + 1 === limit ? -1 : i + 1;
	}
	return -1;
}

/**
 * Whether a filter with wildcards matches a topic name (§4.7.1, §4.7.2: a wildcard on the first level does not match
 * `$` topics). Both have been checked before. Hot: no allocation.
 *
 * in   bytes                      holds both
 *      filter, filterLimit        the filter
 *      topic, topicLimit          the topic name, at least one byte
 */
export function matchesWildcard(
	bytes: Uint8Array,
	filter: number,
	filterLimit: number,
	topic: number,
	topicLimit: number,
): boolean {
	if (bytes[topic] === Ascii.DOLLAR && bytes[filter] !== Ascii.DOLLAR) return false;
	while (filter < filterLimit) {
		const byte = bytes[filter]!;
		if (byte === Ascii.HASH) return true;
		if (byte === Ascii.PLUS) {
			while (topic < topicLimit && bytes[topic] !== Ascii.SLASH) topic++;
			filter++;
		} else if (topic < topicLimit) {
			if (bytes[topic] !== byte) return false;
			topic++;
			filter++;
		} else {
			// "sport/#" also matches "sport", its parent (§4.7.1.2).
			return byte === Ascii.SLASH && filter + 2 === filterLimit && bytes[filter + 1] === Ascii.HASH;
		}
	}
	return topic === topicLimit;
}
