/** The characters that topic names, payloads and filters are told apart by. */
export const enum Ascii {
	QUOTE = 0x22,
	HASH = 0x23,
	DOLLAR = 0x24,
	PLUS = 0x2b,
	COMMA = 0x2c,
	MINUS = 0x2d,
	POINT = 0x2e,
	SLASH = 0x2f,
	ZERO = 0x30,
	COLON = 0x3a,
	BACKSLASH = 0x5c,
	OPEN_BRACE = 0x7b,
	CLOSE_BRACE = 0x7d,
}
