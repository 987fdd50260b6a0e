/*
 * Entry point: reads what to run, links it, runs it.
 */
#include "host.h"
#include <signal.h>

/*
 * A peer that has closed must show as an error on the socket, not kill the process.
 */
static void ignoreBrokenPipes(void)
{
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_IGN;
	if (sigaction(SIGPIPE, &action, NULL) != 0)
		failRun(EXIT_SYSTEM, "cannot ignore SIGPIPE");
}

int main(int argc, char** argv)
{
	ignoreBrokenPipes();
	optionsRead(argc, argv);
	parentWatch();
	nativesAdd();
	machineRun();
}
