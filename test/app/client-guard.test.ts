import { afterEach, describe, expect, it, vi } from "vitest";
import { Client, Reason, State, Status, type ClientOptions } from "xs-mqtt";
import { Core } from "../../firmware/client/connection/core.js";
import { Publisher } from "../../firmware/client/outgoing/publisher.js";
import { Sender } from "../../firmware/client/outgoing/sender.js";
import { Receiver } from "../../firmware/client/incoming/receiver.js";
import { useWorld } from "../../host-sim/world/current.js";
import { FuzzWorld } from "../fuzz/client/fuzz-world.js";
import { Wire } from "../fuzz/client/wire.js";

// Goal: a defect of ours that shows within a call of the application costs the connection, and nothing is thrown into the
// program; close() is the end, whatever callbacks ask for.
// Method: one method of the library throws once, while every public method is called, from outside and from a callback.

const CONNACK = Uint8Array.of(0x20, 2, 0, 0);
/** A PUBLISH at QoS 0: topic t, no payload. */
const MESSAGE = Uint8Array.of(0x30, 3, 0, 1, 0x74);

let restore: (() => void) | undefined;
afterEach(() => {
	vi.restoreAllMocks();
	restore?.();
});

/** A client in a world of its own, connected. */
function connected(options: Partial<ClientOptions> = {}): { client: Client; wire: Wire; world: FuzzWorld } {
	const world = new FuzzWorld(1_000);
	restore = useWorld(world as never);
	let wire: Wire | undefined;
	const client: Client = new Client({
		host: "192.0.2.1",
		clientId: "c",
		reconnectMinMs: 100,
		...options,
		transport: (setup) => (wire = new Wire(setup)),
	});
	client.subscribe("t", 0, () => onMessage(client));
	client.start();
	reconnect(wire!);
	expect(client.state).toBe(State.CONNECTED);
	return { client, wire: wire!, world };
}

let onMessage: (client: Client) => void = () => undefined;

function reconnect(wire: Wire): void {
	wire.connect();
	wire.arrive(CONNACK, 0, CONNACK.length);
	wire.tell();
}

const DEFECTS = [new TypeError("undefined is no object"), new RangeError("offset is out of bounds"), new Error("oops")];

/** Every method, what of ours is within it, and what it returns then. */
const CALLS: [string, object, string, (client: Client) => unknown, unknown][] = [
	["publish", Publisher.prototype, "publish", (client) => client.publish("a", "x", 1), Status.INTERNAL_FAULT],
	[
		"publishStream",
		Publisher.prototype,
		"publishStream",
		(client) => client.publishStream("a", 1, { read: () => 1 }, 1),
		Status.INTERNAL_FAULT,
	],
	["compose", Publisher.prototype, "startCompose", (client) => client.compose("a", 1).send(), Status.INTERNAL_FAULT],
	["send", Publisher.prototype, "finishCompose", (client) => client.compose("a", 1).send(), Status.INTERNAL_FAULT],
	["drop", Publisher.prototype, "dropCompose", (client) => client.compose("a", 1).drop(), undefined],
	[
		"subscribe",
		Core.prototype,
		"subscribe",
		(client) => client.subscribe("s", 0, () => undefined),
		Status.INTERNAL_FAULT,
	],
	["unsubscribe", Core.prototype, "unsubscribe", (client) => client.unsubscribe("t"), Status.INTERNAL_FAULT],
	["resumeSources", Sender.prototype, "resumeSources", (client) => client.resumeSources(), undefined],
	["cancel", Core.prototype, "isExchange", (client) => client.cancel(7), Status.INTERNAL_FAULT],
	["pause", Receiver.prototype, "pause", (client) => client.pause(), undefined],
	["resume", Core.prototype, "resume", (client) => client.resume(), undefined],
	["networkUp", Core.prototype, "networkUp", (client) => client.networkUp(), undefined],
	["networkDown", Core.prototype, "networkDown", (client) => client.networkDown(), undefined],
	["start", Core.prototype, "start", (client) => client.start(), undefined],
	["stop", Core.prototype, "stop", (client) => client.stop(), undefined],
];

describe.each(CALLS)("a defect in %s", (_name, owner, method, call, result) => {
	it.each(["from outside", "from a handler"])("costs the connection, and throws nothing: %s", (where) => {
		for (const error of DEFECTS) {
			const reasons: number[] = [];
			const { client, wire, world } = connected({ onDisconnected: (_client, { code }) => void reasons.push(code) });
			vi.spyOn(owner as Record<string, () => void>, method).mockImplementationOnce(() => {
				throw error;
			});
			const returned: unknown[] = [];
			if (where === "from outside") returned.push(call(client));
			else {
				onMessage = () => void returned.push(call(client));
				wire.arrive(MESSAGE, 0, MESSAGE.length);
				wire.tell();
				onMessage = () => undefined;
			}
			expect([returned, reasons]).toEqual([[result], [Reason.INTERNAL_FAULT]]);
			expect([client.state, wire.isOpen]).toEqual([State.WAITING, false]);
			// Nothing else is lost.
			client.compose("b").drop();
			world.pass(200);
			reconnect(wire);
			expect([client.state, client.publish("a", "x", 1)]).toEqual([State.CONNECTED, expect.any(Number)]);
			expect(client.queued).toBe(1);
			expect(world.escaped).toBeUndefined();
			restore?.();
		}
	});
});

describe("a transport that throws while the application calls", () => {
	it("has lost the link, and the call has done what it was asked for", () => {
		const reasons: number[] = [];
		const { client, wire } = connected({ onDisconnected: (_client, { code }) => void reasons.push(code) });
		wire.throwsOnWrite = true;
		expect(client.publish("a", "x", 1)).toBeGreaterThan(0);
		expect([reasons, client.queued]).toEqual([[Reason.LINK_LOST], 1]);
	});
});

describe("close", () => {
	const again = (client: Client): void => {
		client.start();
		client.networkUp();
	};

	it.each(["connected", "opening", "connecting", "waiting", "stopping", "stopped"])("is the end when %s", (state) => {
		const { client, wire, world } = connected({ onDisconnected: again, onStopped: again, keepAlive: 60 });
		if (state === "opening" || state === "connecting") wire.end(22);
		if (state === "connecting") wire.connect();
		if (state === "stopping") {
			client.publish("a", "x", 1);
			client.stop();
		}
		const { opens } = wire;
		client.close();
		expect([client.state, wire.isOpen, world.nextMs]).toEqual([State.STOPPED, false, -1]);
		again(client);
		client.publish("a", "x", 1);
		world.pass(100_000_000);
		expect([client.state, wire.isOpen, wire.opens]).toEqual([State.STOPPED, false, opens]);
	});

	it("is the end from within a callback, too", () => {
		const { client, wire, world } = connected({ onDisconnected: again, onStopped: again });
		onMessage = () => {
			client.close();
			again(client);
		};
		wire.arrive(MESSAGE, 0, MESSAGE.length);
		wire.tell();
		onMessage = () => undefined;
		expect([client.state, wire.isOpen, wire.opens, world.nextMs]).toEqual([State.STOPPED, false, 1, -1]);
	});

	it("costs no exception when a defect shows in it, and is the end all the same", () => {
		const { client, wire, world } = connected({ onDisconnected: again, onStopped: again });
		vi.spyOn(Core.prototype, "networkDown").mockImplementationOnce(() => {
			throw new RangeError("offset is out of bounds");
		});
		client.close();
		expect([client.state, wire.isOpen, world.nextMs]).toEqual([State.STOPPED, false, -1]);
	});
});
