import type { Arena } from "../setup/arena.js";
import type { Deadlines } from "../setup/deadlines.js";
import type { Settings } from "../setup/settings.js";
import type { Application } from "../telling/application.js";
import type { Counts } from "../terms/counters.js";
import type { Session } from "./session.js";
import type { Subscriptions } from "./subscriptions.js";

/**
 * What outlives a connection, as one bag: everything that sends and receives is made from these, and knows nothing of the
 * connection above it. A client has one of each; all are made before those that use them.
 */
export interface Parts {
	readonly settings: Settings;
	readonly arena: Arena;
	readonly counts: Counts;
	readonly deadlines: Deadlines;
	readonly application: Application;
	readonly session: Session;
	readonly subscriptions: Subscriptions;
}
