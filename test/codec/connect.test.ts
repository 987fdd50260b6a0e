import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientIdOf, sizeOfConnect, writeConnect, type ConnectFields } from "../../firmware/codec/connect.js";
import { Max } from "../../firmware/codec/constants.js";
import { bytesOf } from "../support/hex.js";
import { bytesOfVector, textOf, vectorsOf, type VectorFields } from "../vectors/vectors.js";
import { expectBytes, guarded } from "./guarded.js";

// Goal: CONNECT byte for byte, with every flag and every field, of exactly the size that was announced.
// Method: every CONNECT among the vectors between guard bytes; then random fields against a plain twin that puts the
// parts of §3.1 together.

const vectors = vectorsOf("3.1.1", "client->server").filter((vector) => vector.fields.packet === "CONNECT");

function fieldsOf(fields: VectorFields): ConnectFields {
	return {
		cleanSession: fields.cleanSession ?? false,
		keepAliveS: fields.keepAlive ?? 0,
		clientId: Buffer.from(textOf(fields.clientId ?? "")),
		willTopic: fields.will && Buffer.from(fields.will.topic),
		willPayload: bytesOf(fields.will?.payloadHex ?? ""),
		willQos: fields.will?.qos ?? 0,
		willRetain: fields.will?.retain ?? false,
		userName: fields.userName === undefined ? undefined : Buffer.from(fields.userName),
		password: fields.passwordHex === undefined ? undefined : bytesOf(fields.passwordHex),
	};
}

function encode(fields: ConnectFields): Uint8Array {
	return guarded(sizeOfConnect(fields), (bytes, offset) => writeConnect(bytes, offset, fields));
}

/** Two bytes of length, then the field. */
function field(bytes: Uint8Array): Buffer {
	return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** The plain twin of writeConnect. */
function plainConnect(fields: ConnectFields): Buffer {
	const { willTopic, userName, password } = fields;
	// §3.1.2.3, from bit 7 down.
	const bits = [userName !== undefined, password !== undefined, willTopic !== undefined && fields.willRetain];
	const willQos = willTopic === undefined ? 0 : fields.willQos;
	const flags = [...bits, willQos >= 2, willQos % 2 === 1, willTopic !== undefined, fields.cleanSession, false];
	const head = [0, 4, ...Buffer.from("MQTT"), 4, parseInt(flags.map(Number).join(""), 2)];
	const body = Buffer.concat([
		Buffer.from([...head, Math.floor(fields.keepAliveS / 256), fields.keepAliveS % 256]),
		field(fields.clientId),
		...(willTopic ? [field(willTopic), field(fields.willPayload)] : []),
		...(userName ? [field(userName)] : []),
		...(password ? [field(password)] : []),
	]);
	const length = [];
	for (let rest = body.length; rest > 0 || length.length === 0; rest = Math.floor(rest / 128)) {
		length.push((rest % 128) + (rest >= 128 ? 128 : 0));
	}
	return Buffer.concat([Buffer.from([0x10, ...length]), body]);
}

describe("writeConnect", () => {
	it.each(vectors)("writes $name [MQTT-3.1.3-1]", (vector) => {
		expectBytes(encode(fieldsOf(vector.fields)), bytesOfVector(vector));
	});

	it("writes any fields in their order, with the flags that belong to them [MQTT-3.1.2-3]", () => {
		const short = fc.uint8Array({ maxLength: 140 });
		const some = fc.option(short, { nil: undefined });
		const fields = fc.record({
			cleanSession: fc.boolean(),
			keepAliveS: fc.integer({ min: 0, max: Max.KEEP_ALIVE_S }),
			clientId: short,
			willTopic: some,
			willPayload: short,
			willQos: fc.integer({ min: 0, max: 2 }),
			willRetain: fc.boolean(),
			userName: some,
			password: some,
		});
		fc.assert(
			fc.property(fields, (given) => {
				expectBytes(encode(given), plainConnect(given));
			}),
			{ numRuns: 500 },
		);
	});

	it("leaves will QoS and will retain at 0 without a will [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15]", () => {
		const fields = { ...fieldsOf({ packet: "CONNECT", clientId: "c" }), willQos: 2, willRetain: true };
		expect(encode(fields)[9]).toBe(0);
	});
});

describe("sizeOfConnect", () => {
	it.each([
		[115, 127, 129],
		[116, 128, 131],
		[16_371, 16_383, 16_386],
		[16_372, 16_384, 16_388],
	])("knows the length bytes for an identifier of %i bytes: %i remain, %i in all", (clientIdSize, remaining, size) => {
		const fields = { ...fieldsOf({ packet: "CONNECT" }), clientId: new Uint8Array(clientIdSize).fill(0x61) };
		expect(12 + clientIdSize).toBe(remaining);
		expect(sizeOfConnect(fields)).toBe(size);
		expectBytes(encode(fields), plainConnect(fields));
	});

	it("is 327,699 bytes when every field is as long as it can be", () => {
		const longest = new Uint8Array(Max.FIELD_SIZE).fill(0x61);
		const fields: ConnectFields = {
			cleanSession: true,
			keepAliveS: Max.KEEP_ALIVE_S,
			clientId: longest,
			willTopic: longest,
			willPayload: longest,
			willQos: 2,
			willRetain: true,
			userName: longest,
			password: longest,
		};
		expect(sizeOfConnect(fields)).toBe(327_699);
		expectBytes(encode(fields), plainConnect(fields));
	});

	it.each([0, 1, 107, 108, 300, 65_535])("can be asked for its client identifier of %i bytes", (size) => {
		const bytes = encode(fieldsOf({ packet: "CONNECT", clientId: "c".repeat(size) } as VectorFields));
		const packet = new Uint8Array(7 + bytes.length);
		packet.set(bytes, 7);
		expect(clientIdOf(packet, 7)).toBe("c".repeat(size));
	});
});
