// Read MQTT 3.1.1 §4.3 and §4.4 beside this file.
// Goal: a publish can be taken back wherever it stands, and one that the server answers by closing does not block for ever.
// Method: a core per state, brought there by packets; what it sends is compared byte by byte.
import { describe, expect, it } from "vitest";
import { cancelPublish } from "../../firmware/client/connection/cancel.js";
import { Problem, Reason, Status } from "../../firmware/client/terms/codes.js";
import { Counter } from "../../firmware/client/terms/counters.js";
import type { PayloadSource } from "../../firmware/client/terms/options.js";
import { endedBy, Harness, inState, NOTHING, type HarnessOptions } from "../support/core-harness.js";
import { ackHex, publishHex } from "../support/hex.js";

const puback = (id: number): string => ackHex(0x40, id);
const pubrec = (id: number): string => ackHex(0x50, id);
const pubrel = (id: number): string => ackHex(0x62, id);
const pubcomp = (id: number): string => ackHex(0x70, id);
const DUP = 8;

/** With a session that outlives the connection; identifiers from 5. */
function connected(options: HarnessOptions = {}): Harness {
	return inState.connected({ firstId: 5, cleanSession: false, ...options });
}

const cancel = (h: Harness, packetId: number): number => cancelPublish(h.core, packetId, h.now);

/** Nothing is kept of any publish, and nothing more is said or sent. */
function expectIdle(h: Harness): void {
	const { outbox, waiting, releasedCount, releasedSent } = h.core.session;
	expect([outbox.count, outbox.used, outbox.alone, waiting, releasedCount, releasedSent]).toEqual([0, 0, 0, 0, 0, 0]);
	expect(h.core.application.sources.every((source) => source === null)).toBe(true);
	expect(h.rest()).toEqual(NOTHING);
}

