/*
 * What the desktop has and a bare processor does not: name look-ups, a simulator that speaks and watches.
 */
#include "host.h"
#include <arpa/inet.h>

static const char resolverSource[] =
	"export default class {\n"
	"	constructor() { throw new Error(\"no name look-ups here\"); }\n"
	"}\n"
	"globalThis.System = class System {\n"
	"	static resolve() { throw new Error(\"no name look-ups here\"); }\n"
	"};\n";

static const NativeFunction noFunctions[] = { { NULL, NULL, 0 } };

const NativeModule resolverModule = { "embedded:network/dns/resolver/udp", resolverSource, noFunctions };
const NativeModule controlModule = { "xs-host/control", "export default undefined;\n", noFunctions };
const NativeModule watchModule = { "xs-host/watch", "export default undefined;\n", noFunctions };

int resolverPendingCount(void)
{
	return 0;
}

int resolverReady(void)
{
	return 0;
}

void controlStart(void)
{
}

void watchFlush(void)
{
}

void watchEscape(const txSlot* error)
{
	(void)error;
}

void watchError(txMachine* the, txSlot* internal, txSlot* frame)
{
	(void)the;
	(void)internal;
	(void)frame;
}

int inet_pton(int family, const char* text, void* address)
{
	unsigned char* bytes = address;
	(void)family;
	for (int index = 0; index < 4; index++) {
		char* end;
		unsigned long value = strtoul(text, &end, 10);
		if ((end == text) || (value > 255) || (*end != (index < 3 ? '.' : 0)))
			return 0;
		bytes[index] = (unsigned char)value;
		text = end + 1;
	}
	return 1;
}

const char* inet_ntop(int family, const void* address, char* text, size_t size)
{
	const unsigned char* bytes = address;
	(void)family;
	(void)snprintf(text, size, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
	return text;
}
