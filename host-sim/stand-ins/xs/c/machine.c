/*
 * Two machines. A roomy one stands for the computer on which the SDK's linker runs: it links all modules and executes
 * those to be preloaded. A clone of it with a small fixed heap stands for the device: it starts with almost nothing in
 * its heap and sees the first one as read-only memory.
 */
#include "host.h"

#if mxStress
extern int gxStress;
#endif

txMachine* device;

static txMachine* createPreloadMachine(void)
{
	txCreation creation = {
		.initialChunkSize = 1 << 20, .incrementalChunkSize = 1 << 20,
		.initialHeapCount = 1 << 16, .incrementalHeapCount = 1 << 16,
		.stackCount = 4096,
		.initialKeyCount = 8192, .incrementalKeyCount = 1024,
		.nameModulo = 127, .symbolModulo = 127,
		.parserBufferSize = 1024, .parserTableModulo = 127,
	};
	txMachine* the = fxCreateMachine(&creation, "flash", NULL, XS_NO_ID);
	if (!the)
		failRun(EXIT_SYSTEM, "no memory for the preloading machine");
	return the;
}

/** What an exception is reported against while the flash image is built. */
static const char* preloading = "the built-in modules";

static void preload(txMachine* the)
{
	for (int index = 0; index < modulesCount(); index++) {
		Module* module = modulesAt(index);
		if (!module->preload)
			continue;
		preloading = module->name;
		mxPushStringX(module->name);
		fxAwaitImport(the, XS_IMPORT_NAMESPACE);
		mxPop();
		fxCollectGarbage(the);
	}
}

static void buildFlash(txMachine* the)
{
	fxBeginHost(the);
	{
		mxTry(the) {
			nativesPrepare(the);
			modulesLink(the);
			preload(the);
			turnRunPromiseJobs(the);
		}
		mxCatch(the) {
			failWithException(the, "module \"%s\" while preloading", preloading);
		}
	}
	fxEndHost(the);
	flashFreeze(the);
	fxShareMachine(the);
	flashSeal(the);
}

static txMachine* createDevice(txMachine* flash)
{
	txCreation creation = {
		.initialChunkSize = options.chunks, .incrementalChunkSize = 0,
		.initialHeapCount = options.slots, .incrementalHeapCount = 0,
		.stackCount = options.stack,
		.initialKeyCount = options.keys, .incrementalKeyCount = 0,
		.nameModulo = 127, .symbolModulo = 127,
	};
	txMachine* the = fxCloneMachine(&creation, flash, "device", NULL);
	if (!the)
		failRun(EXIT_HEAP, "a heap of %d slots and %d chunk bytes with a stack of %d slots is too small to start",
			options.slots, options.chunks, options.stack);
	return the;
}

/* ---- starting the main module ---- */

/** Calls the default export if it is a function. The module is on top of the stack, and is replaced by the result. */
static void callDefault(txMachine* the)
{
	mxGetID(mxID(_default));
	const txSlot* function = the->stack;
	if (!fxIsCallable(the, the->stack))
		return;
	mxPushUndefined();
	mxPushSlot(function);
	mxCall();
	mxRunCount(0);
	mxPop();
}

static void mainFulfilled(txMachine* the)
{
	mxTry(the) {
		mxPushSlot(mxArgv(0));
		callDefault(the);
		mxPop();
	}
	mxCatch(the) {
		failWithException(the, "module \"%s\"", options.main);
	}
}

static void mainRejected(txMachine* the)
{
	mxException.kind = mxArgv(0)->kind;
	mxException.value = mxArgv(0)->value;
	failWithException(the, "module \"%s\"", options.main);
}

/** A program that awaits at top level goes on when its promise is fulfilled. */
static void startLater(txMachine* the)
{
	fxAwaitImport(the, XS_IMPORT_ASYNC);
	txSlot* promise = the->stack;
	fxNewHostFunction(the, mainFulfilled, 1, XS_NO_ID, XS_NO_ID);
	txSlot* fulfilled = the->stack;
	fxNewHostFunction(the, mainRejected, 1, XS_NO_ID, XS_NO_ID);
	txSlot* rejected = the->stack;
	fxPromiseThen(the, promise->value.reference, fulfilled, rejected, NULL, NULL);
	mxPop();
	mxPop();
}

static void startMain(txMachine* the)
{
	fxBeginHost(the);
	{
		mxTry(the) {
			mxPushStringX(options.main);
			if (modulesAwait())
				startLater(the);
			else {
				fxAwaitImport(the, XS_IMPORT_NAMESPACE);
				callDefault(the);
			}
			mxPop();
		}
		mxCatch(the) {
			failWithException(the, "module \"%s\"", options.main);
		}
	}
	fxEndHost(the);
}

void machineRun(void)
{
	txMachine* flash = createPreloadMachine();
	buildFlash(flash);
	boardImageMade();
	device = createDevice(flash);
	/* Not earlier: making a machine counts it in a record that all machines share. */
	boardImageProtect();
#if mxStress
	gxStress = options.stress;
#endif
	(void)clockMs();
	loopPrepare();
	countersStart(device);
	profileStart();
	controlStart();
	startMain(device);
	loopRun(device);
}

/* ---- what the engine asks of a platform ---- */

void fxCreateMachinePlatform(txMachine* the)
{
	the->promiseJobsPending = 0;
}

void fxDeleteMachinePlatform(txMachine* the)
{
	(void)the;
}

void fxQueuePromiseJobs(txMachine* the)
{
	the->promiseJobsPending = 1;
}
