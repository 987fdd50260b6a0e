/** What the platform offers on an ESP32 only; see ../../platform.d.ts. */

declare module "embedded:network/interface/wifi" {
	interface WiFiOptions {
		onChanged(this: WiFi, property: "connection" | "address"): void;
	}
	class WiFi {
		constructor(options: WiFiOptions);
		/** Starts an attempt. Throws while one is under way. */
		connect(options: { SSID: string; password?: string; secure?: boolean }): void;
		/** Ends the connection or the attempt. */
		disconnect(): void;
		/** 200 disconnected, 300 connecting, 400 associated, 500 with an address. */
		readonly connection: number;
		readonly address: string | undefined;
		readonly MAC: string | undefined;
		/** dBm. */
		readonly RSSI: number | undefined;
	}
	export default WiFi;
}

declare module "resetReason" {
	/** Why the device started: esp_reset_reason(), and a word for it. */
	export default function getResetReason(): { reason: number; string: string };
}
