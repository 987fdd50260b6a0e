/** The program `ota` on an ESP32. */
import { begin } from "../programs/ota/main.js";
import { runDevice } from "./device.js";

export default function main(): void {
	runDevice("ota", begin);
}
