/**
 * The changes made to copies of the engine's files before they are compiled. Each names the exact text it replaces; a
 * text that is not found, or found twice, stops the build, because then the engine has changed and the counts would be
 * wrong without anyone noticing.
 */

interface Patch {
	readonly file: string;
	/** What the change is for; part of the error message. */
	readonly purpose: string;
	readonly find: string;
	readonly replace: string;
}

const PATCHES: readonly Patch[] = [
	{
		file: "xsMemory.c",
		purpose: "declare the counting functions",
		find: "#define mxChunkFlag 0x80000000\n",
		replace:
			"#define mxChunkFlag 0x80000000\n" +
			"extern void countSlot(void);\n" +
			"extern void countChunk(long bytes);\n" +
			"extern void countGrowth(long bytes);\n" +
			"extern void countCollection(void);\n" +
			"extern void poolFull(txMachine* the, int pool, long bytes);\n",
	},
	{
		file: "xsMemory.c",
		purpose: "count slots",
		find: "\t\tthe->currentHeapCount++;\n",
		replace: "\t\tthe->currentHeapCount++;\n\t\tcountSlot();\n",
	},
	{
		file: "xsMemory.c",
		purpose: "count chunks",
		find: "\t\tthe->currentChunksSize += capacity;\n",
		replace: "\t\tthe->currentChunksSize += capacity;\n\t\tcountChunk(capacity);\n",
	},
	{
		file: "xsMemory.c",
		purpose: "count growth in place",
		find: "\t\t\t\taBlock->current += delta;\n",
		replace: "\t\t\t\taBlock->current += delta;\n\t\t\t\tcountGrowth(delta);\n",
	},
	{
		file: "xsMemory.c",
		purpose: "count collections",
		find: "\tthe->collectFlag |= theFlag & XS_ORGANIC_FLAG;\n",
		replace: "\tthe->collectFlag |= theFlag & XS_ORGANIC_FLAG;\n\tcountCollection();\n",
	},
	{
		file: "xsMemory.c",
		purpose: "say that the slot heap is full",
		find: '\t\t\tfxReport(the, "# Slot allocation: failed in fixed size heap\\n");\n',
		replace: "\t\t\tpoolFull(the, 0, 0);\n",
	},
	{
		file: "xsMemory.c",
		purpose: "say that the chunk heap is full",
		find: '\t\tfxReport(the, "# Chunk allocation: %d bytes failed in fixed size heap\\n", size);\n',
		replace: "\t\tpoolFull(the, 1, size);\n",
	},
	{
		// Number 0 means "not aliased", so the first instance that a running program may change would stay read-only.
		file: "xsMemory.c",
		purpose: "number aliases from 1",
		find: "\ttxID aliasCount = 0;\n",
		replace: "\ttxID aliasCount = 1;\n",
	},
	{
		// The engine's own meter adds to the byte codes what bulk operations move and properties that built-ins touch.
		file: "xsRun.c",
		purpose: "count byte codes",
		find: "\t\t\tthe->meterIndex++; \\\n\t\t\tgoto *bytes[byte]\n",
		replace: "\t\t\tbyteCodeCount++; \\\n\t\t\tif (profileIsOn) profileCode(mxCode); \\\n\t\t\tgoto *bytes[byte]\n",
	},
	{
		file: "xsRun.c",
		purpose: "declare the counter of byte codes",
		find: "static txBoolean fxToNumericInteger(txMachine* the, txSlot* theSlot);\n",
		replace:
			"extern unsigned int byteCodeCount;\n" +
			"extern int profileIsOn;\n" +
			"extern void profileCode(const txByte* code);\n" +
			"static txBoolean fxToNumericInteger(txMachine* the, txSlot* theSlot);\n",
	},
	{
		file: "xsMath.c",
		purpose: "declare the random numbers of a run",
		find: "void fx_Math_random(txMachine* the)\n{\n\tuint32_t result = c_rand();\n\twhile (result == C_RAND_MAX)\n\t\tresult = c_rand();\n",
		replace: "extern double randomFraction(void);\n\nvoid fx_Math_random(txMachine* the)\n{\n",
	},
	{
		file: "xsMath.c",
		purpose: "draw random numbers from the seed of a run",
		find: "\tmxResult->value.number = (double)result / (double)C_RAND_MAX;\n",
		replace: "\tmxResult->value.number = randomFraction();\n",
	},
	{
		file: "xsDefaults.c",
		purpose: "strip the length and name of functions",
		find: "\tfxNewFunctionLength,\n\tfxNewFunctionName,\n",
		replace: "\tC_NULL,\n\tC_NULL,\n",
	},
	{
		file: "xsDefaults.c",
		purpose: "strip the stack of errors, and note it outside of the heap",
		find: "\tfxCaptureErrorStack,\n",
		replace: "\twatchError,\n",
	},
	{
		file: "xsDefaults.c",
		purpose: "declare what notes the stack of errors",
		find: '#include "xsAll.h"\n',
		replace: '#include "xsAll.h"\nextern void watchError(txMachine* the, txSlot* internal, txSlot* frame);\n',
	},
	{
		file: "xsProperty.c",
		purpose: "make built-in methods primitives",
		find: "txSlot* fxNextHostFunctionProperty(txMachine* the, txSlot* property, txCallback call, txInteger length, txID id, txFlag flag)\n{",
		replace:
			"txSlot* fxNextHostFunctionPropertyUnstripped(txMachine* the, txSlot* property, txCallback call, txInteger length, txID id, txFlag flag)\n{",
	},
];

