/*
 * The XS host without an operating system: RV32IMC, the instruction set of an ESP32-C3, in an emulator that counts
 * instructions exactly. What takes the place of the desktop's files:
 *
 *   memory.c   two heaps: one for what a linker leaves in flash, read-only once the device starts, and a device's RAM
 *   words.c    memcpy and its kin by words, as every microcontroller's C library has them
 *   clock.c    time that passes only when nothing happens; instructions
 *   peer.c     the other side of every connection: an MQTT server in memory (in place of ../desktop/socket.c)
 *   loop.c     timers, promise jobs and connections (in place of ../desktop/loop.c)
 *   absent.c   what the desktop has and this does not: name look-ups, a simulator that speaks and watches
 *   board.c    what the host has to do with the processor: options of the peer, figures (in place of ../desktop/board.c)
 *   trap.c     what interrupts the program
 *   sampler.c  a profile by C function and by JavaScript function
 */
#ifndef BARE_H
#define BARE_H

#include <stddef.h>
#include <stdint.h>

/** From now on memory comes from the RAM, and is counted. */
extern void memorySeal(void);
/** From now on what was allocated before is read-only; a write ends the run. */
extern void memoryProtect(void);

/** Bytes of RAM, from the linker's and the allocator's own figures. */
typedef struct {
	size_t data;      /* initialised and cleared variables of engine, host and C library */
	size_t heap;      /* the most that was allocated at once, headers included */
	size_t stack;     /* the deepest that the C stack was */
	size_t image;     /* read-only: what a linker would have put into flash beside the code */
} MemoryFigures;
extern void memoryFigures(MemoryFigures* figures);

/** Instructions since reset that were executed for the program. */
extern uint64_t instructionCount(void);
/** What was executed since `start` was for something else. */
extern void instructionsExclude(uint64_t start);
/** What is executed between the two is the peer's. */
extern void instructionsPause(void);
extern void instructionsGoOn(void);
extern int instructionsArePaused(void);

/** Milliseconds until the peer does something by itself, -1 when it waits for us. */
extern int64_t peerNextMs(void);

/** What the peer does beside answering. */
typedef struct {
	int qos;          /* of the messages that it sends to a subscriber; -1: none */
	int payload;      /* bytes of each payload */
	int paceMs;       /* between two messages */
	int closeAfterMs; /* ends each connection so long after SUBSCRIBE was answered; -1: never */
	int refuses;      /* 1: ends the connection instead of acknowledging a PUBLISH that comes for the first time */
	int keepsSession; /* 1: says so in every CONNACK but the first */
	int echoes;       /* 1: sends each message back */
	int bad;          /* 1: sends a malformed packet when SUBSCRIBE was answered */
} PeerOptions;
extern PeerOptions peerOptions;

/** From now on interrupts go to the sampler, and what the processor refuses ends the run with a message. */
extern void trapsCatch(void);

/** Begins to note where instructions are spent, and ends it. */
extern void samplerStart(void);
extern void samplerStop(void);
/** The timer has interrupted the program at this address. */
extern void samplerTick(uint32_t address);
/** Prints one line of JSON for each address seen, behind "@sample ". */
extern void samplerWrite(void);

#endif
