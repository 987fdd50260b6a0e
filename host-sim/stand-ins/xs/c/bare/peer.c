/*
 * The other side of every connection: an MQTT server in memory, which answers as the measuring server on the desk does,
 * each packet as an arrival of its own. It stands in the place of a network: neither its instructions nor its memory count
 * for the program.
 */
#include "host.h"
#include "bare.h"
#include "socket.h"
#include <poll.h>

/* From the linker's command line: memory that stands for that of a network stack. */
extern char peerBase[];

enum {
	ARRIVALS_MAX = 32,
	PACKET_MAX = 2048,
	PACKETS_SIZE = 16384,
	TOPIC_SIZE = 20,
	ANSWER_MS = 1,
	AFTER_PINGRESP_MS = 20,
};

static const char topic[] = "sensors/kitchen/temp";

typedef struct {
	int64_t dueMs;
	int size;           /* -1: the peer resets the connection, or closes it */
	unsigned char bytes[PACKET_MAX];
} Arrival;

/** All that lies outside of the program's memory. */
typedef struct {
	Arrival arrivals[ARRIVALS_MAX];
	unsigned char packets[PACKETS_SIZE];
	unsigned char input[1 << 16];
	unsigned char output[1 << 16];
} Network;
#define NETWORK ((Network*)(void*)peerBase)

static Connection* current;
static int arrivalFirst, arrivalCount;
static int packetsSize;      /* bytes from the client that are no whole packet yet */
static int64_t nextMessageMs = -1;
static int lastIdOut, lastIdIn;
static int connects, echoes;

/* ---- to the client ---- */

static Arrival* arrive(int64_t afterMs)
{
	if (arrivalCount == ARRIVALS_MAX)
		failRun(EXIT_SYSTEM, "the peer has too much to say");
	Arrival* arrival = &NETWORK->arrivals[(arrivalFirst + arrivalCount++) % ARRIVALS_MAX];
	arrival->dueMs = clockMs() + afterMs;
	arrival->size = 0;
	return arrival;
}

static void answer(int firstByte, int id)
{
	Arrival* arrival = arrive(ANSWER_MS);
	arrival->bytes[0] = (unsigned char)firstByte;
	arrival->bytes[1] = 2;
	arrival->bytes[2] = (unsigned char)(id >> 8);
	arrival->bytes[3] = (unsigned char)id;
	arrival->size = 4;
}

static void endConnection(int64_t afterMs)
{
	arrive(afterMs)->size = -1;
}

static void publish(int qos, int id, int64_t afterMs)
{
	Arrival* arrival = arrive(afterMs);
	unsigned char* p = arrival->bytes;
	int remaining = 2 + TOPIC_SIZE + (qos ? 2 : 0) + peerOptions.payload;
	if (remaining + 3 > PACKET_MAX)
		failRun(EXIT_OPTIONS, "the peer's payload is too large");
	*p++ = (unsigned char)(0x30 | qos << 1);
	if (remaining > 127) {
		*p++ = (unsigned char)(remaining & 127) | 128;
		*p++ = (unsigned char)(remaining >> 7);
	}
	else
		*p++ = (unsigned char)remaining;
	*p++ = 0;
	*p++ = TOPIC_SIZE;
	memcpy(p, topic, TOPIC_SIZE);
	p += TOPIC_SIZE;
	if (qos) {
		*p++ = (unsigned char)(id >> 8);
		*p++ = (unsigned char)id;
	}
	memset(p, 'a', (size_t)peerOptions.payload);
	arrival->size = (int)(p - arrival->bytes) + peerOptions.payload;
}

/* ---- from the client ---- */

static void handleConnect(void)
{
	connects++;
	answer(0x20, peerOptions.keepsSession && (connects > 1) ? 0x0100 : 0);
}

static void handleSubscribe(const unsigned char* body)
{
	Arrival* arrival = arrive(ANSWER_MS);
	/* Grants QoS 2: what is asked for is not looked at. */
	memcpy(arrival->bytes, (unsigned char[]){ 0x90, 3, body[0], body[1], 2 }, 5);
	arrival->size = 5;
	if (peerOptions.qos >= 0)
		nextMessageMs = clockMs() + peerOptions.paceMs;
	if (peerOptions.bad) {
		arrival = arrive(ANSWER_MS);
		memset(arrival->bytes, 0, 2);
		arrival->size = 2;
	}
	if (peerOptions.closeAfterMs >= 0)
		endConnection(peerOptions.closeAfterMs);
}

static void handlePublish(int firstByte, const unsigned char* body)
{
	int qos = firstByte >> 1 & 3;
	const unsigned char* behind = body + 2 + (body[0] << 8 | body[1]);
	int id = qos ? behind[0] << 8 | behind[1] : 0;
	if (peerOptions.refuses && (id != lastIdIn)) {
		lastIdIn = id;
		endConnection(0);
		return;
	}
	if (qos)
		answer(qos == 1 ? 0x40 : 0x50, id);
	if (peerOptions.echoes)
		publish(qos, echoes++ % 65535 + 1, ANSWER_MS);
}

