/*
 * Module "embedded:io/socket/tcp", with the refusals of the ESP32's: a read of more than there is and a write of more
 * than fits throw, a write before the connection stands throws, names are not resolved, and after close every call
 * throws. Reading into a view and writing from one allocate nothing.
 */
#include "host.h"
#include "socket.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

static const char source[] =
	"class TCP @ \"destroy\" {\n"
	"	constructor(options) @ \"construct\";\n"
	"	close() @ \"close\";\n"
	"	read(count) @ \"read\";\n"
	"	write(buffer) @ \"write\";\n"
	"	get remoteAddress() @ \"getRemoteAddress\";\n"
	"	get remotePort() @ \"getRemotePort\";\n"
	"	get format() @ \"getFormat\";\n"
	"	set format(value) @ \"setFormat\";\n"
	"}\n"
	"export default TCP;\n";

typedef enum { FORMAT_BUFFER, FORMAT_NUMBER } Format;

static const char* const formatNames[] = { "buffer", "number" };

typedef struct TCP {
	struct TCP* next;
	txSlot object;          /* kept alive until closed */
	txSlot onReadable;
	txSlot onWritable;
	txSlot onError;
	Connection connection;
	Format format;
	uint32_t address;
	int port;
	int pending;            /* CONNECTION_ flags that have not been delivered */
	int errorDelivered;
	int closed;
	int holders;            /* the list, and a delivery that is calling it */
} TCP;

static TCP* sockets;
static int socketCount;

static void destroy(void* data)
{
	/* Sockets are roots until they are closed, so an object that is collected has none. */
	(void)data;
}

static const txHostHooks tcpHooks = { destroy, NULL, NULL };

static void tcpRelease(TCP* tcp)
{
	if (--tcp->holders > 0)
		return;
	for (TCP** link = &sockets; *link; link = &(*link)->next) {
		if (*link == tcp) {
			*link = tcp->next;
			break;
		}
	}
	socketCount--;
	c_free(tcp);
}

/** The socket of an object; throws when the object was closed, or never was one. */
static TCP* tcpOf(txMachine* the)
{
	TCP* tcp = fxGetHostDataValidate(the, mxThis, (void*)&tcpHooks);
	if (!tcp)
		mxSyntaxError("invalid host data");
	return tcp;
}

/* ---- construction ---- */

static Format formatFromSlot(txMachine* the, txSlot* slot)
{
	char name[32];
	fxToStringBuffer(the, slot, name, sizeof(name));
	for (int format = FORMAT_BUFFER; format <= FORMAT_NUMBER; format++) {
		if (!strcmp(name, formatNames[format]))
			return format;
	}
	mxRangeError("unimplemented");
}

static uint32_t addressFromSlot(txMachine* the, txSlot* slot)
{
	char text[64];
	struct in_addr address;
	if ((slot->kind != XS_STRING_KIND) && (slot->kind != XS_STRING_X_KIND))
		mxUnknownError("invalid address");
	if (strlen(slot->value.string) >= sizeof(text))
		mxUnknownError("invalid address");
	fxToStringBuffer(the, slot, text, sizeof(text));
	if (inet_pton(AF_INET, text, &address) != 1)
		mxUnknownError("invalid address");
	return address.s_addr;
}

static int portFromSlot(txMachine* the, txSlot* slot)
{
	txInteger port = slot->kind == XS_UNDEFINED_KIND ? -1 : fxToInteger(the, slot);
	if ((port < 0) || (port > 65535))
		mxRangeError("invalid port");
	return (int)port;
}

