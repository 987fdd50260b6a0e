// Goal: the engine is built once for a user, in the platform's place, and for 32 bits only where that works whole.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { tryBuildXsHost, xsHostWarning } from "../../host-sim/stand-ins/xs/build.js";
import { cacheFolder } from "../../host-sim/stand-ins/xs/cache.js";

const found = await tryBuildXsHost();

it.each([
	["linux", { XS_MQTT_CACHE: "/mine", XDG_CACHE_HOME: "/cache" }, "/mine"],
	["linux", { XDG_CACHE_HOME: "/cache" }, "/cache/xs-mqtt"],
	["linux", { XDG_CACHE_HOME: "relative" }, join(homedir(), ".cache/xs-mqtt")],
	["linux", {}, join(homedir(), ".cache/xs-mqtt")],
	["darwin", {}, join(homedir(), "Library/Caches/xs-mqtt")],
	["win32", { LOCALAPPDATA: "/local" }, "/local/xs-mqtt/cache"],
] as const)("on %s with %j is kept in %s", (platform, env, folder) => {
	expect(cacheFolder(env, platform)).toBe(folder);
});

it.skipIf("reason" in found)("is for 64 bits where a header of the kernel is missing for 32", async () => {
	const folder = mkdtempSync(join(tmpdir(), "xs-mqtt-cc-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	const compiler = join(folder, "cc");
	// It links and runs with -m32, but has no errno.h for it.
	const script = `#!/bin/sh
for last; do case $last in -m32) small=1;; *.c) source=$last;; esac; done
if [ "$small" ]; then
	grep -q errno.h "$source" && exit 1
	for argument; do shift; [ "$argument" = -m32 ] || set -- "$@" "$argument"; done
fi
exec cc "$@"
`;
	writeFileSync(compiler, script);
	chmodSync(compiler, 0o755);
	expect(await xsHostWarning({ compiler })).toContain("64-bit build");
});
