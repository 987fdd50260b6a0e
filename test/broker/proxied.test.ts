// Goal: telemetry, unchanged, reaches a mosquitto that wants a certificate by mqtts://, and a broker behind nginx by wss://; pub and
// sub do, too; a path that leads nowhere is told with its status.
// Method: the commands as processes; real servers with certificates made for the test.
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { tryBuildXsHost } from "../../host-sim/stand-ins/xs/build.js";
import { Running, runCliProcess, startCli } from "../cli/run-cli.js";
import { Certificates } from "../support/certificates.js";
import { folderWith } from "../support/files.js";
import { describeWithMosquitto, freePort, Mosquitto } from "../support/mosquitto.js";
import { describeWithNginx, Nginx } from "../support/nginx.js";

const found = await tryBuildXsHost();
const engines = "host" in found ? ["node", "xs"] : ["node"];
const RUN = ["--no-companion", "--duration", "3", "--seed", "5", "--expect-delivered", "1"];

const certificates = new Certificates();
const server = certificates.server({ names: ["localhost"], issuer: certificates.intermediate() });
const client = certificates.client();

async function ok(running: Running): Promise<void> {
	expect(await running.ended).toMatchObject({ exitCode: 0, err: "" });
}

describeWithMosquitto("mosquitto that wants certificates", () => {
	let broker: Mosquitto;
	let port: number;
	beforeAll(async () => {
		port = await freePort();
		broker = await Mosquitto.start({
			files: {
				"ca.pem": certificates.ca.pem,
				"server.pem": server.chainPem,
				"server.key": server.keyPem,
				"client.pem": client.pem,
				"client.key": client.keyPem,
			},
			config: [
				`listener ${port} 127.0.0.1`,
				...["cafile {folder}/ca.pem", "certfile {folder}/server.pem", "keyfile {folder}/server.key"],
				...["require_certificate true", "use_identity_as_username true"],
			],
		});
	});
	afterAll(() => broker.stop());

	it.each(engines)("takes telemetry on %s by its certificate", { timeout: 90_000 }, async (engine) => {
		const file = (name: string): string => join(broker.folder, name);
		const trusted = ["--broker", `mqtts://localhost:${port}`, "--cafile", file("ca.pem")];
		const own = ["--cert", file("client.pem"), "--key", file("client.key")];
		const from = broker.log.length;
		const taken = await runCliProcess(["run", "telemetry", ...trusted, ...own, "--engine", engine, ...RUN]);
		expect({ exitCode: taken.exitCode, err: taken.err }).toEqual({ exitCode: 0, err: "" });
		// Who it is, the broker has from the certificate.
		expect(broker.log.slice(from)).toMatch(/New client connected .* as sensor-1 \(.*u'device-1'\)/);
		const refused = await runCliProcess(["run", "telemetry", ...trusted, "--engine", engine, ...RUN]);
		expect(refused.exitCode).toBe(1);
		expect(refused.err).toContain("SECURITY_REFUSED of layer SECURITY");
	});
});

describeWithNginx("a broker behind nginx", () => {
	let broker: EmbeddedBroker;
	let nginx: Nginx;
	beforeAll(async () => {
		broker = await startAedes({ ways: { ws: 0 } });
		nginx = await Nginx.start(broker.ports.ws!, "/some/mqtt", { chain: server.chainPem, key: server.keyPem });
	});
	afterAll(async () => {
		await nginx.stop();
		await broker.close();
	});

	it.each(engines)("is reached by telemetry on %s", { timeout: 90_000 }, async (engine) => {
		const ca = join(folderWith({ "ca.pem": certificates.ca.pem }), "ca.pem");
		const run = ["run", "telemetry", "--cafile", ca, "--engine", engine, ...RUN];
		const at = `wss://localhost:${nginx.port}`;
		const { exitCode, err, out } = await runCliProcess([...run, "--broker", `${at}/some/mqtt`]);
		expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
		expect(out.toString()).toMatch(
			/secured: TLSv1\.2 with .*\n.*upgrade: GET \/some\/mqtt\n.*upgraded: HTTP\/1\.1 101 /,
		);
		const wrong = await runCliProcess([...run, "--broker", `${at}/elsewhere`]);
		expect([wrong.exitCode, wrong.err]).toEqual([1, expect.stringContaining("UPGRADE_REFUSED of layer WEBSOCKET")]);
	});

	it("is reached by pub and sub", async () => {
		const ca = join(folderWith({ "ca.pem": certificates.ca.pem }), "ca.pem");
		const at = ["-L", `wss://localhost:${nginx.port}/a/b`, "--cafile", ca];
		const subscribed = new Promise<void>((resolve) => broker.aedes.once("subscribe", () => resolve()));
		const reader = startCli(["sub", ...at, "--ws-path", "/some/mqtt", "-q", "2", "-C", "1"], "");
		await subscribed;
		await ok(startCli(["pub", ...at, "--ws-path", "/some/mqtt", "-q", "2", "-m", "x"]));
		expect((await reader.ended).out.toString()).toBe("x\n");
		const { exitCode, err } = await runCliProcess(["pub", ...at, "-m", "x"]);
		expect({ exitCode, err }).toEqual({
			exitCode: 1,
			err: `Error: localhost:${nginx.port}: WebSocket: the server refused: HTTP status 404, see --ws-path\n`,
		});
	});
});
