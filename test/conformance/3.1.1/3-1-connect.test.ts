import { describe, expect, it } from "vitest";
import { Reason, State } from "xs-mqtt";
import { packetsOf } from "../../client/model-server.js";
import { endedBy, Harness, inState, TICKS, type HarnessOptions } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { connectOf, fieldHex, hexOfText, packetsOfType, readConnect, subscribed } from "../support.js";

// Goal: §3.1, what CONNECT says, and that there is one, first, on each connection.
// Method: CONNECT of every combination of its options is read by a reader of the tests' own, which finds as many payload
// fields as there are; what the standard does not allow has to be refused by the constructor. What a server does with it is
// in 3-1-connect-server.test.ts.

const WILL = 0x04;
const WILL_QOS = 0x18;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USER_NAME = 0x80;

/** Every combination of what CONNECT can say, and the payload fields that belong to it. */
const COMBINATIONS: readonly { options: HarnessOptions; flags: number; fields: string[] }[] = [true, false].flatMap(
	(cleanSession) =>
		[-1, 0, 1, 2].flatMap((willQos) =>
			[false, true].flatMap((willRetain) =>
				[0, 1, 2].map((credentials) => {
					const will = willQos >= 0;
					const options: Record<string, unknown> = { cleanSession, clientId: "client" };
					const fields = ["client"];
					let flags = cleanSession ? 2 : 0;
					if (will) {
						options["will"] = { topic: "will/topic", payload: "will message", qos: willQos, retain: willRetain };
						fields.push("will/topic", "will message");
						flags |= WILL | (willQos << 3) | (willRetain ? WILL_RETAIN : 0);
					}
					if (credentials > 0) {
						options["userName"] = "user";
						fields.push("user");
						flags |= USER_NAME;
					}
					if (credentials > 1) {
						options["password"] = "secret";
						fields.push("secret");
						flags |= PASSWORD;
					}
					return { options: options as HarnessOptions, flags, fields: fields.map(hexOfText) };
				}),
			),
		),
);

/** Each combination with the CONNECT that it leads to. */
const CONNECTS = COMBINATIONS.map((combination) => ({ ...combination, connect: connectOf(combination.options) }));

describe("CONNECT", () => {
	it("is the first packet, alone until CONNACK, whatever waits [MQTT-3.1.0-1]", () => {
		const h = new Harness({ cleanSession: false });
		h.publish("t", "0", 0);
		h.publish("t", "1", 1);
		h.subscribe("f", 1);
		h.start();
		h.publish("t", "2", 2);
		expect(h.sent()).toBe("");
		for (let connection = 0; connection < 3; connection++) {
			// readConnect takes exactly one packet.
			expect(readConnect(h.opened()).firstByte).toBe(0x10);
			h.publish("t", "more", 1);
			expect(h.sent()).toBe("");
			h.receive(connection === 0 ? "20020000" : "20020100");
			expect(h.sent()).not.toBe("");
			h.lost();
			h.pass(200_000);
			expect(h.state).toBe(State.OPENING);
			expect(h.sent()).toBe("");
		}
	});

	it("is first also when the transport takes one byte at a time [MQTT-3.1.0-1]", () => {
		const h = inState.opening();
		h.publish("t", "0", 0);
		h.subscribe("f");
		const sent = h.opened(1);
		expect(readConnect(sent).fields).toEqual([hexOfText("c")]);
	});

	it("comes once on a connection, whatever else happens on it [MQTT-3.1.0-2]", () => {
		const h = inState.opening({ firstId: 1 });
		let sent = h.opened();
		sent += h.exchange("20020000");
		h.start();
		sent += h.sent();
		h.subscribe("f", 1);
		sent += h.sent() + h.exchange("9003000101");
		sent += h.exchange(publishHex("f", "x", 2, 7)) + h.exchange(ackHex(0x62, 7));
		h.publish("t", "x", 2);
		sent += h.sent() + h.exchange(ackHex(0x50, 2)) + h.exchange(ackHex(0x70, 2));
		for (let i = 0; i < 20; i++) {
			h.pass(30_000);
			sent += h.sent() + h.exchange("d000");
		}
		h.stop();
		sent += h.sent();
		expect(packetsOfType(sent, 1).length).toBe(1);
		expect(packetsOfType(sent, 12).length).toBeGreaterThan(5);
		expect(packetsOf(sent).at(-1)!.hex).toBe("e000");
		expect(h.state).toBe(State.STOPPED);
	});

	it("names the protocol MQTT [MQTT-3.1.2-1]", () => {
		for (const { connect } of CONNECTS) expect(connect.name).toBe("MQTT");
	});

	it("has protocol level 4 [MQTT-3.1.2-2]", () => {
		for (const { connect } of CONNECTS) expect(connect.level).toBe(4);
	});

	it("of a level that the server does not have is refused, which is reported as that [MQTT-3.1.2-2]", () => {
		const h = inState.connecting();
		h.receive("20020001");
		expect(h.take()).toEqual([endedBy(Reason.REFUSED_PROTOCOL_VERSION, 1)]);
		expect(h.takeClose()).toBe(true);
	});

	it("has 0 as the reserved flag [MQTT-3.1.2-3]", () => {
		for (const { connect } of CONNECTS) expect(connect.flags & 1).toBe(0);
	});

	it("has exactly the flags and fields of its options [MQTT-3.1.2-9] [MQTT-3.1.2-11] [MQTT-3.1.2-19] [MQTT-3.1.2-21]", () => {
		expect(CONNECTS.length).toBe(48);
		for (const { connect, flags, fields } of CONNECTS) {
			expect({ flags: connect.flags, fields: connect.fields }).toEqual({ flags, fields });
		}
	});

	it("has its payload fields in the order of the standard [MQTT-3.1.3-1]", () => {
		const h = inState.opening({
			clientId: "c",
			will: { topic: "w", payload: "m", qos: 1, retain: true },
			userName: "u",
			password: "p",
		});
		expect(h.opened()).toBe(
			"1019" + fieldHex("MQTT") + "04" + "ee" + "003c" + ["c", "w", "m", "u", "p"].map(fieldHex).join(""),
		);
	});
});

