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

/** What a folder may not see although it is lower; the ports are all that a transport knows of us. */
const NOT_SEEN = { transport: ["loop", "client", "codec", "base"] };

/** Those that know the platform. */
const ON_PLATFORM = ["programs", "ecma419", "esp32", "app", "transport"];

const PLATFORM = ["embedded:*", "timer", "time", "mc/*"];

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
			"max-lines-per-function": ["error", { max: 80 }],
		},
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
	{
		files: ["**/*.js"],
		languageOptions: { globals: { process: "readonly", URL: "readonly", console: "readonly", trace: "readonly" } },
	},
	{
		files: ["test/**/*.ts"],
		rules: { "@typescript-eslint/no-empty-function": "off", "@typescript-eslint/no-dynamic-delete": "off" },
	},
);
