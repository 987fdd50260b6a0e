/*
 * One TCP connection below JavaScript. See socket.h.
 *
 * The buffers stand for lwip's send buffer and receive window: what does not fit waits at the peer, and a write beyond
 * the room left is refused, just as on a device. The system's own buffers behind them are larger than a device's, so a
 * peer that stops reading is felt later.
 */
#include "host.h"
#include "socket.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

/** Where MSG_NOSIGNAL is missing, SIGPIPE is ignored by main.c all the same. */
#ifndef MSG_NOSIGNAL
	#define MSG_NOSIGNAL 0
#endif

static int allocateBuffers(Connection* connection)
{
	connection->inputSize = options.readableBytes;
	connection->outputSize = options.writableBytes;
	connection->input = malloc((size_t)connection->inputSize);
	connection->output = malloc((size_t)connection->outputSize);
	return connection->input && connection->output;
}

static int makeDescriptor(Connection* connection, int noDelay)
{
	connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
	if (connection->descriptor < 0)
		return 0;
	if (fcntl(connection->descriptor, F_SETFL, O_NONBLOCK) != 0)
		return 0;
	return setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &noDelay, sizeof(noDelay)) == 0;
}

int connectionOpen(Connection* connection, uint32_t address, int port, int noDelay)
{
	memset(connection, 0, sizeof(*connection));
	connection->descriptor = -1;
	if (!allocateBuffers(connection) || !makeDescriptor(connection, noDelay)) {
		connectionClose(connection);
		return 0;
	}
	struct sockaddr_in peer;
	memset(&peer, 0, sizeof(peer));
	peer.sin_family = AF_INET;
	peer.sin_port = htons((uint16_t)port);
	peer.sin_addr.s_addr = address;
	connection->connecting = 1;
	/* Even an immediate failure is reported from the loop, because a device cannot know it any earlier. */
	if ((connect(connection->descriptor, (const struct sockaddr*)&peer, sizeof(peer)) != 0) && (errno != EINPROGRESS))
		connection->failed = 1;
	return 1;
}

void connectionClose(Connection* connection)
{
	if (connection->descriptor >= 0)
		(void)close(connection->descriptor);
	connection->descriptor = -1;
	free(connection->input);
	free(connection->output);
	connection->input = NULL;
	connection->output = NULL;
}

short connectionInterest(const Connection* connection)
{
	if (connection->failed)
		return 0;
	if (connection->connecting)
		return POLLOUT;
	short events = 0;
	if (connection->inputCount < connection->inputSize)
		events |= POLLIN;
	if (connection->outputCount)
		events |= POLLOUT;
	return events;
}

static int fail(Connection* connection)
{
	connection->failed = 1;
	return CONNECTION_FAILED;
}

static int finishConnecting(Connection* connection)
{
	int error = 0;
	socklen_t size = sizeof(error);
	if ((getsockopt(connection->descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) || error)
		return fail(connection);
	connection->connecting = 0;
	return CONNECTION_WRITABLE;
}

/** Reads once: one arrival, one event. */
static int receive(Connection* connection)
{
	int free = connection->inputSize - connection->inputCount;
	if (free == 0)
		return 0;
	memmove(connection->input, connection->input + connection->inputOffset, (size_t)connection->inputCount);
	connection->inputOffset = 0;
	ssize_t count = recv(connection->descriptor, connection->input + connection->inputCount, (size_t)free, 0);
	if (count > 0) {
		connection->answerDue = 0;
		connection->inputCount += (int)count;
		return CONNECTION_READABLE;
	}
	if ((count < 0) && ((errno == EAGAIN) || (errno == EWOULDBLOCK) || (errno == EINTR)))
		return 0;
	return fail(connection);
}

int connectionHandle(Connection* connection, short events)
{
	if (connection->failed)
		return CONNECTION_FAILED;
	if (connection->connecting)
		return events ? finishConnecting(connection) : 0;
	int result = 0;
	/* An error or a hang-up shows when reading, after what arrived before it. */
	if (events & (POLLIN | POLLHUP | POLLERR))
		result |= receive(connection);
	if ((events & POLLOUT) && !connection->failed)
		result |= connectionFlush(connection);
	return result;
}

int connectionFlush(Connection* connection)
{
	if (!connection->outputCount || connection->connecting || connection->failed)
		return 0;
	ssize_t count = send(connection->descriptor, connection->output, (size_t)connection->outputCount, MSG_NOSIGNAL);
	if (count < 0)
		return (errno == EAGAIN) || (errno == EWOULDBLOCK) || (errno == EINTR) ? 0 : fail(connection);
	connection->answerDue = 1;
	connection->outputCount -= (int)count;
	memmove(connection->output, connection->output + count, (size_t)connection->outputCount);
	return CONNECTION_WRITABLE;
}

void connectionTake(Connection* connection, void* target, int count)
{
	memcpy(target, connection->input + connection->inputOffset, (size_t)count);
	connection->inputOffset += count;
	connection->inputCount -= count;
}

void connectionPut(Connection* connection, const void* bytes, int count)
{
	memcpy(connection->output + connection->outputCount, bytes, (size_t)count);
	connection->outputCount += count;
}

int connectionWritable(const Connection* connection)
{
	return connection->outputSize - connection->outputCount;
}
