// Goal: regions follow each other without a gap that matters and without an overlap, for every configuration.
// Method: random sizes within their limits.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arena, clientIdOf, packetLogWords, regionSizes } from "../../firmware/client/arena.js";
import type { CoreOptions } from "../../firmware/client/options.js";
import { readSettings, type Settings } from "../../firmware/client/settings.js";

const settingsOf = (options: object): Settings =>
	readSettings({ host: "h", transport: () => undefined, ...options } as unknown as CoreOptions<unknown>);

const sizes = fc.record({
	txBuffer: fc.integer({ min: 64, max: 3_000 }),
	outbox: fc.integer({ min: 64, max: 3_000 }),
	filterBytes: fc.integer({ min: 1, max: 999 }),
	rxBuffer: fc.integer({ min: 512, max: 3_000 }),
	readSize: fc.integer({ min: 16, max: 512 }),
	clientId: fc.string({ maxLength: 40, unit: fc.constantFrom("a", "ä", "€") }),
});

describe("Arena", () => {
	it("is one buffer, cut into regions of at least the configured sizes, words where words are read", () => {
		fc.assert(
			fc.property(sizes, (options) => {
				const settings = settingsOf(options);
				const arena = new Arena(settings);
				expect(arena.connectOffset).toBe(0);
				expect(arena.txOffset).toBeGreaterThanOrEqual(arena.connectSize);
				expect(arena.txLimit - arena.txOffset).toBe(settings.txBuffer);
				expect(arena.outboxOffset).toBeGreaterThanOrEqual(arena.txLimit);
				expect(arena.outboxOffset % 4).toBe(0);
				expect(arena.outboxLimit - arena.outboxOffset).toBe(settings.outbox - (settings.outbox % 4));
				expect(arena.filterOffset).toBeGreaterThanOrEqual(arena.outboxLimit);
				expect(arena.filterLimit - arena.filterOffset).toBe(settings.filterBytes);
				expect(arena.rxOffset).toBeGreaterThanOrEqual(arena.filterLimit);
				expect(arena.landingOffset - arena.rxOffset).toBe(settings.rxBuffer);
				expect(arena.landingLimit - arena.landingOffset).toBe(settings.readSize);
				expect(arena.bytes.length).toBeGreaterThanOrEqual(arena.landingLimit);
				for (const view of [arena.bytes, arena.words, arena.view]) expect(view.buffer).toBe(arena.buffer);
				expect(arena.bytes[0]).toBe(0x10);
			}),
		);
	});

	it("holds CONNECT from the start; its fields are given up once they are written", () => {
		const settings = settingsOf({ clientId: "someone", userName: "u" });
		const arena = new Arena(settings);
		expect([clientIdOf(arena), settings.connect]).toEqual(["someone", undefined]);
		expect(new Arena(settings).bytes.every((byte) => byte === 0)).toBe(true);
	});

	it.each([0, 1, 107, 108, 300, 65_535])("knows the client identifier of %i bytes that CONNECT carries", (size) => {
		expect(clientIdOf(new Arena(settingsOf({ clientId: "c".repeat(size) })))).toBe("c".repeat(size));
	});

	it.each([
		[0, 2],
		[1, 2],
		[2, 4],
		[3, 8],
		[16, 32],
		[17, 64],
	])("counts the packet log of %i entries as %i words", (entries, words) => {
		expect(packetLogWords(entries)).toBe(words);
	});

	it("takes no more than its regions and what aligns them", () => {
		const settings = settingsOf({});
		const inArena = ["CONNECT packet", "txBuffer", "outbox", "filterBytes", "rxBuffer", "readSize"];
		const regions = regionSizes(settings);
		const sum = regions.filter(({ name }) => inArena.includes(name)).reduce((total, { bytes }) => total + bytes, 0);
		expect(Math.abs(new Arena(settings).buffer.byteLength - sum)).toBeLessThan(16);
		expect(new Set(regions.map(({ name }) => name)).size).toBe(regions.length);
		expect(regions.every(({ bytes }) => Number.isInteger(bytes) && bytes > 0)).toBe(true);
	});
});
