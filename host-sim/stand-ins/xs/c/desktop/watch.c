/*
 * What a simulator learns of the program's clients while they run: module "xs-host/watch". Its functions are called from
 * patched methods of the library, and must cost the program nothing: what they print is formatted here, in C memory.
 *
 * Each call is one line on stdout, a JSON array behind a record separator, which may follow what the program has traced
 * without an end of line. Its last entry is how often the same has happened so far. What happens too often is not
 * printed each time; watchFlush prints what was left out.
 */
#include "host.h"

static const char source[] =
	"export function made(client) @ \"made\";\n"
	"export function stopping(client, state) @ \"stopping\";\n"
	"export function refused(client, call, status, subject, payload, more) @ \"refused\";\n"
	"export function threw(client, error, inside) @ \"threw\";\n"
	"export function problem(client, problem, detail) @ \"problem\";\n"
	"export function unrouted(client, bytes, start, size, total) @ \"unrouted\";\n"
	"export function connected(client, sessionPresent, cleanSession) @ \"connected\";\n"
	"export function ended(client, layer, code, detail, retryMs, wasConnected) @ \"ended\";\n";

/** Kinds of things that are counted apart. */
#define KEYS_MAX 128
/** Of each kind so many are printed at once, and later ones no more often than this. */
#define FIRST_MAX 32
#define PAUSE_MS 200
/** Bytes of a text that are printed at most. */
#define TEXT_MAX 1000
#define WORD_MAX 32

typedef struct {
	char event[WORD_MAX];
	char name[WORD_MAX];
	int client;
	int code;
	unsigned long count;
	unsigned long printed;
	int64_t lastMs;
} Key;

static Key keys[KEYS_MAX];
static int keyCount;

/** Where the last error was made: the names of functions, innermost first. */
#define STACK_MAX 1000
static char stackText[STACK_MAX];
static const txSlot* stackError;

/* ---- counting ---- */

/** The key of what happens, counted. Beyond the last, everything shares one. */
static Key* keyOf(const char* event, int client, const char* name, int code)
{
	int index = 0;
	while (index < keyCount) {
		Key* key = &keys[index];
		if ((key->code == code) && (key->client == client) && !strcmp(key->event, event) && !strcmp(key->name, name))
			break;
		index++;
	}
	if (index == KEYS_MAX)
		index--;
	Key* key = &keys[index];
	if (index == keyCount) {
		keyCount++;
		(void)snprintf(key->event, sizeof(key->event), "%s", event);
		(void)snprintf(key->name, sizeof(key->name), "%s", name);
		key->client = client;
		key->code = code;
	}
	key->count++;
	return key;
}

static int isDue(Key* key)
{
	int64_t now = clockMs();
	if ((key->count > FIRST_MAX) && (now - key->lastMs < PAUSE_MS))
		return 0;
	key->lastMs = now;
	key->printed = key->count;
	return 1;
}

void watchFlush(void)
{
	for (int index = 0; index < keyCount; index++) {
		Key* key = &keys[index];
		if (key->printed == key->count)
			continue;
		key->printed = key->count;
		(void)printf("\x1e[\"more\",%d,\"%s\",\"%s\",%d,%lu]\n", key->client, key->event, key->name, key->code, key->count);
	}
	(void)fflush(stdout);
}

/* ---- printing ---- */

static void begin(const Key* key)
{
	(void)printf("\x1e[\"%s\",%d", key->event, key->client);
}

static void end(const Key* key)
{
	(void)printf(",%lu]\n", key->count);
	(void)fflush(stdout);
}

/** Bytes as a JSON string, cut between characters. */
static void writeText(const char* text, size_t size)
{
	size_t count = size;
	if (count > TEXT_MAX) {
		count = TEXT_MAX;
		while (count && (((unsigned char)text[count] & 0xc0) == 0x80))
			count--;
	}
	(void)fputs(",\"", stdout);
	for (size_t index = 0; index < count; index++) {
		unsigned char byte = (unsigned char)text[index];
		if ((byte == '"') || (byte == '\\'))
			(void)putchar('\\');
		if (byte < 0x20)
			(void)printf("\\u%04x", byte);
		else
			(void)putchar(byte);
	}
	(void)fputs(count < size ? "…\"" : "\"", stdout);
}

