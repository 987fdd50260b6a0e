/**
 * Runs the telemetry example for an hour of virtual time and prints its log, then a line of figures. A process of its own:
 * the device on V8 needs an option of Node's.
 *
 * in   argv[2]  seeds, with commas between them: one device for each, beside each other in this process
 */
import { configOf, findProgram } from "../../dist/host-sim/simulator/program.js";
import { VirtualRun } from "../../dist/host-sim/simulator/virtual-run.js";

const MINUTE_MS = 60_000;
const { file, manifest } = findProgram("telemetry");

/** Starts a device, to which somebody speaks, in a network that has its bad moments. */
async function start(seed) {
	const lines = [];
	const run = await VirtualRun.start({ file, seed, config: configOf(manifest), onLine: (line) => lines.push(line) });
	const command = (name, text) => {
		const topic = `xs-mqtt/telemetry/sensor-1/command/${name}`;
		run.server.publish({ serial: 0, topic, payload: Buffer.from(text), qos: 2, retain: false });
	};
	run.clock.after(1 * MINUTE_MS, () => command("identify", ""));
	run.clock.after(10 * MINUTE_MS, () => run.world.link?.reset("reset"));
	run.clock.after(20 * MINUTE_MS, () => run.world.link?.freeze(true));
	run.clock.after(30 * MINUTE_MS, () => command("interval", "500"));
	run.clock.after(40 * MINUTE_MS, () => run.server.closeAll());
	return { run, lines };
}

const runs = await Promise.all(process.argv[2].split(",").map((seed) => start(Number(seed))));
for (let minute = 0; minute < 60; minute++) await Promise.all(runs.map(({ run }) => run.runFor(MINUTE_MS)));
for (const { run, lines } of runs) {
	const { clock, world, clients } = run;
	const end = { ms: clock.now(), ticks: world.ticks, connections: world.connections, state: clients[0].state };
	process.stdout.write(`${lines.join("\n")}\n${JSON.stringify(end)}\n`);
}
