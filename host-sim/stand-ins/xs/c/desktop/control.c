/*
 * A simulator's hand on the run, with the option "control": it writes single letters to our standard input.
 *
 *   m   the program is in its steady state: what it takes from here on is reported apart
 *   s   stop in good order
 *
 * The end of the input ends the run at once: the simulator is gone. A signal means "s", and a second one ends the process.
 *
 * Module "xs-host/control" is for the simulator's own JavaScript, which is preloaded and must cost the program nothing:
 * what it keeps lies in C memory.
 */
#include "host.h"
#include <errno.h>

static const char source[] =
	"export function onStop(callback) @ \"onStop\";\n"
	"export function keep(object) @ \"keep\";\n"
	"export function kept(index) @ \"kept\";\n"
	"export function stop() @ \"stop\";\n";

#define KEPT_MAX 16

static txSlot stopFunction;
static txSlot keptSlots[KEPT_MAX];
static int keptCount;
static int stopAsked;

/** Announces that the program is about to start. */
void controlStart(void)
{
	if (!options.control)
		return;
	(void)printf("@started\n");
	(void)fflush(stdout);
}

int controlDescriptor(void)
{
	return options.control && !stopAsked ? STDIN_FILENO : -1;
}

int controlAskToStop(txMachine* the, const char* reason)
{
	if (stopAsked)
		return 1;
	if (stopFunction.kind != XS_REFERENCE_KIND)
		return 0;
	stopAsked = 1;
	traceEndLine();
	(void)printf("@stopping\n");
	(void)fflush(stdout);
	/* What stopping and reporting takes is not the program's. */
	countersFreeze(the);
	watchFlush();
	turnReason(reason);
	callBack(the, &stopFunction, NULL, 0, NULL, "the stop of a run");
	return 1;
}

void controlDeliver(txMachine* the)
{
	char letter;
	ssize_t count = read(STDIN_FILENO, &letter, 1);
	if ((count < 0) && (errno == EINTR))
		return;
	if (count <= 0)
		endRun("abandoned");
	if (letter == 'm')
		countersMark();
	else if ((letter == 's') && !controlAskToStop(the, "stop"))
		turnStop();
}

/* ---- the module ---- */

static void onStop(txMachine* the)
{
	if ((mxArgc < 1) || !fxIsCallable(the, mxArgv(0)))
		mxTypeError("callback is no function");
	keepSlot(the, &stopFunction, mxArgv(0));
}

static void keep(txMachine* the)
{
	requireDevice(the, "keep");
	if ((mxArgc > 0) && (keptCount < KEPT_MAX))
		keepSlot(the, &keptSlots[keptCount++], mxArgv(0));
}

/** The object kept under a number, from 0; undefined past the last. */
static void kept(txMachine* the)
{
	txInteger index = mxArgc > 0 ? fxToInteger(the, mxArgv(0)) : 0;
	if ((index < 0) || (index >= keptCount))
		return;
	mxResult->kind = keptSlots[index].kind;
	mxResult->value = keptSlots[index].value;
}

int controlNumberOf(const txSlot* client)
{
	for (int index = 0; index < keptCount; index++) {
		if ((client->kind == XS_REFERENCE_KIND) && (client->value.reference == keptSlots[index].value.reference))
			return index + 1;
	}
	return 0;
}

static void stop(txMachine* the)
{
	requireDevice(the, "stop");
	turnStop();
}

static const NativeFunction functions[] = {
	{ "onStop", onStop, 1 }, { "keep", keep, 1 }, { "kept", kept, 1 }, { "stop", stop, 0 }, { NULL, NULL, 0 },
};

const NativeModule controlModule = { "xs-host/control", source, functions };
