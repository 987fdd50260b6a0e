import { describe, expect, it } from "vitest";
import { Command } from "../../firmware/client/connection/core.js";
import { LayerCode, ProblemCode, ReasonCode, StateCode } from "../../firmware/client/terms/codes.js";
import { CounterIndex } from "../../firmware/client/terms/counters.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import { StatusCode } from "../../firmware/codec/status.js";
import { Harness, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";
import { packetsOf, serve } from "./model-server.js";

// Goal: lessons 17 … 28, as lessons.test.ts tells; lesson 21, Receive Maximum, is of MQTT 5.0 only.
// Method: the core alone, with explicit times. The keep alive is 60 s: a ping is due after 55 s of silence, its answer 10 s
// later.

/** Connected, and subscribed to `t/#`. */
function connected(options: HarnessOptions = {}): Harness {
	const h = new Harness({ cleanSession: false, random: () => 0, ...options });
	h.subscribe("t/#", 2);
	h.connect();
	h.exchange("9003000102");
	h.log.length = h.commands.length = 0;
	return h;
}

/** The first bytes of packets, in order. */
function types(hex: string): number[] {
	return packetsOf(hex).map(({ first }) => first);
}

/** A line of the log: why a connection ended. */
function ended(layer: LayerCode, code: ReasonCode, detail = 0, what = "retry"): string {
	return `disconnected ${layer}/${code} ${detail} ${what}`;
}

const NO_PINGRESP = ended(LayerCode.DEADLINE, ReasonCode.PINGRESP_TIMEOUT);
const PINGREQ = "c000";
const PINGRESP = "d000";

describe("sessions", () => {
	it("lesson 17: a session that was kept means no new subscriptions, and so no flood of retained messages", () => {
		// Session Present is thrown away: subscriptions are lost, or a flood of retained messages follows every reconnect.
		const h = connected();
		h.lost();
		expect(h.connect(true)).toBe("");
		h.receive(publishHex("t/a", "x"));
		expect(h.seen.length).toBe(1);
	});

	it("lesson 17: a session that was lost means that all subscriptions are made again", () => {
		const h = connected();
		h.lost();
		expect(types(h.connect(false))).toEqual([0x82]);
	});

	it("lesson 18: what is not acknowledged is sent again after a reconnect, in its first order, with DUP", () => {
		// … is forgotten on reconnect, or resent on a live link, or out of order.
		const h = connected();
		const ids = [1, 2, 1, 2].map((qos, i) => h.publish("t", `${i}`, qos));
		h.sent();
		h.exchange(ackHex(0x50, ids[1]!));
		h.lost();
		const again = packetsOf(h.connect(true));
		expect(again.map(({ first, packetId }) => [first, packetId])).toEqual([
			[0x62, ids[1]],
			[0x3a, ids[0]],
			[0x3a, ids[2]],
			[0x3c, ids[3]],
		]);
	});

	it("lesson 18: nothing is sent again on a live link, however long it takes", () => {
		const h = connected();
		h.publish("t", "x", 1);
		h.publish("t", "x", 2);
		h.sent();
		let sent = "";
		for (let s = 0; s < 600; s++) {
			h.pass(1_000);
			const now = h.sent();
			sent += now;
			if (now !== "") h.exchange(PINGRESP);
		}
		expect(sent).toBe(PINGREQ.repeat(10));
	});

	it("lesson 19: a refused filter in SUBACK is reported as refused", () => {
		// … as success.
		const h = connected();
		h.subscribe("no");
		h.sent();
		h.exchange("90030002" + "80");
		expect(h.log).toEqual(["subscribed 1 128", `problem ${ProblemCode.SUBSCRIPTION_REFUSED} 1`]);
	});

	it("lesson 20: the offline queue has a bound, refuses what is beyond it, and says when there is room", () => {
		// The offline queue has no bound: the device runs out of memory after 100 messages.
		const h = connected();
		h.lost();
		h.log.length = 0;
		let taken = 0;
		while (h.publish("t", "x".repeat(20), 1) > 0) taken++;
		expect(taken).toBe(Math.floor(1024 / (8 + 28)));
		expect(h.publish("t", "x".repeat(20), 1)).toBe(StatusCode.FULL);
		expect(h.core.session.outbox.used).toBeLessThanOrEqual(1024);
		expect(h.core.counters[CounterIndex.REFUSED_FULL]).toBe(2);
		serve(h, h.connect(true));
		expect(h.log.filter((line) => line === "room")).toEqual(["room"]);
		expect(h.core.session.outbox.count).toBe(0);
		expect(h.publish("t", "x", 1)).toBeGreaterThan(0);
	});
});

describe("a dead link", () => {
	it("lesson 22: keep alive is on unless it is switched off", () => {
		expect(readSettings({ host: "h", transport: (() => {}) as never }).keepAlive).toBe(60);
		const h = connected({ keepAlive: 0 });
		h.pass(86_400_000);
		expect(h.sent()).toBe("");
		expect(h.core.state).toBe(StateCode.CONNECTED);
	});

	it("lesson 22: is noticed, and publishes wait for the next connection", () => {
		// … a dead link is never noticed. Publishes are accepted for hours.
		const h = connected();
		h.pass(54_999);
		expect(h.sent()).toBe("");
		h.pass(1);
		expect(h.sent()).toBe(PINGREQ);
		const packetId = h.publish("t", "x", 1);
		h.sent();
		h.pass(9_999);
		expect(h.log).toEqual([]);
		h.pass(1);
		expect(h.log).toEqual([NO_PINGRESP]);
		expect(packetsOf(h.connect(true)).map((packet) => packet.packetId)).toEqual([packetId]);
	});

	it("lesson 23: any packet counts as life: PINGRESP may come behind a message that takes minutes", () => {
		// Only PINGRESP counts as life, or pings go out on a busy link; …
		const h = connected({ rxBuffer: 256 });
		h.subscribe("t/#", 0, h.keep, true);
		h.sent();
		h.exchange("90030002" + "00");
		const message = publishHex("t/a", "x".repeat(3_000));
		h.pass(55_000);
		expect(h.sent()).toBe(PINGREQ);
		let pings = 0;
		for (let at = 0; at < message.length; at += 20) {
			h.pass(1_000);
			pings += packetsOf(h.exchange(message.slice(at, at + 20))).length;
			expect(h.core.state).toBe(StateCode.CONNECTED);
		}
		// 300 s: the server wants to hear from us all the same.
		expect(pings).toBe(5);
		h.exchange(PINGRESP);
		expect(h.log).toEqual(["subscribed 0 0"]);
		// And when it stays silent for as long as an answer may take, it is dead.
		h.pass(9_000);
		h.core.fill(h.now);
		h.pass(54_000);
		h.sent();
		h.pass(10_000);
		expect(h.log).toEqual(["subscribed 0 0", NO_PINGRESP]);
	});

	it("lesson 23: silence in the middle of a long message is noticed as fast as any other", () => {
		const h = connected({ rxBuffer: 256 });
		h.pass(55_000);
		h.sent();
		h.pass(5_000);
		h.receive(publishHex("t/a", "x".repeat(3_000)).slice(0, 400));
		h.pass(9_999);
		expect(h.core.state).toBe(StateCode.CONNECTED);
		h.pass(1);
		expect(h.log.at(-1)).toBe(NO_PINGRESP);
	});

	it("lesson 23: a link that is busy both ways is not pinged", () => {
		const h = connected();
		for (let s = 0; s < 600; s += 5) {
			h.pass(5_000);
			const packetId = h.publish("t", "x", 1);
			expect(types(h.sent())).toEqual([0x32]);
			h.exchange(ackHex(0x40, packetId));
		}
		expect(h.core.counters[CounterIndex.PINGS]).toBe(0);
	});

	it("lesson 23: a stream of outgoing QoS 0 does not hide that nothing comes back", () => {
		const h = connected();
		let seconds = 0;
		for (; seconds < 100 && h.core.state === StateCode.CONNECTED; seconds++) {
			h.publish("t", "x", 0);
			h.sent();
			h.pass(1_000);
		}
		expect(seconds).toBe(65);
		expect(h.log).toEqual([NO_PINGRESP]);
	});

	it("lesson 23: a stream of incoming messages does not hide that the server hears nothing from us", () => {
		const h = connected();
		const sentAt: number[] = [];
		for (let seconds = 1; seconds <= 180; seconds++) {
			h.pass(1_000);
			if (h.exchange(publishHex("t/a", "x")) === PINGREQ) {
				sentAt.push(seconds);
				h.exchange(PINGRESP);
			}
		}
		expect(sentAt).toEqual([55, 110, 165]);
	});

	it("lesson 22: one that takes no more bytes is noticed, too", () => {
		const h = connected();
		h.publish("t", "x", 0);
		h.core.handleBlocked(h.now);
		h.pass(9_999);
		expect(h.log).toEqual([]);
		h.pass(1);
		expect(h.log).toEqual([ended(LayerCode.DEADLINE, ReasonCode.WRITE_STALLED)]);
	});
});

describe("connecting", () => {
	it("lesson 24: name lookup, connection and CONNACK have deadlines, each its own", () => {
		// No deadline for CONNACK, name lookup or TLS.
		const h = new Harness({ random: () => 0 });
		h.start();
		h.pass(29_999);
		expect(h.log).toEqual([]);
		h.pass(1);
		expect(h.log).toEqual([ended(LayerCode.NAME, ReasonCode.NAME_TIMEOUT)]);
		h.sleep();
		h.pass(29_000);
		h.core.handleResolved(h.now);
		h.pass(29_999);
		expect(h.log.length).toBe(1);
		h.pass(1);
		expect(h.log[1]).toBe(ended(LayerCode.TRANSPORT, ReasonCode.CONNECT_TIMEOUT));
		h.sleep();
		h.core.handleResolved(h.now);
		h.pass(29_000);
		h.opened();
		h.pass(29_999);
		expect(h.log.length).toBe(2);
		h.pass(1);
		expect(h.log[2]).toBe(ended(LayerCode.DEADLINE, ReasonCode.CONNACK_TIMEOUT));
		expect(h.commands.filter((command) => command === Command.CLOSE).length).toBe(3);
	});

	/** The back-offs of a client whose random numbers are all the same, while nobody answers. */
	function backoffs(random: number, count: number): number[] {
		const h = new Harness({ random: () => random });
		h.start();
		const pauses: number[] = [];
		for (let i = 0; i < count; i++) {
			h.lost();
			pauses.push(h.sleep());
		}
		return pauses;
	}

	it("lesson 25: the pauses grow, have a bound, and are spread over all of it", () => {
		// Reconnect at a fixed second without jitter: … a fleet storms its broker.
		expect(backoffs(0.5, 9)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
		expect(backoffs(0.1, 3)).toEqual([100, 200, 400]);
		expect(backoffs(0.9, 3)).toEqual([900, 1_800, 3_600]);
	});

	it("lesson 25: two clients with one identifier do not evict each other for ever", () => {
		const h = new Harness({ random: () => 0.5 });
		h.start();
		const pauses: number[] = [];
		for (let i = 0; i < 8; i++) {
			h.connect();
			// The other one comes back, and the server ends our connection.
			h.pass(1_000);
			h.lost();
			pauses.push(h.sleep());
		}
		expect(pauses.slice(0, 5)).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
		for (const pause of pauses.slice(5)) expect(pause).toBe(225_000);
	});

	it("lesson 25: a connection that has been stable starts the pauses over", () => {
		const h = new Harness({ random: () => 0.5, keepAlive: 0 });
		h.start();
		h.lost();
		h.sleep();
		h.lost();
		expect(h.sleep()).toBe(1_000);
		h.connect();
		h.sleep();
		h.lost();
		expect(h.sleep()).toBe(500);
	});

	it("lesson 27: every attempt opens the transport anew, which resolves the name anew", () => {
		// The address is resolved once; after the broker moved, the device never finds it.
		const h = new Harness({ random: () => 0.5 });
		h.start();
		for (let i = 0; i < 5; i++) {
			h.core.handleResolved(h.now);
			h.lost();
			h.sleep();
		}
		expect(h.commands.filter((command) => command === Command.OPEN).length).toBe(6);
	});
});

describe("lesson 28: the reason of a disconnect is told:", () => {
	// The reason of a disconnect cannot be learned.
	const CASES: [string, string, (h: Harness) => void][] = [
		["the application", ended(LayerCode.LOCAL, ReasonCode.STOPPED, 0, "final"), (h) => h.stop().sent()],
		["the network", ended(LayerCode.LOCAL, ReasonCode.NETWORK_DOWN), (h) => h.core.networkDown(h.now)],
		["the link", ended(LayerCode.TRANSPORT, ReasonCode.LINK_LOST), (h) => h.lost()],
		["silence", NO_PINGRESP, (h) => h.sleep(4)],
		["broken packets", ended(LayerCode.PROTOCOL, ReasonCode.MALFORMED_PACKET, 0x30), (h) => h.receive("3000")],
		["wrong packets", ended(LayerCode.PROTOCOL, ReasonCode.PROTOCOL_ERROR, 0xc0), (h) => h.receive("c000")],
		["too large", ended(LayerCode.PROTOCOL, ReasonCode.PACKET_TOO_LARGE, 4_097), (h) => h.receive("30fe1f")],
		["a defect of ours", ended(LayerCode.LOCAL, ReasonCode.INTERNAL_FAULT), (h) => h.core.handleFault(h.now)],
	];

	it.each(CASES)("%s", (_name, line, act) => {
		const h = connected({ maximumPacketSize: 4_096 });
		act(h);
		expect(h.log[0]).toBe(line);
	});

	it.each([
		[1, ReasonCode.REFUSED_PROTOCOL_VERSION],
		[2, ReasonCode.REFUSED_IDENTIFIER],
		[3, ReasonCode.REFUSED_SERVER_UNAVAILABLE],
		[4, ReasonCode.REFUSED_CREDENTIALS],
		[5, ReasonCode.REFUSED_NOT_AUTHORIZED],
		[6, ReasonCode.REFUSED_OTHER],
	])("return code %i of CONNACK", (code, reason) => {
		const h = new Harness();
		h.start().opened();
		h.receive(`2002000${code}`);
		expect(h.log).toEqual([ended(LayerCode.SERVER, reason, code)]);
	});
});
