/** Texts of modules by their paths. */
export type ModuleTexts = ReadonlyMap<string, string>;

/**
 * Where a name is imported, or exported again, from another module: engines say that it is missing, but not who wants it.
 *
 * in   specifier  of that module; undefined when it is not known
 * out  path and line, e.g. "/home/me/main.mjs:7"; undefined when it is not found
 */
export function findImport(texts: ModuleTexts, wanted: string, specifier?: string): string | undefined {
	const name = new RegExp(`(?<![\\w$])${escape(wanted)}(?![\\w$])`);
	const from = specifier === undefined ? `["'][^"']+["']` : `["']${escape(specifier)}["']`;
	const pattern = new RegExp(`\\b(?:import|export)\\b[^;"']*?${name.source}[^;"']*?from\\s*${from}`);
	for (const [file, text] of texts) {
		const found = pattern.exec(text);
		if (found) return `${file}:${text.slice(0, found.index + found[0].search(name)).split("\n").length}`;
	}
	return undefined;
}

function escape(text: string): string {
	return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
