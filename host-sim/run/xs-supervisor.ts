/**
 * JavaScript that runs on the XS engine beside the program: it sees the clients that the program makes, stops them when
 * the simulator says so, and reports what they counted. Text, because it is linked by the names of a manifest and must
 * not be resolved by Node.
 */

/** Name of the module that starts the run. */
export const SUPERVISOR_MAIN = "xs-mqtt-simulator/main";
/** Name of the module that must be loaded before the program. */
export const SUPERVISOR_SETUP = "xs-mqtt-simulator/setup";
/** A line of the trace that reports a client, in JSON behind this. */
export const CLIENT_PREFIX = "@client ";
/** A line of the trace that reports the engine's memory, in JSON behind this. */
export const ENGINE_PREFIX = "@engine ";

/** Milliseconds between two looks at whether all clients are at rest. */
const POLL_MS = 10;

/**
 * Registers clients. Math.random is not made to follow from the seed: on XS it cannot be written, as on a device, so a seed
 * decides the faults and not what the program draws.
 */
export const SETUP_SOURCE = `
const clients = [];
globalThis[Symbol.for("xs-mqtt.clients")] = { add(client) { clients.push(client); } };
export default clients;
`;

/**
 * Starts the program and waits on a connection to the simulator; whatever comes there ends the run.
 *
 * in   program      module name of the program
 *      controlPort  where the simulator listens on 127.0.0.1
 *      stopMs       how long clients may take to stop
 */
export function mainSource(program: string, controlPort: number, stopMs: number): string {
	return `
import Timer from "timer";
import TCP from "embedded:io/socket/tcp";
import * as counters from "xs-host/counters";
import clients from "${SUPERVISOR_SETUP}";
import * as program from ${JSON.stringify(program)};

let control;
let polls = ${Math.ceil(stopMs / POLL_MS)};

function report(client) {
	const settings = {};
	for (const name of Object.keys(client.settings)) {
		if (typeof client.settings[name] === "number") settings[name] = client.settings[name];
	}
	settings.clientId = client.clientId;
	const { state, arenaSize } = client;
	trace("${CLIENT_PREFIX}", JSON.stringify({ settings, state, arenaSize, counters: Array.from(client.counters) }), "\\n");
}

function finish() {
	counters.end();
	const { slots, chunkBytes, collections, peakSlots, peakChunkBytes, peakStack } = counters;
	const values = { slots, chunkBytes, collections, peakSlots, peakChunkBytes, peakStack };
	for (const name of Object.keys(values)) values[name] = values[name]();
	for (const client of clients) client.stop();
	Timer.repeat(() => {
		if (!clients.every((client) => client.state === 0) && --polls > 0) return;
		for (const client of clients) report(client);
		trace("${ENGINE_PREFIX}", JSON.stringify(values), "\\n");
		counters.stop();
	}, ${POLL_MS});
}

export default function main() {
	counters.begin();
	control = new TCP({
		address: "127.0.0.1",
		port: ${controlPort},
		onReadable() {
			control.close();
			finish();
		},
		onError() {
			counters.stop();
		},
	});
	if (typeof program.default === "function") program.default();
}
`;
}
