import { PacketType } from "../codec/constants.js";
import type { ControlMessage } from "./options.js";

const UNKNOWN = -1;

/** A SUBSCRIBE or UNSUBSCRIBE that was written: the client asks for each filter by itself, the program gets one answer. */
class Request {
	readonly operation: number;
	readonly id: number;
	readonly filters: readonly string[];
	/** Granted QoS of each filter, 0x80 for a refused one; UNKNOWN while it is not known. */
	readonly codes: number[];
	left: number;

	constructor(operation: number, id: number, filters: readonly string[]) {
		this.operation = operation;
		this.id = id;
		this.filters = filters;
		this.codes = filters.map(() => UNKNOWN);
		this.left = filters.length;
	}
}

/** What is awaited for the SUBSCRIBEs and UNSUBSCRIBEs of one connection. */
export class Requests {
	/** Filter of each subscription of the client, by its index. */
	private readonly _filters: (string | undefined)[] = [];
	private _open: Request[] = [];
	private readonly _answer: (message: ControlMessage) => void;

	/** in  answer  called when a request has all its answers */
	constructor(answer: (message: ControlMessage) => void) {
		this._answer = answer;
	}

	/** A request was written; its answers follow. */
	add(operation: number, id: number, filters: readonly string[]): void {
		this._open.push(new Request(operation, id, filters));
		if (filters.length === 0) this.settle();
	}

	/** The request that was added last did not come about. */
	takeBack(): void {
		this._open.pop();
	}

	/** The client has given a filter this index. */
	name(index: number, filter: string): void {
		this._filters[index] = filter;
	}

	/** Whether a filter has an index: the program has subscribed to it, and UNSUBACK has not come since. */
	knows(filter: string): boolean {
		return this._filters.includes(filter);
	}

	/**
	 * The answer for the subscription of this index. One that was never named is that of an UNSUBSCRIBE of what the program has not
	 * subscribed to: an UNSUBACK says nothing but that, so it does not matter of which.
	 */
	handleAnswer(operation: number, index: number, code: number): void {
		const filter = this._filters[index];
		if (operation !== PacketType.SUBACK) this._filters[index] = undefined;
		if (filter !== undefined && this.answer(operation, filter, code)) return;
		for (const { filters, codes } of this._open.filter((request) => request.operation === operation)) {
			const unnamed = filters.find((each, i) => codes[i] === UNKNOWN && !this.knows(each));
			if (unnamed !== undefined && this.answer(operation, unnamed, code)) return;
		}
	}

	/** The answer for a filter: of the oldest request that waits for one. Returns whether one did. */
	answer(operation: number, filter: string, code: number): boolean {
		for (const request of this._open) {
			if (request.operation !== operation) continue;
			const at = request.filters.findIndex((each, i) => each === filter && request.codes[i] === UNKNOWN);
			if (at < 0) continue;
			request.codes[at] = code;
			request.left--;
			this.settle();
			return true;
		}
		return false;
	}

	/** What the client does not ask for any more, because the opposite was written since, counts as answered. */
	supersede(operation: number, filter: string, code: number): void {
		for (const request of this._open) {
			if (request.operation !== operation) continue;
			request.filters.forEach((each, i) => {
				if (each !== filter || request.codes[i] !== UNKNOWN) return;
				request.codes[i] = code;
				request.left--;
			});
		}
		this.settle();
	}

	/** The connection is gone, and with it what was asked on it. */
	clear(): void {
		this._open = [];
	}

	private settle(): void {
		for (const { operation, id, codes, left } of this._open) {
			if (left > 0) continue;
			this._answer(operation === PacketType.SUBACK ? { operation, id, payload: codes } : { operation, id });
		}
		this._open = this._open.filter(({ left }) => left > 0);
	}
}
