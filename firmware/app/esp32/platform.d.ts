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

declare module "embedded:io/socket/udp" {
	class UDP {
		constructor(options: object);
		close(): void;
	}
	export default UDP;
}

declare module "embedded:network/ntp/client" {
	interface NTPOptions {
		servers: string[];
		socket: { io: unknown };
		dns: { io: unknown };
	}
	class NTP {
		/** Opens a socket. */
		constructor(options: NTPOptions);
		/** Asks one server after the other. The callback gets an error, or null and milliseconds since 1970. */
		getTime(callback: (error: Error | null, time?: number) => void): void;
		close(): void;
	}
	export default NTP;
}
