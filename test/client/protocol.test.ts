// Goal: everything that another version of MQTT does in its own way can be done by parts that an imported protocol makes, and
// 3.1.1 is what a client speaks without one.
// Method: a stub protocol whose core overrides every point, and writes down when it is asked; a client of the real class.
import { beforeEach, describe, expect, it } from "vitest";
import { Client, type ClientOptions, type ClientProtocol } from "../../firmware/app/client.js";
import { Backoff } from "../../firmware/client/connection/backoff.js";
import { Core } from "../../firmware/client/connection/core.js";
import { Receiver } from "../../firmware/client/incoming/receiver.js";
import { Publisher } from "../../firmware/client/outgoing/publisher.js";
import { Sender } from "../../firmware/client/outgoing/sender.js";
import { Session } from "../../firmware/client/session/session.js";
import { Subscriptions } from "../../firmware/client/session/subscriptions.js";
import { ShortPublisher } from "../../firmware/client/short-ways/publish.js";
import { TransmitRegion } from "../../firmware/client/short-ways/transmit-region.js";
import { Message } from "../../firmware/client/terms/message.js";
import type { LayerCode, ReasonCode } from "../../firmware/client/terms/codes.js";
import type { CoreOptions } from "../../firmware/client/terms/options.js";
import { readSettings } from "../../firmware/client/setup/settings.js";
import { Decoder } from "../../firmware/codec/decoder.js";
import { Loop } from "../../firmware/loop/loop.js";
import type { TransportSetup } from "../../firmware/ports/transport.js";
import { ScriptedClock, ScriptedTransport } from "../loop/rig.js";

/** What was asked of the stub, in order. */
const asked: string[] = [];
beforeEach(() => void asked.splice(0));

class StubDecoder extends Decoder {}
class StubMessage extends Message {}
class StubSession extends Session {}
class StubSubscriptions extends Subscriptions {}
class StubSender extends Sender {}

class StubReceiver extends Receiver {
	protected override makeDecoder(): Decoder {
		return new StubDecoder();
	}

	protected override makeMessage(): Message {
		return new StubMessage(this._bytes, this._view);
	}
}

class StubBackoff extends Backoff {
	override next(): number {
		asked.push("backoff");
		return 77;
	}
}

class StubCore extends Core {
	protected override makeParts(firstId: number): void {
		const { settings, arena, application, counts } = this;
		this.session = new StubSession(settings, arena, application, counts, firstId);
		this.subscriptions = new StubSubscriptions(settings, arena, counts);
		this.region = new TransmitRegion(arena, settings, counts);
		this.sender = new StubSender(this);
		this.publisher = new Publisher(this);
		this.shortPublisher = new ShortPublisher(this, this.publisher);
		this.receiver = new StubReceiver(this, this);
		this.backoff = new StubBackoff(settings);
	}

	protected override writeConnect(): void {
		super.writeConnect();
		// The level of the protocol: behind two bytes of fixed header and six of the name (§3.1.2.2).
		this.arena.bytes[this.sender.connectOffset + 8] = 5;
	}

	protected override handleConnack(decoder: Decoder): boolean {
		asked.push("connack");
		// What a server may say in a CONNACK of 5.0.
		this.setKeepAlive(10);
		this.session.window = this.session.windowMax = 1;
		return super.handleConnack(decoder);
	}

	override handlePacket(decoder: Decoder, start: number): boolean {
		asked.push(`packet ${decoder.firstByte}`);
		return super.handlePacket(decoder, start);
	}

	override handleViolation(reason: ReasonCode, detail: number): void {
		asked.push(`violation ${reason} ${detail}`);
		super.handleViolation(reason, detail);
	}

	protected override checkSilence(now: number): void {
		asked.push("silence");
		super.checkSilence(now);
	}

	override end(layer: LayerCode, code: ReasonCode, detail: number, now: number): void {
		asked.push(`end ${layer} ${code}`);
		super.end(layer, code, detail, now);
	}

	protected override lastWords(): number {
		const { region } = this;
		if (!region.boundary) return 0;
		this.arena.bytes.set([0xe0, 1, 0x82], region.offset + region.size);
		return region.size + 3;
	}
}

const STUB: ClientProtocol = {
	makeCore(options, settings, client, random) {
		asked.push("core");
		// More room for CONNECT than 3.1.1 needs.
		settings.connectSize += 100;
		return new StubCore(options, settings, client, random);
	},
};

/** A loop around a stub core, whose other end is the test. */
class Bench {
	readonly core: Core;
	readonly loop: Loop;
	readonly clock = new ScriptedClock();
	transport!: ScriptedTransport;
	readonly reasons: string[] = [];

