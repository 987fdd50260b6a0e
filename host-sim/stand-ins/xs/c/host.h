/*
 * The XS host: one C program that runs compiled ES modules the way an ESP32 does, and counts what they take.
 *
 * The parts, each in a file of its own, in the order in which a run passes through them:
 *
 *   options.c   command line and run file
 *   modules.c   the linked modules: names, paths, byte code; what the engine calls to find and load one
 *   code.c      parsing, and the rewriting of byte code that the SDK's linker does
 *   natives.c   modules with functions in C; natives are declared next to their functions (timers.c, tcp.c, ...)
 *   flash.c     what the SDK's linker does to the heap of preloaded modules, so that they are read-only
 *   parent.c    ending with the process that has started us
 *   machine.c   building the preloading machine, cloning the device from it, starting the main module
 *   turn.c      timers and promise jobs; loop.c turn after turn, and what comes in between
 *   control.c   what a simulator says while the program runs
 *   watch.c     what it learns of the program's clients
 *   counters.c  counting; windows.c the measured windows a program can open (module "xs-host/counters")
 *   random.c    random numbers from a seed
 *   profile.c   where byte codes are spent
 *   report.c    every way a run can end
 *
 * Those in `desktop` are for a machine with an operating system; in `bare` is what takes their place on a processor that has
 * none, see bare/bare.h.
 */
#ifndef XS_HOST_H
#define XS_HOST_H

#include "xsAll.h"
#include "xsScript.h"

/* Functions of the engine that its internal headers leave out. */
extern void* fxGetHostDataValidate(txMachine* the, txSlot* slot, void* validator);
extern txInteger _xsmcGetBuffer(txMachine* the, txSlot* slot, void** data, txUnsigned* count, txBoolean writable);
extern void fxRemapIDs(txMachine* the, txByte* codeBuffer, txSize codeSize, txID* theIDs);

/* ---- report.c: every way a run can end ---- */

/** Exit codes. 1 is left to the C library and to sanitizers. */
enum {
	EXIT_OK = 0,
	EXIT_OPTIONS = 2,
	EXIT_MODULE = 3,
	EXIT_EXCEPTION = 4,
	EXIT_HEAP = 5,
	EXIT_SYSTEM = 6,
};

/** The fixed pools of a machine, any of which can run out. patches.ts knows the numbers of the first two. */
typedef enum { POOL_SLOTS, POOL_CHUNKS, POOL_STACK, POOL_KEYS, POOL_NATIVE_STACK } Pool;

/** Prints "xs-host: " and a message on stderr, then the report of the device if it has started, and exits. */
extern void failRun(int exitCode, const char* format, ...) __attribute__((noreturn, format(printf, 2, 3)));
/** Ends a run in good order. `reason` goes into the report. */
extern void endRun(const char* reason) __attribute__((noreturn));
/** Ends a run because of the exception in `the`; the text says what was being done. */
extern void failWithException(txMachine* the, const char* where, ...) __attribute__((noreturn, format(printf, 2, 3)));
/** Called from the patched engine too: a fixed pool has no room for `bytes` more (0: for one more entry). */
extern void poolFull(txMachine* the, int pool, long bytes) __attribute__((noreturn));

/* ---- options.c ---- */

typedef struct {
	char* name;
	char* path;
	char* source;           /* NULL: it is in the file at the path */
} ModuleOption;

typedef struct {
	const char* runFile;
	char* main;
	ModuleOption* modules;
	int moduleCount;
	char** preload;
	int preloadCount;
	char* configText;       /* JSON */
	int slots;              /* size of the slot heap, in slots */
	int chunks;             /* size of the chunk heap, in bytes */
	int stack;              /* size of the stack, in slots */
	int keys;               /* names a running program may add */
	int durationMs;         /* 0: until nothing is left to do */
	int ticksStart;         /* first value of Time.ticks */
	int writableBytes;      /* send buffer of a socket, what lwip calls TCP_SND_BUF */
	int readableBytes;      /* receive buffer of a socket, what lwip calls TCP_WND */
	int archivePreloaded;   /* 1: literals of preloaded modules stay in flash too */
	int hurry;              /* 1: when nothing happens, time leaps to the next timer */
	int parent;             /* number of the process that has started us; the run ends with it. 0: it does not */
	int random;             /* state of the generator behind Math.random at the start */
	int control;            /* 1: a simulator writes commands to our standard input */
	int profile;            /* where byte codes are spent; function bodies then stay where they lie, as above */
	int stress;             /* 1: collect at every allocation, to find what the collector must not lose */
} Options;

extern Options options;
extern void optionsRead(int argc, char** argv);

/** An option that is a number: where it goes, and what it may be. Both the command line and the run file use this. */
typedef struct {
	const char* flag;       /* NULL ends a list */
	const char* property;
	int* value;
	long minimum;
	long maximum;
} NumberOption;

/* ---- desktop/board.c or bare/board.c: what the host has to do with the place where it runs ---- */

