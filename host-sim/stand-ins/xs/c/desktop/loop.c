/*
 * The device's main loop: turns, and between them a wait for sockets, timers, answers to look-ups and commands.
 *
 * A run ends when nothing can ever happen again, when its time is over, when a signal asks for it, or when the program
 * calls stop().
 */
#include "host.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

static volatile sig_atomic_t signalCount;
static int signalPipe[2] = { -1, -1 };

static void onSignal(int number)
{
	/* A program that never comes back to the loop can be ended by asking twice. */
	if (signalCount++)
		_exit(128 + number);
	int savedErrno = errno;
	ssize_t written = write(signalPipe[1], "", 1);
	(void)written;
	errno = savedErrno;
}

void loopPrepare(void)
{
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_handler = onSignal;
	if ((pipe(signalPipe) != 0) || (fcntl(signalPipe[1], F_SETFL, O_NONBLOCK) != 0)
			|| (sigaction(SIGINT, &action, NULL) != 0) || (sigaction(SIGTERM, &action, NULL) != 0))
		failRun(EXIT_SYSTEM, "cannot catch signals");
}

/** Empties the pipe that wakes the loop; how many signals came is counted elsewhere. */
static void drainSignals(void)
{
	char bytes[16];
	ssize_t count = read(signalPipe[0], bytes, sizeof(bytes));
	(void)count;
}

/** Ends the run if it is over. Otherwise the time the loop may sleep, -1 for as long as it likes. */
static int sleepMs(txMachine* the, int ready)
{
	if (signalCount && !controlAskToStop(the, "signal"))
		endRun("signal");
	turnEndRunIfAsked();
	int64_t wait = timersNextMs();
	if (the->promiseJobsPending || ready || resolverReady())
		wait = 0;
	if ((wait < 0) && (tcpLiveCount() == 0) && (resolverPendingCount() == 0)) {
		/* A simulator has its clients reported, at its own pace. */
		if (!controlAskToStop(the, "idle"))
			endRun("idle");
		return 0;
	}
	if (options.durationMs) {
		int64_t left = options.durationMs - clockMs();
		if (left <= 0)
			endRun("duration");
		if ((wait < 0) || (wait > left))
			wait = left;
	}
	return wait > INT32_MAX ? INT32_MAX : (int)wait;
}

/**
 * Waits for sockets. In a hurry the wait is cut short, but not while a peer may be about to answer; and when nothing came,
 * the time that is left passes at once.
 */
static int waitForEvents(struct pollfd* entries, int count, int waitMs)
{
	enum { QUIET_MS = 1, ANSWER_MS = 2000 };
	if (!options.hurry || (waitMs < QUIET_MS))
		return poll(entries, (nfds_t)count, waitMs);
	int patience = tcpAnswerDue() ? ANSWER_MS : QUIET_MS;
	int real = waitMs < patience ? waitMs : patience;
	int result = poll(entries, (nfds_t)count, real);
	if (result == 0)
		clockLeap(waitMs - real);
	return result;
}

void loopRun(txMachine* the)
{
	struct pollfd entries[SOCKETS_MAX + 3];

	for (;;) {
		turnRun(the);
		int ready = 0;
		int count = tcpPrepare(entries, &ready);
		entries[count] = (struct pollfd){ .fd = signalPipe[0], .events = POLLIN };
		entries[count + 1] = (struct pollfd){ .fd = resolverDescriptor(), .events = POLLIN };
		entries[count + 2] = (struct pollfd){ .fd = controlDescriptor(), .events = POLLIN };
		int result = waitForEvents(entries, count + 3, sleepMs(the, ready));
		if ((result < 0) && (errno != EINTR))
			failRun(EXIT_SYSTEM, "poll: %s", strerror(errno));
		if (result < 0)
			continue;
		if (entries[count].revents)
			drainSignals();
		tcpDeliver(the, entries, count);
		resolverDeliver(the);
		if (entries[count + 2].revents)
			controlDeliver(the);
	}
}