	constructor(protocol: ClientProtocol, options: Partial<ClientOptions> = {}) {
		const given = {
			host: "127.0.0.1",
			clientId: "c",
			transport: (setup: TransportSetup) => (this.transport = new ScriptedTransport(setup)),
			onDisconnected: (_client: unknown, reason: { code: number; retryMs: number }) =>
				this.reasons.push(`${reason.code} ${reason.retryMs}`),
			...options,
		} as unknown as CoreOptions<unknown>;
		this.core = protocol.makeCore(given, readSettings(given), this, () => 0.5);
		this.loop = new Loop(this.core, { transport: given.transport, dns: undefined }, this.clock);
	}

	hear(hex: string): void {
		this.transport.arrive(hex);
		this.loop.handleReadable();
	}

	/** Connected, what was sent looked at. */
	connect(): string {
		this.core.start(this.clock.now);
		this.loop.run();
		this.loop.handleOpened();
		const { sent } = this.transport;
		this.hear("20020000");
		return sent;
	}
}

describe("a protocol", () => {
	it("is asked once for the core of a client", () => {
		const transport = (setup: TransportSetup): ScriptedTransport => new ScriptedTransport(setup);
		const client = new Client({ host: "127.0.0.1", clientId: "c", transport, protocol: STUB });
		expect(asked).toEqual(["core"]);
		client.start();
		client.close();
		expect(asked.filter((line) => line === "core")).toEqual(["core"]);
		// The default asks nobody.
		asked.length = 0;
		new Client({ host: "127.0.0.1", clientId: "c", transport }).close();
		expect(asked).toEqual([]);
	});

	it("that is none is refused", () => {
		const options = { host: "h", clientId: "c", transport: () => undefined, protocol: 5 };
		expect(() => readSettings(options as never)).toThrow(/^protocol: /);
	});

	it("makes the parts and writes CONNECT", () => {
		const bench = new Bench(STUB);
		const { core } = bench;
		expect([core.session, core.subscriptions, core.sender].map((part) => part.constructor.name)).toEqual([
			"StubSession",
			"StubSubscriptions",
			"StubSender",
		]);
		expect(core.receiver.message).toBeInstanceOf(StubMessage);
		expect(core.receiver["_decoder"]).toBeInstanceOf(StubDecoder);
		expect(bench.connect().slice(0, 20)).toBe("100d00044d5154540502");
		expect(new Bench({ makeCore: (...given) => new Core(...given) }).connect().slice(0, 20)).toBe(
			"100d00044d5154540402",
		);
	});

	it("handles CONNACK, with a keep alive and a window of the server's", () => {
		const bench = new Bench(STUB, { keepAlive: 60, inflight: 8, stableMs: 1, cleanSession: true });
		bench.connect();
		expect(asked).toContain("connack");
		for (const payload of ["1", "2"]) bench.core.publisher.publish("t", payload, 1, false);
		bench.loop.run();
		expect(bench.transport.sent).toMatch(/^3206000174[0-9a-f]{4}31$/);
		bench.core.session.trust();
		expect(bench.core.session.window).toBe(1);
		expect([bench.core.silence.pingAfterMs, bench.core.silence.pingTimeoutMs]).toEqual([7_500, 5_000]);
	});

	it("handles packets, silences and violations, and has the last words", () => {
		const bench = new Bench(STUB, { keepAlive: 60, stableMs: 1 });
		bench.connect();
		asked.length = 0;
		bench.clock.now += 7_500;
		bench.loop.handleTimer();
		bench.clock.now += 100;
		bench.loop.handleTimer();
		expect(asked).toContain("silence");
		bench.hear("b0020001");
		expect(asked).toContain(`packet ${0xb0}`);
		let closed = "";
		const { transport } = bench;
		const { close } = transport;
		transport.close = () => {
			closed += transport.sent;
			close.call(transport);
		};
		asked.length = 0;
		bench.hear("20020000");
		expect(asked.slice(0, 4)).toEqual([`packet ${0x20}`, "connack", `violation 41 ${0x20}`, "end 4 41"]);
		expect(closed.slice(-6)).toBe("e00182");
		expect(asked).toContain("backoff");
		expect(bench.reasons).toEqual(["41 77"]);
		expect(bench.core.partingSize).toBe(0);
	});

	it("has no last words on a link that is gone", () => {
		const bench = new Bench(STUB);
		bench.connect();
		expect(bench.transport.sent).toBe("");
		bench.loop.handleEnded(22);
		expect([bench.core.partingSize, bench.transport.sent]).toEqual([0, ""]);
	});
});
