// Read MQTT 3.1.1 §3.1, §3.2, §3.12 … §3.14, §4.4 and §4.8 before changing this file.
import { fail } from "../../base/assert.js";
import { elapsedMs } from "../../base/ticks.js";
import { writeConnect } from "../../codec/connect.js";
import { Max, PacketType, ReturnCode } from "../../codec/constants.js";
import type { Decoder } from "../../codec/decoder.js";
import { StatusCode } from "../../codec/status.js";
import { Application } from "../telling/application.js";
import { Arena, Fixed } from "../setup/arena.js";
import { beginStep } from "./attempt.js";
import { Backoff } from "./backoff.js";
import { giveUpPublish } from "./cancel.js";
import { Credentials } from "./credentials.js";
import { PLAIN_PARTS, type PartMakers } from "./part-makers.js";
import { fireDue } from "./timeouts.js";
import { sendPing } from "./ping.js";
import { DisconnectReason, LayerCode, ProblemCode, ReasonCode, StateCode } from "../terms/codes.js";
import { isLinked, isUnderWay } from "../terms/states.js";
import { advanceOf, CounterIndex, Counters, Counts } from "../terms/counters.js";
import { Deadline, Deadlines, Armed } from "../setup/deadlines.js";
import type { CoreOptions, Handler } from "../terms/options.js";
import { PacketLog } from "../telling/packet-log.js";
import { handleAck } from "../incoming/publish-acks.js";
import type { Publisher } from "../outgoing/publisher.js";
import { handleSuback, handleUnsuback, noteRequest } from "../incoming/request-acks.js";
import type { Receiver } from "../incoming/receiver.js";
import { Fill, Sender } from "../outgoing/sender.js";
import { Silence } from "../short-ways/silence.js";
import { type Session, Suspect } from "../session/session.js";
import { asksCredentials, type Settings } from "../setup/settings.js";
import { ShortPublisher } from "../short-ways/publish.js";
import { Leaving, type TransmitRegion } from "../short-ways/transmit-region.js";
import { Subscriptions } from "../session/subscriptions.js";

/** The one first byte that a CONNACK can have (§3.2.1). */
const enum Connack {
	FIRST_BYTE = PacketType.CONNACK << 4,
}

/** What the core asks its driver to do with the transport. */
export const enum Command {
	NONE = 0,
	OPEN = 1,
	CLOSE = 2,
}

/**
 * The client as a state machine without I/O. Bytes, the time and requests come in as arguments; bytes to send stand in
 * the transmit region, messages go to the handlers, and `sleepMs` says when to come back.
 *
 * The driver calls one `handle…`, then `fill` and `handleSent` until nothing is left to write, obeys `takeCommand`, and
 * sleeps. Every call carries `now`, in wrapping milliseconds.
 *
 *     STOPPED → OPENING → CONNECTING → CONNECTED → WAITING → OPENING …      STOPPING on the way back to STOPPED
 *
 * Hot: no allocation.
 */
export class Core {
	// What is asked in every turn stands first: on XS, each field before the one that is looked up costs instructions.
	/** The time of the turn. */
	now = 0;
	/** Set by setState only. */
	state: StateCode = StateCode.STOPPED;
	/** Whether a connection stands that packets go by, accepted or not: follows from `state`. */
	linked = false;
	readonly settings: Settings;
	readonly arena: Arena;
	readonly counts: Counts;
	readonly log: PacketLog;
	readonly application: Application;
	// Those that makeParts makes. Nobody changes them afterwards.
	session!: Session;
	subscriptions!: Subscriptions;
	region!: TransmitRegion;
	sender!: Sender;
	publisher!: Publisher;
	shortPublisher!: ShortPublisher;
	receiver!: Receiver;
	readonly deadlines: Deadlines;
	/** The keep alive. */
	readonly silence: Silence;
	/** The session of the connection that is up was kept by the server. */
	sessionPresent = false;
	command: Command = Command.NONE;
	/** Bytes at the start of the transmit region that the driver writes, once, before it obeys CLOSE: see `lastWords`. */
	partingSize = 0;
	/** Some bytes had to wait for the transport: Deadline.WRITE is armed. */
	blocked = false;
	/** stop() was called and is not complete. */
	protected _stopping = false;
	/** start() was called meanwhile. */
	private _restart = false;
	/** Whose step is under way while an attempt is: see attempt.ts. */
	step: LayerCode = LayerCode.NAME;
	/** From CONNECT on; 0: none. See setKeepAlive. */
	protected _keepAliveMs = 0;
	backoff!: Backoff;
	/** Only where user name or password is a function. */
	declare readonly credentials?: Credentials;
	/** Of the end that was last. */
	readonly reason = new DisconnectReason();
	readonly random: () => number;
	/** What advanceOf was when the connection was accepted. */
	private _advance = 0;

