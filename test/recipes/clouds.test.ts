// Goal: the recipes of manifests/recipes.md get through to services that make the demands of the real ones.
// Method: stand-ins on this machine with the same demands (client certificate, ALPN, SNI, signed path, SAS token), reached
// by the real names; what is left out of a recipe is refused, with the reason that the page names.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Reason, type ClientOptions } from "xs-mqtt";
import { tls } from "xs-mqtt/tls";
import { webSocket } from "xs-mqtt/websocket";
import { makeCertificate, type Certificate } from "../support/certificates.js";
import { Device, endDevices } from "../support/device.js";
import { until } from "../support/until.js";
import { sasToken, signedPath } from "./signatures.js";
import { standIn, type StandIn } from "./stand-in.js";

afterAll(endDevices);

const AWS = "a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com";
const HUB = "greenhouse.azure-devices.net";
const HIVEMQ = "0123456789abcdef.s1.eu.hivemq.cloud";

let ca: Certificate;
let device: Certificate;
let service: StandIn;

beforeAll(() => {
	ca = makeCertificate({ name: "Root", key: "rsa", issues: true });
	device = makeCertificate({ name: "thermometer-7", key: "rsa", issuer: ca });
});
afterEach(() => service.close());

/** A service's certificate. */
function serverOf(name: string): { key: string; cert: string } {
	const { keyPem, pem } = makeCertificate({ name, names: [name], key: "rsa", issuer: ca });
	return { key: keyPem, cert: pem };
}

/** A device that goes to the stand-in by the service's name. */
function deviceFor(host: string, options: Partial<ClientOptions>): Device {
	return new Device(0, { host, dns: service.dns, clientId: "thermometer-7", ...options });
}

/** Messages both ways, at QoS 0 and 1, which is what all of them have. */
async function exchange(one: Device): Promise<void> {
	await one.subscribe("thermometer/7/#", 1);
	expect(one.client.publish("thermometer/7/state", "on", 1)).toBeGreaterThan(0);
	expect(one.client.publish("thermometer/7/value", "21.5")).toBe(0);
	await one.untilReceived(2);
	expect(one.payloads.sort()).toEqual(["21.5", "on"]);
	await one.stop();
}

async function endOf(one: Device): Promise<object> {
	one.client.start();
	await until(() => one.ends.length > 0, "an end");
	const [end] = one.ends;
	one.client.close();
	return end!;
}

describe("AWS IoT Core", () => {
	/** Port 443 with its ALPN name: no other protocol, and nobody without a certificate. */
	const secure = () => ({
		...serverOf(AWS),
		ca: ca.pem,
		requestCert: true,
		rejectUnauthorized: true,
		ALPNProtocols: ["x-amzn-mqtt-ca"],
		minVersion: "TLSv1.2" as const,
	});
	const credentials = () => ({ ca: ca.der, certificate: device.der, key: device.keyDer });

	it("takes a client certificate on port 443 by ALPN", async () => {
		service = await standIn({ secure: secure(), admit: (socket) => socket.alpnProtocol === "x-amzn-mqtt-ca" });
		const transport = tls({ ...credentials(), alpn: "x-amzn-mqtt-ca" });
		await exchange(await deviceFor(AWS, { port: 443, transport }).connect());
		expect(service.names).toContain(AWS);
	});

	it("refuses another ALPN name by an alert", async () => {
		service = await standIn({ secure: secure() });
		const transport = tls({ ...credentials(), alpn: "mqtt" });
		expect(await endOf(deviceFor(AWS, { port: 443, transport }))).toMatchObject({
			code: Reason.SECURITY_REFUSED,
			detail: 120,
		});
	});

	it("refuses a device without a certificate", async () => {
		service = await standIn({ secure: secure() });
		const transport = tls({ ca: ca.der, alpn: "x-amzn-mqtt-ca" });
		const { code } = (await endOf(deviceFor(AWS, { port: 443, transport }))) as { code: number };
		expect([Reason.SECURITY_REFUSED, Reason.HANDSHAKE_CUT]).toContain(code);
	});

	it("takes a path that is signed anew at each attempt, over WebSocket", async () => {
		const signer = { host: AWS, region: "eu-central-1", accessKey: "AKIAEXAMPLE", secretKey: "secret/+=" };
		const paths: string[] = [];
		service = await standIn({
			secure: serverOf(AWS),
			upgrade({ url = "" }) {
				const time = /X-Amz-Date=(\w+)/.exec(url)?.[1] ?? "";
				const isNew = !paths.includes(url);
				paths.push(url);
				return isNew && url === signedPath(signer, time) ? 101 : 403;
			},
		});
		let second = 0;
		const path = (): string => signedPath(signer, `20261130T1200${String(second++).padStart(2, "0")}Z`);
		const transport = webSocket({ path, over: tls({ ca: ca.der }), requestSize: 1024 });
		const one = await deviceFor(AWS, { transport }).connect();
		expect(one.client.settings.port).toBe(443);
		service.drop();
		await until(() => one.accepted.length === 2, "the next connection");
		expect(paths.length).toBeGreaterThanOrEqual(2);
		await exchange(one);
	});

	it("answers a signature that is wrong with 403", async () => {
		service = await standIn({ secure: serverOf(AWS), upgrade: () => 403 });
		const transport = webSocket({ path: "/mqtt?X-Amz-Signature=0", over: tls({ ca: ca.der }) });
		expect(await endOf(deviceFor(AWS, { transport }))).toMatchObject({ code: Reason.UPGRADE_REFUSED, detail: 403 });
	});
});

