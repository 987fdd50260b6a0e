// Packets as in ../vectors, where their statements stand too.
import type { ClientOptions } from "xs-mqtt";

/** A CONNECT on the wire, and the options that ask for it. */
export interface ConnectRow {
	readonly name: string;
	readonly hex: string;
	readonly options: Partial<ClientOptions>;
}

export const CONNECTS: readonly ConnectRow[] = Object.freeze([
	row("minimal", "100e00044d5154540402003c00026331", { clientId: "c1" }),
	row("empty client identifier", "100c00044d5154540402003c0000", { clientId: "" }),
	row("kept session", "101200044d5154540400001e00066465762d3432", {
		clientId: "dev-42",
		keepAlive: 30,
		cleanSession: false,
	}),
	row("no keep alive", "100e00044d5154540402000000026b30", { clientId: "k0", keepAlive: 0 }),
	row("four-byte character", "101c00044d5154540402003c001073656e736f722dc3a9e4b896f0aa9b94", {
		clientId: "sensor-é世𪛔",
	}),
	row("user name", "101300044d5154540482003c0002753100036a6f65", { clientId: "u1", userName: "joe" }),
	row("password", "101b00044d51545404c2003c0002753200036a6f650006736563726574", {
		clientId: "u2",
		userName: "joe",
		password: "secret",
	}),
	row("will", "101c00044d515454042e003c000277310003772f7400076f66666c696e65", {
		clientId: "w1",
		will: { topic: "w/t", payload: "offline", qos: 1, retain: true },
	}),
	row("all flags", "101d00044d51545404f6000a0003616c6c0003772f7400016d000175000170", {
		clientId: "all",
		keepAlive: 10,
		userName: "u",
		password: "p",
		will: { topic: "w/t", payload: "m", qos: 2, retain: true },
	}),
]);

/** Frozen: a row lies in flash. */
function row(name: string, hex: string, options: Partial<ClientOptions>): ConnectRow {
	if (options.will) Object.freeze(options.will);
	return Object.freeze({ name, hex, options: Object.freeze(options) });
}

/** [name, PUBLISH from the server, topic, QoS, retain, duplicate, payload, what the client answers at once] */
export const PUBLISHES = rows([
	["QoS 0", "30070003612f626869", "a/b", 0, false, false, "hi", ""],
	["QoS 1", "32090003612f6200016869", "a/b", 1, false, false, "hi", "40020001"],
	["QoS 2", "34090003612f62ffff6869", "a/b", 2, false, false, "hi", "5002ffff"],
	["retained", "310a0003612f627374617465", "a/b", 0, true, false, "state", ""],
	["again", "3b0c0003612f621234616761696e", "a/b", 1, true, true, "again", "40021234"],
	["empty", "30050003612f62", "a/b", 0, false, false, "", ""],
	["four-byte character", "3008000541f0aa9b9478", "A𪛔", 0, false, false, "x", ""],
	["byte order mark", "30070004efbbbf6178", "\ufeffa", 0, false, false, "x", ""],
] as const);

/** [identifier in ../vectors/malformed.json, what a server may not send, why] */
export const MALFORMED = rows([
	["M001", "0000", "packet type 0"],
	["M002", "d08080808000", "Remaining Length of five bytes"],
	["M012", "d100", "flags of PINGRESP"],
	["M039", "100d00044d5154540402003c000178", "CONNECT"],
	["M042", "c000", "PINGREQ"],
	["M048", "f000", "packet type 15"],
	["M153", "30040002c328", "bad continuation byte"],
	["M158", "30040002c080", "overlong U+0000"],
	["M164", "30050003eda080", "surrogate"],
	["M167", "30060004f4908080", "above U+10FFFF"],
	["M195", "36050001610001", "QoS 3"],
	["M198", "32050001610000", "packet identifier 0"],
	["M202", "300400056162", "topic longer than the packet"],
	["M205", "30020000", "empty topic"],
	["M206", "30050003612f2b", "wildcard in a topic name"],
	["M302", "4003000500", "PUBACK of three bytes"],
] as const);

/** Frozen, every row too: a table that lies in flash. */
function rows<const T extends readonly (readonly unknown[])[]>(table: T): T {
	for (const each of table) Object.freeze(each);
	return Object.freeze(table);
}