describe("the will", () => {
	it("with no payload has an empty Will Message field [MQTT-3.1.2-9]", () => {
		const { flags, fields } = connectOf({ will: { topic: "w" } });
		expect([flags & WILL, fields]).toEqual([WILL, [hexOfText("c"), hexOfText("w"), ""]]);
	});

	it("has bits for QoS and RETAIN that mean what was asked for [MQTT-3.1.2-9]", () => {
		for (const qos of [0, 1, 2] as const) {
			for (const retain of [false, true]) {
				const { flags } = connectOf({ will: { topic: "w", qos, retain } });
				expect([(flags & WILL_QOS) >> 3, (flags & WILL_RETAIN) !== 0]).toEqual([qos, retain]);
			}
		}
	});

	it("that is absent leaves its flags 0, and no field [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15]", () => {
		const without = CONNECTS.filter(({ options }) => options.will === undefined);
		expect(without.length).toBe(12);
		for (const { connect, fields } of without) {
			expect(connect.flags & (WILL | WILL_QOS | WILL_RETAIN)).toBe(0);
			expect(connect.fields).toEqual(fields);
		}
	});

	it("at QoS 3 or any other than 0, 1, 2 is refused [MQTT-3.1.2-14]", () => {
		for (const qos of [3, 4, -1, 0.5, NaN, "1", null, true]) {
			expect(() => new Harness({ will: { topic: "w", qos } } as never), String(qos)).toThrow(RangeError);
		}
		for (const { connect } of CONNECTS) expect(connect.flags & WILL_QOS).not.toBe(WILL_QOS);
	});

	it("has a Will Topic in UTF-8, and one that cannot be is refused [MQTT-3.1.3-10]", () => {
		expect(connectOf({ will: { topic: "aé€😀" } }).fields[1]).toBe("61c3a9e282acf09f9880");
		for (const topic of ["\ud800", "a\udc00b", "a\0"]) {
			expect(() => new Harness({ will: { topic } })).toThrow(RangeError);
		}
	});
});

describe("user name and password", () => {
	it("that are absent leave their flags 0, and no field [MQTT-3.1.2-18] [MQTT-3.1.2-20]", () => {
		for (const { connect, options, fields } of CONNECTS) {
			if (options.userName === undefined) expect(connect.flags & USER_NAME).toBe(0);
			if (options.password === undefined) expect(connect.flags & PASSWORD).toBe(0);
			expect(connect.fields.length).toBe(fields.length);
		}
		expect(connectOf({}).fields).toEqual([hexOfText("c")]);
		expect(connectOf({ userName: "u" }).fields).toEqual(["c", "u"].map(hexOfText));
	});

	it("that are empty are there all the same [MQTT-3.1.2-19] [MQTT-3.1.2-21]", () => {
		const { flags, fields } = connectOf({ userName: "", password: "" });
		expect([flags & (USER_NAME | PASSWORD), fields]).toEqual([USER_NAME | PASSWORD, [hexOfText("c"), "", ""]]);
		expect(connectOf({ userName: "u", password: new Uint8Array(0) }).fields).toEqual(["c", "u", ""].map(hexOfText));
	});

	it("may be any bytes, as far as the password goes [MQTT-3.1.2-21]", () => {
		const password = Uint8Array.from({ length: 256 }, (_, i) => i);
		expect(connectOf({ userName: "u", password }).fields[2]).toBe(Buffer.from(password).toString("hex"));
	});

	it("go together: a password alone is refused [MQTT-3.1.2-22]", () => {
		expect(() => new Harness({ password: "secret" })).toThrow("password: needs userName");
		expect(() => new Harness({ password: "" })).toThrow("password: needs userName");
		for (const { connect } of CONNECTS) {
			expect((connect.flags & PASSWORD) !== 0 && (connect.flags & USER_NAME) === 0).toBe(false);
		}
	});

	it("have a user name in UTF-8, and one that cannot be is refused [MQTT-3.1.3-11]", () => {
		expect(connectOf({ userName: "aé€😀" }).fields[1]).toBe("61c3a9e282acf09f9880");
		for (const userName of ["\ud800", "a\udc00b", "a\0"]) expect(() => new Harness({ userName })).toThrow(RangeError);
	});
});

