// Counts, and tells the broker; takes a new interval by a message.
import config from "mc/config";
import Timer from "timer";
import { Client, QoS, Text, Topic } from "xs-mqtt";
import { platformDns } from "xs-mqtt/dns";
import { tcp } from "xs-mqtt/tcp";

const count = new Topic("my-device/count"); // a topic that is used often is made once
const n = new Text("n");
let sent = 0;

const client = new Client({
	host: "127.0.0.1",
	...config.mqtt, // host and sizes: from manifest.json
	clientId: "my-device",
	transport: tcp,
	dns: platformDns(),
	will: { topic: "my-device/status", payload: "offline", qos: QoS.AT_LEAST_ONCE, retain: true },
	onConnected: () => client.publish("my-device/status", "online", QoS.AT_LEAST_ONCE, true),
	onDisconnected: (_client, reason) => trace(`code ${reason.code}, again in ${reason.retryMs} ms\n`),
});

client.subscribe("my-device/interval", QoS.AT_LEAST_ONCE, (message) => {
	const ms = message.integer(); // NaN when it is no number
	if (ms >= 100) Timer.schedule(timer, ms, ms);
});
client.start();

const timer = Timer.repeat(() => {
	client.compose(count, QoS.AT_LEAST_ONCE).open().field(n).integer(sent++).close().send();
}, 1000);