static void construct(txMachine* the)
{
	requireDevice(the, "new TCP");
	if ((mxArgc < 1) || (mxArgv(0)->kind != XS_REFERENCE_KIND))
		mxTypeError("no options");
	TCP draft;
	memset(&draft, 0, sizeof(draft));

	/* Options are read onto the stack, where the collector sees them. */
	txSlot *onReadable, *onWritable, *onError, *option;
	mxTemporary(onReadable);
	mxTemporary(onWritable);
	mxTemporary(onError);
	mxTemporary(option);
	getOption(the, mxArgv(0), nativeIDs.format, option);
	if (option->kind != XS_UNDEFINED_KIND)
		draft.format = formatFromSlot(the, option);
	getCallback(the, mxArgv(0), nativeIDs.onReadable, onReadable);
	getCallback(the, mxArgv(0), nativeIDs.onWritable, onWritable);
	getCallback(the, mxArgv(0), nativeIDs.onError, onError);
	getOption(the, mxArgv(0), nativeIDs.nodelay, option);
	int noDelay = fxToBoolean(the, option);
	getOption(the, mxArgv(0), nativeIDs.address, option);
	draft.address = addressFromSlot(the, option);
	getOption(the, mxArgv(0), nativeIDs.port, option);
	draft.port = portFromSlot(the, option);
	if (socketCount == SOCKETS_MAX)
		mxRangeError("no socket");

	TCP* tcp = c_malloc(sizeof(TCP));
	if (!tcp)
		mxRangeError("no memory");
	*tcp = draft;
	if (!connectionOpen(&tcp->connection, draft.address, draft.port, noDelay)) {
		c_free(tcp);
		mxRangeError("no socket");
	}
	fxSetHostData(the, mxThis, tcp);
	fxSetHostHooks(the, mxThis, &tcpHooks);
	keepSlot(the, &tcp->object, mxThis);
	keepSlot(the, &tcp->onReadable, onReadable);
	keepSlot(the, &tcp->onWritable, onWritable);
	keepSlot(the, &tcp->onError, onError);
	tcp->holders = 1;
	tcp->next = sockets;
	sockets = tcp;
	socketCount++;

	getOption(the, mxArgv(0), nativeIDs.target, option);
	if (option->kind != XS_UNDEFINED_KIND) {
		mxPushSlot(option);
		mxPushSlot(mxThis);
		mxSetID(nativeIDs.target);
		mxPop();
	}
}

/** Calling it again, on an object that is closed already, is allowed. */
static void closeSocket(txMachine* the)
{
	TCP* tcp = fxGetHostDataIf(the, mxThis);
	if (!tcp)
		return;
	tcp = tcpOf(the);
	/* What was written in this turn still goes out, as it would on a device. */
	(void)connectionFlush(&tcp->connection);
	connectionClose(&tcp->connection);
	fxSetHostData(the, mxThis, NULL);
	dropSlot(the, &tcp->object);
	dropSlot(the, &tcp->onReadable);
	dropSlot(the, &tcp->onWritable);
	dropSlot(the, &tcp->onError);
	tcp->closed = 1;
	tcpRelease(tcp);
}

/* ---- reading and writing ---- */

/** How many bytes read() is asked for; fills in `target` when they go into a buffer of the caller's. */
static txInteger requestedCount(txMachine* the, TCP* tcp, void** target)
{
	*target = NULL;
	if ((mxArgc < 1) || (mxArgv(0)->kind == XS_UNDEFINED_KIND))
		return tcp->connection.inputCount;
	if (mxArgv(0)->kind == XS_REFERENCE_KIND) {
		txUnsigned size = 0;
		_xsmcGetBuffer(the, mxArgv(0), target, &size, 1);
		return (txInteger)size;
	}
	return fxToInteger(the, mxArgv(0));
}

static void readSocket(txMachine* the)
{
	TCP* tcp = tcpOf(the);
	countSocketRead();
	if (!tcp->connection.inputCount)
		return;
	if (tcp->format == FORMAT_NUMBER) {
		unsigned char byte;
		connectionTake(&tcp->connection, &byte, 1);
		fxInteger(the, mxResult, byte);
		return;
	}
	void* target;
	txInteger count = requestedCount(the, tcp, &target);
	if ((count <= 0) || (count > tcp->connection.inputCount))
		mxUnknownError("invalid");
	if (target)
		fxInteger(the, mxResult, count);
	else
		target = fxArrayBuffer(the, mxResult, NULL, count, -1);
	connectionTake(&tcp->connection, target, (int)count);
}

static void writeSocket(txMachine* the)
{
	TCP* tcp = tcpOf(the);
	countSocketWrite();
	if (tcp->connection.connecting || tcp->errorDelivered)
		mxUnknownError("not ready");
	if (tcp->connection.failed)
		return;
	if (mxArgc < 1)
		mxTypeError("invalid buffer");
	unsigned char byte;
	void* bytes = &byte;
	txUnsigned count = 1;
	if (tcp->format == FORMAT_NUMBER)
		byte = (unsigned char)fxToInteger(the, mxArgv(0));
	else if (mxArgv(0)->kind == XS_REFERENCE_KIND)
		_xsmcGetBuffer(the, mxArgv(0), &bytes, &count, 0);
	else
		mxTypeError("invalid buffer");
	if (count > (txUnsigned)connectionWritable(&tcp->connection))
		mxUnknownError("would block");
	connectionPut(&tcp->connection, bytes, (int)count);
	fxInteger(the, mxResult, connectionWritable(&tcp->connection));
}

/* ---- properties ---- */

static void getRemoteAddress(txMachine* the)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr address = { tcpOf(the)->address };
	if (!inet_ntop(AF_INET, &address, text, sizeof(text)))
		mxUnknownError("invalid address");
	fxString(the, mxResult, text);
}

