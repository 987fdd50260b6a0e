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

declare module "xs-mqtt/reset-reason" {
	/** esp_reset_reason(): why the device started; 1 is power, 3 a restart by software, 4 an exception, 9 low voltage. */
	export default function resetReason(): number;
}
