// Goal: every checker of the simulation can fail.
// Method: each is fed a history that is right and finds nothing, then histories that break one promise each, and has to name it.
import { beforeEach, describe, expect, it } from "vitest";
import { Problem, Reason, State, type DisconnectReason } from "../../firmware/client/terms/codes.js";
import { Client } from "../../firmware/index.js";
import { Session, type ServerMessage } from "../../host-sim/brokers/model/session.js";
import { ConductChecker } from "../../host-sim/torture/checkers/conduct.js";
import { makeContent } from "../../host-sim/torture/checkers/content.js";
import { EndingChecker, type Causes, type Silences } from "../../host-sim/torture/checkers/endings.js";
import { Findings } from "../../host-sim/torture/checkers/findings.js";
import { IncomingChecker, type Handed } from "../../host-sim/torture/checkers/incoming.js";
import { InternalsChecker, withCore } from "../../host-sim/torture/checkers/internals.js";
import { LivenessChecker, type Moment } from "../../host-sim/torture/checkers/liveness.js";
import { OutgoingChecker } from "../../host-sim/torture/checkers/outgoing.js";
import { TurnChecker } from "../../host-sim/torture/checkers/turns.js";
import { bytesOf } from "../support/hex.js";

let findings: Findings;
beforeEach(() => {
	findings = new Findings(() => 0);
});
const found = (): string | undefined => findings.first?.rule;

/** What the checkers of messages and packets look at, with short words for it. */
class CheckerRig {
	readonly outgoing = new OutgoingChecker(findings, false);
	readonly incoming = new IncomingChecker(findings, { rxBuffer: 64 });
	readonly conduct = new ConductChecker(
		findings,
		{ inflight: 2, rxBuffer: 64, acknowledgeTooLarge: true },
		this.outgoing,
		this.incoming,
	);
	readonly session = new Session("c", 1, 1);

	/** The device publishes, and gets this identifier. */
	publish(qos: number, id: number, topic = "t"): void {
		this.outgoing.answer(this.outgoing.ask(topic, qos, false, 8), id);
	}

	/** Its PUBLISH on the wire. */
	sent(serial: number, id: number, first = 0x32): void {
		const qos = (first >> 1) & 3;
		const content = Buffer.from(makeContent("c", serial, 8)).toString("hex");
		const ids = qos > 0 ? id.toString(16).padStart(4, "0") : "";
		this.out(`${first.toString(16)}${qos > 0 ? "0d" : "0b"}000174${ids}${content}`);
	}

	out(hex: string): void {
		this.conduct.bytes("out", bytesOf(hex));
	}

	in(hex: string): void {
		this.conduct.bytes("in", bytesOf(hex));
	}

	connect(present = false): void {
		this.conduct.opened(this.conduct.accepted + 1);
		this.out("100d00044d515454040000000001" + "63");
		this.in(present ? "20020100" : "20020000");
	}

	/** A PUBLISH that the server passes on. */
	reached(serial: number, qos: number, id = 0, incarnation = 1): void {
		const message = this.outgoing.messages[serial]!;
		if (id > 0) message.id = id;
		const payload = makeContent("c", serial, 8);
		this.outgoing.published({ topic: "t", payload, qos } as never, incarnation);
	}

	take(serial: number, qos: number, size = 8, topic = "in/1"): ServerMessage {
		const message = { serial, topic, payload: makeContent("s", serial, size), qos, retain: false };
		this.incoming.taken(this.session, message);
		this.incoming.arrived(topic, message.payload);
		return message;
	}

	handed(message: ServerMessage, change: Partial<Handed> = {}): Handed {
		const { topic, payload, qos, retain } = message;
		return { topic, bytes: payload, offset: 0, total: payload.length, qos, retain, ...change };
	}
}

let world: CheckerRig;
beforeEach(() => {
	world = new CheckerRig();
});

describe("Findings", () => {
	it("keeps the first", () => {
		findings.expect(true, "none", () => "");
		findings.report("one", "first");
		findings.report("two", "second");
		expect(findings.first).toEqual({ rule: "one", text: "first", ms: 0 });
	});
});

