import { describe, expect, it } from "vitest";
import { Layer, Reason, StateCode, type DisconnectReason } from "../../firmware/client/terms/codes.js";
import { clientIdOf } from "../../firmware/codec/connect.js";
import { hexOf } from "../support/hex.js";
import { Rig, type RigOptions } from "./rig.js";

// Goal: user name and password that are functions are asked at each attempt; what cannot be sent ends the attempt, and nothing else.
// Method: CONNECT as it was written, compared with the one of a client that was given the same text.

/** CONNECT of a client with these options, as hex. */
function connectOf(options: RigOptions): string {
	return new Rig(options).start().opened().transport.sent;
}

const WILL = { topic: "gone", payload: "x".repeat(60), qos: 1, retain: true } as const;

/** A rig that notes what its ends have said. */
function noting(options: RigOptions): { rig: Rig; ends: object[]; errors: unknown[] } {
	const ends: object[] = [];
	const errors: unknown[] = [];
	const rig = new Rig({
		onDisconnected: (_rig, { layer, code, detail, wasConnected }: DisconnectReason) =>
			void ends.push({ layer, code, detail, wasConnected }),
		onProblem: (_rig, _problem, _detail, error) => void errors.push(error),
		...options,
	});
	return { rig, ends, errors };
}

describe("credentials that are functions", () => {
	it.each<[string | undefined, string | Uint8Array | undefined]>([
		[undefined, undefined],
		["", undefined],
		["", ""],
		["me", undefined],
		["me", "secret"],
		["me", new Uint8Array([0, 255, 1])],
		["gerät-😀", "pä\u0000ss"],
		// Lengths of one, two and three bytes.
		["u".repeat(40), "p".repeat(64)],
		["u".repeat(200), "p".repeat(300)],
		["u".repeat(9_000), "p".repeat(9_000)],
	])("give the CONNECT of the same text: %#", (userName, password) => {
		for (const will of [undefined, WILL]) {
			const rest: RigOptions = { txBuffer: 20_000, credentialBytes: 18_000, ...(will && { will }) };
			const given: RigOptions = { ...rest };
			if (userName !== undefined) given.userName = userName;
			if (password !== undefined) given.password = password;
			const asked = { ...rest, userName: () => userName, password: () => password };
			expect(connectOf(asked)).toBe(connectOf(given));
			// One of them may be what it is.
			if (userName !== undefined && password !== undefined) {
				expect(connectOf({ ...given, password: () => password })).toBe(connectOf(given));
				expect(connectOf({ ...given, userName: () => userName })).toBe(connectOf(given));
			}
		}
	});

	it("are asked once for each attempt, with the client, and each CONNECT has what they said", () => {
		const names = ["a", undefined, "c".repeat(150), "dd"];
		let asked = 0;
		const rig: Rig = new Rig({
			userName: (client) => {
				expect(client).toBe(rig);
				return names[asked++];
			},
			will: WILL,
		});
		rig.start();
		for (const [i, name] of names.entries()) {
			expect(asked).toBe(i + 1);
			rig.opened();
			expect(rig.transport.sent).toBe(connectOf({ ...(name !== undefined && { userName: name }), will: WILL }));
			rig.serve("20020000");
			expect(rig.state).toBe(StateCode.CONNECTED);
			if (i < names.length - 1) {
				rig.networkDown();
				rig.networkUp();
			}
		}
	});

	it("leave the client identifier where it can be read, before any attempt and after each", () => {
		const rig = new Rig({ clientId: "greenhouse-7", userName: () => "u".repeat(200) });
		const clientId = (): string => {
			globalThis.String.fromArrayBuffer ??= (buffer, offset, size) =>
				Buffer.from(buffer as ArrayBuffer, offset, size).toString();
			return clientIdOf(rig.core.arena.bytes, rig.core.sender.connectOffset);
		};
		expect(clientId()).toBe("greenhouse-7");
		rig.start();
		expect(clientId()).toBe("greenhouse-7");
	});

	it("take memory only where there are any", () => {
		const sizeOf = (options: RigOptions): number => new Rig(options).core.arena.buffer.byteLength;
		expect(sizeOf({ credentialBytes: 5_000 })).toBe(sizeOf({}));
		expect(sizeOf({ credentialBytes: 100, userName: () => "" }) - sizeOf({})).toBe(100 + 8);
	});
});

