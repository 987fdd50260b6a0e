import MagicString from "magic-string";
import ts from "typescript";

/** Changes the text of a module that has been parsed. What it does not touch stays as it is, to the byte. */
export type Pass = (file: ts.SourceFile, text: MagicString) => void;

/** Text of a module, and the map that leads from it to what it was. */
export interface Passed {
	code: string;
	map: string;
}

/** Does one pass over the text of a module. */
export function applyPass(pass: Pass, code: string): Passed {
	const text = new MagicString(code);
	pass(parse(code), text);
	return { code: text.toString(), map: text.generateMap({ hires: "boundary" }).toString() };
}

/** Parses the text of a module. */
export function parse(code: string): ts.SourceFile {
	return ts.createSourceFile("module.js", code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
}

/** Looks at a node and all that it consists of, until `see` says that it need not look further down. */
export function walk(node: ts.Node, see: (node: ts.Node) => unknown): void {
	if (see(node) === false) return;
	ts.forEachChild(node, (child) => walk(child, see));
}

/** Whether an identifier is the name of a property, of a member or of a key, and not that of a variable. */
export function isPropertyName(node: ts.Identifier | ts.PrivateIdentifier): boolean {
	const { parent } = node;
	if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
	if (ts.isBindingElement(parent)) return parent.propertyName === node;
	const isMember =
		ts.isPropertyAssignment(parent) ||
		ts.isMethodDeclaration(parent) ||
		ts.isPropertyDeclaration(parent) ||
		ts.isGetAccessor(parent) ||
		ts.isSetAccessor(parent);
	return isMember && parent.name === node;
}

/** A class, declared or as an expression. */
export type Class = ts.ClassDeclaration | ts.ClassExpression;

/** All classes of a module. */
export function classesOf(file: ts.SourceFile): Class[] {
	const classes: Class[] = [];
	walk(file, (node) => {
		if (ts.isClassLike(node)) classes.push(node);
	});
	return classes;
}

/** The name by which a module knows a class: its own, or that of the variable that holds it. */
export function nameOfClass(node: Class): string | undefined {
	if (node.name) return node.name.text;
	const { parent } = node;
	return ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) ? parent.name.text : undefined;
}

/** The name of the class that a class extends, if that has a name. */
export function nameOfParent(node: Class): string | undefined {
	const expression = node.heritageClauses?.[0]?.types[0]?.expression;
	return expression && ts.isIdentifier(expression) ? expression.text : undefined;
}
