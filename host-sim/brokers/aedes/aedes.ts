import { Aedes, type AedesOptions } from "aedes";
import { makeCertificate } from "../../certificates/certificates.js";
import type { Scheme } from "../../terminal/mqtt-url.js";
import { Listener } from "./listeners.js";

/** How the embedded broker is set up: all that aedes takes, and where to listen. */
export interface EmbeddedOptions extends AedesOptions {
	/** On 127.0.0.1, for MQTT over TCP; 0, or absent, for any free one. */
	port?: number;
	/** Further ways that are open, and their ports; 0 for any free one. */
	ways?: Partial<Record<Exclude<Scheme, "mqtt">, number>>;
}

/** Whose certificate a secured way shows. */
const SERVER = { name: "localhost", names: ["localhost"], addresses: ["127.0.0.1"] };

/** A running broker inside this process. */
export interface EmbeddedBroker {
	readonly host: "127.0.0.1";
	/** Where MQTT over TCP is spoken. */
	readonly port: number;
	/** Where each way that is open leads to. */
	readonly ports: Readonly<Partial<Record<Scheme, number>>>;
	/** Signs the certificate for `localhost` and 127.0.0.1, in PEM; undefined when no way is secured. */
	readonly ca: string | undefined;
	/** The broker itself, for its events and its hooks. */
	readonly aedes: Aedes;
	/** Resets all connections that stand; the broker stays. */
	dropConnections(): void;
	/** Ends all connections and the broker. A persistence that was passed in keeps the sessions for a next one. */
	close(): Promise<void>;
}

/**
 * Starts an aedes broker on a loopback port, and on others for the further ways that are asked for.
 *
 * Throws what listening throws, e.g. EADDRINUSE.
 */
export async function startAedes(options: EmbeddedOptions = {}): Promise<EmbeddedBroker> {
	const { port = 0, ways = {}, ...aedesOptions } = options;
	const wanted: Partial<Record<Scheme, number>> = { mqtt: port, ...ways };
	const isSecured = ways.mqtts !== undefined || ways.wss !== undefined;
	const ca = isSecured ? makeCertificate({ name: "xs-mqtt throw-away CA", issues: true }) : undefined;
	const identity = ca && makeCertificate({ ...SERVER, issuer: ca });
	const aedes = await Aedes.createBroker(aedesOptions);
	const ports: Partial<Record<Scheme, number>> = {};
	const listeners: Listener[] = [];
	const close = async (): Promise<void> => {
		let closed: Promise<void> | undefined;
		const closeOnce = (): Promise<void> => (closed ??= closeAedes(aedes));
		await Promise.all(listeners.map((listener) => listener.close(closeOnce)));
		await closeOnce();
	};
	try {
		for (const way of Object.keys(wanted) as Scheme[]) {
			const listener = new Listener(way, identity, (stream) => void aedes.handle(stream));
			ports[way] = await listener.listen(wanted[way]!);
			listeners.push(listener);
		}
	} catch (error) {
		await close();
		throw error;
	}
	return {
		host: "127.0.0.1",
		port: ports.mqtt!,
		ports,
		ca: ca?.pem,
		aedes,
		dropConnections() {
			for (const listener of listeners) listener.drop();
		},
		close,
	};
}

function closeAedes(aedes: Aedes): Promise<void> {
	return new Promise((resolve) => aedes.close(() => resolve()));
}
