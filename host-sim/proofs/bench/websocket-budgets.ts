import { BUDGETS, CYCLES, FLASH_BYTES, type Budget, type Cycle } from "./budgets.js";

/** What a row over WebSocket may take, as a multiple of what the same may take over TCP. */
const RATIO_MAX = 1.25;

/**
 * Rows that take more, and why. A payload is masked (RFC 6455 §5.3), which is a step of the engine's ten for each four bytes:
 * 200 byte codes for a publish of 88 bytes, whoever writes it. A ping is two bytes, so that the frame around it is most of it.
 * The opening handshake is a request, two blocks of SHA-1, and an answer: some 60,000 byte codes for each connection.
 */
const MORE: Readonly<Record<string, number>> = {
	"publish QoS 0": 760,
	"publish QoS 1, with PUBACK": 1_380,
	"publish QoS 2, whole handshake": 2_290,
	"automatic ping, in a silent hour of them": 745,
	"link lost, back-off, reconnect, resubscribe": 71_500,
	"malformed packet, close, reconnect": 73_000,
	"publish QoS 1, link lost, reconnect, resubscribe, resend": 76_000,
	"publish QoS 2, link lost, reconnect to the session, resend": 72_000,
};

/** Guards of the opening handshake: around the writes of the request, the reads of the answer, and the last word. */
const HANDSHAKE_MALLOCS = 6;

function overWebSocket<B extends Budget | Cycle>(budget: B): B {
	const { name } = budget;
	const rest: B = { ...budget };
	// What the design asks for is said of TCP.
	delete (rest as { goal?: number }).goal;
	return {
		...rest,
		name: `${name}, over WebSocket`,
		websocket: true,
		byteCodes: MORE[name] ?? Math.floor(RATIO_MAX * budget.byteCodes),
		mallocs: name in MORE && /connect/.test(name) ? budget.mallocs + HANDSHAKE_MALLOCS : budget.mallocs,
	};
}

/** The budgets of a client over WebSocket, of the same operations as over TCP: 0 slots, 0 chunk bytes, 0 collections in each. */
export const WEBSOCKET_BUDGETS: readonly Budget[] = BUDGETS.map(overWebSocket);
export const WEBSOCKET_CYCLES: readonly Cycle[] = CYCLES.map(overWebSocket);

/** Flash: bytes of byte code of a 3.1.1 client over WebSocket over TCP: 17,500 are the transport's. */
export const WEBSOCKET_FLASH_BYTES = FLASH_BYTES + 17_500;
