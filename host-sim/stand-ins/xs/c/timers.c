/*
 * Module "timer", with the rules of the ESP32's timers:
 *
 * - A timer that repeats counts its next period from when it was due, not from when it ran.
 * - A one-shot timer is freed once its callback has returned, unless the callback has given it a period or parked it.
 *   From then on its id is no timer: schedule throws, clear does nothing.
 * - Scheduling and parking allocate nothing.
 * - Times are integers of 32 bits with a sign, and so is the time until a timer is due. A delay of 2^31 ms or more is
 *   therefore one that has passed.
 */
#include "host.h"

static const char source[] =
	"class Timer {\n"
	"	static set(callback, delay, repeat) @ \"set\";\n"
	"	static repeat(callback, delay) @ \"repeat\";\n"
	"	static schedule(id, delay, repeat) @ \"schedule\";\n"
	"	static clear(id) @ \"clear\";\n"
	"}\n"
	"export default Timer;\n";

typedef struct Timer {
	struct Timer* next;
	txSlot object;     /* the id, kept alive while the timer exists */
	txSlot callback;
	int64_t dueMs;     /* as the device adds it up */
	int64_t wakeMs;    /* when that is, after 32 bits have been taken into account */
	txInteger periodMs;
	int armed;
	int parked;        /* kept without a time; parking in the callback keeps the timer, too */
	int fresh;         /* armed since the last pass looked */
	int fires;         /* is due in this pass */
	int holders;       /* the list, and a pass that is calling it */
} Timer;

static Timer* timers;

static void timerDestroy(void* data)
{
	/* Timers are roots until they are freed, so an object that is collected has none. */
	(void)data;
}

static const txHostHooks timerHooks = { timerDestroy, NULL, NULL };

static void timerRelease(Timer* timer)
{
	if (--timer->holders > 0)
		return;
	for (Timer** link = &timers; *link; link = &(*link)->next) {
		if (*link == timer) {
			*link = timer->next;
			break;
		}
	}
	c_free(timer);
}

/** Takes the timer away from its id. The memory goes when nobody holds it any more. */
static void timerClose(txMachine* the, Timer* timer)
{
	fxSetHostData(the, &timer->object, NULL);
	fxSetHostDestructor(the, &timer->object, NULL);
	dropSlot(the, &timer->object);
	dropSlot(the, &timer->callback);
	timer->armed = 0;
	timer->fires = 0;
	timerRelease(timer);
}

static txInteger integerArgument(txMachine* the, int index)
{
	return (mxArgc > index) && (mxArgv(index)->kind != XS_UNDEFINED_KIND) ? fxToInteger(the, mxArgv(index)) : 0;
}

static void timerDue(Timer* timer, int64_t dueMs, int64_t now)
{
	timer->dueMs = dueMs;
	timer->wakeMs = now + (int32_t)(uint32_t)(uint64_t)(dueMs - now);
}

static void timerArm(Timer* timer, txInteger delayMs, txInteger periodMs)
{
	int64_t now = clockMs();
	timerDue(timer, now + delayMs, now);
	timer->periodMs = periodMs;
	timer->armed = 1;
	timer->parked = 0;
	timer->fresh = 1;
}

static void timerCreate(txMachine* the, txInteger delayMs, txInteger periodMs)
{
	if ((mxArgc < 1) || !fxIsCallable(the, mxArgv(0)))
		mxTypeError("callback is no function");
	fxNewHostObject(the, NULL);
	mxPullSlot(mxResult);
	Timer* timer = c_calloc(1, sizeof(Timer));
	if (!timer)
		mxUnknownError("add failed");
	fxSetHostData(the, mxResult, timer);
	fxSetHostHooks(the, mxResult, &timerHooks);
	keepSlot(the, &timer->object, mxResult);
	keepSlot(the, &timer->callback, mxArgv(0));
	timer->holders = 1;
	timerArm(timer, delayMs, periodMs);
	Timer** link = &timers;
	while (*link)
		link = &(*link)->next;
	*link = timer;
}

