/** A certificate or a key is no good. */
export class SecureConfigError extends Error {
	override name = "SecureConfigError";
	/** Which of them: ca, certificate, key; perhaps with an index. */
	readonly option: string;
	/** What is wrong with it. */
	readonly why: string;

	constructor(option: string, why: string) {
		super(`${option}: ${why}`);
		this.option = option;
		this.why = why;
	}
}
