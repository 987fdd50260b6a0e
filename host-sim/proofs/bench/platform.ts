import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import type { NameResolver } from "../../../firmware/ports/transport.js";
import { installStandIns } from "../../stand-ins/stand-ins.js";
import { installGlobals } from "../../stand-ins/node/globals.js";
import type { Cancel, Clock } from "../../world/clock.js";
import { RealClock } from "../../world/real-clock.js";
import { useWorld } from "../../world/current.js";
import type { Tap } from "../../world/tap.js";
import { SocketWorld } from "../../world/socket-world.js";

/** Arrivals and windows of a desk, not of a chip: fewer turns for the same bytes. */
const DESK_NETWORK = { segmentSize: 16_384, rxWindow: 65_536, txWindow: 65_536 };

/** A wait this long is the parking place of a timer, not something that a command waits for, in ms. */
const PARKED_MS_MIN = 3_600_000;

/** Real time that does not keep a process whose sockets are closed. */
class DeskClock implements Clock {
	readonly #clock = new RealClock();

	now(): number {
		return this.#clock.now();
	}

	after(delayMs: number, action: () => void): Cancel {
		if (delayMs < PARKED_MS_MIN) return this.#clock.after(delayMs, action);
		const timeout = setTimeout(action, PARKED_MS_MIN).unref();
		return () => clearTimeout(timeout);
	}
}

/** Once our last byte is out, whether the broker closes its side as well is nothing to wait for. */
function letGoWhenSent(message: unknown): void {
	const { socket } = message as { socket: Socket };
	socket.once("finish", () => socket.unref());
}

/** What is loaded once the platform's modules have their stand-ins. */
export interface Platform {
	Client: typeof import("../../../firmware/index.js").Client;
	tcp: typeof import("../../../firmware/transport/tcp.js").tcp;
	dns: NameResolver;
}

/**
 * Makes this process a device on a real network, without faults, and loads the client.
 *
 * in   tap  watches the link
 */
export async function loadPlatform(tap: Tap): Promise<Platform> {
	subscribe("net.client.socket", letGoWhenSent);
	installStandIns();
	installGlobals();
	useWorld(new SocketWorld({ ...DESK_NETWORK, clock: new DeskClock(), tap }));
	const [{ Client }, { tcp }, { platformDns }] = await Promise.all([
		import("../../../firmware/index.js"),
		import("../../../firmware/transport/tcp.js"),
		import("../../../firmware/transport/dns.js"),
	]);
	return { Client, tcp, dns: platformDns() };
}
