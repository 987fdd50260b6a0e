/*
 * Where byte codes, slots and chunks are spent. With the option "profile", the interpreter tells at each dispatch which
 * instruction it executes; the functions of all modules are found once by walking through their byte code. What is
 * allocated counts for the last instruction, so that built-in functions count for their callers.
 */
#include "host.h"

#define NESTING_MAX 32
#define VARIABLES_MAX 128
/** Bytes of the instruction with which every function body begins. */
#define BEGIN_SIZE 2

typedef struct {
	txID id;            /* name, or XS_NO_ID */
	int parent;         /* index of the function around it */
	txSize offset;      /* of the body */
	uint64_t calls, byteCodes, slots, chunkBytes;
} Function;

/** What one instruction took. */
typedef struct {
	uint32_t dispatches, slots, chunkBytes;
} Cost;

typedef struct {
	const Module* module;
	Function* functions;    /* the first is the module's body */
	int functionCount;
	uint16_t* owners;       /* of each byte of code, the function whose body it is in */
	Cost* costs;            /* of the instruction at each byte of code */
} Code;

static Code* codes;
static int codeCount;
static Code* recent;

/** Of the last instruction; that of no module before the first. */
static Cost engineCost;
static Cost* cost = &engineCost;

/** Asked by the interpreter at each dispatch. */
int profileIsOn;

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

/** A method or a class is named by what is done with the function, once it has stored what it captures. */
static txID nameBehind(const txU1* p, const txU1* end)
{
	while ((p < end) && !makesFunction(*p)) {
		if ((*p == XS_CODE_NEW_PROPERTY) || (*p == XS_CODE_NAME))
			return operandID(p);
		if ((*p == XS_CODE_SET_PROPERTY) || (*p == XS_CODE_RUN_1) || (*p == XS_CODE_CONST_CLOSURE_1))
			break;
		p += codeInstructionSize(p);
	}
	return XS_NO_ID;
}

/**
 * The variables of a function that is being walked through, by their indices. A private method is named by the variable
 * of its class that is written just before.
 */
typedef struct {
	txID names[VARIABLES_MAX];
	int count;
} Scope;

static void pushVariable(Scope* scope, txID name)
{
	if (scope->count < VARIABLES_MAX)
		scope->names[scope->count] = name;
	scope->count++;
}

static void followScope(Scope* scope, const txU1* p)
{
	switch (*p) {
	case XS_CODE_NEW_CLOSURE:
	case XS_CODE_NEW_LOCAL:
		pushVariable(scope, operandID(p));
		break;
	case XS_CODE_NEW_TEMPORARY:
		pushVariable(scope, XS_NO_ID);
		break;
	case XS_CODE_RETRIEVE_1:
		for (int count = p[1]; count; count--)
			pushVariable(scope, XS_NO_ID);
		break;
	case XS_CODE_UNWIND_1:
		/* Each way out of a block unwinds it, and all of them are walked through. */
		scope->count = (scope->count > p[1]) ? scope->count - p[1] : 0;
		break;
	default:
		break;
	}
}

/** Name of the variable that an instruction writes for the first time; indices in instructions begin at 1. */
static txID nameWritten(const Scope* scope, const txU1* p)
{
	int index = *p == XS_CODE_CONST_CLOSURE_1 ? p[1] - 1 : -1;
	return (index >= 0) && (index < scope->count) && (index < VARIABLES_MAX) ? scope->names[index] : XS_NO_ID;
}

static int addFunction(Code* code, txID id, int parent, txSize offset)
{
	code->functions[code->functionCount] = (Function){ .id = id, .parent = parent, .offset = offset };
	return code->functionCount++;
}

static void findFunctions(Code* code)
{
	const txU1* start = (const txU1*)code->module->script->codeBuffer;
	const txU1* end = start + code->module->script->codeSize;
	const txU1* ends[NESTING_MAX] = { end };
	int open[NESTING_MAX] = { addFunction(code, XS_NO_ID, 0, 0) };
	Scope scopes[NESTING_MAX] = { 0 };
	int depth = 0;
	txID id = XS_NO_ID;
	txID written = XS_NO_ID;
	for (const txU1* p = start; p < end; p += codeInstructionSize(p)) {
		while (depth && (p >= ends[depth]))
			depth--;
		code->owners[p - start] = (uint16_t)open[depth];
		followScope(&scopes[depth], p);
		if (makesFunction(*p))
			id = operandID(p) == XS_NO_ID ? written : operandID(p);
		written = nameWritten(&scopes[depth], p);
		txSize size = bodySize(p);
		if ((size < 0) || (depth + 1 == NESTING_MAX))
			continue;
		const txU1* body = p + codeInstructionSize(p);
		if (id == XS_NO_ID)
			id = nameBehind(body + size, end);
		depth++;
		ends[depth] = body + size;
		scopes[depth].count = 0;
		open[depth] = addFunction(code, id, open[depth - 1], (txSize)(body - start));
	}
}

