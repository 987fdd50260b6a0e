/**
 * Members with `#` become members with `$`, which no program is likely to use in a class that extends one of ours. On XS a private name is a variable of the module: each method that uses one
 * keeps an environment with a slot for each of them, and each class gets a list of its own in every instance. In the
 * compiled library on Node they stay private.
 */
import ts from "typescript";
import { classesOf, isPropertyName, walk, type Pass } from "./pass.js";

/** Renames private members. */
export const privates: Pass = (file, text) => {
	for (const owner of classesOf(file)) {
		const taken = new Set<string>();
		walk(owner, (node) => {
			if (ts.isIdentifier(node) && isPropertyName(node)) taken.add(node.text);
		});
		walk(owner, (node) => {
			if (!ts.isPrivateIdentifier(node)) return;
			const name = `$${node.text.slice(1)}`;
			if (taken.has(name) || ts.isBinaryExpression(node.parent)) throw new Error(`${node.text} cannot be renamed`);
			text.update(node.getStart(file), node.end, name);
		});
	}
};
