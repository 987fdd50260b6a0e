// Goal: a signal ends `pub` and `sub` with 0 only when nothing was left undone.
// Method: the command itself against a server of a few lines, which answers so much and no more.
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { startCli, type Outcome } from "./run-cli.js";

/** Packet types of the first byte, and what a server answers to them. */
const CONNECT = 0x10;
const PUBLISH = 0x30;
const SUBSCRIBE = 0x80;
const CONNACK_BYTES = Buffer.from([0x20, 2, 0, 0]);

/** Runs a command against a server that answers by `answer`, and sends SIGTERM at the first packet of type `last`. */
async function terminate(args: string[], last: number, answer: (packet: Buffer) => Buffer | undefined) {
	let ended: Promise<Outcome> | undefined;
	const arrived = new Promise<void>((resolve) => {
		const server = createServer((socket) => {
			socket.on("error", () => {});
			socket.on("data", (packet: Buffer) => {
				const bytes = answer(packet);
				if (bytes) socket.write(bytes);
				// What was answered has to arrive before the signal does.
				if ((packet[0]! & 0xf0) === last) setTimeout(resolve, bytes ? 300 : 0);
			});
		});
		onTestFinished(() => void server.close());
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as AddressInfo;
			const running = startCli([args[0]!, "-h", "127.0.0.1", "-p", String(port), "-t", "a", ...args.slice(1)]);
			ended = running.ended;
			void arrived.then(() => running.child.kill("SIGTERM"));
		});
	});
	await arrived;
	const { exitCode, err } = await ended!;
	return { exitCode, err };
}

const nothing = (): undefined => undefined;
const connack = (packet: Buffer): Buffer | undefined => (packet[0] === CONNECT ? CONNACK_BYTES : undefined);
const suback = (packet: Buffer): Buffer | undefined =>
	packet[0] === SUBSCRIBE + 2 ? Buffer.from([0x90, 3, packet[2]!, packet[3]!, 0]) : connack(packet);

describe("a signal", () => {
	it.each(["pub -q 1 -m x", "sub", "sub -C 1"])("before CONNACK leaves everything undone: %s", async (line) => {
		const { exitCode, err } = await terminate(line.split(" "), CONNECT, nothing);
		expect(exitCode).toBe(1);
		expect(err).toBe("Error: interrupted: there was no connection yet\n");
	});

	it("before PUBACK leaves a message undelivered", async () => {
		const args = ["pub", "-q", "1", "-m", "x", "--set", "stopTimeoutMs=100"];
		expect(await terminate(args, PUBLISH, connack)).toEqual({ exitCode: 1, err: "Error: 1 message not delivered\n" });
	});

	it("before SUBACK leaves a subscription without an answer", async () => {
		const { exitCode, err } = await terminate(["sub"], SUBSCRIBE, connack);
		expect([exitCode, err]).toEqual([1, "Error: interrupted: the broker has not answered to all filters\n"]);
	});

	it("before the last of -C messages leaves messages to be waited for", async () => {
		const { exitCode, err } = await terminate(["sub", "-C", "2"], SUBSCRIBE, suback);
		expect([exitCode, err]).toEqual([1, "Error: interrupted: 0 of 2 messages\n"]);
	});

	it("while listening without an end is how it ends", async () => {
		expect(await terminate(["sub"], SUBSCRIBE, suback)).toEqual({ exitCode: 0, err: "" });
	});
});
