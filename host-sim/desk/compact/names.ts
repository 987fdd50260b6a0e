/**
 * Names that nobody outside can use are shared: variables of functions, and members that start with `_` or `$`. Every name of a
 * program is a slot of 16 bytes and its text, once; a name that something public has too costs nothing more, and
 * stays.
 */
import type MagicString from "magic-string";
import ts from "typescript";
import { classesOf, isPropertyName, nameOfClass, nameOfParent, walk, type Class, type Pass } from "./pass.js";

/** Renames what only one class, or one function, uses. */
export const names: Pass = (file, text) => {
	const known = namesToKeep(file);
	shareMembers(file, text, known);
	shareVariables(file, text, known);
};

/** Names that have to be as they are: properties without `_`, what a module declares, imports, exports, or finds there. */
function namesToKeep(file: ts.SourceFile): Set<string> {
	const keep = new Set<string>();
	walk(file, (node) => {
		if (!ts.isIdentifier(node)) return;
		if (isPropertyName(node) || isKey(node)) {
			if (!isHidden(node.text)) keep.add(node.text);
		} else if (outermost(node) === undefined) keep.add(node.text);
	});
	walk(file, (node) => {
		const scope = ts.isIdentifier(node) && !isPropertyName(node) ? outermost(node) : undefined;
		if (scope && !declaredIn(scope).has((node as ts.Identifier).text)) keep.add((node as ts.Identifier).text);
	});
	return keep;
}

/** `{ name }` and `const { name } = …` are a key and a variable at once. */
function isKey({ parent }: ts.Identifier): boolean {
	if (ts.isShorthandPropertyAssignment(parent)) return true;
	return ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent) && parent.propertyName === undefined;
}

/** The function or member that a node is in, itself in no other; undefined for what the module itself runs. */
function outermost(node: ts.Node): ts.Node | undefined {
	let found: ts.Node | undefined;
	for (let at = node; at.parent; at = at.parent) {
		// The name of a declared function is its module's.
		if (ts.isFunctionLike(at) && !(ts.isFunctionDeclaration(at) && at.name === node)) found = at;
	}
	return found;
}

const declarations = new WeakMap<ts.Node, Set<string>>();

/** Variables, parameters and functions that are declared somewhere in a function. */
function declaredIn(scope: ts.Node): Set<string> {
	let declared = declarations.get(scope);
	if (declared) return declared;
	declared = new Set();
	declarations.set(scope, declared);
	for (const name of declarationsIn(scope)) declared.add(name.text);
	return declared;
}

function declarationsIn(scope: ts.Node): ts.Identifier[] {
	const found: ts.Identifier[] = [];
	walk(scope, (node) => {
		const isDeclaration =
			ts.isParameter(node) ||
			ts.isVariableDeclaration(node) ||
			ts.isBindingElement(node) ||
			((ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node)) && node !== scope);
		if (isDeclaration && node.name && ts.isIdentifier(node.name)) found.push(node.name);
	});
	return found;
}

/** Whether a member is none of its class's interface. */
function isHidden(name: string): boolean {
	return /^[_$]/.test(name);
}

/** $a, $b, … $z, $aa, …: a program's class that extends one of ours is not likely to have such a member. */
function shortName(index: number): string {
	const letter = String.fromCharCode(97 + (index % 26));
	return index < 26 ? `$${letter}` : shortName(Math.floor(index / 26) - 1) + letter;
}

/** Gives a name to each that none of its rivals has, as few as possible. */
function assign(
	wanting: Iterable<string>,
	rivals: (name: string) => Iterable<string>,
	taken: ReadonlySet<string>,
): Map<string, string> {
	const given = new Map<string, string>();
	for (const name of wanting) {
		const others = new Set([...rivals(name)].map((rival) => given.get(rival)));
		let index = 0;
		while (others.has(shortName(index)) || taken.has(shortName(index))) index++;
		given.set(name, shortName(index));
	}
	return given;
}

/** Members with `_`: two that are in one class, or in one and what extends it, get different names. */
function shareMembers(file: ts.SourceFile, text: MagicString, known: ReadonlySet<string>): void {
	const families = familiesOf(classesOf(file)).map(membersNamedIn);
	const rivalsOf = (name: string): string[] => families.filter((family) => family.has(name)).flatMap((f) => [...f]);
	const all = new Set(families.flatMap((family) => [...family]));
	const given = assign(all, rivalsOf, known);
	walk(file, (node) => {
		if (!ts.isIdentifier(node) || !isPropertyName(node)) return;
		const name = given.get(node.text);
		if (name !== undefined) text.update(node.getStart(file), node.end, name);
	});
}

/** Classes, each with those that it extends. */
function familiesOf(classes: readonly Class[]): Class[][] {
	const byName = new Map(classes.map((each) => [nameOfClass(each), each]));
	return classes.map((each) => {
		const family = [];
		for (let at: Class | undefined = each; at; at = byName.get(nameOfParent(at) ?? "")) family.push(at);
		return family;
	});
}

function membersNamedIn(family: readonly Class[]): Set<string> {
	const members = new Set<string>();
	for (const each of family) {
		walk(each, (node) => {
			if (ts.isIdentifier(node) && isHidden(node.text) && isPropertyName(node)) members.add(node.text);
		});
	}
	return members;
}

/** Variables of functions: two that are in one function get different names. */
function shareVariables(file: ts.SourceFile, text: MagicString, known: ReadonlySet<string>): void {
	const scopes = new Set<ts.Node>();
	walk(file, (node) => {
		const scope = ts.isIdentifier(node) ? outermost(node) : undefined;
		if (scope) scopes.add(scope);
	});
	for (const scope of scopes) {
		const wanting = new Set([...declaredIn(scope)].filter((name) => !known.has(name)));
		const given = assign(wanting, () => wanting, known);
		walk(scope, (node) => {
			if (!ts.isIdentifier(node) || isPropertyName(node)) return;
			const name = given.get(node.text);
			if (name !== undefined) text.update(node.getStart(file), node.end, name);
		});
	}
}
