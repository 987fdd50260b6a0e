import type { Writable } from "node:stream";

/**
 * Speaks to one run. The modules of the run need one that registers with "xs-host/control", or a stop is an end at once.
 */
export class XsControl {
	/** Resolves when the program is about to start; never when it does not come to that. */
	readonly started: Promise<void>;
	/** Resolves when the program has noticed that it is to stop. */
	readonly stopping: Promise<void>;
	#hasStarted: () => void = () => {};
	#isStopping: () => void = () => {};
	#commands: Writable | undefined;

	constructor() {
		this.started = new Promise((resolve) => (this.#hasStarted = resolve));
		this.stopping = new Promise((resolve) => (this.#isStopping = resolve));
	}

	/** The program is in its steady state: what it takes from now on is reported apart. */
	markSteady(): void {
		this.#commands?.write("m");
	}

	/** Ends the run in good order. What it takes from now on is not counted. */
	stop(): void {
		this.#commands?.write("s");
	}

	/** For the run itself: commands go there. */
	attach(commands: Writable): void {
		// A program that has ended takes no more.
		commands.on("error", () => {});
		this.#commands = commands;
	}

	/** For the run itself: the program says that it starts. */
	announceStart(): void {
		this.#hasStarted();
	}

	/** For the run itself: the program has noticed that it is to stop. */
	announceStop(): void {
		this.#isStopping();
	}
}
