/**
 * Calls of the language's own functions that allocate, by name. Each entry is confirmed on the XS host.
 */

/** Functions that make something of what they are given. (`Number`, `Boolean` and `parseInt` are free.) */
export const FUNCTIONS = new Set(["String", "BigInt", "Object", "Array", "RegExp", "Error", "Date"]);

const TYPED_ARRAYS = [
	...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"],
	...["Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"],
];

/**
 * Static methods, by their class or namespace.
 *
 * @type {Readonly<Record<string, ReadonlySet<string>>>}
 */
export const STATICS = {
	Object: new Set([
		...["keys", "values", "entries", "assign", "freeze", "create", "fromEntries"],
		...["getOwnPropertyNames", "getOwnPropertyDescriptor"],
	]),
	Array: new Set(["from", "of"]),
	ArrayBuffer: new Set(["fromString"]),
	String: new Set(["fromCharCode", "fromCodePoint", "fromArrayBuffer"]),
	JSON: new Set(["parse", "stringify"]),
	Promise: new Set(["resolve", "all", "race"]),
	Reflect: new Set(["apply", "construct", "ownKeys"]),
	...Object.fromEntries(TYPED_ARRAYS.map((name) => [name, new Set(["from", "of"])])),
};

/** What a method costs and what to write instead, as the key of a message. */
const GROUPS = {
	view: ["subarray"],
	copy: ["slice", "map", "filter", "concat", "flat", "flatMap", "splice", "sort"],
	iterator: ["entries", "keys", "values", "matchAll"],
	text: [
		...["split", "join", "toString", "toFixed", "toPrecision", "toExponential", "charAt", "charCodeAt", "codePointAt"],
		...["startsWith", "endsWith", "substring", "trim", "trimStart", "trimEnd", "padStart", "padEnd", "repeat"],
		...["replace", "replaceAll", "toUpperCase", "toLowerCase", "match", "search", "normalize"],
	],
	bind: ["bind"],
	promise: ["then", "catch", "finally"],
	expression: ["test", "exec"],
	bigint: ["getBigInt64", "getBigUint64"],
};

/**
 * Methods of the language's own objects, whatever they are called on. A method of ours may have the same name; where
 * there are no types to tell, those that are likely to be ours are let through: see OURS_TOO.
 *
 * @type {ReadonlyMap<string, keyof typeof GROUPS>}
 */
export const METHODS = new Map(
	Object.entries(GROUPS).flatMap(([group, names]) =>
		names.map((name) => [name, /** @type {keyof typeof GROUPS} */ (group)]),
	),
);

/** Names that say too little without types. */
export const OURS_TOO = new Set(["test", "keys", "values", "entries", "search", "match", "repeat", "exec"]);
