import { traced } from "../../base/traced.js";
import { TlsEnd, TlsStep, type TlsEngine, type TlsEngineFactory, type TlsSettings } from "../../ports/tls-engine.js";
import {
	TransportEnd,
	TransportLayer,
	type Transport,
	type TransportFactory,
	type TransportListener,
	type TransportSetup,
} from "../../ports/transport.js";
import { checkTlsOptions, type TlsOptions } from "./options.js";

const enum Time {
	/** 2026-01-01 in ms since 1970: a clock that stands before it was never set. Of the year of this version. */
	BUILT_MS = 20_454 * 86_400_000,
}

const enum Count {
	/** Steps of a handshake for which bytes may be there when the connection below has ended. */
	LAST_STEPS = 16,
	/** Where MQTT servers listen for TLS (IANA: secure-mqtt). */
	PORT = 8883,
}

const enum Stage {
	CLOSED,
	/** The connection below is being made. */
	BELOW,
	HANDSHAKE,
	OPEN,
}

/** `verify` is off: whoever reads the log of a device has to see it, at every connection. */
function traceUnverified(): void {
	if (typeof trace === "function") trace("xs-mqtt: TLS: the server is not verified\n");
}

/** Regions begin where 32-bit numbers may. */
function aligned(size: number): number {
	return (size + 3) & ~3;
}

/**
 * TLS over another transport. The engine has the bytes; here are the steps of a connection and its ends. An end that is
 * found while plain bytes from before it still wait is told when those were read. Hot: no allocation of its own.
 */
class TlsTransport implements Transport, TransportListener {
	// What every packet needs comes first.
	private _stage: number = Stage.CLOSED;
	private readonly _engine: TlsEngine;
	/** The end of the one below, while what came before it is still to be read; with its detail. */
	private _end = 0;
	private _detail = 0;
	private readonly _listener: TransportListener;
	private readonly _below: Transport;
	private readonly _verify: boolean;
	/** Where the attempt goes to. */
	private _host: string;
	private _port: number;

	constructor(setup: TransportSetup, settings: TlsSettings, makeEngine: TlsEngineFactory, over: TransportFactory) {
		const { buffer, ownOffset } = setup;
		const landingSize = aligned(makeEngine.landingSize);
		const outSize = aligned(makeEngine.outSize);
		this._listener = setup.listener;
		this._verify = settings.verify;
		this._host = setup.host;
		this._port = setup.port;
		this._below = over({
			...setup,
			rxOffset: ownOffset,
			rxSize: landingSize,
			txOffset: ownOffset + landingSize,
			txSize: outSize,
			ownOffset: ownOffset + landingSize + outSize,
			listener: this,
		});
		this._engine = makeEngine({
			settings,
			buffer,
			landing: ownOffset,
			landingSize,
			out: ownOffset + landingSize,
			outSize,
			rx: setup.rxOffset,
			rxSize: setup.rxSize,
			tx: setup.txOffset,
			txSize: setup.txSize,
			below: this._below,
			wake: () => this._listener.wake(),
		});
	}

	get resolving(): boolean {
		return this._below.resolving === true;
	}

	open(host: string, port: number): TransportEnd | void {
		this.close();
		// Nothing would be valid yet: whoever tried all the same would only keep a server busy.
		if (this._verify && Date.now() < Time.BUILT_MS) return TlsEnd.CLOCK_NOT_SET as number;
		this._host = host;
		this._port = port;
		this._stage = Stage.BELOW;
		const end = this._below.open(host, port);
		if (end) this._stage = Stage.CLOSED;
		return end;
	}

	// Of the one below.

	handleResolved(): void {
		this._listener.handleResolved();
	}

	handleConnected(layer: TransportLayer): void {
		this._listener.handleConnected(layer);
	}

	handleOpened(): void {
		this._stage = Stage.HANDSHAKE;
		this._listener.handleConnected(TransportLayer.SECURITY);
		// The turn that has run may have closed, and even have opened anew.
		if (this._stage !== Stage.HANDSHAKE) return;
		if (!this._verify) traceUnverified();
		try {
			this._engine.start(this._host, this._port);
		} catch {
			return this.finish(TlsEnd.CUT, 0);
		}
		this.advance();
	}

