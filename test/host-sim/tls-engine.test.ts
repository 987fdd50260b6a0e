import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reason } from "xs-mqtt";
import { TlsStep, type TlsEngine, type TlsSettings } from "../../firmware/ports/tls-engine.js";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import type { Wire } from "../../host-sim/world/link.js";
import { SocketWorld, type SocketWorldOptions } from "../../host-sim/world/socket-world.js";
import type { Tap } from "../../host-sim/world/tap.js";
import { makeEngine } from "../../host-sim/stand-ins/tls-engine.js";
import { PreambleReader } from "../../host-sim/tls/in-band.js";
import { makeKey } from "../support/certificates.js";
import { until } from "../support/until.js";

// Goal: the stand-in of TLS and the world agree on what goes between them, however the bytes are cut; plain bytes, and nothing
// but those, are what the log sees; an end has its reason.
// Method: the engine over a wire of a world, without a client; behind it the embedded broker with TLS.

let broker: EmbeddedBroker;
let world: SocketWorld;
beforeEach(async () => {
	broker = await startAedes({ ways: { mqtts: 0 } });
});
afterEach(async () => {
	world.close();
	await broker.close();
});

const SIZE = 16;

const key = makeKey("ec");
const EC_KEY = {
	der: key.export({ type: "pkcs8", format: "der" }),
	pem: key.export({ type: "pkcs8", format: "pem" }).toString(),
	sec1: key.export({ type: "sec1", format: "pem" }).toString(),
	encrypted: key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString(),
};

/** An engine and the connection below it. */
class Rig {
	readonly buffer = new ArrayBuffer(2048);
	readonly bytes = new Uint8Array(this.buffer);
	readonly engine: TlsEngine;
	readonly seen: string[] = [];
	/** Bytes that the connection takes in one write. */
	writeMax = Infinity;
	opened = false;
	ended = false;
	readonly #arrivals: number[] = [];
	readonly #wire: Wire;

	constructor(settings: Partial<TlsSettings>, options: SocketWorldOptions = {}) {
		const tap: Tap = {
			step: (_id, name, detail) => this.seen.push(`${name} ${detail}`),
			bytes: (_id, direction, bytes) => this.seen.push(`${direction} ${Buffer.from(bytes).toString("hex")}`),
		};
		world = new SocketWorld({ broker: { host: "127.0.0.1", port: broker.ports.mqtts! }, tap, ...options });
		this.#wire = world.open("127.0.0.1", 1, {
			opened: () => (this.opened = true),
			received: (bytes) => this.#arrivals.push(...bytes),
			acknowledged: () => {},
			ended: () => (this.ended = true),
		});
		const { landingSize, outSize } = makeEngine;
		const arrivals = this.#arrivals;
		this.engine = makeEngine({
			settings: {
				ca: [broker.ca!],
				certificate: [],
				key: undefined,
				alpn: [],
				serverName: "",
				verify: true,
				rsaKeyExchange: false,
				...settings,
			},
			buffer: this.buffer,
			landing: 0,
			landingSize,
			out: landingSize,
			outSize,
			rx: landingSize + outSize,
			rxSize: SIZE,
			tx: landingSize + outSize + SIZE,
			txSize: SIZE,
			below: {
				get readable() {
					return arrivals.length;
				},
				read: (countMax) => {
					const bytes = arrivals.splice(0, Math.min(countMax, landingSize));
					this.bytes.set(bytes, 0);
					this.#wire.consumed(bytes.length);
					return bytes.length;
				},
				write: (count) => {
					const taken = Math.min(count, this.writeMax);
					this.#wire.send(this.bytes.slice(landingSize, landingSize + taken));
					return taken;
				},
			},
			wake: () => {},
		});
	}

	async handshake(host = "localhost"): Promise<number> {
		await until(() => this.opened, "a connection");
		this.engine.start(host, 8883);
		await until(() => this.engine.step() !== TlsStep.WAITING, "an end of the handshake");
		return this.engine.step();
	}

	write(bytes: readonly number[]): void {
		const { landingSize, outSize } = makeEngine;
		for (let rest = bytes; rest.length > 0;) {
			this.bytes.set(rest.slice(0, SIZE), landingSize + outSize + SIZE);
			rest = rest.slice(this.engine.write(Math.min(rest.length, SIZE)));
		}
	}

	/** Waits for so many bytes. */
	async read(count: number): Promise<string> {
		const { landingSize, outSize } = makeEngine;
		const got: number[] = [];
		await until(() => {
			while (this.engine.readable > 0 && got.length < count) {
				const taken = this.engine.read(Math.min(SIZE, count - got.length));
				got.push(...this.bytes.slice(landingSize + outSize, landingSize + outSize + taken));
			}
			return got.length >= count;
		}, `${count} bytes`);
		return Buffer.from(got).toString("hex");
	}

	close(): void {
		this.engine.end();
		this.#wire.close();
	}
}

const CONNECT = [...Buffer.from("100d00044d51545404020000000161", "hex")];

