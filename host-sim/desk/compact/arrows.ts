/**
 * Function declarations of a module become arrows. On XS a declared function can be called with `new` and carries the
 * object for its instances, which takes three slots of 16 bytes; an arrow does not.
 */
import ts from "typescript";
import { walk, type Pass } from "./pass.js";

/** Puts an arrow in place of each function that is none the worse for it. */
export const arrows: Pass = (file, text) => {
	const early = namesNeededEarly(file);
	for (const statement of file.statements) {
		if (!ts.isFunctionDeclaration(statement) || !statement.name || !statement.body) continue;
		if (statement.asteriskToken || statement.modifiers || !isPlain(statement.body)) continue;
		if ((early.get(statement.name.text) ?? Infinity) < statement.pos) continue;
		const { name, parameters, body } = statement;
		text.overwrite(statement.getStart(file), name.getStart(file), "const ");
		text.appendLeft(name.end, " = ");
		text.overwrite(parameters.end, body.getStart(file), `${file.text.slice(parameters.end, body.getStart(file))}=> `);
		text.appendLeft(statement.end, ";");
	}
};

/** Whether a body means the same in an arrow: no `this` of its own, no `arguments`, no `new.target`. */
function isPlain(body: ts.Block): boolean {
	let plain = true;
	walk(body, (node) => {
		if (node.kind === ts.SyntaxKind.ThisKeyword || ts.isMetaProperty(node)) plain = false;
		else if (ts.isIdentifier(node) && node.text === "arguments") plain = false;
		return !ts.isFunctionExpression(node) && !ts.isClassLike(node);
	});
	return plain;
}

/**
 * Where, at the earliest, the module's own run may need each of its names: a declared function is there before the first
 * statement, a variable is not. Counts everything that a statement names and that is named in what it names.
 */
function namesNeededEarly(file: ts.SourceFile): Map<string, number> {
	const named = new Map<string, Set<string>>();
	for (const statement of file.statements) {
		if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name) {
			named.set(statement.name.text, namesIn(statement, false));
		}
		if (!ts.isVariableStatement(statement)) continue;
		for (const { name, initializer } of statement.declarationList.declarations) {
			if (ts.isIdentifier(name) && initializer) named.set(name.text, namesIn(initializer, false));
		}
	}
	const needed = new Map<string, number>();
	for (const statement of file.statements) {
		if (ts.isFunctionDeclaration(statement) || ts.isExportDeclaration(statement)) continue;
		const queue = [...namesIn(statement, true)];
		for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
			if (needed.has(name)) continue;
			needed.set(name, statement.pos);
			queue.push(...(named.get(name) ?? []));
		}
	}
	return needed;
}

/** Identifiers in a node; `now`: only those outside of functions that are made there and not yet called. */
function namesIn(node: ts.Node, now: boolean): Set<string> {
	const names = new Set<string>();
	walk(node, (inner) => {
		if (now && inner !== node && ts.isFunctionLike(inner)) return false;
		if (now && ts.isPropertyDeclaration(inner) && !ts.getModifiers(inner)?.length) return false;
		const isDeclared = ts.isVariableDeclaration(inner.parent) || ts.isClassDeclaration(inner.parent);
		if (ts.isIdentifier(inner) && !(isDeclared && inner.parent.name === inner)) names.add(inner.text);
		return true;
	});
	return names;
}
