import { describe, expect, it } from "vitest";
import { EventLog } from "../../host-sim/log/event-log.js";
import { DropPlan } from "../../host-sim/world/drop-plan.js";
import { Random } from "../../host-sim/world/random.js";

// Goal: MQTT shows in the log as it is, whatever it goes in and however that is cut; what belongs to WebSocket itself has lines of its
// own, and none of them shows what signs a path. Faults find their packets there.
// Method: streams written by hand, whole and byte by byte.

const REQUEST = "GET /mqtt?signature=geheim HTTP/1.1\r\nHost: h\r\nAuthorization: geheim\r\n\r\n";
const ANSWER = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
const MASK = [1, 2, 3, 4];

/** A frame of RFC 6455 §5.2. */
function frame(first: number, payload: readonly number[], mask?: readonly number[]): number[] {
	const size = payload.length;
	const length = size < 126 ? [size] : [126, size >> 8, size & 0xff];
	if (!mask) return [first, ...length, ...payload];
	return [first, length[0]! | 0x80, ...length.slice(1), ...mask, ...payload.map((byte, i) => byte ^ mask[i % 4]!)];
}

const bytesOf = (text: string): number[] => [...Buffer.from(text)];
/** PUBLISH at QoS 0, larger than a length of one byte, and DISCONNECT. */
const PUBLISH = [0x30, 0xcb, 0x01, 0, 1, 0x61, ...Array.from({ length: 200 }, () => 0x78)];
const DISCONNECT = [0xe0, 0];

function logOf(pieces: readonly (readonly ["out" | "in", number[]])[], pieceMax: number): string[] {
	const lines: string[] = [];
	const log = new EventLog({ write: (line) => lines.push(line.slice(14)), now: () => 0 });
	for (const [direction, bytes] of pieces) {
		for (let at = 0; at < bytes.length; at += pieceMax) {
			log.bytes(1, direction, Uint8Array.from(bytes.slice(at, at + pieceMax)));
		}
	}
	log.close();
	return lines;
}

describe("WebSocket in the log", () => {
	it.each([Infinity, 1, 7])("is taken off, in pieces of %s bytes", (pieceMax) => {
		const lines = logOf(
			[
				["out", bytesOf(REQUEST)],
				["in", bytesOf(ANSWER)],
				// A packet in two frames, a ping between them.
				[
					"out",
					[
						...frame(0x02, PUBLISH.slice(0, 150), MASK),
						...frame(0x89, [1, 2], MASK),
						...frame(0x80, PUBLISH.slice(150), MASK),
					],
				],
				["in", frame(0x82, [0xd0, 0, 0xd0, 0])],
				["out", [...frame(0x82, DISCONNECT, MASK), ...frame(0x88, [3, 232], MASK)]],
				["in", frame(0x88, [3, 234, ...bytesOf("away")])],
				["in", frame(0x88, [])],
			],
			pieceMax,
		);
		expect(lines).toEqual([
			"upgrade: GET /mqtt?…",
			"upgraded: HTTP/1.1 101 Switching Protocols",
			expect.stringMatching(/^→ PUBLISH +a +"x+"… \(200 bytes\), QoS 0$/),
			"← PINGRESP",
			"← PINGRESP",
			"→ DISCONNECT",
			"close frame: 1000 from the device",
			'close frame: 1002 "away" from the broker',
			"close frame: 1005 from the broker",
		]);
	});

	it("tells a refusal", () => {
		const lines = logOf(
			[
				["out", bytesOf(REQUEST)],
				["in", bytesOf("HTTP/1.1 404 Not Found\r\n\r\n")],
			],
			Infinity,
		);
		expect(lines).toEqual(["upgrade: GET /mqtt?…", "upgrade refused: HTTP/1.1 404 Not Found"]);
	});

	it("is not looked for where MQTT is spoken", () => {
		const lines = logOf(
			[
				["out", DISCONNECT],
				["in", bytesOf("HTTP/1.1 400 Bad Request\r\n\r\n")],
			],
			Infinity,
		);
		expect(lines[0]).toBe("→ DISCONNECT");
		expect(lines[1]).toMatch(/^← INCOMPLETE/);
	});
});

describe("a drop plan over WebSocket", () => {
	it("cuts the same frames at the same bytes, however they arrive", () => {
		const out = [...bytesOf(REQUEST), ...frame(0x82, PUBLISH, MASK), ...frame(0x82, DISCONNECT, MASK)];
		const ends = (seed: number, pieceMax: number): string => {
			const plan = new DropPlan(Random.derive(seed, 1), 2);
			for (let at = 0; at < out.length && !plan.cut; at += pieceMax) {
				plan.pass("out", Uint8Array.from(out.slice(at, at + pieceMax)));
			}
			return plan.description;
		};
		const seeds = Array.from({ length: 40 }, (_, seed) => seed);
		const cuts = seeds.map((seed) => ends(seed, Infinity));
		expect(seeds.map((seed) => ends(seed, 1))).toEqual(cuts);
		for (const packet of [1, 2, 3]) expect(cuts.some((cut) => cut.includes(`of packet ${packet} `))).toBe(true);
	});
});
