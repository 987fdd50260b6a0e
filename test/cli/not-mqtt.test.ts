// Goal: what is no broker, or an odd one, is named so that people know what to try next.
// Method: servers of a few lines that answer in other words; the command itself.
import { lookup } from "node:dns/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Reason } from "../../firmware/client/terms/codes.js";
import { describeEnd } from "../../host-sim/terminal/reasons.js";
import { runCliProcess } from "./run-cli.js";

async function serve(answer: (socket: Socket) => void, host = "127.0.0.1"): Promise<number> {
	const server = createServer((socket) => {
		socket.on("error", () => undefined);
		socket.once("data", () => answer(socket));
	});
	onTestFinished(() => void server.close());
	await new Promise<void>((resolve) => server.listen(0, host, resolve));
	return (server.address() as AddressInfo).port;
}

const PUB = ["pub", "-t", "a", "-m", "x", "-h", "127.0.0.1", "-p"];

describe("a port that speaks something else", () => {
	it.each([
		["HTTP/1.1 400 Bad Request\r\n\r\n", "the answer is not MQTT", " It speaks HTTP: see -L ws://"],
		[Buffer.from([0x15, 3, 1, 0, 2, 2, 10]), "the answer is not MQTT", " It speaks TLS: see -L mqtts:// and --cafile"],
		["", "closed before CONNACK", ""],
	])("and answers %j", async (answer, text, hint) => {
		const port = await serve((socket) => socket.end(answer));
		expect(await runCliProcess([...PUB, `${port}`])).toMatchObject({
			exitCode: 1,
			err: `Error: 127.0.0.1:${port}: ${text}; is it an MQTT broker?${hint}\n`,
		});
	});

	it.each([
		[8883, "MQTT over TLS"],
		[443, "HTTPS"],
		[80, "HTTP"],
	])("is known by its number: %i", (port, what) => {
		const reason = { layer: 5, code: Reason.CONNACK_TIMEOUT, detail: 0, wasConnected: false, retryMs: 1, server: 0 };
		expect(describeEnd(reason, "", false, port).text).toBe(
			`no CONNACK in time; is it an MQTT broker? Port ${port} is usually ${what}; plain MQTT is 1883`,
		);
	});
});

describe("a CONNACK", () => {
	it.each([
		[5, 5],
		[6, 1],
		[27, 1],
		[64, 1],
		[255, 1],
	])("with code %i ends with %i", async (code, exitCode) => {
		const port = await serve((socket) => socket.write(Buffer.from([0x20, 2, 0, code])));
		const outcome = await runCliProcess([...PUB, `${port}`]);
		expect(outcome.exitCode).toBe(exitCode);
		expect(outcome.err).toContain(`(CONNACK ${code})`);
	});
});

describe("a name with several addresses", () => {
	it("is tried at all of them", async () => {
		const connack = (socket: Socket): void => void socket.write(Buffer.from([0x20, 2, 0, 0]));
		for (const { address } of await lookup("localhost", { all: true })) {
			const port = await serve(connack, address);
			expect(await runCliProcess(["pub", "-t", "a", "-m", "x", "-h", "localhost", "-p", `${port}`])).toMatchObject({
				exitCode: 0,
				err: "",
			});
		}
	});
});

describe("an empty message", () => {
	it("is refused from standard input, as by mosquitto_pub", async () => {
		for (const more of [[], ["-r"]]) {
			expect(
				await runCliProcess([...PUB, "1", "-s", ...more].filter((arg) => arg !== "-m" && arg !== "x")),
			).toMatchObject({
				exitCode: 1,
				err: "Error: standard input is empty: nothing is sent; -n sends an empty message\n",
			});
		}
	});
});

describe("a message with a topic larger than the buffer", () => {
	it("is reported with its own size", async () => {
		const topic = "t".repeat(300);
		const publish = Buffer.concat([Buffer.from([0x30, 0xaf, 0x02, 0x01, 0x2c]), Buffer.from(topic), Buffer.from("x")]);
		const port = await serve((socket) => {
			socket.write(Buffer.from([0x20, 2, 0, 0]));
			socket.once("data", () => {
				socket.write(publish);
				setTimeout(() => socket.end(), 100);
			});
		});
		const { err } = await runCliProcess([
			...["sub", "-t", "#", "-h", "127.0.0.1", "-p", `${port}`, "--rx-buffer", "128", "-W", "1"],
		]);
		expect(err).toContain("a message of 301 bytes is larger than rxBuffer");
	});
});
