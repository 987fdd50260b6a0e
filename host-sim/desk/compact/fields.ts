/**
 * Fields are made in the constructor. A class with field declarations has a further function that makes them, which the
 * constructor keeps in an environment: some seven slots of 16 bytes. Order is kept, because on XS the place of a field
 * in its instance is what it costs to find it.
 */
import type MagicString from "magic-string";
import ts from "typescript";
import { classesOf, walk, type Class, type Pass } from "./pass.js";

/** Moves the declarations of fields into the constructors. */
export const fields: Pass = (file, text) => {
	for (const owner of classesOf(file)) moveFields(file, owner, text);
};

type Field = ts.PropertyDeclaration & { name: ts.Identifier };

function moveFields(file: ts.SourceFile, owner: Class, text: MagicString): void {
	const members = owner.members.filter(ts.isPropertyDeclaration);
	const own = members.filter((member): member is Field => ts.isIdentifier(member.name) && !member.modifiers?.length);
	if (own.length === 0 || own.length < members.length) return;
	const constructor = owner.members.find(ts.isConstructorDeclaration);
	if (constructor === undefined && owner.heritageClauses) return;
	if (constructor && own.some(({ initializer }) => initializer && shares(initializer, constructor))) return;
	const statements = constructor?.body?.statements ?? ts.factory.createNodeArray<ts.Statement>();
	const start = owner.heritageClauses ? 1 : 0;
	if (start === 1 && !isSuperCall(statements[0])) return;
	const first = firstAssignments(statements.slice(start));
	const lines: string[] = [];
	const moved: ts.Statement[] = [];
	const slice = (node: ts.Node): string => file.text.slice(node.getStart(file), node.end);
	// What the constructor sets first of all need not be made before it, as long as nothing that is declared later is.
	const late = new Set<Field>();
	const order = [...first.keys()];
	for (let index = own.length - 1, at = order.length - 1; index >= 0; index--) {
		const field = own[index]!;
		const place = order.indexOf(field.name.text);
		if (field.initializer || place < 0 || place > at) break;
		late.add(field);
		at = place - 1;
	}
	for (const field of own) {
		if (late.has(field)) continue;
		const name = field.name.text;
		const assignment = first.get(name);
		if (field.initializer) lines.push(`this.${name} = ${slice(field.initializer)};`);
		else if (assignment) {
			lines.push(slice(assignment));
			moved.push(assignment);
		} else lines.push(`this.${name} = void 0;`);
	}
	for (const field of own) text.remove(field.getStart(file), field.end);
	for (const statement of moved) text.remove(statement.getStart(file), statement.end);
	if (lines.length === 0) return;
	const body = lines.join("\n\t\t");
	if (!constructor?.body) text.appendLeft(own.at(-1)!.end, `constructor() {\n\t\t${body}\n\t}`);
	else text.appendLeft(start === 1 ? statements[0]!.end : constructor.body.getStart(file) + 1, `\n\t\t${body}`);
}

/** Whether an expression names what the constructor has under the same name. */
function shares(expression: ts.Expression, constructor: ts.ConstructorDeclaration): boolean {
	const declared = new Set<string>();
	walk(constructor, (node) => {
		if ((ts.isParameter(node) || ts.isVariableDeclaration(node)) && ts.isIdentifier(node.name)) {
			declared.add(node.name.text);
		}
	});
	let shared = false;
	walk(expression, (node) => {
		if (ts.isIdentifier(node) && declared.has(node.text)) shared = true;
	});
	return shared;
}

function isSuperCall(statement: ts.Statement | undefined): boolean {
	return (
		statement !== undefined &&
		ts.isExpressionStatement(statement) &&
		ts.isCallExpression(statement.expression) &&
		statement.expression.expression.kind === ts.SyntaxKind.SuperKeyword
	);
}

/** The statements at the head of a constructor that set a field to what is there without a call, by the field's name. */
function firstAssignments(statements: readonly ts.Statement[]): Map<string, ts.Statement> {
	const found = new Map<string, ts.Statement>();
	for (const statement of statements) {
		if (!ts.isExpressionStatement(statement) || !ts.isBinaryExpression(statement.expression)) break;
		const { left, operatorToken, right } = statement.expression;
		if (operatorToken.kind !== ts.SyntaxKind.EqualsToken || !isThere(right)) break;
		if (!ts.isPropertyAccessExpression(left) || left.expression.kind !== ts.SyntaxKind.ThisKeyword) break;
		if (found.has(left.name.text)) break;
		found.set(left.name.text, statement);
	}
	return found;
}

/** A name, a literal, or a property of a name. */
function isThere(node: ts.Expression): boolean {
	if (ts.isPropertyAccessExpression(node)) return isThere(node.expression);
	return ts.isIdentifier(node) || ts.isNumericLiteral(node) || ts.isStringLiteral(node);
}
