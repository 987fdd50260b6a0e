/*
 * One TCP connection below JavaScript: a descriptor and two buffers of a device's size (socket.c). What JavaScript sees
 * of it is in tcp.c.
 */
#ifndef XS_HOST_SOCKET_H
#define XS_HOST_SOCKET_H

#include <stdint.h>

typedef struct {
	int descriptor;
	int connecting;
	int answerDue;           /* something was sent, and nothing received since */
	int failed;              /* the peer has closed, or the connection is lost */
	unsigned char* input;    /* received, unread: inputCount bytes from inputOffset */
	int inputOffset;
	int inputCount;
	int inputSize;
	unsigned char* output;   /* written, not yet taken by the system: outputCount bytes from the start */
	int outputCount;
	int outputSize;
} Connection;

/** What one look at a connection brought. */
enum {
	CONNECTION_READABLE = 1,
	CONNECTION_WRITABLE = 2,
	CONNECTION_FAILED = 4,
};

/** Starts to connect. Returns 0 when not even that is possible; nothing is left to close then. */
extern int connectionOpen(Connection* connection, uint32_t address, int port, int noDelay);
extern void connectionClose(Connection* connection);
/** The poll events to wait for. */
extern short connectionInterest(const Connection* connection);
/** Takes in what poll has reported. Returns CONNECTION_ flags. */
extern int connectionHandle(Connection* connection, short events);
/** Sends what is waiting. Returns CONNECTION_ flags. */
extern int connectionFlush(Connection* connection);
/** Copies `count` received bytes; there must be so many. */
extern void connectionTake(Connection* connection, void* target, int count);
/** Copies bytes to be sent; there must be room. */
extern void connectionPut(Connection* connection, const void* bytes, int count);
extern int connectionWritable(const Connection* connection);

#endif
