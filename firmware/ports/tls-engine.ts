/**
 * What `transport/tls` needs of whatever speaks TLS: on a device the SDK's session with our checks around it, in the simulator
 * `node:tls`. The transport has the state machine, deadlines and options; an engine has the bytes. It is driven from outside
 * and calls nobody but the connection below it and `wake`.
 *
 *     start() ─▶ step()* until DONE ─▶ read, write ─▶ end()
 *        └──────────┴── FAILED, or `failure` is not 0 ──▶ end()
 */
import type { Transport } from "./transport.js";

/** Why TLS ended: values of Reason in the layer of security; codes.ts says what each means. */
export const enum TlsEnd {
	REFUSED = 60,
	UNKNOWN_ISSUER = 62,
	BAD_SIGNATURE = 63,
	EXPIRED = 64,
	NOT_YET_VALID = 65,
	WRONG_NAME = 66,
	PROTOCOL = 67,
	CUT = 68,
	CLOCK_NOT_SET = 69,
}

/** A certificate or a key: DER, in flash (a `Resource`) or in memory. In the simulator PEM text too. */
export type TlsBytes = ArrayBufferLike | Uint8Array | string;

/** What the options of `tls()` say, checked. All of it stays valid for the life of the client. */
export interface TlsSettings {
	/** Certificates of issuers that are trusted, or of the server itself. Empty only without `verify`. */
	readonly ca: readonly TlsBytes[];
	/** The client's own, the leaf first; empty without one. */
	readonly certificate: readonly TlsBytes[];
	/** Private key of the first of them; undefined without one. */
	readonly key: TlsBytes | undefined;
	/** Protocols for ALPN (RFC 7301), the preferred first; empty: none is offered. */
	readonly alpn: readonly string[];
	/** For SNI and the check of names; empty: the host of the attempt. */
	readonly serverName: string;
	/** Whether the server's certificates are checked. */
	readonly verify: boolean;
	/** Whether suites without forward secrecy (RSA key exchange) are offered, too, last of all. */
	readonly rsaKeyExchange: boolean;
}

/** What an engine is made from: regions of one buffer, and the connection below. */
export interface TlsSetup {
	readonly settings: TlsSettings;
	readonly buffer: ArrayBuffer;
	/** Where `below.read` puts what has arrived, encrypted. */
	readonly landing: number;
	readonly landingSize: number;
	/** Where `below.write` takes from what is to be sent, encrypted. */
	readonly out: number;
	readonly outSize: number;
	/** Where read() puts plain bytes. */
	readonly rx: number;
	readonly rxSize: number;
	/** Where write() takes plain bytes from. */
	readonly tx: number;
	readonly txSize: number;
	/** The connection: `readable`, `read`, `write` of it are the engine's. */
	readonly below: Pick<Transport, "readable" | "read" | "write">;
	/** Asks for a step() or a look at `readable`, about a millisecond later: for an engine that has something to do. */
	wake(): void;
}

/** How far a handshake is. */
export const enum TlsStep {
	/** It goes on when bytes have arrived, or may be written again. */
	WAITING = 0,
	/** Both sides' ciphers are in force, and the server is who it should be. */
	DONE = 1,
	/** `failure` says why. */
	FAILED = 2,
}

/** One client's TLS, used for one connection after the other. */
export interface TlsEngine {
	/** Why it is over, a value of Reason; 0 while it is not. Set by any call; what was decrypted before can still be read. */
	readonly failure: number;
	/** A number that belongs to it: of an alert, of what was missing. */
	readonly detail: number;
	/** Plain bytes that can be read, or 1 while there may be some below. 0 before the handshake is done. */
	readonly readable: number;
	/** What was agreed upon, for people: protocol and suite; ALPN; empty before the handshake is done. Allocates. */
	readonly description: string;
	/**
	 * Begins a handshake on a connection below that stands, and has just been made.
	 *
	 * in   host  of the attempt
	 *      port  likewise
	 */
	start(host: string, port: number): void;
	/** Goes on with the handshake as far as it can. Also called when nothing has come. */
	step(): TlsStep;
	/** Takes plain bytes into the start of `rx`. out: how many, 0 when there are none after all. in: countMax  1 … rxSize */
	read(countMax: number): number;
	/** As Transport.write: from the start of `tx`, and a record that has not gone out whole is gone on with. */
	write(count: number): number;
	/** The last word (close_notify) if a connection stands and below takes it at once; then all of it is forgotten. */
	end(): void;
}

/** Makes an engine. Throws TypeError or RangeError that names the option when a certificate or the key is no good. */
export interface TlsEngineFactory {
	(setup: TlsSetup): TlsEngine;
	/** Smallest sizes that it can do with, in bytes. */
	readonly landingSize: number;
	readonly outSize: number;
}