static void getRemotePort(txMachine* the)
{
	fxInteger(the, mxResult, tcpOf(the)->port);
}

static void getFormat(txMachine* the)
{
	fxStringX(the, mxResult, (txString)formatNames[tcpOf(the)->format]);
}

static void setFormat(txMachine* the)
{
	TCP* tcp = tcpOf(the);
	if (mxArgc > 0)
		tcp->format = formatFromSlot(the, mxArgv(0));
}

/* ---- events ---- */

/** Sockets that still have something to say: not those that are closed, or whose loss has been reported. */
int tcpLiveCount(void)
{
	int count = 0;
	for (const TCP* tcp = sockets; tcp; tcp = tcp->next)
		count += !tcp->closed && !tcp->errorDelivered;
	return count;
}

/** An error waits until everything that had arrived before it has been read. */
static int errorIsDue(const TCP* tcp)
{
	return tcp->connection.failed && !tcp->errorDelivered && (tcp->connection.inputCount == 0);
}

int tcpAnswerDue(void)
{
	for (const TCP* tcp = sockets; tcp; tcp = tcp->next) {
		if (!tcp->closed && !tcp->connection.failed && (tcp->connection.connecting || tcp->connection.answerDue))
			return 1;
	}
	return 0;
}

int tcpPrepare(struct pollfd* entries, int* ready)
{
	int count = 0;
	for (const TCP* tcp = sockets; tcp; tcp = tcp->next) {
		if (tcp->closed)
			continue;
		short interest = connectionInterest(&tcp->connection);
		/* A negative descriptor is passed over by poll; a lost connection would wake it for ever. */
		int descriptor = tcp->connection.failed || !interest ? -1 : tcp->connection.descriptor;
		entries[count++] = (struct pollfd){ .fd = descriptor, .events = interest };
		if (tcp->pending || errorIsDue(tcp))
			*ready = 1;
	}
	return count;
}

/** One event for one socket. Every callback may close it. */
static void deliver(txMachine* the, TCP* tcp)
{
	txSlot count = { .kind = XS_INTEGER_KIND };
	int pending = tcp->pending;
	tcp->pending = 0;
	if ((pending & CONNECTION_READABLE) && tcp->connection.inputCount && (tcp->onReadable.kind != XS_UNDEFINED_KIND)) {
		count.value.integer = tcp->connection.inputCount;
		callBack(the, &tcp->onReadable, &tcp->object, 1, &count, "onReadable");
	}
	if (tcp->closed)
		return;
	if (errorIsDue(tcp)) {
		tcp->errorDelivered = 1;
		if (tcp->onError.kind != XS_UNDEFINED_KIND)
			callBack(the, &tcp->onError, &tcp->object, 0, NULL, "onError");
	}
	else if ((pending & CONNECTION_WRITABLE) && !tcp->connection.failed && (tcp->onWritable.kind != XS_UNDEFINED_KIND)) {
		count.value.integer = connectionWritable(&tcp->connection);
		callBack(the, &tcp->onWritable, &tcp->object, 1, &count, "onWritable");
	}
}

void tcpDeliver(txMachine* the, const struct pollfd* entries, int count)
{
	/* Callbacks open and close sockets, so the sockets of this turn are held first. */
	TCP* held[SOCKETS_MAX];
	int index = 0;
	for (TCP* tcp = sockets; tcp && (index < count); tcp = tcp->next) {
		if (tcp->closed)
			continue;
		tcp->pending |= connectionHandle(&tcp->connection, entries[index].revents);
		tcp->holders++;
		held[index++] = tcp;
	}
	for (int each = 0; each < index; each++) {
		if (!held[each]->closed)
			deliver(the, held[each]);
		tcpRelease(held[each]);
	}
}

void tcpFlush(void)
{
	for (TCP* tcp = sockets; tcp; tcp = tcp->next) {
		if (!tcp->closed)
			tcp->pending |= connectionFlush(&tcp->connection);
	}
}

static const NativeFunction functions[] = {
	{ "destroy", NATIVE_DESTRUCTOR(destroy), -1 },
	{ "construct", construct, 1 },
	{ "close", closeSocket, 0 },
	{ "read", readSocket, 1 },
	{ "write", writeSocket, 1 },
	{ "getRemoteAddress", getRemoteAddress, 0 },
	{ "getRemotePort", getRemotePort, 0 },
	{ "getFormat", getFormat, 0 },
	{ "setFormat", setFormat, 1 },
	{ NULL, NULL, 0 },
};

const NativeModule tcpModule = { "embedded:io/socket/tcp", source, functions };
