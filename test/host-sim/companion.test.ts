// Goal: the client of the companions does what they need of it, on a desk: both ways, any size, across a lost connection.
// Method: against the embedded broker, with MQTT.js at the other side.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { plainRoute } from "../../host-sim/companions/companion.js";
import { CompanionClient } from "../../host-sim/companions/connect.js";
import { RealClock } from "../../host-sim/world/real-clock.js";
import { Peer } from "../support/peer.js";
import { until } from "../support/until.js";

describe("the client of the companions", () => {
	let broker: EmbeddedBroker;
	const context = (port: number) => ({
		route: plainRoute({ host: "localhost", port }),
		userName: undefined,
		password: undefined,
		clock: new RealClock(),
		say() {},
	});

	beforeEach(async () => {
		broker = await startAedes();
	});

	afterEach(() => broker.close());

	it("publishes short and large messages, and hears those of others", async () => {
		const peer = await (await Peer.connect(broker.port)).subscribe("to/peer/#", 2);
		const client = await CompanionClient.connect(context(broker.port));
		const heard: string[] = [];
		client.subscribe("to/companion/#", (topic, text) => heard.push(`${topic} ${text}`));
		client.publish("to/peer/short", "hello", 2);
		const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
		client.publishLarge("to/peer/large", bytes);
		await peer.untilReceived(2);
		expect(peer.messages[0]).toMatchObject({ topic: "to/peer/short", payload: "hello", qos: 2 });
		expect(Buffer.from(peer.payloads[1]!, "latin1").equals(bytes)).toBe(true);
		await peer.publish("to/companion/x", "é", 1);
		await until(() => heard.length > 0, "a message at the companion");
		expect(heard).toEqual(["to/companion/x é"]);
		await client.stop();
		await peer.end();
	});

	it("connects and subscribes again after a loss", async () => {
		const client = await CompanionClient.connect(context(broker.port));
		const heard: string[] = [];
		client.subscribe("again", (_topic, text) => heard.push(text));
		broker.dropConnections();
		const peer = await Peer.connect(broker.port);
		// Retained, so that it does not matter who is there first.
		await peer.publish("again", "here", 1, true);
		await until(() => heard.length > 0, "a message after the loss");
		expect(heard[0]).toBe("here");
		await client.stop();
		await peer.end();
	});

	it("says when nobody answers, or it is refused", async () => {
		await expect(CompanionClient.connect(context(1))).rejects.toThrow(/code 20/);
		const strict = await startAedes({ authenticate: (_client, _user, _password, done) => done(null, false) });
		await expect(CompanionClient.connect(context(strict.port))).rejects.toThrow(/layer 3, code 3[45]/);
		await strict.close();
	});
});
