/*
 * Modules with functions in C, and what these functions share.
 *
 * Such a module is declared in JavaScript with the engine's `@ "name"` form and preloaded, as the SDK's own are; its
 * functions are primitives that cost the running program no slot.
 */
#include "host.h"

static const NativeModule* const nativeModules[] = {
	&timerModule, &timeModule, &tcpModule, &resolverModule, &countersModule, &controlModule, &watchModule,
};
#define NATIVE_MODULE_COUNT (sizeof(nativeModules) / sizeof(nativeModules[0]))

NativeIDs nativeIDs;

/** The module whose script the engine runs next; its callback has no other way to know. */
static const Module* loading;

/** mc/config: the manifest's configuration, frozen to the last leaf, in flash. JSON is also JavaScript. */
static void addConfiguration(void)
{
	static const char head[] = "export default Object.freeze(";
	static const char tail[] = ", true);";
	size_t size = sizeof(head) + strlen(options.configText) + sizeof(tail);
	char* source = malloc(size);
	if (!source)
		failRun(EXIT_SYSTEM, "no memory for the configuration");
	(void)snprintf(source, size, "%s%s%s", head, options.configText, tail);
	Module* module = modulesAdd("mc/config");
	module->source = source;
	module->preload = 1;
}

/** Names stand in the report as they are, so they may hold nothing that JSON has to escape. */
static int isPlainName(const char* name)
{
	for (const unsigned char* p = (const unsigned char*)name; *p; p++) {
		if ((*p < 0x20) || (*p == '"') || (*p == '\\'))
			return 0;
	}
	return 1;
}

static void addProgramModules(void)
{
	for (int index = 0; index < options.moduleCount; index++) {
		const ModuleOption* option = &options.modules[index];
		if (!isPlainName(option->name))
			failRun(EXIT_OPTIONS, "module name \"%s\" holds a quote, a backslash or a control character", option->name);
		if (modulesByName(option->name))
			failRun(EXIT_OPTIONS, "module \"%s\" is one of the host's own", option->name);
		Module* module = modulesAdd(option->name);
		module->path = option->path;
		module->source = option->source;
	}
	for (int index = 0; index < options.preloadCount; index++) {
		Module* module = modulesByName(options.preload[index]);
		if (!module)
			failRun(EXIT_MODULE, "module \"%s\" in \"preload\" not found", options.preload[index]);
		module->preload = 1;
	}
	if (!modulesByName(options.main))
		failRun(EXIT_MODULE, "main module \"%s\" not found", options.main);
}

void nativesAdd(void)
{
	for (size_t index = 0; index < NATIVE_MODULE_COUNT; index++) {
		Module* module = modulesAdd(nativeModules[index]->specifier);
		module->source = nativeModules[index]->source;
		module->native = nativeModules[index];
		module->preload = 1;
	}
	addConfiguration();
	addProgramModules();
}

/* ---- functions of a module ---- */

static const NativeFunction* functionByName(const NativeModule* native, const char* name)
{
	for (const NativeFunction* function = native->functions; function->name; function++) {
		if (!strcmp(function->name, name))
			return function;
	}
	failRun(EXIT_SYSTEM, "module \"%s\" has no function \"%s\"", native->specifier, name);
}

void nativesBind(Module* module)
{
	txScript* script = module->script;
	if (!script->hostsBuffer)
		return;
	/* Each entry: number of parameters, identifier, name. */
	txByte* p = script->hostsBuffer;
	txID count;
	mxDecodeID(p, count);
	module->builders = calloc(count, sizeof(txHostFunctionBuilder));
	if (!module->builders)
		failRun(EXIT_SYSTEM, "no memory for the functions of \"%s\"", module->name);
	for (txID index = 0; index < count; index++) {
		p += 1 + sizeof(txID);
		const NativeFunction* function = functionByName(module->native, (const char*)p);
		module->builders[index].callback = function->callback;
		module->builders[index].length = function->length;
		module->builders[index].id = XS_NO_ID;
		p += strlen((const char*)p) + 1;
	}
	module->builderCount = count;
	script->callback = NATIVE_DESTRUCTOR(nativesBuildHosts);
}