describe("a credential that cannot be sent", () => {
	const THROWS = (): never => {
		throw new Error("no token");
	};
	it.each<[string, RigOptions, number]>([
		["a user name that throws", { userName: THROWS }, 11],
		["a number", { userName: () => 5 as never }, 12],
		["null", { userName: () => null as never }, 12],
		["a promise", { userName: () => Promise.resolve("u") as never }, 12],
		["bytes", { userName: () => new Uint8Array(3) as never }, 12],
		["too large", { userName: () => "u".repeat(9), credentialBytes: 8 }, 13],
		["a lone surrogate", { userName: () => "\ud800" }, 14],
		["U+0000", { userName: () => "a\u0000" }, 14],
		["a password that throws", { userName: "u", password: THROWS }, 21],
		["a password that is an object", { userName: "u", password: () => ({}) as never }, 22],
		["an ArrayBuffer", { userName: "u", password: () => new ArrayBuffer(3) as never }, 22],
		["too large together", { userName: () => "uuuu", password: () => "ppppp", credentialBytes: 8 }, 23],
		["bytes that are too many", { userName: "u", password: () => new Uint8Array(8), credentialBytes: 8 }, 23],
		["a lone surrogate in a password", { userName: "u", password: () => "\udfff" }, 24],
		["a password without a user name [MQTT-3.1.2-22]", { userName: () => undefined, password: "p" }, 25],
	])("ends the attempt before it is made: %s", (_name, options, detail) => {
		const { rig, ends, errors } = noting(options);
		rig.start();
		expect(ends).toEqual([{ layer: Layer.LOCAL, code: Reason.CREDENTIALS_FAILED, detail, wasConnected: false }]);
		expect(errors).toEqual(detail % 10 === 1 ? [new Error("no token")] : []);
		expect(rig.transport.targets).toEqual([]);
		// The next attempt comes after a back-off, and ends in the same way.
		expect(rig.state).toBe(StateCode.WAITING);
		rig.sleep();
		expect(ends).toHaveLength(2);
		expect([rig.transport.targets, rig.transport.sent]).toEqual([[], ""]);
	});

	it("is forgotten as soon as one can be sent", () => {
		let isReady = false;
		const { rig, ends } = noting({ userName: () => (isReady ? "me" : (5 as never)) });
		rig.start();
		isReady = true;
		rig.sleep();
		rig.opened();
		expect(rig.transport.sent).toBe(connectOf({ userName: "me" }));
		expect(ends).toHaveLength(1);
	});

	it("is told as final with reconnect: false", () => {
		const { rig, ends } = noting({ userName: () => 5 as never, reconnect: false });
		rig.start();
		expect([rig.state, ends.length]).toEqual([StateCode.STOPPED, 1]);
	});
});

describe("a function that is asked for a credential", () => {
	it("may stop the client: nothing is opened", () => {
		const { rig, ends } = noting({
			userName: (client) => {
				client.stop();
				return "me";
			},
		});
		rig.start();
		expect([rig.state, rig.transport.targets]).toEqual([StateCode.STOPPED, []]);
		expect(ends).toMatchObject([{ code: Reason.STOPPED }]);
		expect(rig.log).toContain("stopped");
	});

	it("may stop and start it: the attempt after that is another, and asks anew", () => {
		let asked = 0;
		const { rig, ends } = noting({
			userName: (client) => {
				if (++asked === 1) {
					client.stop();
					client.start();
				}
				return "me";
			},
		});
		rig.start();
		rig.sleep();
		expect(asked).toBe(2);
		expect(ends).toMatchObject([{ code: Reason.STOPPED }]);
		expect(rig.transport.calls).toEqual(["open"]);
		rig.opened();
		expect(rig.transport.sent).toBe(connectOf({ userName: "me" }));
	});

	it("may publish: that follows CONNACK", () => {
		const rig = new Rig({
			userName: (client) => {
				client.publish("t", "m", 1);
				return "me";
			},
		});
		rig.start().opened();
		expect(rig.transport.sent).toBe(connectOf({ userName: "me" }));
		expect(rig.serve("20020000")).toBe(hexOf(Buffer.from("\x32\x06\x00\x01t\x00\x01m", "latin1")));
	});

	it("may take back the network: nothing is opened until it is there", () => {
		let isUp = false;
		const { rig, ends } = noting({
			userName: (client) => {
				if (!isUp) client.networkDown();
				return "me";
			},
		});
		rig.start();
		expect([rig.state, rig.transport.targets]).toEqual([StateCode.WAITING, []]);
		expect(ends).toMatchObject([{ code: Reason.NETWORK_DOWN }]);
		isUp = true;
		rig.networkUp();
		expect(rig.transport.targets).toHaveLength(1);
	});
});
