import Timer from "timer";

/** How the attempts go: the first one is made, and lost again; the second one is refused; the third one lasts. */
const ATTEMPT_MS = 300;
const FIRST_UP_MS = 4_000;
const REFUSED = 2;

const DISCONNECTED = 200;
const CONNECTING = 300;
const HAS_ADDRESS = 500;

interface WiFiOptions {
	onChanged(property: "connection" | "address"): void;
}

/** Stand-in for `embedded:network/interface/wifi`, which the simulator does not have: a network that comes and goes. */
export default class WiFi {
	connection = DISCONNECTED;
	address: string | undefined;
	readonly MAC = "5e:ff:56:a2:af:15";
	readonly RSSI = -61;
	readonly #options: WiFiOptions;
	#attempts = 0;

	constructor(options: WiFiOptions) {
		this.#options = options;
	}

	connect(_network: { SSID: string }): void {
		if (this.connection === CONNECTING) throw new Error("already connecting");
		this.connection = CONNECTING;
		const attempt = ++this.#attempts;
		Timer.set(() => this.#change(attempt === REFUSED ? DISCONNECTED : HAS_ADDRESS), ATTEMPT_MS);
		if (attempt === 1) Timer.set(() => this.#change(DISCONNECTED), ATTEMPT_MS + FIRST_UP_MS);
	}

	disconnect(): void {
		this.connection = DISCONNECTED;
	}

	#change(connection: number): void {
		this.connection = connection;
		this.address = connection === HAS_ADDRESS ? "192.0.2.7" : undefined;
		this.#options.onChanged("connection");
	}
}
