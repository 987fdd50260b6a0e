/**
 * JSON as mosquitto_sub writes it. Text is a string of bytes here, one character each: a payload need not be UTF-8, and
 * what it holds is written as it came. JSON.parse would reorder and join the names of an object, and cut long numbers.
 */

/** A value; an object is a list, because names may come twice. */
export type Json = null | boolean | number | string | Json[] | { members: [string, Json][] };

const DEPTH_MAX = 1000;

const ESCAPED: Readonly<Record<string, string>> = {
	'"': '\\"',
	"\\": "\\\\",
	"\b": "\\b",
	"\f": "\\f",
	"\n": "\\n",
	"\r": "\\r",
	"\t": "\\t",
};

function quote(text: string): string {
	const end = text.indexOf("\0");
	// The original takes a zero byte for the end.
	const shown = end < 0 ? text : text.slice(0, end);
	// eslint-disable-next-line no-control-regex -- control characters are what has to be escaped.
	const escaped = shown.replace(/["\\\x00-\x1f]/g, (char) => {
		return ESCAPED[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
	});
	return `"${escaped}"`;
}

/** As C's `%.15g` writes it, or `%.17g` where that is not exact. */
function numberText(value: number): string {
	if (!Number.isFinite(value)) return "null";
	if (Object.is(value, -0)) return "0";
	const short = general(value, 15);
	return Number(short) === value ? short : general(value, 17);
}

function general(value: number, digits: number): string {
	const [mantissa = "", exponentText = ""] = value.toExponential(digits - 1).split("e");
	const exponent = Number(exponentText);
	if (exponent < -4 || exponent >= digits) {
		const sign = exponent < 0 ? "-" : "+";
		return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
	}
	return withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

function withoutZeros(text: string): string {
	return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Writes a value; `pretty`: with tabs and line ends. */
export function writeJson(value: Json, pretty: boolean, depth = 0): string {
	if (value === null || typeof value === "boolean") return String(value);
	if (typeof value === "number") return numberText(value);
	if (typeof value === "string") return quote(value);
	if (Array.isArray(value)) {
		return `[${value.map((item) => writeJson(item, pretty, depth + 1)).join(pretty ? ", " : ",")}]`;
	}
	const inner = "\t".repeat(depth + 1);
	const members = value.members.map(([name, item]) => {
		const text = writeJson(item, pretty, depth + 1);
		return pretty ? `${inner}${quote(name)}:\t${text}` : `${quote(name)}:${text}`;
	});
	if (!pretty) return `{${members.join(",")}}`;
	return `{\n${members.map((member, at) => `${member}${at + 1 < members.length ? "," : ""}\n`).join("")}${"\t".repeat(depth)}}`;
}

class NoJson extends Error {}

/** Reads one value. out: undefined when it is not JSON */
export function readJson(text: string): Json | undefined {
	try {
		return new Reader(text).whole();
	} catch (error) {
		if (error instanceof NoJson) return undefined;
		throw error;
	}
}

/** Takes what the original takes: control characters in strings, and numbers as C reads them. */
class Reader {
	readonly #text: string;
	#at = 0;

	constructor(text: string) {
		this.#text = text;
		if (text.startsWith("\xef\xbb\xbf")) this.#at = 3;
	}

	whole(): Json {
		const value = this.#value(0);
		this.#skip();
		if (this.#at < this.#text.length) throw new NoJson();
		return value;
	}

	#skip(): void {
		while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 32) this.#at++;
	}

	#takes(token: string): boolean {
		if (!this.#text.startsWith(token, this.#at)) return false;
		this.#at += token.length;
		return true;
	}

	#value(depth: number): Json {
		if (depth > DEPTH_MAX) throw new NoJson();
		this.#skip();
		if (this.#takes("null")) return null;
		if (this.#takes("true")) return true;
		if (this.#takes("false")) return false;
		if (this.#takes('"')) return this.#string();
		if (this.#takes("[")) return this.#array(depth);
		if (this.#takes("{")) return this.#object(depth);
		return this.#number();
	}

	#array(depth: number): Json[] {
		const items: Json[] = [];
		this.#skip();
		if (this.#takes("]")) return items;
		for (;;) {
			items.push(this.#value(depth + 1));
			this.#skip();
			if (this.#takes("]")) return items;
			if (!this.#takes(",")) throw new NoJson();
		}
	}

	#object(depth: number): Json {
		const members: [string, Json][] = [];
		this.#skip();
		if (this.#takes("}")) return { members };
		for (;;) {
			this.#skip();
			if (!this.#takes('"')) throw new NoJson();
			const name = this.#string();
			this.#skip();
			if (!this.#takes(":")) throw new NoJson();
			members.push([name, this.#value(depth + 1)]);
			this.#skip();
			if (this.#takes("}")) return { members };
			if (!this.#takes(",")) throw new NoJson();
		}
	}

	#number(): number {
		const number = /-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
		number.lastIndex = this.#at;
		const found = number.exec(this.#text)?.[0];
		if (found === undefined || found.startsWith(".")) throw new NoJson();
		this.#at += found.length;
		return Number(found);
	}

	/** Behind its quotation mark. */
	#string(): string {
		let text = "";
		for (;;) {
			const char = this.#text[this.#at++];
			if (char === undefined) throw new NoJson();
			if (char === '"') return text;
			text += char === "\\" ? this.#escape() : char;
		}
	}

	#escape(): string {
		const char = this.#text[this.#at++] ?? "";
		if (char === "u") return Buffer.from(String.fromCodePoint(this.#codePoint())).toString("latin1");
		const plain = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", "/": "/" }[char];
		if (plain === undefined) throw new NoJson();
		return plain;
	}

	#codePoint(): number {
		const first = this.#hex();
		if (first >= 0xdc00 && first <= 0xdfff) throw new NoJson();
		if (first < 0xd800 || first > 0xdbff) return first;
		const second = this.#takes("\\u") ? this.#hex() : 0;
		if (second < 0xdc00 || second > 0xdfff) throw new NoJson();
		return 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
	}

	#hex(): number {
		const digits = this.#text.slice(this.#at, this.#at + 4);
		if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new NoJson();
		this.#at += 4;
		return parseInt(digits, 16);
	}
}
