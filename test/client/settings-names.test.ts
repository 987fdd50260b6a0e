// Goal: wrong set-up throws: a name that is no option, at every depth, and a host or a resolver that can never work. The text
// says what to write instead, and no password is in it.
// Method: tables of what people write, with the whole text; every option with one letter changed, left out, added.
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../firmware/client/terms/limits.js";
import { OTHER_OPTIONS, readSettings, WILL_OPTIONS } from "../../firmware/client/setup/settings.js";

const GOOD = { host: "broker", transport: () => undefined };
const NAMES = [...Object.keys(LIMITS), ...Object.keys(OTHER_OPTIONS)];

/** The text that the options are refused with; "" when they are taken. */
function refusal(options: object): string {
	try {
		readSettings({ ...GOOD, ...options } as never);
		return "";
	} catch (error) {
		return `${(error as Error).name}: ${(error as Error).message}`;
	}
}

describe("a name that is no option", () => {
	it.each([
		["clientID", "clientId"],
		["keepalive", "keepAlive"],
		["onDelivred", "onDelivered"],
		["rxBufer", "rxBuffer"],
		["Host", "host"],
		["username", "userName"],
		["user", "userName"],
		["id", "clientId"],
		["clean", "cleanSession"],
		["subscription", "subscriptions"],
		["connectTimeout", "connectTimeoutMs"],
		["onConnect", "onConnected"],
	])("%s is refused: did you mean %s?", (wrong, right) => {
		expect(refusal({ [wrong]: 5 })).toBe(`TypeError: ${wrong}: no such option; did you mean ${right}?`);
		expect(refusal({ [wrong]: undefined })).toContain(wrong);
	});

	it.each(["$schema", "peers", "toString", "constructor", "qos", "fullPolicy", "0", "", "zzz"])(
		"%j is refused, and nothing is guessed",
		(wrong) => {
			expect(refusal({ [wrong]: 5 })).toBe(`TypeError: ${wrong}: no such option`);
		},
	);

	it("is refused when it is inherited, as the right ones are taken", () => {
		expect(() => readSettings(Object.create({ ...GOOD, outbox: 512 }) as never)).not.toThrow();
		expect(() => readSettings(Object.create({ ...GOOD, outBox: 512 }) as never)).toThrow(
			new TypeError("outBox: no such option; did you mean outbox?"),
		);
	});

	it("comes before what is missing because of it", () => {
		expect(refusal({ host: undefined, hots: "broker" })).toMatch(/^TypeError: hots: no such option/);
	});

	it("shows no value, which may be a password", () => {
		expect(refusal({ pasword: "hush" })).toBe("TypeError: pasword: no such option; did you mean password?");
	});

	it.each([
		["Payload", "; did you mean will.payload?"],
		["QoS", "; did you mean will.qos?"],
		["retained", "; did you mean will.retain?"],
		["message", ""],
		["host", ""],
	])("is refused in will: %s%s", (wrong, guess) => {
		expect(refusal({ will: { topic: "t", [wrong]: "x" } })).toBe(`TypeError: will.${wrong}: no such option${guess}`);
	});

	it("is found for every slip of one letter", () => {
		for (const name of NAMES) {
			for (let i = 1; i < name.length; i++) {
				for (const wrong of [name.slice(0, i) + name.slice(i + 1), `${name.slice(0, i)}_${name.slice(i)}`]) {
					if (NAMES.includes(wrong)) continue;
					expect(refusal({ [wrong]: 1 })).toMatch(new RegExp(`^TypeError: ${wrong}: no such option`));
				}
			}
			if (name.length > 5) {
				const doubled = name.replace(/.$/, "$&$&");
				expect(refusal({ [doubled]: 1 })).toBe(`TypeError: ${doubled}: no such option; did you mean ${name}?`);
			}
		}
	});

	it("is none of those that there are", () => {
		expect(new Set(NAMES).size).toBe(NAMES.length);
		for (const name of NAMES) expect(refusal({ [name]: undefined })).not.toContain("no such option");
		for (const name of WILL_OPTIONS)
			expect(refusal({ will: { topic: "t", [name]: undefined } })).not.toContain("no such");
	});
});

describe("a host", () => {
	it.each([
		["mqtt://localhost", '; write host: "localhost"'],
		["mqtt://broker.example:1883/path", '; write host: "broker.example", port: 1883'],
		["host:1883", '; write host: "host", port: 1883'],
		["10.0.0.1:", '; write host: "10.0.0.1"'],
		["broker.example/", '; write host: "broker.example"'],
		["//broker.example", ""],
		["a b", ""],
		[" a", ""],
		["a\n", ""],
		["bücher.example", ""],
		["a..b", ""],
		[".a", ""],
		[".", ""],
		[`${"x".repeat(64)}`, ""],
		["192.168.1", ""],
		["192.168.1.256", ""],
		["192.168.1.2.3", ""],
		["192.168.1.2.", ""],
		["1883", ""],
	])("%j cannot work", (host, advice) => {
		const shown = JSON.stringify(host.length > 40 ? `${host.slice(0, 40)}…` : host);
		expect(refusal({ host })).toBe(`RangeError: host: ${shown} is neither a name nor an IPv4 address${advice}`);
	});

	it.each(["::1", "[::1]", "fe80::1%eth0", "mqtt://[::1]:1883", "2001:db8::1"])("%j is of IPv6", (host) => {
		expect(refusal({ host })).toBe(
			`RangeError: host: ${JSON.stringify(host)} is an IPv6 address; the platform's sockets take IPv4`,
		);
	});

	it("is not shown when it may hold a password", () => {
		expect(refusal({ host: "mqtt://user:hush@broker:1884" })).toBe(
			'RangeError: host: the value is neither a name nor an IPv4 address; write host: "broker", port: 1884',
		);
		expect(refusal({ host: "hush@b c" })).toBe("RangeError: host: the value is neither a name nor an IPv4 address");
	});

	it("has 253 characters at most", () => {
		const label = "x".repeat(49);
		expect(refusal({ host: `${label}.${label}.${label}.${label}.${label}xxxx` })).toBe("");
		expect(refusal({ host: `${label}.${label}.${label}.${label}.${label}xxxxx` })).toMatch(
			/has 254 bytes; at most 253$/,
		);
	});

	it.each([
		"localhost",
		"a",
		"broker.example",
		"broker.example.",
		"my_broker",
		"xn--bcher-kva.example",
		"3com.example",
	])("%j may work", (host) => {
		expect(refusal({ host })).toBe("");
	});

	it.each(["0.0.0.0", "127.0.0.1", "255.255.255.255", "192.168.001.010", "250.249.199.9"])(
		"%s is an address",
		(host) => {
			expect(refusal({ host })).toBe("");
		},
	);
});

describe("a resolver", () => {
	it.each([
		["null", null],
		["an object", {}],
		["an object", { resolve: 5 }],
		["a function", () => undefined],
		['"dns"', "dns"],
		["5", 5],
	])("%s is none without a resolve()", (shown, dns) => {
		expect(refusal({ dns })).toBe(`TypeError: dns: ${shown} is not a resolver such as platformDns()`);
	});

	it("is any object with one, and needed only for a name", () => {
		expect(refusal({ dns: { resolve: () => undefined } })).toBe("");
		expect(refusal({ dns: undefined })).toBe("");
	});
});

describe("a port", () => {
	it.each([0, -1, 65_536, 1883.5, "1883", "", null, NaN])("%j is none", (port) => {
		expect(refusal({ port })).toMatch(/^(Type|Range)Error: port: .*; 1 … 65535$/);
	});
});
