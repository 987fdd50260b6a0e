/** Classes are declared again: the bundler makes them values of variables. A declared class is a name less to keep. */
import ts from "typescript";
import type { Pass } from "./pass.js";

/** `var Name = class {};` becomes `class Name {}`. */
export const classes: Pass = (file, text) => {
	for (const statement of file.statements) {
		if (!ts.isVariableStatement(statement) || statement.declarationList.declarations.length !== 1) continue;
		const { name, initializer } = statement.declarationList.declarations[0]!;
		if (!initializer || !ts.isClassExpression(initializer) || initializer.name || !ts.isIdentifier(name)) continue;
		text.overwrite(statement.getStart(file), initializer.getStart(file) + "class".length, `class ${name.text}`);
		text.remove(initializer.end, statement.end);
	}
};
