/**
 * A device on V8: a global object of its own with what a device has, and the modules of one program. Nothing of Node is in
 * there. Several of them can live in one process, each with a world of its own.
 *
 * Needs Node's option `--experimental-vm-modules`.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { compiledUrl, STAND_INS } from "../../stand-ins/stand-ins.js";
import { findSyntaxError } from "./syntax.js";
import type * as Prototypes from "../watch/prototypes.js";
import type { Teller } from "../watch/prototypes.js";
import type { DeviceWorld } from "../../world/device-world.js";
import { findImport } from "./find-import.js";
import { NOT_ON_XS } from "./hints.js";
import { ImportError, ImportResolver, resolveInstalled, type ModuleTable } from "./resolve.js";
import { isTypeScript, ModuleSources } from "./sources.js";

/** What a realm is made from. */
export interface RealmOptions {
	world: DeviceWorld;
	/** What Math.random answers there. */
	random(): number;
	/** Told of each client that the program makes. */
	onClient(client: object): void;
	/** Modules that the program's manifest names. */
	modules: ModuleTable;
	/** Modules that bare names lead to instead; none unless told. */
	instead?: ModuleTable;
	/** Told what the program's clients go through. */
	teller: Teller;
}

/** In here the stand-ins are; only they may ask for the world. */
const SHIMS = fileURLToPath(compiledUrl("host-sim/stand-ins/node/"));
const WORLD = fileURLToPath(compiledUrl("host-sim/world/current.js"));
const GLOBALS = fileURLToPath(compiledUrl("host-sim/stand-ins/node/globals.js"));

/** Where a client of the firmware registers itself. */
const CLIENTS = Symbol.for("xs-mqtt.clients");

/**
 * Runs in the realm. Whatever the program can reach must have been made there: an object from outside would bring the
 * constructors of Node's own realm along.
 */
const PREPARE = `(function (random, onClient, clients, absent) {
	for (const name of absent) delete globalThis[name];
	Object.defineProperty(globalThis, "global", { value: globalThis, writable: true, configurable: true });
	Math.random = { random() { return random(); } }.random;
	globalThis[clients] = Object.freeze({ add(client) { onClient(client); } });
})`;

export class Realm {
	/** Also knows where in the source a place of the compiled program is. */
	readonly sources = new ModuleSources();
	readonly #options: RealmOptions;
	readonly #context: vm.Context;
	readonly #resolver: ImportResolver;
	/** By path; a module is there before its imports are. */
	readonly #modules = new Map<string, vm.Module>();
	/** As they were written. */
	readonly #texts = new Map<string, string>();

