/** The check of TLS on the SDK's simulator: an application of its own. The desk has the servers, and reads what is traced. */
import config from "mc/config";
import { runCase, type Case } from "./cases.js";
import { measure } from "./memory.js";
import { attackSdk } from "./sdk.js";

const { cases, attacks } = config["tlsCheck"] as { cases: Case[]; attacks: Case[] };

async function run(): Promise<void> {
	for (let i = 0; i < cases.length; i++) {
		try {
			await runCase(cases[i]!);
		} catch (error) {
			trace(`# ${cases[i]!.name}: ${String(error)}\n`);
		}
	}
	for (let i = 0; i < attacks.length; i++) await attackSdk(attacks[i]!);
	await measure();
	trace("# all done\n");
}

export default function main(): void {
	void run();
}
