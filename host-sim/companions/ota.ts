import type { Cancel } from "../world/clock.js";
import { Random } from "../world/random.js";
import type { CompanionContext, Companion } from "./companion.js";
import { CompanionClient } from "./connect.js";
import { crc32 } from "./crc32.js";

const TOPICS = "xs-mqtt/ota/";
/** Bytes of the image, its checksum not included. */
export const IMAGE_SIZE = 1_048_576;
/** The image is the same in every run, so that its checksum can be known by heart. */
const IMAGE_SEED = 2024;

/** Makes the payload: eight hexadecimal digits of the CRC-32 of the image, then the image. */
export function makeImage(size = IMAGE_SIZE): Buffer {
	const random = new Random(IMAGE_SEED);
	const payload = Buffer.alloc(8 + size);
	for (let offset = 8; offset < payload.length; offset++) payload[offset] = random.next();
	payload.write(crc32(payload.subarray(8)).toString(16).padStart(8, "0"), "latin1");
	return payload;
}

/**
 * Publishes a firmware image at QoS 1 for each device that says it is ready; with `repeatMs`, again that long after each
 * image that has arrived.
 */
export async function startOtaCompanion(context: CompanionContext & { repeatMs?: number }): Promise<Companion> {
	const client = await CompanionClient.connect(context);
	const image = makeImage();
	let repeat: Cancel | undefined;

	function publish(id: string): void {
		context.say(`publishes an image of ${IMAGE_SIZE} bytes for ${id}, CRC-32 ${image.toString("latin1", 0, 8)}`);
		client.publishLarge(`${TOPICS}${id}/image`, image);
	}

	client.subscribe(`${TOPICS}+/status`, (topic, text) => {
		const id = topic.slice(TOPICS.length).split("/")[0]!;
		context.say(`${id} says "${text}"`);
		if (text === "ready") publish(id);
		else if (text.startsWith("ok") && context.repeatMs !== undefined) {
			repeat = context.clock.after(context.repeatMs, () => publish(id));
		}
	});
	return {
		async stop() {
			repeat?.();
			await client.stop();
		},
	};
}
