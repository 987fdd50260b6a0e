/**
 * Where hot code is: a function is hot when its doc comment has a sentence that starts with `Hot`, as in "Hot: no
 * allocation." or "Hot with a Topic and bytes: no allocation.". On a class, the sentence speaks for all of its methods,
 * accessors included, but neither for its constructor nor for a method that says "Allocates".
 */

/** @import { TSESTree } from "@typescript-eslint/utils" */
/** @import { SourceCode } from "@typescript-eslint/utils/ts-eslint" */

/** A sentence starts with the comment, behind the end of another one, or with a paragraph. */
const MARKER = /(?:^|[.!?:;)`]\s|\n[ \t]*\n)\s*Hot\b/;

/** A method that says this is not what a marker on its class speaks of. */
const ALLOCATES = /\bAllocates\b(?! nothing)/;

/** What stands between a function and the place of its doc comment. */
const WRAPPERS = new Set([
	...["ExportNamedDeclaration", "ExportDefaultDeclaration", "VariableDeclaration", "VariableDeclarator"],
	...["MethodDefinition", "PropertyDefinition", "Property", "AssignmentExpression", "ExpressionStatement"],
	...["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"],
]);

/** What has a doc comment and no body: the marker is a promise that its implementations keep. */
export const PROMISES = [
	"TSMethodSignature",
	"TSPropertySignature",
	"TSAbstractMethodDefinition",
	"TSTypeAliasDeclaration",
];

/**
 * Whether a doc comment marks what it stands before.
 *
 * @param {TSESTree.Comment} comment
 */
function isMarker(comment) {
	if (comment.type !== "Block" || !comment.value.startsWith("*")) return false;
	return MARKER.test(comment.value.replace(/^[ \t]*\*+ ?/gm, ""));
}

/** The markers of one file, and which of them have been found to belong to something. */
export class Markers {
	/** @type {SourceCode} */
	#sourceCode;
	/** @type {Set<TSESTree.Comment>} */
	#unused;

	/** @param {SourceCode} sourceCode */
	constructor(sourceCode) {
		this.#sourceCode = sourceCode;
		this.#unused = new Set(sourceCode.getAllComments().filter(isMarker));
	}

	/** Whether the file has none, so that nothing in it is hot. */
	get none() {
		return this.#unused.size === 0;
	}

	/** Markers that belong to nothing. */
	get unused() {
		return this.#unused;
	}

	/**
	 * Whether this is what a marker stands before.
	 *
	 * @param {TSESTree.Node} node
	 */
	has(node) {
		const doc = this.#docOf(node);
		if (doc === undefined || !isMarker(doc)) return false;
		this.#unused.delete(doc);
		return true;
	}

	/** @param {TSESTree.Node} node */
	#docOf(node) {
		return this.#sourceCode.getCommentsBefore(node).findLast((comment) => comment.value.startsWith("*"));
	}

	/**
	 * Whether a function is hot: by its own doc comment, or by that of its class.
	 *
	 * @param {TSESTree.Node} functionNode
	 */
	marks(functionNode) {
		/** @type {TSESTree.Node | undefined} */
		let node = functionNode;
		while (node !== undefined) {
			if (this.has(node)) return true;
			const parent = /** @type {TSESTree.Node | undefined} */ (node.parent);
			if (parent === undefined || !WRAPPERS.has(parent.type) || !isValueOf(parent, node)) break;
			node = parent;
		}
		if (node?.type !== "MethodDefinition" || node.kind === "constructor") return false;
		const classNode = node.parent.parent;
		const marked = this.has(classNode) || (isExport(classNode.parent) && this.has(classNode.parent));
		return marked && !ALLOCATES.test(this.#docOf(node)?.value ?? "");
	}
}

/** @param {TSESTree.Node} node */
export function isExport(node) {
	return node.type === "ExportNamedDeclaration" || node.type === "ExportDefaultDeclaration";
}

/**
 * Whether the doc comment of `parent` speaks of `node`: of the value that it gets, not of a key or a target.
 *
 * @param {TSESTree.Node} parent
 * @param {TSESTree.Node} node
 */
function isValueOf(parent, node) {
	if (parent.type === "AssignmentExpression") return parent.right === node;
	if (parent.type === "VariableDeclarator") return parent.init === node;
	if ("value" in parent) return parent.value === node;
	return true;
}
