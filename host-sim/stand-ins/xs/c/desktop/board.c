/*
 * On a desktop nothing below the engine is measured: memory is plentiful, and instructions are another processor's.
 */
#include "host.h"

const NumberOption boardOptions[] = { { NULL, NULL, NULL, 0, 0 } };

void boardImageMade(void)
{
}

void boardImageProtect(void)
{
}

uint64_t boardInstructions(void)
{
	return 0;
}

void boardWindowBegin(void)
{
}

void boardWindowEnd(void)
{
}

void boardWriteProfile(void)
{
}

void boardWriteFigures(void)
{
}