describe("OutgoingChecker", () => {
	it("finds nothing in a publish of each QoS", () => {
		world.publish(0, 0);
		world.reached(0, 0);
		world.publish(1, 5);
		world.reached(1, 1);
		world.reached(1, 1);
		world.outgoing.delivered(5);
		world.publish(2, 6);
		world.reached(2, 2);
		world.reached(2, 2, 0, 2);
		world.outgoing.delivered(6);
		expect(found()).toBeUndefined();
	});

	it.each<[string, (w: CheckerRig) => void]>([
		["delivered without being open", (w) => w.outgoing.delivered(5)],
		["delivered but never there", (w) => [w.publish(1, 5), w.outgoing.delivered(5)]],
		["identifier in use", (w) => [w.publish(1, 5), w.publish(1, 5)]],
		["identifier out of range", (w) => w.publish(1, 65_536)],
		["identifier at QoS 0", (w) => w.publish(0, 5)],
		["refused but sent", (w) => [w.outgoing.ask("t", 1, false, 8), w.reached(0, 1, 5), refuse(w)]],
		["QoS 0 twice", (w) => [w.publish(0, 0), w.reached(0, 0), w.reached(0, 0)]],
		["QoS 2 twice in one session", (w) => [w.publish(2, 5), w.reached(0, 2), w.reached(0, 2)]],
		["out of order at the server", (w) => [w.publish(1, 5), w.publish(1, 6), w.reached(1, 1), w.reached(0, 1)]],
		["out of order at the server", (w) => [w.publish(0, 0), w.publish(0, 0), w.reached(1, 0), w.reached(0, 0)]],
		["dropped without the option for it", (w) => [w.publish(1, 5), w.outgoing.problem(Problem.PUBLISH_DROPPED, 5)]],
		["source failed without being open", (w) => w.outgoing.problem(Problem.SOURCE_FAILED, 5)],
		["unknown at QoS 1", (w) => [w.publish(1, 5), w.outgoing.problem(Problem.DELIVERY_UNKNOWN, 5)]],
	])("finds: %s", (rule, history) => {
		history(world);
		expect(found()).toBe(rule);
	});

	function refuse(w: CheckerRig): void {
		w.outgoing.answer(w.outgoing.messages[0]!, -1);
	}
});

describe("IncomingChecker", () => {
	it("finds nothing in a message of each QoS, and in one of pieces", () => {
		const handler = world.incoming.subscribe("in/+", 2, true);
		for (const qos of [0, 1, 2]) {
			const message = world.take(qos, qos);
			world.incoming.handed(handler, world.handed(message));
			if (qos > 0) world.incoming.acknowledged(qos);
			if (qos > 0) world.incoming.finished(message);
		}
		const large = world.take(3, 2, 100);
		world.incoming.handed(handler, world.handed(large, { bytes: large.payload.subarray(0, 1) }));
		world.incoming.handed(handler, world.handed(large, { bytes: large.payload.subarray(1), offset: 1 }));
		world.incoming.acknowledged(3);
		expect([found(), world.incoming.unfinished]).toEqual([undefined, 1]);
		world.incoming.forgotten(world.session);
		expect([found(), world.incoming.unfinished]).toEqual([undefined, 0]);
	});

	it.each<[string, (w: CheckerRig) => void]>([
		["acknowledged before it was handed over", (w) => [w.take(0, 1), w.incoming.acknowledged(0)]],
		["finished but never handed over", (w) => w.incoming.finished(w.take(0, 2))],
		["handed over too often", (w) => twice(w, 2)],
		["handed over too often", (w) => twice(w, 0)],
		[
			"message from nowhere",
			(w) => w.incoming.handed(undefined, w.handed({ ...w.take(0, 0), payload: new Uint8Array(3) })),
		],
		["message changed on its way", (w) => w.incoming.handed(undefined, w.handed(w.take(0, 0), { retain: true }))],
		["message changed on its way", (w) => w.incoming.handed(undefined, w.handed(w.take(0, 0), { total: 9 }))],
		[
			"handler of another filter",
			(w) => w.incoming.handed(w.incoming.subscribe("x", 0, false), w.handed(w.take(0, 0))),
		],
		[
			"unrouted though it matches",
			(w) => [w.incoming.subscribe("#", 0, false), w.incoming.handed(undefined, w.handed(w.take(0, 0)))],
		],
		["handlers that did not get it", (w) => missed(w)],
		["out of order at the device", (w) => swapped(w)],
		["pieces with a gap", (w) => pieces(w, true, 10, 12)],
		["a piece without being asked for", (w) => pieces(w, false, 10, 10)],
	])("finds: %s", (rule, history) => {
		history(world);
		expect(found()).toBe(rule);
	});

	function twice(w: CheckerRig, qos: number): void {
		const message = w.take(0, qos);
		for (let i = 0; i < 2; i++) w.incoming.handed(undefined, w.handed(message));
	}

	function missed(w: CheckerRig): void {
		const handler = w.incoming.subscribe("in/1", 2, false);
		w.incoming.subscribe("in/+", 2, false);
		w.incoming.handed(handler, w.handed(w.take(0, 2)));
		w.incoming.acknowledged(0);
	}

	function swapped(w: CheckerRig): void {
		const [first, second] = [w.take(0, 1), w.take(1, 1)];
		w.incoming.handed(undefined, w.handed(second));
		w.incoming.handed(undefined, w.handed(first));
	}

	function pieces(w: CheckerRig, stream: boolean, end: number, offset: number): void {
		const handler = w.incoming.subscribe("in/1", 2, stream);
		const message = w.take(0, 2, 100);
		w.incoming.handed(handler, w.handed(message, { bytes: message.payload.subarray(0, end) }));
		w.incoming.handed(handler, w.handed(message, { bytes: message.payload.subarray(offset), offset }));
	}
});

