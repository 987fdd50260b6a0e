/*
 * Module "embedded:network/dns/resolver/udp", and System.resolve: names to IPv4 addresses. Addresses and "localhost" are answered without
 * asking anybody; other names are looked up by the system in a thread of their own, because that blocks. The answer
 * always comes in a later turn.
 */
#include "host.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const char source[] =
	"class Resolver @ \"destroy\" {\n"
	"	constructor(options) @ \"construct\";\n"
	"	close() @ \"close\";\n"
	"	resolve(options) @ \"resolve\";\n"
	"}\n"
	"export default Resolver;\n"
	"globalThis.System = class System {\n"
	"	static resolve(host, callback) @ \"resolveName\";\n"
	"};\n";

typedef struct Request {
	struct Request* next;
	txSlot resolver;
	txSlot host;
	txSlot onResolved;
	txSlot onError;
	char name[256];
	char address[INET_ADDRSTRLEN];  /* empty when there is none */
	int done;                       /* set by the thread; guarded by `lock` */
	int cancelled;
} Request;

static Request* requests;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int wakePipe[2] = { -1, -1 };

static void destroy(void* data)
{
	(void)data;
}

static void construct(txMachine* the)
{
	requireDevice(the, "new Resolver");
}

/* ---- look-up ---- */

static void lookUp(Request* request)
{
	struct addrinfo hints;
	struct addrinfo* found = NULL;
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_INET;
	hints.ai_socktype = SOCK_STREAM;
	char address[INET_ADDRSTRLEN] = "";
	if ((getaddrinfo(request->name, NULL, &hints, &found) == 0) && found) {
		const struct sockaddr_in* peer = (const struct sockaddr_in*)(const void*)found->ai_addr;
		if (!inet_ntop(AF_INET, &peer->sin_addr, address, sizeof(address)))
			address[0] = 0;
		freeaddrinfo(found);
	}
	(void)pthread_mutex_lock(&lock);
	memcpy(request->address, address, sizeof(address));
	request->done = 1;
	(void)pthread_mutex_unlock(&lock);
}

static void* lookUpThread(void* argument)
{
	lookUp(argument);
	ssize_t written = write(wakePipe[1], "", 1);
	(void)written;
	return NULL;
}

static int startThread(Request* request)
{
	pthread_t thread;
	if ((wakePipe[0] < 0) && ((pipe(wakePipe) != 0) || (fcntl(wakePipe[0], F_SETFL, O_NONBLOCK) != 0)))
		return 0;
	if (pthread_create(&thread, NULL, lookUpThread, request) != 0)
		return 0;
	(void)pthread_detach(thread);
	return 1;
}

/** Answers that need no look-up. */
static int answerAtOnce(Request* request)
{
	struct in_addr address;
	const char* text = strcmp(request->name, "localhost") ? request->name : "127.0.0.1";
	if (inet_pton(AF_INET, text, &address) != 1)
		return 0;
	if (!inet_ntop(AF_INET, &address, request->address, sizeof(request->address)))
		return 0;
	request->done = 1;
	return 1;
}

/* ---- requests ---- */

static void requestFree(Request* request)
{
	for (Request** link = &requests; *link; link = &(*link)->next) {
		if (*link == request) {
			*link = request->next;
			break;
		}
	}
	c_free(request);
}

static void requestDrop(txMachine* the, Request* request)
{
	dropSlot(the, &request->resolver);
	dropSlot(the, &request->host);
	dropSlot(the, &request->onResolved);
	dropSlot(the, &request->onError);
}

