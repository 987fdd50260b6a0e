/*
 * What XS needs to know about the machine it runs on, wherever that is. The engine includes platform.h of desktop/ or bare/
 * through XSPLATFORM, and that this.
 *
 * The choices follow an ESP32 build rather than a desktop one: built-in functions are primitives, strings are UTF-8 with
 * code points (no mxCESU8), identifiers have 16 bits, nothing is instrumented. Every allocation of the engine in the C
 * heap goes through the counting functions below, because `try` allocates there and a test has to see it.
 */
#ifndef XS_HOST_PLATFORM_COMMON_H
#define XS_HOST_PLATFORM_COMMON_H

#if defined(__BYTE_ORDER__) && (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
	#error "the host is written for little-endian machines, like the devices it stands for"
#endif

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern void* heapAllocate(size_t size);
extern void* heapAllocateCleared(size_t count, size_t size);
extern void* heapReallocate(void* block, size_t size);
extern void heapFree(void* block);

#define c_malloc heapAllocate
#define c_calloc heapAllocateCleared
#define c_realloc heapReallocate
#define c_free heapFree
#define c_malloc_uint32 heapAllocate
#define c_free_uint32 heapFree

#define mxUseDefaultBuildKeys 1
#define mxUseDefaultChunkAllocation 1
#define mxUseDefaultSlotAllocation 1
#define mxUseDefaultSharedChunks 1
#define mxHostFunctionPrimitive 1

#ifndef mxFallThrough
	#define mxFallThrough __attribute__((fallthrough))
#endif

/* The first three are the engine's own, for Atomics.wait; the last is set when promise jobs wait to be run. */
#define mxMachinePlatform \
	void* waiterCondition; \
	void* waiterData; \
	txMachine* waiterLink; \
	int promiseJobsPending;

#endif
