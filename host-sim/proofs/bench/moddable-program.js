/**
 * Runs an MQTT client class of ECMA-419 on the XS host, in the same windows as program.js: Moddable's own, read from an
 * installed SDK, or that of this package. This file only calls it as its documentation says.
 */
import config from "mc/config";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";
import MQTTClient from "mqttclient";
import * as counters from "xs-host/counters";

const { operation, warm, count, paceMs } = config;
const PAYLOAD = new Uint8Array(64).fill(0x61);
const TOPIC = "sensors/kitchen/temp";
// Made once, so that what is counted is theirs and not ours. (Its fields are put back where the class deletes them.)
const options = { topic: TOPIC, QoS: 0, id: 1 };

let done = 0;
let ready = false;

function step() {
	done++;
	if (done === warm) counters.begin();
	else if (done === warm + count) {
		counters.end();
		report();
	}
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
	};
	counters.gc();
	result.liveSlots = counters.liveSlots();
	result.liveChunkBytes = counters.liveChunkBytes();
	trace(`@result ${JSON.stringify(result)}\n`);
	counters.stop();
}

/** Takes an address for its own answer. */
class Resolver {
	resolve(request) {
		Timer.set(() => request.onResolved(request.host, request.host));
	}
}

function act(client) {
	const QoS = Number(operation[7]);
	Timer.repeat(() => {
		step();
		if (operation === "tick") return;
		options.topic = TOPIC;
		options.QoS = QoS;
		options.id = QoS === 0 ? undefined : 1 + (done & 0xfff);
		client.write(PAYLOAD, options);
	}, paceMs);
}

export default function start() {
	if (operation === "nothing") return report();
	const client = new MQTTClient({
		host: "127.0.0.1",
		port: config.mqtt.port,
		id: "moddable",
		clean: true,
		dns: { io: Resolver },
		socket: { io: TCP },
		onWritable() {
			if (ready) return;
			ready = true;
			if (operation === "idle") Timer.set(report, 200);
			else if (operation.startsWith("receive")) {
				client.write(null, { operation: MQTTClient.SUBSCRIBE, id: 1, items: [{ topic: TOPIC, QoS: 2 }] });
			} else act(client);
		},
		onReadable(size) {
			this.read(size);
			step();
		},
		onControl() {},
		onError() {
			throw new Error("connection failed");
		},
	});
}
