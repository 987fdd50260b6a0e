import { beforeEach, describe, expect, it, vi } from "vitest";
import { tcp } from "../../firmware/transport/tcp.js";
import {
	bytes,
	events,
	faults,
	forgetAll,
	RX_OFFSET,
	RX_SIZE,
	socket,
	sockets,
	transportTo,
	withinNext,
	type TestTransport,
} from "./fake-tcp.js";

// Goal: the platform's TCP behind our interface: what it throws, forgets and repeats never gets further than here, and a
// transport is opened again and again with the same few objects.
// Method: a scripted class in the place of the platform's.

vi.mock("embedded:io/socket/tcp", async () => ({ default: (await import("./fake-tcp.js")).FakeTcp }));
beforeEach(forgetAll);

function opened(window = 100): TestTransport {
	const transport = transportTo(tcp, "192.0.2.1");
	transport.open();
	socket().makeRoom(window);
	events.length = 0;
	return transport;
}

describe("opening", () => {
	it("makes a socket for the address, with Nagle's algorithm off, and waits", () => {
		transportTo(tcp, "192.0.2.1").open();
		expect(sockets).toHaveLength(1);
		expect(socket().options).toMatchObject({ address: "192.0.2.1", port: 1883, nodelay: true });
		expect(events).toEqual([]);
	});

	it("has opened at the first onWritable, and says so once", () => {
		transportTo(tcp, "192.0.2.1").open();
		socket().makeRoom(100);
		socket().makeRoom(90);
		expect(events).toEqual(["opened"]);
	});

	it("has failed when the platform refuses the socket", () => {
		const transport = transportTo(tcp, "192.0.2.1");
		faults.construction = new Error("invalid address");
		expect(() => transport.open()).not.toThrow();
		expect(events).toEqual(["open failed at once"]);
		transport.open();
		socket().makeRoom(100);
		expect(events).toEqual(["open failed at once", "opened"]);
	});

	it("has failed at onError before onWritable, and lost the link after it; the socket is closed", () => {
		const transport = transportTo(tcp, "192.0.2.1");
		transport.open();
		socket().fail();
		expect([events, socket().closed]).toEqual([["open failed"], true]);
		transport.open();
		socket().makeRoom(100);
		socket().fail();
		expect([events, socket().closed]).toEqual([["open failed", "opened", "lost"], true]);
	});

	it("again closes what was open, and makes a socket of the same options", () => {
		const transport = opened();
		const first = socket();
		transport.open();
		expect([first.closed, sockets.length]).toEqual([true, 2]);
		expect(socket().options).toBe(first.options);
		socket().makeRoom(100);
		expect(events).toEqual(["opened"]);
	});

	it("forgets what the connection before had to be read and might write", () => {
		const transport = opened();
		socket().receive(1, 2, 3);
		transport.open();
		expect([transport.readable, transport.write(10)]).toEqual([0, 0]);
		expect(socket().calls).toEqual([]);
	});
});

describe("a socket that calls back while it is made", () => {
	it("is listened to once it is there", () => {
		faults.callsBack = true;
		transportTo(tcp, "192.0.2.1").open();
		expect(events).toEqual([]);
		socket().makeRoom(100);
		expect(events).toEqual(["opened"]);
	});
});

describe("closing", () => {
	it("closes the socket once, and is harmless when nothing is open", () => {
		const transport = transportTo(tcp, "192.0.2.1");
		transport.close();
		transport.open();
		transport.close();
		transport.close();
		expect(socket().calls).toEqual(["close"]);
		expect(events).toEqual([]);
	});

	it("does not mind a socket that is closed already", () => {
		const transport = opened();
		faults.close = new SyntaxError("invalid host data");
		expect(() => transport.close()).not.toThrow();
		expect([transport.readable, transport.write(1)]).toEqual([0, 0]);
	});

	it("is followed by no event, even if the platform has one left", () => {
		const transport = transportTo(tcp, "192.0.2.1");
		transport.open();
		transport.close();
		socket().makeRoom(100);
		socket().fail();
		expect(events).toEqual([]);
	});

	it("makes an old socket a stranger to the connection that follows", () => {
		const transport = opened();
		const old = socket();
		transport.open();
		const now = socket();
		old.receive(1, 2, 3);
		old.makeRoom(50);
		expect([events, transport.readable, transport.write(2)]).toEqual([[], 0, 0]);
		now.makeRoom(100);
		old.makeRoom(0);
		old.fail();
		expect([events, now.closed, transport.write(2)]).toEqual([["opened"], false, 2]);
	});

	it("from within an event is the end of it", () => {
		const transport = opened();
		withinNext(() => transport.open());
		socket().fail();
		expect([events, sockets.length]).toEqual([["lost"], 2]);
		expect(sockets.map((one) => one.closed)).toEqual([true, false]);
	});
});

