import { describe, expect, it } from "vitest";
import { inState, type Harness } from "../../support/core-harness.js";
import { ackHex, publishHex } from "../../support/hex.js";
import { ascii, First, frame, framesOf, WebSocketRig } from "../../transport/websocket-rig.js";
import { packetHex } from "../support.js";

// Goal: §6, as far as it is about bytes: packets may be cut and joined in any way (the same holds for what TCP gives).
// Method: one long run of packets of every kind is taken whole, byte by byte, and cut at every place. What is WebSocket itself is
// shown by the transport over a scripted one.

const STREAM = [
	"9003000101",
	publishHex("t", "one", 0),
	publishHex("t", "two", 1, 7),
	"d000",
	publishHex("t", "three", 2, 0x1234),
	ackHex(0x62, 0x1234),
	ackHex(0x40, 2),
	publishHex("other", "x".repeat(130), 1, 8),
	publishHex("t", "", 1, 9),
	packetHex(0xb0, "0009"),
	ackHex(0x50, 3),
].join("");

function ready(): Harness {
	const h = inState.stopped({ firstId: 1 });
	h.subscribe("t", 1);
	h.connect();
	h.publish("out", "x", 1);
	h.publish("out", "x", 2);
	h.sent();
	h.take();
	return h;
}

/** Everything that comes of the stream when it arrives in these pieces. */
function resultOf(pieces: readonly string[]): unknown {
	const h = ready();
	const sent = pieces.map((piece) => h.exchange(piece)).join("");
	return { sent, log: h.take(), seen: h.seen, commands: h.takeCommands() };
}

describe("packets of a server", () => {
	const whole = resultOf([STREAM]);

	it("may come several at once [MQTT-6.0.0-2]", () => {
		expect(whole).toMatchObject({
			sent: [
				[0x40, 7],
				[0x50, 0x1234],
				[0x70, 0x1234],
				[0x40, 8],
				[0x40, 9],
				[0x62, 3],
			]
				.map(([first, id]) => ackHex(first!, id!))
				.join(""),
			log: ["subscribed 0 1", "delivered 2"],
			commands: [],
		});
		expect((whole as { seen: { payload: string }[] }).seen.map(({ payload }) => payload)).toEqual([
			"one",
			"two",
			"three",
			"",
		]);
	});

	it("may be cut anywhere, in two or byte by byte, with the same outcome [MQTT-6.0.0-2]", () => {
		for (let at = 2; at < STREAM.length; at += 2) {
			expect(resultOf([STREAM.slice(0, at), STREAM.slice(at)]), `cut at ${at / 2}`).toEqual(whole);
		}
		for (const size of [1, 2, 3, 7, 16]) {
			const pieces = STREAM.match(new RegExp(`.{1,${2 * size}}`, "g"))!;
			expect(resultOf(pieces), `pieces of ${size}`).toEqual(whole);
		}
	});
});

describe("packets over WebSocket", () => {
	it("go out in binary data frames and no others [MQTT-6.0.0-1]", () => {
		const rig = new WebSocketRig().connect();
		for (const size of [2, 100, 130, 1_000]) rig.write(Array<number>(size).fill(0xc0));
		expect(new Set(framesOf(rig.below.sent).map(({ first }) => first))).toEqual(new Set([First.BINARY]));
	});

	it("that come in a data frame of another type end the connection [MQTT-6.0.0-1]", () => {
		const pingresp = [0xd0, 0x00];
		const rig = new WebSocketRig().connect();
		rig.arrive([...frame(First.BINARY, pingresp), ...frame(0x81, pingresp)]);
		expect([rig.received, rig.events.at(-1), rig.below.calls.at(-1)]).toEqual([pingresp, "ended 75 1", "close"]);
	});

	it("are offered as the sub-protocol mqtt [MQTT-6.0.0-3]", () => {
		expect(new WebSocketRig().request()).toMatch(/^Sec-WebSocket-Protocol: mqtt\r$/m);
	});

	it.each([
		["mqtt", "opened"],
		["mqttv3.1", "ended 73 2"],
		["MQTT", "ended 73 2"],
		[undefined, "ended 73 1"],
	])("are refused where the server has not chosen it: %s [MQTT-6.0.0-4]", (chosen, event) => {
		const rig = new WebSocketRig();
		rig.arrive(ascii(rig.answerTo(rig.request(), { "Sec-WebSocket-Protocol": chosen })));
		expect(rig.events.at(-1)).toBe(event);
	});
});
