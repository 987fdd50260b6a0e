import { connectAsync } from "mqtt";
import { describe, expect, it } from "vitest";
import { startAedes } from "../../host-sim/brokers/aedes/aedes.js";
import { makeImage } from "../../host-sim/companions/ota.js";
import { crc32 } from "../../host-sim/companions/crc32.js";

describe("startAedes", () => {
	it("serves clients on a free port, and ends them all with close()", async () => {
		const broker = await startAedes();
		expect(broker.port).toBeGreaterThan(0);
		const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 0 });
		const got = new Promise<string>((resolve) =>
			client.once("message", (_topic, payload) => resolve(payload.toString())),
		);
		await client.subscribeAsync("a/#", { qos: 2 });
		await client.publishAsync("a/b", "hello", { qos: 2 });
		expect(await got).toBe("hello");
		const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
		await broker.close();
		await closed;
	});

	it("takes the hooks of aedes, and refuses a port that is taken", async () => {
		const broker = await startAedes({
			authenticate: (_client, userName, _password, done) => done(null, userName === "me"),
		});
		const url = `mqtt://127.0.0.1:${broker.port}`;
		await expect(connectAsync(url, { username: "you", reconnectPeriod: 0 }, false)).rejects.toThrow();
		await (await connectAsync(url, { username: "me" }, false)).endAsync(true);
		await expect(startAedes({ port: broker.port })).rejects.toThrow("EADDRINUSE");
		await broker.close();
	});

	it("resets connections and lives on", async () => {
		const broker = await startAedes();
		const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 10 });
		client.on("error", () => {});
		const again = new Promise<void>((resolve) => client.once("connect", () => resolve()));
		broker.dropConnections();
		await again;
		await client.endAsync(true);
		await broker.close();
	});
});

describe("the image of the ota companion", () => {
	it("has its CRC-32 in front of it, and is always the same", () => {
		expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
		const image = makeImage(1000);
		expect(image.length).toBe(1008);
		expect(Number.parseInt(image.toString("latin1", 0, 8), 16)).toBe(crc32(image.subarray(8)));
		expect(makeImage(1000).equals(image)).toBe(true);
	});
});