describe("ConductChecker", () => {
	it("finds nothing in handshakes, a resumed session and a lost one", () => {
		world.publish(1, 5);
		world.publish(2, 6);
		world.connect();
		world.sent(0, 5);
		world.sent(1, 6, 0x34);
		world.in("50020006");
		world.out("62020006");
		world.conduct.over();
		world.connect(true);
		world.out("62020006");
		world.sent(0, 5, 0x3a);
		world.conduct.over();
		world.connect();
		world.sent(0, 5);
		world.take(0, 1);
		world.in("32120004696e2f310007" + Buffer.from(makeContent("s", 0, 10)).toString("hex"));
		world.incoming.handed(undefined, world.handed(world.take(0, 1)));
		world.out("40020007c000");
		world.out("e000");
		expect(found()).toBeUndefined();
		expect(world.conduct.isFinished).toBe(true);
	});

	it.each<[string, (w: CheckerRig) => void]>([
		["bytes without a connection", (w) => w.out("c000")],
		["first packet is not CONNECT [MQTT-3.1.0-1]", (w) => [w.conduct.opened(1), w.out("c000")]],
		["a second CONNECT [MQTT-3.1.0-2]", (w) => [w.connect(), w.out("100d00044d51545404000000000163")]],
		["sent before CONNACK", (w) => [w.conduct.opened(1), w.out("100d00044d51545404000000000163c000")]],
		["sent after DISCONNECT [MQTT-3.14.4-2]", (w) => [w.connect(), w.out("e000c000")]],
		["malformed packet out", (w) => [w.connect(), w.out("c100")]],
		["message of nobody", (w) => [w.connect(), w.out("3003000174")]],
		["message changed", (w) => [w.publish(1, 5), w.connect(), w.sent(0, 5, 0x33)]],
		["another identifier for a message", (w) => [w.publish(1, 5), w.connect(), w.sent(0, 6)]],
		["publishes out of order [MQTT-4.6.0-1]", (w) => [open(w, 1, 1), w.sent(1, 6), w.sent(0, 5)]],
		["DUP on a first sending [MQTT-3.3.1-1]", (w) => [open(w, 1), w.sent(0, 5, 0x3a)]],
		[
			"sent again without DUP [MQTT-3.3.1-1]",
			(w) => [open(w, 1), w.sent(0, 5), w.conduct.over(), w.connect(true), w.sent(0, 5)],
		],
		["sent twice on one connection", (w) => [open(w, 1), w.sent(0, 5), resetOrder(w), w.sent(0, 5, 0x3a)]],
		[
			"PUBLISH after PUBREL [MQTT-4.3.3-1]",
			(w) => [released(w), w.conduct.over(), w.connect(true), w.sent(0, 5, 0x3c)],
		],
		["more in flight than the window", (w) => [open(w, 1, 1, 1), w.sent(0, 5), w.sent(1, 6), w.sent(2, 7)]],
		["sent after its end", (w) => [open(w, 1), w.outgoing.problem(Problem.SOURCE_FAILED, 5), w.sent(0, 5)]],
		["PUBREL without PUBREC", (w) => [open(w, 2), w.sent(0, 5, 0x34), w.out("62020005")]],
		["PUBRELs out of order [MQTT-4.6.0-4]", (w) => [open(w, 2, 2), both(w), w.out("6202000662020005")]],
		["identifier in use for a request [MQTT-2.3.1-2]", (w) => [open(w, 1), w.out("82060005" + "00016100")]],
		[
			"identifier of a request in use [MQTT-2.3.1-2]",
			(w) => [w.connect(), w.out("82060005" + "00016100"), w.publish(1, 5), w.sent(0, 5)],
		],
		["ack of nothing, or out of order [MQTT-4.6.0-2]", (w) => [w.connect(), w.out("40020005")]],
		[
			"ack of nothing, or out of order [MQTT-4.6.0-2]",
			(w) => [w.connect(), w.in("6202000562020006"), w.out("70020006")],
		],
		["acknowledged before it was handed over", (w) => [w.take(0, 1), w.connect(), arrive(w), w.out("40020007")]],
	])("finds: %s", (rule, history) => {
		history(world);
		expect(found()).toBe(rule);
	});

	/** Publishes of these QoS, with identifiers from 5 on, and a connection. */
	function open(w: CheckerRig, ...qos: number[]): void {
		qos.forEach((each, index) => w.publish(each, 5 + index));
		w.connect();
	}

	function resetOrder(w: CheckerRig): void {
		// As if all identifiers had been used once in between.
		for (const [id, serial] of [
			[30_000, 1],
			[60_000, 2],
		] as const) {
			w.publish(1, id);
			w.sent(serial, id);
			w.conduct.ended(id);
		}
	}

	function released(w: CheckerRig): void {
		open(w, 2);
		w.sent(0, 5, 0x34);
		w.in("50020005");
		w.out("62020005");
	}

	function both(w: CheckerRig): void {
		w.sent(0, 5, 0x34);
		w.sent(1, 6, 0x34);
		w.in("5002000550020006");
	}

	function arrive(w: CheckerRig): void {
		w.in("32100004696e2f310007" + Buffer.from(makeContent("s", 0, 8)).toString("hex"));
	}
});

