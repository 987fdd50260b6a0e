/**
 * Runs on the XS host: repeats one operation of the client, and reports what a window of repetitions took. Which
 * operation is in the configuration; the other side is a scripted server.
 */
import config from "mc/config";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";
import { Client, Counter, QoS, State, Text, Topic } from "xs-mqtt";
import { tcp } from "xs-mqtt/tcp";
import * as counters from "xs-host/counters";

const { operation, warm, count, paceMs, qos } = config;

const TOPIC = new Topic("sensors/kitchen/temp");
const PAYLOAD = new Uint8Array(64).fill(0x61);
const OTHER = new Uint8Array(900);
const CELSIUS = new Text("celsius");

let done = 0;
let timer;
let client;
let options;

/** Counts one repetition; the window opens after the warm-up and closes `count` repetitions later. */
function step() {
	done++;
	if (done === warm) counters.begin();
	else if (done === warm + count) {
		counters.end();
		report();
	}
}

function counted(name) {
	return client === undefined ? 0 : client.counters[Counter[name]];
}

function report() {
	const result = {
		slots: counters.slots(),
		chunks: counters.chunks(),
		chunkBytes: counters.chunkBytes(),
		collections: counters.collections(),
		byteCodes: counters.byteCodes(),
		mallocs: counters.mallocs(),
		instructions: counters.instructions(),
		socketReads: counters.socketReads(),
		socketWrites: counters.socketWrites(),
		peakStack: counters.peakStack(),
		handled: counted("HANDLED"),
		inflightMax: counted("INFLIGHT_MAX"),
		pings: counted("PINGS") - pingsBefore,
		resends: counted("RESENDS"),
	};
	if (operation === "silence") result.count = result.pings;
	counters.gc();
	result.liveSlots = counters.liveSlots();
	result.liveChunkBytes = counters.liveChunkBytes();
	result.arenaSize = client === undefined ? 0 : client.arenaSize;
	trace(`@result ${JSON.stringify(result)}\n`);
	counters.stop();
}

/** Repeats `act` at a pace at which every repetition is a turn of its own. */
function repeat(act) {
	timer = Timer.repeat(() => {
		step();
		act();
	}, paceMs);
}

/** The handler of a measurement: it only counts. */
const handle = step;

function ignore() {}

function throwing() {
	step();
	throw thrown;
}

const thrown = new Error("by design");

/** What is done once the connection stands. */
const OPERATIONS = {
	tick: () => repeat(ignore),
	publish0: () => repeat(() => client.publish(TOPIC, PAYLOAD, QoS.AT_MOST_ONCE)),
	publish1: () => repeat(() => client.publish(TOPIC, PAYLOAD, QoS.AT_LEAST_ONCE)),
	publish2: () => repeat(() => client.publish(TOPIC, PAYLOAD, QoS.EXACTLY_ONCE)),
	publishEmpty: () => repeat(() => client.publish(TOPIC, "", QoS.AT_LEAST_ONCE)),
	compose1: () =>
		repeat(() => client.compose(TOPIC, QoS.AT_LEAST_ONCE).open().field(CELSIUS).decimal(21.5, 1).close().send()),
	publishRefused: () => repeat(() => client.publish(TOPIC, OTHER, QoS.AT_LEAST_ONCE)),
	receive: () => client.subscribe("sensors/kitchen/temp", QoS.EXACTLY_ONCE, handle),
	receiveWildcard: () => client.subscribe("sensors/+/temp", QoS.EXACTLY_ONCE, handle),
	receiveThrowing: () => client.subscribe("sensors/kitchen/temp", QoS.EXACTLY_ONCE, throwing),
	receiveStream: () =>
		client.subscribeStream("sensors/kitchen/temp", QoS.EXACTLY_ONCE, (message) => {
			if (message.offset + message.size === message.total) step();
		}),
	receiveUnrouted: () => client.subscribe("sensors/other", QoS.AT_MOST_ONCE, ignore),
	ping: () => client.subscribe("sensors/kitchen/temp", QoS.AT_MOST_ONCE, handle),
	subscribe: () =>
		repeat(() => {
			if (done & 1) client.unsubscribe("sensors/kitchen/temp");
			else client.subscribe("sensors/kitchen/temp", QoS.AT_LEAST_ONCE, ignore);
		}),
	reconnect: ignore,
	exchange,
	silence,
	resend,
	idle: () => Timer.set(report, 200),
};

const MINUTE_MS = 60_000;
let pingsBefore = 0;

/** The window opens after some minutes, when nothing is new any more, and closes an hour later. */
function silence() {
	let begun = false;
	timer = Timer.repeat(() => {
		if (begun) {
			counters.end();
			return report();
		}
		begun = true;
		Timer.schedule(timer, 60 * MINUTE_MS, 60 * MINUTE_MS);
		pingsBefore = counted("PINGS");
		counters.begin();
	}, 5 * MINUTE_MS);
}

/** The server loses the connection instead of acknowledging; the client sends again, and is done when that is acked. */
function resend() {
	client.publish(TOPIC, PAYLOAD, qos);
}

/** Messages of an exchange that are on their way. */
const EXCHANGE_COUNT = 4;
/** Those that could not be published for want of room, and are tried again. */
let unsent = 0;

/** Publishes at each QoS in turn. The server sends every message back. */
function sendNext() {
	if (client.publish(TOPIC, PAYLOAD, done % 3) < 0) unsent++;
}

function exchange() {
	client.subscribe("sensors/kitchen/temp", QoS.EXACTLY_ONCE, () => {
		step();
		sendNext();
	});
	for (let i = 0; i < EXCHANGE_COUNT; i++) sendNext();
	timer = Timer.repeat(() => {
		const count = unsent;
		unsent = 0;
		for (let i = 0; i < count; i++) sendNext();
	}, 10);
}

/** Calls the handler without a client: what a measurement has to take off. */
function callHandler() {
	while (done < warm + count) {
		handle();
		handle();
		handle();
		handle();
		handle();
		handle();
		handle();
		handle();
		handle();
		handle();
	}
}

/** Opens and closes a socket of the platform: what a reconnect takes beside what is ours. */
function openSocket() {
	let socket;
	const socketOptions = {
		address: "127.0.0.1",
		port: config.mqtt.port,
		// As the client uses it.
		target: ignore,
		onReadable: ignore,
		onError: ignore,
		onWritable() {
			socket.close();
			Timer.schedule(timer, 1, 1);
		},
	};
	timer = Timer.repeat(() => {
		Timer.schedule(timer);
		step();
		socket = new TCP(socketOptions);
	}, 1);
}

/** Runs the operation, of a client over a transport. in: more  options that another program adds */
export function run(transport, more = {}) {
	if (operation === "nothing") return report();
	if (operation === "socket") return openSocket();
	if (operation === "handler") return callHandler();
	options = {
		host: "127.0.0.1",
		clientId: "budget",
		...config.mqtt,
		transport,
		...more,
		onConnected() {
			if (client.counters[Counter.CONNECTS] === 1) OPERATIONS[operation]();
			if (operation === "reconnect") step();
		},
	};
	if (operation === "resend") {
		options.onDelivered = () => {
			step();
			resend();
		};
	}
	if (operation === "receiveUnrouted") options.onMessage = handle;
	client = new Client(options);
	if (operation === "reconnect" || operation === "resend")
		client.subscribe("sensors/kitchen/temp", QoS.AT_LEAST_ONCE, ignore);
	client.start();
	if (client.state === State.STOPPED) throw new Error("did not start");
}

export default function start() {
	run(tcp);
}
