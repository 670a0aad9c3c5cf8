/* Heap allocation for core code.  Raw malloc is used nowhere else, so that tests can make the Nth
 * allocation fail. */
#ifndef ALLORA_BASE_MEM_H
#define ALLORA_BASE_MEM_H
#include "cleanup.h"
#include <stddef.h>
#include <stdint.h>

/* All return NULL when memory is out; n * size is overflow-checked.  Release with free(). */
void *mem_alloc(size_t size) A_MUST_CHECK;
void *mem_zalloc(size_t size) A_MUST_CHECK;
void *mem_array(size_t n, size_t size) A_MUST_CHECK; /* zeroed */
void *mem_resize(void *p, size_t n, size_t size) A_MUST_CHECK;
char *mem_strdup(const char *s) A_MUST_CHECK;
char *mem_strndup(const char *s, size_t n) A_MUST_CHECK; /* copies exactly n bytes and adds a NUL */
char *mem_printf(const char *fmt, ...) A_PRINTF(1, 2) A_MUST_CHECK;

/* Test hook: the allocation after `n` more fails, once; a negative n turns it off.  Thread: set
 * before threads start. */
void mem_fail_after(int64_t n);
#endif
