/**
 * Cases of calls of the language's own functions: one for each entry of allocating-calls.js.
 */
import type { HotPathCase } from "./cases.js";

const TYPED_ARRAYS = ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64"];

/** By function. */
export const FUNCTION_CALLS: Readonly<Record<string, string>> = {
	String: "String(count)",
	BigInt: "BigInt(123456789)",
	Object: "Object(count)",
	Array: "Array(4)",
	RegExp: "RegExp(other)",
	Error: "Error(text)",
	Date: "Date()",
};

/** By class or namespace, and method. */
export const STATIC_CALLS: Readonly<Record<string, string>> = {
	"Object.keys": "Object.keys(pair)",
	"Object.values": "Object.values(pair)",
	"Object.entries": "Object.entries(pair)",
	"Object.assign": "Object.assign(TARGET, ONE)",
	"Object.freeze": "Object.freeze(ONE)",
	"Object.create": "Object.create(pair)",
	"Object.fromEntries": "Object.fromEntries(ENTRIES)",
	"Object.getOwnPropertyNames": "Object.getOwnPropertyNames(pair)",
	"Object.getOwnPropertyDescriptor": "Object.getOwnPropertyDescriptor(pair, FIRST)",
	"Array.from": "Array.from(numbers)",
	"Array.of": "Array.of(1, 2)",
	"ArrayBuffer.fromString": "ArrayBuffer.fromString(text)",
	"String.fromCharCode": "String.fromCharCode(65)",
	"String.fromCodePoint": "String.fromCodePoint(65)",
	"String.fromArrayBuffer": "String.fromArrayBuffer(ENCODED)",
	"JSON.parse": "JSON.parse(JSON_TEXT)",
	"JSON.stringify": "JSON.stringify(pair)",
	"Promise.resolve": "Promise.resolve(1)",
	"Promise.all": "Promise.all(PROMISES)",
	"Promise.race": "Promise.race(PROMISES)",
	"Reflect.apply": "Reflect.apply(AT, text, numbers)",
	"Reflect.construct": "Reflect.construct(Made, numbers)",
	"Reflect.ownKeys": "Reflect.ownKeys(pair)",
	...Object.fromEntries(
		TYPED_ARRAYS.flatMap((name) => [
			[`${name}Array.from`, `${name}Array.from(numbers)`],
			[`${name}Array.of`, `${name}Array.of(1, 2)`],
		]),
	),
	"BigInt64Array.from": "BigInt64Array.from(BIGS)",
	"BigInt64Array.of": "BigInt64Array.of(BIG_ONE)",
	"BigUint64Array.from": "BigUint64Array.from(BIGS)",
	"BigUint64Array.of": "BigUint64Array.of(BIG_ONE)",
};

/** By what the message says of them, and method. What texts are called on has no type here: with one, it is refused as a string. */
export const METHOD_CALLS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	"`` makes a view": { subarray: "bytes.subarray(1, 3)" },
	"`` makes a new array": {
		slice: "bytes.slice(1, 3)",
		map: "numbers.map(plain)",
		filter: "numbers.filter(plain)",
		concat: "numbers.concat(numbers)",
		flat: "numbers.flat()",
		flatMap: "numbers.flatMap(plain)",
		splice: "numbers.splice(0, 0)",
		sort: "numbers.sort(plain)",
	},
	"`` makes an iterator": {
		entries: "numbers.entries()",
		keys: "MAP.keys()",
		values: "numbers.values()",
		matchAll: "WORDS.matchAll(LETTER)",
	},
	"`` makes a string or a wrapper": {
		split: "WORDS.split(LETTER)",
		join: "numbers.join(LETTER)",
		toString: "numbers.toString()",
		toFixed: "NUMBER.toFixed(2)",
		toPrecision: "NUMBER.toPrecision(2)",
		toExponential: "NUMBER.toExponential(2)",
		charAt: "WORDS.charAt(1)",
		charCodeAt: "WORDS.charCodeAt(1)",
		codePointAt: "WORDS.codePointAt(1)",
		startsWith: "WORDS.startsWith(LETTER)",
		endsWith: "WORDS.endsWith(LETTER)",
		substring: "WORDS.substring(1, 3)",
		trim: "WORDS.trim()",
		trimStart: "WORDS.trimStart()",
		trimEnd: "WORDS.trimEnd()",
		padStart: "WORDS.padStart(20)",
		padEnd: "WORDS.padEnd(20)",
		repeat: "WORDS.repeat(2)",
		replace: "WORDS.replace(LETTER, LETTER)",
		replaceAll: "WORDS.replaceAll(LETTER, LETTER)",
		toUpperCase: "WORDS.toUpperCase()",
		toLowerCase: "WORDS.toLowerCase()",
		match: "WORDS.match(EXPRESSION)",
		search: "WORDS.search(EXPRESSION)",
		normalize: "WORDS.normalize()",
	},
	"`` makes a function": { bind: "plain.bind(pair)" },
	"`` makes a promise": {
		then: "RESOLVED.then(plain)",
		catch: "RESOLVED.catch(plain)",
		finally: "RESOLVED.finally(plain as never)",
	},
	"`` of a regular expression makes": { test: "EXPRESSION.test(text)", exec: "EXPRESSION.exec(text)" },
	"BigInt arithmetic makes": { getBigInt64: "SIGNED.getBigInt64(0)", getBigUint64: "SIGNED.getBigUint64(0)" },
};

const methodNames = Object.values(METHOD_CALLS).flatMap((calls) => Object.keys(calls));

/** What the calls are made on. Nothing here is hot. Methods of ours may be called as the language's are. */
export const CALLS_TOP = `
const ENTRIES: [string, number][] = [["a", 1]], MAP = new Map(ENTRIES), SIGNED = new DataView(new ArrayBuffer(16));
const RESOLVED = Promise.resolve(1), PROMISES = [RESOLVED], ENCODED = new Uint8Array([104, 105]).buffer;
const EXPRESSION = /l/, JSON_TEXT = '{"a":1}', AT = String.prototype.charCodeAt, LETTER = "l", FIRST = "a";
const TARGET = { a: 0 }, ONE = { a: 1 }, WORDS = JSON.parse('"hello world"'), NUMBER = JSON.parse("1.5");
const BIG_ONE = BigInt(1), BIGS = [BIG_ONE];
class Made {}
function ours() { return 1; }
const OURS = { ${methodNames.map((name) => `${name}: ours`).join(", ")} };
`;

function caseOf(call: string, says: string, passes: string): HotPathCase {
	return { what: call, refused: `return ${call};`, says, passes: `return ${passes};` };
}

export const CALL_CASES: readonly HotPathCase[] = [
	...Object.entries(FUNCTION_CALLS).map(([name, call]) => caseOf(call, `\`${name}(…)\` makes`, "Number(other)")),
	...Object.entries(STATIC_CALLS).map(([name, call]) => caseOf(call, `\`${name}\` makes`, "Math.max(count, 1)")),
	...Object.entries(METHOD_CALLS).flatMap(([says, calls]) =>
		Object.entries(calls).map(([name, call]) => caseOf(call, says.replace("``", `\`${name}\``), `OURS.${name}()`)),
	),
];
