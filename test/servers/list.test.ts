import { describe, expect, it } from "vitest";
import { Client, Reason, type ClientOptions, type NameRequest } from "xs-mqtt";
import { tcp } from "xs-mqtt/tcp";
import {
	TransportEnd,
	type Transport,
	type TransportFactory,
	type TransportSetup,
} from "../../firmware/ports/transport.js";
import type { Core } from "../../firmware/client/connection/core.js";
import { servers, type ServerOptions, type ServersOptions } from "../../firmware/servers/servers.js";
import { Rig, ScriptedTransport } from "../loop/rig.js";

// Goal: what a list may hold, what each server gets from the options beside it, and one transport of each kind for all of them.
// Method: tables of wrong lists with their whole text; scripted transports.

const list = (...entries: unknown[]): readonly ServerOptions[] => entries as ServerOptions[];

describe("a list that is wrong", () => {
	it.each<[unknown, object, string]>([
		["10.0.0.1", {}, "TypeError: servers: is not an array of { host, port, transport }"],
		[[], {}, "RangeError: servers: has 0 entries; 1 … 30"],
		[Array(31).fill({ host: "a" }), {}, "RangeError: servers: has 31 entries; 1 … 30"],
		[["a"], {}, "TypeError: servers[0]: is not an object with a host"],
		[[{ host: "a" }, null], {}, "TypeError: servers[1]: is not an object with a host"],
		[[{ host: "a" }, {}], {}, "TypeError: servers[1].host: is missing"],
		[[{ hosts: "a" }], {}, "TypeError: servers[0].hosts: no such option; did you mean servers[0].host?"],
		[
			[{ host: "mqtt://a" }],
			{},
			'RangeError: servers[0].host: "mqtt://a" is neither a name nor an IPv4 address; write host: "a"',
		],
		[[{ host: "a", port: 0 }], {}, "RangeError: servers[0].port: 0 is no port; 1 … 65535"],
		[[{ host: "a", port: "1883" }], {}, "RangeError: servers[0].port: 1883 is no port; 1 … 65535"],
		[[{ host: "a", transport: "tcp" }], {}, "TypeError: servers[0].transport: is not a transport such as tcp"],
		[[{ host: "a" }], { order: "reverse" }, "RangeError: servers: order: reverse is not one of inOrder, random"],
		[
			[{ host: "a" }],
			{ returnToFirstMs: -1 },
			"RangeError: servers: returnToFirstMs: -1 is out of range; 0 … 604800000",
		],
		[
			[{ host: "a" }],
			{ order: "random", returnToFirstMs: 5 },
			'TypeError: servers: returnToFirstMs: needs order "inOrder"',
		],
		[[{ host: "a" }], { sessionPerServer: 1 }, "TypeError: servers: sessionPerServer: is not true or false"],
		[
			[{ host: "a" }],
			{ returnToFirst: 1 },
			"TypeError: servers: returnToFirst: no such option; did you mean servers: returnToFirstMs?",
		],
	])("is refused in words: %j %j", (entries, options, text) => {
		let refusal = "";
		try {
			servers(entries as readonly ServerOptions[], options as ServersOptions);
		} catch (error) {
			refusal = String(error);
		}
		expect(refusal).toBe(text);
	});

	it.each<[string, object, string]>([
		[
			"an array",
			{ servers: [{ host: "a" }] },
			"TypeError: servers: an object is not made by servers() of xs-mqtt/servers",
		],
		["null", { servers: null }, "TypeError: servers: null is not made by servers() of xs-mqtt/servers"],
		[
			"no transport",
			{ servers: servers([{ host: "10.0.0.1" }]) },
			"TypeError: servers[0].transport: is missing, and so is transport",
		],
		[
			"a name without a resolver",
			{ transport: tcp, servers: servers([{ host: "10.0.0.1" }, { host: "broker.example" }]) },
			'TypeError: dns: is missing; servers[1].host "broker.example" is a name, not an IPv4 address; pass platformDns()',
		],
	])("is refused by the client: %s", (_name, options, text) => {
		expect(() => new Client(options as ClientOptions)).toThrow(new TypeError(text.slice("TypeError: ".length)));
	});
});

/** A scripted transport of a kind, which keeps what it was made from. */
function kind(defaultPort?: number, ownSize?: number): TransportFactory & { made: ScriptedTransport[] } {
	const made: ScriptedTransport[] = [];
	const factory = (setup: TransportSetup): Transport => {
		const transport = new ScriptedTransport(setup);
		made.push(transport);
		return transport;
	};
	return Object.assign(factory, { made, ...(defaultPort && { defaultPort }), ...(ownSize && { ownSize }) });
}

