/* What tcp.c needs of addresses. */
#ifndef BARE_IN_H
#define BARE_IN_H

#include <stdint.h>

#define AF_INET 2
#define INET_ADDRSTRLEN 16

struct in_addr {
	uint32_t s_addr;
};

#endif
