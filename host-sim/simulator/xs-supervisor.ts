/**
 * JavaScript that runs on the XS engine beside the program: it learns of the clients that the program makes, stops them
 * when the simulator says so, and reports what they counted. Text, because it is linked by the names of a manifest and
 * must not be resolved by Node. It is preloaded and keeps nothing in the heap, so that the program has what a device
 * would give it.
 */

/** Name of the module, to be preloaded. */
export const SUPERVISOR = "xs-mqtt-simulator/supervisor";
/** Name under which host-sim/simulator/watch/prototypes.js is linked, to be preloaded as well. */
export const WATCH = "xs-mqtt-simulator/watch";
/** Type of the event that reports a client: its fields are this and the client. */
export const CLIENT_EVENT = "client";

/** Milliseconds between two looks at whether all clients are at rest. */
const POLL_MS = 10;

/** Name of the module with the library's Client. */
export const CLIENT_MODULE = "xs-mqtt/app/client";

/** The library tells what its clients go through. */
const WATCHED = `
import { connected, ended, made, problem, refused, stopping, threw, unrouted } from "xs-host/watch";
import { Client } from "${CLIENT_MODULE}";
import { Application } from "xs-mqtt/client/telling/application";
import { PartialPublish } from "xs-mqtt/client/incoming/partial-publish";
import { Receiver } from "xs-mqtt/client/incoming/receiver";
import { PayloadWriter } from "xs-mqtt/client/outgoing/payload-writer";
import { Loop } from "xs-mqtt/loop/loop";
import { watchPrototypes } from "${WATCH}";

watchPrototypes(
	{
		client: Client.prototype,
		writer: PayloadWriter.prototype,
		application: Application.prototype,
		receiver: Receiver.prototype,
		partial: PartialPublish.prototype,
		loop: Loop.prototype,
	},
	Object.freeze({ connected, ended, problem, refused, threw, unrouted }),
);
`;

/**
 * The text of the module.
 *
 * in   stopMs   how long clients may take to stop
 *      watches  whether the library is linked
 */
export function supervisorSource(stopMs: number, watches: boolean): string {
	return `${watches ? WATCHED : 'import { made, stopping } from "xs-host/watch";'}
import Timer from "timer";
import { keep, kept, onStop, stop } from "xs-host/control";

globalThis[Symbol.for("xs-mqtt.clients")] = Object.freeze({
	add(client) {
		keep(client);
		made(client);
	},
});

/** In pieces: one text of everything would need room that a small heap does not have. */
function report(client) {
	const { settings, counters, state, arenaSize } = client;
	trace('\u001e["${CLIENT_EVENT}",{"state":', state, ',"arenaSize":', arenaSize, ',"settings":{"clientId":');
	trace(JSON.stringify(client.clientId));
	for (const name in settings) {
		const value = settings[name];
		if (typeof value === "number") trace(',"', name, '":', value);
	}
	trace('},"counters":[', counters[0]);
	for (let index = 1; index < counters.length; index++) trace(",", counters[index]);
	trace("]}]\\n");
}

function atRest() {
	for (let index = 0, client; (client = kept(index)); index++) if (client.state !== 0) return false;
	return true;
}

onStop(() => {
	let polls = ${Math.ceil(stopMs / POLL_MS)};
	for (let index = 0, client; (client = kept(index)); index++) stopping(client, client.state);
	for (let index = 0, client; (client = kept(index)); index++) client.stop();
	Timer.repeat(() => {
		if (!atRest() && --polls > 0) return;
		for (let index = 0, client; (client = kept(index)); index++) report(client);
		stop();
	}, ${POLL_MS});
});
`;
}
