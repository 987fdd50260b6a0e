import { Reason } from "xs-mqtt";
import { acceptOf, First, frame } from "./websocket-rig.js";

/** An answer to the opening handshake that opens nothing, and what has to become of it. */
export interface HostileAnswer {
	readonly name: string;
	/** From the request to the bytes, as latin1. */
	readonly answer: (request: string) => string;
	readonly code: number;
	readonly detail: number;
}

/** Bytes on an open connection that end it. */
export interface HostileFrame {
	readonly name: string;
	readonly bytes: readonly number[];
	readonly code: number;
	readonly detail: number;
	/** The code of the close frame that the server gets; 0: none in it. */
	readonly says: number;
	/** Payload that stands before it. */
	readonly before: readonly number[];
}

type Lines = Readonly<Record<string, string | undefined>>;

/** What a good server answers, with other lines. */
function answerWith(
	lines: Lines,
	status = "HTTP/1.1 101 Switching Protocols",
	extra = "",
): (request: string) => string {
	return (request) => {
		const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request)?.[1] ?? "";
		const all: Lines = {
			Upgrade: "websocket",
			Connection: "Upgrade",
			"Sec-WebSocket-Accept": acceptOf(key),
			"Sec-WebSocket-Protocol": "mqtt",
			...lines,
		};
		const texts = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}\r\n`));
		return `${status}\r\n${texts.join("")}${extra}\r\n`;
	};
}

function acceptChanged(change: (accept: string) => string): (request: string) => string {
	return (request) =>
		answerWith({})(request).replace(/(Accept: )(.*)/, (_all, name: string, value: string) => name + change(value));
}

const { UPGRADE_REFUSED, UPGRADE_UNAVAILABLE, BAD_UPGRADE, NO_SUBPROTOCOL, BAD_FRAME, WEBSOCKET_CLOSED } = Reason;

function refusal(status: string, code: number, detail: number): HostileAnswer {
	return {
		name: `status ${status}`,
		answer: () => `HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nsorry`,
		code,
		detail,
	};
}

function bad(name: string, detail: number, answer: (request: string) => string): HostileAnswer {
	return { name, answer, code: BAD_UPGRADE, detail };
}

function text(name: string, detail: number, given: string): HostileAnswer {
	return bad(name, detail, () => given);
}

export const HOSTILE_ANSWERS: readonly HostileAnswer[] = [
	refusal("400 Bad Request", UPGRADE_REFUSED, 400),
	refusal("401 Unauthorized", UPGRADE_REFUSED, 401),
	refusal("403 Forbidden", UPGRADE_REFUSED, 403),
	refusal("404 Not Found", UPGRADE_REFUSED, 404),
	refusal("426 Upgrade Required", UPGRADE_REFUSED, 426),
	refusal("301 Moved Permanently\r\nLocation: /other", UPGRADE_REFUSED, 301),
	refusal("302 Found\r\nLocation: http://other/", UPGRADE_REFUSED, 302),
	refusal("308 Permanent Redirect", UPGRADE_REFUSED, 308),
	refusal("200 OK", UPGRADE_REFUSED, 200),
	refusal("100 Continue", UPGRADE_REFUSED, 100),
	refusal("429 Too Many Requests", UPGRADE_UNAVAILABLE, 429),
	refusal("500 Internal Server Error", UPGRADE_UNAVAILABLE, 500),
	refusal("502 Bad Gateway", UPGRADE_UNAVAILABLE, 502),
	refusal("503 Service Unavailable", UPGRADE_UNAVAILABLE, 503),
	refusal("599", UPGRADE_UNAVAILABLE, 599),
	{ ...refusal("404 by HTTP/1.0", UPGRADE_REFUSED, 404), answer: () => "HTTP/1.0 404 Not Found\r\n\r\n" },
	bad("101 by HTTP/1.0", 1, answerWith({}, "HTTP/1.0 101 Switching Protocols")),
	bad("101 by HTTP/2", 1, answerWith({}, "HTTP/2.0 101 Switching Protocols")),
	text("an alert of TLS", 1, "\x15\x03\x01\x00\x02\x02\x46"),
	text("CONNACK: no WebSocket at all", 1, "\x20\x02\x00\x00"),
	text("a greeting of SSH", 1, "SSH-2.0-OpenSSH_9.2\r\n"),
	text("a page without a head", 1, "<html><body>It works!</body></html>"),
	text("zeros", 1, "\0".repeat(50)),
	text("an empty line first", 1, "\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"),
	text("a status that is no number", 1, "HTTP/1.1 1x1 Switching Protocols\r\n\r\n"),
	text("a status of four digits", 1, "HTTP/1.1 1010 Switching Protocols\r\n\r\n"),
	text("a status of two digits", 1, "HTTP/1.1 10 Switching Protocols\r\n\r\n"),
	text("a status below 100", 1, "HTTP/1.1 099 What\r\n\r\n"),
	text("a status line in small letters", 1, "http/1.1 101 Switching Protocols\r\n\r\n"),
	text("two blanks before the status", 1, "HTTP/1.1  101 Switching Protocols\r\n\r\n"),
	bad("a line without a colon", 2, answerWith({}, undefined, "what is this\r\n")),
	bad("a line that begins with a colon", 2, answerWith({}, undefined, ": x\r\n")),
	bad("a blank before a colon", 2, answerWith({ "Upgrade ": "websocket" })),
	bad("NUL in a name", 2, answerWith({}, undefined, "X\0Y: z\r\n")),
	bad("a line that goes on with no header", 2, answerWith({}, "HTTP/1.1 101 Switching Protocols\r\n and more")),
	bad("CR without LF in a value", 2, answerWith({ Upgrade: "web\rsocket" })),
	bad("CR without LF at the end of the head", 2, (request) => answerWith({})(request).slice(0, -1) + "\x82\x01x"),
	bad("a head of more than 8,192 bytes", 3, answerWith({}, undefined, `X-Long: ${"x".repeat(9_000)}\r\n`)),
	bad("a head of many lines", 3, answerWith({}, undefined, "X-Many: abcdefgh\r\n".repeat(600))),
	bad("a status line without an end", 3, () => "HTTP/1.1 101 " + "x".repeat(9_000)),
	bad("no Upgrade", 4, answerWith({ Upgrade: undefined })),
	bad("Upgrade to h2c", 4, answerWith({ Upgrade: "h2c" })),
	bad("Upgrade to more than websocket", 4, answerWith({ Upgrade: "websocket, h2c" })),
	bad("Upgrade to a part of it", 4, answerWith({ Upgrade: "websocke" })),
	bad("Upgrade to websockets", 4, answerWith({ Upgrade: "websockets" })),
	bad("an empty Upgrade", 4, answerWith({ Upgrade: "" })),
	bad("no Connection", 5, answerWith({ Connection: undefined })),
	bad("Connection: close", 5, answerWith({ Connection: "close" })),
	bad("Connection that only looks like it", 5, answerWith({ Connection: "keep-alive, Upgraded, no-upgrade" })),
	bad("Connection with a blank in the word", 5, answerWith({ Connection: "up grade" })),
	bad("no Accept", 6, answerWith({ "Sec-WebSocket-Accept": undefined })),
	bad("the Accept of another key", 6, answerWith({ "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" })),
	bad("an empty Accept", 6, answerWith({ "Sec-WebSocket-Accept": "" })),
	bad(
		"an Accept in small letters",
		6,
		acceptChanged((accept) => (accept.toLowerCase() === accept ? "x" : accept.toLowerCase())),
	),
	bad(
		"an Accept without its end",
		6,
		acceptChanged((accept) => accept.slice(0, -1)),
	),
	bad(
		"an Accept with more behind it",
		6,
		acceptChanged((accept) => accept + "="),
	),
	bad(
		"an Accept in two words",
		6,
		acceptChanged((accept) => accept.slice(0, 9) + " " + accept.slice(9)),
	),
	bad("the key as Accept", 6, (request) =>
		acceptChanged(() => /Key: (.*)\r/.exec(request)?.[1] ?? "".padEnd(24))(request),
	),
	bad("Accept twice", 6, (request) => answerWith({})(request).replace(/(Sec-WebSocket-Accept.*\r\n)/, "$1$1")),
	bad("an extension", 7, answerWith({ "Sec-WebSocket-Extensions": "permessage-deflate" })),
	bad("an extension with parameters", 7, answerWith({ "sec-websocket-extensions": "  x-foo; a=1, y" })),
	{
		name: "no sub-protocol",
		answer: answerWith({ "Sec-WebSocket-Protocol": undefined }),
		code: NO_SUBPROTOCOL,
		detail: 1,
	},
	{
		name: "an empty sub-protocol",
		answer: answerWith({ "Sec-WebSocket-Protocol": "" }),
		code: NO_SUBPROTOCOL,
		detail: 2,
	},
	{
		name: "sub-protocol mqttv3.1",
		answer: answerWith({ "Sec-WebSocket-Protocol": "mqttv3.1" }),
		code: NO_SUBPROTOCOL,
		detail: 2,
	},
	{
		name: "sub-protocol MQTT",
		answer: answerWith({ "Sec-WebSocket-Protocol": "MQTT" }),
		code: NO_SUBPROTOCOL,
		detail: 2,
	},
	{
		name: "two sub-protocols",
		answer: answerWith({ "Sec-WebSocket-Protocol": "mqtt, amqp" }),
		code: NO_SUBPROTOCOL,
		detail: 2,
	},
	{
		name: "the sub-protocol twice",
		answer: answerWith({}, undefined, "Sec-WebSocket-Protocol: mqtt\r\n"),
		code: NO_SUBPROTOCOL,
		detail: 3,
	},
];

function badFrame(name: string, detail: number, bytes: readonly number[], says = 1002): HostileFrame {
	return { name, bytes, code: BAD_FRAME, detail, says, before: [] };
}

function close(name: string, payload: readonly number[], detail: number, says = detail): HostileFrame {
	return { name, bytes: frame(First.CLOSE, payload), code: WEBSOCKET_CLOSED, detail, says, before: [] };
}

function closeCode(code: number): HostileFrame {
	return badFrame(`close code ${code}`, 10, frame(First.CLOSE, [code >> 8, code & 255]));
}

/** A message, and then something else. */
function behind(entry: HostileFrame): HostileFrame {
	return {
		...entry,
		name: `a message, and ${entry.name}`,
		bytes: [...frame(First.BINARY, [7, 8, 9]), ...entry.bytes],
		before: [7, 8, 9],
	};
}

const MASKED = [First.BINARY, 0x82, 1, 2, 3, 4, 5, 6];

export const HOSTILE_FRAMES: readonly HostileFrame[] = [
	badFrame("a text frame", 1, frame(0x81, [0x68, 0x69]), 1003),
	badFrame("an empty text frame", 1, frame(0x81), 1003),
	badFrame("the first fragment of a text", 1, frame(0x01, [0x68]), 1003),
	badFrame("a masked frame", 2, MASKED),
	badFrame("a masked ping", 2, [First.PING, 0x80, 1, 2, 3, 4]),
	badFrame("a masked close", 2, [First.CLOSE, 0x82, 0, 0, 0, 0, 3, 0xe8]),
	badFrame("reserved bit 1", 3, frame(0xc2, [1])),
	badFrame("reserved bit 2", 3, frame(0xa2, [1])),
	badFrame("reserved bit 3", 3, frame(0x92, [1])),
	badFrame("reserved bits in a ping", 3, frame(0xf9, [1])),
	...[3, 4, 5, 6, 7].map((opcode) => badFrame(`reserved data opcode ${opcode}`, 4, frame(0x80 | opcode, [1]))),
	...[11, 12, 13, 14, 15].map((opcode) => badFrame(`reserved control opcode ${opcode}`, 4, frame(0x80 | opcode, [1]))),
	badFrame("a fragmented ping", 5, frame(0x09, [1])),
	badFrame("a fragmented close", 5, frame(0x08, [3, 0xe8])),
	badFrame("a fragmented pong", 5, frame(0x0a)),
	badFrame("a ping of 126 bytes", 6, frame(First.PING, new Uint8Array(126))),
	badFrame("a ping whose length has 16 bits", 6, frame(First.PING, [1, 2], 16)),
	badFrame("a close whose length has 64 bits", 6, frame(First.CLOSE, [3, 0xe8], 64)),
	badFrame("a continuation of nothing", 7, frame(First.LAST, [1])),
	badFrame("a continuation with more to come", 7, frame(First.MORE, [1])),
	{
		...badFrame("a continuation behind the last fragment", 7, []),
		bytes: [...frame(First.BINARY_MORE, [1]), ...frame(First.LAST, [2]), ...frame(First.LAST, [3])],
		before: [1, 2],
	},
	{
		...badFrame("a new message within a fragmented one", 8, []),
		bytes: [...frame(First.BINARY_MORE, [1, 2]), ...frame(First.BINARY, [3])],
		before: [1, 2],
	},
	{
		...badFrame("a new fragmented message within another", 8, []),
		bytes: [...frame(First.BINARY_MORE, [1, 2]), ...frame(First.BINARY_MORE, [3])],
		before: [1, 2],
	},
	badFrame("a close of one byte", 9, frame(First.CLOSE, [3])),
	...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(closeCode),
	badFrame("a length with the highest bit", 11, [First.BINARY, 127, 0x80, 0, 0, 0, 0, 0, 0, 1], 1009),
	badFrame("a length beyond 32 bits", 11, [First.BINARY, 127, 0, 0, 0, 1, 0, 0, 0, 0], 1009),
	badFrame("a length of 2^31", 11, [First.BINARY, 127, 0, 0, 0, 0, 0x80, 0, 0, 0], 1009),
	close("close without a code", [], 1005, 0),
	...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) =>
		close(`close ${code}`, [code >> 8, code & 255], code),
	),
	close("close with a reason", [3, 0xe9, ...Buffer.from("going away")], 1001),
	{
		...close("a close, and a message behind it", [], 1005, 0),
		bytes: [...frame(First.CLOSE), ...frame(First.BINARY, [1])],
	},
	behind(close("close 1001 again", [3, 0xe9], 1001)),
	behind(badFrame("a text", 1, frame(0x81, [0x68]), 1003)),
	behind(badFrame("a mask", 2, MASKED)),
];
