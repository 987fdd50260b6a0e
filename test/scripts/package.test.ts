// Goal: what npm installs and packs is what it should be: all that is needed, and nothing else.
// Method: package.json and the lock are read; the list of packed files comes from npm, and imports are followed in it.
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { describe, expect, it } from "vitest";
import { ROOT } from "../readme/pages.js";
import { entries, packedFiles, reachable } from "./packed.js";

interface Lock {
	packages: Record<string, { hasInstallScript?: boolean }>;
}

interface PackageFile {
	dependencies: Record<string, string>;
}

const text = (name: string): string => readFileSync(`${ROOT}${name}`, "utf8");

describe("package-lock.json", () => {
	it("lets npm run no install script", () => {
		// Remove `hasInstallScript` again: see CONTRIBUTING.md.
		const { packages } = JSON.parse(text("package-lock.json")) as Lock;
		expect(Object.keys(packages).filter((name) => packages[name]?.hasInstallScript)).toEqual([]);
	});
});

/** What has none is left from an earlier build; prepack begins with an empty folder. */
const hasSource = (path: string): boolean => existsSync(`${ROOT}${path.slice(5, -3)}.ts`);

describe("the package", () => {
	const packed = packedFiles();
	const reached = reachable(packed);

	it("has everything that bin, exports and manifests lead to", () => {
		for (const entry of entries()) expect(packed).toContain(entry);
		expect([...reached].filter((path) => !packed.includes(path))).toEqual([]);
	});

	it("has no compiled file that nothing leads to", () => {
		// A module of types only has no code; a map belongs to its module.
		const code = packed.filter((path) => path.startsWith("dist/") && path.endsWith(".js") && hasSource(path));
		const idle = code.filter((path) => !reached.has(path) && /^(?!export \{\};|\/\/|\/?\*| \*)./m.test(text(path)));
		expect(idle).toEqual([]);
		const others = packed.filter((path) => path.startsWith("dist/") && !path.endsWith(".js"));
		const types = /^dist\/(firmware\/.*\.(d\.ts|js\.map)|device\/.*\.(d\.ts|js\.map))$/;
		expect(others.filter((path) => !types.test(path))).toEqual([]);
	});

	it("has nothing of the tests, and nothing that only this repository uses", () => {
		const top = new Set(packed.map((path) => path.split("/")[0]));
		expect([...top].sort()).toEqual(
			["CHANGELOG.md", "LICENSE", "README.md", "dist", "firmware", "host-sim", "manifests", "package.json"].sort(),
		);
		expect(
			packed.filter((path) => /tsconfig|\.tsbuildinfo$|\.test\./.test(path) && !path.includes("/starters/")),
		).toEqual([]);
	});

	it("has the sources in C of the host that it builds, and no other", () => {
		const inC = packed.filter((path) => path.startsWith("host-sim/stand-ins/xs/c/"));
		expect(inC.filter((path) => !/^host-sim\/stand-ins\/xs\/c\/(desktop\/)?[a-z-]+\.[ch]$/.test(path))).toEqual([]);
		expect(inC).toEqual(
			expect.arrayContaining(["host-sim/stand-ins/xs/c/host.h", "host-sim/stand-ins/xs/c/desktop/main.c"]),
		);
	});

	it("depends on what it imports, and on nothing else", () => {
		const code = packed.filter((path) => reached.has(path) && path.endsWith(".js")).map(text);
		const names = code.flatMap((each) =>
			[...each.matchAll(/^(?:import|export)\b[^"]*?\bfrom "([^".][^"]*)";|\bimport\("([^".][^"]*)"\)/gm)].map(
				([, from, dynamic]) => from ?? dynamic ?? "",
			),
		);
		const platform =
			/^(node:|xs-mqtt|embedded:|mc\/|timer$|time$|esp32|sntp|wifi|xs-host\/|ssl\/|(Resource|crypt|ecdsa|pkcs1_5|pkcs8|x509)$)/;
		const ofPackages = names.filter(
			(name) => !platform.test(name) && !name.startsWith("$") && !builtinModules.includes(name),
		);
		// Without the path in it.
		const used = new Set(ofPackages.map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0]));
		const { dependencies } = JSON.parse(text("package.json")) as PackageFile;
		expect([...used].sort()).toEqual(Object.keys(dependencies).sort());
	});
});
