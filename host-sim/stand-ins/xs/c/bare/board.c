/*
 * What the host has to do with the processor that it runs on.
 */
#include "host.h"
#include "bare.h"
#include <limits.h>

PeerOptions peerOptions = { .qos = -1, .payload = 64, .paceMs = 3, .closeAfterMs = -1 };

const NumberOption boardOptions[] = {
	{ "--peer-qos", "peerQoS", &peerOptions.qos, -1, 2 },
	{ "--peer-payload", "peerPayload", &peerOptions.payload, 0, 1024 },
	{ "--peer-pace", "peerPaceMs", &peerOptions.paceMs, 1, INT_MAX },
	{ "--peer-close", "peerCloseAfterMs", &peerOptions.closeAfterMs, -1, INT_MAX },
	{ "--peer-refuses", "peerRefuses", &peerOptions.refuses, 0, 1 },
	{ "--peer-keeps-session", "peerKeepsSession", &peerOptions.keepsSession, 0, 1 },
	{ "--peer-echoes", "peerEchoes", &peerOptions.echoes, 0, 1 },
	{ "--peer-bad", "peerBad", &peerOptions.bad, 0, 1 },
	{ NULL, NULL, NULL, 0, 0 },
};

void boardImageMade(void)
{
	memorySeal();
	trapsCatch();
}

void boardImageProtect(void)
{
	memoryProtect();
}

uint64_t boardInstructions(void)
{
	return instructionCount();
}

void boardWindowBegin(void)
{
	if (options.profile)
		samplerStart();
}

void boardWindowEnd(void)
{
	if (options.profile)
		samplerStop();
}

void boardWriteProfile(void)
{
	if (options.profile)
		samplerWrite();
}

void boardWriteFigures(void)
{
	MemoryFigures memory;
	memoryFigures(&memory);
	(void)printf("\"dataBytes\":%lu,\"heapBytes\":%lu,\"cStackBytes\":%lu,\"imageBytes\":%lu,", (unsigned long)memory.data,
		(unsigned long)memory.heap, (unsigned long)memory.stack, (unsigned long)memory.image);
}
