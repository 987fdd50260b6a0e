/*
 * Every way a run can end, and the line of figures it leaves.
 *
 * The report is one line of JSON on stdout, behind "@report ". Messages for people go to stderr.
 */
#include "host.h"

static void writeReport(const char* reason)
{
	txMachine* the = device;
	if (!the)
		return;
	Totals totals;
	Peaks peaks;
	countersRead(&totals);
	countersPeaks(the, &peaks);
	traceEndLine();
	watchFlush();
	profileWrite(the);
	boardWriteProfile();
	(void)printf("@report {\"reason\":\"%s\",\"bits\":%d,\"slotBytes\":%d,\"milliseconds\":%lld,", reason,
		(int)(8 * sizeof(void*)), (int)sizeof(txSlot), (long long)clockMs());
	(void)printf("\"slots\":%llu,\"chunks\":%llu,\"chunkBytes\":%llu,\"collections\":%llu,\"byteCodes\":%llu,",
		(unsigned long long)totals.slots, (unsigned long long)totals.chunks, (unsigned long long)totals.chunkBytes,
		(unsigned long long)totals.collections, (unsigned long long)totals.byteCodes);
	(void)printf("\"mallocs\":%llu,\"mallocBytes\":%llu,\"socketReads\":%llu,\"socketWrites\":%llu,",
		(unsigned long long)totals.mallocs, (unsigned long long)totals.mallocBytes,
		(unsigned long long)totals.socketReads, (unsigned long long)totals.socketWrites);
	(void)printf("\"peakSlots\":%ld,\"peakChunkBytes\":%ld,\"peakStack\":%ld,", peaks.slots, peaks.chunkBytes, peaks.stack);
	boardWriteFigures();
	Totals steady;
	if (countersSteady(&steady))
		(void)printf("\"steady\":{\"slots\":%llu,\"chunkBytes\":%llu,\"collections\":%llu},", (unsigned long long)steady.slots,
			(unsigned long long)steady.chunkBytes, (unsigned long long)steady.collections);
	(void)printf("\"startSlots\":%ld,", countersStartSlots());
	(void)printf("\"usedSlots\":%ld,\"usedChunkBytes\":%ld,\"usedKeys\":%d,", (long)the->currentHeapCount,
		(long)the->currentChunksSize, the->keyIndex - the->keyOffset);
	(void)printf("\"sizeSlots\":%d,\"sizeChunkBytes\":%d,\"sizeStack\":%d,\"sizeKeys\":%d,\"codeBytes\":{", options.slots,
		options.chunks, options.stack, options.keys);
	const char* separator = "";
	for (int index = 0; index < modulesCount(); index++) {
		const Module* module = modulesAt(index);
		if (module->path) {
			(void)printf("%s\"%s\":%d", separator, module->name, (int)module->script->codeSize);
			separator = ",";
		}
	}
	(void)printf("}}\n");
	(void)fflush(stdout);
}

void endRun(const char* reason)
{
	/* A device notices a rejection at its next collection, which a run that ends may never reach. */
	fxCheckUnhandledRejections(device, 1);
	writeReport(reason);
	exit(EXIT_OK);
}

void failRun(int exitCode, const char* format, ...)
{
	va_list arguments;
	(void)fflush(stdout);
	(void)fputs("xs-host: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	writeReport("failed");
	exit(exitCode);
}

/** The text of the exception, cut to the size. Making it runs code of the program, which can fail as well. */
static void describeException(txMachine* the, char* buffer, size_t size)
{
	(void)snprintf(buffer, size, "an exception that cannot be described");
	fxBeginHost(the);
	{
		mxTry(the) {
			mxPush(mxException);
			(void)snprintf(buffer, size, "%s", fxToString(the, the->stack));
			mxPop();
		}
		mxCatch(the) {
			/* The text above stays. */
		}
	}
	fxEndHost(the);
}

/** Whether the engine or a resolver refused an import: the only errors that begin so. */
static int isModuleNotFound(const char* text)
{
	return !strncmp(text, "ReferenceError: module \"", 24) || !strncmp(text, "SyntaxError: import ", 20);
}

void failWithException(txMachine* the, const char* where, ...)
{
	char text[1024];
	char place[256];
	va_list arguments;
	watchEscape(&mxException);
	describeException(the, text, sizeof(text));
	va_start(arguments, where);
	(void)vsnprintf(place, sizeof(place), where, arguments);
	va_end(arguments);
	int exitCode = isModuleNotFound(text) ? EXIT_MODULE : EXIT_EXCEPTION;
	failRun(exitCode, "uncaught exception in %s: %s", place, text);
}

static const char* const poolNames[] = {
	[POOL_SLOTS] = "slot heap",
	[POOL_CHUNKS] = "chunk heap",
	[POOL_STACK] = "stack",
	[POOL_KEYS] = "key table",
	[POOL_NATIVE_STACK] = "native stack",
};

void poolFull(txMachine* the, int pool, long bytes)
{
	if (the != device)
		failRun(EXIT_HEAP, "%s is full before the program has started", poolNames[pool]);
	char request[64] = "";
	if (bytes > 0)
		(void)snprintf(request, sizeof(request), " (%ld more bytes were asked for)", bytes);
	else if (pool == POOL_STACK)
		(void)snprintf(request, sizeof(request), " (a call needs more than what is left)");
	failRun(EXIT_HEAP, "%s is full%s. In use: %ld of %d slots, %ld of %d chunk bytes, %ld of %d stack slots, %d of %d keys",
		poolNames[pool], request, (long)the->currentHeapCount, options.slots, (long)the->currentChunksSize, options.chunks,
		(long)(the->stackTop - the->stack), options.stack, the->keyIndex - the->keyOffset, options.keys);
}

/** The engine's way out when it cannot go on. Must not return. */
void fxAbort(txMachine* the, int status)
{
	char here;
	switch (status) {
	case XS_STACK_OVERFLOW_EXIT:
		/* Two checks end here: that of the engine's own stack, and that of the C stack under us. */
		poolFull(the, &here - the->stackLimit < 16384 ? POOL_NATIVE_STACK : POOL_STACK, 0);
	case XS_NO_MORE_KEYS_EXIT:
		poolFull(the, POOL_KEYS, 0);
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		failRun(EXIT_HEAP, "out of memory");
	case XS_UNHANDLED_EXCEPTION_EXIT:
		failWithException(the, "a promise job");
	case XS_UNHANDLED_REJECTION_EXIT:
		failWithException(the, "a promise that nobody handles");
	default:
		failRun(EXIT_EXCEPTION, "the engine gave up with status %d", status);
	}
}
