/** The world's part of a device's TLS: the handshake in its place, with what a device can. */
import type { Socket } from "node:net";
import { ReasonCode } from "../../firmware/client/terms/codes.js";
import { deviceLimits } from "./device-limits.js";
import type { SecureEnd } from "./ends.js";
import { systemCa } from "./files.js";
import { Trusted, type SecureRequest } from "./in-band.js";
import { secure, secureContext, securedText } from "./secure.js";

const SYSTEM = Buffer.from(Trusted.SYSTEM);

/** What happens. `ended` is the last event. */
export interface SecureSideEvents {
	/** in: text  what was agreed upon, for people */
	done(text: string): void;
	data(bytes: Uint8Array): void;
	ended(end: SecureEnd): void;
}

export class SecureSide {
	/** Who is asked for, in the certificate. */
	readonly name: string;
	/** The device knows that the handshake is done. */
	secured = false;

	constructor({ serverName, host }: SecureRequest) {
		this.name = serverName || host;
	}

	/** Begins on a connection that stands. out: what plain bytes go to; `socket` itself when nothing comes of it */
	begin(socket: Socket, request: SecureRequest, events: SecureSideEvents): Socket {
		const limits = deviceLimits(request);
		try {
			const ca = request.ca.flatMap((bytes) => (bytes.equals(SYSTEM) ? systemCa() : [bytes]));
			const options = { ...request, ca, serverName: this.name, limits };
			return secure(socket, secureContext(options), options, {
				...events,
				done: (secured) => events.done(securedText(secured)),
			});
		} catch (error) {
			// Certificates or a key that are no good: in a run on XS nothing has looked at them before.
			const text = error instanceof Error ? error.message : String(error);
			events.ended({ reason: ReasonCode.SECURITY_PROTOCOL, detail: 0, text });
			return socket;
		}
	}
}
