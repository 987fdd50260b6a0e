import { beforeEach, describe, expect, it, vi } from "vitest";
import type { NameRequest, NameResolver } from "../../firmware/ports/transport.js";
import { tcp } from "../../firmware/transport/tcp.js";
import { events, faults, forgetAll, socket, sockets, transportTo, withinNext } from "./fake-tcp.js";

// Goal: a name is looked up before each connection; every way in which a name service can answer, late, twice, wrongly or
// not at all, leads to one connection or one failure.
// Method: a scripted class in the place of the platform's TCP, and a resolver that answers when the test does.

vi.mock("embedded:io/socket/tcp", async () => ({ default: (await import("./fake-tcp.js")).FakeTcp }));
beforeEach(forgetAll);

describe("a host that is a name", () => {
	/** Requests of a resolver that answers when the test does. */
	const requests: NameRequest[] = [];
	const dns: NameResolver = { resolve: (request) => void requests.push(request) };

	beforeEach(() => {
		requests.length = 0;
	});

	it.each(["broker.test", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.1234", "::1", "1.2.3.x"])(
		"needs the option dns: %s",
		(host) => {
			expect(() => transportTo(tcp, host)).toThrow(TypeError);
			expect(() => transportTo(tcp, host)).toThrow(`dns: is missing; host "${host}" is a name, not an IPv4 address`);
		},
	);

	it("is not what an address is: no lookup is made for one", () => {
		transportTo(tcp, "192.0.2.1", dns).open();
		expect([requests.length, sockets.length]).toEqual([0, 1]);
	});

	it("is looked up at each attempt, with the same request", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		expect([requests.map(({ host }) => host), sockets.length]).toEqual([["broker.test"], 0]);
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		expect([events, socket().address]).toEqual([["resolved"], "192.0.2.7"]);
		socket().makeRoom(100);
		transport.open();
		expect(requests).toHaveLength(2);
		expect(requests[1]).toBe(requests[0]);
		requests[1]!.onResolved("broker.test", "192.0.2.8");
		expect(socket().address).toBe("192.0.2.8");
	});

	it("that is not found ends the attempt", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		requests[0]!.onError("broker.test");
		expect([events, sockets.length]).toEqual([["name failed"], 0]);
	});

	it("that was reached before is tried at its last good address", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		socket().makeRoom(100);
		// An address at which nobody has answered is none to go back to.
		transport.open();
		requests[1]!.onResolved("broker.test", "192.0.2.8");
		transport.open();
		requests[2]!.onError("broker.test");
		expect([events, socket().address]).toEqual([["resolved", "opened", "resolved", "resolved"], "192.0.2.7"]);
		expect(sockets).toHaveLength(3);
	});

	it("that the platform cannot even look up ends the attempt, or is tried at its last address", () => {
		let refuses = true;
		const resolve = (request: NameRequest): void => {
			if (refuses) throw new Error("no network");
			request.onResolved("broker.test", "192.0.2.7");
		};
		const transport = transportTo(tcp, "broker.test", { resolve });
		expect(() => transport.open()).not.toThrow();
		expect(events).toEqual(["name failed at once"]);
		refuses = false;
		// This one answers at once.
		transport.open();
		socket().makeRoom(100);
		refuses = true;
		transport.open();
		expect(events).toEqual(["name failed at once", "opened"]);
		expect(sockets.map(({ address }) => address)).toEqual(["192.0.2.7", "192.0.2.7"]);
	});

	it("has failed to open when the platform refuses the address that was found", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		faults.construction = new Error("invalid address");
		requests[0]!.onResolved("broker.test", "no address");
		expect(events).toEqual(["resolved", "open failed"]);
	});

	it("whose answer comes after close() is forgotten", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		transport.close();
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		requests[0]!.onError("broker.test");
		expect([events, sockets.length]).toEqual([[], 0]);
	});

	it("whose answer comes twice is connected to once", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		requests[0]!.onResolved("broker.test", "192.0.2.8");
		requests[0]!.onError("broker.test");
		expect([events, sockets.length, socket().address]).toEqual([["resolved"], 1, "192.0.2.7"]);
	});

	it("is served by the answer of an older lookup, and then not by that of the newer", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		transport.open();
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		requests[1]!.onResolved("broker.test", "192.0.2.8");
		expect([events, sockets.length, socket().address]).toEqual([["resolved"], 1, "192.0.2.7"]);
	});

	it("is looked up anew when the lookup before was not answered, whose late failure ends nothing", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		transport.open();
		expect(requests[1]).not.toBe(requests[0]);
		requests[0]!.onError("broker.test");
		requests[0]!.onResolved("broker.test", "");
		expect(events).toEqual([]);
		requests[1]!.onResolved("broker.test", "192.0.2.8");
		expect([events, socket().address]).toEqual([["resolved"], "192.0.2.8"]);
		// Answered: used again.
		transport.open();
		expect(requests[2]).toBe(requests[1]);
		requests[2]!.onError("broker.test");
		expect(events).toEqual(["resolved", "name failed"]);
	});

	it("is not connected to when the turn of handleResolved has closed", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		withinNext(() => transport.close());
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		expect([events, sockets.length]).toEqual([["resolved"], 0]);
		transport.open();
		requests[1]!.onResolved("broker.test", "192.0.2.8");
		expect([events, socket().address]).toEqual([["resolved", "resolved"], "192.0.2.8"]);
	});

	it("is connected to once when the turn of handleResolved has opened anew", () => {
		const transport = transportTo(tcp, "broker.test", dns);
		transport.open();
		withinNext(() => transport.open());
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		requests[1]!.onResolved("broker.test", "192.0.2.8");
		// The new attempt has a lookup of its own, and waits for that.
		expect([events, sockets.length, socket().closed]).toEqual([["resolved", "resolved"], 1, false]);
		expect(socket().address).toBe("192.0.2.8");
	});
});