	/**
	 * in   options   as the application gave them; kept for its callbacks
	 *      settings  the same, checked
	 *      client    what callbacks get as their client
	 *      random    0 ≤ random() < 1
	 */
	constructor(options: CoreOptions<unknown>, settings: Settings, client: unknown, random: () => number) {
		this.settings = settings;
		const arena = (this.arena = new Arena(settings));
		const counts = (this.counts = new Counts(new Uint32Array(arena.buffer, 4 * Fixed.COUNTERS, Counters.COUNT)));
		this.deadlines = new Deadlines(arena.words);
		this.log = new PacketLog(arena, settings.packetLog);
		this.application = new Application(options, client, counts, settings.sources);
		const firstId = 1 + Math.floor(random() * Max.PACKET_ID);
		this.makeParts(firstId, (options.store as PartMakers | undefined) ?? PLAIN_PARTS);
		this.random = random;
		this.writeConnect();
		if (asksCredentials(options)) (this as { credentials: Credentials }).credentials = new Credentials(this);
		this.silence = new Silence(this.region, this.receiver, this.deadlines, this.application, counts, arena.view);
		this.setKeepAlive(settings.keepAlive);
	}

	/**
	 * Makes what a version of MQTT has of its own kind; Receiver makes its decoder and its message in methods of that name.
	 * Allocates. Called once, from the constructor: fields of a derived class are not there yet.
	 *
	 * in   firstId  where packet identifiers start
	 *      makers   the option `store`, or the plain ones
	 */
	protected makeParts(firstId: number, makers: PartMakers): void {
		const { settings, arena, counts } = this;
		this.session = makers.makeSession(this, firstId);
		this.subscriptions = new Subscriptions(settings, arena, counts);
		this.region = makers.makeRegion(this);
		this.sender = new Sender(this);
		this.publisher = makers.makePublisher(this);
		this.shortPublisher = new ShortPublisher(this, this.publisher);
		this.receiver = makers.makeReceiver(this, this);
		this.backoff = new Backoff(settings);
	}

	/** Writes CONNECT (§3.1) to where it is sent from at each attempt; what it is made from is given back. Called once. */
	protected writeConnect(): void {
		const { settings } = this;
		writeConnect(this.arena.bytes, this.sender.connectOffset, settings.connect!);
		settings.connect = undefined;
	}

	/** The keep alive in seconds (§3.1.2.10), 0: none. One that CONNACK brings is set before `accept`, from which on it is kept. */
	protected setKeepAlive(keepAliveS: number): void {
		this._keepAliveMs = keepAliveS * 1000;
		this.silence.setTimes(this._keepAliveMs, this.settings.pingTimeoutMs);
	}

	/**
	 * A connection is about to end, and nothing of it has been given up yet: what the server is told last may be written behind
	 * what waits in the transmit region, if that ends with the end of a packet. The driver writes it once and waits for nobody. In 3.1.1
	 * there is nothing to be said.
	 *
	 * out  bytes of the region that are to be written, those that waited included; 0: none
	 */
	protected lastWords(_layer: LayerCode, _code: ReasonCode, _detail: number): number {
		return 0;
	}

