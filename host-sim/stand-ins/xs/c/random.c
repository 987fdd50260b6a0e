/*
 * Math.random: numbers that follow from the seed of a run, the same as on Node (host-sim/world/random.ts has the same
 * generator, splitmix32).
 */
#include "host.h"

/** Called from the patched engine: the next fraction, 0 <= x < 1. */
double randomFraction(void)
{
	static uint32_t state;
	static int started;
	if (!started) {
		started = 1;
		state = (uint32_t)options.random;
	}
	state += 0x9e3779b9u;
	uint32_t z = state;
	z = (z ^ (z >> 16)) * 0x21f0aaadu;
	z = (z ^ (z >> 15)) * 0x735a2d97u;
	return (z ^ (z >> 15)) / 4294967296.0;
}
