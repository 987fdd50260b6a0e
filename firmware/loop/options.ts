import type { NameResolver, TransportFactory } from "../ports/transport.js";

/** Where an attempt goes to: read at each. */
export interface Target {
	readonly host: string;
	readonly port: number;
}

/** How and where the transport of a loop goes. */
export interface LoopOptions {
	transport: TransportFactory;
	/** Asked at each attempt, so that another server may follow; absent: the one of the settings. */
	target?: Target | undefined;
	dns: NameResolver | undefined;
}
