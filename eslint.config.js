import js from "@eslint/js";
import tseslint from "typescript-eslint";
import xs from "./test/lint/hot-path.js";

/** What a plain XS application does not have; firmware may use none of it. */
const MISSING_ON_DEVICE = [
	...["console", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "queueMicrotask"],
	...["TextEncoder", "TextDecoder", "URL", "URLSearchParams", "structuredClone", "performance", "crypto", "Intl"],
	...[
		"process",
		"Buffer",
		"AbortController",
		"AbortSignal",
		"Event",
		"EventTarget",
		"atob",
		"btoa",
		"fetch",
		"require",
	],
	...["device", "System", "DisposableStack", "WebSocket", "global", "window", "__dirname", "__filename"],
];

/**
 * One way down between the houses' folders. Rooms within `client/`, and those of the simulator, are held apart in the same
 * way by test/lint/rooms.test.ts, which also draws them (`npm run rooms`).
 */
const FOLDERS = ["programs", "ecma419", "esp32", "app", "transport", "loop", "client", "ports", "codec", "base"];

/** What a folder may not see although it is lower; the ports, and what knows no MQTT, are all that a transport knows of us. */
const NOT_SEEN = { transport: ["loop", "client", "codec"] };

/** Those that know the platform. */
const ON_PLATFORM = ["programs", "ecma419", "esp32", "app", "transport"];

const PLATFORM = ["embedded:*", "timer", "time", "mc/*"];

/** What only host-sim/world/real-clock.ts asks Node for: everything else in the simulator takes a `Clock`. */
const NODE_TIMES = ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"];
const TAKE_A_CLOCK = "Take a Clock (host-sim/world/clock.ts): time may be virtual.";

/** Files of the simulator that ask Node for the time all the same, because it is that of a process or of a person. */
const REAL_TIME = {
	"host-sim/world/real-clock.ts": "this is the real clock",
	"host-sim/cli.ts": "a limit for the exit of this process",
	"host-sim/terminal/output.ts": "looks again at a reader of standard output that is behind",
	"host-sim/simulator/node-process.ts": "a limit for a child process that is told to end",
	"host-sim/simulator/program/watchdog.ts": "looks after a child process whose own loop may stand still",
	"host-sim/stand-ins/xs/xs-process.ts": "a limit for a child process that is told to end",
	"host-sim/stand-ins/xs/building.ts": "waits for another process that builds the same engine",
	"host-sim/proofs/**": "measures real time, and runs tools that have no other; not packed",
	"host-sim/desk/**": "runs tools of the SDK, devices and brokers; not packed",
};

const ONE_CLOCK = {
	"no-restricted-globals": [
		"error",
		...[...NODE_TIMES, "performance"].map((name) => ({ name, message: TAKE_A_CLOCK })),
	],
	"no-restricted-properties": [
		"error",
		...["hrtime", "uptime"].map((property) => ({ object: "process", property, message: TAKE_A_CLOCK })),
		{ object: "Date", property: "now", message: TAKE_A_CLOCK },
		...[...NODE_TIMES, "performance", "Date"].flatMap((property) =>
			["globalThis", "global"].map((object) => ({ object, property, message: TAKE_A_CLOCK })),
		),
	],
	"no-restricted-syntax": [
		"error",
		// A date made of a number is arithmetic; one that is made of nothing is the time.
		{ selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: TAKE_A_CLOCK },
		{ selector: "CallExpression[callee.name='Date']", message: TAKE_A_CLOCK },
	],
	"no-restricted-imports": [
		"error",
		...["timers", "timers/promises", "perf_hooks"].flatMap((name) =>
			[name, `node:${name}`].map((path) => ({ name: path, message: TAKE_A_CLOCK })),
		),
	],
};

function folderRule(name) {
	const patterns = [
		{ group: ["node:*"], message: "A device has no Node modules." },
		{ group: ["**/host-sim/**", "**/test/**"], message: "firmware/ imports from nowhere else." },
	];
	const forbidden = [...FOLDERS.slice(0, FOLDERS.indexOf(name)), ...(NOT_SEEN[name] ?? [])];
	if (forbidden.length > 0) {
		// Rooms of client/ have names of their own: "../session/session.js" is none of these.
		const group = forbidden.map((folder) => `**/${folder}/**`);
		patterns.push({ group, message: `${name}/ is below these: imports point one way, ${FOLDERS.join(" → ")}.` });
	}
	if (!ON_PLATFORM.includes(name)) {
		patterns.push({ group: PLATFORM, message: `Only ${ON_PLATFORM.join("/, ")}/ know the platform.` });
	}
	return {
		files: [`firmware/${name}/**/*.ts`],
		rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] },
	};
}

export default tseslint.config(
	{ ignores: ["dist/", "coverage/", "node_modules/", "test/vectors/", "host-sim/manifest/config-validator.ts"] },
	js.configs.recommended,
	...tseslint.configs.strict,
	{
		rules: {
			// An index that the loop's bound has checked needs no second check, and on a hot path may not have one.
			"@typescript-eslint/no-non-null-assertion": "off",
			"@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" }],
			"@typescript-eslint/no-invalid-void-type": "off",
			// NaN is the one value that is not itself: the cheapest test there is on XS.
			"no-self-compare": "off",
		},
	},
	{
		files: ["firmware/**/*.ts"],
		rules: {
			"no-restricted-globals": [
				"error",
				...MISSING_ON_DEVICE.map((name) => ({ name, message: "An XS application on a device does not have it." })),
			],
			"no-console": "error",
			"max-lines": ["error", { max: 500, skipBlankLines: true }],
			"max-lines-per-function": ["error", { max: 50 }],
		},
	},
	{
		// A call is what a short way saves: each is one function.
		files: ["firmware/client/short-ways/*.ts"],
		rules: { "max-lines-per-function": ["error", { max: 80 }] },
	},
	{
		// Only here are types looked at: it takes seconds, which the other folders need not wait for.
		files: ["firmware/**/*.ts"],
		plugins: { xs },
		languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
		rules: {
			"xs/hot-path": "error",
			// What it takes for useless in a derived class spares XS the spread of the implicit one.
			"@typescript-eslint/no-useless-constructor": "off",
			// A const enum is how a number gets a name that takes nothing of the flash: some stand for the same, some are made of others.
			"@typescript-eslint/no-duplicate-enum-values": "off",
			"@typescript-eslint/prefer-literal-enum-member": "off",
		},
	},
	{
		// Programs are not preloaded, so their literals stay in flash.
		files: ["firmware/{programs,ecma419,esp32}/**/*.ts"],
		rules: { "xs/hot-path": ["error", { preloaded: false }] },
	},
	...FOLDERS.map((name) => folderRule(name)),
	{ files: ["host-sim/**/*.ts"], ignores: Object.keys(REAL_TIME), rules: ONE_CLOCK },
	{
		files: ["host-sim/**/*.{ts,js}"],
		rules: {
			"max-lines": ["error", { max: 500, skipBlankLines: true }],
			"max-lines-per-function": ["error", { max: 50 }],
		},
	},
	{
		files: ["**/*.{js,mjs}"],
		languageOptions: {
			globals: { process: "readonly", Buffer: "readonly", URL: "readonly", console: "readonly", trace: "readonly" },
		},
	},
	{
		files: ["test/**/*.ts"],
		rules: { "@typescript-eslint/no-empty-function": "off", "@typescript-eslint/no-dynamic-delete": "off" },
	},
);
