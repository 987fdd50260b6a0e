/** What the platform offers on an ESP32 only; see ../../platform.d.ts. */

/** What the board is made of; there when the manifest includes `modules/io`. Boards name what they have. */
// eslint-disable-next-line no-var -- only `var` makes it a property of globalThis.
declare var device: { readonly pin?: { readonly led?: number } } | undefined;

declare module "embedded:io/digital" {
	interface DigitalOptions {
		pin: number;
		mode: number;
		/** 1 is then the low level. */
		activeLow?: boolean;
		initialValue?: 0 | 1;
	}
	class Digital {
		static readonly Output: number;
		/** Throws for a pin that is in use, for input only, or not there (beyond 31 on a chip with fewer, it takes another). */
		constructor(options: DigitalOptions);
		write(value: 0 | 1): void;
		close(): void;
	}
	export default Digital;
	export type { DigitalOptions };
}

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
