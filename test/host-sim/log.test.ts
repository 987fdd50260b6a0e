import mqttPacket, { type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { EventLog } from "../../host-sim/log/event-log.js";
import { FRAME_KEPT_MAX } from "../../host-sim/log/framer.js";
import type { Direction } from "../../host-sim/world/tap.js";

// Goal: the log shows what went over the wire, whole or broken, in bounded memory, and never fails.
// Method: packets of the package mqtt-packet, and bytes by hand, in every cut.

const bytesOf = (packet: Packet): Buffer => mqttPacket.generate(packet, { protocolVersion: 4 });

function logOf(chunks: [Direction, Uint8Array][], options: { json?: boolean; colour?: boolean } = {}): string[] {
	const lines: string[] = [];
	const log = new EventLog({ write: (line) => lines.push(line), now: () => 1234.56, ...options });
	for (const [direction, bytes] of chunks) log.bytes(1, direction, bytes);
	log.close();
	return lines;
}

const shown = (direction: Direction, bytes: Uint8Array): string[] =>
	logOf([[direction, bytes]]).map((line) => line.replace("    1.235 #1  ", ""));

const shownHex = (direction: Direction, hex: string): string[] =>
	shown(direction, Buffer.from(hex.replaceAll(" ", ""), "hex"));

const publish = (fields: object): Buffer =>
	bytesOf({ cmd: "publish", topic: "a/b", payload: "21.5", qos: 0, dup: false, retain: false, ...fields });

describe("a line of text", () => {
	it("has the time, the connection, the direction and the name", () => {
		expect(logOf([["out", publish({})]])).toEqual([`    1.235 #1  → PUBLISH     a/b  "21.5", QoS 0`]);
	});

	it("shows every field of CONNECT but the password", () => {
		const connect = bytesOf({
			cmd: "connect",
			clientId: "greenhouse-7",
			clean: false,
			keepalive: 60,
			username: "me",
			password: Buffer.from("secret"),
			will: { topic: "a/status", payload: "offline", qos: 1, retain: true },
		});
		expect(shown("out", connect)).toEqual([
			'→ CONNECT     client "greenhouse-7", MQTT 3.1.1, kept session, keep alive 60 s, user "me", with password, ' +
				'will a/status "offline" QoS 1 RETAIN',
		]);
	});

	it.each<[Direction, string, string]>([
		["in", "20 02 01 00", "← CONNACK     accepted, session present"],
		["in", "20 02 00 05", "← CONNACK     not authorized, no session"],
		["in", "20 02 00 09", "← CONNACK     reserved code 9, no session"],
		["out", "3d 09 00 03 61 2f 62 00 07 00 ff", "→ PUBLISH     a/b  hex 00ff, QoS 2 DUP RETAIN, id 7"],
		["out", "30 05 00 03 61 2f 62", "→ PUBLISH     a/b  empty, QoS 0"],
		["in", "40 02 12 34", "← PUBACK      id 4660"],
		["in", "50 02 00 01", "← PUBREC      id 1"],
		["out", "62 02 00 01", "→ PUBREL      id 1"],
		["in", "70 02 00 01", "← PUBCOMP     id 1"],
		["out", "82 09 00 02 00 01 61 02 00 00 00", "→ SUBSCRIBE   id 2, a QoS 2,  QoS 0"],
		["in", "90 04 00 02 02 80", "← SUBACK      id 2, granted QoS 2, refused (128)"],
		["out", "a2 05 00 03 00 01 61", "→ UNSUBSCRIBE id 3, a"],
		["in", "b0 02 00 03", "← UNSUBACK    id 3"],
		["out", "c0 00", "→ PINGREQ"],
		["in", "d0 00", "← PINGRESP"],
		["out", "e0 00", "→ DISCONNECT"],
	])("%s %s is %s", (direction, hex, line) => {
		expect(shownHex(direction, hex)).toEqual([line]);
	});

	it("follows the protocol that CONNECT has named", () => {
		const connect = mqttPacket.generate({ cmd: "connect", protocolVersion: 5, clientId: "c" });
		const connack = mqttPacket.generate(
			{ cmd: "connack", reasonCode: 0x87, sessionPresent: false },
			{ protocolVersion: 5 },
		);
		const lines = logOf([
			["out", connect],
			["in", connack],
			["out", Buffer.from("e00104", "hex")],
		]);
		expect(lines[1]).toContain("CONNACK     not authorized");
		expect(lines).toHaveLength(3);
	});

	it("cuts long payloads, and never inside a character", () => {
		expect(shown("out", publish({ payload: "é".repeat(100) }))).toEqual([
			`→ PUBLISH     a/b  "${"é".repeat(60)}"… (200 bytes), QoS 0`,
		]);
		expect(shown("out", publish({ payload: Buffer.alloc(100, 0xff) }))[0]).toContain("(100 bytes)");
	});

	it("lets no control character through to the terminal", () => {
		const lines = shown("in", publish({ topic: "a\u001b[2J\u009b", payload: "x\ny" }));
		expect(lines).toEqual([`← PUBLISH     a\\u001b[2J\\u009b  "x\\ny", QoS 0`]);
		expect(shown("in", publish({ payload: "\u001b[2J" }))[0]).toContain("hex 1b5b324a");
	});

	it("has colours only when asked for", () => {
		expect(logOf([["out", publish({})]]).join("")).not.toContain("\u001b");
		expect(logOf([["out", publish({})]], { colour: true }).join("")).toContain("\u001b[36m");
		expect(logOf([["out", publish({})]], { colour: true, json: true }).join("")).not.toContain("\u001b");
	});
});

describe("what is wrong", () => {
	it.each<[string, string]>([
		["f1 00", "AUTH not allowed"],
		["36 05 00 03 61 2f 62", "both QoS bits"],
		["40 01 00", "id cut off"],
		["20 02 ff 00", "flags of CONNACK"],
		["00 00", "reserved type"],
		["30 02 00 09", "topic longer than the packet"],
		["90 00", "empty SUBACK"],
		["40 03 00 01 00", "PUBACK with a byte too many"],
		["30 ff ff ff ff 01 00 00", "length of five bytes"],
	])("is shown as malformed: %s (%s)", (hex) => {
		const lines = shownHex("in", hex);
		expect(lines).toHaveLength(1);
		expect(lines[0]).toMatch(/^← MALFORMED {3}\S.*, begins [0-9a-f]+$/);
	});

	it("does not hide the packets after it", () => {
		expect(shownHex("in", "40 01 00 d0 00")[1]).toBe("← PINGRESP");
	});

	it("is said once when the stream cannot be understood any more", () => {
		const broken = Buffer.concat([Buffer.from("30ffffffffffff", "hex"), Buffer.alloc(200_000)]);
		expect(
			logOf([
				["in", broken],
				["in", broken],
			]),
		).toHaveLength(1);
	});

	it.each([1, 2, 3, 7, 8, 9])("is shown as incomplete when the connection ends after %i bytes", (count) => {
		const line = shown("out", publish({ qos: 1, messageId: 5 }).subarray(0, count))[0];
		expect(line).toMatch(new RegExp(`^→ INCOMPLETE {2}PUBLISH ended after ${count}( of 13)? bytes, begins 32`));
	});

	it("survives any bytes", () => {
		for (let seed = 0; seed < 300; seed++) {
			const noise = Uint8Array.from({ length: 64 }, (_, index) => (seed * 31 + index * index * 7 + (seed >> 2)) & 255);
			noise[1] = seed % 64;
			expect(() => logOf([["in", noise]])).not.toThrow();
		}
	});
});

describe("a stream", () => {
	const stream = Buffer.concat([
		publish({ qos: 1, messageId: 5 }),
		Buffer.from("d000", "hex"),
		publish({ payload: "x".repeat(200) }),
		Buffer.from("40020005", "hex"),
	]);

	it("gives the same lines at every cut and byte by byte", () => {
		const whole = shown("in", stream);
		expect(whole).toHaveLength(4);
		for (let cut = 1; cut < stream.length; cut++) {
			const halves = logOf([
				["in", stream.subarray(0, cut)],
				["in", stream.subarray(cut)],
			]);
			expect(halves.map((line) => line.replace("    1.235 #1  ", ""))).toEqual(whole);
		}
		const bytes = [...stream].map((byte): [Direction, Uint8Array] => ["in", Uint8Array.of(byte)]);
		expect(logOf(bytes)).toHaveLength(4);
	});

	it("with a packet larger than what is kept shows its header, and goes on after it", () => {
		const big = publish({ qos: 2, messageId: 77, retain: true, payload: Buffer.alloc(300_000, 0x41) });
		const text = `"${"A".repeat(60)}"… (300000 bytes)`;
		const expected = [`→ PUBLISH     a/b  ${text}, QoS 2 RETAIN, id 77`, "→ PINGREQ"];
		expect(shown("out", Buffer.concat([big, Buffer.from("c000", "hex")]))).toEqual(expected);
		const parts: [Direction, Uint8Array][] = [];
		for (let offset = 0; offset < big.length; offset += 1000) parts.push(["out", big.subarray(offset, offset + 1000)]);
		expect(logOf(parts)).toHaveLength(1);
		expect(big.length).toBeGreaterThan(FRAME_KEPT_MAX);
	});

	it("reads the properties of a large PUBLISH of 5.0", () => {
		const options = { protocolVersion: 5 };
		const connect = mqttPacket.generate({ cmd: "connect", protocolVersion: 5, clientId: "c" });
		const big = mqttPacket.generate(
			{
				cmd: "publish",
				topic: "t",
				payload: Buffer.alloc(100_000, 0x42),
				qos: 0,
				dup: false,
				retain: false,
				properties: { contentType: "x".repeat(200) },
			},
			options,
		);
		const [, line] = logOf([
			["out", connect],
			["in", big],
		]);
		expect(line).toContain(`t  "${"B".repeat(60)}"… (100000 bytes)`);
	});

	it("of each connection is its own", () => {
		const lines: string[] = [];
		const log = new EventLog({ write: (line) => lines.push(line), now: () => 0 });
		log.bytes(1, "out", stream.subarray(0, 5));
		log.bytes(2, "out", Buffer.from("c000", "hex"));
		log.step(1, "lost", "reset");
		log.step(2, "closed", "");
		log.step(0, "lookup", "broker.test");
		log.close();
		expect(lines.map((line) => line.slice(10))).toEqual([
			"#2  → PINGREQ",
			"#1  → INCOMPLETE  PUBLISH ended after 5 of 13 bytes, begins 320b000361",
			"#1  lost: reset",
			"#2  closed",
			"    lookup: broker.test",
		]);
	});
});

describe("--json", () => {
	it("gives one object a line, with the fields that the packet has", () => {
		const lines = logOf([["out", publish({ qos: 1, messageId: 5 })]], { json: true });
		expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
			{
				ms: 1234.6,
				type: "packet",
				connection: 1,
				direction: "out",
				packet: "PUBLISH",
				size: 13,
				packetId: 5,
				topic: "a/b",
				qos: 1,
				dup: false,
				retain: false,
				payloadSize: 4,
				payload: "21.5",
			},
		]);
	});

	it("has steps and traced lines too, a line when its end has come", () => {
		const lines: string[] = [];
		const log = new EventLog({ write: (line) => lines.push(line), now: () => 5, json: true });
		log.step(1, "connect", "198.18.0.1:1883");
		log.trace("half");
		log.trace(" a line\nrest");
		log.close();
		expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
			{ ms: 5, type: "step", connection: 1, step: "connect", detail: "198.18.0.1:1883" },
			{ ms: 5, type: "trace", trace: "half a line" },
			{ ms: 5, type: "trace", trace: "rest" },
		]);
	});
});

describe("the end of a connection", () => {
	function endOf(bytes: Uint8Array): string {
		const lines: string[] = [];
		const log = new EventLog({ write: (line) => lines.push(line), now: () => 0 });
		log.bytes(1, "out", bytes);
		log.step(1, "lost", "closed by the broker");
		return lines.at(-1)!.slice(14);
	}

	it("is the device's doing once it has sent DISCONNECT, whoever closes first", () => {
		expect(endOf(bytesOf({ cmd: "disconnect" }))).toBe("closed: by the device");
		expect(endOf(bytesOf({ cmd: "pingreq" }))).toBe("lost: closed by the broker");
		expect(endOf(bytesOf({ cmd: "disconnect" }).subarray(0, 1))).toBe("lost: closed by the broker");
	});
});