describe("cancel", () => {
	it.each([0, 6, 65_536, -1, NaN, undefined as never])("finds nothing with the identifier %s", (id) => {
		const h = connected();
		h.publish("t", "x", 1);
		h.publish("t", "x", 0);
		h.sent();
		expect(cancel(h, id)).toBe(Status.NOT_FOUND);
		expect(h.core.session.outbox.count).toBe(1);
	});

	it.each([1, 2])("takes back what waits for a connection at QoS %i, and only that", (qos) => {
		const h = inState.stopped({ firstId: 5 });
		for (const payload of ["a", "b", "c"]) h.publish("t", payload, qos);
		expect([cancel(h, 6), cancel(h, 6)]).toEqual([Status.OK, Status.NOT_FOUND]);
		expect(h.connect()).toBe(publishHex("t", "a", qos, 5) + publishHex("t", "c", qos, 7));
	});

	it("takes back what waits for the window", () => {
		const h = connected({ inflight: 1 });
		for (const payload of ["a", "b", "c"]) h.publish("t", payload, 1);
		expect(h.sent()).toBe(publishHex("t", "a", 1, 5));
		expect(cancel(h, 6)).toBe(Status.OK);
		expect(h.exchange(puback(5))).toBe(publishHex("t", "c", 1, 7));
	});

	it.each([1, 2])("takes back at QoS %i what was sent: it never comes again, and its late ack is nobody's", (qos) => {
		for (const others of [0, 1]) {
			const h = connected();
			h.publish("t", "x", qos);
			for (let i = 0; i < others; i++) h.publish("t", "other", qos);
			h.sent();
			expect(cancel(h, 5)).toBe(Status.OK);
			// A PUBREC is answered, so that the server can finish; PUBACK and PUBCOMP need no answer.
			expect(h.exchange((qos === 1 ? puback : pubrec)(5))).toBe(qos === 1 ? "" : pubrel(5));
			expect(h.exchange(qos === 1 ? "" : pubcomp(5))).toBe("");
			expect(h.take()).toEqual([]);
			expect(cancel(h, 5)).toBe(Status.NOT_FOUND);
			expect(h.core.counters[Counter.DELIVERED]).toBe(0);
			h.lost();
			expect(h.connect(true)).toBe(others === 1 ? publishHex("t", "other", qos, 6, DUP) : "");
			if (others === 1) h.exchange((qos === 1 ? puback : pubrec)(6) + (qos === 1 ? "" : pubcomp(6)));
			h.take();
			h.takeCommands();
			expectIdle(h);
		}
	});

	it("takes back a QoS 2 publish after PUBREC: its PUBREL never comes again, and a late PUBCOMP is nobody's", () => {
		const h = connected();
		for (const payload of ["a", "b"]) h.publish("t", payload, 2);
		h.sent();
		expect(h.exchange(pubrec(5) + pubrec(6))).toBe(pubrel(5) + pubrel(6));
		expect(cancel(h, 5)).toBe(Status.OK);
		expect([h.exchange(pubcomp(5)), h.take()]).toEqual(["", []]);
		h.lost();
		expect(h.connect(true)).toBe(pubrel(6));
		h.exchange(pubcomp(6));
		expect(h.take().at(-1)).toBe("delivered 6");
		h.takeCommands();
		expectIdle(h);
	});

	it("takes back a QoS 2 publish whose PUBREL could not be sent yet", () => {
		const h = connected();
		h.publish("t", "a", 2);
		h.sent();
		h.receive(pubrec(5) + puback(99));
		expect(cancel(h, 5)).toBe(Status.OK);
		expectIdle(h);
	});

	it("opens the window, and gives the next identifier to what follows", () => {
		const h = connected({ inflight: 1 });
		h.publish("t", "a", 2);
		h.publish("t", "b", 1);
		h.sent();
		expect(cancel(h, 5)).toBe(Status.OK);
		expect(h.sent()).toBe(publishHex("t", "b", 1, 6));
		expect(h.publish("t", "c", 1)).toBe(7);
	});

	it("makes room, of which those hear who were refused", () => {
		const h = connected({ outbox: 64 });
		while (h.publish("t", "x".repeat(20), 1) > 0);
		h.sent();
		h.take();
		expect(cancel(h, 5)).toBe(Status.OK);
		h.sent();
		expect(h.take()).toEqual(["room"]);
	});

	it("lets DISCONNECT go that has waited for it", () => {
		const h = inState.stopping({ firstId: 5 });
		expect(cancel(h, 5)).toBe(Status.OK);
		expect(h.sent()).toBe("e000");
		expect(h.take()).toEqual([endedBy(Reason.STOPPED, 0, "final"), "stopped"]);
	});

	it("takes back what was sent before the session was lost", () => {
		const h = connected();
		h.publish("t", "x", 1);
		h.sent();
		h.lost();
		expect(cancel(h, 5)).toBe(Status.OK);
		expect(h.connect(false)).toBe("");
	});

	it("ends the connection of one that is half written, and sends it never again", () => {
		const h = connected({ txBuffer: 64 });
		h.publish("t", "x".repeat(100), 1);
		h.publish("t", "next", 1);
		h.write(10);
		expect(cancel(h, 5)).toBe(Status.OK);
		expect(h.rest().log).toEqual([endedBy(Reason.PUBLISH_CANCELLED, 5)]);
		expect(h.connect(true)).toBe(publishHex("t", "next", 1, 6));
	});

	it.each(["waits", "is half written", "is sent", "is half written, by its own source"])(
		"gives a stream's source back when it %s",
		(state) => {
			const h = connected({ txBuffer: 64, sources: 1 });
			const finished: number[] = [];
			const source: PayloadSource = {
				read(_position, _target, _offset, size) {
					if (state.endsWith("source")) expect(cancel(h, 5)).toBe(Status.OK);
					return state === "is half written" ? Math.min(size, 1) : size;
				},
				finished: (id) => finished.push(id),
			};
			if (state === "waits") h.lost();
			h.core.publisher.publishStream("t", 200, source, 1, false);
			if (state === "is half written") h.write(70);
			else h.sent();
			if (!state.endsWith("source")) expect(cancel(h, 5)).toBe(Status.OK);
			expect(finished).toEqual([5]);
			if (state.startsWith("is half")) expect(h.take()).toEqual([endedBy(Reason.PUBLISH_CANCELLED, 5)]);
			if (h.core.linked) h.lost();
			expect(h.connect(true)).toBe("");
			h.rest();
			expectIdle(h);
		},
	);

	it("may be called from within any callback", () => {
		for (const from of ["onDelivered", "onProblem", "onDisconnected", "onConnected"] as const) {
			const h: Harness = connected({ [from]: () => cancel(h, 6), outboxFull: "dropOldest", outbox: 96 });
			if (from === "onConnected") h.lost();
			for (const payload of ["a", "b", "c"]) h.publish("t", payload, 1);
			if (from === "onProblem") {
				h.lost();
				// The first gives way; the second is taken back by whoever hears of it.
				h.publish("t", "d".repeat(50), 1);
			} else h.sent();
			if (from === "onDelivered") h.exchange(puback(5));
			if (from === "onDisconnected") h.lost();
			expect([from, cancel(h, 6)]).toEqual([from, from === "onConnected" ? Status.OK : Status.NOT_FOUND]);
		}
	});
});

