/**
 * What the hot-path rule says: what it costs on XS, and what to write instead. Counts are slots of the fixed heap.
 */
export const MESSAGES = {
	object:
		"An object literal takes 1 slot and 1 for each property: keep one object and set its fields, or pass the values one by one.",
	array: "An array literal takes 2 slots and a chunk: make it, or better a typed array, once in the constructor.",
	class: "A class that is made here takes 6 slots or more: declare it at module level.",
	closure:
		"A function that is made here takes 6 slots or more: write it at module level or as a method, and hand it what it needs as arguments.",
	capture:
		"`{{name}}` is captured by an inner function, which takes 1 slot whenever the outer one is entered: hand it over as an argument.",
	spread: "Spread takes 8 slots for an iterator: spell the arguments out.",
	restParameter: "A rest parameter takes 2 slots at every call: use a fixed number of parameters.",
	objectRest: "Rest in a pattern copies into a new object: read the properties that are needed.",
	arrayPattern: "Array destructuring takes 8 slots for an iterator: read `a[0]`, `a[1]`, or swap by a temporary.",
	forOf: "for..of takes 8 slots for an iterator: loop by index, or use forEach with a function that exists.",
	forIn: "for..in makes a list of names: loop by index over what is known.",
	template: "A template makes a string: write the parts into a byte buffer (PayloadWriter).",
	regExp: "A regular expression literal makes an object at every execution: look at bytes instead.",
	concatenation: "Joining strings makes a chunk: write the parts into a byte buffer (PayloadWriter).",
	stringProperty:
		"`.{{name}}` of a string makes a wrapper object of 2 slots: work on bytes, or uncurry the method once at module level, as base/text.ts does with charCodeAt.",
	stringIndex:
		"An index on a string makes a wrapper object and a string: work on bytes, or uncurry charCodeAt once at module level, as base/text.ts does.",
	primitiveProperty:
		"A property of a {{kind}} makes a wrapper object of 2 slots: use operators, Math or Number.…, and write digits into a byte buffer (PayloadWriter).",
	new: "`new` takes slots: make it once in the constructor and reuse it. For a refusal return a status; for a defect call fail().",
	async:
		"An async function makes a promise at every call, and each await more: use a callback kept in a field, and keep the state in fields.",
	generator:
		"A generator takes 3 slots and a chunk at every call, and a result for each yield: keep the state in fields, and return the next value.",
	import: "import() makes promises: import statically.",
	arguments: "`arguments` makes an object and an array at every call: name the parameters.",
	delete:
		"delete gives a slot away that setting the property again has to take: declare the field and set it to undefined or null.",
	implicitConstructor:
		"A derived class without a constructor gets one that spreads its arguments, 10 slots for each instance: write the constructor.",
	view: "`{{name}}` makes a view of 4 slots: pass (bytes, offset, limit), or move bytes with copyWithin.",
	copy: "`{{name}}` makes a new array: loop by index, or move in place with copyWithin.",
	iterator: "`{{name}}` makes an iterator: loop by index, or use forEach with a function that exists.",
	text: "`{{name}}` makes a string or a wrapper object: work on bytes (base/text.ts, PayloadWriter).",
	bind: "`{{name}}` makes a function of 6 slots: bind once in the constructor, or keep one listener object.",
	promise: "`{{name}}` makes a promise: use a callback kept in a field.",
	expression: "`{{name}}` of a regular expression makes objects: look at bytes instead.",
	bigint: "BigInt arithmetic makes a chunk for each value: use two 32-bit halves.",
	builtInCall:
		"`.{{name}}` of a built-in function makes a wrapper of 3 slots on a stripped device: uncurry it once at module level, as base/text.ts does.",
	functionCall: "`{{name}}(…)` makes a new value: make it once, outside of hot code, or write into a byte buffer.",
	staticCall: "`{{name}}` makes a new value: make it once, outside of hot code, or write into a byte buffer.",
	literal:
		"In a preloaded module a string literal is copied into a chunk whenever it is executed: compare small integers, or keep the text in a module constant. As an argument of fail() it is free.",
	typeOf:
		"In a preloaded module the name of a type is copied into a chunk at every comparison: ask with instanceof, or compare with a module constant that holds the name.",
	tryInLoop: "Each try that is entered calls malloc: put one around the loop.",
	computedName:
		"Access by a text takes a slot or more, for ever, for each name not seen before: use a Map or an array index.",
	danglingMarker: "This marker guards nothing: put it into the doc comment of a function that has a body.",
};
