// Goal: the model server does what the standard asks of a server, and what it is told to do beside that.
// Method: a scripted client writes packets by hand, in hexadecimal digits, and looks at the answers; the server's own codec is
//   checked against every packet form that it may not let pass.
import { describe, expect, it } from "vitest";
import { MalformedPacket, PacketReader } from "../../host-sim/brokers/model/reader.js";
import { publishPacket } from "../../host-sim/brokers/model/packets.js";
import { ModelServer, CLOSE } from "../../host-sim/brokers/model/server.js";
import type { ServerMessage } from "../../host-sim/brokers/model/session.js";
import { isTopicFilter, isTopicName, matches } from "../../host-sim/brokers/model/topics.js";
import type { ServerEnd } from "../../host-sim/world/virtual-link.js";
import { Random } from "../../host-sim/world/random.js";
import { VirtualClock } from "../../host-sim/world/virtual-clock.js";

const CONNECT = "100d 0004 4d515454 04 00 0000 0001 63";
const CONNECT_CLEAN = "100d 0004 4d515454 04 02 0000 0001 63";
const SUBSCRIBE_A = "8206 000a 0001 61 02";

class Rig {
	readonly clock = new VirtualClock();
	readonly log: string[] = [];
	readonly server = new ModelServer({
		clock: this.clock,
		random: new Random(1),
		firstId: 1,
		events: {
			published: (_session, packet) => this.log.push(`published ${packet.topic} ${packet.qos}`),
			taken: (_session, message) => this.log.push(`taken ${message.serial}`),
			finished: (_session, message) => this.log.push(`finished ${message.serial}`),
			forgotten: () => this.log.push("forgotten"),
			retained: (topic, qos) => ({ ...this.message(9, qos), topic, retain: true }),
			violation: (text) => this.log.push(`violation ${text}`),
			will: (clientId) => this.log.push(`will of ${clientId}`),
			note: () => undefined,
		},
	});
	#said = "";

