// Goal: a handshake of TLS that is cut at any byte, of the server or of the client, is an end with its reason, no attempt is taken
// for a connection, and the first that is left alone gets through.
// Method: a proxy before a broker with TLS that resets connection n after n bytes of one direction; one device tries on and on.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { Reason } from "xs-mqtt";
import { tls } from "xs-mqtt/tls";
import { startAedes } from "../../host-sim/brokers/aedes/aedes.js";
import { Device, endDevices } from "../support/device.js";
import { until } from "../support/until.js";

afterAll(endDevices);

/** More than a handshake with keys on a curve takes in either direction. */
const BYTES_MAX = 3_000;
const TIMEOUT_MS = 150_000;

/** Resets its connections after 0, 1, 2 … bytes in one direction. */
async function cuttingProxy(brokerPort: number, direction: "in" | "out") {
	let count = 0;
	const server = createServer((device) => {
		const broker = connect(brokerPort, "127.0.0.1");
		let left = count++;
		const cut = (): void => {
			device.resetAndDestroy();
			broker.destroy();
		};
		const pass = (from: Socket, to: Socket, isCut: boolean): void => {
			from.on("data", (bytes) => {
				if (!isCut || left >= bytes.length) to.write(bytes);
				else if (left >= 0) to.write(bytes.subarray(0, left), cut);
				if (isCut) left = bytes.length > left ? -1 : left - bytes.length;
			});
			from.on("error", () => undefined);
			from.on("close", () => to.destroy());
		};
		pass(broker, device, direction === "in");
		pass(device, broker, direction === "out");
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as AddressInfo).port,
		/** Connections so far: the last has let so many bytes pass, less one. */
		count: () => count,
		close: () => server.close(),
	};
}

describe("a handshake that is cut", () => {
	it.each(["in", "out"] as const)(
		"at each byte that goes %s is an end, and the next goes one byte further",
		async (direction) => {
			const broker = await startAedes({ ways: { mqtts: 0 } });
			const proxy = await cuttingProxy(broker.ports.mqtts!, direction);
			const transport = tls({ ca: broker.ca!, serverName: "localhost" });
			const device = new Device(proxy.port, { transport, reconnectMinMs: 1, reconnectMaxMs: 1 });
			device.client.start();
			await until(() => device.client.connected || proxy.count() > BYTES_MAX, "a connection", TIMEOUT_MS);
			expect(device.client.connected).toBe(true);
			// ServerHello, Certificate, ServerKeyExchange and Finished, or ClientHello, ClientKeyExchange and Finished.
			expect(proxy.count()).toBeGreaterThan(300);
			expect(device.ends.length).toBe(proxy.count() - 1);
			const codes = device.ends.map(({ code }) => code);
			const afterwards = codes.lastIndexOf(Reason.HANDSHAKE_CUT) + 1;
			expect(new Set(codes.slice(0, afterwards))).toEqual(new Set([Reason.HANDSHAKE_CUT]));
			expect([...new Set(codes.slice(afterwards))].filter((code) => code !== Reason.LINK_LOST)).toEqual([]);
			expect(device.ends.filter(({ wasConnected }) => wasConnected)).toEqual([]);
			await device.stop();
			proxy.close();
			await broker.close();
		},
		TIMEOUT_MS,
	);
});