	/** The counts as a table, up to date: the same array each time. */
	get counters(): Uint32Array {
		return this.counts.read();
	}

	/** Whether CONNACK has accepted the connection, and it has not ended: also while stopping. */
	get connected(): boolean {
		return this.region.open;
	}

	/** Takes what the driver has to do with the transport: `command`, looked at after everything else in a turn. */
	takeCommand(): Command {
		const command = this.command;
		this.command = Command.NONE;
		return command;
	}

	/** Starts connecting; harmless when started. While stopping: once that is complete. */
	start(now: number): void {
		this._restart = this._stopping;
		if (this.state !== StateCode.STOPPED) return;
		this.backoff.reset();
		this.open(now);
	}

	/** Ends orderly: flush, DISCONNECT, close, onStopped; at once when there is no connection. */
	stop(now: number): void {
		this._restart = false;
		if (this.state === StateCode.STOPPED || this._stopping) return;
		this.now = now;
		this._stopping = true;
		if (!this.linked) {
			this.end(LayerCode.LOCAL, ReasonCode.STOPPED, 0, now);
			return;
		}
		this.arm(Deadline.STOP, this.settings.stopTimeoutMs, now);
		this.sender.leave(false);
		if (this.state === StateCode.CONNECTED) this.setState(StateCode.STOPPING);
	}

	/** The network is up: whoever waits tries at once. */
	networkUp(now: number): void {
		if (this.state !== StateCode.WAITING) return;
		this.backoff.reset();
		this.open(now);
	}

	/** The network is gone: no need to wait until the link is found dead. The next attempt is as after any loss. */
	networkDown(now: number): void {
		if (!isUnderWay(this.state)) return;
		this.end(LayerCode.LOCAL, ReasonCode.NETWORK_DOWN, 0, now);
	}

	/** The transport has resolved the name. */
	handleResolved(now: number): void {
		this.handleConnected(LayerCode.TRANSPORT, now);
	}

	/** The next step of the attempt begins: the connection (see handleResolved), or a handshake on one that stands. */
	handleConnected(layer: LayerCode, now: number): void {
		if (this.state === StateCode.OPENING) beginStep(this, layer, now);
	}

	/** The transport's connection stands: CONNECT follows. */
	handleOpened(now: number): void {
		if (this.state !== StateCode.OPENING) return;
		this.silence.lastSent = this.receiver.lastReceived = now;
		this.receiver.open();
		this.sender.startConnect();
		beginStep(this, LayerCode.TRANSPORT, now);
		this.setState(StateCode.CONNECTING);
	}

	/** The transport says that the attempt or the connection is over. */
	handleEnded(layer: LayerCode, code: ReasonCode, detail: number, now: number): void {
		if (!isUnderWay(this.state)) return;
		this.end(layer, code, detail, now);
		// There is nothing left to close, and nobody to be told.
		this.partingSize = 0;
		if (this.command === Command.CLOSE) this.command = Command.NONE;
	}

	/** A defect of ours was caught at the platform's callback: the connection is given up, the session kept. */
	handleFault(now: number): void {
		if (!isUnderWay(this.state)) return;
		this.end(LayerCode.LOCAL, ReasonCode.INTERNAL_FAULT, 0, now);
	}

	/**
	 * Bytes stand in the landing (0: look at the window again). A driver that is in a hurry sets `now` and calls
	 * receiver.handleBytes itself, while `linked`.
	 */
	handleBytes(count: number, now: number): void {
		if (!this.linked) return;
		this.now = now;
		this.receiver.handleBytes(count, now);
	}

	/** Fills the transmit region. A driver that is in a hurry calls sender.fill, and handleFill with what it returns. */
	fill(now: number): void {
		if (!this.linked) return;
		this.now = now;
		this.handleFill(this.sender.fill(now), now);
		if (this.region.size > this.counts.txMax) this.counts.txMax = this.region.size;
	}