void nativesSetLoading(const Module* module)
{
	loading = module;
}

void nativesBuildHosts(txMachine* the)
{
	fxBuildHosts(the, loading->builderCount, loading->builders);
	mxPullSlot(mxResult);
}

/**
 * Replaces the engine's function of this name, which makes a function object. The SDK's linker, when it strips, makes a
 * built-in method a primitive of the property itself; that changes what `method.call` costs.
 */
txSlot* fxNextHostFunctionProperty(txMachine* the, txSlot* property, txCallback call, txInteger length, txID id,
	txFlag flag)
{
	txHostFunctionBuilder* builder = malloc(sizeof(*builder));
	if (!builder)
		failRun(EXIT_SYSTEM, "no memory for the built-in functions");
	builder->callback = call;
	builder->length = length;
	builder->id = id;
	property = property->next = fxNewSlot(the);
	property->flag = flag;
	property->ID = id;
	property->kind = XS_HOST_FUNCTION_KIND;
	property->value.hostFunction.builder = builder;
	property->value.hostFunction.profileID = the->profileID++;
	return property;
}

void requireDevice(txMachine* the, const char* what)
{
	if (the != device)
		mxUnknownError("%s called while preloading: there is no hardware where the flash image is built", what);
}

void nativesPrepare(txMachine* the)
{
	nativeIDs = (NativeIDs){
		.address = fxID(the, "address"), .port = fxID(the, "port"), .nodelay = fxID(the, "nodelay"),
		.onReadable = fxID(the, "onReadable"), .onWritable = fxID(the, "onWritable"), .onError = fxID(the, "onError"),
		.onResolved = fxID(the, "onResolved"), .target = fxID(the, "target"), .format = fxID(the, "format"),
		.host = fxID(the, "host"), .field = fxID(the, "field"),
		.name = fxID(the, "name"), .message = fxID(the, "message"),
	};
	static const txHostFunctionBuilder trace = { traceGlobal, 1, XS_NO_ID };
	mxPushUndefined();
	the->stack->kind = XS_HOST_FUNCTION_KIND;
	the->stack->value.hostFunction.builder = &trace;
	the->stack->value.hostFunction.profileID = the->profileID++;
	mxPush(mxGlobal);
	fxDefineID(the, fxID(the, "trace"), XS_DONT_ENUM_FLAG, XS_DONT_ENUM_FLAG);
	mxPop();
}

/* ---- arguments and calls ---- */

void getOption(txMachine* the, const txSlot* object, txID id, txSlot* result)
{
	result->kind = XS_UNDEFINED_KIND;
	if (object->kind != XS_REFERENCE_KIND)
		return;
	mxPushSlot(object);
	mxGetID(id);
	mxPullSlot(result);
}

void getCallback(txMachine* the, const txSlot* object, txID id, txSlot* result)
{
	getOption(the, object, id, result);
	if (result->kind == XS_NULL_KIND)
		result->kind = XS_UNDEFINED_KIND;
	if ((result->kind != XS_UNDEFINED_KIND) && !fxIsCallable(the, result))
		mxUnknownError("not a function");
}

void keepSlot(txMachine* the, txSlot* slot, const txSlot* value)
{
	memset(slot, 0, sizeof(*slot));
	slot->kind = value->kind;
	slot->value = value->value;
	fxRemember(the, slot);
}

void dropSlot(txMachine* the, txSlot* slot)
{
	fxForget(the, slot);
	slot->kind = XS_UNDEFINED_KIND;
}

void callBack(txMachine* the, const txSlot* function, const txSlot* self, int count, const txSlot* arguments,
	const char* what)
{
	fxBeginHost(the);
	{
		mxTry(the) {
			if (self)
				mxPushSlot(self);
			else
				mxPushUndefined();
			mxPushSlot(function);
			mxCall();
			for (int index = 0; index < count; index++)
				mxPushSlot(&arguments[index]);
			mxRunCount(count);
			mxPop();
		}
		mxCatch(the) {
			failWithException(the, "%s", what);
		}
	}
	fxEndHost(the);
}
