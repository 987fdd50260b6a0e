import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { arrows } from "../../host-sim/desk/compact/arrows.js";
import { classes } from "../../host-sim/desk/compact/classes.js";
import { DEVICE_MODULES } from "../../host-sim/desk/compact/compact.js";
import { fields } from "../../host-sim/desk/compact/fields.js";
import { names } from "../../host-sim/desk/compact/names.js";
import { applyPass, type Pass } from "../../host-sim/desk/compact/pass.js";
import { privates } from "../../host-sim/desk/compact/privates.js";
import { compiledUrl } from "../../host-sim/stand-ins/stand-ins.js";

// Goal: what a device links does what the compiled library does; a pass leaves alone what it would change the meaning of.
// Method: small texts through each pass; what comes out is compared, or run.

/** The text without what only reads well. */
function pass(change: Pass, code: string): string {
	return applyPass(change, code).code.replace(/\s+/g, " ").trim();
}

/** What a module's last expression gives, here without imports and exports. */
function run(code: string): unknown {
	return new Function(code)();
}

describe("declared functions", () => {
	it("become arrows", () => {
		expect(pass(arrows, "function f(a, b = 1) { return a + b; }")).toBe("const f = (a, b = 1) => { return a + b; };");
	});

	it.each([
		["uses this", "function f() { return this.x; }"],
		["uses this in an arrow", "function f() { return () => this; }"],
		["uses arguments", "function f() { return arguments.length; }"],
		["is a generator", "function* f() { yield 1; }"],
		["is called before it stands", "const x = f(); function f() { return 1; }"],
		["is needed by what is called before it stands", "const g = () => f(); const x = g(); function f() { return 1; }"],
		[
			"is needed by a class that is made before it stands",
			"class A { m() { return f(); } } const a = new A(); function f() { return 1; }",
		],
		["is needed by a static field", "class A { static x = f(); } function f() { return 1; }"],
	])("stay when one %s", (_why, code) => {
		expect(pass(arrows, code)).toBe(code);
	});

	it("become arrows when they are only called later", () => {
		const code = "const g = () => f(); class A { x = f(); } function f() { return 1; }";
		expect(pass(arrows, code)).toContain("const f = () =>");
	});
});

describe("classes of the bundler", () => {
	it("are declared again", () => {
		expect(pass(classes, "var A = class extends B { m() {} };")).toBe("class A extends B { m() {} }");
	});
});

describe("private members", () => {
	it("become members with a $", () => {
		const code = "class A { #x = 1; #m() { return this.#x; } n() { return this.#m(); } }";
		expect(pass(privates, code)).toBe("class A { $x = 1; $m() { return this.$x; } n() { return this.$m(); } }");
	});

	it("are refused when there is a member of that name, or when it is asked whether there is one", () => {
		expect(() => pass(privates, "class A { #x = 1; $x = 2; }")).toThrow("#x cannot be renamed");
		expect(() => pass(privates, "class A { #x = 1; is(a) { return #x in a; } }")).toThrow("#x cannot be renamed");
	});
});

describe("fields", () => {
	const keysOf = (code: string): unknown => run(`${code}\nreturn Object.entries(new A(1, 2));`);

	it.each([
		["with values", "class A { a = 1; b = [2]; }"],
		["without", "class A { a; b; constructor(x, y) { this.b = y; this.a = x; } }"],
		["that the constructor sets in the same order", "class A { a; b; constructor(x, y) { this.a = x; this.b = y; } }"],
		["of both kinds", "class A { a; b = 3; c; constructor(x, y) { this.c = y; this.a = x; } }"],
		["that are set after a call", "class A { a; b; constructor(x) { this.b = String(x); this.a = x; } }"],
		["that are set only sometimes", "class A { a; b = 1; constructor(x) { if (x > 1) this.a = x; } }"],
		[
			"of a derived class",
			"class P { p = 1; } class A extends P { a; b = 2; constructor(x) { super(); this.a = x; } }",
		],
	])("%s are the same in the same order", (_what, code) => {
		const moved = pass(fields, code);
		expect(moved).not.toBe(code);
		expect(moved).not.toMatch(/\{ [abc](?: = |;)/);
		expect(keysOf(moved)).toEqual(keysOf(code));
	});

	it.each([
		[
			"names what a parameter of the constructor is called",
			"const x = 7; class A { a = x; constructor(x) { this.b = x; } }",
		],
		["belongs to a derived class without a constructor", "class P {} class A extends P { a = 1; }"],
		["is static", "class A { static a = 1; }"],
	])("stay when one %s", (_why, code) => {
		expect(pass(fields, code)).toBe(code);
	});

	it("that the constructor sets first of all are not made before", () => {
		const code = "class A { a; b; constructor(x, y) { this.a = x; this.b = y; } }";
		expect(pass(fields, code)).not.toContain("void 0");
	});
});

describe("names", () => {
	it("of variables are shared between functions, unless something public has them too", () => {
		const code = "const f = (first, size) => first + size; const g = (second) => second.size;";
		expect(pass(names, code)).toBe("const f = ($a, size) => $a + size; const g = ($a) => $a.size;");
	});

	it("of members with _ are shared between classes, not between a class and what it extends", () => {
		const code = "class A { _a = 1; } class B extends A { _b = 2; } class C { _c = 3; }";
		expect(pass(names, code)).toBe("class A { $a = 1; } class B extends A { $b = 2; } class C { $a = 3; }");
	});

	it("of the module, of keys and of globals stay", () => {
		const code = "const top = 1; const f = ({ key }) => trace(key, top); const g = { key: 1 };";
		expect(pass(names, code)).toBe(code);
	});

	it("in one function stay apart", () => {
		const code =
			"return ((one, two) => { { const three = one; one = three + two; } return (four) => one + four; })(1, 2)(4);";
		expect(run(pass(names, code))).toBe(run(code));
	});
});

describe("the modules of a device", () => {
	const textOf = (name: string): string => readFileSync(fileURLToPath(compiledUrl(`device/${name}.js`)), "utf8");

	it("are there, with types and a map to the sources, which the text does not name", () => {
		for (const name of Object.keys(DEVICE_MODULES)) {
			const path = fileURLToPath(compiledUrl(`device/${name}`));
			expect(existsSync(`${path}.d.ts`), name).toBe(!/^programs|device$|sdk-tls/.test(name));
			expect(readFileSync(`${path}.js.map`, "utf8"), name).toMatch(/"sources":\[[^\]]*\/firmware\/[^\]]*\.ts"/);
			expect(textOf(name)).not.toContain("sourceMappingURL");
		}
	});

	it("import by the names that manifests give, and have neither private names nor fields", () => {
		for (const name of Object.keys(DEVICE_MODULES)) {
			const text = textOf(name);
			expect([...text.matchAll(/\bfrom "(\.[^"]*)"/g)].map(([, from]) => from)).toEqual([]);
			expect(text).not.toMatch(/(?:^|[^'"`\w])#[a-z]\w* ?[=(;]/m);
		}
	});

	it("export at least what the compiled library exports", () => {
		const exported = (text: string): Set<string> => {
			const lists = [...text.matchAll(/export \{([^}]*)\}/g)].map(([, list]) => list!);
			return new Set(lists.flatMap((list) => list.split(",").map((each) => each.trim().split(" as ").at(-1)!)));
		};
		const library = readFileSync(fileURLToPath(compiledUrl("firmware/index.js")), "utf8");
		const wanted = [...exported(library)].filter(Boolean);
		expect(wanted.length).toBeGreaterThan(10);
		expect([...exported(textOf("index"))]).toEqual(expect.arrayContaining(wanted));
	});
});
