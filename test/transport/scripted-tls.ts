import { TlsStep, type TlsEngine, type TlsEngineFactory, type TlsSetup } from "../../firmware/ports/tls-engine.js";
import type {
	Transport,
	TransportEnd,
	TransportFactory,
	TransportListener,
	TransportSetup,
} from "../../firmware/ports/transport.js";

/** What was called, in order: of the engine, of the transport below, of the listener above. */
export const calls: string[] = [];

/** The engine that was made last. */
export let engine: ScriptedEngine;
/** The transport below that was made last. */
export let below: ScriptedBelow;

/** An engine that does what the test has written into its fields. */
export class ScriptedEngine implements TlsEngine {
	failure = 0;
	detail = 0;
	readable = 0;
	readonly description = "";
	/** What the next steps say; the last one again and again. */
	steps: TlsStep[] = [TlsStep.WAITING];
	/** What a step, a write or a read is to throw. */
	throws: Error | undefined;
	/** Bytes that a write takes at most. */
	takes = Infinity;
	/** Set by the next read or write. */
	fails = 0;
	readonly setup: TlsSetup;

	constructor(setup: TlsSetup) {
		this.setup = setup;
		// eslint-disable-next-line @typescript-eslint/no-this-alias -- the test asks for it
		engine = this;
	}

	start(host: string, port: number): void {
		calls.push(`start ${host}:${port}`);
		this.failure = this.detail = this.readable = 0;
	}

	step(): TlsStep {
		calls.push("step");
		if (this.throws) throw this.throws;
		const step = this.steps.length > 1 ? this.steps.shift()! : this.steps[0]!;
		if (step === TlsStep.FAILED) this.failure = this.fails;
		return step;
	}

	read(countMax: number): number {
		if (this.throws) throw this.throws;
		this.failure = this.fails;
		const count = Math.min(countMax, this.readable);
		this.readable -= count;
		return count;
	}

	write(count: number): number {
		if (this.throws) throw this.throws;
		this.failure = this.fails;
		return this.failure === 0 ? Math.min(count, this.takes) : 0;
	}

	end(): void {
		calls.push("engine end");
		if (this.throws) throw this.throws;
		this.failure = this.detail = this.readable = 0;
	}
}

/** A transport below TLS that does nothing by itself: the test calls `listener`. */
export class ScriptedBelow implements Transport {
	readonly setup: TransportSetup;
	readonly listener: TransportListener;
	readable = 0;
	resolving = false;
	/** What the next open() returns. */
	ends: TransportEnd | undefined;

	constructor(setup: TransportSetup) {
		this.setup = setup;
		this.listener = setup.listener;
		// eslint-disable-next-line @typescript-eslint/no-this-alias -- the test asks for it
		below = this;
	}

	open(host: string, port: number): TransportEnd | void {
		calls.push(`open ${host}:${port}`);
		return this.ends;
	}

	read(): number {
		return 0;
	}

	write(): number {
		return 0;
	}

	close(): void {
		calls.push("close");
	}

	turn(): void {
		calls.push("turn");
	}
}

export const overBelow: TransportFactory = Object.assign((setup: TransportSetup) => new ScriptedBelow(setup), {
	ownSize: 8,
});

/** In the place of the engine's module. */
export const makeEngine: TlsEngineFactory = Object.assign((setup: TlsSetup) => new ScriptedEngine(setup), {
	landingSize: 50,
	outSize: 61,
});
