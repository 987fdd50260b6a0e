import { tryBuildXsHost, type BuildOptions, type XsHost } from "../../stand-ins/xs/build.js";
import { MissingError } from "../../terminal/script.js";

/** The XS host, built where it is not yet, with a line on standard error. Throws MissingError when it cannot be built. */
export async function needXsHost(options: BuildOptions = {}): Promise<XsHost> {
	const built = await tryBuildXsHost({ ...options, onProgress: (line) => process.stderr.write(`${line}\n`) });
	if ("reason" in built) throw new MissingError(built.reason);
	return built.host;
}
