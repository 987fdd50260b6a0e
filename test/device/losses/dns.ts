import config from "mc/config";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";
import type { NameRequest, NameResolver } from "xs-mqtt";

/** Where the test says at which address its broker is: who connects there is sent it as four bytes. */
const { namesPort } = config as unknown as { namesPort: number };

/** Stand-in for the platform's name service, so that a broker can move. It asks the test. */
class TestDns implements NameResolver {
	resolve({ host, onResolved, onError }: NameRequest): void {
		const bytes = new Uint8Array(4);
		let answered = false;
		const answer = (act: () => void): void => {
			if (answered) return;
			answered = true;
			// Not from within the callback of a socket that is being closed.
			Timer.set(() => {
				socket.close();
				act();
			});
		};
		const socket = new TCP({
			address: "127.0.0.1",
			port: namesPort,
			onReadable(count: number) {
				if (count < bytes.length) return;
				socket.read(bytes);
				answer(() => onResolved(host, bytes.join(".")));
			},
			onError: () => answer(() => onError(host)),
		});
	}
}

export function platformDns(): NameResolver {
	return new TestDns();
}