describe("another target", () => {
	const requests: NameRequest[] = [];
	const dns: NameResolver = { resolve: (request) => void requests.push(request) };

	beforeEach(() => {
		requests.length = 0;
	});

	it("is another address, another port, a name, an address again", () => {
		const transport = transportTo(tcp, "192.0.2.1", dns);
		transport.open();
		expect([socket().address, socket().port]).toEqual(["192.0.2.1", 1883]);
		transport.open("192.0.2.2", 8883);
		expect([socket().address, socket().port]).toEqual(["192.0.2.2", 8883]);
		transport.open("broker.test", 1884);
		expect([requests.map(({ host }) => host), sockets.length]).toEqual([["broker.test"], 2]);
		requests[0]!.onResolved("broker.test", "192.0.2.7");
		expect([socket().address, socket().port]).toEqual(["192.0.2.7", 1884]);
		transport.open("192.0.2.1", 1883);
		expect([socket().address, requests.length]).toEqual(["192.0.2.1", 1]);
	});

	it("is looked up with the same request, unless that is not answered yet", () => {
		const transport = transportTo(tcp, "a.test", dns);
		transport.open("a.test");
		requests[0]!.onError("a.test");
		transport.open("b.test");
		expect(requests[1]).toBe(requests[0]);
		expect(requests[1]!.host).toBe("b.test");
		transport.open("c.test");
		expect(requests[2]).not.toBe(requests[1]);
		expect([requests[1]!.host, requests[2]!.host]).toEqual(["b.test", "c.test"]);
	});

	it("does not get the address of the one before: not the last good one, and not one that comes late", () => {
		const transport = transportTo(tcp, "a.test", dns);
		transport.open("a.test");
		requests[0]!.onResolved("a.test", "192.0.2.7");
		socket().makeRoom(100);
		transport.open("a.test");
		const late = requests[1]!;
		transport.open("b.test");
		events.length = 0;
		late.onResolved("a.test", "192.0.2.8");
		expect([events, sockets.length]).toEqual([[], 1]);
		requests[2]!.onError("b.test");
		expect([events, sockets.length]).toEqual([["name failed"], 1]);
	});

	it("that is a name fails at once where nobody can look it up", () => {
		const transport = transportTo(tcp, "192.0.2.1");
		transport.open("broker.test");
		expect([events, sockets.length]).toEqual([["name failed at once"], 0]);
		transport.open("192.0.2.1");
		expect(sockets).toHaveLength(1);
	});
});
