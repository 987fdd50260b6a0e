// Goal: a device whose certificate was revoked is told so, by a reason with the alert's number, and held off; one whose
// certificate stands gets in at the same broker.
// Method: mosquitto with a revocation list that the openssl command has made.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Reason, type TransportFactory } from "xs-mqtt";
import { tls } from "xs-mqtt/tls";
import { Certificates, type Certificate } from "../support/certificates.js";
import { Device, endDevices } from "../support/device.js";
import { folderWith } from "../support/files.js";
import { describeWithMosquitto, findProgram, freePort, Mosquitto } from "../support/mosquitto.js";
import { until } from "../support/until.js";

afterAll(endDevices);

/** certificate_revoked (RFC 5246 §7.2). */
const REVOKED = 44;

const CONFIG = `[ca]
default_ca = here
[here]
database = index.txt
crlnumber = number
default_md = sha256
default_crl_days = 30
`;

/** A list of what an authority has revoked, in PEM. */
function revocationList(ca: Certificate, revoked: Certificate): string {
	const folder = folderWith({
		"ca.pem": ca.pem,
		"ca.key": ca.keyPem,
		"revoked.pem": revoked.pem,
		config: CONFIG,
		"index.txt": "",
		number: "01\n",
	});
	const common = ["ca", "-config", "config", "-keyfile", "ca.key", "-cert", "ca.pem"];
	for (const args of [
		[...common, "-revoke", "revoked.pem"],
		[...common, "-gencrl", "-out", "list.pem"],
	]) {
		const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
		expect(status, stderr).toBe(0);
	}
	return readFileSync(join(folder, "list.pem"), "utf8");
}

describeWithMosquitto("mosquitto with a revocation list", () => {
	it.skipIf(findProgram("openssl") === undefined)("refuses the device that is on it, and no other", async () => {
		const certificates = new Certificates("rsa");
		const server = certificates.server({ names: ["localhost"] });
		const [good, revoked] = [certificates.client(), certificates.client({ name: "device-2" })];
		const port = await freePort();
		const broker = await Mosquitto.start({
			files: {
				"ca.pem": certificates.ca.pem,
				"server.pem": server.pem,
				"server.key": server.keyPem,
				"list.pem": revocationList(certificates.ca, revoked),
			},
			config: [
				`listener ${port} 127.0.0.1`,
				...["cafile {folder}/ca.pem", "certfile {folder}/server.pem", "keyfile {folder}/server.key"],
				...["crlfile {folder}/list.pem", "require_certificate true"],
			],
		});
		const transportOf = (client: Certificate): TransportFactory =>
			tls({ ca: certificates.ca.der, certificate: client.der, key: client.keyDer, serverName: "localhost" });
		const one = new Device(port, { transport: transportOf(revoked) });
		one.client.start();
		await until(() => one.ends.length > 0, "an end");
		expect(one.ends[0]).toMatchObject({ code: Reason.SECURITY_REFUSED, detail: REVOKED, wasConnected: false });
		one.client.close();
		const other = await new Device(port, { transport: transportOf(good) }).connect();
		await other.stop();
		await broker.stop();
	});
});
