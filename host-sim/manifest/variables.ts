import { resolve } from "node:path";
import { isObject } from "./merge.js";

/** Stands for the SDK's folder where none is known. Whatever path begins with it has no meaning on this machine. */
const UNKNOWN_SDK = "$(MODDABLE)";

/** What the SDK's own manifests define in `build`. Without the SDK they are not read; others use these names all the same. */
const SDK_FOLDERS: Readonly<Record<string, string>> = {
	MODDABLE: UNKNOWN_SDK,
	BUILD: `${UNKNOWN_SDK}/build`,
	MODULES: `${UNKNOWN_SDK}/modules`,
	COMMODETTO: `${UNKNOWN_SDK}/modules/commodetto`,
	PIU: `${UNKNOWN_SDK}/modules/piu`,
	IO: `${UNKNOWN_SDK}/modules/io`,
};

/** A variable that nobody has set. */
export class UnknownVariable extends Error {
	override name = "UnknownVariable";
}

/** The variables of a build: `build` sections, what mcconfig itself defines, and the environment behind them. */
export class Variables {
	readonly #values = new Map<string, string>();
	readonly #environment: Readonly<Record<string, string | undefined>>;

	/**
	 * in   environment  the process's variables
	 *      moddable     folder of the SDK; undefined when there is none
	 */
	constructor(environment: Readonly<Record<string, string | undefined>>, moddable: string | undefined) {
		this.#environment = environment;
		if (moddable) this.set("MODDABLE", moddable);
		else for (const [name, value] of Object.entries(SDK_FOLDERS)) this.set(name, value);
	}

	/** Defines what mcconfig defines by itself for a platform, e.g. "lin" or "esp32/nodemcu". */
	setPlatform(fullPlatform: string): void {
		const [platform = "", subplatform] = fullPlatform.split("/");
		const sdk = this.resolve("$(MODDABLE)");
		const onDesk = ["lin", "mac", "win"].includes(platform);
		this.set("PLATFORM", platform);
		this.set("FULLPLATFORM", fullPlatform);
		this.set("BUILD_SIMULATOR", `${sdk}/build/simulators`);
		const ble = onDesk ? "sim" : platform === "esp32" ? "nimble" : platform;
		this.set("BLEMODULEPATH", `${sdk}/modules/network/ble/${ble}`);
		if (platform === "esp32") this.set("ESP32_SUBCLASS", this.#environment["ESP32_SUBCLASS"] ?? "esp32");
		if (subplatform === undefined) return;
		const directory = `${sdk}/build/devices/${platform}/targets/${subplatform}`;
		this.set("SUBPLATFORM", subplatform);
		this.set("SUBPLATFORMDIRECTORY", directory);
		this.set("SUBPLATFORMMANIFEST", `${directory}/manifest.json`);
	}

	/** Defines a variable or changes it. */
	set(name: string, value: string): void {
		this.#values.set(name, value);
	}

	/** Replaces every $(NAME), once. Throws UnknownVariable. */
	resolve(text: string): string {
		return text.replace(/\$\(([^)]+)\)/g, (_match, name: string) => {
			const value = this.#values.get(name) ?? this.#environment[name];
			if (value !== undefined) return value;
			const hint = Object.hasOwn(SDK_FOLDERS, name)
				? "; include $(MODDABLE)/examples/manifest_base.json before it"
				: "";
			throw new UnknownVariable(`$(${name}) is not set${hint}`);
		});
	}

	/** Whether a path, already resolved, leads into an SDK that is not here. */
	isOfMissingSdk(path: string): boolean {
		return path.includes(UNKNOWN_SDK);
	}

	/**
	 * Takes over the `build` section of one manifest. "NAME ?=" gives way to the environment; a value that begins with
	 * "./" is a path from the manifest's folder.
	 */
	addBuild(build: unknown, directory: string): void {
		if (!isObject(build)) return;
		for (const [key, given] of Object.entries(build)) {
			const name = key.endsWith(" ?=") ? key.slice(0, -3) : key;
			const fromOutside = name === key ? undefined : this.#environment[name];
			this.set(name, fromOutside ?? this.#buildValue(name, given, directory));
		}
	}

	#buildValue(name: string, given: unknown, directory: string): string {
		const text = String(given);
		const before = this.#values.get(name);
		if (name === "LIBRARIES" || name === "C_FLAGS") return before === undefined ? text : `${before} ${text}`;
		if (typeof given !== "string") return text;
		const value = this.resolve(text);
		return value.startsWith("./") ? resolve(directory, value) : value;
	}
}
