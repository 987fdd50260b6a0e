import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Reason } from "xs-mqtt";
import { tls } from "xs-mqtt/tls";
import { startAedes, type EmbeddedBroker } from "../../host-sim/brokers/aedes/aedes.js";
import { Cast, casesOf, type TlsCase } from "../../host-sim/desk/tls/cases.js";
import { Peer } from "../../host-sim/desk/tls/peers.js";
import { Device, endDevices } from "../support/device.js";
import { until } from "../support/until.js";

// Goal: in the simulator TLS refuses what it refuses on a device, with the same reasons, tells nobody anything before it is sure,
// and gets through once the fault is mended.
// Method: the table of servers that the check on the SDK's simulator goes through, with the client on the stand-in of TLS; what
// OpenSSL sees in another way stands beside.

const cast = new Cast();
const cases = casesOf(cast);

/**
 * What OpenSSL tells otherwise: reason, and its detail. It does not say which certificate of a chain is no good, nor which version
 * it was, and takes a farewell in place of an answer for the end of the connection; records without bytes it passes over.
 */
const OTHERWISE: Readonly<Record<string, readonly [reason: number, detail: number]>> = {
	"a path that is too long": [Reason.BAD_SIGNATURE, 0],
	"an intermediate that has expired": [Reason.CERTIFICATE_EXPIRED, 0],
	// To OpenSSL it is one for another purpose.
	"a leaf of version 1 that issues": [Reason.WRONG_SERVER_NAME, 0],
	"close_notify for ServerHello": [Reason.HANDSHAKE_CUT, 0],
	"TLS 1.1": [Reason.SECURITY_PROTOCOL, 3],
	"SSL 3.0": [Reason.SECURITY_PROTOCOL, 3],
	"a record of no bytes": [Reason.SECURITY_TIMEOUT, 0],
};

/** Its server is the right one: CONNECT goes out before what came behind Finished is looked at. */
const SAYS_CONNECT = "data behind Finished";

const wantedOf = ({ name, wanted }: TlsCase): readonly [reason: number, detail: number] | undefined =>
	OTHERWISE[name] ?? wanted;

let broker: EmbeddedBroker;
beforeAll(async () => {
	broker = await startAedes();
});
afterAll(async () => {
	endDevices();
	await broker.close();
});

/** The deadline of a handshake; short where it is what the case is about. */
const PATIENCE_MS = 20_000;
const IMPATIENCE_MS = 300;

function device(one: TlsCase, port: number): Device {
	const { host = "broker.test", ca, certificate, alpn, rsaKeyExchange = false, verify = true } = one;
	const transport = tls({
		ca: ca.map(({ der }) => new Uint8Array(der)),
		serverName: host,
		rsaKeyExchange,
		verify,
		...(certificate && { certificate: new Uint8Array(certificate.der), key: new Uint8Array(certificate.keyDer) }),
		...(alpn !== undefined && { alpn }),
	});
	const isSlow = wantedOf(one)?.[0] === Reason.SECURITY_TIMEOUT;
	return new Device(port, { transport, handshakeTimeoutMs: isSlow ? IMPATIENCE_MS : PATIENCE_MS });
}

describe("a server that is as it should be", () => {
	it.each(cases.filter(({ wanted }) => wanted === undefined))("connects: $name", async (one) => {
		const peer = await Peer.listen(broker.port, one.conduct);
		const client = device(one, peer.port);
		await client.connect();
		await client.subscribe("a/#", 2);
		client.client.publish("a/b", "x", 2);
		await client.untilReceived(1);
		expect(client.ends).toEqual([]);
		await client.stop();
		peer.close();
	});
});

describe("a server that is not", () => {
	it.each(cases.filter(({ wanted }) => wanted !== undefined))(
		"is refused, and let in when mended: $name",
		async (one) => {
			const peer = await Peer.listen(broker.port, one.conduct, cast.cure);
			const client = device({ ...one, ca: [...one.ca, cast.ca] }, peer.port);
			client.client.start();
			await until(() => client.ends.length > 0, "an end");
			const { code, detail, wasConnected } = client.ends[0]!;
			expect([code, detail, wasConnected]).toEqual([...wantedOf(one)!, one.late === true]);
			if (one.late !== true && one.name !== SAYS_CONNECT)
				expect(peer.met.map(({ data }) => data.length)).toEqual(peer.met.map(() => 0));
			await until(() => client.client.connected, "the cure");
			await client.stop();
			peer.close();
		},
	);
});
