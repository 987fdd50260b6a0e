import { beforeEach, describe, expect, it, vi } from "vitest";
import { Reason } from "xs-mqtt";
import { HOSTILE_ANSWERS, HOSTILE_FRAMES } from "./websocket-hostile.js";
import { ascii, First, frame, framesOf, WebSocketRig } from "./websocket-rig.js";

// Goal: whatever a server sends that it must not, the reaction is the one that the list states, wherever it is cut; the
// connection is closed below, told once, and the next attempt works.
// Method: the list of websocket-hostile.ts, each entry whole, byte by byte, and cut at every place. The same list goes to XS in
// websocket-xs.test.ts.

beforeEach(() => {
	vi.stubGlobal("trace", () => {});
});

/** Ways to cut so many bytes: whole, everywhere, and once at each place. */
function waysOf(bytes: readonly number[]): number[][][] {
	const ways = [[[...bytes]], bytes.map((byte) => [byte])];
	for (let cut = 1; cut < bytes.length; cut += bytes.length > 2_000 ? 97 : 1)
		ways.push([bytes.slice(0, cut), bytes.slice(cut)]);
	return ways;
}

it("the list has no fewer than 60 entries, and no two of the same name", () => {
	const all = [...HOSTILE_ANSWERS, ...HOSTILE_FRAMES].map(({ name }) => name);
	expect(all.length).toBeGreaterThanOrEqual(60);
	expect(new Set(all).size).toBe(all.length);
});

describe("an answer that opens nothing", () => {
	it.each(HOSTILE_ANSWERS)("$name: $code $detail", ({ answer, code, detail }) => {
		const rig = new WebSocketRig();
		for (const way of waysOf(ascii(answer("")))) {
			// The key is another each time, its length is not.
			const request = rig.request();
			rig.events.length = rig.below.calls.length = 0;
			const bytes = ascii(answer(request));
			let at = 0;
			for (const piece of way) {
				rig.arrive(bytes.slice(at, at + piece.length));
				at += piece.length;
			}
			expect(rig.events).toEqual([`ended ${code} ${detail}`]);
			expect(rig.below.calls).toEqual(["close"]);
			expect([rig.received, rig.isIntact, rig.transport.readable]).toEqual([[], true, 0]);
		}
		rig.connect(frame(First.BINARY, [1]));
		expect([rig.events.at(-1), rig.received]).toEqual(["opened", [1]]);
	});
});

describe("frames that end the connection", () => {
	it.each(HOSTILE_FRAMES)(
		"$name: $code $detail, and the server hears $says",
		({ bytes, code, detail, says, before }) => {
			const rig = new WebSocketRig();
			for (const way of waysOf(bytes)) {
				rig.received = [];
				rig.connect();
				rig.events.length = rig.below.calls.length = 0;
				for (const piece of way) rig.arrive(piece);
				expect(rig.events).toEqual([`ended ${code} ${detail}`]);
				expect(rig.below.calls).toEqual(["close"]);
				// What stood before it was read.
				expect(rig.received).toEqual(before);
				const sent = framesOf(rig.below.sent);
				expect(sent.map(({ first }) => first)).toEqual([First.CLOSE]);
				expect(sent[0]!.payload).toEqual(says === 0 ? [] : [says >> 8, says & 255]);
				expect([rig.isIntact, rig.transport.readable, rig.write([1])]).toEqual([true, 0, 0]);
			}
			rig.received = [];
			rig.connect(frame(First.BINARY, [1]));
			expect([rig.events.at(-1), rig.received]).toEqual(["opened", [1]]);
		},
	);

	it("come right behind the answer, too", () => {
		for (const { bytes, code, detail, before } of HOSTILE_FRAMES) {
			const rig = new WebSocketRig({}, 16_384);
			rig.connect(bytes);
			expect([rig.events, rig.received]).toEqual([["connected 7", "opened", `ended ${code} ${detail}`], before]);
		}
	});

	it("are answered by nothing while a frame of ours is half written", () => {
		const rig = new WebSocketRig().connect();
		rig.below.window = 4;
		rig.write([1, 2, 3]);
		rig.below.window = Infinity;
		rig.arrive(frame(First.CLOSE, [0x03, 0xe8]));
		expect(rig.below.sent).toHaveLength(4);
		expect(rig.events.at(-1)).toBe(`ended ${Reason.WEBSOCKET_CLOSED} 1000`);
	});

	it("end the connection also when below is broken", () => {
		const rig = new WebSocketRig().connect();
		rig.arrive([...frame(First.BINARY, [1, 2]), ...frame(First.CLOSE)].slice(0, 5));
		const { write } = rig.below;
		rig.below.write = () => {
			throw new Error("broken");
		};
		rig.arrive([0]);
		rig.below.write = write;
		expect([rig.events.at(-1), rig.received]).toEqual([`ended ${Reason.WEBSOCKET_CLOSED} 1005`, [1, 2]]);
	});
});
