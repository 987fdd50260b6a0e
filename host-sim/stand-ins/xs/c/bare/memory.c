/*
 * Two heaps behind malloc. What is allocated before the device starts is what the SDK's linker leaves in an image in
 * flash: it lies in a region of its own, which the processor makes read-only once it is complete. Everything after it is
 * the device's RAM, and counted.
 *
 * Both are first fit over a list of blocks in the order of their addresses. A block that was just freed is taken at once by a
 * request of its size: each guard (`try`) of a program is one, and a device's allocator takes the same time for each.
 */
#include "host.h"
#include "bare.h"
#include <errno.h>

/* From the linker's command line; see ../../bare.ts. */
extern char imageBase[], imageSize[], heapSize[];
/* From the linker's script. */
extern char __data_start[], __bss_end[], __stack[], __heap_start[];

typedef struct Block {
	uint32_t size; /* header included; the lowest bit says whether it is free */
} Block;

typedef struct {
	char* base;
	char* end;
	char* first; /* no block below it is free */
	Block* freed; /* the last one, as long as it stands alone */
	size_t used;
	size_t most;
} Heap;

enum { ALIGNMENT = 8, HEADER = 8, FREE = 1 };

static Heap image, ram;
static int isSealed;

static void openHeap(Heap* heap, char* base, size_t size)
{
	heap->base = heap->first = base;
	heap->end = base + size;
	*(Block*)base = (Block){ (uint32_t)size | FREE };
}

static Block* nextBlock(Block* block)
{
	return (Block*)((char*)block + (block->size & ~(uint32_t)FREE));
}

static void joinFree(Heap* heap, Block* block)
{
	for (Block* next = nextBlock(block); ((char*)next < heap->end) && (next->size & FREE); next = nextBlock(block)) {
		if (next == heap->freed)
			heap->freed = NULL;
		block->size += next->size & ~(uint32_t)FREE;
	}
}

static void* use(Heap* heap, Block* block, uint32_t size)
{
	block->size = size;
	if (block == heap->freed)
		heap->freed = NULL;
	heap->used += size;
	if (heap->used > heap->most)
		heap->most = heap->used;
	return (char*)block + HEADER;
}

static void* take(Heap* heap, size_t bytes)
{
	uint32_t size = (uint32_t)((bytes + HEADER + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1));
	int passed = 0;
	if (heap->freed && (heap->freed->size == (size | FREE)))
		return use(heap, heap->freed, size);
	for (Block* block = (Block*)heap->first; (char*)block < heap->end; block = nextBlock(block)) {
		if (!(block->size & FREE))
			continue;
		joinFree(heap, block);
		if (!passed)
			heap->first = (char*)block;
		passed = 1;
		uint32_t room = block->size & ~(uint32_t)FREE;
		if (room < size)
			continue;
		if (room - size < 2 * HEADER)
			return use(heap, block, room);
		*(Block*)((char*)block + size) = (Block){ (room - size) | FREE };
		return use(heap, block, size);
	}
	errno = ENOMEM;
	return NULL;
}

static Heap* heapOf(const void* pointer)
{
	return ((const char*)pointer >= image.base) && ((const char*)pointer < image.end) ? &image : &ram;
}

static void* allocate(size_t size)
{
	if (!image.base) {
		openHeap(&image, imageBase, (size_t)imageSize);
		openHeap(&ram, (char*)(((uintptr_t)__heap_start + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1)), (size_t)heapSize);
	}
	return take(isSealed ? &ram : &image, size);
}

void* malloc(size_t size)
{
	return allocate(size);
}

void free(void* pointer)
{
	if (!pointer || (heapOf(pointer) == &image && isSealed))
		return;
	Heap* heap = heapOf(pointer);
	Block* block = (Block*)((char*)pointer - HEADER);
	heap->used -= block->size;
	block->size |= FREE;
	heap->freed = block;
	if ((char*)block < heap->first)
		heap->first = (char*)block;
}

void* calloc(size_t count, size_t size)
{
	/* Not by malloc: the compiler makes a call of calloc of that. */
	void* result = allocate(count * size);
	if (result)
		memset(result, 0, count * size);
	return result;
}

void* realloc(void* pointer, size_t size)
{
	void* result = allocate(size);
	if (pointer && result) {
		size_t old = ((Block*)((char*)pointer - HEADER))->size - HEADER;
		memcpy(result, pointer, old < size ? old : size);
		free(pointer);
	}
	return result;
}

/* ---- read-only ---- */

enum { PMP_READ = 1, PMP_NAPOT = 3 << 3, PMP_LOCK = 1 << 7 };

enum { PAINT = 0x5A };

static char* stackLow;

/** Paints what the C stack has not reached, so that its depth can be told. */
static void paintStack(void)
{
	char* here;
	__asm__ volatile("mv %0, sp" : "=r"(here));
	stackLow = ram.end;
	for (char* p = stackLow; p < here; p++)
		*p = PAINT;
}

void memorySeal(void)
{
	isSealed = 1;
	paintStack();
}

void memoryProtect(void)
{
	uint32_t range = ((uint32_t)(uintptr_t)imageBase >> 2) | (((uint32_t)(size_t)imageSize >> 3) - 1);
	uint32_t config = PMP_READ | PMP_NAPOT | PMP_LOCK;
	__asm__ volatile("csrw pmpaddr0, %0\n csrw pmpcfg0, %1" : : "r"(range), "r"(config) : "memory");
}

void memoryFigures(MemoryFigures* figures)
{
	const char* deepest = stackLow;
	while ((deepest < __stack) && (*deepest == PAINT))
		deepest++;
	figures->data = (size_t)(__bss_end - __data_start);
	figures->heap = ram.most;
	figures->stack = (size_t)(__stack - deepest);
	figures->image = image.used;
}