	/** A connection; what the server says on it is read with `said`. */
	connect(packet?: string): ServerEnd {
		const end = this.server.accept({
			id: 1,
			send: (bytes) => (this.#said += `${Buffer.from(bytes).toString("hex")} `),
			close: () => (this.#said += "close "),
		})!;
		if (packet) this.tell(end, packet);
		return end;
	}

	tell(end: ServerEnd, hex: string): string {
		end.receive(Buffer.from(hex.replaceAll(" ", ""), "hex"));
		return this.said;
	}

	get said(): string {
		const said = this.#said.trim();
		this.#said = "";
		return said;
	}

	message(serial: number, qos: number): ServerMessage {
		return { serial, topic: "a", payload: Buffer.from("x"), qos, retain: false };
	}
}

describe("the model server", () => {
	it("keeps a session, and says so, once the client has shown that it knows of it", () => {
		const rig = new Rig();
		let end = rig.connect();
		expect(rig.tell(end, CONNECT)).toBe("20020000");
		end.closed();
		expect(rig.log).toEqual(["forgotten"]);
		end = rig.connect();
		expect(rig.tell(end, CONNECT)).toBe("20020000");
		expect(rig.tell(end, SUBSCRIBE_A)).toBe("9003000a02");
		end.closed();
		expect(rig.tell(rig.connect(), CONNECT)).toBe("20020100");
		expect(rig.tell(rig.connect(), CONNECT_CLEAN)).toBe("close 20020000");
	});

	it("passes QoS 2 on once, and QoS 1 each time", () => {
		const rig = new Rig();
		const end = rig.connect(CONNECT);
		expect(rig.tell(end, "3406 0001 74 0005 78")).toBe("50020005");
		expect(rig.tell(end, "3c06 0001 74 0005 78")).toBe("50020005");
		expect(rig.tell(end, "6202 0005")).toBe("70020005");
		expect(rig.tell(end, "6202 0005")).toBe("70020005");
		expect(rig.tell(end, "3206 0001 74 0006 78")).toBe("40020006");
		expect(rig.tell(end, "3a06 0001 74 0006 78")).toBe("40020006");
		expect(rig.log).toEqual(["published t 2", "published t 1", "published t 1"]);
	});

	it("sends again what is unfinished, in its first order, with DUP", () => {
		const rig = new Rig();
		let end = rig.connect(CONNECT);
		rig.tell(end, SUBSCRIBE_A);
		rig.server.publish(rig.message(1, 2));
		rig.server.publish(rig.message(2, 1));
		expect(rig.said).toBe("34060001610001 78 32060001610002 78".replaceAll(" 78", "78"));
		expect(rig.tell(end, "5002 0001")).toBe("62020001");
		end.closed();
		end = rig.connect();
		expect(rig.tell(end, CONNECT)).toBe("20020100 62020001 3a06000161000278");
		rig.tell(end, "7002 0001");
		rig.tell(end, "4002 0002");
		expect(rig.log).toEqual(["taken 1", "taken 2", "finished 1", "finished 2"]);
	});

	it("answers late, twice, when released, or not at all, as it is told", () => {
		const rig = new Rig();
		const end = rig.connect(CONNECT);
		rig.server.behaviour.lateMs = 50;
		expect(rig.tell(end, "c000")).toBe("");
		while (rig.clock.step());
		expect(rig.said).toBe("d000");
		rig.server.behaviour.lateMs = 0;
		rig.server.behaviour.twicePercent = 100;
		expect(rig.tell(end, "3206 0001 74 0006 78")).toBe("40020006 40020006");
		rig.server.behaviour.twicePercent = 0;
		rig.server.behaviour.holding = true;
		rig.tell(end, "3206 0001 74 0007 78");
		expect(rig.tell(end, "3206 0001 74 0008 78")).toBe("");
		rig.server.release(1);
		rig.server.release(-1);
		expect(rig.said).toBe("40020008 40020007");
		rig.server.behaviour.silent = true;
		expect(rig.tell(end, "c000")).toBe("");
		rig.server.behaviour.silent = false;
		rig.server.flush();
		expect(rig.said).toBe("d000");
	});

	it("refuses, closes instead, and grants less than was asked for", () => {
		const rig = new Rig();
		rig.server.behaviour.connack = 5;
		expect(rig.tell(rig.connect(), CONNECT)).toBe("20020005 close");
		rig.server.behaviour.connack = CLOSE;
		expect(rig.tell(rig.connect(), CONNECT)).toBe("close");
		rig.server.behaviour.connack = 0;
		const end = rig.connect(CONNECT);
		rig.server.behaviour.grant = "lower";
		expect(rig.tell(end, SUBSCRIBE_A)).toBe("9003000a01");
		rig.server.behaviour.grant = "none";
		expect(rig.tell(end, SUBSCRIBE_A)).toBe("9003000a80");
	});

	it("takes a session over, and publishes the will unless DISCONNECT came", () => {
		const rig = new Rig();
		const withWill = "1013 0004 4d515454 04 04 0000 0001 63 0001 77 0001 78";
		const end = rig.connect(withWill);
		rig.tell(end, SUBSCRIBE_A);
		expect(rig.tell(rig.connect(), withWill)).toContain("close 20020100");
		expect(rig.log).toEqual(["will of c"]);
		const other = rig.connect(withWill);
		rig.log.length = 0;
		rig.tell(other, "e000");
		expect(rig.log).toEqual([]);
	});

	it("closes after one and a half keep alives without a packet", () => {
		const rig = new Rig();
		const end = rig.connect("100d 0004 4d515454 04 00 000a 0001 63");
		rig.clock.after(10_000, () => rig.tell(end, "c000"));
		while (rig.clock.step());
		expect(rig.clock.now()).toBe(25_000);
		expect(rig.said).toBe("close");
	});

	it.each([
		["a packet before CONNECT", "c000"],
		["a second CONNECT", CONNECT + CONNECT],
		["a packet that only servers send", CONNECT + "d000"],
		["PUBACK for a QoS 2 message", CONNECT + SUBSCRIBE_A + "4002 0001"],
	])("closes on %s", (_name, hex) => {
		const rig = new Rig();
		const end = rig.connect();
		for (const packet of hex.split(/(?=4002)/)) {
			rig.tell(end, packet);
			rig.server.publish(rig.message(1, 2));
		}
		expect(rig.log.some((line) => line.startsWith("violation"))).toBe(true);
	});
});

describe("the reader of the model server", () => {
	it.each([
		["a reserved type", "0000"],
		["flags of SUBSCRIBE", "8006 000a 0001 61 00"],
		["packet identifier 0", "8206 0000 0001 61 00"],
		["a SUBSCRIBE without filters", "8202 000a"],
		["QoS 3 of a filter", "8206 000a 0001 61 03"],
		["a filter that is none", "8207 000a 0002 6123 00"],
		["QoS 3", "3606 0001 74 0005 78"],
		["DUP at QoS 0", "3804 0001 74 78"],
		["a wildcard in a topic name", "3004 0001 23 78"],
		["U+0000", "3004 0001 00 78"],
		["no UTF-8", "3004 0001 ff 78"],
		["a field past the end", "3004 0009 74 78"],
		["a length of five bytes", "30 ffffffff 01"],
		["PINGREQ with a body", "c001 00"],
		["PUBREL without its flag", "6002 0001"],
		["a will that is not there", "100d 0004 4d515454 04 08 0000 0001 63"],
		["a password without a user", "1010 0004 4d515454 04 42 0000 0001 63 0001 78"],
		["an empty identifier of a kept session", "100c 0004 4d515454 04 00 0000 0000"],
		["bytes behind the fields", "100e 0004 4d515454 04 00 0000 0001 63 78"],
	])("refuses %s", (_name, hex) => {
		const reader = new PacketReader("client");
		expect(() => reader.push(Buffer.from(hex.replaceAll(" ", ""), "hex"), () => undefined)).toThrow(MalformedPacket);
	});

	it("reads a stream that is cut anywhere", () => {
		const bytes = Buffer.concat([
			publishPacket({ topic: "a/ü", payload: Buffer.alloc(300, 7), qos: 2, retain: true }, 77, true),
			Buffer.from("c000", "hex"),
		]);
		for (let cut = 0; cut <= bytes.length; cut++) {
			const seen: string[] = [];
			const reader = new PacketReader("client");
			for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
				reader.push(part, ({ type, topic, id, dup, retain, qos, payload }) =>
					seen.push([type, topic, id, dup, retain, qos, payload.length].join()),
				);
			}
			expect(seen).toEqual(["3,a/ü,77,true,true,2,300", "12,,0,false,false,0,0"]);
			expect(reader.partial).toBe(0);
		}
	});
});

describe("topics of the model server", () => {
	it.each([
		["sport/tennis/player1/#", "sport/tennis/player1", true],
		["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
		["sport/#", "sports", false],
		["sport/+", "sport/", true],
		["sport/+", "sport", false],
		["+/+", "/finance", true],
		["/+", "/finance", true],
		["+", "/finance", false],
		["#", "$SYS/x", false],
		["+/x", "$SYS/x", false],
		["$SYS/#", "$SYS/x", true],
		["a", "a/b", false],
	])("%s and %s: %s", (filter, topic, expected) => {
		expect(matches(filter, topic)).toBe(expected);
	});

	it("knows names and filters", () => {
		for (const filter of ["#", "+", "/", "+/+", "a/#", "a//b"]) expect(isTopicFilter(filter)).toBe(true);
		for (const filter of ["", "a#", "a/#/b", "a+", "+a/b", "##"]) expect(isTopicFilter(filter)).toBe(false);
		expect(isTopicName("a/b")).toBe(true);
		for (const name of ["", "a/+", "#", "a\0"]) expect(isTopicName(name)).toBe(false);
	});
});
