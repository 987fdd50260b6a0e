/*
 * Where byte codes are spent: in a build with XS_HOST_PROFILE the interpreter tells at each dispatch which instruction it
 * executes, and the functions of all modules are found once by walking through their byte code.
 *
 * Preloaded modules must keep their function bodies where they lie (archivePreloaded), or the addresses are of copies.
 */
#include "host.h"

#if XS_HOST_PROFILE

#define NESTING_MAX 64
/** Bytes of the instruction with which every function body begins. */
#define BEGIN_SIZE 2

typedef struct {
	txID id;            /* name, or XS_NO_ID */
	txSize offset;      /* of the body */
	uint64_t calls;
	uint64_t byteCodes;
} Function;

typedef struct {
	const Module* module;
	Function* functions;    /* the first is the module's body */
	int functionCount;
	uint16_t* owners;       /* of each byte of code, the function whose body it is in */
	uint32_t* hits;         /* of each byte of code, how often it was dispatched */
} Code;

static Code* codes;
static int codeCount;
static Code* recent;
static int isRunning;

static void* allocateCleared(size_t count, size_t size)
{
	void* block = calloc(count ? count : 1, size);
	if (!block)
		failRun(EXIT_SYSTEM, "no memory for the profile");
	return block;
}

static txID operandID(const txU1* instruction)
{
	txID id;
	memcpy(&id, instruction + 1, sizeof(id));
	return id;
}

static int makesFunction(txU1 instruction)
{
	return (instruction == XS_CODE_FUNCTION) || (instruction == XS_CODE_CONSTRUCTOR_FUNCTION)
		|| (instruction == XS_CODE_ASYNC_FUNCTION) || (instruction == XS_CODE_GENERATOR_FUNCTION)
		|| (instruction == XS_CODE_ASYNC_GENERATOR_FUNCTION);
}

/** Bytes of the function body behind an instruction, or -1 when it is none that has one. */
static txSize bodySize(const txU1* p)
{
	switch (*p) {
	case XS_CODE_CODE_1: case XS_CODE_CODE_ARCHIVE_1:
		return p[1];
	case XS_CODE_CODE_2: case XS_CODE_CODE_ARCHIVE_2:
		return p[1] | (p[2] << 8);
	case XS_CODE_CODE_4: case XS_CODE_CODE_ARCHIVE_4:
		return p[1] | (p[2] << 8) | (p[3] << 16) | (p[4] << 24);
	default:
		return -1;
	}
}

/** A method or a class is named by what is done with the function: look at the few instructions behind its body. */
static txID nameBehind(const txU1* p, const txU1* end)
{
	for (int count = 0; (count < 6) && (p < end); count++) {
		if ((*p == XS_CODE_NEW_PROPERTY) || (*p == XS_CODE_NAME))
			return operandID(p);
		if (makesFunction(*p))
			break;
		p += codeInstructionSize(p);
	}
	return XS_NO_ID;
}

static int addFunction(Code* code, txID id, txSize offset)
{
	code->functions[code->functionCount] = (Function){ .id = id, .offset = offset };
	return code->functionCount++;
}

static void findFunctions(Code* code)
{
	const txU1* start = (const txU1*)code->module->script->codeBuffer;
	const txU1* end = start + code->module->script->codeSize;
	const txU1* ends[NESTING_MAX] = { end };
	uint16_t open[NESTING_MAX] = { (uint16_t)addFunction(code, XS_NO_ID, 0) };
	int depth = 0;
	txID id = XS_NO_ID;
	for (const txU1* p = start; p < end; p += codeInstructionSize(p)) {
		while (depth && (p >= ends[depth]))
			depth--;
		code->owners[p - start] = open[depth];
		if (makesFunction(*p))
			id = operandID(p);
		txSize size = bodySize(p);
		if ((size < 0) || (depth + 1 == NESTING_MAX))
			continue;
		const txU1* body = p + codeInstructionSize(p);
		if (id == XS_NO_ID)
			id = nameBehind(body + size, end);
		depth++;
		ends[depth] = body + size;
		open[depth] = (uint16_t)addFunction(code, id, (txSize)(body - start));
		id = XS_NO_ID;
	}
}

static void prepare(void)
{
	codes = allocateCleared((size_t)modulesCount(), sizeof(Code));
	for (int index = 0; index < modulesCount(); index++) {
		Code* code = &codes[codeCount++];
		code->module = modulesAt(index);
		size_t size = (size_t)code->module->script->codeSize;
		code->functions = allocateCleared(size / 2 + 1, sizeof(Function));
		code->owners = allocateCleared(size, sizeof(uint16_t));
		code->hits = allocateCleared(size, sizeof(uint32_t));
		findFunctions(code);
	}
}

static int holds(const Code* code, const txByte* address)
{
	const txScript* script = code->module->script;
	return (address >= script->codeBuffer) && (address < script->codeBuffer + script->codeSize);
}

/** Called by the engine. */
void profileCode(const txByte* address)
{
	if (!isRunning)
		return;
	if (!holds(recent, address)) {
		int index = 0;
		while ((index < codeCount) && !holds(&codes[index], address))
			index++;
		if (index == codeCount)
			return;
		recent = &codes[index];
	}
	recent->hits[address - recent->module->script->codeBuffer]++;
}

void profileBegin(void)
{
	if (!codes)
		prepare();
	for (int index = 0; index < codeCount; index++)
		memset(codes[index].hits, 0, (size_t)codes[index].module->script->codeSize * sizeof(uint32_t));
	recent = codes;
	isRunning = 1;
}

void profileEnd(void)
{
	isRunning = 0;
}

static void sumUp(Code* code)
{
	for (int index = 0; index < code->functionCount; index++)
		code->functions[index].calls = code->functions[index].byteCodes = 0;
	for (txSize offset = 0; offset < code->module->script->codeSize; offset++) {
		Function* function = &code->functions[code->owners[offset]];
		function->byteCodes += code->hits[offset];
		/* The first instruction of a call from C is not dispatched like the others; the second follows it always. */
		if ((offset == function->offset) || (offset == function->offset + BEGIN_SIZE)) {
			if (function->calls < code->hits[offset])
				function->calls = code->hits[offset];
		}
	}
}

void profileWrite(txMachine* the)
{
	for (int index = 0; index < codeCount; index++) {
		Code* code = &codes[index];
		sumUp(code);
		for (int place = 0; place < code->functionCount; place++) {
			const Function* function = &code->functions[place];
			if (!function->byteCodes)
				continue;
			const char* name = function->id == XS_NO_ID ? "" : fxGetKeyName(the, function->id);
			(void)printf("@profile {\"module\":\"%s\",\"name\":\"%s\",\"offset\":%d,\"calls\":%llu,\"byteCodes\":%llu}\n",
				code->module->name, name, (int)function->offset, (unsigned long long)function->calls,
				(unsigned long long)function->byteCodes);
		}
	}
}

#else

void profileBegin(void)
{
}

void profileEnd(void)
{
}

void profileWrite(txMachine* the)
{
	(void)the;
}

#endif
