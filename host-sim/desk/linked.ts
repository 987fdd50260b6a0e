import { readFileSync } from "node:fs";

/** Bytes of flash that a linked program takes, as far as it is JavaScript. */
export interface FlashUse {
	/** Byte code of preloaded modules, by name. */
	code: Map<string, number>;
	/** Byte code of modules that are not preloaded. */
	lateCode: number;
	/** Slots of the heap that preloading has left: classes, functions, constants, names. */
	slots: number;
	/** Text of the names. */
	names: number;
	/** Contents of preloaded buffers. */
	buffers: number;
	total: number;
}

/** On a 32-bit device. */
const SLOT_SIZE = 16;

interface Slot {
	/** Index of the slot that follows in the same list. */
	next: number | undefined;
	kind: string;
	value: string;
}

/** Size of the C string literal that a slot points to; an escape is one byte. */
function literalSize(value: string): number {
	const literal = /"((?:[^"\\]|\\[^])*)"/.exec(value)?.[1];
	return literal === undefined ? 0 : literal.replace(/\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[^])/g, ".").length;
}

function indexIn(text: string | undefined): number | undefined {
	const index = text === undefined ? undefined : /gxHeap\[(\d+)\]/.exec(text)?.[1];
	return index === undefined ? undefined : Number(index);
}

function readSlots(source: string): Map<number, Slot> {
	const head = "gxHeap[mxHeapCount] = {";
	const start = source.indexOf(head);
	const end = source.indexOf("\n};", start);
	const slots = new Map<number, Slot>();
	const line = /^\/\* (\d+) \*\/\t\{ (.*?), \{\.ID = .*?\.kind = (\w+)\}, (.*)$/gm;
	for (const match of source.slice(start, end).matchAll(line)) {
		slots.set(Number(match[1]), { next: indexIn(match[2]), kind: match[3]!, value: match[4]! });
	}
	return slots;
}

/** Names of keys, by the index or the C constant that stands for them. */
function readNames(source: string): Map<string, string> {
	const names = new Map<string, string>();
	for (const match of source.matchAll(
		/\.ID = (\d+), .*?XS_KEY_X_KIND\}, \.value = \{ \.key = \{ "((?:[^"\\]|\\.)*)"/g,
	)) {
		names.set(match[1]!, match[2]!);
	}
	return names;
}

/** The module that a list of slots belongs to: its own slot is in the list. */
function moduleName(slots: Map<number, Slot>, names: Map<string, string>, first: number | undefined): string {
	for (let index = first, steps = 0; index !== undefined && steps < 40; steps++) {
		const slot = slots.get(index);
		if (slot?.kind === "XS_MODULE_KIND") {
			const key = /\.module = \{ .*?, (\w+) \}/.exec(slot.value)?.[1] ?? "";
			return names.get(key) ?? key.replace("xsID_", "");
		}
		index = slot?.next;
	}
	return "(other)";
}

/** Reads the file that the SDK's linker has written. */
export function readFlashUse(file: string): FlashUse {
	const source = readFileSync(file, "latin1");
	const slots = readSlots(source);
	const keys = readNames(source);
	const code = new Map<string, number>();
	let names = 0;
	let buffers = 0;
	for (const { kind, next, value } of slots.values()) {
		if (kind === "XS_KEY_X_KIND") names += literalSize(value) + 1;
		else if (kind === "XS_ARRAY_BUFFER_KIND") buffers += literalSize(value);
		else if (kind === "XS_CODE_X_KIND") {
			const home = next === undefined ? undefined : slots.get(next);
			const owner = home?.kind === "XS_HOME_KIND" ? indexIn(/\.home = \{ .*?, (.*)/.exec(home.value)?.[1]) : undefined;
			const name = moduleName(slots, keys, owner);
			code.set(name, (code.get(name) ?? 0) + literalSize(value));
		}
	}
	let lateCode = 0;
	for (const match of source.matchAll(/\(txS1\*\)gxCode\d+, (\d+), /g)) lateCode += Number(match[1]);
	const early = [...code.values()].reduce((sum, size) => sum + size, 0);
	const slotBytes = slots.size * SLOT_SIZE;
	return { code, lateCode, slots: slotBytes, names, buffers, total: early + lateCode + slotBytes + names + buffers };
}
