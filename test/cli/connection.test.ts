// Goal: what a client is made from: options over --set over the URL over the manifest over defaults.
import { describe, expect, it } from "vitest";
import { type ConnectionFlags, connectionSettings } from "../../host-sim/commands/connection.js";
import { folderWith } from "../support/files.js";

function settingsOf(flags: Partial<ConnectionFlags>) {
	return connectionSettings({ qos: 0, ...flags });
}

const URL_FLAG = {
	scheme: "mqtt",
	host: "url",
	port: 2,
	userName: "u",
	password: "p",
	topic: "t",
	path: "/t",
} as const;

describe("connectionSettings", () => {
	it("has sizes for a desk and an identifier of its own, unless told", () => {
		const first = settingsOf({});
		expect(first).toMatchObject({ host: "localhost", port: 1883, rxBuffer: 16_384, outbox: 65_536, inflight: 20 });
		expect(first.clientId).toMatch(/^xs-mqtt-[0-9a-f]{12}$/);
		expect(settingsOf({}).clientId).not.toBe(first.clientId);
		expect(settingsOf({ idPrefix: "desk-" }).clientId).toBe(`desk-${process.pid}`);
	});

	it("takes the manifest's settings, and nothing meant for a desk beside them", () => {
		const mqtt = { host: "broker.test", port: 1, clientId: "m", cleanSession: false, rxBuffer: 300, userName: "m" };
		const manifest = `${folderWith({ "manifest.json": { config: { mqtt } } })}/manifest.json`;
		expect(settingsOf({ manifest })).toEqual(mqtt);
		const flags = { host: "option", port: 5, id: "option", username: "o", pw: "q", url: URL_FLAG, set: { port: 4 } };
		expect(settingsOf({ manifest, ...flags })).toEqual({
			...mqtt,
			host: "option",
			port: 5,
			clientId: "option",
			userName: "o",
			password: "q",
		});
		expect(settingsOf({ manifest, url: URL_FLAG })).toMatchObject({
			host: "url",
			port: 2,
			userName: "u",
			password: "p",
		});
		expect(settingsOf({ manifest, pw: "q" })).toMatchObject({ userName: "m", password: "q" });
	});

	it("takes an option before the same by --set", () => {
		const set = { outbox: 100, inflight: 2, keepAlive: 7, txBuffer: 200 };
		const flags = { outbox: 300, maxInflight: 3, keepalive: 0 };
		expect(settingsOf({ set, ...flags })).toMatchObject({ outbox: 300, inflight: 3, keepAlive: 0, txBuffer: 200 });
	});

	it("reads no more at once than the receive buffer takes, unless it is told how much", () => {
		expect(settingsOf({ rxBuffer: 512 })).toMatchObject({ rxBuffer: 512, readSize: 512 });
		expect(settingsOf({ set: { rxBuffer: 512 } })).toMatchObject({ rxBuffer: 512, readSize: 512 });
		expect(settingsOf({ rxBuffer: 512, set: { readSize: 100 } })).toMatchObject({ rxBuffer: 512, readSize: 100 });
		expect(settingsOf({ rxBuffer: 100_000 })).toMatchObject({ rxBuffer: 100_000, readSize: 16_384 });
	});

	it("makes a will from its options", () => {
		const will = { topic: "w", payload: "", qos: 0, retain: false };
		expect(settingsOf({ willTopic: "w" }).will).toEqual(will);
		const more = { willPayload: "gone", willQos: 2, willRetain: true } as const;
		expect(settingsOf({ willTopic: "w", ...more }).will).toEqual({ topic: "w", payload: "gone", qos: 2, retain: true });
		expect(settingsOf({}).will).toBeUndefined();
	});
});