static int isText(const txSlot* slot)
{
	return (slot->kind == XS_STRING_KIND) || (slot->kind == XS_STRING_X_KIND);
}

static txInteger integerOf(const txSlot* slot)
{
	if ((slot->kind == XS_INTEGER_KIND) || (slot->kind == XS_BOOLEAN_KIND))
		return slot->kind == XS_INTEGER_KIND ? slot->value.integer : slot->value.boolean;
	return slot->kind == XS_NUMBER_KIND ? (txInteger)slot->value.number : -1;
}

static txSlot* argument(txMachine* the, int index)
{
	static txSlot nothing = { .kind = XS_UNDEFINED_KIND };
	return index < mxArgc ? mxArgv(index) : &nothing;
}

/** Bytes of an array of bytes, or NULL. What is asked first is what the engine would throw for. */
static const char* bytesOf(txMachine* the, txSlot* slot, txUnsigned* size)
{
	*size = 0;
	if (slot->kind != XS_REFERENCE_KIND)
		return NULL;
	const txSlot* internal = slot->value.reference->next;
	if (!internal || !(internal->flag & XS_INTERNAL_FLAG) || (internal->kind != XS_TYPED_ARRAY_KIND))
		return NULL;
	if (internal->value.typedArray.dispatch->size != 1)
		return NULL;
	void* data = NULL;
	_xsmcGetBuffer(the, slot, &data, size, 0);
	return data;
}

/** What a message or a filter is called: text, or a Topic with its field of two bytes of length and UTF-8. Also its size. */
static void writeSubject(txMachine* the, txSlot* slot)
{
	if (isText(slot)) {
		size_t size = strlen(slot->value.string);
		writeText(slot->value.string, size);
		(void)printf(",%lu", (unsigned long)size);
		return;
	}
	txSlot field;
	txUnsigned size = 0;
	getOption(the, slot, nativeIDs.field, &field);
	const char* bytes = bytesOf(the, &field, &size);
	if (bytes && (size >= 2)) {
		writeText(bytes + 2, size - 2);
		(void)printf(",%lu", (unsigned long)(size - 2));
	}
	else
		(void)printf(",null,-1");
}

/** Bytes of a payload, or the number that says so; -1 when it is neither. */
static long sizeOfPayload(txMachine* the, txSlot* slot)
{
	txUnsigned size;
	if (isText(slot))
		return (long)strlen(slot->value.string);
	return bytesOf(the, slot, &size) ? (long)size : (long)integerOf(slot);
}

/* ---- where an error was made ---- */

/** The module that a function was made in. */
static const char* moduleOf(txMachine* the, const txSlot* function)
{
	const txSlot* home = mxFunctionInstanceHome(function);
	if (!home || (home->kind != XS_HOME_KIND) || !home->value.home.module)
		return "";
	const txSlot* internal = mxModuleInstanceInternal(home->value.home.module);
	if (!internal || (internal->kind != XS_MODULE_KIND) || (internal->value.module.id == XS_NO_ID))
		return "";
	const char* name = fxGetKeyName(the, internal->value.module.id);
	return name ? name : "";
}

/** Stands in for the engine's capture of an error's stack, which a device strips: notes names, allocates nothing. */
void watchError(txMachine* the, txSlot* internal, txSlot* frame)
{
	if (the != device)
		return;
	size_t used = 0;
	stackText[0] = 0;
	stackError = internal;
	while (frame->next && (used < STACK_MAX - 1)) {
		const txSlot* function = frame + 3;
		if (function->kind == XS_REFERENCE_KIND) {
			const txSlot* code = mxFunctionInstanceCode(function->value.reference);
			int isCode = (code->kind == XS_CODE_KIND) || (code->kind == XS_CODE_X_KIND);
			if (isCode) {
				const char* name = code->ID == XS_NO_ID ? NULL : fxGetKeyName(the, code->ID);
				int count = snprintf(stackText + used, STACK_MAX - used, "    at %s (%s)\n", name && *name ? name : "a function",
					moduleOf(the, function->value.reference));
				used += count > 0 ? (size_t)count : 0;
			}
		}
		frame = frame->next;
	}
}

static const char* stackOf(const txSlot* error)
{
	return (error->kind == XS_REFERENCE_KIND) && (error->value.reference->next == stackError) ? stackText : "";
}

