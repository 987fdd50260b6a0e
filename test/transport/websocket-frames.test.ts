import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { First, frame, framesOf, WebSocketRig } from "./websocket-rig.js";

// Goal: what a server sends in frames of any kind and form, cut anywhere, is the stream of bytes that it means; what we send is
// frames that a server takes, whatever below takes of them; nothing is written outside of the regions.
// Method: the transport over a scripted one. A model says what has to come of frames; each is offered whole and at every cut.

function bytesOf(size: number, seed = 1): number[] {
	return Array.from({ length: size }, (_, i) => (i * 31 + seed * 7) & 255);
}

/** What a stream comes to: payload, and what is sent to it. */
function outcome(stream: readonly number[], pieceSize: number, rxSize = 256, behind = false) {
	const rig = new WebSocketRig({}, rxSize);
	if (behind) rig.connect(stream);
	else rig.connect().arrive(stream, pieceSize);
	expect(rig.isIntact).toBe(true);
	const sent = framesOf(rig.below.sent).map(({ first, payload }) => ({ first, payload }));
	return { received: rig.received, sent, events: rig.events };
}

const OPENED = ["connected 7", "opened"];

describe("frames of a server", () => {
	const big = bytesOf(70_000);
	it.each<[name: string, stream: number[], payload: number[], pongs?: number[][]]>([
		["one short frame", frame(First.BINARY, [1, 2, 3]), [1, 2, 3]],
		["an empty one", [...frame(First.BINARY), ...frame(First.BINARY, [1])], [1]],
		["125 bytes", frame(First.BINARY, bytesOf(125)), bytesOf(125)],
		["126 bytes", frame(First.BINARY, bytesOf(126)), bytesOf(126)],
		["127 bytes", frame(First.BINARY, bytesOf(127)), bytesOf(127)],
		["900 bytes", frame(First.BINARY, bytesOf(900)), bytesOf(900)],
		["more than 16 bits", frame(First.BINARY, big), big],
		["a length in 16 bits that needs 7", frame(First.BINARY, [5, 6], 16), [5, 6]],
		["a length in 64 bits that needs 7", frame(First.BINARY, [5, 6], 64), [5, 6]],
		["two frames", [...frame(First.BINARY, [1, 2]), ...frame(First.BINARY, [3])], [1, 2, 3]],
		[
			"three fragments, one of them empty",
			[...frame(First.BINARY_MORE, [1, 2]), ...frame(First.MORE), ...frame(First.LAST, [3])],
			[1, 2, 3],
		],
		[
			"a ping between fragments",
			[...frame(First.BINARY_MORE, [1]), ...frame(First.PING, [9, 8]), ...frame(First.LAST, [2])],
			[1, 2],
			[[9, 8]],
		],
		["an empty ping", frame(First.PING), [], [[]]],
		["a ping of 125 bytes", frame(First.PING, bytesOf(125)), [], [bytesOf(125)]],
		[
			"a message after a fragmented one",
			[...frame(First.BINARY_MORE, [1]), ...frame(First.LAST, [2]), ...frame(First.BINARY, [3])],
			[1, 2, 3],
		],
		[
			"pongs that nobody asked for",
			[...frame(First.PONG, [1, 2]), ...frame(First.PONG), ...frame(First.BINARY, [4])],
			[4],
		],
		["a ping and a message", [...frame(First.PING, [7]), ...frame(First.BINARY, [4])], [4], [[7]]],
	])("%s are what they mean, cut anywhere", (_name, stream, payload, pongs = []) => {
		const whole = outcome(stream, stream.length);
		expect(whole).toEqual({
			received: payload,
			sent: pongs.map((pong) => ({ first: First.PONG, payload: pong })),
			events: OPENED,
		});
		if (stream.length < 10_000) expect(outcome(stream, 1)).toEqual(whole);
		expect(outcome(stream, 7, 16)).toEqual(whole);
		expect(outcome(stream, stream.length, 16)).toEqual(whole);
		expect(outcome(stream, stream.length, 256, true)).toEqual(whole);
		if (stream.length > 1_000) return;
		for (let cut = 1; cut < stream.length; cut++) {
			const rig = new WebSocketRig({}, 256).connect();
			rig.arrive(stream.slice(0, cut));
			rig.arrive(stream.slice(cut));
			expect([rig.received, framesOf(rig.below.sent).length]).toEqual([payload, pongs.length]);
		}
	});

	it("are a stream, however they are mixed and cut", () => {
		const payload = fc.uint8Array({ maxLength: 300 });
		const control = fc.record({
			first: fc.constantFrom(First.PING, First.PONG),
			payload: fc.uint8Array({ maxLength: 125 }),
		});
		const message = fc.record({
			fragments: fc.array(payload, { minLength: 1, maxLength: 4 }),
			between: fc.array(control, { maxLength: 2 }),
			form: fc.constantFrom(16, 64, "least" as const),
		});
		const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 });
		fc.assert(
			fc.property(
				fc.array(message, { maxLength: 6 }),
				cuts,
				fc.integer({ min: 16, max: 300 }),
				(messages, sizes, rxSize) => {
					const stream: number[] = [];
					const expected: number[] = [];
					let pings = 0;
					for (const { fragments, between, form } of messages) {
						fragments.forEach((part, i) => {
							const fin = i === fragments.length - 1 ? 0x80 : 0;
							stream.push(...frame(fin | (i === 0 ? 2 : 0), part, form as 16));
							expected.push(...part);
							for (const { first, payload: carried } of between) {
								stream.push(...frame(first, carried));
								if (first === First.PING) pings++;
							}
						});
					}
					const rig = new WebSocketRig({}, rxSize).connect();
					for (let at = 0, i = 0; at < stream.length; i++) {
						const size = sizes[i % sizes.length]!;
						rig.arrive(stream.slice(at, at + size));
						at += size;
					}
					expect(rig.received).toEqual(expected);
					const pongs = framesOf(rig.below.sent);
					expect(pongs.every(({ first }) => first === First.PONG)).toBe(true);
					expect(pongs.length).toBeLessThanOrEqual(pings);
					expect(pings > 0 ? pongs.length > 0 : true).toBe(true);
					expect([rig.events, rig.isIntact]).toEqual([OPENED, true]);
				},
			),
			{ numRuns: 300 },
		);
	});

	it("right behind the answer wait in the landing until they are read, in pieces of any size", () => {
		const rig = new WebSocketRig({}, 64);
		rig.reads = false;
		// The head's last piece is short, so that there is room for these.
		const request = rig.request();
		const answer = [...Buffer.from(rig.answerTo(request))];
		rig.arrive(answer.slice(0, -4), 60);
		rig.arrive([...answer.slice(-4), ...frame(First.BINARY, [1, 2, 3]), ...frame(First.BINARY, bytesOf(20))]);
		expect(rig.transport.readable).toBeGreaterThan(0);
		const got: number[] = [];
		while (rig.transport.readable > 0) {
			const count = rig.transport.read(2);
			expect(count).toBeLessThanOrEqual(2);
			got.push(...rig.bytes.subarray(64, 64 + count));
			if (count === 0 && rig.transport.readable === 0) break;
		}
		expect(got).toEqual([1, 2, 3, ...bytesOf(20)]);
	});
});

