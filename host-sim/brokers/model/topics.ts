/** Topic names and filters by the letter of MQTT 3.1.1 §4.7, on text: slow, short, and with nothing of the firmware's. */

const FIELD_SIZE_MAX = 65_535;

function isField(text: string): boolean {
	return text.length > 0 && !text.includes("\0") && Buffer.byteLength(text) <= FIELD_SIZE_MAX;
}

/** Whether it may stand in a PUBLISH [MQTT-3.3.2-2], [MQTT-4.7.3-1 … 3]. */
export function isTopicName(text: string): boolean {
	return isField(text) && !text.includes("+") && !text.includes("#");
}

/** Whether it may stand in a SUBSCRIBE [MQTT-4.7.1-1 … 3]. */
export function isTopicFilter(text: string): boolean {
	if (!isField(text)) return false;
	const levels = text.split("/");
	return levels.every((level, index) => {
		if (level.includes("#")) return level === "#" && index === levels.length - 1;
		return !level.includes("+") || level === "+";
	});
}

/** Whether messages under this topic name are what the filter asks for. */
export function matches(filter: string, topicName: string): boolean {
	if (filter === topicName) return true;
	// A wildcard at the first level does not stand for names that begin with $ [MQTT-4.7.2-1].
	if (topicName.startsWith("$") && (filter.startsWith("+") || filter.startsWith("#"))) return false;
	const wanted = filter.split("/");
	const levels = topicName.split("/");
	for (let i = 0; i < wanted.length; i++) {
		// Includes the parent level: a/# matches a.
		if (wanted[i] === "#") return levels.length >= i;
		if (i >= levels.length || (wanted[i] !== "+" && wanted[i] !== levels[i])) return false;
	}
	return wanted.length === levels.length;
}
