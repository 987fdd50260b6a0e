/** The program `telemetry` on an ESP32. */
import { begin } from "../telemetry/main.js";
import { runDevice } from "../../esp32/device.js";

export default function main(): void {
	runDevice("telemetry", begin);
}
