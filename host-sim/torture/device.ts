import type { Core } from "../../firmware/client/connection/core.js";
import { Problem, State, Status, type DisconnectReason, type QoS } from "../../firmware/client/terms/codes.js";
import { Client, Topic, type Message, type PayloadWriter } from "../../firmware/index.js";
import { platformDns } from "../../firmware/transport/dns.js";
import { tcp } from "../../firmware/transport/tcp.js";
import { emptyTopic, makeContent, markSize } from "./checkers/content.js";
import type { ConductChecker } from "./checkers/conduct.js";
import type { Causes, EndingChecker, Silences } from "./checkers/endings.js";
import type { Findings } from "./checkers/findings.js";
import type { IncomingChecker, Subscription } from "./checkers/incoming.js";
import { withCore } from "./checkers/internals.js";
import type { Outgoing, OutgoingChecker } from "./checkers/outgoing.js";
import type { TurnChecker } from "./checkers/turns.js";
import { Random } from "../world/random.js";
import { CALLBACKS, Scripts, type CallbackName } from "./scripts.js";
import type { Setup } from "./setup.js";
import { TestSource, type SourceFault } from "./source.js";

/** What the device works with. */
export interface DeviceParts {
	setup: Setup;
	seed: number;
	findings: Findings;
	outgoing: OutgoingChecker;
	incoming: IncomingChecker;
	endings: EndingChecker;
	conduct: ConductChecker;
	turns: TurnChecker;
	/** The client says which state it has entered. */
	entered(state: number): void;
	causes(): Causes;
	silences(): Silences;
	/** For charts: what the program does, and what it is told. */
	note(text: string): void;
}

/** Topic names that the device publishes to; the last one is longer than small buffers like. */
const TOPICS = ["t/0", "t/1", "t/2", "t/a/long/name/that/takes/its/room"];
/** Topic filters that it subscribes to. */
const FILTERS = ["in/+", "in/#", "cmd", "#", "+/1", "in/1", "big/#", "in/2/x", "+/+/x"];
/** Sizes of payloads; 0 is an empty one, and every other has room for its mark. */
const SIZES = [0, 1, 1, 12, 20, 20, 35, 50, 64, 100, 200, 400, 1_500];
const FAULTS: readonly SourceFault[] = ["none", "none", "dry", "dry", "fails", "throws", "lies"];
/** Nothing that a callback does leads deeper than this. */
const DEPTH_MAX = 4;

/** The program of a simulated device: one client, whose callbacks tell everything to the checkers. */
export class Device {
	readonly client: Client;
	/** What is inside of it, for those who look at its tables. */
	readonly core: Core;
	readonly scripts = new Scripts();
	readonly #parts: DeviceParts;
	readonly #topics = TOPICS.map((name) => new Topic(name));
	readonly #byIndex = new Map<number, Subscription>();
	#sources: TestSource[] = [];
	#writer: { writer: PayloadWriter; message: Outgoing } | undefined;
	#depth = 0;
	/** A publish was refused for lack of room, and onRoom has not come since. */
	waitsForRoom = false;
	/** Callbacks that have thrown, as the client should count them. */
	thrown = 0;

	constructor(parts: DeviceParts) {
		this.#parts = parts;
		const { setup, seed } = parts;
		const random = Random.derive(seed, -2);
		// The client keeps the function; the first number that it draws is its first packet identifier.
		let draws = 0;
		const first = (setup.firstId - 0.5) / 65_535;
		const before = Math.random;
		Math.random = () => (draws++ === 0 ? first : random.fraction());
		try {
			const options = {
				...setup.options,
				transport: parts.turns.counting(tcp),
				dns: platformDns(),
				...this.#callbacks(),
			};
			({ client: this.client, core: this.core } = withCore(() => new Client(options)));
		} finally {
			Math.random = before;
		}
	}

