// Runs on the XS host: a client over real TCP whose server sends one entry on each connection. Twice: the second time counts.
import config from "mc/config";
import { Client, type DisconnectReason } from "xs-mqtt";
import { tcp } from "xs-mqtt/tcp";
import * as counters from "xs-host/counters";

const { port, connections } = config as unknown as { port: number; connections: number };

/** Code and detail of every reason. */
const reasons = new Int32Array(4 * connections);
let count = 0;
let received = 0;

function handleDisconnected(_client: Client, reason: DisconnectReason): void {
	if (count >= 2 * connections) return;
	reasons[2 * count] = reason.code;
	reasons[2 * count + 1] = reason.detail;
	count++;
	if (count === connections) counters.begin(1);
	else if (count === 2 * connections) counters.end(1);
}

/** The server is a good one at last. */
function report(): void {
	received++;
	const took = [counters.slots(1), counters.chunkBytes(1), counters.collections(1)];
	trace(`@took ${took.join(" ")}\n@reasons ${reasons.join(" ")}\n@received ${received}\n`);
	counters.stop();
}

export default function start(): void {
	const client = new Client({
		host: "127.0.0.1",
		port,
		clientId: "hostile",
		cleanSession: false,
		// No other view than those of the start: entries arrive in ever new sizes.
		views: 2,
		maximumPacketSize: 4096,
		reconnectMinMs: 1,
		reconnectMaxMs: 1,
		holdOffMs: 1,
		transport: tcp,
		onDisconnected: handleDisconnected,
	});
	client.subscribe("works", 1, report);
	client.start();
}
