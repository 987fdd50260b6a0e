// Goal: a connection or a subscription that is refused is reported with its reason, and is not tried again in a hurry.
// Method: mosquitto with passwords and without empty identifiers; aedes with hooks that answer with every return code of
// §3.2.2.3.
import { afterAll, describe, expect, it } from "vitest";
import { Layer, Problem, Reason, State } from "xs-mqtt";
import { startAedes } from "../../host-sim/brokers/aedes/aedes.js";
import { endAll, startMosquitto } from "../support/brokers.js";
import { Device } from "../support/device.js";
import { describeWithMosquitto } from "../support/mosquitto.js";
import { Peer } from "../support/peer.js";
import { pause, until } from "../support/until.js";

afterAll(endAll);

const HOLD_OFF_MS = 60_000;

/** Starts a device and waits for the end of its first attempt. */
async function refused(device: Device): Promise<Device> {
	device.client.start();
	await until(() => device.ends.length > 0, "the end of the attempt");
	return device;
}

/** No further attempt within a while in which a hasty client would have made dozens. */
async function expectPatience(device: Device): Promise<void> {
	await pause(200);
	expect(device.world.connections).toBe(1);
	expect(device.client.state).toBe(State.WAITING);
}

describe("lesson 28: a return code of CONNACK is a reason", () => {
	// aedes answers only protocol level 5 with code 1 by itself; what a hook may give is 2 … 5.
	it.each([
		[2, Reason.REFUSED_IDENTIFIER],
		[4, Reason.REFUSED_CREDENTIALS],
		[5, Reason.REFUSED_NOT_AUTHORIZED],
	])("%i, which does not heal by itself: the pause is long", async (returnCode, code) => {
		const broker = await startAedes({
			authenticate: (_client, _userName, _password, done) => done(Object.assign(new Error("no"), { returnCode }), null),
		});
		const device = await refused(new Device(broker.port, { holdOffMs: HOLD_OFF_MS }));
		expect(device.ends).toMatchObject([{ layer: Layer.SERVER, code, detail: returnCode, wasConnected: false }]);
		expect(device.ends[0]!.retryMs).toBeGreaterThanOrEqual(HOLD_OFF_MS / 2);
		expect(device.ends[0]!.retryMs).toBeLessThanOrEqual(HOLD_OFF_MS);
		await expectPatience(device);
		device.remove();
		await broker.close();
	});

	it("3, server unavailable: it is tried again with growing pauses, until it works", async () => {
		let refusals = 0;
		const broker = await startAedes({
			authenticate: (_client, _userName, _password, done) => {
				if (++refusals <= 5) done(Object.assign(new Error("busy"), { returnCode: 3 }), null);
				else done(null, true);
			},
		});
		const limits = [5, 10, 20, 20, 20];
		const device = await new Device(broker.port, {
			reconnectMinMs: 5,
			reconnectMaxMs: 20,
			holdOffMs: HOLD_OFF_MS,
		}).connect();
		expect(device.ends.map(({ code }) => code)).toEqual(limits.map(() => Reason.REFUSED_SERVER_UNAVAILABLE));
		device.ends.forEach(({ retryMs }, i) => expect(retryMs).toBeLessThanOrEqual(limits[i]!));
		await device.stop();
		await broker.close();
	});

	it("a broker that closes without CONNACK is a lost link, tried again with growing pauses", async () => {
		const broker = await startAedes({ preConnect: (_client, _packet, done) => done(new Error("go away"), false) });
		const device = new Device(broker.port);
		device.client.start();
		await until(() => device.ends.length >= 5, "five attempts");
		for (const end of device.ends) {
			expect(end).toMatchObject({ layer: Layer.TRANSPORT, code: Reason.LINK_LOST, wasConnected: false });
		}
		await device.stop();
		await broker.close();
	});

	it("with reconnect off there is no second attempt, and start() makes one", async () => {
		let accept = false;
		const broker = await startAedes({ authenticate: (_client, _userName, _password, done) => done(null, accept) });
		const device = await refused(new Device(broker.port, { reconnect: false }));
		expect(device.ends).toMatchObject([{ code: Reason.REFUSED_NOT_AUTHORIZED, retryMs: -1 }]);
		expect(device.client.state).toBe(State.STOPPED);
		accept = true;
		await device.connect();
		await device.stop();
		await broker.close();
	});
});