	#callbacks(): object {
		const { findings, outgoing, conduct, endings } = this.#parts;
		return {
			onTrace: (event: number, state: number) => {
				if (event === 0) this.#parts.entered(state);
			},
			onConnected: (_client: Client, present: boolean) => {
				this.#parts.note(`connected, ${present ? "session present" : "new session"}`);
				findings.expect(present === conduct.sessionPresent, "session present, as told", () => String(present));
				endings.connected(conduct.isAccepted);
				this.#script("connected");
			},
			onDisconnected: (_client: Client, reason: DisconnectReason) => {
				const { layer, code, detail, retryMs } = reason;
				this.#parts.note(`disconnected: layer ${layer}, code ${code}, detail ${detail}, again in ${retryMs} ms`);
				endings.disconnected(reason, this.#parts.causes(), this.#parts.silences());
				this.#script("disconnected");
			},
			onDelivered: (_client: Client, id: number, code: number) => {
				this.#parts.note(`delivered ${id}`);
				findings.expect(code === 0, "reason code of a delivery", () => String(code));
				outgoing.delivered(id);
				conduct.ended(id);
				this.#script("delivered");
			},
			onRoom: () => {
				this.#parts.note("room");
				this.waitsForRoom = false;
				this.#script("room");
			},
			onMessage: (message: Message) => this.#handle(undefined, message),
			onSubscribed: (_client: Client, index: number, code: number) => {
				this.#parts.note(`subscribed ${index}: ${code}`);
				const subscription = this.#byIndex.get(index);
				findings.expect(subscription !== undefined, "subscribed to nothing", () => String(index));
				if (subscription !== undefined) subscription.refused = code === 0x80;
				this.#script("subscribed");
			},
			onUnsubscribed: (_client: Client, index: number) => {
				this.#parts.note(`unsubscribed ${index}`);
				this.#script("unsubscribed");
			},
			onProblem: (_client: Client, problem: number, detail: number) => this.#problem(problem, detail),
			onStopped: () => {
				this.#parts.note("stopped");
				endings.stopped();
				this.#script("stopped");
			},
		};
	}