static void addRequest(txMachine* the, const txSlot* resolver, const txSlot* host, const txSlot* onResolved,
	const txSlot* onError)
{
	if ((host->kind != XS_STRING_KIND) && (host->kind != XS_STRING_X_KIND))
		mxTypeError("invalid host");
	Request* request = c_calloc(1, sizeof(Request));
	if (!request)
		mxRangeError("no memory");
	if (strlen(host->value.string) >= sizeof(request->name)) {
		c_free(request);
		mxRangeError("invalid host");
	}
	(void)snprintf(request->name, sizeof(request->name), "%s", host->value.string);
	if (!answerAtOnce(request) && !startThread(request)) {
		c_free(request);
		mxUnknownError("no resolver");
	}
	request->next = requests;
	requests = request;
	keepSlot(the, &request->resolver, resolver);
	keepSlot(the, &request->host, host);
	keepSlot(the, &request->onResolved, onResolved);
	keepSlot(the, &request->onError, onError);
}

static void resolve(txMachine* the)
{
	requireDevice(the, "resolve");
	if (mxArgc < 1)
		mxTypeError("no options");
	txSlot *host, *onResolved, *onError;
	mxTemporary(host);
	mxTemporary(onResolved);
	mxTemporary(onError);
	getCallback(the, mxArgv(0), nativeIDs.onResolved, onResolved);
	getCallback(the, mxArgv(0), nativeIDs.onError, onError);
	getOption(the, mxArgv(0), nativeIDs.host, host);
	addRequest(the, mxThis, host, onResolved, onError);
}

/** System.resolve(host, callback): the callback gets the name, and the address if there is one. */
static void resolveName(txMachine* the)
{
	requireDevice(the, "System.resolve");
	if ((mxArgc < 2) || !fxIsCallable(the, mxArgv(1)))
		mxTypeError("no callback");
	addRequest(the, mxThis, mxArgv(0), mxArgv(1), mxArgv(1));
}

/** Requests of this resolver are not answered any more. */
static void closeResolver(txMachine* the)
{
	for (Request* request = requests; request; request = request->next) {
		if ((request->resolver.kind == XS_REFERENCE_KIND)
				&& (request->resolver.value.reference == mxThis->value.reference)) {
			request->cancelled = 1;
			requestDrop(the, request);
		}
	}
}

/* ---- events ---- */

static int isDone(Request* request)
{
	(void)pthread_mutex_lock(&lock);
	int done = request->done;
	(void)pthread_mutex_unlock(&lock);
	return done;
}

int resolverPendingCount(void)
{
	int count = 0;
	for (const Request* request = requests; request; request = request->next)
		count += !request->cancelled;
	return count;
}

int resolverDescriptor(void)
{
	return wakePipe[0];
}

int resolverReady(void)
{
	for (Request* request = requests; request; request = request->next) {
		if (isDone(request))
			return 1;
	}
	return 0;
}

static void answer(txMachine* the, Request* request)
{
	txSlot arguments[2];
	int resolved = request->address[0] != 0;
	const txSlot* callback = resolved ? &request->onResolved : &request->onError;
	if (callback->kind == XS_UNDEFINED_KIND)
		return;
	fxBeginHost(the);
	mxPushStringC(request->address);
	arguments[0] = request->host;
	arguments[1] = *the->stack;
	callBack(the, callback, &request->resolver, resolved ? 2 : 1, arguments, resolved ? "onResolved" : "onError");
	mxPop();
	fxEndHost(the);
}

static void emptyPipe(void)
{
	char bytes[16];
	if (wakePipe[0] < 0)
		return;
	while (read(wakePipe[0], bytes, sizeof(bytes)) > 0)
		;
}

void resolverDeliver(txMachine* the)
{
	emptyPipe();
	Request* request = requests;
	while (request) {
		if (!isDone(request)) {
			request = request->next;
			continue;
		}
		if (!request->cancelled) {
			request->cancelled = 1;
			answer(the, request);
			requestDrop(the, request);
		}
		requestFree(request);
		request = requests;
	}
}

static const NativeFunction functions[] = {
	{ "destroy", NATIVE_DESTRUCTOR(destroy), -1 },
	{ "construct", construct, 1 },
	{ "close", closeResolver, 0 },
	{ "resolve", resolve, 1 },
	{ "resolveName", resolveName, 2 },
	{ NULL, NULL, 0 },
};

const NativeModule resolverModule = { "embedded:network/dns/resolver/udp", source, functions };
