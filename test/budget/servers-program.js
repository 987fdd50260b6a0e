/** As host-sim/proofs/bench/program.js, with two servers, a transport of its own for each, and credentials that are functions. */
import config from "mc/config";
import { run } from "bench";
import { servers } from "xs-mqtt/servers";
import { tcp } from "xs-mqtt/tcp";

const USER = "user";
const PASSWORD = new Uint8Array(100);

const otherTcp = (setup) => tcp(setup);

export default function start() {
	const { port } = config.mqtt;
	const host = "127.0.0.1";
	run(tcp, {
		servers: servers([
			{ host, port },
			{ host, port, transport: otherTcp },
		]),
		userName: () => USER,
		password: () => PASSWORD,
	});
}
