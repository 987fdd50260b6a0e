/** Thrown when our own code is wrong. Bytes from the network can never lead here. */
export class AssertionError extends Error {
	override name = "AssertionError";

	/** Written out: the constructor that a derived class is given spreads its arguments. */
	constructor(text: string) {
		super(text);
	}
}

/**
 * States a fact that our code relies on. On in production: a client that is wrong about itself must not go on.
 *
 * Throws AssertionError with `text`, a plain literal. Not for hot paths: there the literal would be copied into the
 * heap at every call, because a preloaded module keeps its literals in byte code. Those write
 * `if (wrong) fail("what")`, where the literal is touched only when it is needed.
 */
export function assert(condition: boolean, text: string): asserts condition {
	if (!condition) fail(text);
}

/** The fact does not hold. Throws AssertionError. */
export function fail(text: string): never {
	throw new AssertionError(text);
}
