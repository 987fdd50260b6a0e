/*
 * The modules of a run, and the two questions the engine asks about them: which module does a specifier mean, and what
 * is in it.
 *
 * A specifier is resolved against the *name* of the importing module, as on a device: nothing is looked up in a file
 * system once a program is linked.
 */
#include "host.h"

static Module* modules;
static int moduleCount;
static int moduleCapacity;

Module* modulesAdd(const char* name)
{
	if (moduleCount == moduleCapacity) {
		moduleCapacity = moduleCapacity ? 2 * moduleCapacity : 64;
		modules = realloc(modules, (size_t)moduleCapacity * sizeof(Module));
		if (!modules)
			failRun(EXIT_SYSTEM, "no memory for the module table");
	}
	Module* module = &modules[moduleCount++];
	memset(module, 0, sizeof(*module));
	module->name = strdup(name);
	if (!module->name)
		failRun(EXIT_SYSTEM, "no memory for the module table");
	return module;
}

Module* modulesByName(const char* name)
{
	for (int index = 0; index < moduleCount; index++) {
		if (!strcmp(modules[index].name, name))
			return &modules[index];
	}
	return NULL;
}

int modulesCount(void)
{
	return moduleCount;
}

Module* modulesAt(int index)
{
	return &modules[index];
}

int modulesAwait(void)
{
	for (int index = 0; index < moduleCount; index++) {
		if (modules[index].awaits && !modules[index].preload)
			return 1;
	}
	return 0;
}

void modulesLink(txMachine* the)
{
	for (int index = 0; index < moduleCount; index++) {
		Module* module = &modules[index];
		module->id = fxNewNameC(the, module->name);
		codeParse(the, module, module->preload && !options.archivePreloaded && !options.profile);
		if (module->native)
			nativesBind(module);
	}
}

/* ---- what the engine asks ---- */

/** Takes one trailing ".js", ".mjs", ".ts" or ".mts" off. */
static void stripExtension(char* name)
{
	static const char* const extensions[] = { ".js", ".mjs", ".ts", ".mts" };
	size_t length = strlen(name);
	for (size_t index = 0; index < sizeof(extensions) / sizeof(extensions[0]); index++) {
		size_t size = strlen(extensions[index]);
		if ((length > size) && !strcmp(name + length - size, extensions[index])) {
			name[length - size] = 0;
			return;
		}
	}
}

/**
 * Resolves "./x" and any number of "../" against the name of the importing module. "../" in the middle is left as it
 * is, and then not found, as on a device. Returns 0 when there is nothing left to go up.
 */
static int resolveRelative(const char* importer, const char* specifier, char* result, size_t size)
{
	char folder[C_PATH_MAX];
	(void)snprintf(folder, sizeof(folder), "/%s", importer);
	char* slash = strrchr(folder, '/');
	*slash = 0;
	if (!strncmp(specifier, "./", 2))
		specifier += 2;
	else {
		while (!strncmp(specifier, "../", 3)) {
			slash = strrchr(folder, '/');
			if (!slash)
				return 0;
			*slash = 0;
			specifier += 3;
		}
	}
	int length = snprintf(result, size, "%s/%s", folder, specifier);
	if ((length < 0) || ((size_t)length >= size))
		return 0;
	memmove(result, result + 1, (size_t)length);
	return 1;
}

txID fxFindModule(txMachine* the, txSlot* realm, txID moduleID, txSlot* slot)
{
	char specifier[C_PATH_MAX];
	char name[C_PATH_MAX];
	(void)realm;
	fxToStringBuffer(the, slot, specifier, sizeof(specifier));
	if (!strncmp(specifier, "./", 2) || !strncmp(specifier, "../", 3)) {
		if ((moduleID == XS_NO_ID) || !resolveRelative(fxGetKeyName(the, moduleID), specifier, name, sizeof(name)))
			return XS_NO_ID;
	}
	else
		memcpy(name, specifier, sizeof(name));
	stripExtension(name);
	Module* module = modulesByName(name);
	return module ? module->id : XS_NO_ID;
}

void fxLoadModule(txMachine* the, txSlot* slot, txID moduleID)
{
	for (int index = 0; index < moduleCount; index++) {
		Module* module = &modules[index];
		if (module->id == moduleID) {
			nativesSetLoading(module);
			fxResolveModule(the, slot, moduleID, module->script, NULL, NULL);
			return;
		}
	}
}

/** A device has no compiler, so eval and new Function end in a SyntaxError there; and here. */
txScript* fxParseScript(txMachine* the, void* stream, txGetter getter, txUnsigned flags)
{
	(void)the;
	(void)stream;
	(void)getter;
	(void)flags;
	return NULL;
}
