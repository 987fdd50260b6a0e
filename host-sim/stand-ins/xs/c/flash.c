/*
 * What the SDK's linker does to the heap that preloading has left: it becomes a part of the flash image.
 *
 * Functions, classes, prototypes, views, buffers, maps and sets are frozen. What a program froze itself is petrified,
 * private fields included. What stays mutable gets a number, under which the running program keeps a copy of its own
 * once it writes. And nothing may be left in the chunk heap, because the collector of the running program would take
 * such a string for one of its own.
 */
#include "host.h"

typedef void (*SlotVisitor)(txMachine* the, txSlot* slot);

static void visitHeap(txMachine* the, SlotVisitor visit)
{
	for (txSlot* heap = the->firstHeap; heap; heap = heap->next) {
		for (txSlot* slot = heap + 1; slot < heap->value.reference; slot++)
			visit(the, slot);
	}
}

static int isFunctionKind(txKind kind)
{
	return (kind == XS_CALLBACK_KIND) || (kind == XS_CALLBACK_X_KIND) || (kind == XS_CODE_KIND) || (kind == XS_CODE_X_KIND);
}

static void freezeInstance(txSlot* instance)
{
	for (txSlot* property = instance->next; property; property = property->next) {
		if (property->kind != XS_ACCESSOR_KIND)
			property->flag |= XS_DONT_SET_FLAG;
		property->flag |= XS_DONT_DELETE_FLAG;
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

/** A function, and the prototype that its instances share. */
static void freezeFunction(txSlot* function)
{
	freezeInstance(function);
	if (!(function->flag & XS_CAN_CONSTRUCT_FLAG))
		return;
	for (txSlot* property = function->next; property; property = property->next) {
		if ((property->ID == mxID(_prototype)) && (property->kind == XS_REFERENCE_KIND)
				&& !(property->flag & XS_INTERNAL_FLAG)) {
			freezeInstance(property->value.reference);
			return;
		}
	}
}

/** Freezes the kinds of instances that cannot be copied on the first write. */
static void freezeByKind(txMachine* the, txSlot* slot)
{
	(void)the;
	txSlot* internal = slot->next;
	if ((slot->kind != XS_INSTANCE_KIND) || !internal || !(internal->flag & XS_INTERNAL_FLAG))
		return;
	if (isFunctionKind(internal->kind)) {
		freezeFunction(slot);
		return;
	}
	if (internal->ID == XS_ENVIRONMENT_BEHAVIOR) {
		freezeInstance(slot);
		return;
	}
	switch (internal->kind) {
	case XS_PROMISE_KIND:
		freezeInstance(internal->next->value.reference);
		freezeInstance(slot);
		break;
	case XS_ARRAY_BUFFER_KIND:
	case XS_DATA_VIEW_KIND:
	case XS_MAP_KIND:
	case XS_PROXY_KIND:
	case XS_REGEXP_KIND:
	case XS_SET_KIND:
	case XS_TYPED_ARRAY_KIND:
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_REF_KIND:
	case XS_WEAK_SET_KIND:
		freezeInstance(slot);
		break;
	default:
		break;
	}
}

/** A variable that holds a function or a class is never assigned again in practice; the linker relies on it. */
static void freezeClosure(txMachine* the, txSlot* slot)
{
	(void)the;
	if (slot->kind != XS_CLOSURE_KIND)
		return;
	txSlot* closure = slot->value.closure;
	if (closure->kind == XS_REFERENCE_KIND) {
		txSlot* internal = closure->value.reference->next;
		if (internal && (internal->flag & XS_INTERNAL_FLAG) && isFunctionKind(internal->kind))
			closure->flag |= XS_DONT_SET_FLAG;
	}
	else if (closure->kind == XS_HOST_FUNCTION_KIND)
		closure->flag |= XS_DONT_SET_FLAG;
}

static int isFrozenProperty(const txSlot* property)
{
	return (property->flag & XS_DONT_DELETE_FLAG)
		&& ((property->flag & XS_DONT_SET_FLAG) || (property->kind == XS_ACCESSOR_KIND));
}

static int hasFrozenItems(txMachine* the, txSlot* array)
{
	txIndex count = fxGetIndexSize(the, array);
	for (txIndex index = 0; index < count; index++) {
		if (!isFrozenProperty(array->value.array.address + index))
			return 0;
	}
	return 1;
}

static void petrifyPrivateMembers(txSlot* container)
{
	for (txSlot* member = container->value.private.first; member; member = member->next) {
		if (member->kind != XS_ACCESSOR_KIND)
			member->flag |= XS_DONT_SET_FLAG;
		member->flag |= XS_DONT_DELETE_FLAG;
	}
}

/** Object.freeze leaves alone what is not a property; a frozen instance in flash is read-only all through. */
static void petrifyFrozen(txMachine* the, txSlot* instance)
{
	if ((instance->kind != XS_INSTANCE_KIND) || !(instance->flag & XS_DONT_PATCH_FLAG))
		return;
	for (txSlot* property = instance->next; property; property = property->next) {
		if (!(property->flag & XS_INTERNAL_FLAG) && !isFrozenProperty(property))
			return;
		if ((property->kind == XS_ARRAY_KIND) && !hasFrozenItems(the, property))
			return;
	}
	for (txSlot* property = instance->next; property && (property->flag & XS_INTERNAL_FLAG); property = property->next) {
		if (property->kind == XS_PRIVATE_KIND)
			petrifyPrivateMembers(property);
		property->flag |= XS_DONT_SET_FLAG | XS_DONT_DELETE_FLAG;
	}
}

/** The global object keeps where its built-in properties are, found at their first use; the linker finds them all. */
static void findGlobals(txMachine* the)
{
	txSlot* global = fxGetInstance(the, &mxGlobal);
	txSlot* table = global->next;
	for (txID id = XS_SYMBOL_ID_COUNT; id < XS_INTRINSICS_COUNT; id++)
		table->value.table.address[id] = fxOrdinaryGetProperty(the, global, id, 0, XS_ANY);
}

void flashFreeze(txMachine* the)
{
	findGlobals(the);
	fxCollectGarbage(the);
	visitHeap(the, freezeByKind);
	visitHeap(the, freezeClosure);
	/* The built-in prototypes and objects stand on the stack, below what a machine keeps for its own running. */
	for (txSlot* slot = the->stackTop - mxStackIndexCount; slot < the->stackTop - 1 - mxInstanceInspectorsStackIndex; slot++) {
		if (slot->kind == XS_REFERENCE_KIND)
			freezeInstance(slot->value.reference);
	}
	visitHeap(the, petrifyFrozen);
}

/* ---- sealing ---- */

static void sealSlot(txMachine* the, txSlot* slot)
{
	switch (slot->kind) {
	case XS_STRING_KIND:
		slot->kind = XS_STRING_X_KIND;
		break;
	case XS_BIGINT_KIND:
		slot->kind = XS_BIGINT_X_KIND;
		break;
	case XS_CODE_KIND:
		slot->kind = XS_CODE_X_KIND;
		break;
	case XS_CALLBACK_KIND:
		slot->kind = XS_CALLBACK_X_KIND;
		break;
	case XS_KEY_KIND:
		slot->kind = XS_KEY_X_KIND;
		break;
	case XS_REGEXP_KIND:
		/* Matching writes here; without it every match takes a buffer of its own. */
		slot->value.regexp.data = NULL;
		break;
	case XS_ARRAY_KIND:
		if (slot->value.array.address) {
			txIndex count = fxGetIndexSize(the, slot);
			for (txIndex index = 0; index < count; index++) {
				sealSlot(the, slot->value.array.address + index);
				slot->value.array.address[index].flag |= XS_MARK_FLAG;
			}
		}
		break;
	default:
		break;
	}
}

void flashSeal(txMachine* the)
{
	visitHeap(the, sealSlot);
	for (txSlot* slot = the->stackTop - mxStackIndexCount; slot < the->stackTop; slot++)
		sealSlot(the, slot);
}
