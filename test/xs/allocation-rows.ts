/**
 * What single operations allocate on a stripped 32-bit device build of XS 13.3. The figures were measured with another
 * host on the same engine, so agreement is evidence for both.
 *
 * Each row is the body of a function without parameters; what it uses is declared in PRELUDE. Byte code lies in flash
 * and is not preloaded.
 */
export interface AllocationRow {
	readonly what: string;
	readonly body: string;
	readonly slots: number;
	/** On 32 bits, where a chunk has a header of 8 bytes and is rounded up to 4. */
	readonly chunkBytes: number;
	/** The body awaits; it runs in an async function. */
	readonly isAsync?: boolean;
}

/** Module-level declarations that the rows use. Everything here is made before anything is measured. */
export const PRELUDE = `
let sink, counter = 0;
const outer = 5;
function plain(a, b) { return b; }
function twelve(a, b, c, d, e, f, g, h, i, j, k, l) { return l; }
function withDefault(a, b = 2) { return b; }
function rest(a, ...others) { return others; }
function useArguments() { return arguments; }
function recursion(n) { return n ? recursion(n - 1) : 0; }
function notCreated(value) { if (value > 100) return () => value; return 0; }
function created(value) { return () => value; }
function takesOptions({ a, b }) { return a + b; }
function options(o) { return o.a + o.b; }
function result(n) { return { ok: true, n }; }
function isEven(value) { return (value & 1) === 0; }
function increment(value) { return value + 1; }
function descending(a, b) { return b - a; }
function* generator() { yield 1; yield 2; }
async function asynchronous() { return 1; }
class Base {
	#secret = 1;
	field = 1;
	callback = plain;
	static count = 0;
	static touch() { return Base.count++; }
	method(a) { return a; }
	#hidden() { return 1; }
	callHidden() { return this.#hidden(); }
	get value() { return this.#secret; }
	set value(v) { this.#secret = v; }
	addSecret() { this.#secret += 1; return #secret in this; }
	arrow() { return () => this; }
}
class Derived extends Base { method(a) { return super.method(a); } }
class Empty {}
class FourPublic { a = 1; b = 2; c = 3; d = 4; }
class FourPrivate { #a = 1; #b = 2; #c = 3; #d = 4; }
class OnePrivate { #a; constructor() { this.#a = 1; } }
class OnePrivateMore extends OnePrivate { #b; constructor() { super(); this.#b = 1; } }
class Implicit extends Empty {}
class Explicit extends Empty { constructor() { super(); } }
class CodedError extends Error { constructor(code) { super(); this.code = code; } }
const base = new Base(), derived = new Derived();
const point = { a: 1, b: 2, c: 3 }, pair = { a: 1, b: 2 };
const numbers = [3, 1, 2], four = [4, 3, 2, 1];
const bound = plain.bind(base);
const text = "hello world", path = "left/right", short = "a/b", other = "hallo world";
const bytes = new Uint8Array(16), source = new Uint8Array([1, 2, 3, 4]), buffer = bytes.buffer;
const view = new DataView(new ArrayBuffer(16)), tail = new Uint8Array(buffer, 8);
const map = new Map([["a", 1], ["b", 2]]), set = new Set([1, 2, 3, 4, 5]);
const stack = [1, 2, 3, 4]; stack.pop();
const failure = new Error("x");
const iterator = { next() { return reused; }, [Symbol.iterator]() { return this; } };
const reused = { value: 1, done: false };
const regularExpression = /wor/;
const resolved = Promise.resolve(1), pending = new Promise(() => {});
const charCodeAt = Function.prototype.call.bind(String.prototype.charCodeAt);
const json = '{"a":1}', one = { a: 1 };
const resizable = new ArrayBuffer(64, { maxByteLength: 64 });
const encoded = new Uint8Array([104, 101, 108]).buffer;
const key = "a";
const nothing = null;
`;

const free = (what: string, body: string): AllocationRow => ({ what, body, slots: 0, chunkBytes: 0 });
const costs = (what: string, body: string, slots: number, chunkBytes = 0): AllocationRow => ({
	what,
	body,
	slots,
	chunkBytes,
});
const later = (what: string, body: string, slots: number, chunkBytes = 0): AllocationRow => ({
	what,
	body,
	slots,
	chunkBytes,
	isAsync: true,
});

