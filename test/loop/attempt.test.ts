import { describe, expect, it } from "vitest";
import { Rig } from "./rig.js";

// Goal: an attempt that takes too long is told by what took so long.
// Method: a transport that says, or does not say, that it is looking a name up.

describe("an attempt that takes too long", () => {
	it.each([
		[true, "disconnected 1/11 retry"],
		[false, "disconnected 2/21 retry"],
		[undefined, "disconnected 2/21 retry"],
	])("ends with its step; resolving: %s", (resolving, line) => {
		const rig = new Rig({ connectTimeoutMs: 500 });
		Object.assign(rig.transport, { resolving });
		rig.start();
		expect(rig.sleep()).toBe(500);
		expect(rig.log).toEqual([line]);
		expect(rig.transport.isOpen).toBe(false);
	});

	it("has the time anew once the name is resolved", () => {
		const rig = new Rig({ connectTimeoutMs: 500 });
		Object.assign(rig.transport, { resolving: true });
		rig.start();
		rig.pass(400);
		rig.loop.handleResolved();
		expect(rig.sleep()).toBe(500);
		expect(rig.log).toEqual(["disconnected 2/21 retry"]);
	});
});
