/**
 * What the rule refuses, each with a case that it must catch and a near miss that it must let pass. The same texts are
 * linted as TypeScript and executed on the XS host, so that what the rule says is what the engine does.
 */
import { CALL_CASES, CALLS_TOP } from "./cases-calls.js";
import { VALUE_CASES } from "./cases-values.js";

/** One construct. The bodies are those of hot functions with the parameters of SIGNATURE. */
export interface HotPathCase {
	readonly what: string;
	readonly refused: string;
	/** How the message starts that the rule gives for `refused`, once. */
	readonly says: string;
	readonly passes: string;
	/** What the bodies need at module level. */
	readonly refusedTop?: string;
	readonly passesTop?: string;
	/** The rule needs type information to see it. */
	readonly typed?: true;
	/** It costs calls of malloc instead of slots or chunks. */
	readonly inCHeap?: true;
}

/** What every body gets. `fresh` is another text at every call. */
export const SIGNATURE =
	"(text: string, other: string, count: number, bytes: Uint8Array, numbers: number[], pair: Pair, plain: Plain, fresh: string): unknown";

/** What every file of cases starts with. */
export const PRELUDE = `
interface Pair { a: number; b: number; extra?: number; value: unknown; [name: string]: unknown }
type Plain = (a: number) => number;
declare function fail(text: string): never;
${CALLS_TOP}`;

/** Arguments for SIGNATURE on the XS host, with \`count\` of them where numbers differ. */
export const ARGUMENTS = `
const text = "hello world", other = "12";
const bytes = new Uint8Array(16);
const numbers = [3, 1, 2];
const pair = { a: 1, b: 2, extra: 3, value: undefined };
function plain(a) { return a; }
`;

