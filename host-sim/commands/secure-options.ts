/** Options about TLS that run, pub and sub share, named as in mosquitto's tools. */
import type { Command } from "commander";

/** Adds them to a command. */
export function addSecureOptions(command: Command): Command {
	return command
		.option("--cafile <file>", "certificates that are trusted, in PEM (default: what this machine trusts)")
		.option("--capath <folder>", "the same, all that are in a folder")
		.option("--cert <file>", "certificate of the client, in PEM; needs --key")
		.option("--key <file>", "its private key, in PEM, without a passphrase")
		.option("--insecure", "take any server, whoever it is")
		.option("--tls-alpn <protocol>", "protocol for ALPN");
}
