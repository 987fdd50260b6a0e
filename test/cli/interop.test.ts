// Goal: people who know mosquitto_pub and mosquitto_sub get from `xs-mqtt pub` and `xs-mqtt sub` what they expect, and all
// four exchange messages.
// Method: the commands as processes, with a mosquitto of our own. A subscriber counts as ready when the broker logs SUBACK.
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWithMosquitto, findProgram, Mosquitto } from "../support/mosquitto.js";
import { folderWith } from "../support/files.js";
import { type Outcome, runCliProcess, Running, startCli } from "./run-cli.js";

let broker: Mosquitto;
let count = 0;

/** A topic that no other test uses. */
function newTopic(): string {
	return `test/${++count}`;
}

function at(to = broker): string[] {
	return ["-h", "127.0.0.1", "-p", `${to.port}`];
}

function ours(command: "pub" | "sub", ...args: string[]): Running {
	return startCli([command, ...at(), ...args], command === "sub" ? "" : undefined);
}

function theirs(command: "pub" | "sub", ...args: string[]): Running {
	return new Running(findProgram(`mosquitto_${command}`) ?? "", [...at(), ...args], command === "sub" ? "" : undefined);
}

/** Starts a subscriber of either kind and waits until the broker has its subscription. */
async function subscribed(start: typeof ours, ...args: string[]): Promise<Running> {
	const id = `sub-${++count}`;
	const from = broker.log.length;
	const running = start("sub", "-i", id, ...args);
	await broker.waitForLog(new RegExp(`Sending SUBACK to ${id}\\b`), from);
	return running;
}

async function ok(running: Running, input = ""): Promise<void> {
	running.child.stdin?.end(input);
	expect(await running.ended).toMatchObject({ exitCode: 0, err: "" });
}

function textOf(outcome: Outcome): string {
	return outcome.out.toString();
}

beforeAll(async () => {
	broker = await Mosquitto.start();
});
afterAll(async () => {
	await broker.stop();
});

describeWithMosquitto("messages", () => {
	it.each(["0", "1", "2"])("at QoS %s go from each to each", async (qos) => {
		const topic = newTopic();
		const readers = await Promise.all([
			subscribed(ours, "-t", topic, "-q", qos, "-v", "-C", "4"),
			subscribed(theirs, "-t", topic, "-q", qos, "-v", "-C", "4"),
		]);
		await ok(ours("pub", "-t", topic, "-q", qos, "-m", "grün"));
		await ok(theirs("pub", "-t", topic, "-q", qos, "-m", "blau"));
		await ok(ours("pub", "-t", topic, "-q", qos, "-n"));
		await ok(theirs("pub", "-t", topic, "-q", qos, "-n"));
		for (const reader of readers) {
			const outcome = await reader.ended;
			expect(outcome).toMatchObject({ exitCode: 0, err: "" });
			expect(textOf(outcome)).toBe(`${topic} grün\n${topic} blau\n${topic} (null)\n${topic} (null)\n`);
		}
	});

	it("come from the command line, a file, standard input and its lines", async () => {
		const topic = newTopic();
		const folder = folderWith({ file: "from\na file", empty: "" });
		const reader = await subscribed(theirs, "-t", topic, "-q", "1", "-v", "-C", "8");
		await ok(ours("pub", "-t", topic, "-q", "1", "-m", ""));
		await ok(ours("pub", "-t", topic, "-q", "1", "-f", `${folder}/file`));
		await ok(ours("pub", "-t", topic, "-q", "1", "-f", `${folder}/empty`));
		await ok(ours("pub", "-t", topic, "-q", "1", "-s"), "all\nof it\n");
		await ok(ours("pub", "-t", topic, "-q", "1", "-l"), "one\n\nlast line without its end");
		await ok(ours("pub", "-q", "1", "-m", "by URL", "-L", `${broker.url}/${topic}`));
		const empty = `${topic} (null)\n`;
		expect(textOf(await reader.ended)).toBe(
			`${empty}${topic} from\na file\n${empty}${topic} all\nof it\n\n${topic} one\n${empty}` +
				`${topic} last line without its end\n${topic} by URL\n`,
		);
	});

	it("are printed without end of line by -N, and empty ones leave no trace without -v", async () => {
		const topic = newTopic();
		const options = [[], ["-N"], ["-N", "-v"]];
		const readers = await Promise.all(
			options.flatMap((more) => [
				subscribed(ours, "-t", topic, "-q", "1", "-C", "3", ...more),
				subscribed(theirs, "-t", topic, "-q", "1", "-C", "3", ...more),
			]),
		);
		await ok(ours("pub", "-t", topic, "-q", "1", "-l"), "a\n\nb\n");
		const texts = (await Promise.all(readers.map((reader) => reader.ended))).map(textOf);
		const verbose = `${topic} a${topic} b`;
		expect(texts).toEqual(["a\nb\n", "a\nb\n", "ab", "ab", verbose, verbose]);
	});

	it("of 2,000 lines arrive whole and in order, through buffers of 64 bytes and an outbox of 512", async () => {
		const topic = newTopic();
		const lines = Array.from({ length: 2000 }, (_, index) => `line ${index} ${"x".repeat(index % 50)}\n`).join("");
		const sizes = ["--rx-buffer", "64", "--tx-buffer", "64", "--outbox", "512"];
		for (const qos of ["1", "2"]) {
			const reader = await subscribed(theirs, "-t", topic, "-q", qos, "-C", "2000");
			await ok(ours("pub", "-t", topic, "-q", qos, "-l", ...sizes), lines);
			expect(textOf(await reader.ended)).toBe(lines);
		}
	});

	it("longer than the outbox are sent as lines all the same", async () => {
		const topic = newTopic();
		const lines = `${"a".repeat(5000)}\nshort\n${"b".repeat(70_000)}\n${"c".repeat(5000)}\n`;
		const reader = await subscribed(theirs, "-t", topic, "-q", "2", "-C", "4");
		await ok(ours("pub", "-t", topic, "-q", "2", "-l", "--outbox", "1024"), lines);
		expect(textOf(await reader.ended)).toBe(lines);
	});

	it("that match several filters are printed once", async () => {
		const topic = newTopic();
		const filters = ["-t", `${topic}/#`, "-t", `${topic}/+`, "-t", `${topic}/a`];
		const reader = await subscribed(ours, ...filters, "-v", "-W", "1");
		await ok(theirs("pub", "-t", `${topic}/a`, "-m", "1"));
		await ok(theirs("pub", "-t", `${topic}/b/c`, "-m", "2"));
		// What the broker itself sends more than once for overlapping filters is not ours to hide.
		const texts = new Set(
			textOf(await reader.ended)
				.trim()
				.split("\n"),
		);
		expect([...texts]).toEqual([`${topic}/a 1`, `${topic}/b/c 2`]);
	});
});

