import type { Cancel } from "../../world/clock.js";
import { currentWorld } from "../../world/current.js";
import { callOut } from "./call-out.js";

/** One lookup. Both callbacks are taken when resolve() is called; `this` in them is the resolver. */
export interface ResolveRequest {
	host: string;
	onResolved?(this: unknown, host: string, address: string): void;
	onError?(this: unknown, host: string): void;
}

/** Stand-in for `embedded:network/dns/resolver/udp`. The options are accepted and ignored: the world answers. */
export default class Resolver {
	#lookups: Set<Cancel> | undefined = new Set();

	constructor(options?: object) {
		void options;
	}

	/**
	 * Looks a name up. The answer always comes on a later turn.
	 *
	 * Throws Error without a host or any callback, and after close().
	 */
	resolve(request: ResolveRequest): void {
		const lookups = this.#lookups;
		const { onResolved, onError } = request;
		if (!request.host || (!onResolved && !onError) || !lookups) throw new Error("invalid request");
		const host = String(request.host);
		const world = currentWorld();
		const cancel = world.resolve(host, (address) => {
			lookups.delete(cancel);
			callOut(world, "a name lookup", () => {
				if (address === undefined) onError?.call(this, host);
				else onResolved?.call(this, host, address);
			});
		});
		lookups.add(cancel);
	}

	/** Ends all lookups; no callback follows. */
	close(): void {
		for (const cancel of this.#lookups ?? []) cancel();
		this.#lookups = undefined;
	}
}
