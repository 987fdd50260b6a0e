/** The program `telemetry` on an ESP32, over TLS. The manifest has the certificate of the server's issuer as `ca.der`. */
import Resource from "Resource";
import { tls } from "xs-mqtt/tls";
import { begin } from "../telemetry/main.js";
import { runDevice } from "../../esp32/device.js";

export default function main(): void {
	const transport = tls({ ca: new Resource("ca.der") });
	runDevice("telemetry", (settings) => begin({ ...settings, transport }));
}
