/*
 * Copying and clearing by words. Debian's C library for this processor does both byte by byte, and XS clears the locals
 * of each function that it calls: it would be felt in every row.
 */
#include <stddef.h>
#include <stdint.h>

/* The compiler must not turn these loops into calls of themselves. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint32_t __attribute__((may_alias)) Word;

#define WORD sizeof(Word)
#define IS_ALIGNED(POINTER) (((uintptr_t)(POINTER) & (WORD - 1)) == 0)

static void copyUp(unsigned char* to, const unsigned char* from, size_t count)
{
	if (IS_ALIGNED((uintptr_t)to ^ (uintptr_t)from)) {
		for (; count && !IS_ALIGNED(to); count--)
			*to++ = *from++;
		for (; count >= 4 * WORD; count -= 4 * WORD, to += 4 * WORD, from += 4 * WORD) {
			Word a = ((const Word*)from)[0], b = ((const Word*)from)[1];
			Word c = ((const Word*)from)[2], d = ((const Word*)from)[3];
			((Word*)to)[0] = a;
			((Word*)to)[1] = b;
			((Word*)to)[2] = c;
			((Word*)to)[3] = d;
		}
		for (; count >= WORD; count -= WORD, to += WORD, from += WORD)
			*(Word*)to = *(const Word*)from;
	}
	for (; count; count--)
		*to++ = *from++;
}

void* memcpy(void* restrict to, const void* restrict from, size_t count)
{
	copyUp(to, from, count);
	return to;
}

void* memmove(void* to, const void* from, size_t count)
{
	unsigned char* target = to;
	const unsigned char* source = from;
	if ((target <= source) || (target >= source + count)) {
		copyUp(target, source, count);
		return to;
	}
	target += count;
	source += count;
	if (IS_ALIGNED((uintptr_t)target ^ (uintptr_t)source)) {
		for (; count && !IS_ALIGNED(target); count--)
			*--target = *--source;
		for (; count >= WORD; count -= WORD) {
			target -= WORD;
			source -= WORD;
			*(Word*)target = *(const Word*)source;
		}
	}
	for (; count; count--)
		*--target = *--source;
	return to;
}

void* memset(void* to, int value, size_t count)
{
	unsigned char* target = to;
	for (; count && !IS_ALIGNED(target); count--)
		*target++ = (unsigned char)value;
	Word word = (Word)(unsigned char)value * 0x01010101u;
	for (; count >= 4 * WORD; count -= 4 * WORD, target += 4 * WORD) {
		((Word*)target)[0] = word;
		((Word*)target)[1] = word;
		((Word*)target)[2] = word;
		((Word*)target)[3] = word;
	}
	for (; count >= WORD; count -= WORD, target += WORD)
		*(Word*)target = word;
	for (; count; count--)
		*target++ = (unsigned char)value;
	return to;
}
