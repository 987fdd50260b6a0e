/*
 * What interrupts the program: the timer of the sampler, and what the processor refuses to do, a write into the image above
 * all, which ends the run.
 */
#include "host.h"
#include "bare.h"

#define IS_INTERRUPT(CAUSE) ((CAUSE) >> 31)

/** With the attribute the compiler saves every register that is used here, and returns to where the program was. */
__attribute__((interrupt("machine"), aligned(4))) static void onTrap(void)
{
	static int failing;
	uint32_t cause, where, value;
	__asm__ volatile("csrr %0, mcause\n csrr %1, mepc\n csrr %2, mtval" : "=r"(cause), "=r"(where), "=r"(value));
	if (IS_INTERRUPT(cause)) {
		samplerTick(where);
		return;
	}
	/* What is printed at the end of a run may fail as well. */
	if (failing++)
		exit(EXIT_SYSTEM);
	failRun(EXIT_SYSTEM, "exception %lu of the processor at %08lx, address %08lx", (unsigned long)cause, (unsigned long)where,
		(unsigned long)value);
}

void trapsCatch(void)
{
	__asm__ volatile("csrw mtvec, %0" : : "r"(onTrap));
}
