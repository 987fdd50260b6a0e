import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import type { Command } from "commander";
import { checkCa, checkKey, checkLeadsTo, orderChain, type Source } from "../certificates/check.js";
import { describeKey, factsOf, type CertificateFacts } from "../certificates/facts.js";
import { readCertificates, readKey, type Input } from "../certificates/read.js";
import { CliError, Exit, UsageError } from "../terminal/exit.js";
import type { Io } from "../terminal/io.js";
import { systemErrorText } from "../terminal/reasons.js";
import { writeOutputs, type Output } from "./certificate-files.js";

interface CertificateFlags {
	ca: string[];
	cert?: string;
	key?: string;
	out: string;
	passphraseFile?: string;
	otherIssuer?: true;
	force?: true;
	json?: true;
}

/** One file that was written, and what it is. */
interface Written extends Partial<CertificateFacts> {
	file: string;
	kind: "ca" | "certificate" | "key";
	bytes: number;
}

const HELP = `
Each file may be PEM (several certificates in one, text before them) or DER. Written are ca.der, cert.der, key.der, and
ca-2.der, cert-2.der … where there are more: certificates as DER, the key as PKCS#8. Nothing is written when something is
wrong: a key that does not belong to the certificate, a chain that does not lead to a CA of --ca, what has expired, and
what a device's TLS cannot do (client keys other than RSA, CAs other than RSA, P-256 and P-384).

Exit codes of this command, besides those below:
  65  what was read is no good
  66  a file cannot be read
  73  a file is there already, or cannot be made
  74  writing failed`;

/** Adds `xs-mqtt certificate`. */
export function addCertificate(program: Command, io: Io): void {
	const more = (file: string, files: string[] = []): string[] => [...files, file];
	const command = program
		.command("certificate")
		.description("check certificates and a key, and convert them to what a device takes")
		.requiredOption("--ca <file>", "the CA that the server's certificate leads to; may be given several times", more)
		.option("--cert <file>", "the client's certificate, with those between it and its CA")
		.option("--key <file>", "its private key")
		.requiredOption("--out <folder>", "where the files go")
		.option("--passphrase-file <file>", "a file whose first line is the passphrase of the key")
		.option("--other-issuer", "the client's certificate comes from another CA than the server's")
		.option("--force", "replace files that are there")
		.option("--json", "print one JSON object")
		.addHelpText("after", HELP);
	command.action(() => {
		const flags = command.opts<CertificateFlags>();
		if ((flags.cert === undefined) !== (flags.key === undefined))
			throw new UsageError("--cert and --key need each other");
		// eslint-disable-next-line no-restricted-properties -- certificates are of the real time
		convert(flags, io, Date.now());
	});
}

function read(file: string): Input {
	try {
		return { file, bytes: readFileSync(file) };
	} catch (error) {
		throw new CliError(`${file} cannot be read: ${systemErrorText(error)}`, Exit.NO_INPUT);
	}
}

function sourcesOf(file: string): Source[] {
	return readCertificates(read(file)).map((certificate) => ({ file, certificate }));
}

function convert(flags: CertificateFlags, io: Io, now: number): void {
	const warnings: string[] = [];
	const warn = (text: string): void => void warnings.push(text);
	const cas = withoutRepeats(flags.ca.flatMap(sourcesOf));
	for (const ca of cas) checkCa(ca, now, warn);
	let chain: Source[] = [];
	let key: KeyObject | undefined;
	if (flags.cert !== undefined && flags.key !== undefined) {
		const passphrase = flags.passphraseFile && read(flags.passphraseFile).bytes.toString().split(/\r?\n/)[0];
		const certificates = sourcesOf(flags.cert);
		key = readKey(read(flags.key), passphrase);
		chain = orderChain(certificates, key, flags.key, now, warn);
		checkKey(flags.key, key, warn);
		if (!flags.otherIssuer) checkLeadsTo(chain, cas);
	}
	const written = [
		...cas.map((source, i) => certificateOutput("ca", "ca", source, i, now)),
		...chain.map((source, i) => certificateOutput("certificate", "cert", source, i, now)),
		...(key ? [keyOutput(key)] : []),
	];
	writeOutputs(
		flags.out,
		written.map(([output]) => output),
		flags.force === true,
	);
	const report = written.map(([, each]) => each);
	if (flags.json) io.out(`${JSON.stringify({ type: "certificate", out: flags.out, files: report, warnings })}\n`);
	else io.out(textOf(report, flags.out));
	for (const warning of warnings) if (!flags.json) io.err(`Warning: ${warning}`);
}

/** The same certificate may be in several files. */
function withoutRepeats(sources: readonly Source[]): Source[] {
	const first = (source: Source): Source =>
		sources.find(({ certificate }) => certificate.fingerprint256 === source.certificate.fingerprint256)!;
	return sources.filter((source) => first(source) === source);
}

function certificateOutput(
	kind: "ca" | "certificate",
	stem: string,
	{ certificate }: Source,
	index: number,
	now: number,
): [Output, Written] {
	const name = index === 0 ? `${stem}.der` : `${stem}-${index + 1}.der`;
	const bytes = certificate.raw;
	return [
		{ name, bytes, isSecret: false },
		{ file: name, kind, bytes: bytes.length, ...factsOf(certificate, now) },
	];
}

function keyOutput(key: KeyObject): [Output, Written] {
	const bytes = key.export({ type: "pkcs8", format: "der" });
	return [
		{ name: "key.der", bytes, isSecret: true },
		{ file: "key.der", kind: "key", bytes: bytes.length, key: describeKey(key) },
	];
}

const KINDS: Readonly<Record<Written["kind"], string>> = { ca: "CA", certificate: "certificate", key: "private key" };

function describe({ file, kind, bytes, ...facts }: Written): string {
	const lines = [`${file}  ${KINDS[kind]}, ${bytes} bytes, ${facts.key}`];
	if (facts.subject !== undefined) {
		lines.push(`  ${facts.subject}`);
		lines.push(`  signed by ${facts.issuer}: ${facts.signature}`);
		lines.push(
			`  from ${facts.validFrom!.slice(0, 10)} to ${facts.validTo!.slice(0, 10)}, ${facts.daysLeft} days left`,
		);
		if (facts.names!.length > 0) lines.push(`  names: ${facts.names!.join(", ")}`);
	} else lines.push("  readable for its owner only; whoever has the flash of a device has it");
	return `${lines.join("\n")}\n`;
}

function textOf(files: readonly Written[], out: string): string {
	const resources = (kind: Written["kind"]): string => {
		const all = files.filter((each) => each.kind === kind).map(({ file }) => `new Resource("${file}")`);
		return all.length === 1 ? all[0]! : `[${all.join(", ")}]`;
	};
	const folder = relative(".", out).split(sep).join("/") || ".";
	const options = [`ca: ${resources("ca")}`];
	if (files.some(({ kind }) => kind === "key")) {
		options.push(`certificate: ${resources("certificate")}`, `key: ${resources("key")}`);
	}
	return [
		...files.map(describe),
		"Manifest:",
		'\t"include": ["xs-mqtt/manifests/manifest_mqtt.json", "xs-mqtt/manifests/manifest_tls.json"],',
		`\t"data": { "*": "${folder.startsWith(".") || folder.startsWith("/") ? folder : `./${folder}`}/*" }`,
		"",
		"Program:",
		'\timport Resource from "Resource";',
		'\timport { tls } from "xs-mqtt/tls";',
		`\ttransport: tls({ ${options.join(", ")} }),`,
		"",
	].join("\n");
}
