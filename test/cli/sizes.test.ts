// Goal: the figures are those of a client made from the same settings.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Client } from "../../firmware/index.js";
import { tcp } from "../../firmware/transport/tcp.js";
import { type SizeLine, sizeLines } from "../../host-sim/commands/sizes.js";
import { REGION_BYTES } from "../../host-sim/proofs/bench/budgets.js";
import { blocksOf, rowsOf } from "../readme/pages.js";
import { folderWith } from "../support/files.js";
import { runInProcess } from "./run-cli.js";

function lineOf(name: string, lines: readonly SizeLine[]): SizeLine {
	const line = lines.find((one) => one.name === name);
	if (!line) throw new Error(`no line ${name}`);
	return line;
}

describe("sizes", () => {
	it.each([
		{},
		{ rxBuffer: 4096, readSize: 1000, txBuffer: 333, outbox: 9999, filterBytes: 17 },
		{ clientId: "greenhouse-7", will: { topic: "a/b", payload: "offline" } },
	])("add up to the client's buffer: %j", (config) => {
		const lines = sizeLines(config, 20, 64);
		const client = new Client({ clientId: "x".repeat(23), ...config, host: "127.0.0.1", transport: tcp });
		expect(client.arenaSize).toBe(lines.reduce((total, { bytes }) => total + bytes, 0));
	});

	it("say how many publishes the outbox takes, no more and no fewer", () => {
		for (const [topicSize, payloadSize] of [
			[20, 64],
			[1, 0],
			[200, 700],
			[10, 130],
		] as const) {
			const { count } = lineOf("outbox", sizeLines({}, topicSize, payloadSize));
			const client = new Client({ host: "127.0.0.1", transport: tcp });
			let taken = 0;
			while (client.publish("t".repeat(topicSize), new Uint8Array(payloadSize), 1) > 0) taken++;
			expect([topicSize, payloadSize, taken]).toEqual([topicSize, payloadSize, count]);
		}
	});

	it("say how large a payload may be in one piece", () => {
		const { count } = lineOf("rxBuffer", sizeLines({ rxBuffer: 512 }, 20, 64));
		// Fixed header of 3 bytes, topic with its length, packet identifier.
		expect(count).toBe(512 - 3 - 22 - 2);
		expect(lineOf("rxBuffer", sizeLines({ rxBuffer: 64, readSize: 64 }, 100, 64)).count).toBe(0);
	});

	it("are on all pages as they are printed", async () => {
		const { out } = await runInProcess("sizes");
		const table = out.toString().split("\n\n")[1]!;
		expect(blocksOf("firmware/client/README.md", "text")).toContain(`${table}\n`);
		expect(/^total +([0-9,]+)$/m.exec(table)![1]).toBe(REGION_BYTES.toLocaleString("en"));
		const places = [
			["firmware/client/README.md", "What a client takes"],
			["manifests/README.md", "Choosing sizes"],
		] as const;
		for (const name of ["profile_tiny", "profile_standard", "profile_large"]) {
			const file = fileURLToPath(new URL(`../../manifests/${name}.json`, import.meta.url));
			const { total } = JSON.parse((await runInProcess("sizes", "--json", "--manifest", file)).out.toString()) as {
				total: number;
			};
			for (const [page, heading] of places) {
				const row = rowsOf(page, heading).find((cells) => cells[0]!.includes(name));
				expect([page, name, row?.[1]]).toEqual([page, name, `${total.toLocaleString("en")} bytes`]);
			}
		}
	});

	it("fit 80 columns, however large the numbers are", async () => {
		const args = ["--topic-size", "65535", "--payload-size", "268435455"];
		for (const { out } of [await runInProcess("sizes"), await runInProcess("sizes", ...args)]) {
			for (const line of out.toString().split("\n")) expect(line.length).toBeLessThanOrEqual(80);
		}
	});

	it("are printed as a table and as JSON", async () => {
		const folder = folderWith({ "manifest.json": { config: { mqtt: { outbox: 2048 } } } });
		const text = await runInProcess("sizes", "--manifest", `${folder}/manifest.json`);
		expect(text).toMatchObject({ exitCode: 0, err: "" });
		expect(text.out.toString()).toMatch(/^outbox +2,048 +20 QoS 1 or 2 publishes, topic 20, payload 64 bytes$/m);
		expect(text.out.toString()).toMatch(/^total +[0-9,]+$/m);

		const args = ["--json", "--manifest", `${folder}/manifest.json`, "--topic-size", "8", "--payload-size", "4"];
		const { out } = await runInProcess("sizes", ...args);
		const report = JSON.parse(out.toString()) as { manifest: string; regions: SizeLine[]; total: number };
		expect(report).toMatchObject({
			manifest: `${folder}/manifest.json`,
			platform: "lin",
			topicSize: 8,
			payloadSize: 4,
		});
		expect(report.total).toBe(report.regions.reduce((sum, region) => sum + region.bytes, 0));
		expect(lineOf("outbox", report.regions)).toMatchObject({ bytes: 2048, count: 73 });
	});

	it("take the platform's part of a manifest", async () => {
		const manifest = {
			config: { mqtt: { outbox: 1024 } },
			platforms: { esp32: { config: { mqtt: { outbox: 512 } } } },
		};
		const folder = folderWith({ "manifest.json": manifest });
		const args = ["sizes", "--json", "--manifest", `${folder}/manifest.json`, "--platform"];
		const outbox = async (platform: string): Promise<number> => {
			const { out } = await runInProcess(...args, platform);
			return lineOf("outbox", (JSON.parse(out.toString()) as { regions: SizeLine[] }).regions).bytes;
		};
		expect([await outbox("esp32/nodemcu"), await outbox("lin")]).toEqual([512, 1024]);
	});

	it("are the library's own without a manifest", async () => {
		const { out } = await runInProcess("sizes");
		expect(out.toString()).toMatch(/^The library's own sizes\n\nregion +bytes +holds\n/);
	});
});
