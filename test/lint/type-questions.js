/**
 * What the hot-path rule asks about types. An editor or a test without type information gets an answer too: the one that
 * the syntax alone gives.
 */
import ts from "typescript";

/** @import { ParserServicesWithTypeInformation, TSESTree } from "@typescript-eslint/utils" */
/** @import { SourceCode } from "@typescript-eslint/utils/ts-eslint" */

/** Primitive values: a property of any of them makes a wrapper object first. */
export const Kind = Object.freeze({ STRING: 1, NUMBER: 2, BOOLEAN: 4, BIGINT: 8, SYMBOL: 16 });

/** @type {readonly (readonly [number, number])[]} */
const KIND_OF_FLAGS = [
	[ts.TypeFlags.StringLike, Kind.STRING],
	[ts.TypeFlags.NumberLike, Kind.NUMBER],
	[ts.TypeFlags.BooleanLike, Kind.BOOLEAN],
	[ts.TypeFlags.BigIntLike, Kind.BIGINT],
	[ts.TypeFlags.ESSymbolLike, Kind.SYMBOL],
];

/** @type {Readonly<Record<string, number>>} */
const KIND_OF_VALUE = { string: Kind.STRING, number: Kind.NUMBER, boolean: Kind.BOOLEAN, bigint: Kind.BIGINT };

/** Answers for one file. */
export class TypeQuestions {
	/** @type {ParserServicesWithTypeInformation | undefined} */
	#services;

	/** @param {SourceCode} sourceCode */
	constructor(sourceCode) {
		const services = sourceCode.parserServices;
		if (services?.program) this.#services = /** @type {ParserServicesWithTypeInformation} */ (services);
	}

	/** Whether there is type information. */
	get typed() {
		return this.#services !== undefined;
	}

	/**
	 * Which primitives the value of an expression can be: bits of Kind, 0 for objects and for what is not known.
	 *
	 * @param {TSESTree.Node} node
	 * @returns {number}
	 */
	kinds(node) {
		if (this.#services === undefined) return kindsBySyntax(node);
		return this.#kindsOfType(this.#services.getTypeAtLocation(node));
	}

	/**
	 * @param {ts.Type} type
	 * @returns {number}
	 */
	#kindsOfType(type) {
		if (type.isUnionOrIntersection()) return type.types.reduce((kinds, part) => kinds | this.#kindsOfType(part), 0);
		if (type.flags & ts.TypeFlags.TypeParameter) {
			const constraint = type.getConstraint();
			return constraint === undefined ? 0 : this.#kindsOfType(constraint);
		}
		return KIND_OF_FLAGS.reduce((kinds, [flags, kind]) => (type.flags & flags ? kinds | kind : kinds), 0);
	}

	/**
	 * Whether an index is a string whose text can be anything. One of a few known texts is the name of a property that
	 * exists.
	 *
	 * @param {TSESTree.Node} node
	 */
	isAnyText(node) {
		if (this.#services === undefined) return kindsBySyntax(node) === Kind.STRING && node.type !== "Literal";
		const type = this.#services.getTypeAtLocation(node);
		const parts = type.isUnion() ? type.types : [type];
		return parts.some((part) => part.flags & (ts.TypeFlags.String | ts.TypeFlags.TemplateLiteral));
	}

	/**
	 * Whether the language itself declares what a property name refers to. Undefined when that is not known.
	 *
	 * @param {TSESTree.Node} property
	 * @returns {boolean | undefined}
	 */
	isBuiltInMember(property) {
		const declarations = this.#services?.getSymbolAtLocation(property)?.declarations;
		return declarations?.some((declaration) => this.#isBuiltIn(declaration));
	}

	/**
	 * Whether an expression is a function of the language.
	 *
	 * @param {TSESTree.Node} node
	 */
	isBuiltInFunction(node) {
		if (this.#services === undefined) {
			// `String.prototype.charCodeAt`
			return node.type === "MemberExpression" && /\.prototype$/.test(memberPath(node.object));
		}
		const signatures = this.#services.getTypeAtLocation(node).getCallSignatures();
		return signatures.some(({ declaration }) => declaration !== undefined && this.#isBuiltIn(declaration));
	}

	/** @param {ts.Node} declaration */
	#isBuiltIn(declaration) {
		const { program } = /** @type {ParserServicesWithTypeInformation} */ (this.#services);
		return program.isSourceFileDefaultLibrary(declaration.getSourceFile());
	}
}

/**
 * @param {TSESTree.Node} node
 * @returns {number}
 */
function kindsBySyntax(node) {
	if (node.type === "Literal") return KIND_OF_VALUE[typeof node.value] ?? 0;
	if (node.type === "TemplateLiteral") return Kind.STRING;
	if (node.type === "BinaryExpression" && node.operator === "+") {
		return (kindsBySyntax(node.left) | kindsBySyntax(node.right)) & Kind.STRING;
	}
	return 0;
}

/**
 * `a.b.c` as text; empty for anything else.
 *
 * @param {TSESTree.Node} node
 * @returns {string}
 */
export function memberPath(node) {
	if (node.type === "Identifier") return node.name;
	if (node.type !== "MemberExpression" || node.computed || node.property.type !== "Identifier") return "";
	const object = memberPath(node.object);
	return object === "" ? "" : `${object}.${node.property.name}`;
}