/** Publishes "a" to "c", and a server that closes as soon as it gets `bad`; `answers` says what it answers before. */
function lostBy(h: Harness, bad: string, ends: number): void {
	for (let i = 0; i < ends; i++) {
		const sent = h.connect(true);
		expect(sent).toContain(bad);
		h.lost();
	}
}

describe("resendsMax", () => {
	const given = `problem ${Problem.PUBLISH_GIVEN_UP} 5`;

	it("gives up a publish after so many connections that ended young with it, and goes on with the next", () => {
		const h = connected({ resendsMax: 3 });
		h.publish("t", "bad", 1);
		h.publish("t", "good", 1);
		h.sent();
		h.lost();
		expect(h.take()).toEqual([endedBy(Reason.LINK_LOST)]);
		// From now on one by one.
		expect(h.connect(true)).toBe(publishHex("t", "bad", 1, 5, DUP));
		h.lost();
		expect(h.take()).not.toContain(given);
		expect(h.connect(true)).toBe(publishHex("t", "bad", 1, 5, DUP));
		h.lost();
		expect(h.take()).toEqual(["connected true", endedBy(Reason.LINK_LOST), given]);
		expect(h.connect(true)).toBe(publishHex("t", "good", 1, 6, DUP));
		expect(h.exchange(puback(6))).toBe("");
		h.rest();
		expectIdle(h);
	});

	it("lets go all that has waited for it once the connection is stable", () => {
		const h = connected({ resendsMax: 3, stableMs: 1_000, keepAlive: 0 });
		h.publish("t", "x", 1);
		h.sent();
		h.lost();
		h.publish("t", "y", 1);
		expect(h.connect(true)).toBe(publishHex("t", "x", 1, 5, DUP));
		h.pass(1_000);
		expect(h.sent()).toBe(publishHex("t", "y", 1, 6));
	});

	it("finds the one that the server does not bear, whichever of those under way it is, and loses no other", () => {
		const h = connected({ resendsMax: 2, holdOffMs: 1 });
		const bad = publishHex("t", "2", 1, 7).slice(2);
		const told: string[] = [];
		for (let i = 0; i < 5; i++) h.publish("t", `${i}`, 1);
		h.sent();
		// It answers nothing of what it gets together with the bad one.
		h.lost();
		for (let connections = 0; connections < 10; connections++) {
			let sent = h.connect(true);
			while (sent !== "" && !sent.includes(bad)) {
				expect(sent.length).toBe(publishHex("t", "x", 1, 1).length);
				sent = h.exchange(puback(parseInt(sent.slice(10, 14), 16)));
			}
			told.push(...h.take());
			if (sent === "") break;
			h.lost();
		}
		const ends = told.filter((line) => line.startsWith("delivered") || line.startsWith("problem"));
		expect(ends).toEqual([
			"delivered 5",
			"delivered 6",
			`problem ${Problem.PUBLISH_GIVEN_UP} 7`,
			"delivered 8",
			"delivered 9",
		]);
	});

	it("counts anew for another, after a stable connection, and never an end of our own", () => {
		const h = connected({ resendsMax: 2, stableMs: 1_000, keepAlive: 0 });
		h.publish("t", "x", 1);
		h.sent();
		h.lost();
		h.connect(true);
		h.pass(1_000);
		h.lost();
		h.connect(true);
		h.core.networkDown(h.now);
		expect(h.take().join()).not.toContain("problem");
		lostBy(h, publishHex("t", "x", 1, 5, DUP), 1);
		expect(h.take().join()).not.toContain("problem");
		h.connect(true);
		h.exchange(puback(5));
		h.publish("t", "y", 1);
		h.sent();
		h.lost();
		expect(h.take().join()).not.toContain("problem");
		lostBy(h, publishHex("t", "y", 1, 6, DUP), 1);
		expect(h.take().at(-1)).toBe(`problem ${Problem.PUBLISH_GIVEN_UP} 6`);
	});

	it("gives up one to which the server answers with the wrong ack", () => {
		const h = connected({ resendsMax: 2 });
		h.publish("t", "x", 2);
		h.sent();
		h.exchange(puback(5));
		h.connect(true);
		h.exchange(puback(5));
		expect(h.take().at(-1)).toBe(given);
		expect(h.connect(true)).toBe("");
	});

	it("gives up a PUBREL, too, and a QoS 0 publish that is never written whole", () => {
		const h = connected({ resendsMax: 2, txBuffer: 64 });
		h.publish("t", "x", 2);
		h.sent();
		h.exchange(pubrec(5));
		h.lost();
		lostBy(h, pubrel(5), 1);
		expect(h.take().at(-1)).toBe(given);
		h.connect(true);
		h.publishStream("t", 1_000, 0);
		for (let i = 0; i < 2; i++) {
			if (!h.core.linked) {
				h.core.networkUp(h.now);
				h.opened();
				h.receive("20020100");
			}
			h.write(20);
			h.lost();
		}
		expect(h.take().at(-1)).toBe(`problem ${Problem.PUBLISH_GIVEN_UP} 0`);
		expect(h.connect(true)).toBe("");
		h.rest();
		expectIdle(h);
	});

	it("is off unless it is set: nothing is given up, and all go out together", () => {
		const h = connected({ holdOffMs: 1 });
		h.publish("t", "x", 1);
		h.publish("t", "y", 1);
		h.sent();
		h.lost();
		lostBy(h, publishHex("t", "x", 1, 5, DUP) + publishHex("t", "y", 1, 6, DUP), 40);
		expect(h.take().join()).not.toContain("problem");
	});

	it("is told of after the end of the connection, and the callback may do anything", () => {
		const h: Harness = connected({
			resendsMax: 1,
			onProblem: () => {
				h.core.stop(h.now);
				expect(h.core.start(h.now)).toBeUndefined();
				expect(h.publish("t", "again", 1)).toBe(6);
			},
		});
		h.publish("t", "x", 1);
		h.sent();
		h.lost();
		expect(h.take()).toEqual([endedBy(Reason.LINK_LOST), "stopped"]);
		h.opened();
		expect(h.exchange("20020100")).toBe(publishHex("t", "again", 1, 6));
	});
});

