import {
	TransportEnd,
	type NameResolver,
	type Transport,
	type TransportFactory,
} from "../../firmware/ports/transport.js";

interface Options {
	address: string;
	port: number;
	nodelay: boolean;
	target: unknown;
	onReadable(count: number): void;
	onWritable(count: number): void;
	onError(): void;
}

/** All sockets that were made. */
export const sockets: FakeTcp[] = [];

/** Thrown by the next construction, and by each close; and whether a construction calls back, which no platform does. */
export const faults: { construction: Error | undefined; close: Error | undefined; callsBack: boolean } = {
	construction: undefined,
	close: undefined,
	callsBack: false,
};

/** The platform's socket, which refuses as the platform's does; what happens to it is the test's business. */
export class FakeTcp {
	readonly options: Options;
	/** As they were at construction: the options are changed later. */
	readonly address: string;
	readonly port: number;
	/** The option of this name, as on the platform. */
	target: unknown;
	readonly calls: string[] = [];
	arrived: number[] = [];
	window = 100;
	failed = false;
	closed = false;

	constructor(options: Options) {
		const error = faults.construction;
		faults.construction = undefined;
		if (error) throw error;
		this.options = options;
		this.address = options.address;
		this.port = options.port;
		this.target = options.target;
		sockets.push(this);
		if (!faults.callsBack) return;
		this.makeRoom(100);
		this.fail();
	}

	read(view: Uint8Array): number | undefined {
		if (this.closed) throw new SyntaxError("invalid host data");
		this.calls.push(`read ${view.length}`);
		if (this.failed) return undefined;
		if (view.length > this.arrived.length) throw new Error("invalid");
		view.set(this.arrived.splice(0, view.length));
		return view.length;
	}

	write(view: Uint8Array): number | undefined {
		if (this.closed) throw new SyntaxError("invalid host data");
		this.calls.push(`write ${view.length}`);
		if (this.failed) return undefined;
		if (view.length > this.window) throw new Error("would block");
		this.window -= view.length;
		return this.window;
	}

	close(): void {
		this.calls.push("close");
		this.closed = true;
		if (faults.close) throw faults.close;
	}

	/** Bytes arrive. */
	receive(...bytes: number[]): void {
		this.arrived.push(...bytes);
		this.options.onReadable.call(this, this.arrived.length);
	}

	/** There is room for so many bytes. */
	makeRoom(window: number): void {
		this.window = window;
		this.options.onWritable.call(this, window);
	}

	/** The connection is over, or does not come about. */
	fail(): void {
		this.options.onError.call(this);
	}
}

/** The socket made last. */
export function socket(): FakeTcp {
	return sockets.at(-1)!;
}

export const RX_OFFSET = 64;
export const RX_SIZE = 256;
const TX_SIZE = 512;

/** Events of the listener, in order. */
export const events: string[] = [];

/** What happens within the next event. */
let within: (() => void) | undefined;

/** The arena of the transport made last. */
export let bytes: Uint8Array;

const ENDS: Readonly<Record<number, string>> = {
	[TransportEnd.NAME_FAILED]: "name failed",
	[TransportEnd.OPEN_FAILED]: "open failed",
	[TransportEnd.LOST]: "lost",
};

function note(event: string): void {
	events.push(event);
	const action = within;
	within = undefined;
	action?.();
}

/** Makes something happen from within the next event. */
export function withinNext(action: () => void): void {
	within = action;
}

/** Before each test. */
export function forgetAll(): void {
	events.length = sockets.length = 0;
	faults.construction = faults.close = within = undefined;
	faults.callsBack = false;
}

/** A transport that is opened to where it was made for, unless told. */
export interface TestTransport extends Transport {
	open(host?: string, port?: number): TransportEnd | void;
}

/** A transport with room for 256 bytes in, 512 out, and three views of exact size each way. */
export function transportTo(make: TransportFactory, host: string, dns?: NameResolver): TestTransport {
	bytes = new Uint8Array(RX_OFFSET + RX_SIZE + TX_SIZE);
	const transport = make({
		buffer: bytes.buffer as ArrayBuffer,
		rxOffset: RX_OFFSET,
		rxSize: RX_SIZE,
		txOffset: RX_OFFSET + RX_SIZE,
		txSize: TX_SIZE,
		ownOffset: RX_OFFSET + RX_SIZE + TX_SIZE,
		views: 3,
		host,
		port: 1883,
		dns,
		listener: {
			handleResolved: () => note("resolved"),
			handleConnected: (layer) => note(`connected ${layer}`),
			handleOpened: () => note("opened"),
			handleReadable: () => note("readable"),
			handleWritable: () => note("writable"),
			handleEnded: (end) => note(ENDS[end]),
			wake: () => note("wake"),
		},
	});
	const open = transport.open.bind(transport);
	transport.open = (toHost = host, toPort = 1883) => {
		const before = events.length;
		const end = open(toHost, toPort);
		// Nobody is called from within open: why it has failed is what it returns.
		if (events.length > before) events.push("within open()");
		if (end) events.push(`${ENDS[end]} at once`);
		return end;
	};
	return transport;
}
