// Goal: Wifi refuses wrong set-up as the client does: named, traced, without the password.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Wifi, type WifiOptions } from "../../firmware/esp32/wifi.js";
import WiFi from "../support/wifi.js";

const GOOD: WifiOptions = { ssid: "shed", password: "hush hush", onUp: () => {}, onDown: () => {} };
let traced: string;

beforeEach(() => {
	traced = "";
	vi.stubGlobal("trace", (text: string) => (traced += text));
});

afterEach(() => void vi.unstubAllGlobals());

it.each<[object, string]>([
	[{ SSID: "shed" }, "SSID: no such option; did you mean ssid?"],
	[{ pasword: "hush hush" }, "pasword: no such option; did you mean password?"],
	[{ ssid: undefined }, "ssid: is not the name of a network"],
	[{ ssid: "" }, "ssid: is not the name of a network"],
	[{ password: 12_345_678 }, "password: is not a string"],
	[{ password: null }, "password: is not a string"],
	[{ onUp: undefined }, "onUp: is not a function"],
	[{ onDown: 5 }, "onDown: is not a function"],
])("refuses %j", (options, text) => {
	const count = WiFi.asked.length;
	expect(() => new Wifi({ ...GOOD, ...options } as never)).toThrow(new TypeError(text));
	expect(traced).toBe(`xs-mqtt: TypeError: ${text}\n`);
	expect(WiFi.asked.length).toBe(count);
});

it("connects to what it was given", () => {
	expect(new Wifi(GOOD).macAddress).toBe("5e:ff:56:a2:af:15");
	expect(new Wifi({ ...GOOD, password: undefined }).up).toBe(false);
	expect(WiFi.asked.slice(-2)).toEqual([{ SSID: "shed", password: "hush hush", secure: true }, { SSID: "shed" }]);
});
