/** One normative statement of the standard, a row of its CSV file. */
export interface Statement {
	/** As the standard numbers it; ids that begin with X are ours, for rules that it states without a number. */
	id: string;
	/** Who it binds: `both`, `client-send`, `client-receive`, `client-behaviour` or `server-only`. */
	applies: string;
	/** MUST, MUST NOT, SHOULD, MAY. */
	level: string;
	/** In our words. */
	summary: string;
}

/** Whether a statement binds a client. */
export function bindsClient(statement: Statement): boolean {
	return statement.applies !== "server-only";
}

/**
 * Reads the statements of one version of the standard.
 *
 * Throws when the text is not what it has to be: five columns, no id twice.
 */
export function readStatements(csv: string): Statement[] {
	const [header, ...rows] = csv.split(/\r?\n/).filter((line) => line !== "");
	if (header !== "id,applies,level,summary,testable_as") throw new Error(`unexpected columns: ${header}`);
	const seen = new Set<string>();
	return rows.map((line) => {
		const [id, applies, level, summary, ...more] = cellsOf(line);
		if (
			id === undefined ||
			applies === undefined ||
			level === undefined ||
			summary === undefined ||
			more.length !== 1
		) {
			throw new Error(`not five columns: ${line}`);
		}
		if (seen.has(id)) throw new Error(`twice: ${id}`);
		seen.add(id);
		return { id, applies, level, summary };
	});
}

/** Cells of one line; quoted ones may hold commas, and quotes written twice. */
function cellsOf(line: string): string[] {
	const cells: string[] = [];
	for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/g)) {
		cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
	}
	return cells;
}