	handleReadable(): void {
		if (this._stage === Stage.OPEN) this._listener.handleReadable();
		else if (this._stage === Stage.HANDSHAKE) this.advance();
	}

	handleWritable(): void {
		if (this._stage === Stage.OPEN) this._listener.handleWritable();
		else if (this._stage === Stage.HANDSHAKE) this.advance();
	}

	handleEnded(end: TransportEnd | number, detail = 0): void {
		if (this._stage === Stage.HANDSHAKE) {
			// The server may have said why, and closed right behind it.
			for (let i = 0; i < Count.LAST_STEPS && this.step() === TlsStep.WAITING; i++);
			const { failure } = this._engine;
			if (failure !== 0) return this.finish(failure, this._engine.detail);
			return this.finish(end === TransportEnd.LOST ? TlsEnd.CUT : end, detail);
		}
		if (this._stage === Stage.OPEN && this._engine.readable > 0) {
			this._end = end;
			this._detail = detail;
			// Also when nobody has been told that there is something to read.
			return this._listener.wake();
		}
		const { failure } = this._engine;
		if (this._stage === Stage.OPEN && failure !== 0) return this.finish(failure, this._engine.detail);
		this.finish(end, detail);
	}

	wake(): void {
		this._listener.wake();
	}

	// Of the handshake.

	/** One step of the engine; what it throws is the loss of the link. */
	private step(): TlsStep {
		try {
			return this._engine.step();
		} catch {
			return TlsStep.FAILED;
		}
	}

	/** Goes on with the handshake, and tells how it ended. */
	private advance(): void {
		const step = this.step();
		if (step === TlsStep.WAITING) return;
		if (step === TlsStep.FAILED) return this.finish(this._engine.failure || TlsEnd.CUT, this._engine.detail);
		this._stage = Stage.OPEN;
		this._listener.handleOpened();
	}

	/** The end, told once. */
	private finish(end: TransportEnd | number, detail: number): void {
		this.close();
		this._listener.handleEnded(end, detail);
	}

	// Of the one above.

	turn(): void {
		this._below.turn?.();
		if (this._stage === Stage.HANDSHAKE) return this.advance();
		if (this._stage !== Stage.OPEN || this._engine.readable > 0) return;
		const { failure } = this._engine;
		if (failure !== 0) this.finish(failure, this._engine.detail);
		else if (this._end !== 0) this.finish(this._end, this._detail);
	}

	get readable(): number {
		return this._stage === Stage.OPEN ? this._engine.readable : 0;
	}

	read(countMax: number): number {
		const engine = this._engine;
		const count = engine.read(countMax);
		// What came before the end is read.
		if ((engine.failure !== 0 || this._end !== 0) && engine.readable === 0) this._listener.wake();
		return count;
	}

	write(count: number): number {
		const engine = this._engine;
		// The end is known, and told when what came before it was read.
		if (this._end !== 0 || engine.failure !== 0) return 0;
		const taken = engine.write(count);
		if (engine.failure !== 0) this._listener.wake();
		return taken;
	}

	close(): void {
		const stage = this._stage;
		this._stage = Stage.CLOSED;
		if (stage >= Stage.HANDSHAKE) this.endEngine();
		this._end = this._detail = 0;
		this._below.close();
	}

	/** The engine's last word. The connection below may be broken: nobody would hear it then. */
	private endEngine(): void {
		try {
			this._engine.end();
		} catch {
			// It is closed in any case.
		}
	}
}

/**
 * Makes the option `transport` for TLS by any engine.
 *
 * in   makeEngine  of the platform
 *      options     see TlsOptions; checked at once, certificates and key when the client is made
 *      over        the transport below
 *
 * Throws TypeError or RangeError that names the option.
 */
export function tlsBy(makeEngine: TlsEngineFactory, options: TlsOptions, over: TransportFactory): TransportFactory {
	let settings: TlsSettings;
	try {
		settings = checkTlsOptions(options);
	} catch (error) {
		throw traced(error);
	}
	const make = (setup: TransportSetup): Transport => new TlsTransport(setup, settings, makeEngine, over);
	const ownSize = aligned(makeEngine.landingSize) + aligned(makeEngine.outSize) + (over.ownSize ?? 0);
	return Object.assign(make, { ownSize, defaultPort: Count.PORT });
}
