/** The world's part of a device's TLS: the handshake in its place, with what a device can. */
import type { Socket } from "node:net";
import { ReasonCode } from "../../firmware/client/terms/codes.js";
import { SecureConfigError } from "./config-error.js";
import { deviceLimits } from "./device-limits.js";
import type { SecureEnd } from "./ends.js";
import type { SecureRequest } from "./in-band.js";
import { secure, secureContext, securedText } from "./secure.js";

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
			const context = secureContext({ ...request, limits });
			return secure(
				socket,
				context,
				{ ...request, serverName: this.name, limits },
				{
					...events,
					done: (secured) => events.done(securedText(secured)),
				},
			);
		} catch (error) {
			if (!(error instanceof SecureConfigError)) throw error;
			events.ended({ reason: ReasonCode.SECURITY_PROTOCOL, detail: 0, text: error.message });
			return socket;
		}
	}
}
