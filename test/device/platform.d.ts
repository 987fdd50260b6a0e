/** Two more modules of the platform, for the type checker on a desk; see firmware/platform.d.ts. */

declare module "instrumentation" {
	const Instrumentation: {
		/** Index of a counter on this platform. */
		map(name: string): number | undefined;
		/** Undefined in release builds. */
		get(index: number | undefined): number | undefined;
	};
	export default Instrumentation;
}

declare module "debug" {
	const Debug: {
		/** Collects garbage. */
		gc(): void;
	};
	export default Debug;
}
