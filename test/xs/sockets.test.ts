// Goal: sockets and name look-ups refuse what a device refuses, and take no memory while they run.
// Method: real sockets on the loopback interface; the peer is a server in this process.
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { XsExit, type XsRunResult } from "../../host-sim/stand-ins/xs/xs-process.js";
import { hostOrSkip, runSource, type SourceRunOptions } from "./support.js";

const host = await hostOrSkip();

const servers: Server[] = [];
const sockets = new Set<Socket>();

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => socket.destroy());
		onConnection(socket);
	});
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return (server.address() as AddressInfo).port;
}

afterEach(() => {
	for (const socket of sockets) socket.destroy();
	sockets.clear();
	for (const server of servers.splice(0)) server.close();
});

const PRELUDE = `
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";
import config from "mc/config";
import * as counters from "xs-host/counters";
const to = (callbacks) => new TCP({ address: "127.0.0.1", port: config.port, nodelay: true, ...callbacks });
const line = (...parts) => trace(parts.join(" "), "\\n");
const attempt = (f) => { try { return f(); } catch (e) { return e.name + " " + e.message; } };
`;

async function run(port: number, source: string, options: SourceRunOptions = {}): Promise<XsRunResult> {
	const result = await runSource(host, PRELUDE + source, { durationMs: 5000, ...options, config: { port } });
	expect(result.report?.reason).not.toBe("duration");
	return result;
}

