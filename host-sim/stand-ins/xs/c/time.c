/*
 * Module "time". The counter of milliseconds has 32 bits and a sign, as on an ESP32, and can start anywhere, so that a
 * program can be watched while it wraps.
 */
#include "host.h"

static const char source[] =
	"class Time {\n"
	"	static get ticks() @ \"ticks\";\n"
	"	static delta(start, end) @ \"delta\";\n"
	"}\n"
	"export default Time;\n";

static txInteger ticksNow(void)
{
	return (txInteger)((uint32_t)options.ticksStart + (uint32_t)clockMs());
}

static void ticks(txMachine* the)
{
	requireDevice(the, "Time.ticks");
	fxInteger(the, mxResult, ticksNow());
}

static void delta(txMachine* the)
{
	requireDevice(the, "Time.delta");
	uint32_t start = (uint32_t)(mxArgc > 0 ? fxToInteger(the, mxArgv(0)) : 0);
	int given = (mxArgc > 1) && (mxArgv(1)->kind != XS_UNDEFINED_KIND);
	uint32_t end = (uint32_t)(given ? fxToInteger(the, mxArgv(1)) : ticksNow());
	fxInteger(the, mxResult, (txInteger)(end - start));
}

static const NativeFunction functions[] = {
	{ "ticks", ticks, 0 },
	{ "delta", delta, 2 },
	{ NULL, NULL, 0 },
};

const NativeModule timeModule = { "time", source, functions };