describe("the back-off", () => {
	/** The pauses after connections that end by `end` after `during`. */
	function pauses(options: HarnessOptions, during: (h: Harness, i: number) => void): number[] {
		const told: number[] = [];
		const h: Harness = connected({
			random: () => 1,
			reconnectMinMs: 100,
			reconnectMaxMs: 10_000,
			onDisconnected: (_client, reason) => told.push(reason.retryMs),
			...options,
		});
		for (let i = 0; i < 5; i++) {
			during(h, i);
			if (h.core.linked) h.lost();
			h.pass(told.at(-1)!);
			h.opened();
			h.receive("20020100");
			h.sent();
		}
		return told;
	}

	it("does not grow after connections on which messages got through", () => {
		const inwards = (h: Harness, i: number): string => h.exchange(publishHex("t", "x", 2, 10 * i + 1));
		expect(pauses({}, inwards)).toEqual([100, 100, 100, 100, 100]);
		const full = (h: Harness, i: number): void => {
			h.exchange([1, 3, 5].map((id) => publishHex("t", "x", 2, 10 * i + id)).join(""));
			h.take();
		};
		expect(pauses({ incomingQoS2: 10 }, full).slice(0, 3)).toEqual([100, 100, 100]);
		const outwards = (h: Harness): void => {
			h.publish("t", "x", 1);
			h.sent();
			const { log } = h.core;
			h.exchange(puback(log.packetId(0)));
		};
		expect(pauses({ packetLog: 16 }, outwards)).toEqual([100, 100, 100, 100, 100]);
	});

	it("grows when nothing got through, or only what had come before, or when the server broke the rules", () => {
		const grows = [100, 200, 400, 800, 1_600];
		expect(pauses({}, () => undefined)).toEqual(grows);
		expect(pauses({}, (h) => h.exchange(publishHex("t", "x", 2, 7))).slice(1)).toEqual([100, 200, 400, 800]);
		expect(pauses({}, (h) => h.exchange(publishHex("t", "x", 1, 7) + "f000"))).toEqual(grows);
	});

	it("grows when a publish was under way, whatever else got through", () => {
		const during = (h: Harness, i: number): void => {
			if (i === 0) h.publish("t", "bad", 1);
			h.sent();
			h.exchange(publishHex("t", "x", 1, i + 1));
		};
		expect(pauses({}, during)).toEqual([100, 200, 400, 800, 1_600]);
	});
});