	constructor(options: RealmOptions) {
		this.#options = options;
		// An object without a prototype: what globalThis inherits must not lead out of the realm.
		this.#context = vm.createContext(Object.create(null) as object, {
			codeGeneration: { strings: false, wasm: false },
		});
		this.#resolver = new ImportResolver({ ...options.modules, ...standInFiles() }, resolveInstalled);
		type Prepare = (...args: unknown[]) => void;
		const prepare = vm.runInContext(PREPARE, this.#context) as Prepare;
		const absent = vm.runInContext(JSON.stringify(NOT_ON_XS), this.#context) as unknown;
		prepare(options.random, options.onClient, CLIENTS, absent);
	}

	/**
	 * Loads and links a program and all that it imports, without running anything of it.
	 *
	 * out  runs it: the modules, and then the default export if that is a function
	 *
	 * Throws ImportError.
	 */
	async load(file: string): Promise<() => Promise<void>> {
		const globals = await this.#link(GLOBALS);
		await globals.evaluate();
		(globals.namespace as { installGlobals(): void }).installGlobals();
		await this.#watch();
		const main = await this.#link(file);
		return async () => {
			await main.evaluate();
			const start = (main.namespace as { default?: unknown }).default;
			if (typeof start === "function") await (start as () => unknown)();
		};
	}

	/** As on XS, what watches the library is loaded beside it, in the realm, before any program. */
	async #watch(): Promise<void> {
		const load = async (path: string): Promise<object> => {
			const module = await this.#link(fileURLToPath(compiledUrl(path)));
			await module.evaluate();
			return module.namespace;
		};
		const { watchPrototypes } = (await load("host-sim/simulator/watch/prototypes.js")) as typeof Prototypes;
		const prototypeOf = async (path: string, name: string): Promise<object> =>
			((await load(`firmware/${path}.js`)) as Record<string, { prototype: object }>)[name]!.prototype;
		watchPrototypes(
			{
				client: await prototypeOf("app/client", "Client"),
				writer: await prototypeOf("client/outgoing/payload-writer", "PayloadWriter"),
				application: await prototypeOf("client/telling/application", "Application"),
				receiver: await prototypeOf("client/incoming/receiver", "Receiver"),
				partial: await prototypeOf("client/incoming/partial-publish", "PartialPublish"),
				loop: await prototypeOf("loop/loop", "Loop"),
			},
			this.#options.teller,
		);
	}

	async #link(file: string): Promise<vm.Module> {
		const module = this.#module(file);
		try {
			if (module.status === "unlinked")
				await module.link((specifier, from) => this.#module(this.#find(specifier, from.identifier)));
		} catch (error) {
			throw error instanceof ImportError ? error : new ImportError(this.#describe(error));
		}
		return module;
	}

	/** A module that is not linked, or as far as it has come. */
	#module(file: string): vm.Module {
		const known = this.#modules.get(file);
		if (known) return known;
		const module = file === WORLD ? this.#worldModule() : this.#sourceModule(file);
		this.#modules.set(file, module);
		return module;
	}

	#sourceModule(file: string): vm.Module {
		const text = this.sources.read(file);
		try {
			const module = new vm.SourceTextModule(text, {
				context: this.#context,
				identifier: file,
				importModuleDynamically: (specifier) => this.#importLater(specifier, file) as Promise<vm.Module>,
			});
			this.#texts.set(file, isTypeScript(file) ? readFileSync(file, "utf8") : text);
			return module;
		} catch (error) {
			const { name, message } = error as Error;
			throw new ImportError(`${name}: ${message} at ${findSyntaxError(file) ?? file}`);
		}
	}

	/** What leads from the stand-ins to their world: functions that they keep to themselves. */
	#worldModule(): vm.Module {
		const { world } = this.#options;
		const names = ["currentWorld", "worldFor"];
		return new vm.SyntheticModule(
			names,
			function (this: vm.SyntheticModule) {
				for (const name of names) this.setExport(name, () => world);
			},
			{ context: this.#context, identifier: WORLD },
		);
	}

	#find(specifier: string, parent: string): string {
		const { instead = {} } = this.#options;
		// Not by the table: what the library imports by a relative name is its own.
		const file = Object.hasOwn(instead, specifier) ? instead[specifier]! : this.#resolver.resolve(specifier, parent);
		if (file === WORLD && !parent.startsWith(SHIMS)) throw new ImportError(`module "${specifier}" is the simulator's`);
		return file;
	}

	/** import(): what cannot be had is an error of the program's realm, as on a device. */
	async #importLater(specifier: string, parent: string): Promise<vm.Module> {
		this.#options.world.hold();
		try {
			const module = await this.#link(this.#find(specifier, parent));
			await module.evaluate();
			return module;
		} catch (error) {
			if (!(error instanceof ImportError)) throw error;
			const make = vm.runInContext("(message) => new ReferenceError(message)", this.#context) as (
				text: string,
			) => Error;
			throw make(error.message);
		} finally {
			this.#options.world.release();
		}
	}

	/** Linking tells which name is missing in which module, but not who wants it. */
	#describe(error: unknown): string {
		const { name, message } = error as Error;
		const [, specifier, wanted] = /module '(.+)' does not provide an export named '(.+)'/.exec(message) ?? [];
		const place =
			specifier !== undefined && wanted !== undefined ? findImport(this.#texts, wanted, specifier) : undefined;
		return `${name}: ${message}${place ? ` at ${place}` : ""}`;
	}
}

/** Names of the platform's modules, and the files that stand in for them. */
export function standInFiles(): Record<string, string> {
	return Object.fromEntries(Object.entries(STAND_INS).map(([name, path]) => [name, fileURLToPath(compiledUrl(path))]));
}