describeWithMosquitto("retained messages", () => {
	it("are kept and cleared", async () => {
		const topic = newTopic();
		await ok(ours("pub", "-t", topic, "-r", "-q", "1", "-m", "kept"));
		expect(textOf(await theirs("sub", "-t", topic, "-C", "1").ended)).toBe("kept\n");
		expect(textOf(await ours("sub", "-t", topic, "-C", "1").ended)).toBe("kept\n");
		await ok(ours("pub", "-t", topic, "-r", "-q", "1", "-n"));
		const nothing = await Promise.all([
			theirs("sub", "-t", topic, "-W", "1").ended,
			ours("sub", "-t", topic, "-W", "1").ended,
		]);
		expect(nothing.map(textOf)).toEqual(["", ""]);
		expect(nothing.map((outcome) => outcome.exitCode)).toEqual([27, 27]);
	});

	it("are not printed with -R", async () => {
		const topic = newTopic();
		await ok(theirs("pub", "-t", topic, "-r", "-q", "1", "-m", "old"));
		const reader = await subscribed(ours, "-t", topic, "-R", "-C", "1");
		await ok(theirs("pub", "-t", topic, "-q", "1", "-m", "new"));
		expect(textOf(await reader.ended)).toBe("new\n");
	});
});

describeWithMosquitto("the will", () => {
	it("is published when the process dies, and not after Ctrl-C", async () => {
		const topic = newTopic();
		const will = ["--will-topic", `${topic}/will`, "--will-qos", "1", "--will-retain", "-t", topic];
		const watcher = await subscribed(theirs, "-t", `${topic}/will`, "-v", "-q", "1", "-W", "8");
		const [killed, stopped] = await Promise.all([
			subscribed(ours, ...will, "--will-payload", "killed"),
			subscribed(ours, ...will, "--will-payload", "stopped"),
		]);
		stopped.child.kill("SIGINT");
		expect(await stopped.ended).toMatchObject({ exitCode: 0, err: "" });
		killed.child.kill("SIGKILL");
		expect(textOf(await watcher.ended)).toBe(`${topic}/will killed\n`);
		expect(textOf(await ours("sub", "-t", `${topic}/will`, "-C", "1").ended)).toBe("killed\n");
	});
});

