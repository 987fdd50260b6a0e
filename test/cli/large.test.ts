// Goal: payloads far larger than every buffer pass at every QoS, byte for byte, also when the link is cut in the middle.
// Method: 20 MB through a mosquitto of our own, with a receive buffer of 512 bytes; then 3 MB through a link that is cut.
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { folderWith } from "../support/files.js";
import { describeWithMosquitto, Mosquitto } from "../support/mosquitto.js";
import { runCliProcess, startCli } from "./run-cli.js";

const SIZE = 20_000_000;

let broker: Mosquitto;

beforeAll(async () => {
	broker = await Mosquitto.start();
});
afterAll(async () => {
	await broker.stop();
});

function digest(bytes: Uint8Array): string {
	return createHash("sha256").update(bytes).digest("hex");
}

/** The figures of `-d` lines "arena: 1234 bytes": at the start and at the end. */
function arenas(err: string): number[] {
	return [...err.matchAll(/^arena: ([0-9]+) bytes$/gm)].map((match) => Number(match[1]));
}

describeWithMosquitto("a file of 20 MB", () => {
	it.each(["0", "1", "2"])("passes at QoS %s through buffers of 512 bytes", { timeout: 60_000 }, async (qos) => {
		const payload = randomBytes(SIZE);
		const folder = folderWith({});
		writeFileSync(`${folder}/image`, payload);
		const to = ["-h", "127.0.0.1", "-p", `${broker.port}`, "-t", "image", "-q", qos];
		const small = ["--rx-buffer", "512", "--tx-buffer", "512", "--outbox", "512", "-d"];
		const reader = startCli(["sub", ...to, ...small, "-N", "-C", "1"], "");
		await reader.waitForErr(/SUBACK/);
		const written = await runCliProcess(["pub", ...to, ...small, "-f", `${folder}/image`]);
		const read = await reader.ended;
		expect([written.exitCode, read.exitCode]).toEqual([0, 0]);
		expect(read.out.length).toBe(SIZE);
		expect(digest(read.out)).toBe(digest(payload));
		for (const [start, end] of [arenas(written.err), arenas(read.err)]) {
			// Tables for 1,024 identifiers among them.
			expect(start).toBeLessThan(8192);
			expect(end).toBe(start);
		}
	});
});

/** A way to the broker that cuts each of the first connections after so many bytes to the client. */
async function cuttingProxy(port: number, cutsAfter: readonly number[]): Promise<Server> {
	const cuts = [...cutsAfter];
	const server = createServer((client: Socket) => {
		let left = cuts.shift() ?? Infinity;
		const upstream = connect(port, "127.0.0.1");
		const end = (): void => {
			client.destroy();
			upstream.destroy();
		};
		client.on("error", end).on("close", end).pipe(upstream);
		upstream.on("error", end).on("close", end);
		upstream.on("data", (chunk) => {
			if (!client.write(chunk.subarray(0, left)) && left > chunk.length) {
				upstream.pause();
				client.once("drain", () => upstream.resume());
			}
			left -= chunk.length;
			if (left <= 0) end();
		});
	}).listen(0, "127.0.0.1");
	await new Promise((resolve) => server.once("listening", resolve));
	return server;
}

describeWithMosquitto("a message that is cut off again and again", () => {
	it.each(["1", "2"])("is printed once, whole, at QoS %s", { timeout: 60_000 }, async (qos) => {
		const payload = randomBytes(3_000_000);
		const folder = folderWith({});
		writeFileSync(`${folder}/image`, payload);
		const broken = await Mosquitto.start();
		const proxy = await cuttingProxy(broken.port, [1000, 1_500_000, 700_000, 2_999_000]);
		const { port } = proxy.address() as { port: number };
		try {
			const session = ["-i", "reader", "-c", "-t", "image", "-q", qos];
			await runCliProcess(["sub", "-h", "127.0.0.1", "-p", `${broken.port}`, ...session, "-E"]);
			const file = ["-t", "image", "-q", qos, "-f", `${folder}/image`];
			await runCliProcess(["pub", "-h", "127.0.0.1", "-p", `${broken.port}`, ...file]);
			const soon = ["reconnectMinMs=10", "reconnectMaxMs=20", "holdOffMs=20", "rxBuffer=512", "readSize=512"];
			const args = [
				"sub",
				"-h",
				"127.0.0.1",
				"-p",
				`${port}`,
				...session,
				...soon.flatMap((value) => ["--set", value]),
				"-N",
				"-C",
				"1",
			];
			const { exitCode, out, err } = await runCliProcess(args);
			expect(exitCode).toBe(0);
			expect(digest(out)).toBe(digest(payload));
			expect(err.match(/trying again/g)).toHaveLength(4);
		} finally {
			proxy.close();
			await broken.stop();
		}
	});
});
