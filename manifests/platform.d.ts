/**
 * What the platform offers to a program, for its author's editor: `"types": ["xs-mqtt/platform"]` in a tsconfig.json. Not
 * needed beside the typings of an installed Moddable SDK, which have it all.
 */
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- an import would make a module of this file, and no ambient one.
/// <reference path="../firmware/platform.d.ts" />

declare module "mc/config" {
	export interface Config {
		/** The options that a client takes from the manifest. */
		readonly mqtt?: import("../dist/firmware/index.js").ManifestOptions;
	}
}
