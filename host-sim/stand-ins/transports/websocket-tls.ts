/** What a program that speaks plain TCP gets as its `tcp` when the run wants WebSocket over TLS. */
import config from "mc/config";
import { tls, type TlsOptions } from "xs-mqtt/tls";
import { webSocket, type WebSocketOptions } from "xs-mqtt/websocket";

export const tcp = webSocket({ ...(config["websocket"] as WebSocketOptions), over: tls(config["tls"] as TlsOptions) });
