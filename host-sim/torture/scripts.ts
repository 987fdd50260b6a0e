/** Callbacks that can be told to do something. */
export const CALLBACKS = [
	"message",
	"message",
	"delivered",
	"connected",
	"disconnected",
	"room",
	"subscribed",
	"unsubscribed",
	"problem",
	"stopped",
	"sourceRead",
	"sourceFinished",
] as const;

/** One of them. */
export type CallbackName = (typeof CALLBACKS)[number];

/** What a callback may do. */
const ACTIONS = [
	"publish",
	"publish",
	"publish",
	"compose",
	"stream",
	"subscribe",
	"unsubscribe",
	"stop",
	"restart",
	"start",
	"networkDown",
	"networkUp",
	"throw",
	"throw",
] as const;

/** One of them, with its numbers: what they mean is up to the action. */
export interface Action {
	what: (typeof ACTIONS)[number] | "cancel";
	a: number;
	b: number;
	c: number;
}

/** How often a plan may be carried out. */
const TIMES_MAX = 3;

/** What the callbacks of a device will do: each call uses up one action. */
export class Scripts {
	readonly #planned = new Map<CallbackName, Action[]>();

	/** Plans that the next call of a callback takes back a publish. */
	planCancel(name: CallbackName, a: number): void {
		this.#planned.set(name, [...(this.#planned.get(name) ?? []), { what: "cancel", a, b: 0, c: 0 }]);
	}

	/** Plans an action for the next calls of a callback; returns which. */
	plan(name: CallbackName, b: number, c: number): string {
		const action: Action = { what: ACTIONS[b % ACTIONS.length]!, a: b >> 4, b: c >> 3, c: b ^ c };
		const list = this.#planned.get(name) ?? [];
		for (let times = 1 + (c % TIMES_MAX); times > 0; times--) list.push(action);
		this.#planned.set(name, list);
		return action.what;
	}

	/** The next call of this callback starts the client. */
	planStart(name: CallbackName): void {
		this.#planned.set(name, [{ what: "start", a: 0, b: 0, c: 0 }]);
	}

	take(name: CallbackName): Action | undefined {
		return this.#planned.get(name)?.shift();
	}

	clear(): void {
		this.#planned.clear();
	}
}