describe("EndingChecker", () => {
	const limits = {
		reconnect: true,
		reconnectMaxMs: 100,
		holdOffMs: 200,
		connectTimeoutMs: 1_000,
		pingTimeoutMs: 500,
		ackTimeoutMs: 700,
	};
	const causes: Causes = {
		nameFailed: false,
		openFailed: false,
		lost: false,
		refusal: 0,
		sourceFailed: false,
		largePacket: false,
		manyQoS2: false,
	};
	const silences: Silences = { stateMs: 0, receivedMs: 0, acceptedMs: 0, blockedMs: -1 };
	let checker: EndingChecker;
	beforeEach(() => {
		checker = new EndingChecker(findings, limits);
	});
	const reason = (code: number, change: Partial<DisconnectReason> = {}): DisconnectReason => ({
		layer: Math.floor(code / 10),
		code,
		detail: 0,
		retryMs: 50,
		wasConnected: true,
		server: 0,
		...change,
	});
	const up = (): void => {
		checker.entered(State.OPENING);
		checker.opened();
		for (const state of [State.CONNECTING, State.CONNECTED]) checker.entered(state);
		checker.connected(true);
	};
	/** The end that a client reports. */
	const end = (code: number, change: Partial<DisconnectReason> = {}, why: Partial<Causes & Silences> = {}): void => {
		checker.entered(checker.stopping ? State.STOPPED : State.WAITING);
		checker.disconnected(reason(code, change), { ...causes, ...why }, { ...silences, ...why });
	};

	it("finds nothing where the reasons fit", () => {
		up();
		end(Reason.LINK_LOST, {}, { lost: true });
		up();
		end(Reason.PINGRESP_TIMEOUT, {}, { receivedMs: 500 });
		up();
		checker.networkDown = true;
		end(Reason.NETWORK_DOWN);
		up();
		checker.stopping = true;
		end(Reason.STOPPED, { retryMs: -1 });
		checker.stopped();
		checker.check();
		// Asked for and taken back before it was made.
		for (const state of [State.OPENING, State.WAITING]) checker.entered(state);
		checker.check();
		checker.entered(State.OPENING);
		checker.check();
		expect(found()).toBeUndefined();
	});

	it.each<[string, () => void]>([
		["ends that were not reported", () => [up(), checker.entered(State.WAITING), checker.check()]],
		["ends that were not reported", () => [up(), checker.entered(State.WAITING), checker.opened(), checker.check()]],
		["an end without a beginning", () => end(Reason.LINK_LOST, {}, { lost: true })],
		["layer and code do not fit", () => [up(), end(Reason.LINK_LOST, { layer: 1 }, { lost: true })]],
		["a defect of the client itself", () => [up(), end(Reason.INTERNAL_FAULT)]],
		["connected twice", () => [up(), checker.connected(true)]],
		["connected without CONNACK", () => checker.connected(false)],
		[
			"connected, and said not to have been",
			() => [up(), end(Reason.LINK_LOST, { wasConnected: false }, { lost: true })],
		],
		["a reason that does not fit", () => [up(), end(Reason.LINK_LOST)]],
		["a reason that does not fit", () => [up(), end(Reason.STOPPED)]],
		["a reason that does not fit", () => [up(), end(Reason.PINGRESP_TIMEOUT, {}, { receivedMs: 499 })]],
		["a reason that does not fit", () => [up(), end(Reason.SUBACK_TIMEOUT, {}, { acceptedMs: 699 })]],
		["a reason that does not fit", () => [up(), end(Reason.PROTOCOL_ERROR)]],
		["a reason that does not fit", () => [up(), end(Reason.REFUSED_IDENTIFIER, { detail: 2 }, { refusal: 3 })]],
		["a reason that does not fit", () => [up(), end(Reason.NAME_NOT_FOUND, {}, { nameFailed: true })]],
		["time to the next attempt", () => [up(), end(Reason.LINK_LOST, { retryMs: 201 }, { lost: true })]],
		["time to the next attempt", () => [up(), end(Reason.LINK_LOST, { retryMs: -1 }, { lost: true })]],
		[
			"no pause after a refusal",
			() => [up(), end(Reason.REFUSED_IDENTIFIER, { detail: 2, retryMs: 99 }, { refusal: 2 })],
		],
		["stopped without being asked", () => checker.stopped()],
		[
			"a stop that was not reported",
			() => [up(), (checker.stopping = true), end(Reason.STOPPED, { retryMs: -1 }), checker.check()],
		],
	])("finds: %s", (rule, history) => {
		history();
		expect(found()).toBe(rule);
	});
});