	/** What filling has led to: a source that failed, requests whose acks have a deadline. */
	handleFill(result: Fill, now: number): void {
		if (result === Fill.SOURCE_FAILED) {
			const outbox = this.session.outbox;
			const packetId = outbox.packetId(outbox.active);
			this.counts.table[CounterIndex.DROPPED_SOURCE]!++;
			this.session.drop(outbox.active);
			this.application.problem(ProblemCode.SOURCE_FAILED, packetId);
			if (this.linked) this.end(LayerCode.LOCAL, ReasonCode.SOURCE_FAILED, packetId, now);
			return;
		}
		if (!this.region.requested) return;
		this.region.requested = false;
		if (this.subscriptions.requested > 0 && !this.deadlines.isArmed(Deadline.ACK))
			this.arm(Deadline.ACK, this.settings.ackTimeoutMs, now);
	}

	/** The transport has taken bytes. Hot: no allocation. */
	handleSent(count: number, now: number): void {
		const region = this.region;
		this.counts.bytesOut += count;
		this.silence.lastSent = now;
		if (count === region.size) {
			region.size = 0;
			if (region.watched) this.handleAllSent(now);
			return;
		}
		region.handleSent(count);
		this.setBlocked(true, now);
	}

	/** Nothing waits for the transport any more, and something did, or DISCONNECT was the last. */
	handleAllSent(now: number): void {
		this.setBlocked(false, now);
		if (this.region.leaving < Leaving.WRITTEN) return;
		this.end(LayerCode.LOCAL, this._stopping ? ReasonCode.STOPPED : ReasonCode.RETURNING, 0, now);
	}

	/** The transport takes no bytes now although some wait. */
	handleBlocked(now: number): void {
		if (this.region.size > this.counts.txMax) this.counts.txMax = this.region.size;
		if (!this.blocked) this.setBlocked(true, now);
	}

	/** The deadline runs from the last bytes that the transport has taken. */
	protected setBlocked(blocked: boolean, now: number): void {
		this.blocked = blocked;
		this.region.setBlocked(blocked);
		if (blocked) this.arm(Deadline.WRITE, this.silence.pingTimeoutMs, now);
		else this.deadlines.clear(Deadline.WRITE);
	}

	/** Fires what is due, of the deadlines that have a bit in `mask`. Waking early is harmless. Hot: no allocation. */
	handleTimeout(now: number, mask = -1): void {
		this.now = now;
		const due = this.deadlines.due(now) & mask;
		if ((due & ~Armed.KEEP_ALIVE) !== 0 && fireDue(this, due, now)) return;
		if ((due & Armed.KEEP_ALIVE) !== 0) this.checkSilence(now);
	}

	/** Milliseconds that the driver may sleep; 0 means now, negative that nothing is waited for. */
	sleepMs(now: number): number {
		this.deadlines.changed = false;
		return this.deadlines.next(now);
	}

	/** Goes on after a pause; see Client.resume. */
	resume(taken: boolean): void {
		this.receiver.resume(taken);
		this.application.attention = true;
	}

	/** Declares a subscription; see Subscriptions.declare for the statuses. */
	subscribe(filter: string, qos: number, handler: Handler, stream: boolean): number {
		if (qos !== 0 && qos !== 1 && qos !== 2) return StatusCode.INVALID_QOS;
		const { requested } = this.subscriptions;
		return noteRequest(this, this.subscriptions.declare(filter, qos, handler, stream), requested);
	}

	/** Ends a subscription; see Subscriptions.end for the statuses. */
	unsubscribe(filter: string): number {
		const { requested } = this.subscriptions;
		const index = noteRequest(this, this.subscriptions.end(filter), requested);
		return index < 0 ? index : StatusCode.OK;
	}

