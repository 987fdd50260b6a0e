import { currentWorld } from "../../world/current.js";

/**
 * Stand-in for the platform's `Resource`: a file that was given to the program with its manifest (`data`), as bytes that are
 * only read. On a device they stay in flash; here each is a copy.
 */
export default class Resource extends ArrayBuffer {
	/** in: path  the name as on a device, e.g. "ca.der". Throws URIError when there is no such file, as the platform does. */
	constructor(path: string) {
		const bytes = currentWorld().resources[path];
		if (bytes === undefined) throw new URIError(`Resource not found: ${path}`);
		super(bytes.length);
		new Uint8Array(this).set(bytes);
	}

	/** Whether there is such a file. */
	static exists(path: string): boolean {
		return Object.hasOwn(currentWorld().resources, path);
	}

	static override get [Symbol.species](): ArrayBufferConstructor {
		return ArrayBuffer;
	}
}
