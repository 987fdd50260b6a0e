import Timer from "timer";

/** How long one test may take. */
const TEST_MS_MAX = 60_000;

type Body = () => Promise<void> | void;

/** Runs tests one after the other and says how they went, in the Test Anything Protocol. */
export class Tap {
	readonly #names: string[] = [];
	readonly #bodies: Body[] = [];

	test(name: string, body: Body): void {
		this.#names.push(name);
		this.#bodies.push(body);
	}

	/** The plan comes last: whoever reads along knows by it that the run is complete. */
	async run(): Promise<void> {
		let failed = 0;
		trace("TAP version 13\n");
		for (let i = 0; i < this.#bodies.length; i++) {
			const number = i + 1;
			try {
				await withinTime(this.#bodies[i]!);
				trace(`ok ${number} - ${this.#names[i]!}\n`);
			} catch (error) {
				failed++;
				trace(`not ok ${number} - ${this.#names[i]!}\n# ${String(error)}\n`);
			}
		}
		trace(`# failed ${failed}\n1..${this.#bodies.length}\n`);
	}
}

function withinTime(body: Body): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = Timer.set(() => reject(new Error(`no end after ${TEST_MS_MAX} ms`)), TEST_MS_MAX);
		Promise.resolve()
			.then(body)
			.then(resolve, reject)
			.then(() => Timer.clear(timer), reject);
	});
}

/** Throws when two values, or the texts of two lists, are not the same. */
export function same(actual: unknown, expected: unknown, what: string): void {
	const is = String(actual);
	const wanted = String(expected);
	if (is !== wanted) throw new Error(`${what}: ${is}, expected ${wanted}`);
}

/** Waits; looks every few milliseconds. */
export function until(done: () => boolean, what: string, msMax = 10_000): Promise<void> {
	return new Promise((resolve, reject) => {
		let left = Math.ceil(msMax / 5);
		const timer = Timer.repeat(() => {
			if (!done() && --left > 0) return;
			Timer.clear(timer);
			if (left > 0) resolve();
			else reject(new Error(`${what}: not within ${msMax} ms`));
		}, 5);
	});
}

export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => {
		Timer.set(() => resolve(), ms);
	});
}