	handlePacket(decoder: Decoder, start: number): boolean {
		if (decoder.firstByte === Connack.FIRST_BYTE) return this.handleConnack(decoder);
		// Nothing may come before CONNACK [MQTT-3.2.0-1].
		if (this.state === StateCode.CONNECTING) return this.refuse(decoder);
		switch (decoder.firstByte >> 4) {
			case PacketType.PUBACK:
			case PacketType.PUBREC:
			case PacketType.PUBREL:
			case PacketType.PUBCOMP:
				return handleAck(this, (decoder.firstByte << 16) | decoder.packetId);
			case PacketType.SUBACK:
				return handleSuback(this, decoder, start);
			case PacketType.UNSUBACK:
				return handleUnsuback(this, decoder);
			default:
				if (decoder.firstByte >> 4 !== PacketType.PINGRESP) fail("core: a packet that the decoder lets pass");
				this.deadlines.clear(Deadline.PINGRESP);
				return true;
		}
	}

	/** The server broke the protocol, or more than we can remember. No DISCONNECT: the will is to be published. */
	handleViolation(reason: ReasonCode, detail: number): void {
		this.end(LayerCode.PROTOCOL, reason, detail, this.now);
	}

	/** A packet that is not allowed here ends the connection. Returns false, as what handlePacket returns. */
	refuse(decoder: Decoder): boolean {
		this.counts.table[CounterIndex.PROTOCOL_ERRORS]!++;
		this.handleViolation(ReasonCode.PROTOCOL_ERROR, decoder.firstByte);
		return false;
	}

	/** Whether a SUBSCRIBE or UNSUBSCRIBE of ours waits for its ack with this identifier. */
	isRequest(packetId: number): boolean {
		return this.subscriptions.requested > 0 && this.subscriptions.nextOfRequest(packetId, 0) >= 0;
	}

	protected handleConnack(decoder: Decoder): boolean {
		if (this.state !== StateCode.CONNECTING) return this.refuse(decoder);
		if (decoder.returnCode !== ReturnCode.ACCEPTED) {
			const code = decoder.returnCode;
			const known = code <= ReturnCode.NOT_AUTHORIZED;
			const reason = known ? ReasonCode.REFUSED_PROTOCOL_VERSION - 1 + code : ReasonCode.REFUSED_OTHER;
			this.end(LayerCode.SERVER, reason, code, this.now);
			return false;
		}
		// A clean session has nothing to be present [MQTT-3.2.2-1].
		if (decoder.sessionPresent && this.settings.cleanSession) return this.refuse(decoder);
		this.accept(decoder.sessionPresent, this.now);
		return this.linked;
	}

	protected accept(sessionPresent: boolean, now: number): void {
		sessionPresent = this.backoff.accepted(sessionPresent);
		this.deadlines.clear(Deadline.STEP);
		this.arm(Deadline.STABLE, this.settings.stableMs, now);
		// Counted from CONNECT, which the server has heard last [MQTT-3.1.2-23].
		if (this._keepAliveMs > 0) this.checkSilence(now);
		this.sessionPresent = sessionPresent;
		this.counts.table[CounterIndex.CONNECTS]!++;
		this._advance = advanceOf(this.counts);
		if (sessionPresent) {
			this.counts.table[CounterIndex.SESSIONS_RESUMED]!++;
			this.session.resume();
		} else {
			if (this.subscriptions.restart()) this.application.room.entryFreed();
			this.session.restart();
			// Told of a handshake that is lost, the application may have ended the connection.
			if (this.state !== StateCode.CONNECTING) return;
		}
		this.region.accept();
		this.setState(this._stopping ? StateCode.STOPPING : StateCode.CONNECTED);
		this.application.connected(sessionPresent);
	}

	isExchange(packetId: number): boolean {
		return this.session.outbox.find(packetId) >= 0 || this.session.releasedIndex(packetId) >= 0;
	}

	/** The deadline belongs to the requests that are still open. */
	handleRequestAcked(): void {
		if (this.subscriptions.requested === 0) this.deadlines.clear(Deadline.ACK);
		else this.arm(Deadline.ACK, this.settings.ackTimeoutMs, this.now);
	}

