// Goal: what npm installs and packs is what it should be.
// Method: package.json and the lock are read; the list of packed files comes from npm.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../readme/pages.js";

interface Lock {
	packages: Record<string, { hasInstallScript?: boolean }>;
}

const read = (name: string): unknown => JSON.parse(readFileSync(`${ROOT}${name}`, "utf8"));

describe("package-lock.json", () => {
	it("lets npm run no install script", () => {
		// Remove `hasInstallScript` again: see CONTRIBUTING.md.
		const { packages } = read("package-lock.json") as Lock;
		expect(Object.keys(packages).filter((name) => packages[name]?.hasInstallScript)).toEqual([]);
	});
});
