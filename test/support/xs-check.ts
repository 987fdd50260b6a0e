import { xsHostWarning } from "../../host-sim/stand-ins/xs/build.js";

/** Says once per run, before the first test, why the tests on XS are skipped or incomplete. A `globalSetup` of vitest. */
export default async function check(): Promise<void> {
	const warning = await xsHostWarning();
	if (warning) process.stderr.write(`${warning}\n`);
}
