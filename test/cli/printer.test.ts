// Goal: every byte of a message is printed once, also when the broker has to send it again, and lines are those of
// mosquitto_sub.
import { describe, expect, it } from "vitest";
import { MessagePrinter, type Piece } from "../../host-sim/commands/printer.js";

interface Call extends Partial<Piece> {
	topic?: string;
	bytes: string;
}

function print(calls: Call[], options: { verbose?: boolean; noEndOfLine?: boolean } = {}) {
	let out = "";
	const events: string[] = [];
	const printer = new MessagePrinter({
		verbose: options.verbose ?? false,
		noEndOfLine: options.noEndOfLine ?? false,
		out: (chunk) => (out += Buffer.from(chunk).toString()),
		completed: () => events.push("completed"),
		cut: (topicName, size, total) => events.push(`cut ${topicName} ${size}/${total}`),
	});
	for (const { topic = "t", bytes, ...piece } of calls) {
		const whole = {
			offset: 0,
			total: bytes.length,
			packetId: 0,
			qos: 0,
			retain: false,
			duplicate: false,
			packet: 1,
			subscription: 0,
		};
		printer.take({ ...whole, ...piece }, () => topic, Buffer.from(bytes));
	}
	printer.end();
	return { out, events };
}

/** The pieces of "abcdef" at QoS 1, as they come in one packet. */
function pieces(packet: number, cuts: readonly string[], more: Partial<Piece> & { topic?: string } = {}): Call[] {
	let offset = 0;
	return cuts.map((bytes) => {
		const call = { bytes, offset, total: 6, packet, qos: 1, packetId: 7, ...more };
		offset += bytes.length;
		return call;
	});
}

describe("lines", () => {
	it.each([
		[{}, "x\n1\n"],
		[{ verbose: true }, "t x\nt (null)\nu/v 1\n"],
		[{ noEndOfLine: true }, "x1"],
		[{ verbose: true, noEndOfLine: true }, "t xu/v 1"],
	])("with %j", (options, expected) => {
		const calls = [
			{ bytes: "x", packet: 1 },
			{ bytes: "", packet: 2 },
			{ bytes: "1", topic: "u/v", packet: 3 },
		];
		expect(print(calls, options)).toEqual({ out: expected, events: ["completed", "completed", "completed"] });
	});
});

describe("a message in pieces", () => {
	it("is one line", () => {
		expect(print(pieces(1, ["ab", "c", "def"]), { verbose: true })).toEqual({
			out: "t abcdef\n",
			events: ["completed"],
		});
	});

	it("that is sent again from its start is printed once, however it is cut", () => {
		const again = { duplicate: true };
		for (const second of [["abcdef"], ["a", "b", "c", "def"], ["abc", "d", "ef"], ["abcde", "f"]]) {
			const calls = [...pieces(1, ["ab", "cd"]), ...pieces(2, second, again)];
			expect(print(calls)).toEqual({ out: "abcdef\n", events: ["completed"] });
		}
	});

	it("may break off more than once", () => {
		const again = { duplicate: true };
		const calls = [...pieces(1, ["abcd"]), ...pieces(2, ["ab"], again), ...pieces(3, ["abcde"], again)];
		const last = pieces(4, ["abc", "def"], again);
		expect(print([...calls, ...last])).toEqual({ out: "abcdef\n", events: ["completed"] });
		expect(print(calls)).toEqual({ out: "abcde", events: ["cut t 5/6"] });
	});

	it("is printed once also when the second try is not marked as one", () => {
		const calls = [...pieces(1, ["ab", "cd"]), ...pieces(2, ["abcdef"], {})];
		expect(print(calls)).toEqual({ out: "abcdef\n", events: ["completed"] });
	});

	it.each<[string, Partial<Piece> & { topic?: string }]>([
		["at QoS 0", { duplicate: true, qos: 0, packetId: 0 }],
		["with another packet identifier", { duplicate: true, packetId: 8 }],
		["on another topic", { duplicate: true, topic: "u" }],
	])("is reported as broken off when another one comes: %s", (_case, more) => {
		const calls = [...pieces(1, ["ab", "cd"]), ...pieces(2, ["abcdef"], more)];
		expect(print(calls)).toEqual({ out: "abcd\nabcdef\n", events: ["cut t 4/6", "completed"] });
	});

	it("of another size is another message", () => {
		const calls = [...pieces(1, ["abcd"]), { bytes: "abcdefg", packet: 2, qos: 1, packetId: 7, duplicate: true }];
		expect(print(calls)).toEqual({ out: "abcd\nabcdefg\n", events: ["cut t 4/6", "completed"] });
	});
});

describe("a message that matches several subscriptions", () => {
	it("is printed for the first", () => {
		const calls = pieces(1, ["abc", "def"]).flatMap((call) =>
			[0, 1].map((subscription) => ({ ...call, subscription })),
		);
		expect(print([...calls, { bytes: "x", packet: 2, subscription: 1 }])).toEqual({
			out: "abcdef\nx\n",
			events: ["completed", "completed"],
		});
	});
});
