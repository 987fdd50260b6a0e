/** As program.js, over WebSocket. */
import { webSocket } from "xs-mqtt/websocket";
import { run } from "bench";

export default function start() {
	run(webSocket());
}
