/*
 * Module "xs-host/counters": measured windows for tests and benchmarks.
 *
 * begin() and end() take their samples in C, so that measuring neither allocates nor runs byte codes beyond the two
 * calls themselves. The getters are for afterwards. Windows have a number, 0 if none is given, and may overlap; only
 * their peaks do not, because a begin() starts the observation of peaks anew.
 */
#include "host.h"

static const char source[] =
	"export function begin(index) @ \"begin\";\n"
	"export function end(index) @ \"end\";\n"
	"export function slots(index) @ \"slots\";\n"
	"export function chunks(index) @ \"chunks\";\n"
	"export function chunkBytes(index) @ \"chunkBytes\";\n"
	"export function collections(index) @ \"collections\";\n"
	"export function byteCodes(index) @ \"byteCodes\";\n"
	"export function mallocs(index) @ \"mallocs\";\n"
	"export function mallocBytes(index) @ \"mallocBytes\";\n"
	"export function socketReads(index) @ \"socketReads\";\n"
	"export function socketWrites(index) @ \"socketWrites\";\n"
	"export function socketCalls(index) @ \"socketCalls\";\n"
	"export function instructions(index) @ \"instructions\";\n"
	"export function peakSlots(index) @ \"peakSlots\";\n"
	"export function peakChunkBytes(index) @ \"peakChunkBytes\";\n"
	"export function peakStack(index) @ \"peakStack\";\n"
	"export function gc() @ \"gc\";\n"
	"export function liveSlots() @ \"liveSlots\";\n"
	"export function liveChunkBytes() @ \"liveChunkBytes\";\n"
	"export function stop() @ \"stop\";\n";

#define WINDOW_COUNT 64

typedef struct {
	Totals start;
	Totals result;
	Peaks peaks;
} Window;

static Window windows[WINDOW_COUNT];

static Window* windowArgument(txMachine* the)
{
	txInteger index = mxArgc > 0 && mxArgv(0)->kind != XS_UNDEFINED_KIND ? fxToInteger(the, mxArgv(0)) : 0;
	if ((index < 0) || (index >= WINDOW_COUNT))
		mxRangeError("window %d; it must be 0 to %d", (int)index, WINDOW_COUNT - 1);
	return &windows[index];
}

static void begin(txMachine* the)
{
	Window* window = windowArgument(the);
	requireDevice(the, "begin");
	countersRestartPeaks(the);
	profileBegin();
	boardWindowBegin();
	countersRead(&window->start);
}

static void end(txMachine* the)
{
	Totals now;
	countersRead(&now);
	boardWindowEnd();
	profileEnd();
	Window* window = windowArgument(the);
	window->result = now;
	countersSubtract(&window->result, &window->start);
	countersRecentPeaks(the, &window->peaks);
}

/** An integer where it fits, because numbers of that kind are what a program prints without a decimal point. */
static void answer(txMachine* the, uint64_t value)
{
	if (value <= 0x7FFFFFFF)
		fxInteger(the, mxResult, (txInteger)value);
	else
		fxNumber(the, mxResult, (txNumber)value);
}

#define RESULT_GETTER(FIELD) \
	static void FIELD(txMachine* the) \
	{ \
		answer(the, windowArgument(the)->result.FIELD); \
	}

RESULT_GETTER(slots)
RESULT_GETTER(chunks)
RESULT_GETTER(chunkBytes)
RESULT_GETTER(collections)
RESULT_GETTER(byteCodes)
RESULT_GETTER(mallocs)
RESULT_GETTER(mallocBytes)
RESULT_GETTER(socketReads)
RESULT_GETTER(socketWrites)
RESULT_GETTER(instructions)

static void socketCalls(txMachine* the)
{
	const Totals* result = &windowArgument(the)->result;
	answer(the, result->socketReads + result->socketWrites);
}

static void peakSlots(txMachine* the)
{
	answer(the, (uint64_t)windowArgument(the)->peaks.slots);
}

static void peakChunkBytes(txMachine* the)
{
	answer(the, (uint64_t)windowArgument(the)->peaks.chunkBytes);
}

static void peakStack(txMachine* the)
{
	answer(the, (uint64_t)windowArgument(the)->peaks.stack);
}

static void gc(txMachine* the)
{
	requireDevice(the, "gc");
	fxCollectGarbage(the);
}

/** What is used now. After gc() that is what is alive, and nothing else. */
static void liveSlots(txMachine* the)
{
	answer(the, (uint64_t)the->currentHeapCount);
}

static void liveChunkBytes(txMachine* the)
{
	answer(the, (uint64_t)the->currentChunksSize);
}

static void stop(txMachine* the)
{
	requireDevice(the, "stop");
	turnStop();
}

static const NativeFunction functions[] = {
	{ "begin", begin, 1 }, { "end", end, 1 }, { "slots", slots, 1 }, { "chunks", chunks, 1 },
	{ "chunkBytes", chunkBytes, 1 }, { "collections", collections, 1 }, { "byteCodes", byteCodes, 1 },
	{ "mallocs", mallocs, 1 }, { "mallocBytes", mallocBytes, 1 }, { "socketReads", socketReads, 1 },
	{ "socketWrites", socketWrites, 1 }, { "socketCalls", socketCalls, 1 }, { "instructions", instructions, 1 },
	{ "peakSlots", peakSlots, 1 }, { "peakChunkBytes", peakChunkBytes, 1 }, { "peakStack", peakStack, 1 },
	{ "gc", gc, 0 }, { "liveSlots", liveSlots, 0 }, { "liveChunkBytes", liveChunkBytes, 0 }, { "stop", stop, 0 },
	{ NULL, NULL, 0 },
};

const NativeModule countersModule = { "xs-host/counters", source, functions };