describe("Azure IoT Hub", () => {
	const KEY = Buffer.from("key of the device").toString("base64");
	const USER_NAME = `${HUB}/thermometer-7/?api-version=2021-04-12`;
	/** What the hub checks: the form of the user name, and the token, which may be used once here, and has an end. */
	function gate(): { seen: string[]; check: (client: { id: string }, user?: string, password?: string) => boolean } {
		const seen: string[] = [];
		return {
			seen,
			check(client, userName, password = "") {
				const expiry = Number(/&se=(\d+)$/.exec(password)?.[1]);
				const isRight =
					client.id === "thermometer-7" &&
					userName === USER_NAME &&
					password === sasToken(`${HUB}/devices/thermometer-7`, KEY, expiry) &&
					!seen.includes(password);
				seen.push(password);
				return isRight;
			},
		};
	}

	it("takes a SAS token that is made anew at each attempt", async () => {
		const { seen, check } = gate();
		service = await standIn({ secure: serverOf(HUB), gate: check });
		let expiry = 1_800_000_000;
		const one = await deviceFor(HUB, {
			transport: tls({ ca: ca.der }),
			userName: USER_NAME,
			password: () => sasToken(`${HUB}/devices/thermometer-7`, KEY, expiry++),
		}).connect();
		service.drop();
		await until(() => one.accepted.length === 2, "the next connection");
		expect(new Set(seen).size).toBe(seen.length);
		expect(one.client.settings.port).toBe(8883);
		await exchange(one);
	});

	it("refuses a token that was used before", async () => {
		const { check } = gate();
		service = await standIn({ secure: serverOf(HUB), gate: check });
		const password = sasToken(`${HUB}/devices/thermometer-7`, KEY, 1_800_000_000);
		const one = await deviceFor(HUB, { transport: tls({ ca: ca.der }), userName: USER_NAME, password }).connect();
		service.drop();
		await until(() => one.ends.some(({ code }) => code === Reason.REFUSED_NOT_AUTHORIZED), "a refusal");
		one.client.close();
	});
});

describe("HiveMQ Cloud and EMQX Cloud", () => {
	/** Many customers share one address: without its name nobody is let in. */
	const gate = (_client: unknown, userName?: string, password?: string): boolean =>
		service.names.at(-1) === HIVEMQ && userName === "thermometer" && password === "secret";

	it("take user name and password over TLS with SNI", async () => {
		service = await standIn({ secure: serverOf(HIVEMQ), gate });
		const identity = { userName: "thermometer", password: "secret" };
		await exchange(await deviceFor(HIVEMQ, { transport: tls({ ca: ca.der }), ...identity }).connect());
	});

	it("take the same over WebSocket", async () => {
		service = await standIn({
			secure: serverOf(HIVEMQ),
			upgrade: ({ url }) => (url === "/mqtt" ? 101 : 404),
			gate,
		});
		const identity = { userName: "thermometer", password: "secret" };
		const transport = webSocket({ path: "/mqtt", over: tls({ ca: ca.der }) });
		await exchange(await deviceFor(HIVEMQ, { port: 8884, transport, ...identity }).connect());
	});

	it("refuse another user name", async () => {
		service = await standIn({ secure: serverOf(HIVEMQ), gate });
		const identity = { userName: "somebody", password: "secret" };
		const end = await endOf(deviceFor(HIVEMQ, { transport: tls({ ca: ca.der }), ...identity }));
		expect(end).toMatchObject({ code: Reason.REFUSED_NOT_AUTHORIZED });
	});
});
