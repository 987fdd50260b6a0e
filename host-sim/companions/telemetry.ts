import { every, type Cancel } from "../world/clock.js";
import type { CompanionContext, Companion } from "./companion.js";
import { CompanionClient } from "./connect.js";

const TOPICS = "xs-mqtt/telemetry/";
/** How often a device gets a command, in ms. */
const COMMAND_INTERVAL_MS = 4000;
/** Commands in turn: the topic below `command/`, and the payload. */
const COMMANDS: readonly (readonly [string, string])[] = [
	["identify", ""],
	["interval", "500"],
	["identify", ""],
	["interval", "1000"],
];

/** Watches the telemetry of all devices, and sends each a QoS 2 command now and then. */
export async function startTelemetryCompanion(context: CompanionContext): Promise<Companion> {
	const client = await CompanionClient.connect(context);
	const timers = new Map<string, Cancel>();

	function command(id: string, step: number): void {
		const [name, payload] = COMMANDS[step % COMMANDS.length]!;
		context.say(`sends command ${name}${payload && ` ${payload}`} to ${id}`);
		client.publish(`${TOPICS}${id}/command/${name}`, payload, 2);
	}

	/** A device has shown itself. */
	function adopt(id: string): void {
		if (timers.has(id)) return;
		let step = 0;
		timers.set(
			id,
			every(context.clock, COMMAND_INTERVAL_MS, () => command(id, step++)),
		);
	}

	const idOf = (topic: string): string => topic.slice(TOPICS.length).split("/")[0]!;
	client.subscribe(`${TOPICS}+/status`, (topic, text) => context.say(`${idOf(topic)} is ${text}`));
	client.subscribe(`${TOPICS}+/temperature`, (topic) => adopt(idOf(topic)));
	return {
		async stop() {
			for (const cancel of timers.values()) cancel();
			await client.stop();
		},
	};
}
