import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../readme/pages.js";

/**
 * A folder outside this repository with the package in its `node_modules`, packed by npm and unpacked. What the package
 * depends on, and the XS host, are taken from here instead of being fetched and built again.
 */
export class App {
	readonly folder = mkdtempSync(join(tmpdir(), "xs-mqtt-app-"));

	constructor() {
		const modules = join(this.folder, "node_modules");
		mkdirSync(modules);
		execFileSync("npm", ["pack", ROOT, "--ignore-scripts", "--silent", "--pack-destination", this.folder], {
			cwd: this.folder,
			stdio: "ignore",
		});
		const file = readdirSync(this.folder).find((name) => name.endsWith(".tgz")) ?? "";
		execFileSync("tar", ["-xzf", join(this.folder, file), "-C", modules]);
		execFileSync("mv", [join(modules, "package"), this.package]);
		const { dependencies } = JSON.parse(this.read("node_modules/xs-mqtt/package.json")) as { dependencies: object };
		for (const name of ["@agoric", ...Object.keys(dependencies)]) this.#link(name, modules);
		this.#link(".cache", join(this.package, "node_modules"));
	}

	/** The unpacked package. */
	get package(): string {
		return join(this.folder, "node_modules/xs-mqtt");
	}

	/** Copies a starter of the package into the folder, as its user does. */
	copyStarter(name: string): void {
		cpSync(join(this.package, "manifests/starters", name), this.folder, { recursive: true });
	}

	/** A file of the folder. */
	read(name: string): string {
		return readFileSync(join(this.folder, name), "utf8");
	}

	/** Compiles or checks the folder by its tsconfig. Throws with what the compiler said. */
	compile(...args: string[]): void {
		try {
			execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...args], { cwd: this.folder });
		} catch (error) {
			throw new Error(String((error as { stdout: Buffer }).stdout), { cause: error });
		}
	}

	/** Runs `npx xs-mqtt`, and returns what it printed. Throws when it does not end with 0. */
	run(...args: string[]): string {
		const cli = join(this.package, "dist/host-sim/cli.js");
		return execFileSync(process.execPath, [cli, ...args], { cwd: this.folder, encoding: "utf8" });
	}

	remove(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}

	#link(name: string, folder: string): void {
		const target = join(ROOT, "node_modules", name);
		mkdirSync(dirname(join(folder, name)), { recursive: true });
		symlinkSync(target, join(folder, name));
	}
}
