/* Addresses as text. */
#ifndef BARE_INET_H
#define BARE_INET_H

#include <netinet/in.h>
#include <stddef.h>

/** 1 for the text of an IPv4 address, 0 for any other. */
extern int inet_pton(int family, const char* text, void* address);
extern const char* inet_ntop(int family, const void* address, char* text, size_t size);

#endif
