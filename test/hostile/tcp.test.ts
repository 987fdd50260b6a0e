// Goal: malformed input that comes over a real connection has the same reactions on XS, and takes nothing beside the
// platform's sockets; the client reconnects each time and works in the end.
// Method: a server in this process sends one entry on each connection, as soon as its precondition stands. The list comes
// twice: the first time is the warm-up. Which reason the client reported for each connection is compared with the list.
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Reason } from "xs-mqtt";
import { CYCLES } from "../../host-sim/proofs/bench/budgets.js";
import { bytesOf, publishHex } from "../support/hex.js";
import { hostOrSkip } from "../xs/support.js";
import { entries, type ListedEntry } from "./entries.js";
import { reactionTo } from "./reactions.js";
import { Kind, Variant } from "./subject.js";
import { runOverTcp } from "./xs-program.js";

const host = await hostOrSkip();

/** Those that need no exchange of ours, and no other session than this one. */
const sent = entries.filter(({ kind }) => kind === Kind.CONNECTED || kind === Kind.CONNECTING);

/** How long the server keeps a connection open that goes on. */
const OPEN_MS = 3;

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
	for (const socket of sockets) socket.destroy();
	for (const server of servers.splice(0)) server.close();
});

/** Each connection gets the next entry; when there are none left, the server is a good one. */
async function serve(list: readonly ListedEntry[]): Promise<number> {
	let next = 0;
	const server = createServer({ noDelay: true }, (socket) => {
		const entry = list[next++];
		sockets.add(socket);
		socket.on("error", () => socket.destroy());
		socket.on("close", () => sockets.delete(socket));
		const send = (hex: string): void => void socket.write(bytesOf(hex));
		const sendEntry = (sentEntry: ListedEntry): void => {
			socket.write(sentEntry.bytes);
			if (reactionTo(sentEntry, Variant.OWN).is !== "close") setTimeout(() => socket.destroy(), OPEN_MS);
		};
		socket.on("data", (data) => {
			const first = data[0]! >> 4;
			// CONNECT; then SUBSCRIBE on each session that the server does not know.
			if (first === 1 && entry?.kind === Kind.CONNECTING) sendEntry(entry);
			else if (first === 1) send("20020000");
			else if (first === 8) {
				send(`9003${data.subarray(2, 4).toString("hex")}01`);
				if (entry?.kind === Kind.CONNECTED) sendEntry(entry);
				else if (!entry) send(publishHex("works", "x", 1));
			}
		});
	});
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return (server.address() as AddressInfo).port;
}

describe.skipIf(host === undefined)("malformed input over TCP on XS", () => {
	it("is reported as on Node, takes nothing beside the sockets, and the client works afterwards", async () => {
		const port = await serve([...sent, ...sent]);
		const result = await runOverTcp(host!, { port, connections: sent.length });
		expect([result.stderr, result.exitCode]).toEqual(["", 0]);
		const lines = new Map(result.trace.map((line) => [line.split(" ")[0], line.split(" ").slice(1).map(Number)]));
		const reasons = lines.get("@reasons") ?? [];
		[...sent, ...sent].forEach((entry, index) => {
			const reaction = reactionTo(entry, Variant.OWN);
			const code = reasons[2 * index]!;
			const detail = reasons[2 * index + 1];
			if (reaction.is !== "close") expect([entry.id, code]).toEqual([entry.id, Reason.LINK_LOST]);
			else {
				expect([entry.id, detail]).toEqual([entry.id, reaction.detail]);
				expect(reaction.reasons).toContain(code);
			}
		});
		const socketSlots = CYCLES.find(({ operation }) => operation === "reconnect")!.platformSlots;
		expect(lines.get("@took")).toEqual([socketSlots! * sent.length, 0, 0]);
		expect(lines.get("@received")).toEqual([1]);
	}, 60_000);
});
