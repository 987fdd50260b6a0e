/** How often a condition is looked at. */
const INTERVAL_MS = 2;

/** Long enough for a machine that is busy with other things. */
const TIMEOUT_MS = 20_000;

/** Waits until a condition holds. Throws after `timeoutMs`, naming what was waited for. */
export async function until(condition: () => boolean, what: string, timeoutMs = TIMEOUT_MS): Promise<void> {
	const end = Date.now() + timeoutMs;
	while (!condition()) {
		if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
		await pause(INTERVAL_MS);
	}
}

export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
