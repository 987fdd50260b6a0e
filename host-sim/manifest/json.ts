/**
 * JSON as mcconfig reads it: strict, without comments. `JSON.parse` says where an error is in words that differ from
 * one engine to the next, and sometimes not at all; so the place is found here, and only after `JSON.parse` has failed.
 */

/** A text that is not JSON. `line` and `column` count from 1. */
export class JsonError extends Error {
	override name = "JsonError";
	readonly line: number;
	readonly column: number;

	constructor(text: string, position: number, message: string) {
		super(message);
		const before = text.slice(0, position).split("\n");
		this.line = before.length;
		this.column = (before.at(-1) ?? "").length + 1;
	}
}

/** What some editors put in front of a file. */
const BYTE_ORDER_MARK = "\ufeff";

/** Parses JSON, with or without a byte-order mark. Throws JsonError with the place of the first error. */
export function parseJson(given: string): unknown {
	const text = given.startsWith(BYTE_ORDER_MARK) ? given.slice(BYTE_ORDER_MARK.length) : given;
	try {
		return JSON.parse(text);
	} catch (error) {
		const scanner = new Scanner(text);
		scanner.skipDocument();
		// Both readings follow the same grammar; should they ever differ, the engine's word stands.
		throw new JsonError(text, text.length, error instanceof Error ? error.message : String(error));
	}
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are what JSON forbids in a string
const STRING_PART = /(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*/y;
const WORD = /true|false|null/y;

/** Walks over a text and throws at the first thing that is not JSON. */
class Scanner {
	readonly #text: string;
	#position = 0;

	constructor(text: string) {
		this.#text = text;
	}

	skipDocument(): void {
		this.#skipValue();
		if (this.#position < this.#text.length) this.#fail("the end of the file");
	}

	#skipValue(): void {
		this.#match(SPACE);
		const char = this.#text[this.#position];
		if (char === "{") this.#skipItems("}", () => this.#skipMember());
		else if (char === "[") this.#skipItems("]", () => this.#skipValue());
		else if (char === '"') this.#skipString();
		else if (!this.#match(WORD) && !this.#match(NUMBER)) this.#fail("a value");
		this.#match(SPACE);
	}

	#skipItems(close: string, skipItem: () => void): void {
		this.#position++;
		this.#match(SPACE);
		if (this.#take(close)) return;
		do {
			skipItem();
			this.#match(SPACE);
		} while (this.#take(","));
		if (!this.#take(close)) this.#fail(`"," or "${close}"`);
	}

	#skipMember(): void {
		this.#match(SPACE);
		if (this.#text[this.#position] !== '"') this.#fail("a name in double quotes");
		this.#skipString();
		this.#match(SPACE);
		if (!this.#take(":")) this.#fail('":"');
		this.#skipValue();
	}

	#skipString(): void {
		this.#position++;
		this.#match(STRING_PART);
		if (!this.#take('"')) this.#fail("the rest of a string");
	}

	#take(char: string): boolean {
		if (this.#text[this.#position] !== char) return false;
		this.#position++;
		return true;
	}

	/** Moves over what the pattern matches; false when it matches nothing. */
	#match(pattern: RegExp): boolean {
		pattern.lastIndex = this.#position;
		if (!pattern.test(this.#text)) return false;
		const moved = pattern.lastIndex > this.#position;
		this.#position = pattern.lastIndex;
		return moved;
	}

	#fail(wanted: string): never {
		const rest = this.#text.slice(this.#position);
		let message = `expected ${wanted}, found ${rest === "" ? "the end of the file" : JSON.stringify(rest[0])}`;
		if (rest.startsWith("//") || rest.startsWith("/*")) message += " (a manifest takes no comments)";
		throw new JsonError(this.#text, this.#position, message);
	}
}
