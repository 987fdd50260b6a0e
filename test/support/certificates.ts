/** Certificates for tests: made here, none is kept. */
export {
	makeCertificate,
	makeKey,
	pemOf,
	type Certificate,
	type KeyKind,
} from "../../host-sim/certificates/certificates.js";
import { makeCertificate, type Certificate, type KeyKind } from "../../host-sim/certificates/certificates.js";

const DAY_MS = 86_400_000;

/** The name and the address that servers of tests have. */
export const SERVER_NAME = "broker.test";
export const SERVER_ADDRESS = "127.0.0.1";

/** A day before or after today. */
export const daysFromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);

/** What one test needs in most cases: an authority, and servers that it has signed, each good but for what its name says. */
export class Certificates {
	readonly ca: Certificate;
	readonly #kind: KeyKind;

	/** in: kind  of the keys; RSA takes longer to make. */
	constructor(kind: KeyKind = "ec") {
		this.#kind = kind;
		this.ca = makeCertificate({ name: "Test CA", key: kind, issues: true });
	}

	/** A server of SERVER_NAME and SERVER_ADDRESS. in: changes  what is not as usual */
	server(changes: Partial<Parameters<typeof makeCertificate>[0]> = {}): Certificate {
		const usual = { name: SERVER_NAME, names: [SERVER_NAME], addresses: [SERVER_ADDRESS], key: this.#kind };
		return makeCertificate({ ...usual, issuer: this.ca, ...changes });
	}

	/** An issuer between the authority and a server. */
	intermediate(changes: Partial<Parameters<typeof makeCertificate>[0]> = {}): Certificate {
		return makeCertificate({ name: "Test intermediate", key: this.#kind, issues: 0, issuer: this.ca, ...changes });
	}

	/** A client. */
	client(changes: Partial<Parameters<typeof makeCertificate>[0]> = {}): Certificate {
		return makeCertificate({ name: "device-1", key: "rsa", issuer: this.ca, ...changes });
	}

	expired(): Certificate {
		return this.server({ from: daysFromNow(-20), to: daysFromNow(-10) });
	}

	notYetValid(): Certificate {
		return this.server({ from: daysFromNow(10), to: daysFromNow(20) });
	}

	wrongName(): Certificate {
		return this.server({ names: ["other.test"], addresses: ["192.0.2.1"] });
	}

	selfSigned(): Certificate {
		return makeCertificate({ name: SERVER_NAME, names: [SERVER_NAME], addresses: [SERVER_ADDRESS], key: this.#kind });
	}
}
