import { describe, expect, it } from "vitest";
import { Layer, Reason, StateCode, type DisconnectReason } from "../../firmware/client/terms/codes.js";
import { TransportEnd } from "../../firmware/ports/transport.js";
import { servers, type ServersOptions } from "../../firmware/servers/servers.js";
import { Random } from "../../host-sim/world/random.js";
import { Rig, type RigOptions } from "../loop/rig.js";

// Goal: which server is tried when, and what an end says of it; nothing is lost by going from one to another.
// Method: the loop between a scripted transport and a scripted clock; every attempt is looked at.

const LIST = [{ host: "10.0.0.1" }, { host: "10.0.0.2" }, { host: "10.0.0.3" }];
const ACCEPTED = "20020000";
const PRESENT = "20020100";
const REFUSED = "20020004";

interface Made {
	rig: Rig;
	/** Of each end: server, code, milliseconds until the next attempt. */
	ends: [server: number, code: number, retryMs: number][];
}

function made(options: RigOptions = {}, how: ServersOptions = {}, count = 3, random?: () => number): Made {
	const ends: Made["ends"] = [];
	const rig: Rig = new Rig(
		{
			servers: servers(LIST.slice(0, count), how),
			reconnectMinMs: 1_000,
			stableMs: 5_000,
			keepAlive: 0,
			onDisconnected: (_rig, reason: DisconnectReason) => {
				ends.push([reason.server, reason.code, reason.retryMs]);
				expect(reason.server).toBe(rig.core.reason.server);
			},
			...options,
		},
		undefined,
		random,
	);
	return { rig, ends };
}

/** The last digit of each address that was tried since the last look. */
function tried(rig: Rig): string {
	return rig.transport.targets
		.splice(0)
		.map((target) => /\.(\d):1883$/.exec(target)![1]!)
		.join("");
}

/** The attempt that is under way fails, and the next one begins. */
function fail(rig: Rig): void {
	rig.ended(TransportEnd.OPEN_FAILED);
	rig.sleep();
}

/** CONNACK accepts the attempt that is under way. Returns what follows it. */
function accept(rig: Rig, connack = ACCEPTED): string {
	rig.opened();
	expect(rig.transport.sent).toMatch(/^10/);
	return rig.serve(connack);
}

/** The connection becomes stable. */
function settle(rig: Rig): void {
	rig.sleep();
	expect(rig.state).toBe(StateCode.CONNECTED);
}

