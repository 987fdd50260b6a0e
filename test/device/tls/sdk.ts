// The same attacks against the SDK's own class: what a client on it would have sent.
// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- the SDK has no typing where its compiler looks for it
// @ts-ignore
import TLSSocket from "embedded:io/socket/tcp/tls";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";
import { named, type Case } from "./cases.js";

/** CONNECT of MQTT 3.1.1 with a password in it, as any client on this class sends it when the class says that it may. */
const CONNECT = Object.freeze([
	...[0x10, 24, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xc2, 0, 60, 0, 1, 0x61],
	...[0, 1, 0x75, 0, 6, 0x73, 0x65, 0x63, 0x72, 0x65, 0x74],
]);

export interface Handlers {
	onReadable(count: number): void;
	onWritable(count: number): void;
	onError(): void;
}

/** What escapes from the class would end this program. */
class GuardedTCP extends (TCP as unknown as new (options: Handlers) => object) {
	constructor(options: Handlers) {
		const guard = (call: (count: number) => void) => (count: number) => {
			try {
				call(count);
			} catch (error) {
				trace(`# SDK: ${String(error)}\n`);
				options.onError();
			}
		};
		super({ ...options, onReadable: guard(options.onReadable), onWritable: guard(options.onWritable) });
	}
}

export interface SdkSocket {
	read(bytes: Uint8Array): number;
	write(bytes: Uint8Array): number;
	close(): void;
}

/** A connection by the SDK's class. */
export function openSdk(one: Case, ca: Uint8Array, handlers: Handlers): SdkSocket {
	const Class = TLSSocket as unknown as new (options: object) => SdkSocket;
	return new Class({
		address: "127.0.0.1",
		host: one.host,
		port: one.port,
		TCP: { io: GuardedTCP },
		secure: { certificate: ca.buffer },
		...handlers,
	});
}

/** Connects by the SDK's class, and writes CONNECT when it says that it may. */
export function attackSdk(one: Case): Promise<void> {
	return new Promise((resolve) => {
		let isOver = false;
		const end = (what: string): void => {
			if (isOver) return;
			isOver = true;
			trace(`# SDK, ${one.name}: ${what}\n`);
			// The last bytes are on their way.
			Timer.set(() => {
				socket.close();
				resolve();
			}, 200);
		};
		const socket = openSdk(one, named(one.ca[0]!), {
			onReadable: () => undefined,
			onWritable: () => {
				if (isOver) return;
				socket.write(Uint8Array.from(CONNECT));
				end("sent CONNECT");
			},
			onError: () => end("refused"),
		});
		Timer.set(() => end("nothing"), 5_000);
	});
}