static void prepare(void)
{
	codes = allocateCleared((size_t)modulesCount(), sizeof(Code));
	for (int index = 0; index < modulesCount(); index++) {
		Code* code = &codes[index];
		code->module = modulesAt(index);
		size_t size = (size_t)code->module->script->codeSize;
		code->functions = allocateCleared(size / 2 + 1, sizeof(Function));
		code->owners = allocateCleared(size, sizeof(uint16_t));
		code->costs = allocateCleared(size, sizeof(Cost));
		findFunctions(code);
		/* Not earlier: a run that fails here writes what it has. */
		codeCount++;
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
	if (!holds(recent, address)) {
		int index = 0;
		while ((index < codeCount) && !holds(&codes[index], address))
			index++;
		if (index == codeCount)
			return;
		recent = &codes[index];
	}
	cost = &recent->costs[address - recent->module->script->codeBuffer];
	cost->dispatches++;
}

void profileSlot(void)
{
	cost->slots++;
}

void profileChunk(long bytes)
{
	cost->chunkBytes += (uint32_t)bytes;
}

static void start(void)
{
	if (!codes)
		prepare();
	for (int index = 0; index < codeCount; index++)
		memset(codes[index].costs, 0, (size_t)codes[index].module->script->codeSize * sizeof(Cost));
	engineCost = (Cost){ 0 };
	cost = &engineCost;
	recent = codes;
	profileIsOn = 1;
}

void profileStart(void)
{
	if (options.profile == PROFILE_RUN)
		start();
}

void profileBegin(void)
{
	if (options.profile == PROFILE_WINDOWS)
		start();
}

void profileEnd(void)
{
	if (options.profile == PROFILE_WINDOWS)
		profileIsOn = 0;
}

static void sumUp(Code* code)
{
	for (int index = 0; index < code->functionCount; index++) {
		Function* function = &code->functions[index];
		function->calls = function->byteCodes = function->slots = function->chunkBytes = 0;
	}
	for (txSize offset = 0; offset < code->module->script->codeSize; offset++) {
		Function* function = &code->functions[code->owners[offset]];
		const Cost* here = &code->costs[offset];
		function->byteCodes += here->dispatches;
		function->slots += here->slots;
		function->chunkBytes += here->chunkBytes;
		/* The first instruction of a call from C is not dispatched like the others; the second follows it always. */
		if ((offset == function->offset) || (offset == function->offset + BEGIN_SIZE)) {
			if (function->calls < here->dispatches)
				function->calls = here->dispatches;
		}
	}
}

/** A name as JSON wants it. */
static void writeText(const char* text)
{
	for (; *text; text++) {
		if ((*text == '"') || (*text == '\\'))
			(void)putchar('\\');
		(void)putchar((unsigned char)*text < 0x20 ? ' ' : *text);
	}
}

/** A function without a name goes by that of the one around it and its place. */
static void writeName(txMachine* the, const Code* code, const Function* function)
{
	if (function->offset == 0)
		(void)printf("(body)");
	else if (function->id != XS_NO_ID)
		writeText(fxGetKeyName(the, function->id));
	else {
		writeName(the, code, &code->functions[function->parent]);
		(void)printf("@%d", (int)function->offset);
	}
}

static void writeCosts(uint64_t calls, uint64_t byteCodes, uint64_t slots, uint64_t chunkBytes)
{
	(void)printf("\",\"calls\":%llu,\"byteCodes\":%llu,\"slots\":%llu,\"chunkBytes\":%llu}\n", (unsigned long long)calls,
		(unsigned long long)byteCodes, (unsigned long long)slots, (unsigned long long)chunkBytes);
}

void profileWrite(txMachine* the)
{
	profileIsOn = 0;
	for (int index = 0; index < codeCount; index++) {
		Code* code = &codes[index];
		sumUp(code);
		for (int place = 0; place < code->functionCount; place++) {
			const Function* function = &code->functions[place];
			if (!function->byteCodes && !function->slots && !function->chunkBytes)
				continue;
			(void)printf("@profile {\"module\":\"%s\",\"name\":\"", code->module->name);
			writeName(the, code, function);
			writeCosts(function->calls, function->byteCodes, function->slots, function->chunkBytes);
		}
	}
	if (engineCost.slots || engineCost.chunkBytes) {
		(void)printf("@profile {\"module\":\"\",\"name\":\"(engine)");
		writeCosts(0, 0, engineCost.slots, engineCost.chunkBytes);
	}
}