/**
 * A fault of XS 13.3 that XS 17 does not have: to copy between typed arrays of one kind it compares two pointers that are
 * never the same, and converts element by element. It would be a third of the instructions of a publish.
 */
const BULK_COPY: Patch = {
	file: "xsDataView.c",
	purpose: "copy between typed arrays of one kind at once",
	find: "\t\t\tmxPushUndefined();\n\t\tif (dispatch == sourceDispatch) {\n",
	replace:
		"\t\t\tmxPushUndefined();\n" +
		"\t\tif (dispatch->value.typedArray.dispatch == sourceDispatch->value.typedArray.dispatch) {\n",
};

/** The interpreter keeps to itself where it is, most of the time; a sampler that interrupts it must see that. */
const SHOW_CODE: Patch = {
	file: "xsRun.c",
	purpose: "show which byte code runs",
	find: "\t#else\n\t\t#define mxBreak \\\n\t\t\tgoto *bytes[byte]\n",
	replace: "\t#else\n\t\t#define mxBreak \\\n\t\t\tthe->code = mxCode; \\\n\t\t\tgoto *bytes[byte]\n",
};

/**
 * "counting": the host on a desktop. "bare": without the counting of byte codes, which takes instructions itself. "sampled":
 * likewise, but for a profile.
 */
export type PatchKind = "counting" | "bare" | "sampled";

function patchesOf(kind: PatchKind): readonly Patch[] {
	if (kind === "counting") return PATCHES;
	const common = [...PATCHES.filter(({ file }) => file !== "xsRun.c"), BULK_COPY];
	return kind === "bare" ? common : [...common, SHOW_CODE];
}

/** Returns the text of an engine file with all its changes. */
export function patchEngine(file: string, text: string, kind: PatchKind = "counting"): string {
	let result = text.replaceAll("\r\n", "\n");
	for (const patch of patchesOf(kind)) {
		if (patch.file !== file) continue;
		const parts = result.split(patch.find);
		if (parts.length !== 2) {
			throw new Error(`cannot patch ${file} to ${patch.purpose}: the place was found ${parts.length - 1} times`);
		}
		result = parts.join(patch.replace);
	}
	return result;
}

/** The engine files that have changes. */
export function patchedFiles(kind: PatchKind = "counting"): readonly string[] {
	return [...new Set(patchesOf(kind).map((patch) => patch.file))];
}