describe("a server of a list", () => {
	it("takes what it does not say from the options beside it, and its port from its own transport", () => {
		const [one, two] = [kind(4), kind()];
		const given = list(
			{ host: "a" },
			{ host: "b", port: 7 },
			{ host: "c", transport: one },
			{ host: "d", transport: two },
			{ host: "e", transport: one, port: 8 },
		);
		const portsWith = (beside: object): number[] => {
			const ports: number[] = [];
			const transport = kind(5);
			const route = servers(given).over({ transport, ...beside });
			const target = route.attach({ settings: {}, reason: {} } as Core) as unknown as { index: number; port: number };
			for (let i = 0; i < given.length; i++) {
				target.index = i;
				ports.push(target.port);
			}
			return ports;
		};
		expect(portsWith({})).toEqual([5, 7, 4, 1883, 8]);
		expect(portsWith({ port: 6 })).toEqual([6, 7, 4, 1883, 8]);
	});

	it("gives the settings their host and port when it is the first", () => {
		const client = new Client({
			transport: tcp,
			port: 9,
			servers: servers([{ host: "10.0.0.1", port: 7 }, { host: "10.0.0.2" }]),
		});
		expect([client.settings.host, client.settings.port, client.server]).toEqual(["10.0.0.1", 7, 0]);
		client.close();
		expect(new Client({ host: "10.0.0.1", transport: tcp }).server).toBe(0);
	});
});

describe("transports of several kinds", () => {
	it("are made once each, share the largest region, and are each used at its server's turn", () => {
		const [one, two] = [kind(1, 100), kind(2, 40)];
		const route = {
			servers: servers(
				list(
					{ host: "10.0.0.1", transport: one },
					{ host: "10.0.0.2", transport: two },
					{ host: "10.0.0.3", transport: one },
				),
			),
		};
		const rig = new RigOfKinds(route);
		expect(rig.core.settings.ownSize).toBe(100);
		expect([one.made.length, two.made.length]).toEqual([1, 1]);
		const [first, second] = [one.made[0]!, two.made[0]!];
		expect(first.setup.ownOffset).toBe(second.setup.ownOffset);
		expect([first.setup.host, second.setup.host, second.setup.port]).toEqual(["10.0.0.1", "10.0.0.2", 2]);
		rig.start();
		expect(first.targets).toEqual(["10.0.0.1:1"]);
		rig.end(first);
		expect([first.isOpen, second.targets]).toEqual([false, ["10.0.0.2:2"]]);
		rig.loop.handleOpened();
		expect(second.sent).toMatch(/^10/);
		second.arrive("20020000");
		rig.loop.handleReadable();
		expect(rig.state).toBe(4);
		expect(first.sent).toBe("");
		rig.end(second);
		expect([second.isOpen, first.targets]).toEqual([false, ["10.0.0.1:1", "10.0.0.3:1"]]);
	});
});

/** A rig whose transports are those of its servers. */
class RigOfKinds extends Rig {
	/** The transport has found its attempt or connection to be over; the next attempt begins. */
	end(transport: ScriptedTransport): void {
		transport.isOpen = false;
		transport.close();
		this.loop.handleEnded(TransportEnd.LOST);
		this.sleep();
	}
}

describe("a name with several addresses", () => {
	const NAMES: Record<string, readonly string[] | undefined> = {
		"one.example": ["10.0.1.1", "10.0.1.2", "10.0.1.3"],
		"two.example": undefined,
		"three.example": [],
	};

	/** A transport that looks its host up as TCP does, and says which address it would have gone to. */
	function looking(asked: string[]): TransportFactory {
		return (setup) => {
			const transport = new ScriptedTransport(setup);
			const request: NameRequest = {
				host: "",
				onResolved: (_host, address) => void asked.push(address),
				onError: () => void asked.push("none"),
			};
			const open = transport.open.bind(transport);
			transport.open = (host, port) => {
				request.host = host;
				setup.dns!.resolve(request);
				open(host, port);
			};
			return Object.assign(transport, { isLooking: true });
		};
	}

	function attempts(hosts: string[], count: number, fails = TransportEnd.OPEN_FAILED): string[] {
		const asked: string[] = [];
		const rig = new Rig({
			dns: {
				resolve: (request) => {
					if (request.host === "none.example") return request.onError(request.host);
					request.onResolved(request.host, `first of ${request.host}`, NAMES[request.host]);
				},
			},
			servers: servers(hosts.map((host) => ({ host, transport: looking(asked) }))),
		});
		rig.start();
		for (let i = 1; i < count; i++) {
			rig.loop.handleEnded(fails);
			rig.sleep();
		}
		return asked;
	}

	it("is tried address by address, and then the next server is", () => {
		expect(attempts(["one.example", "two.example"], 6)).toEqual([
			"10.0.1.1",
			"10.0.1.2",
			"10.0.1.3",
			"first of two.example",
			"10.0.1.1",
			"10.0.1.2",
		]);
	});

	it("is enough for a list of one", () => {
		expect(attempts(["one.example"], 5)).toEqual(["10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.1", "10.0.1.2"]);
	});

	it("has one address where the resolver tells no others, or none", () => {
		expect(attempts(["two.example", "three.example"], 4)).toEqual([
			"first of two.example",
			"first of three.example",
			"first of two.example",
			"first of three.example",
		]);
		expect(attempts(["none.example", "one.example"], 3, TransportEnd.NAME_FAILED)).toEqual([
			"none",
			"10.0.1.1",
			"none",
		]);
	});
});

it("has a reason of its own for the way back", () => {
	expect(Reason.RETURNING).toBe(6);
});