describe("the client identifier", () => {
	it("is always there, and first, also when it is empty [MQTT-3.1.3-3]", () => {
		expect(connectOf({ clientId: "" }).fields).toEqual([""]);
		expect(connectOf({ clientId: undefined } as never).fields).toEqual([""]);
		for (const { connect } of CONNECTS) expect(connect.fields[0]).toBe(hexOfText("client"));
	});

	it("is UTF-8, and one that cannot be is refused [MQTT-3.1.3-4]", () => {
		expect(connectOf({ clientId: "aé€😀" }).fields).toEqual(["61c3a9e282acf09f9880"]);
		for (const clientId of ["\ud800", "a\udc00b", "a\0"]) expect(() => new Harness({ clientId })).toThrow(RangeError);
	});

	it("may be empty only with a clean session [MQTT-3.1.3-7]", () => {
		expect(() => new Harness({ clientId: "", cleanSession: false })).toThrow(RangeError);
		expect(() => new Harness({ clientId: undefined, cleanSession: false } as never)).toThrow(RangeError);
		const { flags, fields } = connectOf({ clientId: "", cleanSession: true });
		expect([flags, fields]).toEqual([2, [""]]);
	});

	it("stays the same on every connection of a client: the session is found by it [MQTT-3.1.3-2]", () => {
		const h = new Harness({ clientId: "client", cleanSession: false });
		const identifiers: string[] = [];
		for (let i = 0; i < 3; i++) {
			h.start();
			identifiers.push(readConnect(h.opened()).fields[0]!);
			h.receive("20020100");
			h.lost();
			h.pass(200_000);
			identifiers.push(readConnect(h.opened()).fields[0]!);
			h.receive("20020100");
			h.stop();
			h.sent();
		}
		expect(identifiers).toEqual(Array(6).fill(hexOfText("client")));
	});
});

describe("CleanSession", () => {
	/** A client with something of everything in its session; its exchanges have the identifiers 2, 3 and 4. */
	function busy(cleanSession: boolean): Harness {
		const h = subscribed(["t"], { cleanSession });
		h.publish("out", "waits for PUBACK", 1);
		h.publish("out", "waits for PUBREC", 2);
		h.publish("out", "waits for PUBCOMP", 2);
		h.sent();
		h.exchange(ackHex(0x50, 4) + publishHex("t", "waits for PUBREL", 2, 7));
		h.rest();
		return h;
	}

	/** How connections end. */
	const ENDS: readonly [string, (h: Harness) => void][] = [
		["lost", (h) => h.lost()],
		[
			"stopped",
			(h) => {
				h.stop();
				h.pass(10_000);
				h.sent();
				h.pass(10_000);
			},
		],
	];

	it.each(ENDS)(
		"0 keeps the client's session when the connection is %s, and goes on with it [MQTT-3.1.2-4]",
		(_how, end) => {
			const h = busy(false);
			end(h);
			expect(h.state === State.STOPPED || h.state === State.WAITING).toBe(true);
			h.start();
			if (h.state === State.WAITING) h.pass(200_000);
			expect(readConnect(h.opened()).flags & 2).toBe(0);
			const sent = packetsOf(h.exchange("20020100"));
			expect(sent.map(({ first, packetId }) => [first, packetId])).toEqual([
				[0x62, 4],
				[0x3a, 2],
				[0x3c, 3],
			]);
			// The message is known, and not delivered again.
			h.seen.length = 0;
			expect(h.exchange(publishHex("t", "waits for PUBREL", 2, 7, 8))).toBe(ackHex(0x50, 7));
			expect(h.seen).toEqual([]);
		},
	);

	it.each(ENDS)("1 uses nothing of an earlier session when the connection was %s [MQTT-3.1.2-6]", (_how, end) => {
		const h = busy(true);
		end(h);
		h.start();
		if (h.state === State.WAITING) h.pass(200_000);
		expect(readConnect(h.opened()).flags & 2).toBe(2);
		const sent = h.exchange("20020000");
		// No PUBREL; what was not acknowledged is sent as new; every subscription is made again.
		expect(packetsOf(sent).map(({ first }) => first)).toEqual([0x82, 0x32, 0x34]);
		// The identifier of a QoS 2 message means a new one.
		h.seen.length = 0;
		expect(h.exchange(publishHex("t", "another", 2, 7))).toBe(ackHex(0x50, 7));
		expect(h.seen.map(({ payload }) => payload)).toEqual(["another"]);
	});
});

