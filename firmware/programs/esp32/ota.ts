/** The program `ota` on an ESP32. */
import { begin } from "../ota/main.js";
import { runDevice } from "../../esp32/device.js";

export default function main(): void {
	runDevice("ota", begin);
}
