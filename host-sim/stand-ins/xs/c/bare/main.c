/*
 * Entry point. The C library's start-up code passes no arguments here, so the command line is asked of the emulator.
 */
#include "host.h"
#include <semihost.h>

int main(void)
{
	enum { ARGUMENTS_MAX = 16 };
	static char line[1024];
	char* arguments[ARGUMENTS_MAX];
	int count = 0;
	if (sys_semihost_get_cmdline(line, sizeof(line)) != 0)
		failRun(EXIT_SYSTEM, "no command line");
	for (char* word = strtok(line, " "); word && (count < ARGUMENTS_MAX); word = strtok(NULL, " "))
		arguments[count++] = word;
	optionsRead(count, arguments);
	nativesAdd();
	machineRun();
}
