import { endOfRegions, regionName, RegionRow } from "../../firmware/client/setup/arena.js";
import type { Settings } from "../../firmware/client/setup/settings.js";

/** One part of a client's memory, for those who tune it. */
export interface Region {
	/** The setting that sizes it, or what it holds. */
	readonly name: string;
	/** Bytes on any device. */
	readonly bytes: number;
}

/** What a client with these settings takes, region by region in their order, beside its JavaScript objects. */
export function regionSizes(settings: Settings): readonly Region[] {
	const regions: Region[] = [];
	for (let row = 0; row < RegionRow.COUNT; row++) {
		const bytes = endOfRegions(settings, row + 1) - endOfRegions(settings, row);
		const name = regionName(row);
		// No setting of anybody's: of a transport that wants memory of its own, and the usual one does not.
		if (bytes > 0 || name !== "ownSize") regions.push({ name, bytes });
	}
	return regions;
}