	/** Arms a deadline, and has the driver set its timer. */
	arm(deadline: Deadline, delayMs: number, now: number): void {
		this.deadlines.arm(deadline, delayMs, now);
		this.application.attention = true;
	}

	/** Begins an attempt. */
	open(now: number): void {
		this.now = now;
		this.deadlines.clear(Deadline.RETRY);
		beginStep(this, LayerCode.NAME, now);
		this.command = Command.OPEN;
		this.application.attention = true;
		this.setState(StateCode.OPENING);
	}

	/**
	 * Sends PINGREQ when either direction has been silent: ours, because the server counts what it gets
	 * [MQTT-3.1.2-23]; the server's, because a link that only takes our bytes may be dead.
	 */
	protected checkSilence(now: number): void {
		const { lastSent, pingAfterMs } = this.silence;
		const sent = elapsedMs(now, lastSent);
		const received = elapsedMs(now, this.receiver.lastReceived);
		const silent = sent > received ? sent : received;
		const left = pingAfterMs - silent;
		if (left > 0) return this.arm(Deadline.KEEP_ALIVE, left, now);
		this.arm(Deadline.KEEP_ALIVE, pingAfterMs, now);
		sendPing(this, now);
	}

	protected setState(state: StateCode): void {
		this.state = state;
		this.linked = isLinked(state);
		if (this.application.traces) this.application.trace(0, state, this.now);
	}

	/** The one way in which attempts and connections end. */
	end(layer: LayerCode, code: ReasonCode, detail: number, now: number): void {
		this.now = now;
		const wasUnderWay = isUnderWay(this.state);
		// The driver has not taken the command yet: there was no attempt, and nobody hears of its end.
		const wasTried = wasUnderWay && this.command !== Command.OPEN;
		const wasConnected = this.deadlines.isArmed(Deadline.STABLE) || this.region.open;
		const young = this.deadlines.isArmed(Deadline.STABLE);
		const suspect = young && layer !== LayerCode.LOCAL ? this.session.suspect(this.settings.resendsMax) : Suspect.NONE;
		this.partingSize = this.linked ? this.lastWords(layer, code, detail) : 0;
		this.deadlines.clearConnection();
		this.blocked = false;
		this.sender.reset();
		this.receiver.reset();
		this.subscriptions.handleLost();
		// Also when there was no attempt: the connection before it may be still to be closed.
		if (wasUnderWay) this.command = Command.CLOSE;
		// A callback below may start and stop anew: that is another stop.
		const stopping = this._stopping;
		this._stopping = false;
		if (stopping) this.deadlines.clear(Deadline.STOP);
		else if (wasTried) this.counts.table[CounterIndex.DISCONNECTS]!++;
		const again = !stopping && this.settings.reconnect;
		const { reason } = this;
		reason.layer = layer;
		reason.code = code;
		reason.detail = detail;
		reason.wasConnected = wasConnected;
		const advanced = suspect === Suspect.NONE && young && advanceOf(this.counts) !== this._advance;
		reason.retryMs = again ? this.backoff.next(layer, code, young, this.random(), advanced) : -1;
		if (again) this.arm(Deadline.RETRY, reason.retryMs, now);
		this.setState(again ? StateCode.WAITING : StateCode.STOPPED);
		if (wasTried) this.application.disconnected(reason);
		if (suspect >= 0) giveUpPublish(this, suspect);
		// Last, because a turn may have run within the callback, before all of this was said.
		this.deadlines.changed = this.application.attention = true;
		if (stopping) this.finishStop();
	}

	protected finishStop(): void {
		const left = this.session.outbox.count + this.session.releasedCount;
		if (left > 0) this.application.problem(ProblemCode.STOPPED_UNFINISHED, left);
		this.application.stopped();
		if (this._restart) this.start(this.now);
	}
}
