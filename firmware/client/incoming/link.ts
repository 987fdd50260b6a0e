import type { Decoder } from "../../codec/decoder.js";
import type { TransmitParts } from "../short-ways/transmit-region.js";
import type { ReasonCode } from "../terms/codes.js";

/** What the receiver asks of the connection that its bytes come by. The core is one. */
export interface Connection {
	/** Whether it still stands: any callback may end it. */
	readonly linked: boolean;
	/** The time of the turn. */
	now: number;
	/** Every packet but PUBLISH. out: whether the connection stands */
	handlePacket(decoder: Decoder, start: number): boolean;
	/** The server broke the protocol, or more is open than can be remembered: ends the connection. */
	handleViolation(reason: ReasonCode, detail: number): void;
}

/** What acks ask of the connection besides. The core is one. */
export interface Link extends Connection, TransmitParts {
	/** A packet that is not allowed here: ends the connection. out: false */
	refuse(decoder: Decoder): boolean;
	/** Whether a SUBSCRIBE or UNSUBSCRIBE of ours waits for its ack with this identifier. */
	isRequest(packetId: number): boolean;
	/** Whether a publish of ours that is not finished has this identifier. */
	isExchange(packetId: number): boolean;
	/** A request was answered: its deadline belongs to those that are still open. */
	handleRequestAcked(): void;
}
