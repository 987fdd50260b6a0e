/*
 * Time passes only when nothing happens: the loop leaps to what comes next. So a run is the same every time.
 */
#include "host.h"
#include "bare.h"
#include <sys/time.h>

int gettimeofday(struct timeval* restrict now, void* restrict zone)
{
	(void)zone;
	*now = (struct timeval){ .tv_sec = clockMs() / 1000, .tv_usec = (clockMs() % 1000) * 1000 };
	return 0;
}

static uint64_t excluded;

uint64_t instructionCount(void)
{
	uint32_t high, low, again;
	do {
		__asm__ volatile("csrr %0, minstreth\n csrr %1, minstret\n csrr %2, minstreth" : "=r"(high), "=r"(low), "=r"(again));
	} while (high != again);
	return (((uint64_t)high << 32) | low) - excluded;
}

void instructionsExclude(uint64_t start)
{
	excluded += instructionCount() - start;
}

static int isPaused;
static uint64_t pausedAt;

void instructionsPause(void)
{
	pausedAt = instructionCount();
	isPaused = 1;
}

void instructionsGoOn(void)
{
	isPaused = 0;
	instructionsExclude(pausedAt);
}

int instructionsArePaused(void)
{
	return isPaused;
}