	#problem(problem: number, detail: number): void {
		this.#parts.note(`problem ${problem}, ${detail}`);
		const { outgoing, conduct, incoming } = this.#parts;
		if (problem === Problem.MESSAGE_TOO_LARGE) incoming.tooLarge(detail);
		else if (problem !== Problem.CALLBACK_THREW) {
			outgoing.problem(problem, detail);
			const { PUBLISH_DROPPED, SOURCE_FAILED, DELIVERY_UNKNOWN, PUBLISH_GIVEN_UP } = Problem;
			const over: number[] = [PUBLISH_DROPPED, SOURCE_FAILED, DELIVERY_UNKNOWN, PUBLISH_GIVEN_UP];
			if (detail > 0 && over.includes(problem)) conduct.ended(detail);
		}
		// Not when it is told that a callback threw: it would be told again, for ever.
		if (problem !== Problem.CALLBACK_THREW) this.#script("problem");
	}

	#handle(subscription: Subscription | undefined, message: Message): void {
		const { offset, total, qos, retain } = message;
		const handed = { topic: message.topicText(), bytes: message.bytes(), offset, total, qos, retain };
		this.#parts.note(`message on ${subscription?.filter ?? "no subscription"}, ${message.size} bytes at ${offset}`);
		this.#parts.incoming.handed(subscription, handed);
		this.#script("message");
	}

	/** Does what was planned for the next call of this callback. Throws when that was planned. */
	#script(name: CallbackName): void {
		if (this.#depth >= DEPTH_MAX) return;
		const action = this.scripts.take(name);
		if (action === undefined) return;
		this.#depth++;
		const { a, b, c } = action;
		switch (action.what) {
			case "publish":
				this.publish(a, b, c);
				break;
			case "compose":
				this.compose(a, b, c);
				break;
			case "stream":
				this.stream(a, b, c);
				break;
			case "subscribe":
				this.subscribe(a, b, c);
				break;
			case "unsubscribe":
				this.unsubscribe(a);
				break;
			case "cancel":
				this.cancel(a);
				break;
			case "stop":
				this.stop();
				break;
			case "restart":
				this.stop();
				this.start();
				break;
			case "start":
				this.start();
				break;
			case "networkDown":
				this.networkDown();
				break;
			case "networkUp":
				this.networkUp();
				break;
			case "throw":
		}
		this.#depth--;
		if (action.what !== "throw") return;
		this.thrown++;
		throw new Error(`a callback that throws: ${name}`);
	}

	/** Takes back one of the publishes that are not finished; or, now and then, one that is not there. */
	cancel(a: number): void {
		const { outgoing, conduct, endings, findings } = this.#parts;
		const ids = [...outgoing.open.keys()];
		const isThere = ids.length > 0 && a % 8 !== 0;
		const id = isThere ? ids[(a >> 3) % ids.length]! : 0;
		// Before: within the call what it held up may go out already.
		const message = isThere ? outgoing.cancelled(id) : undefined;
		if (message !== undefined) conduct.cancelled(message);
		const before = endings.cancelling;
		endings.cancelling = true;
		const result = this.#call(`cancel(${id})`, () => this.client.cancel(id));
		endings.cancelling = before;
		const expected = isThere ? Status.OK : Status.NOT_FOUND;
		// A source hears that its publish is over before the application does.
		if (result === Status.NOT_FOUND && message !== undefined && this.#depth > 0) return outgoing.restore(message);
		findings.expect(result === expected, "cancel, as told", () => `id ${id}: ${result}`);
	}

	/** Plans that a callback takes back a publish. */
	cancelIn(a: number, b: number): void {
		const name = CALLBACKS[a % CALLBACKS.length]!;
		this.scripts.planCancel(name, b);
		this.#parts.note(`plans: cancel in ${name}`);
	}

	/** Plans what a callback does the next times it is called. */
	script(a: number, b: number, c: number): void {
		const name = CALLBACKS[a % CALLBACKS.length]!;
		const what = this.scripts.plan(name, b, c);
		this.#parts.note(`plans: ${what} in ${name}`);
	}

	#call<T>(text: string, method: () => T): T | undefined {
		this.#parts.note(text);
		this.#parts.turns.call();
		try {
			return method();
		} catch (error) {
			this.#parts.findings.report("a method that throws", `${text}: ${String(error)}`);
			return undefined;
		}
	}

	start(): void {
		this.#call("start()", () => this.client.start());
	}

	stop(): void {
		const { endings } = this.#parts;
		if (endings.state !== State.STOPPED) endings.stopping = true;
		this.#call("stop()", () => this.client.stop());
	}

	/** Ends for good, while the callbacks of the end ask for the next connection. */
	close(): void {
		const { endings } = this.#parts;
		if (endings.state !== State.STOPPED) endings.stopping = true;
		for (const name of ["disconnected", "problem", "stopped"] as const) this.scripts.planStart(name);
		endings.networkDown = true;
		this.#call("close()", () => this.client.close());
		endings.networkDown = false;
		this.scripts.clear();
	}

	networkUp(): void {
		this.#call("networkUp()", () => this.client.networkUp());
	}

	networkDown(): void {
		const { endings } = this.#parts;
		endings.networkDown = true;
		this.#call("networkDown()", () => this.client.networkDown());
		endings.networkDown = false;
	}

	resume(): void {
		for (const source of this.#sources) source.dry = false;
		this.#call("resumeSources()", () => this.client.resumeSources());
	}

	#ask(a: number, b: number, deferred = false): { message: Outgoing; topic: Topic | string } {
		const { outgoing } = this.#parts;
		const serial = outgoing.messages.length;
		const wanted = SIZES[b % SIZES.length]!;
		const size = wanted === 0 ? 0 : Math.max(wanted, markSize(serial));
		const index = (b >> 5) % TOPICS.length;
		const name = size === 0 ? emptyTopic(TOPICS[index]!, "c", serial) : TOPICS[index]!;
		const message = outgoing.ask(name, a % 3, (a >> 4) % 4 === 0, size, deferred);
		return { message, topic: size === 0 ? name : this.#topics[index]! };
	}

	#publish(message: Outgoing, how: string, method: () => number): void {
		const { qos, topic, size, serial, retain } = message;
		const text = `${how} c${serial} ${topic}, QoS ${qos}${retain ? ", RETAIN" : ""}, ${size} bytes`;
		const result = this.#call(text, method) ?? 0;
		this.#parts.outgoing.answer(message, result);
		// Without any place for a source none will ever be free.
		if (result === Status.FULL && this.#parts.setup.options.sources! > 0) this.waitsForRoom = true;
		this.#parts.note(`  = ${result}`);
	}

	publish(a: number, b: number, c: number): void {
		const { message, topic } = this.#ask(a, b);
		const bytes = makeContent("c", message.serial, message.size);
		const payload = c % 4 === 0 ? Buffer.from(bytes).toString("latin1") : bytes;
		this.#publish(message, "publish", () => this.client.publish(topic, payload, message.qos as QoS, message.retain));
	}

	/** Composes a payload and sends it, or drops it. */
	compose(a: number, b: number, c: number): void {
		this.composeBegin(a, b);
		this.composeEnd(c);
	}

	/** Begins to compose; it is open until composeEnd. */
	composeBegin(a: number, b: number): void {
		if (this.#writer !== undefined) return;
		const { message, topic } = this.#ask(a, b, true);
		const writer = this.#call(`compose c${message.serial}`, () =>
			this.client.compose(topic, message.qos as QoS, message.retain),
		);
		if (writer !== undefined) this.#writer = { writer, message };
		else this.#parts.outgoing.answer(message, -1);
	}

	composeEnd(c: number): void {
		if (this.#writer === undefined) return;
		const { writer, message } = this.#writer;
		this.#writer = undefined;
		if (c % 8 === 0) {
			this.#call("drop()", () => writer.drop());
			this.#parts.outgoing.answer(message, -1);
			return;
		}
		const bytes = makeContent("c", message.serial, message.size);
		this.#parts.outgoing.askNow(message);
		this.#publish(message, "send()", () => writer.bytes(bytes).send());
	}

	stream(a: number, b: number, c: number): void {
		const { message, topic } = this.#ask(a, b);
		const fault = FAULTS[(c >> 8) % FAULTS.length]!;
		const pieceMax = c % 3 === 0 ? 7 : 4_096;
		const faultAt = message.size === 0 ? 0 : (c >> 3) % message.size;
		const source = new TestSource(this.#parts.findings, message.serial, message.size, pieceMax, fault, faultAt);
		source.onRead = () => this.#script("sourceRead");
		source.onFinished = () => this.#script("sourceFinished");
		this.#sources.push(source);
		const { size, qos, retain } = message;
		this.#publish(message, `stream (${fault})`, () =>
			this.client.publishStream(topic, size, source, qos as QoS, retain),
		);
		if (message.state === "refused") this.#sources = this.#sources.filter((each) => each !== source);
	}

	subscribe(a: number, b: number, c: number): void {
		const { incoming } = this.#parts;
		const filter = FILTERS[a % FILTERS.length]!;
		const qos = (b % 3) as QoS;
		const stream = c % 3 === 0;
		const before = incoming.subscriptions.get(filter);
		const subscription = incoming.subscribe(filter, qos, stream);
		const handler = (message: Message): void => this.#handle(subscription, message);
		// Before: within the call it may be asked for anew.
		this.#parts.conduct.withdrawn(filter);
		const index = this.#call(`subscribe(${filter}, ${qos}${stream ? ", stream" : ""})`, () =>
			stream ? this.client.subscribeStream(filter, qos, handler) : this.client.subscribe(filter, qos, handler),
		);
		if (index !== undefined && index >= 0) {
			this.#byIndex.set(index, subscription);
			return;
		}
		if (before !== undefined) incoming.subscriptions.set(filter, before);
		else incoming.subscriptions.delete(filter);
	}

	unsubscribe(a: number): void {
		const filter = FILTERS[a % FILTERS.length]!;
		// Before: within the call the rest of a message may come that nobody gets any more.
		// What is being ended already is ended once: its ack is waited for as before.
		if (this.#parts.incoming.subscriptions.has(filter)) {
			this.#parts.incoming.unsubscribe(filter);
			this.#parts.conduct.withdrawn(filter);
		}
		this.#call(`unsubscribe(${filter})`, () => this.client.unsubscribe(filter));
	}

	/** A source has failed, or broken its contract. */
	get sourceFailed(): boolean {
		return this.#sources.some((source) => source.failed);
	}

	/** The program behaves from now on. */
	heal(): void {
		this.scripts.clear();
		this.composeEnd(0);
		for (const source of this.#sources) source.heal();
		this.resume();
	}

	/** At the end: every source has been told that it is not used any more. */
	checkSources(): void {
		for (const source of this.#sources) {
			this.#parts.findings.expect(source.finishedCount === 1, "a source that was never finished", () => "");
		}
	}
}
