/** How commands end. Besides these, a refusal by the broker ends with its CONNACK return code, as in mosquitto's tools. */
export const Exit = Object.freeze({
	OK: 0,
	/**
	 * No connection, a file that cannot be read, a message that was not delivered, standard output that cannot be written, a signal with
	 * work undone.
	 */
	FAILED: 1,
	/** `-W` is over; mosquitto_sub's code for it. */
	TIMEOUT: 27,
	/** Wrong options or a wrong manifest: EX_USAGE of sysexits.h. */
	USAGE: 64,
	/** `certificate`: what was read is no good for a device: EX_DATAERR. */
	DATA: 65,
	/** `certificate`: a file cannot be read: EX_NOINPUT. */
	NO_INPUT: 66,
	/** `certificate`: a file is there already, or cannot be made: EX_CANTCREAT. */
	CANNOT_CREATE: 73,
	/** `certificate`: writing failed, as on a full disk: EX_IOERR. */
	IO: 74,
	/** Scripts only: nothing was checked, because something that they need is not there; what test runners call skipped. */
	MISSING: 77,
} as const);

/** Ends a command: one line for people and an exit code. */
export class CliError extends Error {
	override name = "CliError";
	readonly exitCode: number;

	constructor(message: string, exitCode: number = Exit.FAILED) {
		super(message);
		this.exitCode = exitCode;
	}
}

/** Wrong use of a command. */
export class UsageError extends CliError {
	override name = "UsageError";

	constructor(message: string) {
		super(message, Exit.USAGE);
	}
}
