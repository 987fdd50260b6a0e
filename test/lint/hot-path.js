/**
 * A local ESLint plugin with one rule, `xs/hot-path`: refuses what allocates on XS in functions that must not allocate.
 * Which those are, their doc comments say: see hot-marker.js. What is refused, each with what it costs and what to write
 * instead, is in messages.js and allocating-calls.js; confirmed.test.ts runs all of it on the XS host.
 *
 * Not hot, wherever they stand: the arguments of `fail(…)`, and what is thrown.
 */
import { FUNCTIONS, METHODS, OURS_TOO, STATICS } from "./allocating-calls.js";
import { Markers, PROMISES, isExport } from "./hot-marker.js";
import { MESSAGES } from "./messages.js";
import { Kind, TypeQuestions, memberPath } from "./type-questions.js";

/** @import { TSESTree } from "@typescript-eslint/utils" */
/** @import { RuleContext, RuleListener, Scope } from "@typescript-eslint/utils/ts-eslint" */
/** @typedef {keyof typeof MESSAGES} MessageId */
/** @typedef {readonly [{ readonly preloaded?: boolean }?]} Options */
/** @typedef {TSESTree.FunctionDeclaration | TSESTree.FunctionExpression | TSESTree.ArrowFunctionExpression} FunctionNode */

/** Where a string literal is a name or a type, not a value. */
const NAMING = new Set([
	...["TSLiteralType", "TSEnumMember", "TSExternalModuleReference", "ImportAttribute"],
	...["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration"],
]);

/** Operators that make a BigInt of BigInts. */
const ARITHMETIC = new Set(["+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>"]);

/** What the code that is being walked through belongs to. */
class Frame {
	/** Arguments of fail() and throw statements that are open. */
	cold = 0;
	/** Loops that are open. */
	loops = 0;

	/**
	 * @param {boolean} hot
	 * @param {TSESTree.Node} node
	 */
	constructor(hot, node) {
		this.hot = hot;
		this.node = node;
	}
}

/** The rule on one file. */
class Walk {
	/** @type {Readonly<RuleContext<MessageId, Options>>} */
	#context;
	#preloaded;
	/** @type {TypeQuestions} */
	#types;
	/** @type {Markers} */
	#markers;
	/** @type {Frame[]} */
	#outer = [];
	/** @type {Frame} */
	#frame;

	/** @param {Readonly<RuleContext<MessageId, Options>>} context */
	constructor(context) {
		this.#context = context;
		this.#preloaded = context.options[0]?.preloaded ?? true;
		this.#types = new TypeQuestions(context.sourceCode);
		this.#markers = new Markers(context.sourceCode);
		this.#frame = new Frame(false, context.sourceCode.ast);
	}

	/**
	 * Reports, if the code is hot.
	 *
	 * @param {TSESTree.Node} node
	 * @param {MessageId} messageId
	 * @param {Record<string, string>} [data]
	 */
	#refuse(node, messageId, data = {}) {
		if (this.#frame.hot && this.#frame.cold === 0) this.#context.report({ node, messageId, data });
	}

	/** @returns {RuleListener} */
	listener() {
		const implicit = this.#implicitConstructors();
		if (this.#markers.none) return implicit;
		return { ...implicit, ...this.#frames(), ...this.#syntax(), ...this.#values(), ...this.#markerUse() };
	}

	/** @returns {RuleListener} */
	#implicitConstructors() {
		/** @param {TSESTree.ClassDeclaration | TSESTree.ClassExpression} node */
		const look = (node) => {
			const written = node.body.body.some(
				(member) => member.type === "MethodDefinition" && member.kind === "constructor",
			);
			if (node.superClass === null || node.declare || written) return;
			this.#context.report({ node: node.superClass, messageId: "implicitConstructor" });
		};
		return { "ClassDeclaration:exit": look, "ClassExpression:exit": look };
	}

	/** @returns {RuleListener} */
	#frames() {
		const enterLoop = () => void this.#frame.loops++;
		const leaveLoop = () => void this.#frame.loops--;
		/** @param {FunctionNode} node */
		const enter = (node) => this.#enterFunction(node);
		const leave = () => void (this.#frame = this.#outer.pop() ?? this.#frame);
		return {
			FunctionDeclaration: enter,
			"FunctionDeclaration:exit": leave,
			FunctionExpression: enter,
			"FunctionExpression:exit": leave,
			ArrowFunctionExpression: enter,
			"ArrowFunctionExpression:exit": leave,
			ForStatement: enterLoop,
			"ForStatement:exit": leaveLoop,
			WhileStatement: enterLoop,
			"WhileStatement:exit": leaveLoop,
			DoWhileStatement: enterLoop,
			"DoWhileStatement:exit": leaveLoop,
			ThrowStatement: () => void this.#frame.cold++,
			"ThrowStatement:exit": () => void this.#frame.cold--,
			CallExpression: (node) => {
				if (isFail(node)) this.#frame.cold++;
				else this.#lookAtCall(node);
			},
			"CallExpression:exit": (node) => {
				if (isFail(node)) this.#frame.cold--;
			},
		};
	}

	/** @param {FunctionNode} node */
	#enterFunction(node) {
		const outer = this.#frame;
		this.#refuse(node, "closure");
		if (outer.hot && outer.cold > 0) this.#lookForCaptures(node, outer.node);
		this.#outer.push(outer);
		this.#frame = new Frame(this.#markers.marks(node), node);
		if (node.async) this.#refuse(node, "async");
		if (node.generator) this.#refuse(node, "generator");
	}

