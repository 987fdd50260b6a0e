/*
 * Where instructions are spent: a timer interrupts at a steady number of instructions, and notes which C function runs
 * and on behalf of which JavaScript function. The emulator's clock is a count of instructions, so the same program has
 * the same profile each time.
 */
#include "host.h"
#include "bare.h"

/* The emulator's timer. */
#define TIME (*(volatile uint64_t*)0x0200BFF8u)
#define TIME_COMPARE (*(volatile uint64_t*)0x02004000u)

enum {
	/** Ticks of 100 instructions; no multiple of anything that a program does. */
	PERIOD = 7,
	PLACES_MAX = 8192,
	TIMER_INTERRUPT = 1 << 7,
	INTERRUPTS = 1 << 3,
};

/** From the linker's command line: memory that is not the program's. */
extern char samplesBase[];

typedef struct {
	uint32_t address;
	uint32_t count;
} Place;
#define PLACES ((Place*)(void*)samplesBase)

static void note(uint32_t address)
{
	uint32_t index = (address >> 1) * 2654435761u >> 19;
	while (PLACES[index].count && (PLACES[index].address != address))
		index = (index + 1) % PLACES_MAX;
	PLACES[index].address = address;
	PLACES[index].count++;
}

/** The byte code that runs; for a function in C that which has called it. NULL while the program does not run. */
static const txByte* codeNow(void)
{
	return device->code || !device->frame ? device->code : device->frame->value.frame.code;
}

void samplerTick(uint32_t address)
{
	uint64_t start = instructionCount();
	if (!instructionsArePaused()) {
		note(address);
		profileCode(codeNow());
	}
	TIME_COMPARE = TIME + PERIOD;
	instructionsExclude(start);
}

void samplerStart(void)
{
	memset(PLACES, 0, PLACES_MAX * sizeof(Place));
	TIME_COMPARE = TIME + PERIOD;
	__asm__ volatile("csrs mie, %0\n csrs mstatus, %1" : : "r"(TIMER_INTERRUPT), "r"(INTERRUPTS) : "memory");
}

void samplerStop(void)
{
	__asm__ volatile("csrc mie, %0" : : "r"(TIMER_INTERRUPT) : "memory");
}

void samplerWrite(void)
{
	for (int index = 0; index < PLACES_MAX; index++) {
		if (PLACES[index].count)
			(void)printf("@sample {\"address\":%lu,\"count\":%lu}\n", (unsigned long)PLACES[index].address,
				(unsigned long)PLACES[index].count);
	}
}