describe("the engine of TLS in the simulator", () => {
	it.each([
		["whole", {}, Infinity],
		["byte by byte", { split: true }, 1],
		["in pieces", {}, 7],
	] as const)("carries bytes both ways: %s", async (_name, faults, writeMax) => {
		const rig = new Rig({}, faults);
		rig.writeMax = writeMax;
		expect(await rig.handshake()).toBe(TlsStep.DONE);
		expect(rig.engine.description).toBe(
			"TLSv1.2 with TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, server is localhost, 127.0.0.1",
		);
		rig.write(CONNECT);
		expect(await rig.read(4)).toBe("20020000");
		const packets = (way: string): string =>
			rig.seen
				.filter((line) => line.startsWith(way))
				.map((line) => line.slice(way.length))
				.join("");
		expect(packets("out ")).toBe(Buffer.from(CONNECT).toString("hex"));
		expect(packets("in ")).toBe("20020000");
		expect(rig.engine.readable).toBe(0);
		rig.close();
	});

	it("tells what was agreed upon in the log, ALPN too", async () => {
		const rig = new Rig({ alpn: ["x-amzn-mqtt-ca", "mqtt"] });
		await rig.handshake();
		expect(rig.seen.slice(-2)).toEqual([
			"handshake localhost",
			"secured TLSv1.2 with TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ALPN x-amzn-mqtt-ca, server is localhost, 127.0.0.1",
		]);
	});

	it.each([
		["another name", {}, "example.com", Reason.WRONG_SERVER_NAME],
		["another address", {}, "127.0.0.2", Reason.WRONG_SERVER_NAME],
	] as const)("refuses %s", async (_name, settings, host, reason) => {
		const rig = new Rig(settings);
		expect(await rig.handshake(host)).toBe(TlsStep.FAILED);
		expect(rig.engine.failure).toBe(reason);
		await until(() => rig.ended, "the end of the connection");
	});

	it("takes an address, and the option's name over the host's", async () => {
		expect(await new Rig({}).handshake("127.0.0.1")).toBe(TlsStep.DONE);
		expect(await new Rig({ serverName: "localhost" }).handshake("10.0.0.1")).toBe(TlsStep.DONE);
	});

	it("takes anything without verify, and says so", async () => {
		const rig = new Rig({ verify: false, ca: [] });
		expect(await rig.handshake("example.com")).toBe(TlsStep.DONE);
		expect(rig.engine.description).toContain("not verified: ");
	});

	it("finds that the port is one without TLS", async () => {
		const rig = new Rig({}, { broker: { host: "127.0.0.1", port: broker.port } });
		expect(await rig.handshake()).toBe(TlsStep.FAILED);
		expect(rig.engine.failure).toBe(Reason.HANDSHAKE_CUT);
	});

	it.each([
		["ca", { ca: ["no PEM"] }, /^tls\.ca: is neither DER nor PEM; write npx xs-mqtt certificate /],
		["certificate", { certificate: [Uint8Array.of(1)] }, /^tls\.certificate: is neither DER nor PEM; /],
		["key of EC in DER", { key: new Uint8Array(EC_KEY.der) }, /^tls\.key: is an EC key; /],
		["key of EC in PEM", { key: EC_KEY.pem }, /^tls\.key: is an EC key; /],
		["key of EC as OpenSSL has it", { key: EC_KEY.sec1 }, /^tls\.key: is an EC key; /],
		["key with a passphrase", { key: EC_KEY.encrypted }, /^tls\.key: is encrypted; /],
	] as const)("refuses at construction, as a device: %s", (_name, settings, message) => {
		expect(() => new Rig(settings)).toThrow(TypeError);
		expect(() => new Rig(settings)).toThrow(message);
	});

	it("is used again, after an end in any step", async () => {
		const rig = new Rig({});
		expect(await rig.handshake()).toBe(TlsStep.DONE);
		broker.dropConnections();
		await until(() => rig.ended, "the end");
		expect(rig.engine.failure).toBe(0);
		rig.close();
		expect(rig.engine.readable).toBe(0);
		expect(rig.engine.description).toBe("");
	});
});

describe("the start of what a device sends", () => {
	it.each([
		["MQTT", [0x10, 0, 0]],
		["a byte as a preamble has it, and no more of one", [0, 0x78, 0x73, 1, 2, 3]],
		["a preamble that is too large", [0, 0x78, 0x73, 0x2d, 0x74, 0x6c, 0x73, 1, 0xff, 0, 0, 0, 9]],
	])("passes as it is: %s", (_name, bytes) => {
		for (const pieceMax of [1, Infinity]) {
			const reader = new PreambleReader();
			const passed: number[] = [];
			for (let at = 0; at < bytes.length; at += pieceMax) {
				passed.push(...reader.take(Uint8Array.from(bytes.slice(at, at + pieceMax))));
			}
			expect(passed).toEqual(bytes);
			expect(reader.request).toBeUndefined();
		}
	});
});