	/**
	 * Where the inner function itself is not hot, what it captures still is.
	 *
	 * @param {TSESTree.Node} inner
	 * @param {TSESTree.Node} outer
	 */
	#lookForCaptures(inner, outer) {
		const scope = this.#context.sourceCode.getScope(inner);
		for (const { resolved, identifier } of scope.through) {
			const block = resolved?.scope.block;
			if (!block || block.range[0] < outer.range[0] || block.range[1] > outer.range[1]) continue;
			this.#context.report({ node: identifier, messageId: "capture", data: { name: String(identifier.name) } });
		}
	}

	/** @returns {RuleListener} */
	#syntax() {
		return {
			ObjectExpression: (node) => this.#refuse(node, "object"),
			ArrayExpression: (node) => this.#refuse(node, "array"),
			ArrayPattern: (node) => this.#refuse(node, "arrayPattern"),
			ClassDeclaration: (node) => this.#refuse(node, "class"),
			ClassExpression: (node) => this.#refuse(node, "class"),
			SpreadElement: (node) => {
				// In a literal it is part of what is refused anyway.
				if (!/^(Object|Array)Expression$/.test(node.parent.type)) this.#refuse(node, "spread");
			},
			RestElement: (node) => {
				if (node.parent.type === "ArrayPattern") return;
				this.#refuse(node, node.parent.type === "ObjectPattern" ? "objectRest" : "restParameter");
			},
			ForOfStatement: (node) => this.#refuse(node, "forOf"),
			ForInStatement: (node) => this.#refuse(node, "forIn"),
			NewExpression: (node) => this.#refuse(node, "new"),
			ImportExpression: (node) => this.#refuse(node, "import"),
			Identifier: (node) => {
				if (node.name === "arguments" && isVariable(node)) this.#refuse(node, "arguments");
			},
			UnaryExpression: (node) => {
				if (node.operator === "delete") this.#refuse(node, "delete");
			},
			TryStatement: (node) => {
				if (this.#frame.loops > 0) this.#refuse(node, "tryInLoop");
			},
		};
	}

	/** @returns {RuleListener} */
	#values() {
		return {
			TemplateLiteral: (node) => {
				// The strings of a tagged one are made once.
				if (!/^TS|^Tagged/.test(node.parent.type)) this.#refuse(node, "template");
			},
			Literal: (node) => {
				if ("regex" in node) this.#refuse(node, "regExp");
				else if ("bigint" in node) this.#refuse(node, "bigint");
				else if (typeof node.value === "string") this.#lookAtText(node);
			},
			BinaryExpression: (node) => {
				if (!this.#frame.hot) return;
				if (node.operator === "in" && this.#types.isAnyText(node.left)) this.#refuse(node, "computedName");
				const kinds = this.#types.kinds(node);
				if (node.operator === "+" && kinds & Kind.STRING) this.#refuse(node, "concatenation");
				else if (ARITHMETIC.has(node.operator) && kinds & Kind.BIGINT) this.#refuse(node, "bigint");
			},
			AssignmentExpression: (node) => {
				if (!this.#frame.hot || node.operator !== "+=") return;
				const kinds = this.#types.kinds(node.left) | this.#types.kinds(node.right);
				if (kinds & Kind.STRING) this.#refuse(node, "concatenation");
			},
			MemberExpression: (node) => {
				if (this.#frame.hot) this.#lookAtMember(node);
			},
		};
	}

	/** @param {TSESTree.StringLiteral} node */
	#lookAtText(node) {
		if (!this.#preloaded || isName(node)) return;
		const { parent } = node;
		const other = parent.type === "BinaryExpression" && (parent.left === node ? parent.right : parent.left);
		const ofType = other && other.type === "UnaryExpression" && other.operator === "typeof";
		this.#refuse(node, ofType ? "typeOf" : "literal");
	}

	/** @param {TSESTree.MemberExpression} node */
	#lookAtMember(node) {
		const { object, property } = node;
		if (object.type === "Super" || property.type === "PrivateIdentifier") return;
		const name = this.#context.sourceCode.getText(property);
		const kinds = this.#types.kinds(object);
		if (kinds & Kind.STRING && node.computed) this.#refuse(node, "stringIndex");
		else if (kinds & Kind.STRING) this.#refuse(node, "stringProperty", { name });
		else if (kinds !== 0) this.#refuse(node, "primitiveProperty", { kind: nameOfKind(kinds) });
		else if (node.computed && this.#types.isAnyText(property)) this.#refuse(node, "computedName");
	}

	/** @param {TSESTree.CallExpression} node */
	#lookAtCall(node) {
		const { callee } = node;
		if (!this.#frame.hot) return;
		if (callee.type === "Identifier") {
			if (FUNCTIONS.has(callee.name) && this.#isGlobal(callee)) {
				this.#refuse(node, "functionCall", { name: callee.name });
			}
			return;
		}
		if (callee.type !== "MemberExpression" || callee.computed || callee.property.type !== "Identifier") return;
		const { object, property } = callee;
		const { name } = property;
		if (object.type === "Identifier" && STATICS[object.name]?.has(name) && this.#isGlobal(object)) {
			this.#refuse(node, "staticCall", { name: memberPath(callee) });
		} else if ((name === "call" || name === "apply") && this.#types.isBuiltInFunction(object)) {
			this.#refuse(node, "builtInCall", { name });
		} else if (this.#types.kinds(object) === 0) {
			// Of a primitive, lookAtMember has refused it.
			const group = METHODS.get(name);
			if (group !== undefined && this.#isOfLanguage(property)) this.#refuse(node, group, { name });
		}
	}

	/** @param {TSESTree.Identifier} property */
	#isOfLanguage(property) {
		if (!this.#types.typed) return !OURS_TOO.has(property.name);
		return this.#types.isBuiltInMember(property) ?? true;
	}

	/** @param {TSESTree.Identifier} node */
	#isGlobal(node) {
		const name = node.name;
		/** @type {Scope.Scope | null} */
		let scope = this.#context.sourceCode.getScope(node);
		for (; scope !== null; scope = scope.upper) {
			const variable = scope.set.get(name);
			if (variable) return variable.defs.length === 0;
		}
		return true;
	}

	/** @returns {RuleListener} */
	#markerUse() {
		/** @type {RuleListener} */
		const listener = {
			"Program:exit": () => {
				for (const { loc } of this.#markers.unused) this.#context.report({ loc, messageId: "danglingMarker" });
			},
		};
		for (const type of PROMISES) {
			listener[type] = (/** @type {TSESTree.Node & { parent: TSESTree.Node }} */ node) => {
				if (!this.#markers.has(node) && isExport(node.parent)) this.#markers.has(node.parent);
			};
		}
		return listener;
	}
}

/**
 * Whether this is a call of `fail`, which ends hot code.
 *
 * @param {TSESTree.CallExpression} node
 */
function isFail(node) {
	return node.callee.type === "Identifier" && node.callee.name === "fail";
}

/**
 * Whether a name stands for a variable, and not for a property.
 *
 * @param {TSESTree.Identifier} node
 */
function isVariable(node) {
	const { parent } = node;
	if (parent.type === "MemberExpression") return parent.object === node || parent.computed;
	return !("key" in parent) || parent.key !== node || ("shorthand" in parent && parent.shorthand);
}

/**
 * Whether a string literal is a name in the program's text, and never a value.
 *
 * @param {TSESTree.StringLiteral} node
 */
function isName(node) {
	const { parent } = node;
	if (NAMING.has(parent.type)) return true;
	if (parent.type === "ExpressionStatement") return typeof parent.directive === "string";
	return "key" in parent && parent.key === node;
}

/** @param {number} kinds */
function nameOfKind(kinds) {
	if (kinds & Kind.NUMBER) return "number";
	if (kinds & Kind.BOOLEAN) return "boolean";
	return kinds & Kind.BIGINT ? "bigint" : "symbol";
}

const hotPath = {
	meta: {
		type: /** @type {const} */ ("problem"),
		docs: { description: "Refuses what allocates on XS in functions that must not allocate." },
		messages: MESSAGES,
		schema: [
			{
				type: /** @type {const} */ ("object"),
				properties: { preloaded: { type: /** @type {const} */ ("boolean") } },
				additionalProperties: false,
			},
		],
		defaultOptions: /** @type {Options} */ ([{ preloaded: true }]),
	},
	/** @param {Readonly<RuleContext<MessageId, Options>>} context */
	create: (context) => new Walk(context).listener(),
};

export default { meta: { name: "xs" }, rules: { "hot-path": hotPath } };