export const CASES: readonly HotPathCase[] = [
	{
		what: "object literal",
		refused: "return { a: count, b: 2 };",
		says: "An object literal takes",
		passes: "pair.a = count; pair.b = 2; return pair;",
	},
	{
		what: "array literal",
		refused: "return [count];",
		says: "An array literal takes",
		passes: "numbers[0] = count; return numbers;",
	},
	{
		what: "arrow function",
		refused: "return () => 1;",
		says: "A function that is made here",
		passes: "return plain;",
	},
	{
		what: "function expression",
		refused: "return function () {};",
		says: "A function that is made here",
		passes: "return made;",
		passesTop: "function made() {}",
	},
	{
		what: "function declared within",
		refused: "function inner() { return 1; } return inner();",
		says: "A function that is made here",
		passes: "return within();",
		passesTop: "function within() { return 1; }",
	},
	{
		what: "local captured by a function that is not made",
		refused: "if (count < 0) fail(String(() => count)); return 1;",
		says: "`count` is captured by an inner function",
		passes: "if (count < 0) fail(String(plain)); return 1;",
	},
	{
		what: "class expression",
		refused: "return class {};",
		says: "A class that is made here",
		passes: "return Whole;",
		passesTop: "class Whole {}",
	},
	{
		what: "class declared within",
		refused: "class Inner {} return Inner;",
		says: "A class that is made here",
		passes: "return Outer;",
		passesTop: "class Outer {}",
	},
	{
		what: "spread in a call",
		refused: "return Math.max(...numbers);",
		says: "Spread takes",
		passes: "return Math.max(numbers[0]!, numbers[1]!);",
	},
	{
		what: "rest parameter",
		refused: "return takesRest(count, 2);",
		refusedTop: "/** Hot: no allocation. */ function takesRest(...all: number[]) { return all; }",
		says: "A rest parameter takes",
		passes: "return takesTwo(count, 2);",
		passesTop: "/** Hot: no allocation. */ function takesTwo(a: number, b: number) { return a + b; }",
	},
	{
		what: "rest in an object pattern",
		refused: "const { a, ...others } = pair; return others;",
		says: "Rest in a pattern",
		passes: "const { a, b } = pair; return a + b;",
	},
	{
		what: "array destructuring",
		refused: "const [a, b] = numbers; return a! + b!;",
		says: "Array destructuring takes",
		passes: "const a = numbers[0]!, b = numbers[1]!; return a + b;",
	},
	{
		what: "for..of",
		refused: "let sum = 0; for (const n of bytes) sum += n; return sum;",
		says: "for..of takes",
		passes: "let sum = 0; for (let i = 0; i < bytes.length; i++) sum += bytes[i]!; return sum;",
	},
	{
		what: "for..in",
		refused: "let last; for (const name in pair) last = name; return last;",
		says: "for..in makes",
		passes: "numbers.forEach(plain); return pair.a;",
	},
	{
		what: "template without expressions",
		refused: "return `text`;",
		says: "A template makes a string",
		passes: "return TEXT;",
		passesTop: 'const TEXT = "text";',
	},
	{
		what: "template",
		refused: "return `${count}/${text}`;",
		says: "A template makes a string",
		passes: "return tag`a${count}`;",
		passesTop: "function tag(texts: TemplateStringsArray, n: number) { return texts; }",
	},
	{
		what: "regular expression literal",
		refused: "return /wor/;",
		says: "A regular expression literal",
		passes: "return WORLD;",
		passesTop: "const WORLD = /wor/;",
	},
	{
		what: "new",
		refused: "return new Uint8Array(bytes.buffer as ArrayBuffer, 0, 4);",
		says: "`new` takes slots",
		passes: "return bytes.fill(0, 0, 4);",
	},
	{
		what: "async function",
		refused: "return later();",
		refusedTop: "/** Hot: no allocation. */ async function later() { return 1; }",
		says: "An async function makes a promise",
		passes: "return plain(1);",
	},
	{
		what: "await",
		refused: "return waits(count);",
		refusedTop: "/** Hot: no allocation. */ async function waits(n: number) { await n; }",
		says: "An async function makes a promise",
		passes: "return plain(1);",
	},
	{
		what: "generator",
		refused: "return generates();",
		refusedTop: "/** Hot: no allocation. */ function* generates() { yield 1; }",
		says: "A generator takes",
		passes: "return plain(1);",
	},
	{
		what: "arguments",
		refused: "return named(count);",
		refusedTop: "/** Hot: no allocation. */ function named(a: number) { return arguments; }",
		says: "`arguments` makes",
		passes: "return pair.arguments;",
	},
	{
		what: "delete",
		refused: "delete pair.extra; pair.extra = count; return pair;",
		says: "delete gives a slot away",
		passes: "pair.extra = undefined!; pair.extra = count; return pair;",
	},
	{
		what: "derived class without a constructor",
		refused: "return construct(Implicit);",
		refusedTop:
			"class Base {} class Implicit extends Base {} function construct(Type: typeof Base) { return new Type(); }",
		says: "A derived class without a constructor",
		passes: "return plain(1);",
		passesTop: "class Root {} class Explicit extends Root { constructor() { super(); } }",
	},
	{
		what: "try in a loop",
		refused: "for (let i = 0; i < 2; i++) try { plain(i); } catch { return 0; } return 1;",
		says: "Each try that is entered",
		passes: "try { for (let i = 0; i < 2; i++) plain(i); } catch { return 0; } return 1;",
		inCHeap: true,
	},
	...VALUE_CASES,
	...CALL_CASES,
];

/** A module with every case: `refused0`, `passes0`, `refused1` … */
export interface CaseModule {
	readonly text: string;
	/** Line, counted from 1, to what stands there. */
	readonly lines: ReadonlyMap<number, { readonly index: number; readonly part: "refused" | "passes" }>;
}

/** Puts each body into a function of its own, on one line. */
export function caseModule(): CaseModule {
	const lines = PRELUDE.split("\n");
	const places = new Map<number, { index: number; part: "refused" | "passes" }>();
	for (const [index, one] of CASES.entries()) {
		for (const part of ["refused", "passes"] as const) {
			const top = one[`${part}Top`] ?? "";
			lines.push(`${top} /** Hot: no allocation. */ export function ${part}${index}${SIGNATURE} { ${one[part]} }`);
			places.set(lines.length, { index, part });
		}
	}
	return { text: lines.join("\n"), lines: places };
}
