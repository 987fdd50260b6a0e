import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installGlobals } from "../../host-sim/stand-ins/node/globals.js";
import { useWorld } from "../../host-sim/world/current.js";
import { SocketWorld } from "../../host-sim/world/socket-world.js";
import { platformDns } from "../../firmware/transport/dns.js";
import type { NameRequest } from "../../firmware/ports/transport.js";
import { until } from "../support/until.js";

// Goal: the option `dns` asks the platform's resolver, and brings each answer to the request that it belongs to.
// Method: a scripted System.resolve; then the simulator's own.

type Answer = (host: string, address?: string) => void;

interface System {
	resolve?: (host: string, callback: Answer) => void;
}

const asked: [host: string, answer: Answer][] = [];

function setSystem(system: System | undefined): void {
	(globalThis as unknown as { System: System | undefined }).System = system;
}

/** A request that writes down its answers. */
function requestFor(host: string, answers: string[]): NameRequest {
	return {
		host,
		onResolved: (name, address) => void answers.push(`${name} is ${address}`),
		onError: (name) => void answers.push(`no ${name}`),
	};
}

beforeEach(() => {
	asked.length = 0;
	setSystem({ resolve: (host, callback) => void asked.push([host, callback]) });
});
afterEach(() => {
	installGlobals();
	vi.restoreAllMocks();
});

describe("platformDns", () => {
	it.each([[undefined], [{}]])("refuses a platform that has no resolver: %j", (system) => {
		setSystem(system);
		expect(() => platformDns()).toThrow(TypeError);
		expect(() => platformDns()).toThrow("System.resolve is missing");
	});

	it("asks for the name, and passes the address on", () => {
		const answers: string[] = [];
		platformDns().resolve(requestFor("broker.test", answers));
		expect(asked.map(([host]) => host)).toEqual(["broker.test"]);
		asked[0]![1]("broker.test", "198.18.0.1");
		expect(answers).toEqual(["broker.test is 198.18.0.1"]);
	});

	it.each([undefined, ""])("takes the address %j for a failure", (address) => {
		const answers: string[] = [];
		platformDns().resolve(requestFor("broker.test", answers));
		asked[0]![1]("broker.test", address);
		expect(answers).toEqual(["no broker.test"]);
	});

	it("asks for localhost by its address, and answers by its name", () => {
		const answers: string[] = [];
		platformDns().resolve(requestFor("localhost", answers));
		expect(asked.map(([host]) => host)).toEqual(["127.0.0.1"]);
		asked[0]![1]("127.0.0.1", "127.0.0.1");
		expect(answers).toEqual(["localhost is 127.0.0.1"]);
	});

	it("makes one callback for all attempts of a client", () => {
		const answers: string[] = [];
		const dns = platformDns();
		const request = requestFor("broker.test", answers);
		dns.resolve(request);
		dns.resolve(request);
		expect(asked[1]![1]).toBe(asked[0]![1]);
	});

	it("keeps the requests of two clients apart", () => {
		const first: string[] = [];
		const second: string[] = [];
		const dns = platformDns();
		dns.resolve(requestFor("one.test", first));
		dns.resolve(requestFor("two.test", second));
		asked[1]![1]("two.test");
		asked[0]![1]("one.test", "198.18.0.1");
		expect([first, second]).toEqual([["one.test is 198.18.0.1"], ["no two.test"]]);
	});

	it("lets through what the platform throws", () => {
		setSystem({
			resolve: () => {
				throw new Error("no network");
			},
		});
		expect(() => platformDns().resolve(requestFor("broker.test", []))).toThrow("no network");
	});

	it("finds names in the simulator", async () => {
		installGlobals();
		const world = new SocketWorld({ broker: { host: "127.0.0.1", port: 1 } });
		const restore = useWorld(world);
		const answers: string[] = [];
		const dns = platformDns();
		const request = requestFor("broker.test", answers);
		dns.resolve(request);
		expect(answers).toEqual([]);
		await until(() => answers.length === 1, "an answer");
		world.faults.nameLookupFails = true;
		dns.resolve(request);
		await until(() => answers.length === 2, "a failure");
		expect(answers).toEqual(["broker.test is 198.18.0.1", "no broker.test"]);
		world.close();
		restore();
	});
});