export const ROWS: readonly AllocationRow[] = [
	// Calls and functions
	free("method call", "sink = base.method(1);"),
	free("static method call", "sink = Base.touch();"),
	free("private method call", "sink = base.callHidden();"),
	free("plain call with 12 arguments", "sink = twelve(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);"),
	free("recursion", "sink = recursion(5);"),
	free("default parameter given", "sink = withDefault(1, 3);"),
	free("default parameter not given", "sink = withDefault(1);"),
	free("fewer arguments than parameters", "sink = plain(1);"),
	free("call of a function with .call", "sink = plain.call(base, 1);"),
	free("call of a function with .apply", "sink = plain.apply(base, numbers);"),
	free("call of a bound function", "sink = bound(1, 2);"),
	free("call of a method of the base class", "sink = derived.method(1);"),
	free("getter", "sink = base.value;"),
	free("setter", "base.value = 2;"),
	free("callback in a field", "sink = base.callback(1, 2);"),
	free("callback that is not there", "sink = nothing?.();"),
	costs("rest parameter, nothing extra", "sink = rest(1);", 2),
	costs("rest parameter, 3 extra", "sink = rest(1, 2, 3, 4);", 2, 56),
	costs("arguments, 3 passed", "sink = useArguments(1, 2, 3);", 5, 56),
	costs("spread call", "sink = plain(...numbers);", 8),
	costs("bind", "sink = plain.bind(base);", 6),
	costs("arrow, nothing captured", "sink = () => 1;", 7),
	costs("arrow, captures this", "sink = base.arrow();", 7),
	costs("entering a function with a captured parameter, closure not created", "sink = notCreated(1);", 1),
	costs("entering a function with a captured parameter, closure created", "sink = created(1);", 9),
	costs("function expression", "sink = function () {};", 6),
	costs("class expression", "sink = class {};", 6),
	costs("built-in with .call", "sink = String.prototype.charCodeAt.call(text, 1);", 3),
	free("uncurried built-in", "sink = charCodeAt(text, 1);"),
	free("typeof of a built-in", "sink = typeof Math.min;"),

	// Objects, classes, fields
	free("public field: get, set, ++, +=", "base.field = base.field + 1; base.field++; base.field += 0.5;"),
	free("private field: get, set, +=, in", "sink = base.addSecret();"),
	free("static field", "Base.count += 1;"),
	free("existing key by name", "sink = point[key];"),
	free('"x" in o, Object.hasOwn', 'sink = "a" in point && Object.hasOwn(point, "a");'),
	free("instanceof, typeof, ?., ??", 'sink = base instanceof Base && typeof base === "object" && (nothing?.x ?? 1);'),
	costs("{}", "sink = {};", 1),
	costs("{a, b, c, d}", "sink = { a: 1, b: 2, c: 3, d: 4 };", 5),
	costs("options object", "sink = options({ a: 1, b: 2 });", 3),
	costs("returning {ok, n}", "sink = result(1);", 3),
	costs("{...o} of 2", "sink = { ...pair };", 6),
	costs("const {a, ...rest} = o of 3", "const { a, ...others } = point; sink = others;", 7),
	costs("new, no fields", "sink = new Empty();", 1),
	costs("new, 4 public fields", "sink = new FourPublic();", 5),
	costs("new, 4 private fields", "sink = new FourPrivate();", 6),
	costs("new, derived, 1 private field each", "sink = new OnePrivateMore();", 6),
	costs("new, derived, no constructor written", "sink = new Implicit();", 12),
	costs("new, derived, constructor written", "sink = new Explicit();", 2),
	costs("Object.freeze({a})", "sink = Object.freeze({ a: 1 });", 4),
	costs("name not seen before, which is kept for ever", 'sink = point["k" + counter++];', 1, 28),
	costs("property of a number", "sink = (5).x;", 2),

	// Destructuring, loops, exceptions
	free("object destructuring, with default", "const { a, b = 2, z = 3 } = point; sink = a + b + z;"),
	free("object destructuring in a parameter", "sink = takesOptions(pair);"),
	free("for with let, while, switch on integers", "for (let i = 0; i < 3; i++) { switch (i) { case 1: sink = i; } }"),
	free("forEach and some with an existing function", "numbers.forEach(isEven); sink = numbers.some(isEven);"),
	costs("[x, y] = a", "let x, y; [x, y] = numbers; sink = x + y;", 8),
	costs("[x, y] = [y, x]", "let x = 1, y = 2; [x, y] = [y, x]; sink = x;", 10, 40),
	costs("for with a captured let, 3 rounds", "for (let i = 0; i < 3; i++) sink = () => i;", 29),
	costs("for..of over an array", "for (const n of numbers) sink = n;", 8),
	costs("for..of over a typed array", "for (const n of source) sink = n;", 8),
	costs("for..of over a Map of 2", "for (const [name, value] of map) sink = value;", 28, 80),
	costs("for..of over a string of 3", "for (const c of short) sink = c;", 10, 36),
	costs("for..in over 3 properties", "for (const name in point) sink = name;", 25),
	free(
		"try, catch, finally, throw of an existing error",
		"try { throw failure; } catch (e) { sink = e; } finally { counter++; }",
	),
	costs("throw new Error", 'try { throw new Error("x"); } catch (e) { sink = e; }', 3),
	costs("throw of an error with a code", "try { throw new CodedError(1); } catch (e) { sink = e; }", 4),

	// Numbers
	free("operators on integers and doubles", "sink = ((counter + 1) * 2.5) / 3 - (counter >>> 0) + (0x7fffffff + 1);"),
	free(
		"Math, Number.isInteger, parseInt, Number",
		'sink = Math.max(1, 2.5) + Math.floor(1.5) + parseInt("12") + Number("3") + (Number.isInteger(3) ? 1 : 0);',
	),
	free("Date.now", "sink = Date.now();"),
	costs("String(i)", "sink = String(123);", 0, 12),
	costs("i.toString()", "sink = (123).toString();", 2, 12),
	costs("i.toFixed(2)", "sink = (1.5).toFixed(2);", 2, 16),

	// Strings
	free(
		"passing, comparing, testing a string",
		"sink = plain(1, text); sink = text === other; sink = text < other; if (text) counter++;",
	),
	free(
		"string literal, string switch",
		'switch (text) { case "one": sink = 1; break; case "hello world": sink = "two"; }',
	),
	costs("s.length", "sink = text.length;", 2),
	costs("s.charCodeAt(i)", "sink = text.charCodeAt(1);", 2),
	costs("s[i]", "sink = text[1];", 2, 12),
	costs("s.indexOf", 'sink = text.indexOf("o");', 2),
	costs("s.startsWith", 'sink = text.startsWith("he");', 2),
	costs("s.slice, 3 characters", "sink = text.slice(0, 3);", 2, 12),
	costs("s.split, 2 parts", 'sink = path.split("/");', 8, 72),
	costs("s + t, 11 + 11", "sink = text + other;", 0, 32),
	costs("String.fromCharCode", "sink = String.fromCharCode(65);", 0, 12),
	costs("String.fromArrayBuffer, 3 bytes", "sink = String.fromArrayBuffer(encoded, 0, 3);", 0, 12),
	costs("ArrayBuffer.fromString", 'sink = ArrayBuffer.fromString("hello");', 3, 16),
	costs("JSON.parse", "sink = JSON.parse(json);", 2, 12),
	costs("JSON.stringify", "sink = JSON.stringify(one);", 4, 16),

	// Typed arrays and buffers
	free("element get, set, ++, |=, out of range", "bytes[1] = bytes[0]; bytes[2]++; bytes[3] |= 1; sink = bytes[99];"),
	free("length, byteLength, buffer", "sink = bytes.length + tail.byteOffset + bytes.byteLength; sink = bytes.buffer;"),
	free("fill, copyWithin, indexOf", "bytes.fill(0, 2, 4); bytes.copyWithin(0, 4, 8); sink = bytes.indexOf(9);"),
	free(
		"DataView of integers and floats",
		"view.setInt32(0, 5); sink = view.getUint16(0) + view.getFloat32(4) + view.getInt8(1);",
	),
	free("set from another buffer", "bytes.set(source, 4); bytes.set(numbers);"),
	costs("set from a view of the same buffer", "bytes.set(tail);", 3, 16),
	costs("subarray", "sink = bytes.subarray(1, 3);", 4),
	costs("new Uint8Array(buffer, offset, length)", "sink = new Uint8Array(buffer, 4, 4);", 4),
	costs("new DataView", "sink = new DataView(buffer);", 3),
	costs("new ArrayBuffer(16)", "sink = new ArrayBuffer(16);", 3, 24),
	costs("buffer.slice(0, 16)", "sink = buffer.slice(0, 16);", 3, 24),
	costs("new Uint8Array(0)", "sink = new Uint8Array(0);", 7, 8),
	costs("new Uint8Array(16)", "sink = new Uint8Array(16);", 7, 24),
	costs("u8.slice(4, 8)", "sink = bytes.slice(4, 8);", 7, 12),
	costs("Uint8Array.of", "sink = Uint8Array.of(1, 2);", 7, 12),
	free("resize within capacity", "resizable.resize(8); resizable.resize(64);"),

	// Arrays and collections
	free("array get, set, length, indexOf", "numbers[0] = numbers[1]; sink = numbers.length + numbers.indexOf(2);"),
	free(
		"map get, has, set of an existing key",
		'sink = map.get("a"); map.set("a", 3); sink = map.has("b") && set.has(1);',
	),
	free("push and pop below a size reached before", "stack.push(1); sink = stack.pop();"),
	costs("[]", "sink = [];", 2),
	costs("[1, 2, 3]", "sink = [1, 2, 3];", 2, 56),
	costs("array of 8", "sink = [1, 2, 3, 4, 5, 6, 7, 8];", 2, 136),
	// A chunk of 32 bytes grows in place to one of 136.
	costs("[] and 8 pushes", "sink = []; for (let i = 0; i < 8; i++) sink.push(i);", 2, 136),
	costs("array slice of 4", "sink = four.slice();", 2, 72),
	costs("array map of 4", "sink = four.map(increment);", 2, 72),
	costs("array sort of 4", "sink = four.sort(descending);", 6, 72),
	costs("[...a] of 3", "sink = [...numbers];", 10, 56),
	costs("map.set of a new key, then delete", 'map.set("new", 1); map.delete("new");', 3),
	costs("set.add of a new value, then delete", "set.add(7); set.delete(7);", 2),

	// Iterators, promises
	costs("generator object", "sink = generator();", 3, 216),
	costs("Promise.resolve", "sink = Promise.resolve(1);", 20),
	costs("new Promise", "sink = new Promise(plain);", 14),
	costs("then of a pending promise", "sink = pending.then(plain);", 26),
	later("await of a resolved promise", "await resolved;", 14),
	later("await of a number", "await 1;", 35),
	later("await of an async function", "await asynchronous();", 42, 216),
];