describe.skipIf(host === undefined)("TCP", () => {
	it("says first that it is writable, with the whole window", async () => {
		const port = await serve(() => {});
		const result = await run(
			port,
			`to({ onWritable(count) { line(count, this.remoteAddress, this.remotePort === config.port); this.close(); } });`,
		);
		expect(result.trace).toEqual(["8192 127.0.0.1 true"]);
	});

	it("refuses names, missing addresses and bad ports", async () => {
		const result = await run(
			1,
			`line(attempt(() => new TCP({ address: "localhost", port: 1 })));
			line(attempt(() => new TCP({ port: 1 })));
			line(attempt(() => new TCP({ address: "127.0.0.1", port: 65536 })));
			line(attempt(() => new TCP({ address: "127.0.0.1", port: 1, onReadable: 5 })));`,
		);
		expect(result.trace).toEqual([
			"Error invalid address",
			"Error invalid address",
			"RangeError invalid port",
			"Error not a function",
		]);
	});

	it("refuses to write before it is connected, and gives nothing to read", async () => {
		const port = await serve(() => {});
		const result = await run(
			port,
			`const socket = to({}); line(attempt(() => socket.write(new Uint8Array(1)))); line(socket.read()); socket.close();`,
		);
		expect(result.trace).toEqual(["Error not ready", ""]);
	});

	it("writes all or nothing, and returns what can still be written", async () => {
		const received: number[] = [];
		const port = await serve((socket) => socket.on("data", (data) => received.push(...data)));
		const result = await run(
			port,
			`to({ onWritable() {
				line(this.write(new Uint8Array([1, 2, 3])));
				line(attempt(() => this.write(new Uint8Array(98))));
				line(this.write(new Uint8Array([4, 5]).buffer));
				line(this.write(new DataView(new Uint8Array([9, 6, 7, 9]).buffer, 1, 2)));
				line(attempt(() => this.write("text")), "/", attempt(() => this.write(5)));
				this.close();
			} });`,
			{ writableBytes: 100 },
		);
		expect(result.trace).toEqual([
			"97",
			"Error would block",
			"95",
			"93",
			"TypeError invalid buffer / TypeError invalid buffer",
		]);
		await expect.poll(() => received).toEqual([1, 2, 3, 4, 5, 6, 7]);
	});

	it("says that it is writable again after what was written has left", async () => {
		const port = await serve((socket) => socket.resume());
		const result = await run(
			port,
			`let n = 0; to({ onWritable(count) { line(count); if (n++) this.close(); else this.write(new Uint8Array(60)); } });`,
			{ writableBytes: 64 },
		);
		expect(result.trace).toEqual(["64", "64"]);
	});

	it("refuses to read more than has arrived, or nothing", async () => {
		const port = await serve((socket) => socket.write(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
		const result = await run(
			port,
			`to({ onReadable(count) {
				line(count);
				line(attempt(() => this.read(9)), "/", attempt(() => this.read(0)), "/", attempt(() => this.read(new Uint8Array(9))), "/", attempt(() => this.read(new Uint8Array(0))));
				line(new Uint8Array(this.read(2)));
				const view = new Uint8Array(4).fill(0xff);
				line(this.read(view.subarray(1, 3)), view);
				line(new Uint8Array(this.read()));
				line(this.read(), this.read(1));
				this.close();
			} });`,
		);
		expect(result.trace).toEqual([
			"8",
			"Error invalid / Error invalid / Error invalid / Error invalid",
			"1,2",
			"2 255,3,4,255",
			"5,6,7,8",
			" ",
		]);
	});

	it("tells of each arrival once, with everything that is unread", async () => {
		const port = await serve((socket) => {
			socket.setNoDelay(true);
			socket.write("abc");
			socket.once("data", () => socket.write("de"));
		});
		const result = await run(
			port,
			`let n = 0; to({ onReadable(count) { line(count); if (++n === 1) this.write(new Uint8Array(1)); else Timer.set(() => { line(n, this.read().byteLength); this.close(); }, 50); } });`,
		);
		expect(result.trace).toEqual(["3", "5", "2 5"]);
	});

	it("reads and writes single bytes in the number format", async () => {
		const port = await serve((socket) => socket.pipe(socket));
		const result = await run(
			port,
			`to({ format: "number", onWritable() { if (this.done) return; this.done = true; line(this.format, this.write(65)); }, onReadable(count) { line(count, this.read(), this.read()); this.format = "buffer"; line(this.format, attempt(() => (this.format = "string"))); this.close(); } });`,
		);
		expect(result.trace).toEqual(["number 8191", "1 65 ", "buffer RangeError unimplemented"]);
	});

	it("keeps the target of its options", async () => {
		const port = await serve(() => {});
		const result = await run(
			port,
			`to({ target: { name: "owner" }, onWritable() { line(this.target.name); this.close(); } });`,
		);
		expect(result.trace).toEqual(["owner"]);
	});

	it("reports a refused connection through onError, without an argument", async () => {
		const port = await serve(() => {});
		await new Promise((resolve) => servers.pop()?.close(resolve));
		const result = await run(
			port,
			`to({ onWritable() { line("writable"); }, onError(...rest) { line("error", rest.length); this.close(); } });`,
		);
		expect(result.trace).toEqual(["error 0"]);
	});

	it("reports the end of the peer after what it sent has been read", async () => {
		const port = await serve((socket) => socket.end("bye"));
		const result = await run(
			port,
			`to({ onReadable(count) { line("readable", count); Timer.set(() => { line("read", this.read().byteLength); }, 30); }, onError() { line("error"); line(attempt(() => this.write(new Uint8Array(1)))); } });`,
		);
		expect(result.trace).toEqual(["readable 3", "read 3", "error", "Error not ready"]);
	});

	it("survives writing to a peer that has reset the connection", async () => {
		const port = await serve((socket) => socket.once("data", () => socket.resetAndDestroy()));
		const result = await run(
			port,
			`to({ onWritable() { this.write(new Uint8Array(10)); }, onError() { line("error"); this.close(); } });`,
		);
		expect(result).toMatchObject({ exitCode: XsExit.OK, trace: ["error"] });
	});

	it("throws after close, which itself may be called twice, and is silent from then on", async () => {
		const port = await serve((socket) => socket.write("abc"));
		const result = await run(
			port,
			`const socket = to({ onReadable() { this.close(); this.close(); Timer.set(() => {
				line([() => this.read(), () => this.write(new Uint8Array(1)), () => this.format, () => this.remotePort].map((f) => attempt(f).split(" ")[0])); }, 30); },
				onError() { line("error"); } });`,
		);
		expect(result.trace).toEqual(["SyntaxError,SyntaxError,SyntaxError,SyntaxError"]);
	});

	it("delivers nothing to a socket that another callback of the same turn has closed", async () => {
		const port = await serve((socket) => socket.write("x"));
		const result = await run(
			port,
			`let calls = 0; const pair = [0, 1].map(() => to({ onReadable() { calls++; pair.forEach((it) => it.close()); } })); Timer.set(() => line(calls), 80);`,
		);
		expect(result.trace).toEqual(["1"]);
	});

	it("ends the run when an exception escapes a callback", async () => {
		const port = await serve(() => {});
		const result = await run(port, `to({ onWritable() { throw new Error("boom"); } });`);
		expect(result.exitCode).toBe(XsExit.EXCEPTION);
		expect(result.stderr).toBe("xs-host: uncaught exception in onWritable: Error: boom\n");
	});

	it("holds back what does not fit into its receive buffer, and loses nothing", async () => {
		const size = 300_000;
		const port = await serve((socket) => socket.end(Buffer.alloc(size, 7)));
		const result = await run(
			port,
			`let total = 0, most = 0; to({ onReadable(count) { if (count > most) most = count; total += this.read().byteLength; }, onError() { line(total, most <= 2048); this.close(); } });`,
			{ readableBytes: 2048 },
		);
		expect(result.trace).toEqual([`${size} true`]);
	});

	it("joins the writes of one turn", async () => {
		const arrivals: number[] = [];
		const port = await serve((socket) => socket.on("data", (data) => arrivals.push(data.length)));
		const result = await run(
			port,
			`let sent; to({ onWritable() { if (sent) { this.close(); return; } sent = true; for (let i = 0; i < 10; i++) this.write(new Uint8Array(5)); } });`,
		);
		expect(result.report?.socketWrites).toBe(10);
		await expect.poll(() => arrivals).toEqual([50]);
	});

	it("opens at most as many sockets as it has room for, and can open more after a close", async () => {
		const port = await serve(() => {});
		const result = await run(
			port,
			`const open = []; line(attempt(() => { for (;;) open.push(to({})); }), open.length); open.pop().close(); open.push(to({})); open.forEach((it) => it.close());`,
		);
		expect(result.trace).toEqual(["RangeError no socket 64"]);
	});

	it.each([
		["an ESP32's heap", {}],
		["1,024 slots and 8 KB of chunks", { slots: 1024, chunks: 8192 }],
	])("exchanges 16 bytes 1,000 times in %s without taking anything", async (_, sizes) => {
		const port = await serve((socket) => socket.setNoDelay(true).pipe(socket));
		const result = await run(
			port,
			`const out = new Uint8Array(16), into = new Uint8Array(16);
			let rounds = 0;
			to({
				onWritable() { if (!this.target) { this.target = this; this.write(out); } },
				onReadable() {
					if (this.read(into) !== 16) throw new Error("short");
					if (rounds === 10) counters.begin();
					if (rounds++ === 1010) {
						counters.end();
						line(counters.slots(), counters.chunks(), counters.chunkBytes(), counters.collections(), counters.mallocs(), counters.socketCalls());
						this.close();
					} else this.write(out);
				},
			});`,
			sizes,
		);
		expect(result.trace).toEqual(["0 0 0 0 0 2000"]);
		expect(result.report?.collections).toBe(0);
	});

	it("gives back the memory of every socket", async () => {
		const port = await serve((socket) => socket.end("x"));
		const result = await run(
			port,
			`let n = 0, before;
			function again() {
				if (n === 20) { counters.gc(); before = counters.liveSlots(); }
				if (n === 220) { counters.gc(); line(counters.liveSlots() - before, counters.liveChunkBytes() < 500); return; }
				n++;
				to({ onReadable() { this.read(); }, onError() { this.close(); Timer.set(again); } });
			}
			Timer.set(again);`,
		);
		expect(result.trace).toEqual(["0 true"]);
	});
});

describe.skipIf(host === undefined)("the resolver", () => {
	const resolve = async (source: string): Promise<readonly string[]> =>
		(
			await run(
				1,
				`import Resolver from "embedded:network/dns/resolver/udp"; const resolver = new Resolver({ servers: ["1.1.1.1"], socket: {} });\n${source}`,
				{ durationMs: 20_000, env: { RES_OPTIONS: "timeout:1 attempts:1" } },
			)
		).trace;

	it("answers addresses and localhost in a later turn", async () => {
		expect(
			await resolve(
				`const ask = (host) => resolver.resolve({ host, onResolved(name, address) { line(name, address, this === resolver); if (name === "localhost") ask("10.0.0.1"); }, onError(name) { line("error", name); } });
				ask("localhost"); line("asked");`,
			),
		).toEqual(["asked", "localhost 127.0.0.1 true", "10.0.0.1 10.0.0.1 true"]);
	});

	it("reports names that do not exist", async () => {
		// A name server that cannot be reached must not hold the test up.
		expect(
			await resolve(
				`resolver.resolve({ host: "no-such-host.invalid", onResolved() { line("resolved"); }, onError(name) { line("error", name); } });`,
			),
		).toEqual(["error no-such-host.invalid"]);
	}, 20_000);

	it("is silent after close", async () => {
		expect(
			await resolve(
				`resolver.resolve({ host: "localhost", onResolved() { line("resolved"); } }); resolver.close(); Timer.set(() => line("end"), 30);`,
			),
		).toEqual(["end"]);
	});

	it("refuses options without a host", async () => {
		expect(await resolve(`line(attempt(() => resolver.resolve({})));`)).toEqual(["TypeError invalid host"]);
	});
});