describe("reading", () => {
	it("takes all that is there in one call, at the start of the landing", () => {
		const transport = opened();
		socket().receive(1, 2, 3, 4, 5);
		expect([events, transport.readable]).toEqual([["readable"], 5]);
		expect(transport.read(RX_SIZE)).toBe(5);
		expect([...bytes.subarray(RX_OFFSET, RX_OFFSET + 6)]).toEqual([1, 2, 3, 4, 5, 0]);
		expect(transport.readable).toBe(0);
		expect(socket().calls).toEqual(["read 5"]);
	});

	it("takes no more than is wanted, and the rest later", () => {
		const transport = opened();
		socket().receive(1, 2, 3, 4, 5);
		expect([transport.read(4), transport.readable]).toEqual([4, 1]);
		expect([transport.read(4), transport.readable]).toEqual([1, 0]);
	});

	it("takes a size at once that it has seen before, and another in pieces when no more views are kept", () => {
		const transport = opened();
		for (const size of [7, 7, 9, 7, 11]) {
			socket().receive(...Array<number>(size).fill(size));
			for (let left = size; left > 0;) left -= transport.read(RX_SIZE);
		}
		// Three are kept: of 2, 7 and 9 bytes.
		expect(socket().calls).toEqual(["read 7", "read 7", "read 9", "read 7", "read 4", "read 7"]);
	});

	it("takes undefined for nothing: the connection has failed, and onError is on its way", () => {
		const transport = opened();
		socket().receive(1, 2, 3);
		socket().failed = true;
		expect([transport.read(RX_SIZE), transport.readable]).toEqual([0, 0]);
		socket().fail();
		expect(events).toEqual(["readable", "lost"]);
	});

	it("lets through what the platform throws", () => {
		const transport = opened();
		socket().receive(1, 2, 3);
		socket().arrived = [];
		expect(() => transport.read(RX_SIZE)).toThrow("invalid");
	});
});

describe("writing", () => {
	it("writes what the platform takes, and asks for the rest to be offered again", () => {
		const transport = opened(10);
		expect(transport.write(7)).toBe(7);
		expect(transport.write(7)).toBe(3);
		expect(transport.write(4)).toBe(0);
		expect(socket().calls).toEqual(["write 7", "write 3"]);
		socket().makeRoom(50);
		expect(events).toEqual(["writable"]);
		expect(transport.write(4)).toBe(4);
	});

	it("tells of room only when somebody waits for it", () => {
		const transport = opened(10);
		transport.write(10);
		socket().makeRoom(10);
		expect(events).toEqual([]);
		expect(transport.write(10)).toBe(10);
		expect(transport.write(1)).toBe(0);
		socket().makeRoom(10);
		socket().makeRoom(20);
		expect(events).toEqual(["writable"]);
	});

	it("knows the room that the platform has told of in the meantime", () => {
		const transport = opened(10);
		transport.write(10);
		socket().makeRoom(29);
		expect(transport.write(25)).toBe(25);
		expect(transport.write(25)).toBe(4);
	});

	it("writes in pieces once enough views are kept", () => {
		const transport = opened(400);
		expect([7, 9, 100, 100].map((count) => transport.write(count))).toEqual([7, 9, 64, 64]);
		expect(events).toEqual([]);
	});

	it("takes undefined for everything: the connection has failed, and onError is on its way", () => {
		const transport = opened();
		socket().failed = true;
		expect(transport.write(7)).toBe(7);
		expect(transport.write(7)).toBe(0);
		socket().fail();
		expect(events).toEqual(["lost"]);
	});

	it("lets through what the platform throws", () => {
		const transport = opened();
		socket().window = 1;
		expect(() => transport.write(7)).toThrow("would block");
	});

	it("writes nothing before the connection stands", () => {
		const transport = transportTo(tcp, "192.0.2.1");
		transport.open();
		expect([transport.write(2), socket().calls.length]).toEqual([0, 0]);
	});
});
