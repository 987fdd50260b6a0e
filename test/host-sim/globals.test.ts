import { describe, expect, it } from "vitest";
import { useWorld } from "../../host-sim/world/current.js";
import { SocketWorld } from "../../host-sim/world/socket-world.js";

// Goal: the platform's text conversions, with the platform's gaps: a client may not rely on Node's stricter ones.

const hexOf = (buffer: ArrayBuffer): string => Buffer.from(buffer).toString("hex");
const bufferOf = (hex: string): ArrayBuffer => Uint8Array.from(Buffer.from(hex, "hex")).buffer;

describe("ArrayBuffer.fromString", () => {
	it.each([
		["", ""],
		["aé€", "61c3a9e282ac"],
		["😀", "f09f9880"],
		["\ud800", "eda080"],
		["a\0b", "61c08062"],
	])("encodes %j as %s", (text, hex) => {
		expect(hexOf(ArrayBuffer.fromString(text))).toBe(hex);
	});
});

describe("String.fromArrayBuffer", () => {
	it.each([
		["", ""],
		["61c3a9e282ac", "aé€"],
		["f09f9880", "😀"],
		["eda080", "\ud800"],
		["610062", "a"],
	])("decodes %s as %j", (hex, text) => {
		expect(String.fromArrayBuffer(bufferOf(hex))).toBe(text);
	});

	it.each(["80", "c3", "c361", "e282", "e28261", "f09f98"])("refuses %s with a TypeError", (hex) => {
		expect(() => String.fromArrayBuffer(bufferOf(hex))).toThrow(new TypeError("invalid UTF-8"));
	});

	it("takes a part of the buffer, and refuses what is outside", () => {
		const buffer = bufferOf("61626364");
		expect(String.fromArrayBuffer(buffer, 1)).toBe("bcd");
		expect(String.fromArrayBuffer(buffer, 1, 2)).toBe("bc");
		expect(() => String.fromArrayBuffer(buffer, 5)).toThrow(RangeError);
		expect(() => String.fromArrayBuffer(buffer, 3, 2)).toThrow(RangeError);
	});

	it("refuses a view", () => {
		const view = new Uint8Array(2) as unknown as ArrayBuffer;
		expect(() => String.fromArrayBuffer(view)).toThrow(TypeError);
	});
});

describe("trace", () => {
	it("joins its values and goes to the world", () => {
		const said: string[] = [];
		const restore = useWorld(new SocketWorld({ onTrace: (text) => said.push(text) }));
		trace("a", 1, "\n");
		restore();
		expect(said).toEqual(["a1\n"]);
	});
});
