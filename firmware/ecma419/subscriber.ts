import type { Client, MessageHandler } from "../app/client.js";
import type { QoS } from "../client/terms/codes.js";
import { PacketType } from "../codec/constants.js";
import { StatusCode } from "../codec/status.js";
import { textOf } from "./bytes.js";
import type { WriteOptions } from "./options.js";
import type { Requests } from "./requests.js";

/** Declares and ends subscriptions as SUBSCRIBE and UNSUBSCRIBE of the program say. */
export class Subscriber {
	/** The identifier that a request got last for which the program gave none. */
	private _lastId = 0;
	private readonly _client: Client;
	private readonly _requests: Requests;
	private readonly _handler: MessageHandler;

	/** in  handler  gets every message */
	constructor(client: Client, requests: Requests, handler: MessageHandler) {
		this._client = client;
		this._requests = requests;
		this._handler = handler;
	}

	/** Throws Error "overflow", and RangeError naming a filter or QoS that MQTT does not allow. */
	subscribe({ items = [], id = this.nextId() }: WriteOptions): void {
		const requests = this._requests;
		const filters = items.map((item) => textOf(item.topic));
		requests.add(PacketType.SUBACK, id, filters);
		items.forEach(({ QoS = 0 }, i) => {
			const filter = filters[i]!;
			requests.supersede(PacketType.UNSUBACK, filter, 0);
			const index = this._client.subscribeStream(filter, QoS as QoS, this._handler);
			if (index >= 0) return requests.name(index, filter);
			requests.takeBack();
			if (index === StatusCode.FULL || index === StatusCode.TOO_LARGE) throw new Error("overflow");
			throw new RangeError(`items: ${filter} with QoS ${QoS} is no subscription`);
		});
	}

	unsubscribe({ items = [], id = this.nextId() }: WriteOptions): void {
		const client = this._client;
		const requests = this._requests;
		const filters = items.map((item) => textOf(item.topic));
		requests.add(PacketType.UNSUBACK, id, filters);
		for (const filter of filters) {
			requests.supersede(PacketType.SUBACK, filter, 0);
			// What the program has not subscribed to a kept session may hold from an earlier one; a clean session has nothing of it.
			const isAsked = requests.knows(filter) || !client.settings.cleanSession;
			if (!isAsked || client.unsubscribe(filter) < 0) requests.answer(PacketType.UNSUBACK, filter, 0);
		}
	}

	private nextId(): number {
		this._lastId = (this._lastId % 0xffff) + 1;
		return this._lastId;
	}
}