/** Options of the run file that only this place has. */
extern const NumberOption boardOptions[];
/** The image of preloaded modules is complete; what is allocated from now on is the device's. */
extern void boardImageMade(void);
/** Nobody writes into the image any more. */
extern void boardImageProtect(void);
/** Instructions of the processor since the start; 0 where they are not counted. */
extern uint64_t boardInstructions(void);
/** A measured window begins, and ends. */
extern void boardWindowBegin(void);
extern void boardWindowEnd(void);
/** Prints what was noted of the window, in lines of its own. */
extern void boardWriteProfile(void);
/** Prints figures of memory as members of the report's JSON object, each with a comma behind it. */
extern void boardWriteFigures(void);

/* ---- modules.c and code.c ---- */

struct NativeModule;

typedef struct {
	char* name;
	const char* path;                   /* NULL when the source is in the host itself */
	const char* source;                 /* the text; NULL when it is in the file at the path */
	const struct NativeModule* native;  /* functions that the source refers to, or NULL */
	int preload;
	int awaits;                         /* the module body is asynchronous */
	txID id;
	txScript* script;
	txHostFunctionBuilder* builders;
	int builderCount;
} Module;

extern Module* modulesAdd(const char* name);
extern Module* modulesByName(const char* name);
extern int modulesCount(void);
extern Module* modulesAt(int index);
/** Parses every module and gives its identifiers their final values, in the machine that is preloaded. */
extern void modulesLink(txMachine* the);
/** 1 when a module that is not preloaded awaits at top level, so that the main module cannot be imported at once. */
extern int modulesAwait(void);

/** Parses one module. `preloaded` keeps the instructions that the linker keeps in preloaded modules. */
extern void codeParse(txMachine* the, Module* module, int keepPlainInstructions);
/** Bytes that an instruction takes, with its operand. */
extern size_t codeInstructionSize(const txU1* instruction);

/* ---- natives.c ---- */

/** A function in C under the name by which module sources refer to it. Length -1 makes a destructor of a host class. */
typedef struct {
	const char* name;
	txCallback callback;
	int length;
} NativeFunction;

#define NATIVE_DESTRUCTOR(FUNCTION) ((txCallback)(void (*)(void))(FUNCTION))

/** A module whose classes are declared in JavaScript and implemented in C. `functions` ends with a NULL name. */
typedef struct NativeModule {
	const char* specifier;
	const char* source;
	const NativeFunction* functions;
} NativeModule;

extern const NativeModule timerModule;
extern const NativeModule timeModule;
extern const NativeModule tcpModule;
extern const NativeModule resolverModule;
extern const NativeModule countersModule;
extern const NativeModule controlModule;
extern const NativeModule watchModule;

/** Adds the modules of the host, and mc/config, to the module table. */
extern void nativesAdd(void);
/** Resolves the names of one module's functions; the result goes into module->builders. */
extern void nativesBind(Module* module);
/** The engine calls this when a script with functions in C is loaded; it makes them known to the module. */
extern void nativesBuildHosts(txMachine* the);
extern void nativesSetLoading(const Module* module);
/** Throws when called while preloading: a device's flash image is built where there is no hardware. */
extern void requireDevice(txMachine* the, const char* what);
/** Looks up identifiers and adds global functions, before the heap is made read-only. */
extern void nativesPrepare(txMachine* the);

/** Names of the options that native classes read, resolved once because a lookup at run time could allocate. */
typedef struct {
	txID address, port, nodelay, onReadable, onWritable, onError, onResolved, target, format, host, field, name, message;
} NativeIDs;
extern NativeIDs nativeIDs;

/** Reads a property of the object in `object` into `result`; undefined when `object` is no object. */
extern void getOption(txMachine* the, const txSlot* object, txID id, txSlot* result);
/** Reads a callback option; an absent one leaves `result` undefined. Throws if it is no function. */
extern void getCallback(txMachine* the, const txSlot* object, txID id, txSlot* result);
/** Makes a slot in C memory a root of the collector, and back. */
extern void keepSlot(txMachine* the, txSlot* slot, const txSlot* value);
extern void dropSlot(txMachine* the, txSlot* slot);
/** Calls `function` with `self` as this and up to 2 arguments. An exception ends the run, as it restarts a device. */
extern void callBack(txMachine* the, const txSlot* function, const txSlot* self, int count, const txSlot* arguments,
	const char* what);

/* ---- flash.c ---- */

/** Freezes what the SDK's linker freezes. Before fxShareMachine. */
extern void flashFreeze(txMachine* the);
/** Turns what lies in chunks into what lies in flash, where no collector comes. After fxShareMachine. */
extern void flashSeal(txMachine* the);

/* ---- machine.c ---- */

/** The machine that stands for the device, or NULL while preloading. */
extern txMachine* device;
extern void machineRun(void) __attribute__((noreturn));

/* ---- turn.c, loop.c and the sources of its events ---- */

