import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Where the built engine is kept, once for all projects of a user: XS_MQTT_CACHE if that is set, else the platform's place
 * for such things (XDG_CACHE_HOME by the XDG base directory specification, LOCALAPPDATA, Library/Caches).
 */
export function cacheFolder(
	env: Readonly<Record<string, string | undefined>> = process.env,
	platform: NodeJS.Platform = process.platform,
): string {
	const own = env["XS_MQTT_CACHE"];
	if (own) return own;
	if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "xs-mqtt", "cache");
	if (platform === "darwin") return join(homedir(), "Library", "Caches", "xs-mqtt");
	const shared = env["XDG_CACHE_HOME"];
	// The specification has relative paths ignored.
	return join(shared && isAbsolute(shared) ? shared : join(homedir(), ".cache"), "xs-mqtt");
}
