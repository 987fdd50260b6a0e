import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The platform's modules and our own package name, as a device's manifest would resolve them. */
const ALIASES: Record<string, string> = {
	"xs-mqtt": "./firmware/index.ts",
	"xs-mqtt/tcp": "./firmware/transport/tcp.ts",
	"xs-mqtt/dns": "./firmware/transport/dns.ts",
	"xs-mqtt/servers": "./firmware/servers/servers.ts",
	"xs-mqtt/tls": "./firmware/transport/tls.ts",
	"xs-mqtt/tls-engine": "./host-sim/stand-ins/tls-engine.ts",
	"xs-mqtt/websocket": "./firmware/transport/websocket.ts",
	timer: "./host-sim/stand-ins/node/timer.ts",
	time: "./host-sim/stand-ins/node/time.ts",
	Resource: "./host-sim/stand-ins/node/resource.ts",
	"mc/config": "./host-sim/stand-ins/node/config.ts",
	"embedded:io/socket/tcp": "./host-sim/stand-ins/node/tcp.ts",
	"embedded:io/digital": "./test/support/digital.ts",
	"embedded:network/interface/wifi": "./test/support/wifi.ts",
	"embedded:network/dns/resolver/udp": "./host-sim/stand-ins/node/dns.ts",
};

export default defineConfig({
	resolve: {
		alias: Object.entries(ALIASES).map(([name, file]) => ({
			find: new RegExp(`^${name.replace(/[/]/g, "\\/")}$`),
			replacement: path(file),
		})),
	},
	test: {
		include: ["test/**/*.test.ts"],
		globalSetup: [
			"test/support/mosquitto-check.ts",
			"test/support/nginx-check.ts",
			"test/support/xs-check.ts",
			"test/support/bare-check.ts",
		],
		// Vitest leaves one core alone; what these tests wait for are other processes.
		maxWorkers: 2,
		setupFiles: ["test/support/setup.ts"],
		reporters: ["default", "./test/support/reporter.ts"],
		// Tests of real processes and sockets share two cores. Who needs a second try is named at the end of the run.
		retry: 1,
		testTimeout: 30_000,
		hookTimeout: 30_000,
		coverage: {
			provider: "v8",
			include: ["firmware/{base,codec,client,loop,transport}/**/*.ts"],
			reporter: ["text", "json-summary", "html"],
			reportOnFailure: true,
			// Negative: so many branches may be missed. CONTRIBUTING.md lists each of them with its reason.
			thresholds: {
				"firmware/codec/**": { branches: 100 },
				"firmware/client/**": { branches: -1 },
			},
		},
	},
});
