/*
 * The main loop, as ../desktop/loop.c, with a clock that leaps: timers, promise jobs, what the peer has to say.
 */
#include "host.h"
#include "bare.h"
#include <poll.h>

static int64_t now;

int64_t clockMs(void)
{
	return now;
}

void clockLeap(int64_t milliseconds)
{
	now += milliseconds;
}

void loopPrepare(void)
{
}

/** Milliseconds until something happens. Ends the run when nothing will. */
static int64_t sleepMs(txMachine* the, int ready)
{
	turnEndRunIfAsked();
	int64_t wait = timersNextMs();
	int64_t peer = peerNextMs();
	if ((wait < 0) || ((peer >= 0) && (peer < wait)))
		wait = peer;
	if (ready || the->promiseJobsPending)
		wait = 0;
	if (wait < 0)
		endRun("idle");
	if (options.durationMs && (now + wait >= options.durationMs))
		endRun("duration");
	return wait;
}

void loopRun(txMachine* the)
{
	struct pollfd entries[SOCKETS_MAX];
	for (;;) {
		turnRun(the);
		int ready = 0;
		int count = tcpPrepare(entries, &ready);
		now += sleepMs(the, ready);
		for (int index = 0; index < count; index++)
			entries[index].revents = POLLIN;
		tcpDeliver(the, entries, count);
	}
}
