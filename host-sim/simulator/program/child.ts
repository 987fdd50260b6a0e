/**
 * The process of one program on Node. Its standard input and output carry messages of the simulator (frames.ts). The
 * program may hold this process up, exhaust its memory or bring it down: the simulator lives elsewhere.
 */
import { Worker } from "node:worker_threads";
import { EndOfOutput, processIo } from "../../terminal/io.js";
import { State } from "../../../firmware/client/terms/codes.js";
import type { SimulatedClient } from "./registry.js";
import { EventTeller, stackOf } from "../watch/tell.js";
import { describeEscape, type StackPlace } from "../../world/escape.js";
import { every, sleep } from "../../world/clock.js";
import { RealClock } from "../../world/real-clock.js";
import { Random } from "../../world/random.js";
import { snapshotOf, type ClientSnapshot } from "./clients.js";
import { encodeFrame, FrameReader, type FromProgram, type StartMessage, type ToProgram } from "./frames.js";
import { hintForMessage } from "./hints.js";
import { Realm } from "./realm.js";
import { RemoteWorld } from "./remote-world.js";
import { ImportError } from "./resolve.js";

/** Which part of the seed a program's Math.random is. */
const RANDOM_PART = -1;
/** How long a client's stop() may take at least, in ms. */
const STOP_TIMEOUT_MS = 5000;
const STOP_POLL_MS = 10;
const CLIENTS_INTERVAL_MS = 1000;

/** Real time, until a program on Node can have another. */
const clock = new RealClock();
const clients: SimulatedClient[] = [];
let world: RemoteWorld | undefined;
let realm: Realm | undefined;
let isOver = false;

function say(message: FromProgram): void {
	try {
		processIo.out(encodeFrame(message));
	} catch (error) {
		if (error instanceof EndOfOutput) process.exit();
		throw error;
	}
}

function snapshots(): ClientSnapshot[] {
	return clients.map(snapshotOf);
}

function findSource(place: StackPlace): StackPlace {
	return realm?.sources.original(place) ?? place;
}

const numberOf = (client: object): number => clients.indexOf(client as SimulatedClient) + 1;
const teller = new EventTeller(
	numberOf,
	(event) => say({ kind: "watch", event }),
	findSource,
	() => clock.now(),
);

/** The run is about to be over: how its clients are now is what counts. */
function tellStates(): void {
	for (const client of clients) teller.stopping(client, client.state);
}

/** The device is gone: nothing of the program runs any more. */
function escape(error: unknown, origin: string): void {
	if (isOver) return;
	isOver = true;
	world?.close();
	const text = describeEscape(error, origin, findSource);
	teller.flush();
	say({
		kind: "escape",
		message: text + hintForMessage(text),
		stack: stackOf(error, findSource),
		clients: snapshots(),
	});
}

async function start(message: StartMessage): Promise<void> {
	const { file, name, config, resources, seed, txWindow, ticksStart, modules, instead } = message;
	world = new RemoteWorld({ clock, config, resources, txWindow, ticksStart, say, onEscape: escape });
	const random = Random.derive(seed, RANDOM_PART);
	let run: () => Promise<void>;
	try {
		realm = new Realm({
			world,
			random: () => random.fraction(),
			onClient: (client) => {
				clients.push(client as SimulatedClient);
				teller.made(client);
			},
			teller,
			modules,
			instead,
		});
		run = await realm.load(file);
	} catch (error) {
		if (!(error instanceof ImportError)) throw error;
		say({ kind: "refused", message: error.message });
		return;
	}
	say({ kind: "started" });
	every(clock, CLIENTS_INTERVAL_MS, () => say({ kind: "clients", clients: snapshots() }));
	run().catch((error: unknown) => escape(error, `program ${name}`));
	await world.whenIdle();
	if (isOver) return;
	tellStates();
	say({ kind: "idle", clients: snapshots() });
}

/** Stops all clients, so that DISCONNECT goes out, and waits until they are at rest; but not for ever. */
async function stop(): Promise<void> {
	const limits = clients.map(({ settings }) => Number(settings["stopTimeoutMs"] ?? 0));
	const limitMs = Math.max(STOP_TIMEOUT_MS, ...limits);
	say({ kind: "stopping", limitMs });
	tellStates();
	for (const client of clients) {
		try {
			client.stop();
		} catch (error) {
			escape(error, "Client.stop");
		}
	}
	const endMs = clock.now() + limitMs;
	while (!isOver && clients.some(({ state }) => state !== State.STOPPED) && clock.now() < endMs) {
		await sleep(clock, STOP_POLL_MS);
	}
	if (!isOver) say({ kind: "stopped", clients: snapshots() });
}

/** Signals are the simulator's to handle: a terminal sends them to every process of a command. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
/** On a device an unhandled rejection aborts as well as an exception. */
process.on("uncaughtException", (error) => escape(error, "the program"));
process.on("unhandledRejection", (error) => escape(error, "the program"));
/** What the program cannot be stopped from by itself. */
new Worker(new URL("./watchdog.js", import.meta.url), { workerData: { parent: process.ppid } }).unref();

const reader = new FrameReader<ToProgram>((message) => {
	if (message.kind === "start") void start(message);
	else if (message.kind === "stop") void stop();
	else world?.take(message);
});
process.stdin.on("data", (bytes: Buffer) => reader.add(bytes));
process.stdin.on("end", () => process.exit());
