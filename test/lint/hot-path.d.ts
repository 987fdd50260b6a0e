/** Types of the plugin for tests that are written in TypeScript. */
import type { ESLint } from "eslint";

declare const plugin: ESLint.Plugin;
export default plugin;