describe("servers in order", () => {
	it("are tried one after the other without a pause; the back-off comes when all have failed, and grows with each round", () => {
		const { rig, ends } = made();
		rig.start();
		for (let i = 0; i < 9; i++) fail(rig);
		expect(tried(rig)).toBe("1231231231");
		const [quick, one, two, three] = [0, 500, 1_000, 2_000];
		expect(ends.map(([server]) => server)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
		expect(ends.map(([, , retryMs]) => retryMs)).toEqual([quick, quick, one, quick, quick, two, quick, quick, three]);
		expect(rig.core.reason.server).toBe(0);
	});

	it("keep to one that was stable: it is tried again after the back-off, and the next one when that fails", () => {
		const { rig, ends } = made();
		rig.start();
		fail(rig);
		accept(rig);
		settle(rig);
		rig.ended(TransportEnd.LOST);
		rig.sleep();
		fail(rig);
		fail(rig);
		fail(rig);
		expect(tried(rig)).toBe("122312");
		expect(ends).toEqual([
			[0, Reason.CONNECT_FAILED, 0],
			[1, Reason.LINK_LOST, 500],
			[1, Reason.CONNECT_FAILED, 0],
			[2, Reason.CONNECT_FAILED, 0],
			[0, Reason.CONNECT_FAILED, 1_000],
		]);
	});

	it("go on to the next when a connection ends young", () => {
		const { rig, ends } = made({}, {}, 2);
		rig.start();
		for (let i = 0; i < 4; i++) {
			accept(rig);
			rig.ended(TransportEnd.LOST);
			rig.sleep();
		}
		expect(tried(rig)).toBe("12121");
		expect(ends.map(([, , retryMs]) => retryMs)).toEqual([0, 500, 0, 1_000]);
	});

	it("stay where they are when the network goes, and go on from there", () => {
		const { rig } = made();
		rig.start();
		fail(rig);
		rig.networkDown();
		rig.networkUp();
		fail(rig);
		expect(tried(rig)).toBe("1223");
	});

	it("are remembered over stop and start", () => {
		const { rig } = made();
		rig.start();
		fail(rig);
		accept(rig);
		rig.stop();
		expect(rig.state).toBe(StateCode.STOPPED);
		rig.start();
		expect(tried(rig)).toBe("122");
	});

	it("are held off only when none of them gives hope", () => {
		const hope = made({ holdOffMs: 100_000 }, {}, 2);
		hope.rig.start();
		fail(hope.rig);
		accept(hope.rig, REFUSED);
		expect(hope.ends.at(-1)).toEqual([1, Reason.REFUSED_CREDENTIALS, 500]);
		const none = made({ holdOffMs: 100_000 }, {}, 2);
		none.rig.start();
		accept(none.rig, REFUSED);
		none.rig.sleep();
		accept(none.rig, REFUSED);
		expect(none.ends.map(([, , retryMs]) => retryMs)).toEqual([0, 75_000]);
	});

	it("end with the first attempt without reconnect, as one server does", () => {
		const { rig, ends } = made({ reconnect: false });
		rig.start();
		rig.ended(TransportEnd.OPEN_FAILED);
		expect([rig.state, ends]).toEqual([StateCode.STOPPED, [[0, Reason.CONNECT_FAILED, -1]]]);
	});

	it("tell which it was when they are stopped", () => {
		const { rig, ends } = made();
		rig.start();
		fail(rig);
		rig.stop();
		expect(ends).toEqual([
			[0, Reason.CONNECT_FAILED, 0],
			[1, Reason.STOPPED, -1],
		]);
	});

	it("are asked for credentials each: the client knows whose turn it is", () => {
		const asked: number[] = [];
		const { rig, ends } = made({
			userName: (client) => {
				asked.push(client.core.reason.server);
				return asked.length === 2 ? (5 as never) : "me";
			},
		});
		rig.start();
		fail(rig);
		rig.sleep();
		expect([asked, tried(rig)]).toEqual([[0, 1, 2], "13"]);
		expect(ends[1]).toEqual([1, Reason.CREDENTIALS_FAILED, 0]);
	});
});

describe("servers at random", () => {
	/** The first attempts of a client with this seed. */
	function order(seed: number): string {
		const random = new Random(seed);
		const { rig } = made({}, { order: "random" }, 3, () => random.fraction());
		rig.start();
		for (let i = 0; i < 8; i++) fail(rig);
		return tried(rig);
	}

	it("are the same again with the same seed, and others with others", () => {
		const orders = Array.from({ length: 40 }, (_, seed) => order(seed));
		expect(Array.from({ length: 40 }, (_, seed) => order(seed))).toEqual(orders);
		expect(new Set(orders).size).toBeGreaterThan(20);
		// Each is somebody's first.
		expect([...new Set(orders.map(([first]) => first))].sort()).toEqual(["1", "2", "3"]);
	});

	it("are each tried once before the back-off", () => {
		for (let seed = 0; seed < 40; seed++) {
			const all = order(seed);
			for (let i = 0; i < 9; i += 3) expect([...all.slice(i, i + 3)].sort().join("")).toBe("123");
		}
	});
});

describe("the way back to the first server", () => {
	const RETURN: ServersOptions = { returnToFirstMs: 60_000 };

	/** On the second server, stable; the log of attempts is empty. */
	function away(options: RigOptions = {}, how = RETURN): Made {
		const it = made(options, how);
		it.rig.start();
		fail(it.rig);
		accept(it.rig);
		settle(it.rig);
		tried(it.rig);
		it.ends.length = 0;
		return it;
	}

	it("is taken after the time: DISCONNECT, and the first one at once", () => {
		const { rig, ends } = away();
		expect(rig.waitMs).toBe(55_000);
		rig.sleep();
		expect(rig.transport.sent).toBe("e000");
		expect(ends).toEqual([[1, Reason.RETURNING, 0]]);
		expect(Math.floor(ends[0]![1] / 10)).toBe(Layer.LOCAL);
		rig.sleep();
		expect(tried(rig)).toBe("1");
		accept(rig);
		settle(rig);
		expect(rig.core.reason.server).toBe(0);
		// It is there: nothing is waited for any more.
		expect(rig.clock.delayMs).toBe(-1);
	});

	it("leads to the one that worked when the first does not answer, and is tried again", () => {
		const { rig, ends } = away();
		for (let i = 0; i < 3; i++) {
			rig.sleep();
			rig.sleep();
			fail(rig);
			expect(tried(rig)).toBe("12");
			accept(rig);
			settle(rig);
		}
		expect(ends.map(([server, code]) => [server, code])).toEqual(
			Array(3)
				.fill([
					[1, Reason.RETURNING],
					[0, Reason.CONNECT_FAILED],
				])
				.flat(),
		);
	});

	it("leads back to the third, past the second", () => {
		const { rig } = made({}, RETURN);
		rig.start();
		fail(rig);
		fail(rig);
		accept(rig);
		settle(rig);
		tried(rig);
		rig.sleep();
		rig.sleep();
		fail(rig);
		expect(tried(rig)).toBe("13");
		fail(rig);
		expect(tried(rig)).toBe("2");
	});

	it("goes on with the others when neither answers", () => {
		const { rig } = away();
		rig.sleep();
		rig.sleep();
		fail(rig);
		fail(rig);
		fail(rig);
		expect(tried(rig)).toBe("1231");
	});

	it.each<[string, (rig: Rig) => void, (rig: Rig) => void]>([
		["a publish without its ack", (rig) => void rig.publish("t", "m", 1), (rig) => void rig.serve("40020001")],
		[
			"PUBREL without PUBCOMP",
			(rig) => {
				rig.publish("t", "m", 2);
				rig.serve("50020001");
			},
			(rig) => void rig.serve("70020001"),
		],
		["an incoming QoS 2 message", (rig) => void rig.serve("3406000174000961"), (rig) => void rig.serve("62020009")],
		["a SUBSCRIBE", (rig) => void rig.subscribe("f", 1), (rig) => void rig.serve("9003000101")],
		["half a packet", (rig) => void rig.serve("3004"), (rig) => void rig.serve("00017461")],
		["a pause", (rig) => rig.pause(), (rig) => rig.resume()],
		[
			"bytes that wait for the transport",
			(rig) => {
				rig.transport.room = 0;
				rig.publish("t", "m");
			},
			(rig) => void rig.makeRoom(),
		],
	])("waits for %s", (_name, begin, finish) => {
		const { rig, ends } = away({ pingTimeoutMs: 600_000, ackTimeoutMs: 600_000 });
		begin(rig);
		rig.pass(70_000);
		for (let i = 0; i < 20; i++) {
			rig.pass(1_000);
			rig.clock.fire!();
		}
		expect([rig.state, ends]).toEqual([StateCode.CONNECTED, []]);
		finish(rig);
		for (let i = 0; i < 3; i++) {
			rig.pass(1_000);
			rig.clock.fire!();
		}
		expect(ends).toEqual([[1, Reason.RETURNING, 0]]);
	});

	it("waits until nothing has come for a second", () => {
		const { rig, ends } = away();
		for (let i = 0; i < 100; i++) {
			rig.pass(900);
			rig.serve("300400017461");
			rig.clock.fire!();
		}
		expect(ends).toEqual([]);
		rig.pass(1_000);
		rig.clock.fire!();
		expect(ends).toHaveLength(1);
	});

	it("is not taken while stopping, and is forgotten by a lost connection", () => {
		const { rig, ends } = away();
		rig.ended(TransportEnd.LOST);
		rig.sleep();
		accept(rig);
		rig.pass(54_000);
		rig.clock.fire!();
		expect(ends).toEqual([[1, Reason.LINK_LOST, 500]]);
		rig.stop();
		expect(rig.transport.sent).toBe("e000");
		expect(ends.at(-1)).toEqual([1, Reason.STOPPED, -1]);
	});

	it("takes what is published while it goes: nothing is lost", () => {
		const { rig } = away({
			onDisconnected: (client, { code }) => {
				if (code === Reason.RETURNING) client.publish("t", "late", 1);
			},
		});
		rig.sleep();
		rig.sleep();
		expect(accept(rig)).toBe("320900017400016c617465");
	});

	it("is never taken unless it is asked for", () => {
		const { rig } = away({}, {});
		expect(rig.clock.delayMs).toBe(-1);
	});
});

describe("a session", () => {
	/** A publish at QoS 1 and one at QoS 2 under way at the first server, and an incoming QoS 2 message open there. */
	function begun(how: ServersOptions): Made {
		const it = made({ cleanSession: false }, how, 2);
		it.rig.subscribe("f", 2);
		it.rig.start();
		accept(it.rig);
		it.rig.serve("9003000102");
		settle(it.rig);
		it.rig.publish("t", "a", 1);
		expect(it.rig.serve("3406000166000962")).toBe("320600017400026150020009");
		expect(it.rig.payloads).toEqual(["b"]);
		it.rig.ended(TransportEnd.LOST);
		it.rig.sleep();
		fail(it.rig);
		tried(it.rig);
		return it;
	}

	it("belongs to its server: another one's, though present, is not gone on with", () => {
		const { rig } = begun({});
		rig.log.length = 0;
		const sent = accept(rig, PRESENT);
		// SUBSCRIBE again, and the publish as a new one, without DUP.
		expect(sent).toMatch(/82060003000166023206000174000261$/);
		expect(rig.log).toContain("connected false");
		// The identifier of an open message of the first server is nobody's here.
		rig.serve("3406000166000963");
		expect(rig.payloads).toEqual(["b", "c"]);
	});

	it("goes on at every node of one broker with sessionPerServer: false", () => {
		const { rig } = begun({ sessionPerServer: false });
		rig.log.length = 0;
		const sent = accept(rig, PRESENT);
		expect(sent).toBe("3a06000174000261");
		expect(rig.log).toContain("connected true");
		rig.serve("3c06000166000962");
		expect(rig.payloads).toEqual(["b"]);
	});

	it("is gone on with at the same server", () => {
		const { rig } = begun({});
		fail(rig);
		rig.log.length = 0;
		expect(accept(rig, PRESENT)).toBe("3a06000174000261");
		expect(rig.log).toContain("connected true");
	});
});
