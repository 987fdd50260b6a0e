/**
 * Traces what a constructor is about to throw. Who looks at a device's log sees where an exception came from and not what it
 * says; the text with option, value and limit is in the log by this. Silent where the platform has no `trace`.
 *
 * out  the same error, for `throw`
 */
export function traced(error: unknown): unknown {
	if (typeof trace === "function") trace(`xs-mqtt: ${String(error)}\n`);
	return error;
}
