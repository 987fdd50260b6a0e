import { bareMissing } from "../../host-sim/proofs/mcu/bare-build.js";

/** Why the tests on a microcontroller's instruction set cannot run, as one line; undefined when they can. */
export async function bareWarning(): Promise<string | undefined> {
	const missing = await bareMissing();
	return missing === undefined ? undefined : `Tests on RV32IMC are skipped: ${missing}`;
}

/** Says once per run, before the first test, why the tests on RV32IMC are skipped. A `globalSetup` of vitest. */
export default async function check(): Promise<void> {
	const warning = await bareWarning();
	if (warning) process.stderr.write(`${warning}\n`);
}
