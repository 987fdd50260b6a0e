import Resolver, { type ResolveRequest } from "embedded:network/dns/resolver/udp";
import type { NameRequest, NameResolver } from "../loop/transport.js";

/** The platform's resolver, made when the first name is looked up: a preloaded module may not call native code. */
class PlatformDns implements NameResolver {
	#resolver: Resolver | null = null;

	resolve(request: NameRequest): void {
		this.#resolver ??= new Resolver({});
		this.#resolver.resolve(request as unknown as ResolveRequest);
	}
}

/** The option `dns` for the platform's own resolver. */
export function platformDns(): NameResolver {
	return new PlatformDns();
}
