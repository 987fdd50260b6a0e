/**
 * JavaScript that runs on the XS engine beside the program: it learns of the clients that the program makes, stops them
 * when the simulator says so, and reports what they counted. Text, because it is linked by the names of a manifest and
 * must not be resolved by Node. It is preloaded and keeps nothing in the heap, so that the program has what a device
 * would give it.
 */

/** Name of the module, to be preloaded. */
export const SUPERVISOR = "xs-mqtt-simulator/supervisor";
/** A line of the trace that reports a client, in JSON behind this. */
export const CLIENT_PREFIX = "@client ";

/** Milliseconds between two looks at whether all clients are at rest. */
const POLL_MS = 10;

/**
 * Math.random is not made to follow from the seed: on XS it cannot be written, as on a device, so a seed decides the
 * faults and not what the program draws.
 *
 * in   stopMs  how long clients may take to stop
 */
export function supervisorSource(stopMs: number): string {
	return `
import Timer from "timer";
import { keep, kept, onStop, stop } from "xs-host/control";

globalThis[Symbol.for("xs-mqtt.clients")] = Object.freeze({ add: keep });

/** In pieces: one text of everything would need room that a small heap does not have. */
function report(client) {
	const { settings, counters, state, arenaSize } = client;
	trace("${CLIENT_PREFIX}", '{"state":', state, ',"arenaSize":', arenaSize, ',"settings":{"clientId":');
	trace(JSON.stringify(client.clientId));
	for (const name in settings) {
		const value = settings[name];
		if (typeof value === "number") trace(',"', name, '":', value);
	}
	trace('},"counters":[', counters[0]);
	for (let index = 1; index < counters.length; index++) trace(",", counters[index]);
	trace("]}\\n");
}

function atRest() {
	for (let index = 0, client; (client = kept(index)); index++) if (client.state !== 0) return false;
	return true;
}

onStop(() => {
	let polls = ${Math.ceil(stopMs / POLL_MS)};
	for (let index = 0, client; (client = kept(index)); index++) client.stop();
	Timer.repeat(() => {
		if (!atRest() && --polls > 0) return;
		for (let index = 0, client; (client = kept(index)); index++) report(client);
		stop();
	}, ${POLL_MS});
});
`;
}
