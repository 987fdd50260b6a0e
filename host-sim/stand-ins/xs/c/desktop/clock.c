/*
 * Time as the machine has it, and by leaps when nothing happens.
 */
#include "host.h"

/** By how much the device's time is ahead of the machine's. */
static int64_t leaptMs;

void clockLeap(int64_t milliseconds)
{
	leaptMs += milliseconds;
}

int64_t clockMs(void)
{
	static int64_t origin = -1;
	struct timespec now;
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		failRun(EXIT_SYSTEM, "no monotonic clock");
	int64_t milliseconds = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (origin < 0)
		origin = milliseconds;
	return milliseconds - origin + leaptMs;
}
