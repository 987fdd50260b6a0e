/*
 * Counting. The engine calls count...() from lines that the build adds to its memory manager, at the places where a slot
 * leaves the free list, a chunk is obtained or grows, and a collection starts; so garbage is counted too.
 */
#include "host.h"

static Totals totals;

/** What had been counted when the device was created; the computer that builds the flash image does not count. */
static Totals before;

/** Counted by the interpreter at each dispatch. */
unsigned int byteCodeCount;

static unsigned int lastByteCodeCount;
static Peaks runPeaks;

/** When the steady state began. */
static Totals marked;
static int isMarked;

/** What is answered once the program's part is over. */
static Totals frozen;
static int isFrozen;

static long startSlots;

/* ---- called by the engine ---- */

void countSlot(void)
{
	totals.slots++;
	if (profileIsOn)
		profileSlot();
}

void countChunk(long bytes)
{
	totals.chunks++;
	countGrowth(bytes);
}

void countGrowth(long bytes)
{
	totals.chunkBytes += (uint64_t)bytes;
	if (profileIsOn)
		profileChunk(bytes);
}

void countCollection(void)
{
	totals.collections++;
}

static void countMalloc(size_t size)
{
	totals.mallocs++;
	totals.mallocBytes += size;
}

void* heapAllocate(size_t size)
{
	countMalloc(size);
	return malloc(size);
}

void* heapAllocateCleared(size_t count, size_t size)
{
	countMalloc(count * size);
	return calloc(count, size);
}

void* heapReallocate(void* block, size_t size)
{
	countMalloc(size);
	return realloc(block, size);
}

void heapFree(void* block)
{
	free(block);
}

/* ---- called by the host ---- */

void countSocketRead(void)
{
	totals.socketReads++;
}

void countSocketWrite(void)
{
	totals.socketWrites++;
}

/** The interpreter's counter has 32 bits; this is called at least once per turn, long before it wraps. */
static void readProcessor(void)
{
	totals.byteCodes += byteCodeCount - lastByteCodeCount;
	lastByteCodeCount = byteCodeCount;
	totals.instructions = boardInstructions();
}

void countersStart(txMachine* the)
{
	lastByteCodeCount = byteCodeCount;
	before = totals;
	startSlots = the->currentHeapCount;
	countersRestartPeaks(the);
}

long countersStartSlots(void)
{
	return startSlots;
}

void countersSubtract(Totals* totals, const Totals* start)
{
	totals->slots -= start->slots;
	totals->chunks -= start->chunks;
	totals->chunkBytes -= start->chunkBytes;
	totals->collections -= start->collections;
	totals->byteCodes -= start->byteCodes;
	totals->mallocs -= start->mallocs;
	totals->mallocBytes -= start->mallocBytes;
	totals->socketReads -= start->socketReads;
	totals->socketWrites -= start->socketWrites;
	totals->instructions -= start->instructions;
}

void countersRead(Totals* result)
{
	readProcessor();
	*result = isFrozen ? frozen : totals;
	countersSubtract(result, &before);
}

void countersMark(void)
{
	isMarked = 1;
	countersRead(&marked);
}

int countersSteady(Totals* result)
{
	countersRead(result);
	countersSubtract(result, &marked);
	return isMarked;
}

void countersFreeze(txMachine* the)
{
	Peaks ignored;
	countersPeaks(the, &ignored);
	readProcessor();
	frozen = totals;
	isFrozen = 1;
	profileIsOn = 0;
}

/* ---- peaks ---- */

/*
 * The engine keeps the peaks of both heaps, but not of its stack. The unused part of the stack is painted, and how far
 * down the paint is gone tells how deep it was. Slots are pushed one after the other, so the first stretch of paint is
 * the end. The bottom cannot be asked: conversions of numbers to text use it as scratch memory.
 */
#define PAINT 0xA5
#define PAINTED_SLOTS 4

static int stackIsPainted;

static void paintStack(txMachine* the)
{
	memset((void*)the->stackBottom, PAINT, (size_t)((char*)the->stack - (char*)the->stackBottom));
}

static int isPainted(const txSlot* slot)
{
	const unsigned char* bytes = (const unsigned char*)slot;
	for (size_t index = 0; index < sizeof(txSlot); index++) {
		if (bytes[index] != PAINT)
			return 0;
	}
	return 1;
}

static long stackSlots(txMachine* the)
{
	const txSlot* deepest = the->stack;
	int painted = 0;
	for (const txSlot* slot = the->stack - 1; (slot >= the->stackBottom) && (painted < PAINTED_SLOTS); slot--) {
		if (isPainted(slot))
			painted++;
		else {
			painted = 0;
			deepest = slot;
		}
	}
	return the->stackTop - deepest;
}

void countersRecentPeaks(txMachine* the, Peaks* peaks)
{
	peaks->slots = the->peakHeapCount;
	peaks->chunkBytes = the->peakChunksSize;
	peaks->stack = stackSlots(the);
}

static long larger(long a, long b)
{
	return a > b ? a : b;
}

void countersPeaks(txMachine* the, Peaks* peaks)
{
	Peaks recent = { 0 };
	if (!isFrozen)
		countersRecentPeaks(the, &recent);
	runPeaks.slots = larger(runPeaks.slots, recent.slots);
	runPeaks.chunkBytes = larger(runPeaks.chunkBytes, recent.chunkBytes);
	runPeaks.stack = larger(runPeaks.stack, recent.stack);
	*peaks = runPeaks;
}

void countersRestartPeaks(txMachine* the)
{
	Peaks ignored;
	/* Before the first paint, the stack holds whatever was in that memory. */
	if (stackIsPainted)
		countersPeaks(the, &ignored);
	stackIsPainted = 1;
	the->peakHeapCount = the->currentHeapCount;
	the->peakChunksSize = the->currentChunksSize;
	paintStack(the);
}
