/** What a client says about its options, without the value of a password. */
export function withoutPasswordValue(text: string): string {
	return text.replace(/^password: ".*"…? /s, "password: the value ");
}