describe("authorisation", () => {
	it("lesson 19: a refused filter is an error for that filter; the others work", async () => {
		const broker = await startAedes({
			authorizeSubscribe: (_client, subscription, done) =>
				done(null, subscription.topic === "secret" ? null : subscription),
		});
		const device = new Device(broker.port);
		const filters = ["open/a", "secret", "open/b"];
		for (const filter of filters) device.client.subscribe(filter, 1, device.keep);
		await device.connect();
		await until(() => device.granted.length === 3, "SUBACK");
		expect(device.granted).toEqual([1, 0x80, 1]);
		expect(device.problems).toEqual([[Problem.SUBSCRIPTION_REFUSED, 1]]);
		const peer = await Peer.connect(broker.port);
		for (const topic of ["secret", "open/a", "open/b"]) await peer.publish(topic, topic, 1);
		await device.untilReceived(2);
		expect(device.payloads).toEqual(["open/a", "open/b"]);
		await device.stop();
		await peer.end();
		await broker.close();
	});

	it("lesson 28: a publish that costs the connection shows as a lost link, and goes out again", async () => {
		let refusals = 0;
		const broker = await startAedes({
			authorizePublish: (_client, packet, done) =>
				done(packet.topic === "secret" && ++refusals <= 3 ? new Error("not yours") : null),
		});
		const peer = await (await Peer.connect(broker.port)).subscribe("#", 1);
		const device = await new Device(broker.port).connect();
		device.client.publish("secret", "m", 1);
		await peer.untilReceived(1);
		await device.drained();
		expect(device.ends.map(({ code }) => code)).toEqual([Reason.LINK_LOST, Reason.LINK_LOST, Reason.LINK_LOST]);
		await device.stop();
		await peer.end();
		await broker.close();
	});
});

describeWithMosquitto("mosquitto", () => {
	it("refuses wrong credentials, and takes the right ones", async () => {
		const broker = await startMosquitto({ users: { anna: "grüße" } });
		const options = { holdOffMs: HOLD_OFF_MS };
		const wrong = [
			{},
			{ userName: "anna" },
			{ userName: "anna", password: "x" },
			{ userName: "bert", password: "grüße" },
		];
		for (const credentials of wrong) {
			const device = await refused(new Device(broker.port, { ...options, ...credentials }));
			expect(device.ends).toMatchObject([{ code: Reason.REFUSED_NOT_AUTHORIZED, detail: 5, wasConnected: false }]);
			expect(device.ends[0]!.retryMs).toBeGreaterThanOrEqual(HOLD_OFF_MS / 2);
			device.remove();
		}
		for (const password of ["grüße", Buffer.from("grüße")]) {
			const device = await new Device(broker.port, { userName: "anna", password }).connect();
			await device.stop();
		}
		await broker.stop();
	});

	it("refuses an empty identifier where it may, and makes one up where it may", async () => {
		const strict = await startMosquitto({ config: ["allow_zero_length_clientid false"] });
		const device = await refused(new Device(strict.port, { clientId: "", holdOffMs: HOLD_OFF_MS }));
		expect(device.ends).toMatchObject([{ layer: Layer.SERVER, code: Reason.REFUSED_IDENTIFIER, detail: 2 }]);
		await expectPatience(device);
		// A hint that something has changed is worth an attempt.
		device.client.networkUp();
		await until(() => device.ends.length === 2, "the end of the second attempt");
		device.remove();
		await strict.stop();

		const friendly = await startMosquitto();
		const nameless = await new Device(friendly.port, { clientId: "" }).connect();
		expect(nameless.accepted).toEqual([false]);
		await nameless.stop();
		await friendly.stop();
	});
});
