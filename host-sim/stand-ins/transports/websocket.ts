/** What a program that speaks plain TCP gets as its `tcp` when the run wants WebSocket. */
import config from "mc/config";
import { webSocket, type WebSocketOptions } from "xs-mqtt/websocket";

export const tcp = webSocket(config["websocket"] as WebSocketOptions);
