// Goal: xs/hot-path refuses each construct with the message that says what to write instead, only in hot functions, and
// lets everything else pass.
// Method: the real linter on texts that take the place of a file of firmware/, so that types are those of its project.
import { fileURLToPath } from "node:url";
import { ESLint, Linter } from "eslint";
import tseslint from "typescript-eslint";
import { describe, expect, it } from "vitest";
import { FUNCTIONS, METHODS, OURS_TOO, STATICS } from "./allocating-calls.js";
import { FUNCTION_CALLS, METHOD_CALLS, STATIC_CALLS } from "./cases-calls.js";
import { CASES, caseModule } from "./cases.js";
import plugin from "./hot-path.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A file of the project, whose place the texts take. */
const FILE = `${ROOT}firmware/base/ticks.ts`;

const MESSAGES = plugin.rules?.["hot-path"]?.meta?.messages ?? {};

interface Setting {
	readonly typed?: boolean;
	readonly options?: readonly unknown[];
}

/** What the rule says about a text. Without types, as in an editor that has none. */
function lint(text: string, { typed = false, options = [] }: Setting = {}): Linter.LintMessage[] {
	return new Linter({ cwd: ROOT }).verify(
		text,
		{
			files: ["**/*.ts"],
			plugins: { xs: plugin },
			languageOptions: {
				parser: tseslint.parser as Linter.Parser,
				parserOptions: typed ? { projectService: true, tsconfigRootDir: ROOT } : {},
			},
			rules: { "xs/hot-path": ["error", ...options] },
		},
		FILE,
	);
}

/** The names of the messages about a text, without types. */
function idsOf(text: string): (string | undefined)[] {
	return lint(text).map(({ messageId, message }) => messageId ?? message);
}

/** Messages about all cases, by index and part: `3 refused`. */
function lintCases(setting: Setting): { found: Map<string, string[]>; ids: Set<string | undefined> } {
	const { text, lines } = caseModule();
	const found = new Map<string, string[]>();
	const ids = new Set<string | undefined>();
	for (const { line, message, messageId } of lint(text, setting)) {
		const place = lines.get(line);
		const key = place ? `${place.index} ${place.part}` : `line ${line}`;
		found.set(key, [...(found.get(key) ?? []), message]);
		ids.add(messageId);
	}
	return { found, ids };
}

describe("each construct, with types", () => {
	const { found, ids } = lintCases({ typed: true });

	it.each(CASES.map((one, index) => ({ index, ...one })))("$what", ({ index, says }) => {
		const messages = found.get(`${index} refused`) ?? [];
		expect(messages.map((message) => message.slice(0, says.length))).toEqual([says]);
		expect(found.get(`${index} passes`)).toBeUndefined();
	});

	it("leaves what is not hot alone", () => {
		expect([...found.keys()].filter((key) => key.startsWith("line"))).toEqual([]);
	});

	it("has a case for each message, which says what to write instead", () => {
		const missing = Object.keys(MESSAGES).filter((id) => !ids.has(id));
		expect(missing).toEqual(["import", "danglingMarker"]);
		for (const message of Object.values(MESSAGES)) expect(message).toMatch(/^.{10,}: .{10,}\.$/);
	});

	it("has a case for each function of the language that it knows", () => {
		const statics = Object.entries(STATICS).flatMap(([of, names]) => [...names].map((name) => `${of}.${name}`));
		expect(Object.keys(FUNCTION_CALLS).sort()).toEqual([...FUNCTIONS].sort());
		expect(Object.keys(STATIC_CALLS).sort()).toEqual(statics.sort());
		expect(Object.values(METHOD_CALLS).flatMap(Object.keys).sort()).toEqual([...METHODS.keys()].sort());
	});
});

describe("each construct, without types", () => {
	const { found } = lintCases({});

	it("is refused where the syntax shows it", () => {
		const missed = CASES.filter((one, index) => !one.typed && (found.get(`${index} refused`)?.length ?? 0) !== 1);
		const unclear = missed.filter(({ what }) => [...OURS_TOO].some((name) => what.includes(`.${name}(`)));
		expect(missed).toEqual(unclear);
		expect(unclear).toHaveLength(OURS_TOO.size);
	});

	it("passes where it passed, but for methods of ours with the names of the language's", () => {
		const refused = CASES.filter((_, index) => found.has(`${index} passes`));
		expect(refused.filter(({ passes }) => !passes.includes("OURS."))).toEqual([]);
	});

	it("is seen in literals of strings", () => {
		expect(idsOf('/** Hot: no allocation. */ function f() { return "ab".length; }')).toContain("stringProperty");
		expect(idsOf("/** Hot: no allocation. */ function f(n) { return `a${n}` + n; }")).toContain("concatenation");
	});
});

