import { Status, Text, Topic } from "../../../firmware/index.js";
import { COMPOSED, payloadByte } from "./outgoing.js";

/** Topics as an application may have them, made once, and texts that are none. */
export const TOPICS: readonly (Topic | string)[] = [
	new Topic("a"),
	new Topic("in/1"),
	new Topic("out/a/longer/topic/name"),
	"a",
	"é/世",
	"a/+",
	"",
	"\ud800",
	new Topic("x".repeat(60)),
	undefined as unknown as string,
];

/** Topics of composed payloads. */
export const COMPOSED_TOPICS: readonly (Topic | string)[] = [new Topic(COMPOSED), COMPOSED, "#"];

export const FILTERS: readonly string[] = [
	...["in/+", "a", "#", "in/1", "big", "a/#", "$SYS/#", "$share/g/in/+", "+/+", "é/世"],
	...["a/#/b", "", "in+", "$share/g", "\ud800", "a\0b", "f/".repeat(40)],
];

export const QOS: readonly number[] = [0, 1, 2, 1, 2, 0, 3, -1, NaN];

/** Payload sizes: small, around the sizes of the regions, larger than any of them. */
const SIZES: readonly number[] = [0, 1, 8, 20, 30, 47, 55, 64, 100, 125, 130, 300, 2_100];

/** One payload of each size, so that what is sent can be told by its size. */
export const PAYLOADS: readonly (Uint8Array | string)[] = [
	...SIZES.map((size) => Uint8Array.from({ length: size }, (_, index) => payloadByte(index, size))),
	...[5, 40].map((size) => String.fromCharCode(...Array.from({ length: size }, (_, i) => payloadByte(i, size)))),
	"\ud800",
	5 as unknown as string,
];

export const TEXTS: readonly (Text | string)[] = [new Text("celsius"), "text", '"\n\\', "\ud800", "x".repeat(70)];

/** Statuses that a method's documentation names. */
const TAKING = [Status.FULL, Status.TOO_LARGE, Status.NOT_CONNECTED, Status.BUSY, Status.STOPPED];
const ARGUMENTS = [Status.INVALID_TOPIC, Status.INVALID_QOS, Status.INVALID_PAYLOAD];
export const STATUSES: Readonly<Record<string, readonly number[]>> = Object.freeze({
	publish: [...TAKING, ...ARGUMENTS],
	publishStream: [...TAKING, ...ARGUMENTS],
	send: [...TAKING, ...ARGUMENTS, Status.NOT_FOUND],
	subscribe: [Status.FULL, Status.TOO_LARGE, Status.INVALID_FILTER, Status.INVALID_QOS, Status.NOT_FOUND],
	unsubscribe: [Status.NOT_FOUND, Status.INVALID_FILTER, Status.FULL, Status.TOO_LARGE],
	cancel: [Status.NOT_FOUND],
});