describeWithMosquitto("a kept session", () => {
	it.each(["1", "2"])("gets at QoS %s what came while nobody was there", async (qos) => {
		const topic = newTopic();
		const session = ["sub", ...at(), "-c", "-i", `kept-${qos}`, "-q", qos, "-t", topic];
		expect(await runCliProcess([...session, "-E"])).toMatchObject({ exitCode: 0, err: "" });
		await ok(theirs("pub", "-t", topic, "-q", qos, "-m", "a"));
		await ok(ours("pub", "-t", topic, "-q", qos, "-m", "b"));
		const outcome = await runCliProcess([...session, "-C", "2"]);
		expect([outcome.exitCode, textOf(outcome)]).toEqual([0, "a\nb\n"]);
		expect(textOf(await runCliProcess([...session, "-W", "1"]))).toBe("");
	});

	it("loses a subscription by -U", async () => {
		const topic = newTopic();
		const session = ["sub", ...at(), "-c", "-i", "unsubscribed", "-q", "1"];
		expect(await runCliProcess([...session, "-t", topic, "-E"])).toMatchObject({ exitCode: 0 });
		expect(await runCliProcess([...session, "-U", topic])).toMatchObject({ exitCode: 0, err: "" });
		await ok(theirs("pub", "-t", topic, "-q", "1", "-m", "lost"));
		expect(textOf(await runCliProcess([...session, "-t", `${topic}/other`, "-W", "1"]))).toBe("");
	});

	it("outlives the broker's death, and the subscriber reconnects by itself", async () => {
		const lasting = await Mosquitto.start({ persistence: true });
		try {
			const args = ["-t", "lasting", "-q", "1", "-i", "lasting", "-c", "-C", "2", ...reconnectSoon];
			const reader = startCli(["sub", ...at(lasting), ...args], "");
			await lasting.waitForLog(/Sending SUBACK to lasting/);
			const from = lasting.log.length;
			await lasting.save();
			await lasting.kill("SIGKILL");
			await lasting.restart();
			// Before the subscriber is back, as likely as not: the broker has kept its session.
			expect(await runCliProcess(["pub", ...at(lasting), "-t", "lasting", "-q", "1", "-m", "a"])).toMatchObject({
				exitCode: 0,
			});
			await lasting.waitForLog(/New client connected from \S+ as lasting/, from);
			await runCliProcess(["pub", ...at(lasting), "-t", "lasting", "-q", "1", "-m", "b"]);
			const outcome = await reader.ended;
			expect([outcome.exitCode, textOf(outcome)]).toEqual([0, "a\nb\n"]);
			expect(outcome.err).toMatch(
				/^Error: 127\.0\.0\.1:\d+: (connection lost|Connection reset by peer); trying again\n$/,
			);
		} finally {
			await lasting.stop();
		}
	});
});

const reconnectSoon = ["--set", "reconnectMinMs=20", "--set", "reconnectMaxMs=50"];

describeWithMosquitto("a publisher", () => {
	it("goes on after the broker has been away, and loses nothing", async () => {
		const own = await Mosquitto.start({ persistence: true });
		try {
			await runCliProcess(["sub", ...at(own), "-t", "away", "-q", "2", "-i", "reader", "-c", "-E"]);
			const writer = startCli(["pub", ...at(own), "-t", "away", "-q", "2", "-l", ...reconnectSoon]);
			writer.child.stdin?.write("before\n");
			await own.waitForLog(/Sending PUBCOMP/);
			await own.save();
			await own.kill("SIGKILL");
			writer.child.stdin?.end("while\nafter\n");
			await own.restart();
			expect((await writer.ended).exitCode).toBe(0);
			const outcome = await runCliProcess([
				"sub",
				...at(own),
				"-t",
				"away",
				"-q",
				"2",
				"-i",
				"reader",
				"-c",
				"-C",
				"3",
			]);
			expect(textOf(outcome)).toBe("before\nwhile\nafter\n");
		} finally {
			await own.stop();
		}
	});
});

describeWithMosquitto("a broker that wants to know who it is", () => {
	it("ends the command with its return code, or lets it in", async () => {
		const guarded = await Mosquitto.start({
			users: { anna: "geheim" },
			acl: ["user anna", "topic readwrite a/#"],
		});
		try {
			const args = ["pub", ...at(guarded), "-t", "a/b", "-q", "1", "-m", "x"];
			const line = `Error: 127.0.0.1:${guarded.port}: Connection refused by the broker: not authorised (CONNACK 5)\n`;
			const [nobody, wrong, right, url] = await Promise.all([
				runCliProcess(args),
				runCliProcess([...args, "-u", "anna", "-P", "falsch"]),
				runCliProcess([...args, "-u", "anna", "-P", "geheim"]),
				runCliProcess(["pub", "-L", `mqtt://anna:geheim@127.0.0.1:${guarded.port}/a/b`, "-q", "1", "-m", "x"]),
			]);
			expect(nobody).toMatchObject({ exitCode: 5, err: line });
			expect(wrong).toMatchObject({ exitCode: 5, err: line });
			expect(right).toMatchObject({ exitCode: 0, err: "" });
			expect(url).toMatchObject({ exitCode: 0, err: "" });
		} finally {
			await guarded.stop();
		}
	});
});

describeWithMosquitto("a subscriber", () => {
	it("ends quietly when nobody reads what it prints", async () => {
		const topic = newTopic();
		const reader = await subscribed(ours, "-t", topic);
		reader.child.stdout?.destroy();
		await ok(theirs("pub", "-t", topic, "-m", "x"));
		expect(await reader.ended).toMatchObject({ exitCode: 0, err: "" });
	});

	it("shows the packets with -d, on standard error", async () => {
		const topic = newTopic();
		await ok(theirs("pub", "-t", topic, "-r", "-q", "1", "-m", "x"));
		const { out, err } = await ours("sub", "-t", topic, "-C", "1", "-d").ended;
		expect(out.toString()).toBe("x\n");
		for (const packet of ["CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK", "PUBLISH", "DISCONNECT"]) {
			expect(err).toContain(packet);
		}
	});
});
