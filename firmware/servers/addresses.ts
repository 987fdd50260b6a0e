import type { NameRequest, NameResolver } from "../ports/transport.js";

/** A lookup of the transport, handed on: the other's for as long as the transport uses its own again. */
class AddressRequest implements NameRequest {
	host = "";
	readonly request: NameRequest;
	readonly onResolved: (host: string, address: string, addresses?: readonly string[]) => void;
	readonly onError: (host: string) => void;

	constructor(choice: Addresses, request: NameRequest) {
		this.request = request;
		this.onResolved = (host, address, addresses) => request.onResolved(host, choice.choose(address, addresses));
		this.onError = (host) => request.onError(host);
	}
}

/**
 * A resolver in front of the client's: of a name with several addresses it gives one at each attempt, and knows whether there
 * are more. Platforms that tell only one address are as they were. Allocates when a transport looks up by a new request.
 */
export class Addresses implements NameResolver {
	/** Which of the addresses is given. */
	private _at = 0;
	/** How many the last answer had. */
	private _count = 1;
	private _last: AddressRequest | undefined = undefined;
	/** The client's resolver. */
	inner: NameResolver | undefined = undefined;

	resolve(request: NameRequest): void {
		let last = this._last;
		if (last?.request !== request) last = this._last = new AddressRequest(this, request);
		last.host = request.host;
		this.inner!.resolve(last);
	}

	/** The address that is this attempt's turn. */
	choose(address: string, addresses: readonly string[] | undefined): string {
		this._count = addresses?.length ?? 1;
		if (this._at >= this._count) this._at = 0;
		return addresses?.[this._at] || address;
	}

	/** Goes on to the next address. False: there is none, and it begins anew. */
	next(): boolean {
		this._at++;
		if (this._at < this._count) return true;
		this.restart();
		return false;
	}

	/** Another name, or all anew. */
	restart(): void {
		this._at = 0;
		this._count = 1;
	}
}