static void handlePacket(int firstByte, const unsigned char* body)
{
	int id = body[0] << 8 | body[1];
	switch (firstByte >> 4) {
	case 1:
		handleConnect();
		break;
	case 3:
		handlePublish(firstByte, body);
		break;
	case 5:
		answer(0x62, id);
		break;
	case 6:
		answer(0x70, id);
		break;
	case 8:
		handleSubscribe(body);
		break;
	case 10:
		answer(0xB0, id);
		break;
	case 12: {
		Arrival* arrival = arrive(ANSWER_MS);
		memcpy(arrival->bytes, (unsigned char[]){ 0xD0, 0 }, 2);
		arrival->size = 2;
		break;
	}
	default:
		break;
	}
}

/** Size of the first packet, 0 when it is not whole. */
static int wholePacket(int* header)
{
	const unsigned char* bytes = NETWORK->packets;
	int size = 0;
	for (int index = 1; index <= 4; index++) {
		if (index >= packetsSize)
			return 0;
		size |= (bytes[index] & 127) << (7 * (index - 1));
		if (!(bytes[index] & 128)) {
			*header = index + 1;
			return packetsSize >= size + *header ? size + *header : 0;
		}
	}
	failRun(EXIT_SYSTEM, "the client has sent a malformed packet");
}

static void takeIn(const unsigned char* bytes, int count)
{
	int header;
	if (packetsSize + count > PACKETS_SIZE)
		failRun(EXIT_SYSTEM, "the client has sent more than the peer can hold");
	memcpy(NETWORK->packets + packetsSize, bytes, (size_t)count);
	packetsSize += count;
	for (int size = wholePacket(&header); size; size = wholePacket(&header)) {
		handlePacket(NETWORK->packets[0], NETWORK->packets + header);
		packetsSize -= size;
		memmove(NETWORK->packets, NETWORK->packets + size, (size_t)packetsSize);
	}
}

/* ---- time ---- */

int64_t peerNextMs(void)
{
	int64_t next = -1;
	if (!current)
		return -1;
	if (current->connecting)
		return 0;
	if (arrivalCount)
		next = NETWORK->arrivals[arrivalFirst].dueMs;
	if ((nextMessageMs >= 0) && ((next < 0) || (nextMessageMs < next)))
		next = nextMessageMs;
	if (next < 0)
		return -1;
	next -= clockMs();
	return next > 0 ? next : 0;
}

static void sendMessage(void)
{
	if ((nextMessageMs < 0) || (clockMs() < nextMessageMs))
		return;
	lastIdOut = lastIdOut % 65535 + 1;
	publish(peerOptions.qos, lastIdOut, 0);
	nextMessageMs += peerOptions.paceMs;
}

/* ---- socket.h ---- */

int connectionOpen(Connection* connection, uint32_t address, int port, int noDelay)
{
	(void)address;
	(void)port;
	(void)noDelay;
	if (current)
		return 0;
	memset(connection, 0, sizeof(*connection));
	connection->connecting = 1;
	connection->input = NETWORK->input;
	connection->output = NETWORK->output;
	connection->inputSize = options.readableBytes;
	connection->outputSize = options.writableBytes;
	current = connection;
	arrivalCount = packetsSize = 0;
	nextMessageMs = -1;
	return 1;
}

void connectionClose(Connection* connection)
{
	(void)connection;
	current = NULL;
}

short connectionInterest(const Connection* connection)
{
	return connection->failed ? 0 : POLLIN;
}

int connectionHandle(Connection* connection, short events)
{
	(void)events;
	if (connection->failed)
		return CONNECTION_FAILED;
	if (connection->connecting) {
		connection->connecting = 0;
		return CONNECTION_WRITABLE;
	}
	instructionsPause();
	sendMessage();
	instructionsGoOn();
	if (!arrivalCount || (NETWORK->arrivals[arrivalFirst].dueMs > clockMs()))
		return 0;
	const Arrival* arrival = &NETWORK->arrivals[arrivalFirst];
	if (arrival->size < 0) {
		connection->failed = 1;
		return CONNECTION_FAILED;
	}
	if (connection->inputSize - connection->inputCount < arrival->size)
		return 0;
	memmove(connection->input, connection->input + connection->inputOffset, (size_t)connection->inputCount);
	connection->inputOffset = 0;
	memcpy(connection->input + connection->inputCount, arrival->bytes, (size_t)arrival->size);
	connection->inputCount += arrival->size;
	arrivalFirst = (arrivalFirst + 1) % ARRIVALS_MAX;
	arrivalCount--;
	return CONNECTION_READABLE;
}

int connectionFlush(Connection* connection)
{
	int count = connection->outputCount;
	if (!count || connection->connecting || connection->failed)
		return 0;
	instructionsPause();
	connection->outputCount = 0;
	takeIn(connection->output, count);
	instructionsGoOn();
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
