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
 * One way down: app → loop → client → codec → base. `client` knows the loop's interface types (its options name them),
 * and `transport` takes nothing else from above.
 */
const LAYERS = {
	base: { forbidden: ["codec", "client", "loop", "transport", "app"] },
	codec: { forbidden: ["client", "loop", "transport", "app"] },
	client: { forbidden: ["transport", "app"], typesOnly: ["loop"] },
	loop: { forbidden: ["transport", "app"] },
	transport: { forbidden: ["client", "codec", "base", "app"] },
	app: { forbidden: [] },
};

const PLATFORM = ["embedded:*", "timer", "time", "mc/*"];

function layerRule(name, { forbidden, typesOnly = [] }) {
	const patterns = [
		{ group: ["node:*"], message: "A device has no Node modules." },
		{ group: ["**/host-sim/**", "**/test/**"], message: "firmware/ imports from nowhere else." },
	];
	if (forbidden.length > 0) {
		const group = forbidden.map((layer) => `**/${layer}/**`);
		patterns.push({
			group,
			message: `${name}/ is below these: imports point one way, app → loop → client → codec → base.`,
		});
	}
	if (typesOnly.length > 0) {
		const group = typesOnly.map((layer) => `**/${layer}/**`);
		patterns.push({ group, allowTypeImports: true, message: `${name}/ may import only types from here.` });
	}
	if (name !== "app" && name !== "transport") {
		patterns.push({ group: PLATFORM, message: "Only transport/ and app/ know the platform." });
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
		files: ["firmware/app/*/**/*.ts"],
		rules: { "xs/hot-path": ["error", { preloaded: false }] },
	},
	...Object.entries(LAYERS).map(([name, layer]) => layerRule(name, layer)),
	{
		files: ["**/*.js"],
		languageOptions: { globals: { process: "readonly", URL: "readonly", console: "readonly", trace: "readonly" } },
	},
	{
		files: ["test/**/*.ts"],
		rules: { "@typescript-eslint/no-empty-function": "off", "@typescript-eslint/no-dynamic-delete": "off" },
	},
);
