import type { Message } from "../../../firmware/index.js";

const target = new Uint8Array(8);

/** Whether every position of a message is within its arena, and every accessor does what it says. */
export function checkMessage(message: Message, arenaSize: number): string | undefined {
	const { topicStart, topicSize, start, size, offset, total, qos, packetId } = message;
	const within = (at: number, count: number): boolean => at >= 0 && count >= 0 && at + count <= arenaSize;
	const right =
		within(topicStart, topicSize) && within(start, size) && topicSize > 0 && offset >= 0 && offset + size <= total;
	if (!right) return `bounds: ${JSON.stringify({ topicStart, topicSize, start, size, offset, total, arenaSize })}`;
	if (qos < 0 || qos > 2 || packetId > 65_535 || (qos === 0) !== (packetId === 0))
		return `message: QoS ${qos}, ${packetId}`;
	if (message.byteAt(size) !== -1 || message.byteAt(-1) !== -1 || message.topicByteAt(topicSize) !== -1)
		return "message: a byte outside of it";
	if (message.copyTo(target) !== Math.min(size, target.length)) return "message: copyTo";
	if (message.bytes().length !== size || !message.equals(message.bytes())) return "message: bytes";
	const topic = message.topicText();
	if (/[+#\0]/.test(topic) || Buffer.from(topic).length !== topicSize) return `message: topic ${topic}`;
	if (message.levelCount !== topic.split("/").length) return "message: levelCount";
	if (message.levelStart(message.levelCount) !== -1 || message.levelStart(0) !== 0) return "message: levelStart";
	const integer = message.integer();
	if (!Number.isNaN(integer) && !Number.isInteger(integer)) return `message: integer ${integer}`;
	if (Number.isNaN(message.int32At(size - 4)) !== size < 4) return "message: int32At";
	return undefined;
}