/** From now on SIGINT and SIGTERM end the run in good order. */
extern void loopPrepare(void);
extern void loopRun(txMachine* the) __attribute__((noreturn));
/** Runs promise jobs and timers, and sends what was written. */
extern void turnRun(txMachine* the);
/** Ends the run when turnStop has been called. */
extern void turnEndRunIfAsked(void);
/** Asks the loop to end after the current turn. */
extern void turnStop(void);
/** Why the run will have ended, when turnStop has been called; default "stop". */
extern void turnReason(const char* reason);
extern void turnRunPromiseJobs(txMachine* the);

/** Milliseconds since the program started, monotonic. */
extern int64_t clockMs(void);
/** Time passes at once. */
extern void clockLeap(int64_t milliseconds);

extern void timersRun(txMachine* the);
/** Milliseconds until the next timer is due, 0 when one is, -1 when none is armed. */
extern int64_t timersNextMs(void);

struct pollfd;
#define SOCKETS_MAX 64
extern int tcpLiveCount(void);
/** Whether a peer may be about to answer, or to accept a connection. */
extern int tcpAnswerDue(void);
/** Fills in what each socket waits for. Returns how many entries were used, and sets *ready if an event waits already. */
extern int tcpPrepare(struct pollfd* entries, int* ready);
extern void tcpDeliver(txMachine* the, const struct pollfd* entries, int count);
extern void tcpFlush(void);

extern int resolverPendingCount(void);
/** The descriptor that becomes readable when an answer has arrived from a look-up thread, or -1. */
extern int resolverDescriptor(void);
extern int resolverReady(void);
extern void resolverDeliver(txMachine* the);

/* ---- control.c ---- */

extern void controlStart(void);
/** Where commands arrive, or -1. */
extern int controlDescriptor(void);
/** Reads one command. */
extern void controlDeliver(txMachine* the);
/** Has the simulator's JavaScript stop the program in good order. Returns 0 when there is none. */
extern int controlAskToStop(txMachine* the, const char* reason);

/** The number of a client that the simulator keeps, from 1; 0 for anything else. */
extern int controlNumberOf(const txSlot* client);

/* ---- parent.c and random.c ---- */

extern void parentWatch(void);
/** Called from the patched engine. */
extern double randomFraction(void);

/* ---- watch.c ---- */

/** Prints how often happened what was not printed each time. */
extern void watchFlush(void);
/** Prints where the exception was made that ends the run. */
extern void watchEscape(const txSlot* error);
/** Called from the patched engine when an error is made. */
extern void watchError(txMachine* the, txSlot* internal, txSlot* frame);

/* ---- trace.c ---- */

extern void traceGlobal(txMachine* the);
/** Ends a line that the program has not ended, so that the report stands on a line of its own. */
extern void traceEndLine(void);

/* ---- profile.c: these do something only with the option "profile" ---- */

/** Values of the option. */
enum { PROFILE_OFF = 0, PROFILE_WINDOWS = 1, PROFILE_RUN = 2 };

/** Called from the patched engine, and by the counters, while profileIsOn. */
extern void profileCode(const txByte* code);
extern void profileSlot(void);
extern void profileChunk(long bytes);
extern int profileIsOn;
/** The run begins. */
extern void profileStart(void);
/** A window begins: forgets what was noted, and notes from now on. */
extern void profileBegin(void);
extern void profileEnd(void);
/** Prints a line for each function that ran between the two, in JSON behind "@profile ". */
extern void profileWrite(txMachine* the);

/* ---- counters.c ---- */

/** Everything that is only ever added to. */
typedef struct {
	uint64_t slots, chunks, chunkBytes, collections, byteCodes, mallocs, mallocBytes, socketReads, socketWrites;
	uint64_t instructions; /* 0 where they are not counted */
} Totals;

typedef struct {
	long slots, chunkBytes, stack;
} Peaks;

/** Called from the patched engine. */
extern void countSlot(void);
extern void countChunk(long bytes);
extern void countGrowth(long bytes);
extern void countCollection(void);

extern void countSocketRead(void);
extern void countSocketWrite(void);
/** From now on the counters are about this machine. */
extern void countersStart(txMachine* the);
/** Slots that the machine took for itself, before any program. */
extern long countersStartSlots(void);
extern void countersRead(Totals* totals);
extern void countersSubtract(Totals* totals, const Totals* start);
/** From now on the program is in its steady state, for countersSteady. */
extern void countersMark(void);
/** What has been taken since countersMark. Returns 0 when it was not called. */
extern int countersSteady(Totals* totals);
/** The program's part is over: from now on countersRead and countersPeaks answer as now. */
extern void countersFreeze(txMachine* the);
/** Peaks since countersStart. */
extern void countersPeaks(txMachine* the, Peaks* peaks);
/** Starts a new observation of peaks; those seen so far stay in the peaks of the whole run. */
extern void countersRestartPeaks(txMachine* the);
/** Peaks since countersRestartPeaks. */
extern void countersRecentPeaks(txMachine* the, Peaks* peaks);

#endif
