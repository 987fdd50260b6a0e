/*
 * What to run and in how much memory: the command line, and the run file it names.
 *
 * The run file is JSON. The engine has a parser for it, so a small machine is made just to read the file, and deleted
 * again; nothing of it reaches the machines that run the program.
 */
#include "host.h"
#include <errno.h>
#include <limits.h>

/* Defaults are those of the SDK's ESP32 boards. */
Options options = {
	.slots = 4928,
	.chunks = 78848,
	.stack = 512,
	.keys = 256,
	.writableBytes = 8192,
	.readableBytes = 8192,
};

static const char usage[] =
	"usage: xs-host --run FILE [--slots N] [--chunks BYTES] [--stack N] [--keys N]\n"
	"               [--duration MS] [--ticks N] [--window BYTES] [--receive BYTES] [--archive-preloaded 0|1]\n"
	"               [--hurry 0|1] [--control 0|1] [--profile 0|1|2]\n";

static const NumberOption numberOptions[] = {
	{ "--slots", "slots", &options.slots, 64, 1 << 24 },
	{ "--chunks", "chunks", &options.chunks, 64, 1 << 28 },
	{ "--stack", "stack", &options.stack, 64, 1 << 20 },
	{ "--keys", "keys", &options.keys, 1, 16384 },
	{ "--duration", "durationMs", &options.durationMs, 0, INT_MAX },
	{ "--ticks", "ticksStart", &options.ticksStart, INT_MIN, INT_MAX },
	{ "--window", "writableBytes", &options.writableBytes, 1, 1 << 24 },
	{ "--receive", "readableBytes", &options.readableBytes, 1, 1 << 24 },
	{ "--archive-preloaded", "archivePreloaded", &options.archivePreloaded, 0, 1 },
	{ "--hurry", "hurry", &options.hurry, 0, 1 },
	{ "--control", "control", &options.control, 0, 1 },
	{ "--parent", "parent", &options.parent, 0, INT_MAX },
	{ "--random", "random", &options.random, INT_MIN, INT_MAX },
	{ "--profile", "profile", &options.profile, PROFILE_OFF, PROFILE_RUN },
#if mxStress
	{ "--stress", "stress", &options.stress, 0, 1 },
#endif
	{ NULL, NULL, NULL, 0, 0 },
};

static void setNumber(const NumberOption* option, const char* name, double value)
{
	if (!(value >= (double)option->minimum) || (value > (double)option->maximum) || (value != floor(value)))
		failRun(EXIT_OPTIONS, "%s is %.15g; it must be a whole number from %ld to %ld", name, value, option->minimum,
			option->maximum);
	*option->value = (int)value;
}

static char* copyText(const char* text)
{
	char* copy = strdup(text);
	if (!copy)
		failRun(EXIT_SYSTEM, "no memory for the options");
	return copy;
}

static void* allocateList(size_t count, size_t size)
{
	void* list = calloc(count ? count : 1, size);
	if (!list)
		failRun(EXIT_SYSTEM, "no memory for the options");
	return list;
}

/** The whole file as a string; the caller keeps it. "fd:3" is what is open under that number, which leaves no file behind. */
static char* readFile(const char* path)
{
	FILE* file = strncmp(path, "fd:", 3) ? fopen(path, "rb") : fdopen(atoi(path + 3), "rb");
	if (!file)
		failRun(EXIT_OPTIONS, "cannot open %s: %s", path, strerror(errno));
	size_t size = 0, capacity = 65536;
	char* text = allocateList(capacity, 1);
	for (;;) {
		size += fread(text + size, 1, capacity - size - 1, file);
		if (ferror(file))
			failRun(EXIT_OPTIONS, "cannot read %s", path);
		if (feof(file))
			break;
		capacity *= 2;
		text = realloc(text, capacity);
		if (!text)
			failRun(EXIT_SYSTEM, "no memory for %s", path);
	}
	(void)fclose(file);
	text[size] = 0;
	return text;
}

/* ---- the run file ---- */

/** The slot of a property of a parsed JSON object, or NULL. Parsed objects are plain: a list of named properties. */
static txSlot* propertyOf(txMachine* the, txSlot* object, const char* name)
{
	txID id = fxFindID(the, (txString)name);
	if (id == XS_NO_ID)
		return NULL;
	for (txSlot* property = object->value.reference->next; property; property = property->next) {
		if (!(property->flag & XS_INTERNAL_FLAG) && (property->ID == id))
			return property;
	}
	return NULL;
}

static const char* textOf(const txSlot* slot, const char* what)
{
	if (!slot || ((slot->kind != XS_STRING_KIND) && (slot->kind != XS_STRING_X_KIND)))
		failRun(EXIT_OPTIONS, "%s in %s must be a string", what, options.runFile);
	return slot->value.string;
}

static double numberOf(const txSlot* slot, const char* what)
{
	if (slot->kind == XS_INTEGER_KIND)
		return slot->value.integer;
	if (slot->kind == XS_NUMBER_KIND)
		return slot->value.number;
	if (slot->kind == XS_BOOLEAN_KIND)
		return slot->value.boolean;
	failRun(EXIT_OPTIONS, "%s in %s must be a number", what, options.runFile);
}