static void set(txMachine* the)
{
	requireDevice(the, "Timer.set");
	timerCreate(the, integerArgument(the, 1), integerArgument(the, 2));
}

static void repeat(txMachine* the)
{
	requireDevice(the, "Timer.repeat");
	txInteger periodMs = integerArgument(the, 1);
	timerCreate(the, periodMs, periodMs);
}

static void schedule(txMachine* the)
{
	requireDevice(the, "Timer.schedule");
	if (mxArgc < 1)
		mxTypeError("no timer");
	Timer* timer = fxGetHostDataValidate(the, mxArgv(0), (void*)&timerHooks);
	if (mxArgc == 1) {
		timer->armed = 0;
		timer->fires = 0;
		timer->parked = 1;
	}
	else
		timerArm(timer, integerArgument(the, 1), integerArgument(the, 2));
}

static void clear(txMachine* the)
{
	requireDevice(the, "Timer.clear");
	if ((mxArgc < 1) || (mxArgv(0)->kind != XS_REFERENCE_KIND))
		return;
	const txSlot* host = mxArgv(0)->value.reference->next;
	if (!host || (host->kind != XS_HOST_KIND) || !(host->flag & XS_HOST_HOOKS_FLAG))
		return;
	if (host->value.host.variant.hooks == &timerHooks)
		timerClose(the, host->value.host.data);
}

/* ---- running ---- */

/** Marks what is due now; `freshOnly` leaves out periodic timers that are late and would run twice in a turn. */
static int markDue(int freshOnly)
{
	int64_t now = clockMs();
	int count = 0;
	for (Timer* timer = timers; timer; timer = timer->next) {
		if (timer->armed && (timer->wakeMs <= now) && (timer->fresh || !freshOnly)) {
			timer->fires = 1;
			count++;
		}
		timer->fresh = 0;
	}
	return count;
}

static void timerFire(txMachine* the, Timer* timer)
{
	timer->fires = 0;
	timerDue(timer, timer->dueMs + timer->periodMs, clockMs());
	timer->holders++;
	callBack(the, &timer->callback, NULL, 1, &timer->object, "a timer callback");
	int closed = timer->object.kind == XS_UNDEFINED_KIND;
	if (!closed && !timer->parked && (timer->periodMs == 0))
		timerClose(the, timer);
	timerRelease(timer);
}

/**
 * The marked timer that was due first. A device is never so late that the order could differ from that of its list; a
 * busy computer is, and must not change what a program does.
 */
static Timer* firstMarked(void)
{
	Timer* first = NULL;
	for (Timer* timer = timers; timer; timer = timer->next) {
		if (timer->fires && (!first || (timer->wakeMs < first->wakeMs)))
			first = timer;
	}
	return first;
}

/**
 * Runs every timer that is due, and those that its callbacks arm with 0 ms. The number of passes is bounded: a program
 * that goes on arming must not keep its own sockets waiting.
 */
void timersRun(txMachine* the)
{
	enum { PASSES_MAX = 16 };
	for (int pass = 0; (pass < PASSES_MAX) && markDue(pass > 0); pass++) {
		/* Callbacks clear other timers too, so each is looked for anew. */
		for (Timer* timer = firstMarked(); timer; timer = firstMarked())
			timerFire(the, timer);
	}
}

int64_t timersNextMs(void)
{
	int64_t next = -1;
	int64_t now = clockMs();
	for (const Timer* timer = timers; timer; timer = timer->next) {
		if (!timer->armed)
			continue;
		int64_t wait = timer->wakeMs > now ? timer->wakeMs - now : 0;
		if ((next < 0) || (wait < next))
			next = wait;
	}
	return next;
}

static const NativeFunction functions[] = {
	{ "set", set, 3 },
	{ "repeat", repeat, 2 },
	{ "schedule", schedule, 3 },
	{ "clear", clear, 1 },
	{ NULL, NULL, 0 },
};

const NativeModule timerModule = { "timer", source, functions };
