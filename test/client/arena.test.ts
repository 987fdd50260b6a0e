// Goal: regions follow each other without an overlap, and fill the arena, for every configuration.
// Method: whole cores with random sizes within their limits, whose parts are asked where they are.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arena, Fixed, packetLogEntries } from "../../firmware/client/setup/arena.js";
import { COUNTER_COUNT } from "../../firmware/client/terms/counters.js";
import { regionSizes } from "../../host-sim/commands/regions.js";
import { Harness } from "../support/core-harness.js";
import { settingsOf } from "./arena-of.js";

const sizes = fc.record({
	txBuffer: fc.integer({ min: 64, max: 3_000 }),
	outbox: fc.integer({ min: 64, max: 3_000 }),
	filterBytes: fc.integer({ min: 1, max: 999 }),
	rxBuffer: fc.integer({ min: 512, max: 3_000 }),
	readSize: fc.integer({ min: 16, max: 512 }),
	inflight: fc.integer({ min: 1, max: 99 }),
	incomingQoS2: fc.integer({ min: 1, max: 99 }),
	subscriptions: fc.integer({ min: 1, max: 33 }),
	packetLog: fc.integer({ min: 0, max: 99 }),
	clientId: fc.string({ maxLength: 40, unit: fc.constantFrom("a", "ä", "€") }),
});

describe("Arena", () => {
	it("is one buffer, cut into regions of at least the configured sizes, words where words are read", () => {
		fc.assert(
			fc.property(sizes, (options) => {
				const { core } = new Harness(options);
				const { arena, settings, session, sender, region, receiver, log, counters } = core;
				const { outbox } = session;
				for (const view of [arena.bytes, arena.words, arena.view, counters, log.words, session.released]) {
					expect(view.buffer).toBe(arena.buffer);
				}
				expect(counters.byteOffset).toBe(4 * Fixed.COUNTERS);
				const table = 4 * (Fixed.SUBSCRIPTIONS + settings.subscriptions * Fixed.SUBSCRIPTION_WORDS);
				const regions: [start: number, size: number][] = [
					[counters.byteOffset, 4 * COUNTER_COUNT],
					[4 * Fixed.SUBSCRIPTIONS, settings.subscriptions * Fixed.SUBSCRIPTION_WORDS * 4],
					[log.words.byteOffset, log.words.byteLength],
					[session.released.byteOffset, session.released.byteLength],
					[outbox.base, outbox.limit - outbox.base],
					[sender.connectOffset, settings.connectSize],
					[region.offset, region.limit - region.offset],
					[receiver.landing - settings.rxBuffer, settings.rxBuffer],
					[receiver.landing, settings.readSize],
				];
				expect(log.words.byteOffset).toBe(table);
				regions.sort(([a], [b]) => a - b);
				for (const [i, [start, size]] of regions.entries()) {
					expect(start + size).toBeLessThanOrEqual(regions[i + 1]?.[0] ?? arena.bytes.length);
				}
				expect(outbox.base % 4).toBe(0);
				expect(outbox.limit - outbox.base).toBe(settings.outbox - (settings.outbox % 4));
				expect(region.limit - region.offset).toBe(settings.txBuffer);
				expect(arena.bytes[sender.connectOffset]).toBe(0x10);
				// Nothing is left over, and nothing was taken that there is not.
				expect(arena.take(0)).toBe(arena.bytes.length);
			}),
		);
	});

	it("gives up the fields of CONNECT once they are written", () => {
		expect(new Harness({ clientId: "someone" }).core.settings.connect).toBeUndefined();
	});

	it.each([
		[0, 0],
		[1, 2],
		[2, 4],
		[3, 8],
		[16, 32],
		[17, 64],
	])("counts the packet log of %i entries as %i words", (entries, words) => {
		expect(2 * packetLogEntries(entries)).toBe(words);
	});

	it("takes as much as its regions do together", () => {
		fc.assert(
			fc.property(sizes, (options) => {
				const settings = settingsOf(options);
				const regions = regionSizes(settings);
				expect(new Arena(settings).bytes.length).toBe(regions.reduce((sum, { bytes }) => sum + bytes, 0));
				expect(new Set(regions.map(({ name }) => name)).size).toBe(regions.length);
				expect(regions.every(({ name, bytes }) => Number.isInteger(bytes) && (bytes > 0 || name === "packetLog"))).toBe(
					true,
				);
			}),
		);
	});
});
