/*
 * A host ends with the process that has started it, however that ends and whatever the program does meanwhile. Linux does
 * that at once by itself; elsewhere, and should the parent have gone before that was asked for, a thread looks now and then.
 */
#include "host.h"
#if mxLinux
	#include <sys/prctl.h>
#endif
#include <signal.h>

enum { LOOK_MS = 250 };

static void endIfAlone(void)
{
	if (getppid() != (pid_t)options.parent)
		_exit(EXIT_SYSTEM);
}

static void* watch(void* argument)
{
	const struct timespec pause = { .tv_sec = 0, .tv_nsec = LOOK_MS * 1000000L };
	(void)argument;
	for (;;) {
		endIfAlone();
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

void parentWatch(void)
{
	pthread_t thread;
	if (!options.parent)
		return;
#if mxLinux
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	endIfAlone();
	if (pthread_create(&thread, NULL, watch, NULL) == 0)
		(void)pthread_detach(thread);
}
