import { defect, type Defect } from "./defect.js";

const REGION = "client/short-ways/transmit-region.ts";
const PUBLISH = "client/short-ways/publish.ts";
const RECORDS = "client/short-ways/whole-records.ts";
const ACK = "client/short-ways/ack-alone.ts";
const SILENCE = "client/short-ways/silence.ts";

/** Ways in which a short way can be taken where the long one had to be, or forgets what the long one does. */
export const SHORT_WAYS: readonly Defect[] = [
	defect(
		"short way: direct while a payload is composed",
		"outbox",
		REGION,
		"\t\tthis.composing = composing;\n\t\tthis.direct = false;",
		"\t\tthis.composing = composing;",
		"client/short-ways",
	),
	defect(
		"short way: direct past a QoS 0 publish that waits",
		"MQTT-4.6.0-6",
		REGION,
		"noteQoS0Waits(): void {\n\t\tthis.direct = false;",
		"noteQoS0Waits(): void {",
		"client/short-ways",
	),
	defect(
		"short way: a boundary within a PUBLISH",
		"§2.2",
		"client/outgoing/sender.ts",
		"const boundary = outbox.active < 0 && ",
		"const boundary = ",
		"client/short-ways",
		"client/random",
	),
	defect(
		"short way: stopping leaves the only publish alone",
		"stop()",
		"client/outgoing/sender.ts",
		"\t\tthis._outbox.forgetAlone();\n",
		"",
		"client/short-ways",
	),
	defect(
		"short way: the window does not bound publishes",
		"inflight",
		PUBLISH,
		"\t\t\t\t\tinflight <= session.window &&\n",
		"",
		"client/short-ways",
	),
	defect(
		"short way: a publish does not see the end of the region at QoS 0",
		"txBuffer",
		PUBLISH,
		"remaining < 128 && to + 2 + remaining <= region.limit",
		"remaining < 128",
		"client/short-ways",
	),
	defect(
		"short way: a publish does not see the end of the region at QoS 1 and 2",
		"txBuffer",
		PUBLISH,
		"\t\t\t\t\tto + packetSize <= region.limit &&\n",
		"",
		"client/short-ways",
	),
	defect(
		"short way: the second byte of a length is not looked at",
		"§2.2.3",
		RECORDS,
		"length > Short.PACKET_SIZE_MAX || ",
		"",
		"client/short-ways",
	),
	defect(
		"short way: records that were sent before go out as new ones, without DUP",
		"MQTT-3.3.1-1",
		RECORDS,
		"(tags & (TagBits.SOURCE_MASK | TagBits.STATE_MASK)) !== RecordState.QUEUED",
		"(tags & TagBits.SOURCE_MASK) !== 0",
		"client/short-ways",
		"client/cancel",
	),
	defect(
		"short way: an ack overtakes those that wait for room",
		"MQTT-4.6.0-2",
		REGION,
		"this.boundary && !this.ackCount && ",
		"this.boundary && ",
		"client/short-ways",
		"client/sender",
	),
	defect(
		"short way: the answer to an ack overtakes acks that wait for room",
		"MQTT-4.6.0-3",
		ACK,
		"!region.boundary || region.ackCount || ",
		"!region.boundary || ",
		"client/short-ways",
	),
	defect(
		"short way: PUBACK alone does not tell of room",
		"the option onRoom",
		"client/incoming/receiver.ts",
		"this._application.acked(word & 0xffff, true);",
		"this._application.acked(word & 0xffff, false);",
		"client/short-ways",
	),
	defect(
		"short way: PUBCOMP alone wakes nobody",
		"inflight",
		ACK,
		"parts.region.wake();",
		"{}",
		"client/short-ways",
	),
	defect(
		"short way: a ping inside a packet that is half written",
		"§2.2",
		SILENCE,
		"\t\tif (!region.boundary) return Silent.NOT_TAKEN;\n",
		"",
		"loop",
	),
	defect(
		"short way: PINGRESP is seen inside a packet that is half received",
		"§2.2",
		SILENCE,
		"receiver.mode",
		"0",
		"loop",
	),
];
