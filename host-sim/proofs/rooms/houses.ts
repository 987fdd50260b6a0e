import type { House } from "./rooms.js";

/** The client and what a device needs around it: from the programs down to what knows no MQTT. */
export const FIRMWARE: House = {
	folder: "firmware",
	floors: [
		["programs"],
		["."],
		["ecma419", "esp32"],
		["app"],
		["servers"],
		["transport"],
		["transport/sdk-tls"],
		["transport/tls", "transport/websocket"],
		["loop"],
		["client/connection"],
		["client/incoming"],
		["client/outgoing"],
		["client/short-ways"],
		["client/session"],
		["client/telling"],
		["client/setup"],
		["client/terms"],
		["ports"],
		["codec"],
		["base"],
	],
};

/** The simulator: commands over a library, and what proves the client apart from what users run. */
export const SIMULATOR: House = {
	folder: "host-sim",
	floors: [
		["."],
		["proofs"],
		["desk"],
		["desk/compact"],
		["commands"],
		["torture"],
		["torture/checkers"],
		["simulator"],
		["simulator/program"],
		["simulator/watch"],
		["companions"],
		["brokers/model", "brokers/aedes"],
		["log", "manifest", "stand-ins/xs"],
		["stand-ins"],
		["stand-ins/node"],
		["world"],
		["tls", "certificates"],
		["terminal"],
	],
	neighbours: { firmware: [] },
};

/** All of them. */
export const HOUSES: readonly House[] = [FIRMWARE, SIMULATOR];
