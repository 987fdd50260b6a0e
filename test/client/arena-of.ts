import { Arena } from "../../firmware/client/setup/arena.js";
import { readSettings, type Settings } from "../../firmware/client/setup/settings.js";
import type { TuningOptions } from "../../firmware/client/terms/options.js";

/** Settings of a client that is never made. */
export function settingsOf(options: TuningOptions & { clientId?: string; userName?: string } = {}): Settings {
	const transport = (): never => {
		throw new Error("no transport");
	};
	return readSettings({ host: "127.0.0.1", transport, ...options });
}

/** The arena of such a client, for a part on its own. */
export function arenaOf(options: TuningOptions = {}): Arena {
	return new Arena(settingsOf(options));
}
