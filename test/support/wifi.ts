/** Stand-in for `embedded:network/interface/wifi`: never up, and remembers what it was asked to connect to. */
export default class WiFi {
	static asked: { SSID: string; password?: string; secure?: boolean }[] = [];
	readonly connection = 200;
	readonly address = undefined;
	readonly MAC = "5e:ff:56:a2:af:15";
	readonly RSSI = undefined;

	connect(options: { SSID: string; password?: string; secure?: boolean }): void {
		WiFi.asked.push(options);
	}

	disconnect(): void {}
}
