/** The public surface. A name, once published here, stays. */
export { Client } from "./app/client.js";
export type { ClientOptions, MessageHandler } from "./app/client.js";
export { DisconnectReason, Layer, Problem, QoS, Reason, State, Status } from "./client/codes.js";
export { Counter, COUNTER_COUNT } from "./client/counters.js";
export { LIMITS } from "./client/limits.js";
export type { Limit, LimitName } from "./client/limits.js";
export { Message } from "./client/message.js";
export type { ManifestOptions, PayloadSource, TuningOptions, WillOptions } from "./client/options.js";
export { PacketLog } from "./client/packet-log.js";
export { PayloadWriter } from "./client/writer.js";
export { Text, Topic } from "./codec/topic.js";
export type {
	NameRequest,
	NameResolver,
	Transport,
	TransportFactory,
	TransportListener,
	TransportSetup,
} from "./loop/transport.js";
