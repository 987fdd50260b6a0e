/*
 * The global function trace: its arguments as text on stdout, one after the other, at once.
 */
#include "host.h"

static int lineOpen;

void traceGlobal(txMachine* the)
{
	txInteger count = mxArgc;
	for (txInteger index = 0; index < count; index++) {
		const char* text = fxToString(the, mxArgv(index));
		size_t length = strlen(text);
		if (length) {
			(void)fwrite(text, 1, length, stdout);
			lineOpen = text[length - 1] != '\n';
		}
	}
	(void)fflush(stdout);
}

void traceEndLine(void)
{
	if (lineOpen)
		(void)fputc('\n', stdout);
	lineOpen = 0;
}
