// Goal: virtual time goes in one fixed order, and a virtual link does to bytes what it is told and nothing else.
// Method: a clock alone; then one link between a scripted device and a scripted server.
import { describe, expect, it } from "vitest";
import type { LinkEvents } from "../../host-sim/world/link.js";
import { Random } from "../../host-sim/world/random.js";
import { VirtualClock } from "../../host-sim/world/virtual-clock.js";
import { VirtualLink, type ServerWire } from "../../host-sim/world/virtual-link.js";
import { soundNetwork } from "../../host-sim/world/virtual-world.js";

describe("VirtualClock", () => {
	it("lets things happen when they are due, and in the order in which they were asked for", () => {
		const clock = new VirtualClock();
		const seen: string[] = [];
		for (const [delay, name] of [
			[20, "c"],
			[10, "a"],
			[10, "b"],
			[0, "now"],
		] as const) {
			clock.after(delay, () => seen.push(`${name} ${clock.now()}`));
		}
		clock.after(15, () => seen.push("taken back"))();
		while (clock.step());
		expect(seen).toEqual(["now 0", "a 10", "b 10", "c 20"]);
		expect(clock.nextMs).toBe(Infinity);
	});

	it("goes no further than it is told, and jumps over nothing that is due", () => {
		const clock = new VirtualClock();
		let count = 0;
		clock.after(100, () => count++);
		expect(clock.step(99)).toBe(false);
		clock.jumpTo(1e12);
		expect([clock.now(), count]).toEqual([100, 0]);
		expect(clock.step()).toBe(true);
		clock.jumpTo(1e12);
		expect([clock.now(), count]).toEqual([1e12, 1]);
	});

	it("keeps its order with many things", () => {
		const clock = new VirtualClock();
		const random = new Random(1);
		const seen: number[] = [];
		for (let i = 0; i < 500; i++) clock.after(random.below(1000), () => seen.push(clock.now()));
		while (clock.step());
		expect(seen).toEqual([...seen].sort((a, b) => a - b));
		expect(seen).toHaveLength(500);
	});
});

/** A device and a server at the ends of one link, and what they saw. */
function rig(change: Partial<ReturnType<typeof soundNetwork>> = {}, listening = true) {
	const clock = new VirtualClock();
	const network = { ...soundNetwork(), ...change };
	const log: string[] = [];
	const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
	let server: ServerWire | undefined;
	const events: LinkEvents = {
		opened: () => log.push("opened"),
		received: (bytes) => {
			log.push(`device ${text(bytes)}`);
			link.consumed(bytes.length);
		},
		acknowledged: (count) => log.push(`acknowledged ${count}`),
		ended: () => log.push("ended"),
	};
	const link: VirtualLink = new VirtualLink({
		id: 1,
		clock,
		network,
		random: new Random(5),
		events,
		observer: { opened() {}, bytes() {}, closed() {}, ended: (_id, cause) => log.push(cause), fault() {} },
		rxWindow: 100,
		accept: (wire) => {
			if (!listening) return undefined;
			server = wire;
			return { receive: (bytes) => log.push(`server ${text(bytes)}`), closed: () => log.push("server closed") };
		},
	});
	const run = (): string[] => {
		while (clock.step());
		return log.splice(0);
	};
	return {
		clock,
		network,
		link,
		run,
		log,
		say: (words: string) => server!.send(Buffer.from(words)),
		wire: () => server!,
	};
}

describe("VirtualLink", () => {
	it("carries bytes both ways after their delay, joined as far as they are due", () => {
		const { clock, link, run, say } = rig({ latencyMs: 5 });
		expect(run()).toEqual(["opened"]);
		expect(clock.now()).toBe(10);
		link.send(Buffer.from("ab"));
		link.send(Buffer.from("cd"));
		say("xy");
		expect(run()).toEqual(["server abcd", "device xy", "acknowledged 4"]);
		expect(link.underWay).toBe(0);
	});

	it("splits", () => {
		const { link, run, say } = rig({ segmentIn: 2, segmentOut: 1 });
		run();
		link.send(Buffer.from("ab"));
		say("xyz");
		expect(run().filter((line) => !line.startsWith("ack"))).toEqual(["server a", "device xy", "server b", "device z"]);
	});

	it("is refused, or never answered", () => {
		expect(rig({ connect: "refused" }).run()).toEqual(["failed", "ended"]);
		expect(rig({}, false).run()).toEqual(["failed", "ended"]);
		expect(rig({ connect: "silent" }).run()).toEqual([]);
	});

	it("is reset at a byte: those before it arrive, nothing after", () => {
		const { link, run } = rig();
		run();
		link.cutAfter("out", 3);
		link.send(Buffer.from("abcdef"));
		expect(run()).toEqual(["server abc", "server closed", "reset", "ended"]);
		const other = rig();
		other.run();
		other.link.cutAfter("in", 1);
		other.say("xyz");
		expect(other.run()).toEqual(["device x", "server closed", "reset", "ended"]);
	});

	it("stands still, goes on, and stays half-open while it does", () => {
		const { link, run, say } = rig();
		run();
		link.freeze(true);
		link.send(Buffer.from("ab"));
		say("xy");
		expect(run()).toEqual([]);
		link.freeze(false);
		expect(run()).toEqual(["device xy", "server ab", "acknowledged 2"]);
		link.freeze(true);
		link.close();
		expect(run()).toEqual([]);
		link.freeze(false);
		expect(run()).toEqual(["server closed"]);
	});

	it("delivers what the server sent before it closed", () => {
		const { run, say, wire } = rig();
		run();
		say("bye");
		wire().close();
		expect(run()).toEqual(["device bye", "server", "ended"]);
	});
});
