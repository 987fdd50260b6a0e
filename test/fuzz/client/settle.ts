import { Counter, State, Topic } from "../../../firmware/index.js";
import type { Run } from "./client-run.js";
import { End } from "./wire.js";

/** Rounds in which everything has to come to rest: each lets time pass, the server answer, and the link stand. */
const ROUNDS_MAX = 400;

const TOPIC = new Topic("out");
const NO_BYTES = new Uint8Array(0);

/** A PUBLISH at QoS 0: topic in/1, no payload. */
const MESSAGE = Uint8Array.of(0x30, 6, 0, 4, 0x69, 0x6e, 0x2f, 0x31);

/** The hostility is over: the client has to connect, finish what it has, and work; then it has to stop. */
export function settle(run: Run): void {
	const { client, wire } = run;
	wire.failsAtOnce = wire.looksUp = wire.throwsOnRead = wire.throwsOnWrite = false;
	wire.writeMax = wire.readMax = Infinity;
	if (run.closed) return settleClosed(run);
	checkBroken(run);
	run.dropComposed();
	// Without keep alive nobody finds out that the server stands in the middle of a packet.
	if (client.settings.keepAlive === 0) wire.end(End.LOST);
	if (!reach(run, () => client.state === State.CONNECTED && client.queued === 0)) {
		return run.fail(`settle: state ${client.state}, ${client.queued} queued, connected ${String(client.connected)}`);
	}
	checkDelivery(run);
	const { stopped } = run;
	client.stop();
	if (!reach(run, () => client.state === State.STOPPED, false)) return run.fail("settle: it does not stop");
	if (run.stopped !== stopped + 1) run.fail(`settle: onStopped ${run.stopped - stopped} times`);
	if (wire.isOpen) run.fail("settle: stopped, and the connection is open");
}

/** A closed client is at rest, and stays so whatever it is asked for. */
function settleClosed(run: Run): void {
	const { client, wire, world } = run;
	const { opens } = wire;
	run.event();
	run.dropComposed();
	client.start();
	client.networkUp();
	client.publish(TOPIC, NO_BYTES, 1);
	world.pass(1_000_000);
	if (wire.opens !== opens || client.state !== State.STOPPED)
		run.fail(`close: it has begun again, state ${client.state}`);
}

/** What has come may have ended the connection: then it must be over once everything was read. */
function checkBroken(run: Run): void {
	const { wire, world, client } = run;
	run.event();
	wire.makeRoom(Infinity);
	for (let i = 0; i < 50 && (wire.readable > 0 || i < 5); i++) {
		wire.tell();
		world.pass(1);
		run.event();
	}
	if (!wire.stands || wire.readable > 0) return;
	if (wire.incoming.isBroken) run.fail(`broken: what came ends the connection, and it stands in state ${client.state}`);
}

/** Lets everything happen that has to, until `done`. */
function reach(run: Run, done: () => boolean, starts = true): boolean {
	const { client, wire, world } = run;
	for (let round = 0; round < ROUNDS_MAX && run.wrong === undefined; round++) {
		if (done()) return true;
		run.event();
		if (starts && client.state === State.STOPPED) client.start();
		if (starts && client.state === State.WAITING) client.networkUp();
		wire.connect();
		wire.makeRoom(Infinity);
		wire.tell();
		run.answer(100);
		client.resumeSources();
		// What is left of a bounded turn comes a millisecond later; a message that never ends is waited for longer.
		world.pass(round % 20 === 19 ? 70_000 : 1);
		run.wrong ??= wire.wrong;
	}
	return done();
}

function checkDelivery(run: Run): void {
	const { client, wire } = run;
	const { delivered, messages } = run;
	const result = client.publish(TOPIC, NO_BYTES, 1);
	run.taken("publish", 1, result);
	if (result <= 0) return run.fail(`settle: publish ${result}`);
	if (!reach(run, () => run.delivered === delivered + 1)) return run.fail("settle: a publish is not delivered");
	const unrouted = client.counters[Counter.UNROUTED]!;
	wire.arrive(MESSAGE, 0, MESSAGE.length);
	wire.tell();
	if (run.messages === messages && client.counters[Counter.UNROUTED] === unrouted)
		run.fail("settle: a message is not handed over");
}
