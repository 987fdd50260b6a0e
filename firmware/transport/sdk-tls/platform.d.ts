/** Modules of the platform's TLS, as far as they are used here, with what their code does; see ../../platform.d.ts. */

declare module "Resource" {
	/** A file that the manifest lists as data: a buffer in flash. */
	const Resource: new (name: string) => ArrayBuffer;
	export default Resource;
}

declare module "ssl/session" {
	import type { CipherSuite } from "ssl/ciphersuites";

	/** What a session writes to. */
	interface SessionPort {
		readable: number;
		writable: number;
		write(packet: Uint8Array): void;
	}
	/** Where a session looks for keys and has certificates judged. */
	interface SessionCertificates {
		verify(): boolean;
		register(certificate: ArrayBuffer): void;
		getKey(certificate: ArrayBuffer | Uint8Array): unknown;
		findPreferredCert(): readonly Uint8Array[];
	}
	class SSLSession {
		/** The message that was seen last; -1 while none is. */
		handshakeProcess: number;
		clientCipher: object | null;
		serverCipher: object | null;
		alert: { level: number; description: number } | undefined;
		chosenCipher: CipherSuite | undefined;
		certificateManager: SessionCertificates;
		clientRandom: ArrayBuffer;
		serverRandom: ArrayBuffer;
		handshakeDigests: { SHA256: { write(bytes: Uint8Array): void } };
		/** The server's certificate: only handed back to getKey(). */
		peerCert: Uint8Array | undefined;
		/** What ServerKeyExchange has said. */
		dhparams: object | undefined;
		constructor(options: object);
		initiateHandshake(): void;
		/** One step: sends what is due, or takes one packet. out: whether it is over, well or not */
		handshake(port: SessionPort): boolean;
		doProtocol(port: SessionPort, protocol: object, a?: unknown, b?: unknown): void;
		/** A record, with its head; undefined: there is none now. */
		readPacket(port: SessionPort): Uint8Array | ArrayBuffer | undefined;
		/** Plain bytes of a record of the application. */
		putData(bytes: Uint8Array): void;
	}
	export default SSLSession;
	export type { SessionPort, SessionCertificates };
}

declare module "ssl/ciphersuites" {
	interface CipherSuite {
		/** The two bytes of its number. */
		readonly value: readonly [number, number];
		/** 0 RSA, 2 DHE_RSA, 6 ECDHE, with either signature. */
		readonly keyExchangeAlgorithm: number;
	}
	const suites: readonly CipherSuite[];
	export default suites;
	export type { CipherSuite };
}

declare module "ssl/handshake" {
	const handshakeProtocol: {
		readonly clientHello: object;
		readonly helloProtocol: {
			packetize(session: object, suites: readonly object[], compressions: readonly number[], type: number): Uint8Array;
		};
	};
	export default handshakeProtocol;
}

declare module "ssl/record" {
	const recordProtocol: {
		unpacketize(session: object, record: Uint8Array): void;
		packetize(session: object, type: number, fragment: Uint8Array): Uint8Array;
	};
	export default recordProtocol;
}

declare module "ssl/alert" {
	const alert: { packetize(session: object, level: number, description: number): Uint8Array };
	export default alert;
}

declare module "crypt" {
	class Digest {
		/** "SHA256", "SHA384", "SHA512" */
		constructor(name: string);
		write(bytes: ArrayBuffer | Uint8Array): void;
		close(): ArrayBuffer;
	}
	export { Digest };
}

declare module "x509" {
	/** A public key: of RSA, or of a curve. */
	interface PublicKey {
		readonly modulus?: bigint;
		readonly exponent?: bigint;
		readonly curve?: { readonly n: bigint; readonly orderSize: number };
		readonly pub?: object;
	}
	const X509: {
		/** Throws for kinds of keys that the platform does not know. */
		decodeSPKI(certificate: Uint8Array): PublicKey;
	};
	export default X509;
	export type { PublicKey };
}

declare module "pkcs1_5" {
	import type { PublicKey } from "x509";
	class PKCS1_5 {
		readonly rsa: { process(number: bigint): bigint };
		readonly modulusSize: number;
		constructor(key: PublicKey, isPrivate: boolean, hash: readonly number[]);
		/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2) without its first byte, as a number. */
		emsaEncode(digest: ArrayBuffer, size: number): bigint;
	}
	export default PKCS1_5;
}

declare module "ecdsa" {
	class ECDSA {
		constructor(point: object, curve: object);
		/** in: signature  r and s, each as long as the order of the curve */
		verify(digest: ArrayBuffer, signature: ArrayBuffer): boolean;
	}
	export default ECDSA;
}

declare module "pkcs8" {
	const PKCS8: {
		/** An RSA key; throws for others. */
		parse(bytes: Uint8Array): { readonly modulus: bigint };
	};
	export default PKCS8;
}

interface BigIntConstructor {
	/** A number of big-endian bytes. */
	fromArrayBuffer(bytes: ArrayBuffer): bigint;
}