describe("LivenessChecker", () => {
	const times = {
		keepAliveMs: 10_000,
		pingTimeoutMs: 2_000,
		connectTimeoutMs: 1_000,
		ackTimeoutMs: 700,
		reconnectMaxMs: 100,
		holdOffMs: 200,
		stopTimeoutMs: 300,
	};
	const moment: Moment = {
		now: 50_000,
		state: State.CONNECTED,
		sinceMs: 0,
		writtenMs: 40_000,
		receivedMs: 38_000,
		blocked: false,
		requestMs: 49_300,
	};
	const at = (change: Partial<Moment>): string | undefined => {
		new LivenessChecker(findings, times).check({ ...moment, ...change });
		return found();
	};

	it("finds nothing at the limits", () => {
		expect(at({})).toBeUndefined();
		expect(at({ writtenMs: 0, blocked: true })).toBeUndefined();
		expect(at({ state: State.STOPPED })).toBeUndefined();
	});

	it.each<[string, Partial<Moment>]>([
		["keep alive missed [MQTT-3.1.2-23]", { writtenMs: 39_999 }],
		["a dead link that is not noticed", { receivedMs: 37_900 }],
		["no SUBACK, and no end", { requestMs: 49_000 }],
		["a state that lasts too long", { state: State.WAITING, sinceMs: 49_700 }],
		["a state that lasts too long", { state: State.OPENING, sinceMs: 47_900 }],
		["a state that lasts too long", { state: State.CONNECTING, sinceMs: 48_900 }],
		["a state that lasts too long", { state: State.STOPPING, sinceMs: 49_100 }],
	])("finds: %s, %j", (rule, change) => {
		expect(at(change)).toBe(rule);
	});
});

describe("TurnChecker", () => {
	it.each([
		["reads", 16, undefined],
		["reads", 17, "more reads than a turn may make"],
		["writes", 64, undefined],
		["writes", 65, "more writes than a turn may make"],
	] as const)("%s: %i of one turn", (what, count, rule) => {
		const checker = new TurnChecker(findings);
		const inner = { open() {}, close() {}, read: () => 1, write: () => 1, readable: 1 };
		const transport = checker.counting(() => inner)({} as never);
		checker.begin();
		for (let i = 0; i < count; i++) {
			if (what === "reads") transport.read(1);
			else transport.write(1);
		}
		checker.end();
		expect(found()).toBe(rule);
	});
});

describe("InternalsChecker", () => {
	const transport = () => ({ open() {}, close() {}, read: () => 0, write: () => 0, readable: 0 });

	it("finds nothing in a client with publishes, and something in one whose tables were tampered with", () => {
		const { client, core } = withCore(() => new Client({ host: "192.0.2.1", transport }));
		const checker = new InternalsChecker(core, findings);
		client.publish("a", "x", 1);
		client.publish("b", "y", 0);
		checker.check();
		expect([found(), checker.waitingQoS0]).toEqual([undefined, 1]);
		const { outbox } = core.session;
		outbox.used += 4;
		checker.check();
		expect(findings.first).toMatchObject({ rule: "tables of the client", text: "outbox counts" });
	});
});
