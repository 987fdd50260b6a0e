import { expect, it } from "vitest";
import Config from "../../host-sim/stand-ins/node/config.js";
import Resolver from "../../host-sim/stand-ins/node/dns.js";
import TCP from "../../host-sim/stand-ins/node/tcp.js";
import Time from "../../host-sim/stand-ins/node/time.js";
import Timer from "../../host-sim/stand-ins/node/timer.js";

// The type checker is the test: each stand-in has at least what firmware/platform.d.ts promises.
const tcp: typeof import("embedded:io/socket/tcp").default = TCP;
const resolver: typeof import("embedded:network/dns/resolver/udp").default = Resolver;
const time: typeof import("time").default = Time;
const timer: typeof import("timer").default = Timer;
const config: Readonly<Record<string, unknown>> = Config;

it("offers what the platform's typings name", () => {
	for (const member of [tcp, resolver, time, timer, config]) expect(member).toBeDefined();
	for (const name of ["read", "write", "close"] as const) expect(typeof TCP.prototype[name]).toBe("function");
});
