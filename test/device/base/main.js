/** A program that has the network and no MQTT: what a linked program takes without this package. */
import config from "mc/config";
import TCP from "embedded:io/socket/tcp";
import Time from "time";
import Timer from "timer";

export default function main() {
	const socket = new TCP({ address: "127.0.0.1", port: config.port, onReadable: (count) => socket.read(count) });
	Timer.repeat(() => trace(Time.ticks, Math.random(), new Uint8Array(4).length, "\n"), 1000);
}
