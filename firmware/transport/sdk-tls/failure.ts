import type { TlsEnd } from "../../ports/tls-engine.js";

/** What was wrong when the reason is SECURITY_PROTOCOL: `reason.detail`. An older version says its number: 0x0300 to 0x0302. */
export const enum Fault {
	/** What came is no record of TLS: another protocol. */
	NOT_TLS = 1,
	/** A message is missing, or one has come that is not due. */
	ORDER = 2,
	/** A suite or a protocol that was not offered. */
	NOT_OFFERED = 3,
	/** A message that is not well-formed, too large, or cannot be used. */
	MALFORMED = 4,
	/** A record could not be decrypted. */
	BAD_RECORD = 5,
	/** Parameters of the key exchange that protect nothing. */
	WEAK = 6,
}

/** Why a connection ended. There is one for each engine. */
export class Failure {
	reason = 0;
	detail = 0;

	/** Ends it, by throwing. The first reason stays. */
	refuse(reason: TlsEnd, detail = 0): never {
		this.set(reason, detail);
		throw new Error("xs-mqtt: TLS ends");
	}

	set(reason: TlsEnd | number, detail: number): void {
		if (this.reason !== 0) return;
		this.reason = reason;
		this.detail = detail;
	}
}
