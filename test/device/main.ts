/** The device tests: an application of their own, preloaded as any other. Needs a broker at config.mqtt.host. */
import { addBrokerTests } from "./broker.js";
import { addEcma419Tests } from "./ecma419.js";
import { addMemoryTests } from "./memory.js";
import { addPacketTests } from "./packets.js";
import { Tap } from "./tap.js";

export default function main(): void {
	const tap = new Tap();
	addPacketTests(tap);
	addBrokerTests(tap);
	addEcma419Tests(tap);
	addMemoryTests(tap);
	void tap.run();
}
