/** The public surface. A name, once published here, stays. */
export { Client } from "./app/client.js";
export type { ClientOptions, MessageHandler, OneServerOptions, SeveralServersOptions } from "./app/client.js";
export { DisconnectReason, Layer, Problem, QoS, Reason, State, Status } from "./client/terms/codes.js";
export { Counter, COUNTER_COUNT } from "./client/terms/counters.js";
export { LIMITS } from "./client/terms/limits.js";
export type { Limit, LimitName } from "./client/terms/limits.js";
export { Message } from "./client/terms/message.js";
export type { Credential, ManifestOptions, PayloadSource, TuningOptions, WillOptions } from "./client/terms/options.js";
export { PacketLog } from "./client/telling/packet-log.js";
export { PayloadWriter } from "./client/outgoing/payload-writer.js";
export { Text, Topic } from "./codec/topic.js";
export type { Servers } from "./ports/servers.js";
export type {
	NameRequest,
	NameResolver,
	Transport,
	TransportFactory,
	TransportListener,
	TransportSetup,
} from "./ports/transport.js";
