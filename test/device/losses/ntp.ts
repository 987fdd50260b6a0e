import Timer from "timer";

/** Stand-in for `embedded:network/ntp/client`: a time server that answers. */
export default class NTP {
	getTime(callback: (error: Error | null, time?: number) => void): void {
		Timer.set(() => callback(null, 1_764_144_000_000), 50);
	}

	close(): void {
		// There is nothing to close.
	}
}
