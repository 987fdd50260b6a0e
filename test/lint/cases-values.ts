/**
 * Cases of values: strings, numbers, literals, names.
 */
import type { HotPathCase } from "./cases.js";

/** Uncurried built-ins, as base/text.ts has one. */
const UNCURRIED =
	"const charCodeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as (t: string, i: number) => number;";

export const VALUE_CASES: readonly HotPathCase[] = [
	{
		what: "string literal",
		refused: 'pair.value = "text"; return pair;',
		says: "In a preloaded module a string literal",
		passes: "pair.value = CONSTANT; return pair;",
		passesTop: 'const CONSTANT = "constant";',
	},
	{
		what: "string in a switch",
		refused: 'switch (text) { case "one": return 1; } return 2;',
		says: "In a preloaded module a string literal",
		passes: "switch (count) { case 1: return 1; } return 2;",
	},
	{
		what: "string as an argument",
		refused: 'return text === other || plain2("a fact");',
		refusedTop: "function plain2(t: string) { return t; }",
		says: "In a preloaded module a string literal",
		passes: 'if (text === other) fail("a fact"); if (count < 0) throw new Error("a fact"); return 1;',
	},
	{
		what: "typeof compared with a text",
		refused: 'return typeof pair.value === "string";',
		says: "In a preloaded module the name of a type",
		passes: "return pair.value instanceof Uint8Array;",
	},
	{
		what: "name in brackets",
		refused: 'return pair["a"];',
		says: "In a preloaded module a string literal",
		passes: "return pair.a;",
	},
	{
		what: "+ of strings",
		refused: "return text + other;",
		says: "Joining strings makes",
		passes: "return count + bytes[0]!;",
		typed: true,
	},
	{
		what: "+ of a string and a number",
		refused: "return count + text;",
		says: "Joining strings makes",
		passes: "return +other + count;",
		typed: true,
	},
	{
		what: "+= of strings",
		refused: "let sum = text; sum += count; return sum;",
		says: "Joining strings makes",
		passes: "let sum = count; sum += 1; return sum;",
		typed: true,
	},
	{
		what: "length of a string",
		refused: "return text.length;",
		says: "`.length` of a string makes",
		passes: "return bytes.length + numbers.length;",
		typed: true,
	},
	{
		what: "length of a string or an array",
		refused: "return lengthOf(text);",
		refusedTop: "/** Hot: no allocation. */ function lengthOf(value: string | Uint8Array) { return value.length; }",
		says: "`.length` of a string makes",
		passes: "return sizeOf(bytes);",
		passesTop:
			"/** Hot: no allocation. */ function sizeOf(value: string | Uint8Array) { return value instanceof Uint8Array ? value.length : 0; }",
		typed: true,
	},
	{
		what: "length of a generic string",
		refused: "return anyLength(text);",
		refusedTop: "/** Hot: no allocation. */ function anyLength<T extends string>(value: T) { return value.length; }",
		says: "`.length` of a string makes",
		passes: "return arrayLength(bytes);",
		passesTop:
			"/** Hot: no allocation. */ function arrayLength<T extends Uint8Array>(value: T) { return value.length; }",
		typed: true,
	},
	{
		what: "charCodeAt",
		refused: "return text.charCodeAt(1);",
		says: "`.charCodeAt` of a string makes",
		passes: "return charCodeAt(text, 1);",
		passesTop: UNCURRIED,
		typed: true,
	},
	{
		what: "indexOf on a string",
		refused: "return text.indexOf(other);",
		says: "`.indexOf` of a string makes",
		passes: "return bytes.indexOf(1) + numbers.indexOf(1);",
		typed: true,
	},
	{
		what: "index on a string",
		refused: "return text[1];",
		says: "An index on a string makes",
		passes: "return bytes[1];",
		typed: true,
	},
	{
		what: "method of a number",
		refused: "return count.toFixed(2);",
		says: "A property of a number makes",
		passes: "return Math.round(count);",
		typed: true,
	},
	{
		what: "method of a literal number",
		refused: "return (5).toFixed();",
		says: "A property of a number makes",
		passes: "return Number.isInteger(5);",
	},
	{
		what: "method of a boolean",
		refused: "return (count > 0).valueOf();",
		says: "A property of a boolean makes",
		passes: "return count > 0;",
		typed: true,
	},
	{
		what: "method of a BigInt",
		refused: "return BIG.valueOf();",
		refusedTop: "const BIG = 5n;",
		says: "A property of a bigint makes",
		passes: "return LARGE === other as unknown;",
		passesTop: "const LARGE = 5n;",
		typed: true,
	},
	{
		what: "BigInt literal",
		refused: "return 12345678901234567890n;",
		says: "BigInt arithmetic makes",
		passes: "return 12345678901234567890;",
	},
	{
		what: "BigInt arithmetic",
		refused: "return HUGE * HUGE;",
		refusedTop: "const HUGE = 12345678901n;",
		says: "BigInt arithmetic makes",
		passes: "return VAST < VAST;",
		passesTop: "const VAST = 12345678901n;",
		typed: true,
	},
	{
		what: "property by a text",
		refused: "return pair[fresh];",
		says: "Access by a text takes",
		passes: "return valueOf(pair, KNOWN);",
		passesTop:
			'const KNOWN = "b"; /** Hot: no allocation. */ function valueOf(of: Pair, name: "a" | "b") { return of[name]; }',
		typed: true,
	},
	{
		what: "in with a text",
		refused: "return fresh in pair;",
		says: "Access by a text takes",
		passes: "return isIn(pair, PRESENT);",
		passesTop:
			'const PRESENT = "b"; /** Hot: no allocation. */ function isIn(of: Pair, name: "a" | "b") { return name in of; }',
		typed: true,
	},
	{
		what: "call of a built-in",
		refused: "return String.prototype.charCodeAt.call(text, 1);",
		says: "`.call` of a built-in function",
		passes: "return plain.call(pair, 1);",
	},
	{
		what: "apply of a built-in",
		refused: "return pair.hasOwnProperty.apply(pair, numbers as never);",
		says: "`.apply` of a built-in function",
		passes: "return plain.apply(pair, numbers as never);",
		typed: true,
	},
];
