/*
 * From source text to byte code as it lies in a device's flash.
 *
 * The SDK compiles at build time, and its linker then gives every identifier its final number and rewrites two groups of
 * instructions: string literals and function bodies, which the plain forms copy into the chunk heap each time they run,
 * and the archive forms use where they lie. The same is done here right after parsing. A preloaded module keeps the
 * plain forms, because the linker leaves them there.
 */
#include "host.h"
#include <errno.h>

static int readFileCharacter(void* stream)
{
	return getc((FILE*)stream);
}

typedef struct {
	const unsigned char* next;
} TextStream;

static int readTextCharacter(void* stream)
{
	TextStream* text = stream;
	return *text->next ? *text->next++ : C_EOF;
}

static void reportError(void* console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	(void)fprintf(stderr, "xs-host: %s:%d: ", path ? path : "?", (int)line);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
}

static void ignoreWarning(void* console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	(void)path;
	(void)line;
	(void)format;
	(void)arguments;
}

/** Runs the parser's stages. Sets module->awaits. NULL if the source has an error, which has been reported by then. */
static txScript* parse(txMachine* the, Module* module, void* stream, txGetter getter)
{
	txParser parser;
	txParserJump jump;
	txScript* volatile script = NULL;

	/* Functions in C may be declared in the host's own modules only, as the SDK's are. */
	txUnsigned flags = module->native ? mxCFlag | mxStrictFlag : mxStrictFlag;

	fxInitializeParser(&parser, the, 64 * 1024, 1993);
	parser.reportError = reportError;
	parser.reportWarning = ignoreWarning;
	parser.firstJump = &jump;
	if (c_setjmp(jump.jmp_buf) == 0) {
		parser.path = fxNewParserSymbol(&parser, (txString)(module->path ? module->path : module->name));
		fxParserTree(&parser, stream, getter, flags, NULL);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		if (!parser.errorCount) {
			module->awaits = (parser.root->flags & mxAwaitingFlag) != 0;
			script = fxParserCode(&parser);
		}
	}
	fxTerminateParser(&parser);
	return script;
}

/** Numbers in the code become identifiers of the machine. Without a symbols buffer the engine takes the code as final. */
static void remapIdentifiers(txMachine* the, txScript* script)
{
	txByte* p = script->symbolsBuffer;
	txID count;
	mxDecodeID(p, count);
	txID* map = calloc(count ? count : 1, sizeof(txID));
	if (!map)
		failRun(EXIT_SYSTEM, "no memory for the identifiers of a module");
	map[0] = XS_NO_ID;
	for (txID index = 1; index < count; index++) {
		map[index] = fxNewNameC(the, (txString)p);
		p += strlen((const char*)p) + 1;
	}
	fxRemapIDs(the, script->codeBuffer, script->codeSize, map);
	free(map);
	c_free(script->symbolsBuffer);
	script->symbolsBuffer = NULL;
	script->symbolsSize = 0;
}

/** The archive form of an instruction, or the instruction itself. */
static txU1 archiveForm(txU1 instruction)
{
	switch (instruction) {
	case XS_CODE_CODE_1: return XS_CODE_CODE_ARCHIVE_1;
	case XS_CODE_CODE_2: return XS_CODE_CODE_ARCHIVE_2;
	case XS_CODE_CODE_4: return XS_CODE_CODE_ARCHIVE_4;
	case XS_CODE_STRING_1: return XS_CODE_STRING_ARCHIVE_1;
	case XS_CODE_STRING_2: return XS_CODE_STRING_ARCHIVE_2;
	case XS_CODE_STRING_4: return XS_CODE_STRING_ARCHIVE_4;
	default: return instruction;
	}
}

/** The engine's table holds a positive size, or how to find it. */
size_t codeInstructionSize(const txU1* p)
{
	txS1 size = gxCodeSizes[*p];
	if (size > 0)
		return (size_t)size;
	if (size == 0)
		return 1 + sizeof(txID);
	if (size == -1)
		return 2u + p[1];
	if (size == -2)
		return 3u + p[1] + ((size_t)p[2] << 8);
	return 5u + p[1] + ((size_t)p[2] << 8) + ((size_t)p[3] << 16) + ((size_t)p[4] << 24);
}

static void rewriteInstructions(txScript* script)
{
	txU1* p = (txU1*)script->codeBuffer;
	txU1* end = p + script->codeSize;
	while (p < end) {
		*p = archiveForm(*p);
		p += codeInstructionSize(p);
	}
	if (p != end)
		failRun(EXIT_SYSTEM, "byte code does not end where it should");
}

void codeParse(txMachine* the, Module* module, int keepPlainInstructions)
{
	if (!module->source) {
		FILE* file = fopen(module->path, "rb");
		if (!file)
			failRun(EXIT_MODULE, "module \"%s\": cannot open %s: %s", module->name, module->path, strerror(errno));
		module->script = parse(the, module, file, readFileCharacter);
		if (ferror(file))
			failRun(EXIT_MODULE, "module \"%s\": cannot read %s", module->name, module->path);
		(void)fclose(file);
	}
	else {
		TextStream text = { (const unsigned char*)module->source };
		module->script = parse(the, module, &text, readTextCharacter);
	}
	if (!module->script)
		failRun(EXIT_MODULE, "module \"%s\" has an error in its source", module->name);
	module->script->path = module->name;
	remapIdentifiers(the, module->script);
	if (!keepPlainInstructions)
		rewriteInstructions(module->script);
}
