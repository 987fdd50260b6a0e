/** The program `telemetry` on an ESP32. */
import { begin } from "../programs/telemetry/main.js";
import { runDevice } from "./device.js";

export default function main(): void {
	runDevice("telemetry", begin);
}