describe("frames of ours", () => {
	it.each([1, 2, 4, 5, 32, 33, 64, 65, 90, 92, 93, 124, 125, 126, 127, 128, 129, 500, 511, 512])(
		"carry %i bytes in one, masked, and leave the transmit region as it is",
		(size) => {
			const rig = new WebSocketRig().connect();
			expect(rig.write(bytesOf(size))).toBe(size);
			expect(framesOf(rig.below.sent)).toMatchObject([{ first: First.BINARY, payload: bytesOf(size) }]);
			expect(rig.isIntact).toBe(true);
		},
	);

	it("carry no more than `frameSize` each", () => {
		const rig = new WebSocketRig({ frameSize: 200 }).connect();
		expect(rig.write(bytesOf(1_000))).toBe(1_000);
		const frames = framesOf(rig.below.sent);
		expect(frames.map(({ payload }) => payload.length)).toEqual([200, 200, 200, 200, 200]);
		expect(frames.flatMap(({ payload }) => payload)).toEqual(bytesOf(1_000));
	});

	it("have a mask of their own each, of 32 bits, from the random numbers that were given", () => {
		const numbers = [0, 0.5, 0.999_999_999_9, 0.25, 1 / 3];
		let drawn = 0;
		const rig = new WebSocketRig({ random: () => numbers[drawn++ % numbers.length]! }).connect();
		drawn = 0;
		for (let i = 0; i < 5; i++) rig.write([1, 2, 3]);
		rig.write(bytesOf(200));
		const masks = framesOf(rig.below.sent).map(({ mask }) => Buffer.from(mask).readUInt32LE());
		expect(masks.slice(0, 5)).toEqual(numbers.map((number) => Math.floor(number * 2 ** 32)));
		expect(drawn).toBe(6);
		const plain = new WebSocketRig().connect();
		for (let i = 0; i < 50; i++) plain.write([1]);
		expect(new Set(framesOf(plain.below.sent).map(({ mask }) => mask.join())).size).toBe(50);
	});

	it.each([1, 2, 3, 5, 6, 7, 8, 50])("go on with what was begun, when below takes %i bytes at a time", (window) => {
		for (const size of [1, 90, 125, 126, 300, 700]) {
			const rig = new WebSocketRig().connect();
			rig.below.window = window;
			let done = rig.write(bytesOf(size));
			for (let i = 0; done < size; i++) {
				expect(i).toBeLessThan(2_000);
				rig.below.window = window;
				done += rig.write(bytesOf(size).slice(done));
			}
			expect(framesOf(rig.below.sent).flatMap(({ payload }) => payload)).toEqual(bytesOf(size));
		}
	});

	it("go out in several writes where below has no view of their size", () => {
		const rig = new WebSocketRig().connect();
		rig.below.pieceMax = 16;
		expect(rig.write(bytesOf(100))).toBe(100);
		expect(rig.write(bytesOf(300))).toBe(300);
		expect(framesOf(rig.below.sent).map(({ payload }) => payload.length)).toEqual([100, 300]);
	});

	it("and answers never come in the middle of each other", () => {
		const step = fc.oneof(
			fc.record({ write: fc.integer({ min: 1, max: 700 }) }),
			fc.record({ room: fc.integer({ min: 0, max: 200 }) }),
			fc.record({ ping: fc.uint8Array({ maxLength: 125 }) }),
			fc.record({ message: fc.uint8Array({ maxLength: 200 }) }),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 600 }), (steps, pieceMax) => {
				const rig = new WebSocketRig().connect();
				rig.below.window = 0;
				rig.below.pieceMax = pieceMax;
				/** What the client has to send still, and all that it had to. */
				let waiting: number[] = [];
				const all: number[] = [];
				const received: number[] = [];
				let lastPing: number[] | undefined;
				for (const one of steps) {
					if ("write" in one) {
						const bytes = bytesOf(one.write, all.length);
						waiting.push(...bytes);
						all.push(...bytes);
					} else if ("room" in one) rig.makeRoom(one.room);
					else if ("ping" in one) {
						rig.arrive(frame(First.PING, one.ping));
						lastPing = [...one.ping];
					} else {
						rig.arrive(frame(First.BINARY, one.message));
						received.push(...one.message);
					}
					waiting = waiting.slice(rig.write(waiting));
				}
				rig.makeRoom(Infinity);
				expect(rig.write(waiting)).toBe(waiting.length);
				const frames = framesOf(rig.below.sent);
				const data = frames.filter(({ first }) => first === First.BINARY);
				const pongs = frames.filter(({ first }) => first === First.PONG);
				expect(data.length + pongs.length).toBe(frames.length);
				expect(data.flatMap(({ payload }) => payload)).toEqual(all);
				// The newest ping is always answered, and last.
				expect(pongs.at(-1)?.payload).toEqual(lastPing);
				expect([rig.received, rig.isIntact]).toEqual([received, true]);
			}),
			{ numRuns: 300 },
		);
	});
});

describe("a ping that cannot be answered at once", () => {
	it("is answered behind the frame that is half written, and only the newest of several", () => {
		const rig = new WebSocketRig().connect();
		rig.below.window = 10;
		expect(rig.write(bytesOf(50))).toBe(0);
		rig.arrive([...frame(First.PING, [1]), ...frame(First.PING, [2]), ...frame(First.PING, [3, 4])]);
		rig.below.window = Infinity;
		expect(rig.write(bytesOf(50))).toBe(50);
		expect(framesOf(rig.below.sent)).toMatchObject([
			{ first: First.BINARY, payload: bytesOf(50) },
			{ first: First.PONG, payload: [3, 4] },
		]);
	});

	it("goes out when below has room, although the client has nothing to write", () => {
		const rig = new WebSocketRig().connect();
		rig.below.window = 3;
		rig.arrive(frame(First.PING, [1, 2, 3]));
		expect(rig.below.sent).toHaveLength(3);
		rig.makeRoom(2);
		rig.makeRoom(Infinity);
		expect(framesOf(rig.below.sent)).toMatchObject([{ first: First.PONG, payload: [1, 2, 3] }]);
		expect(rig.write([7])).toBe(1);
	});
});