describe("keep alive", () => {
	/** The longest gap between two packets of a client within some hours, in ms; `each` is what happens in each step. */
	function longestGap(options: HarnessOptions, stepMs: number, each: (h: Harness) => void): number {
		const h = inState.connected({ ...options, stableMs: 1 });
		let last = 0;
		let longest = 0;
		let time = 0;
		const end = Math.max(20_000, 5_000 * options.keepAlive!);
		for (; time < end; time += stepMs) {
			h.pass(stepMs);
			each(h);
			const sent = h.sent();
			if (sent === "") continue;
			longest = Math.max(longest, time + stepMs - last);
			last = time + stepMs;
			h.exchange("d000".repeat(packetsOfType(sent, 12).length));
		}
		expect(h.state).toBe(State.CONNECTED);
		return Math.max(longest, time - last);
	}

	const PERIODS = [1, 2, 10, 60, 300, 65_535];

	it.each(PERIODS)("of %i s: a client that has nothing to send pings within it [MQTT-3.1.2-23]", (keepAlive) => {
		const step = keepAlive * 10;
		const gap = longestGap({ keepAlive }, step, () => {});
		expect(gap).toBeLessThanOrEqual(keepAlive * 1000);
		// And not much more often than it has to.
		expect(gap).toBeGreaterThan(keepAlive * 500);
	});

	it.each(PERIODS)("of %i s: what is received is no reason not to ping [MQTT-3.1.2-23]", (keepAlive) => {
		const gap = longestGap({ keepAlive }, keepAlive * 10, (h) => h.receive(publishHex("t", "x")));
		expect(gap).toBeLessThanOrEqual(keepAlive * 1000);
	});

	it.each(TICKS)("holds across the wrap of the millisecond counter, from ticks %i [MQTT-3.1.2-23]", (ticks) => {
		const gap = longestGap({ keepAlive: 10, ticks }, 100, () => {});
		expect(gap).toBeLessThanOrEqual(10_000);
	});

	it("counts from the last packet of any kind [MQTT-3.1.2-23]", () => {
		// One QoS 0 publish, then silence: the ping comes within keep alive of the publish, not of CONNECT only.
		const h = inState.connected({ keepAlive: 10, stableMs: 1 });
		h.pass(4_000);
		h.receive(publishHex("t", "x"));
		h.publish("t", "x", 0);
		expect(h.sent()).not.toBe("");
		let waited = 0;
		for (; h.sent() === ""; waited += 100) h.pass(100);
		expect(waited).toBeLessThanOrEqual(10_000);
		expect(waited).toBeGreaterThan(5_000);
	});

	it.each([0, 100, 5_000, 9_900])("counts from CONNECT, also when CONNACK takes %i ms [MQTT-3.1.2-23]", (ms) => {
		const h = inState.connecting({ keepAlive: 10, stableMs: 1 });
		h.pass(ms);
		let waited = ms;
		let sent = h.exchange("20020000");
		for (; sent === "" && waited < 30_000; waited += 100) {
			h.pass(100);
			sent = h.sent();
		}
		expect(sent).toBe("c000");
		expect(waited).toBeLessThanOrEqual(10_000);
		// And what follows is answered as ever.
		h.exchange("d000");
		h.pass(1_000);
		expect(h.sent()).toBe("");
		expect(h.state).toBe(State.CONNECTED);
	});

	it("of 0 is off: CONNECT says so, and no ping is ever sent [MQTT-3.1.2-23]", () => {
		const h = inState.opening({ keepAlive: 0 });
		expect(readConnect(h.opened()).keepAliveS).toBe(0);
		h.exchange("20020000");
		for (let hours = 0; hours < 100; hours++) {
			h.pass(3_600_000);
			expect(h.sent()).toBe("");
		}
		expect(h.state).toBe(State.CONNECTED);
	});

	it.each(PERIODS)("of %i s is what CONNECT says [MQTT-3.1.2-23]", (keepAlive) => {
		expect(connectOf({ keepAlive }).keepAliveS).toBe(keepAlive);
	});
});
