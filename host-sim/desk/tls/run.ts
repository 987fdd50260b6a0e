/** The run `tls` of check:device. */
import { CliError } from "../../terminal/exit.js";
import { SimulatorRun } from "../simulator.js";
import type { Sdk } from "../sdk.js";
import type { Certificate } from "../../certificates/certificates.js";
import { casesOf, Cast, listenersOf, mosquittoCases, type TlsCase } from "./cases.js";
import { byNode, echoByNode, Peer, silent } from "./peers.js";
import { TlsMosquitto } from "./tls-mosquitto.js";

const ALL_MS_MAX = 240_000;
/** Lines of one case that are shown. */
const SAID_MAX = 6;

/** Servers of one run, and what the program is told of them. */
export class TlsStage {
	/** For config.tlsCheck. */
	readonly config = {
		certificates: {} as Record<string, string>,
		cases: [] as object[],
		attacks: [] as object[],
		memory: [] as object[],
	};
	readonly #cases: readonly TlsCase[];
	readonly #peers = new Map<TlsCase, Peer>();
	readonly #attacks = new Map<TlsCase, Peer>();
	readonly #names = new Map<Certificate, string>();

	readonly #others: Peer[] = [];
	#mosquitto: TlsMosquitto | undefined;

	private constructor(cases: readonly TlsCase[]) {
		this.#cases = cases;
	}

	static async set(brokerPort: number, only?: RegExp): Promise<TlsStage> {
		const cast = new Cast();
		const mosquitto = await TlsMosquitto.start(listenersOf(cast));
		const all = [...mosquittoCases(cast, mosquitto.ports), ...casesOf(cast)];
		const cases = all.filter(({ name }) => only === undefined || only.test(name));
		const stage = new TlsStage(cases);
		stage.#mosquitto = mosquitto;
		for (const each of cases) {
			if (each.port !== undefined) {
				stage.config.cases.push(stage.#tell(each, each.port));
				continue;
			}
			const cure = each.wanted ? cast.cure : undefined;
			const peer = await Peer.listen(brokerPort, each.conduct, cure);
			stage.#peers.set(each, peer);
			stage.config.cases.push(stage.#tell(each, peer.port));
			if (!each.fools) continue;
			const attack = await Peer.listen(brokerPort, each.conduct);
			stage.#attacks.set(each, attack);
			stage.config.attacks.push(stage.#tell(each, attack.port));
		}
		await stage.#measure(cast, brokerPort);
		return stage;
	}

	/** Servers for the figures of memory. Two certificates each: the SDK's class takes no leaf alone. */
	async #measure(cast: Cast, brokerPort: number): Promise<void> {
		const rows = [
			{ name: "ECDHE-RSA, AES-128-GCM", server: cast.server, ca: cast.ca, ciphers: "ECDHE-RSA-AES128-GCM-SHA256" },
			{ name: "ECDHE-RSA, AES-128-CBC", server: cast.server, ca: cast.ca, ciphers: "ECDHE-RSA-AES128-SHA256" },
			{ name: "ECDHE-ECDSA", server: cast.ecServer, ca: cast.ecCa, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" },
		];
		for (const { name, server, ca, ciphers } of rows) {
			const both = { cert: server.pem + ca.pem, ciphers };
			const broker = await Peer.listen(brokerPort, byNode(server, both));
			const echo = await Peer.listen(brokerPort, echoByNode(server, both));
			this.#others.push(broker, echo);
			const tell = (peer: Peer): object => this.#tell({ name, ca: [ca], conduct: silent }, peer.port);
			this.config.memory.push({ name, broker: tell(broker), echo: tell(echo) });
		}
	}

	#tell(one: TlsCase, port: number): object {
		const { name, host = "broker.test", ca, certificate, alpn, rsaKeyExchange, verify = true, wanted } = one;
		return {
			name,
			host,
			port,
			ca: ca.map((each) => this.#nameOf(each)),
			...(certificate && { certificate: this.#nameOf(certificate) }),
			...(alpn !== undefined && { alpn }),
			...(rsaKeyExchange && { rsaKeyExchange }),
			verify,
			ends: wanted !== undefined,
		};
	}

	#nameOf(certificate: Certificate): string {
		let name = this.#names.get(certificate);
		if (name === undefined) {
			name = `${certificate.name} ${this.#names.size}`;
			this.#names.set(certificate, name);
			this.config.certificates[name] = certificate.der.toString("hex");
			this.config.certificates[`${name} key`] = certificate.keyDer.toString("hex");
		}
		return name;
	}

	/** Runs the program. Throws CliError with all that was not as it should be. */
	async run(sdk: Sdk, binary: string): Promise<string> {
		const run = new SimulatorRun(sdk, binary);
		try {
			await run.until("all cases", () => run.output.includes("# all done"), ALL_MS_MAX);
		} finally {
			await run.stop();
		}
		const wrong = this.#cases.flatMap((each) => this.#judge(each, run.output));
		wrong.push(...run.output.split("\n").filter((line) => line.startsWith("# memory: ")));
		if (wrong.length > 0) throw new CliError(`TLS:\n${wrong.join("\n")}`);
		const notes = run.output.split("\n").filter((line) => line.startsWith("# | "));
		const { size } = this.#attacks;
		return `${this.#cases.length} servers, ${size} of which lead the SDK's class to send CONNECT${notes.map((line) => `\n    ${line.slice(4)}`).join("")}`;
	}

	#judge(one: TlsCase, output: string): string[] {
		const wrong: string[] = [];
		const lines = output.split("\n").filter((line) => line.startsWith(`# ${one.name}: `));
		const said = lines.map((line) => line.slice(one.name.length + 4));
		if (said.length > SAID_MAX) said.splice(2, said.length - SAID_MAX, "…");
		if (one.wanted) {
			const [reason, detail] = one.wanted;
			const wanted = `ended ${Math.floor(reason / 10)} ${reason} ${detail} ${one.late === true}`;
			if (said[0] !== wanted) wrong.push(`${one.name}: ${said[0]}, expected ${wanted}`);
			if (one.late !== true && this.#peers.get(one)?.met.some(({ data }) => data.length > 0)) {
				wrong.push(`${one.name}: bytes were sent to a server that is none`);
			}
		}
		const wanted = `through after ${one.wanted ? 1 : 0}`;
		if (said.at(-1) !== wanted) wrong.push(`${one.name}: ${said.join("; ")}, expected ${wanted}`);
		const attack = this.#attacks.get(one);
		if (attack && !attack.met.some(({ data }) => data.includes("secret"))) {
			wrong.push(`${one.name}: the SDK's class has sent nothing: this attack proves nothing`);
		}
		return wrong;
	}

	async close(): Promise<void> {
		for (const peer of [...this.#peers.values(), ...this.#attacks.values(), ...this.#others]) peer.close();
		await this.#mosquitto?.stop();
	}
}
