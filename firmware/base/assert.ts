/** Thrown when our own code is wrong. Bytes from the network can never lead here. */
export class AssertionError extends Error {
	override name = "AssertionError";
}

/**
 * States a fact that our code relies on. On in production: a client that is wrong about itself must not go on.
 *
 * Throws AssertionError with `text`, a plain literal.
 */
export function assert(condition: boolean, text: string): asserts condition {
	if (!condition) throw new AssertionError(text);
}
