import type { NameRequest, NameResolver } from "../ports/transport.js";

/**
 * Looks names up by `System.resolve`: the platform's own resolver, which asks the name servers that the network itself
 * has named. One answer is made for each request, and a transport uses the same request for every attempt.
 */
class PlatformDns implements NameResolver {
	private _request: NameRequest | null = null;
	private _answer: (host: string, address?: string) => void = () => undefined;

	resolve(request: NameRequest): void {
		if (request !== this._request) {
			this._request = request;
			this._answer = (_host, address) => {
				if (address) request.onResolved(request.host, address);
				else request.onError(request.host);
			};
		}
		// Asked for localhost, one platform finds the address of IPv6 first, and says that there is none.
		const host = request.host === "localhost" ? "127.0.0.1" : request.host;
		globalThis.System!.resolve(host, this._answer);
	}
}

/** The option `dns` for the platform's own resolver. Throws TypeError where the platform has none, traced first. */
export function platformDns(): NameResolver {
	if (!globalThis.System?.resolve) {
		const text = "dns: System.resolve is missing; include modules/io/manifest.json";
		// An exception's text is not in a device's log.
		if (typeof trace === "function") trace(`xs-mqtt: TypeError: ${text}\n`);
		throw new TypeError(text);
	}
	return new PlatformDns();
}