describe("what is hot", () => {
	const hot = (...texts: string[]): void => {
		for (const text of texts) expect(idsOf(text), text).toEqual(["array"]);
	};
	const cold = (...texts: string[]): void => {
		for (const text of texts) expect(idsOf(text), text).toEqual([]);
	};

	it("is a function whose doc comment has a sentence that starts with Hot", () => {
		hot(
			"/** Hot: no allocation. */ function f() { return []; }",
			"/** Hot with a Topic and bytes: no allocation. */ export function f() { return []; }",
			"/** Hot: no allocation. */ export default function () { return []; }",
			"/** Looks twice. Hot: no allocation. */ function f(a = []) { return a; }",
			"/**\n * Is bounded by the window. Hot:\n * no allocation.\n */\nfunction f() { return []; }",
			"/**\n * Does it\n *\n * Hot: no allocation.\n */\nfunction f() { return []; }",
			"/** Hot: no allocation. */ // And this.\nfunction f() { return []; }",
			"/** Hot: no allocation. */ export const f = () => [];",
			"/** Hot: no allocation. */ const f = (() => []) as () => unknown[];",
			"function g() { /** Hot: no allocation. */ const f = () => []; return [f]; }",
			"const o = { /** Hot: no allocation. */ f() { return []; } };",
		);
	});

	it("is a method, an accessor or a function in a field", () => {
		hot(
			"class C { /** Hot: no allocation. */ m() { return []; } }",
			"class C { /** Hot: no allocation. */ #m() { return []; } n() { return []; } }",
			"class C { /** Hot: no allocation. */ static m() { return []; } }",
			"class C { /** Hot: no allocation. */ get m() { return []; } }",
			"class C { /** Hot: no allocation. */ m = () => []; }",
			"class C { constructor() { /** Hot: no allocation. */ this.m = () => []; } }",
		);
	});

	it("is each method of a class whose doc comment says so, unless it says that it allocates", () => {
		hot(
			"/** Hot: no allocation. */ class C { m() { return []; } }",
			"/** Hot: no allocation. */ export class C { constructor() { this.a = []; } get m() { return []; } }",
			"/** Hot: no allocation. */ class C { /** Allocates nothing. */ m() { return []; } }",
		);
		cold(
			"/** Hot: no allocation. */ class C { a = []; constructor() { this.b = []; } m() {} }",
			"/** Hot: no allocation. */ class C { /** A copy. Allocates. */ m() { return []; } }",
		);
	});

	it("is nothing else", () => {
		cold(
			"function f() { return []; }",
			"/** Not for hot paths. */ function f() { return []; }",
			"/** What is Hot. */ function f() { return []; }",
			"/** Hotel. */ function f() { return []; }",
			"// Hot: no allocation.\nfunction f() { return []; }",
			"/* Hot: no allocation. */ function f() { return []; }",
			"/** Hot: no allocation. */ function f() {} function g() { return []; }",
		);
	});

	it("is not what is thrown, nor what fail gets", () => {
		cold(
			'/** Hot: no allocation. */ function f(n) { if (n) throw new RangeError(`f: ${n} is ${["wrong"]}`); }',
			'/** Hot: no allocation. */ function f(n) { if (n) fail("f: " + [n]); }',
		);
		hot('/** Hot: no allocation. */ function f(n) { if (n) fail("f"); return []; }');
	});

	it("cannot be told of what is no function", () => {
		expect(idsOf("/** Hot: no allocation. */ const table = [];")).toEqual(["danglingMarker"]);
		expect(idsOf("function f() { return 1; /** Hot: no allocation. */ }")).toEqual(["danglingMarker"]);
	});

	it("can be promised by an interface", () => {
		cold(
			"interface I { /** Hot: no allocation. */ read(): number; /** Hot: no allocation. */ write: () => number; }",
			"abstract class C { /** Hot: no allocation. */ abstract read(): number; }",
			"/** Hot: no allocation. */ export type F = () => number;",
		);
	});
});

describe("the rule", () => {
	it("knows a name of the language from one of ours", () => {
		expect(idsOf("/** Hot: no allocation. */ function f(String) { return String(1); }")).toEqual([]);
		expect(idsOf("const Object = {}; /** Hot: no allocation. */ function f() { return Object.keys(1); }")).toEqual([]);
		expect(idsOf("/** Hot: no allocation. */ function f() { return Object.keys(1); }")).toEqual(["staticCall"]);
	});

	it("lets literals of modules pass that are not preloaded", () => {
		const text = '/** Hot: no allocation. */ function f(a) { return a === "a" ? `b` : "c"; }';
		const setting = { options: [{ preloaded: false }] };
		expect(lint(text, setting).map(({ messageId }) => messageId)).toEqual(["template"]);
		expect(idsOf(text)).toEqual(["literal", "template", "literal"]);
	});

	it("lets texts pass that are no values", () => {
		const text = `import x from "x"; /** Hot: no allocation. */ function f(a: "a" | \`b\`) { "use strict"; return a as "a"; }`;
		expect(idsOf(text)).toEqual([]);
	});

	it("refuses import() and what follows from async", () => {
		expect(idsOf("/** Hot: no allocation. */ function f(m) { return import(m); }")).toEqual(["import"]);
		expect(idsOf("/** Hot: no allocation. */ async function f(all) { for await (const a of all) a(); }")).toEqual([
			"async",
			"forOf",
		]);
	});

	it("wants a constructor in each derived class, hot or not", () => {
		expect(idsOf("class A {} class B extends A { b = 1; }")).toEqual(["implicitConstructor"]);
		expect(idsOf("class A {} class B extends A { constructor() { super(); } } declare class C extends A {}")).toEqual(
			[],
		);
	});
});

describe("the project", () => {
	it("enforces the rule in firmware/, and knows what is preloaded there", async () => {
		const eslint = new ESLint({ cwd: ROOT });
		const optionsFor = async (file: string): Promise<unknown> => {
			const config: unknown = await eslint.calculateConfigForFile(`${ROOT}${file}`);
			return (config as { rules: Record<string, unknown> }).rules["xs/hot-path"];
		};
		expect(await optionsFor("firmware/client/connection/core.ts")).toEqual([2, { preloaded: true }]);
		expect(await optionsFor("firmware/app/client.ts")).toEqual([2, { preloaded: true }]);
		expect(await optionsFor("firmware/programs/telemetry/main.ts")).toEqual([2, { preloaded: false }]);
		expect(await optionsFor("host-sim/cli.ts")).toBeUndefined();
	});
});