static void readModules(txMachine* the, txSlot* run)
{
	txSlot* modules = propertyOf(the, run, "modules");
	if (!modules || (modules->kind != XS_REFERENCE_KIND))
		failRun(EXIT_OPTIONS, "\"modules\" in %s must map names to paths, or to paths and sources", options.runFile);
	int count = 0;
	for (txSlot* property = modules->value.reference->next; property; property = property->next)
		count++;
	options.modules = allocateList((size_t)count, sizeof(ModuleOption));
	for (txSlot* property = modules->value.reference->next; property; property = property->next) {
		if (property->flag & XS_INTERNAL_FLAG)
			continue;
		ModuleOption* module = &options.modules[options.moduleCount++];
		module->name = copyText(fxGetKeyName(the, property->ID));
		if (property->kind != XS_REFERENCE_KIND) {
			module->path = copyText(textOf(property, module->name));
			continue;
		}
		module->path = copyText(textOf(propertyOf(the, property, "path"), module->name));
		module->source = copyText(textOf(propertyOf(the, property, "source"), module->name));
	}
}

static void readPreload(txMachine* the, txSlot* run)
{
	txSlot* preload = propertyOf(the, run, "preload");
	if (!preload)
		return;
	txSlot* array = preload->kind == XS_REFERENCE_KIND ? preload->value.reference->next : NULL;
	if (!array || (array->kind != XS_ARRAY_KIND))
		failRun(EXIT_OPTIONS, "\"preload\" in %s must be a list of module names", options.runFile);
	int count = (int)fxGetIndexSize(the, array);
	options.preload = allocateList((size_t)count, sizeof(char*));
	for (int index = 0; index < count; index++)
		options.preload[options.preloadCount++] = copyText(textOf(array->value.array.address + index, "\"preload\""));
}

/** Calls JSON.parse or JSON.stringify with what is on top of the stack, and leaves the result there. */
static void callJSON(txMachine* the, txID method, const txSlot* argument)
{
	mxPush(mxJSONObject);
	mxDub();
	mxGetID(mxID(method));
	mxCall();
	mxPushSlot(argument);
	mxRunCount(1);
}

static void readNumbers(txMachine* the, txSlot* run, const NumberOption* list)
{
	for (const NumberOption* option = list; option->flag; option++) {
		txSlot* property = propertyOf(the, run, option->property);
		if (property)
			setNumber(option, option->property, numberOf(property, option->property));
	}
}

static void readRun(txMachine* the, char* text)
{
	txSlot* run;
	txSlot* property;

	mxPushStringC(text);
	run = the->stack;
	callJSON(the, _parse, run);
	mxPullSlot(run);
	if (run->kind != XS_REFERENCE_KIND)
		failRun(EXIT_OPTIONS, "%s must hold a JSON object", options.runFile);
	readModules(the, run);
	readPreload(the, run);
	property = propertyOf(the, run, "main");
	options.main = copyText(textOf(property, "\"main\""));
	property = propertyOf(the, run, "config");
	if (property) {
		callJSON(the, _stringify, property);
		options.configText = copyText(textOf(the->stack, "\"config\""));
		mxPop();
	}
	else
		options.configText = copyText("{}");
	readNumbers(the, run, numberOptions);
	readNumbers(the, run, boardOptions);
	mxPop();
}

/** In a function of its own, because locals that change around a setjmp may be lost. */
static void readRunOrFail(txMachine* the, char* text)
{
	fxBeginHost(the);
	{
		mxTry(the) {
			readRun(the, text);
		}
		mxCatch(the) {
			failRun(EXIT_OPTIONS, "%s is not valid JSON", options.runFile);
		}
	}
	fxEndHost(the);
}

static void readRunFile(void)
{
	txCreation creation = {
		.initialChunkSize = 1 << 20, .incrementalChunkSize = 1 << 20,
		.initialHeapCount = 1 << 15, .incrementalHeapCount = 1 << 15,
		.stackCount = 4096,
		.initialKeyCount = 4096, .incrementalKeyCount = 1024,
		.nameModulo = 127, .symbolModulo = 127,
		.parserBufferSize = 1024, .parserTableModulo = 127,
	};
	char* text = readFile(options.runFile);
	txMachine* the = fxCreateMachine(&creation, "options", NULL, XS_NO_ID);
	if (!the)
		failRun(EXIT_SYSTEM, "no memory to read %s", options.runFile);
	readRunOrFail(the, text);
	fxDeleteMachine(the);
	free(text);
}

/* ---- the command line ---- */

static const NumberOption* numberOptionByFlag(const char* flag)
{
	const NumberOption* option = numberOptions;
	while (option->flag && strcmp(option->flag, flag))
		option++;
	return option->flag ? option : NULL;
}

static void refuseArgument(const char* argument)
{
	(void)fputs(usage, stderr);
	failRun(EXIT_OPTIONS, "unknown or incomplete option %s", argument);
}

/** Reads the run file first and the other options after it, so that the command line wins. */
void optionsRead(int argc, char** argv)
{
	for (int index = 1; index < argc; index += 2) {
		if (index + 1 == argc)
			refuseArgument(argv[index]);
		if (!strcmp(argv[index], "--run"))
			options.runFile = argv[index + 1];
		else if (!numberOptionByFlag(argv[index]))
			refuseArgument(argv[index]);
	}
	if (!options.runFile)
		refuseArgument("--run");
	readRunFile();
	for (int index = 1; index < argc; index += 2) {
		const NumberOption* option = numberOptionByFlag(argv[index]);
		if (!option)
			continue;
		char* end = NULL;
		double value = strtod(argv[index + 1], &end);
		if ((end == argv[index + 1]) || *end)
			failRun(EXIT_OPTIONS, "%s must be a number, not \"%s\"", option->flag, argv[index + 1]);
		setNumber(option, option->flag, value);
	}
}
