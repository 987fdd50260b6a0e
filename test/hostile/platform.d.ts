/** Counters of the XS host, for the type checker on a desk. */
declare module "xs-host/counters" {
	export function begin(window?: number): void;
	export function end(window?: number): void;
	export function slots(window?: number): number;
	export function chunkBytes(window?: number): number;
	export function collections(window?: number): number;
	export function stop(): void;
}
