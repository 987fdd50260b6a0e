/*
 * One turn of the device's main loop: timers and promise jobs; what was written goes out at its end, so that several writes
 * leave together. What comes in meanwhile is delivered by the loop, which runs turns until the run ends.
 */
#include "host.h"

static int stopRequested;
static const char* stopReason = "stop";

/** Jobs queue more jobs; the bound keeps a program that never stops doing so from starving its timers and sockets. */
void turnRunPromiseJobs(txMachine* the)
{
	enum { ROUNDS_MAX = 1000 };
	for (int round = 0; the->promiseJobsPending && (round < ROUNDS_MAX); round++) {
		the->promiseJobsPending = 0;
		fxBeginHost(the);
		fxRunPromiseJobs(the);
		fxEndHost(the);
	}
}

void turnRun(txMachine* the)
{
	Totals ignored;
	turnRunPromiseJobs(the);
	timersRun(the);
	turnRunPromiseJobs(the);
	tcpFlush();
	countersRead(&ignored);
}

void turnStop(void)
{
	stopRequested = 1;
}

void turnReason(const char* reason)
{
	stopReason = reason;
}

void turnEndRunIfAsked(void)
{
	if (stopRequested)
		endRun(stopReason);
}