void watchEscape(const txSlot* error)
{
	const char* stack = stackOf(error);
	traceEndLine();
	(void)printf("\x1e[\"escaped\",0");
	writeText(stack, strlen(stack));
	(void)printf(",1]\n");
	(void)fflush(stdout);
}

/* ---- the module ---- */

static void refused(txMachine* the)
{
	const txSlot* call = argument(the, 1);
	const char* name = isText(call) ? call->value.string : "";
	txInteger status = integerOf(argument(the, 2));
	Key* key = keyOf("refused", controlNumberOf(argument(the, 0)), name, status);
	if (!isDue(key))
		return;
	begin(key);
	writeText(key->name, strlen(key->name));
	(void)printf(",%d", (int)status);
	writeSubject(the, argument(the, 3));
	(void)printf(",%ld,%ld", sizeOfPayload(the, argument(the, 4)), sizeOfPayload(the, argument(the, 5)));
	end(key);
}

static void writeProperty(txMachine* the, txSlot* object, txID id)
{
	txSlot value;
	getOption(the, object, id, &value);
	if (isText(&value))
		writeText(value.value.string, strlen(value.value.string));
	else
		(void)fputs(",\"\"", stdout);
}

static void threw(txMachine* the)
{
	txSlot* error = argument(the, 1);
	int inside = integerOf(argument(the, 2)) == 1;
	Key* key = keyOf("threw", controlNumberOf(argument(the, 0)), "", inside);
	if (!isDue(key))
		return;
	begin(key);
	(void)printf(",%d", inside);
	if (error->kind == XS_REFERENCE_KIND) {
		writeProperty(the, error, nativeIDs.name);
		writeProperty(the, error, nativeIDs.message);
		const char* stack = stackOf(error);
		writeText(stack, strlen(stack));
	}
	else {
		/* No error, but anything that was thrown. */
		(void)fputs(",\"\"", stdout);
		if (isText(error))
			writeText(error->value.string, strlen(error->value.string));
		else
			(void)printf(",\"%d\"", (int)integerOf(error));
		(void)fputs(",\"\"", stdout);
	}
	end(key);
}

static void problem(txMachine* the)
{
	txInteger code = integerOf(argument(the, 1));
	Key* key = keyOf("problem", controlNumberOf(argument(the, 0)), "", code);
	if (!isDue(key))
		return;
	begin(key);
	(void)printf(",%d,%d", (int)code, (int)integerOf(argument(the, 2)));
	end(key);
}

static void unrouted(txMachine* the)
{
	Key* key = keyOf("unrouted", controlNumberOf(argument(the, 0)), "", 0);
	if (!isDue(key))
		return;
	txUnsigned size;
	const char* bytes = bytesOf(the, argument(the, 1), &size);
	txInteger start = integerOf(argument(the, 2));
	txInteger count = integerOf(argument(the, 3));
	begin(key);
	if (bytes && (start >= 0) && (count >= 0) && ((txUnsigned)(start + count) <= size))
		writeText(bytes + start, (size_t)count);
	else
		(void)fputs(",\"\"", stdout);
	(void)printf(",%d", (int)integerOf(argument(the, 4)));
	end(key);
}

static void numbers(txMachine* the, const char* event, int count)
{
	Key* key = keyOf(event, controlNumberOf(argument(the, 0)), "", 0);
	begin(key);
	for (int index = 1; index <= count; index++)
		(void)printf(",%d", (int)integerOf(argument(the, index)));
	key->printed = key->count;
	end(key);
}

static void connected(txMachine* the)
{
	numbers(the, "connected", 2);
}

static void ended(txMachine* the)
{
	numbers(the, "ended", 5);
}

static void made(txMachine* the)
{
	numbers(the, "made", 0);
}

static void stopping(txMachine* the)
{
	numbers(the, "stopping", 1);
}

static const NativeFunction functions[] = {
	{ "made", made, 1 }, { "stopping", stopping, 2 },
	{ "refused", refused, 6 }, { "threw", threw, 3 }, { "problem", problem, 3 }, { "unrouted", unrouted, 5 },
	{ "connected", connected, 3 }, { "ended", ended, 6 }, { NULL, NULL, 0 },
};

const NativeModule watchModule = { "xs-host/watch", source, functions };
