/* Scope-bound cleanup for core code: gcc and clang's cleanup attribute, early returns, no goto
 * ladders.
 *
 *     A_FREE char *path = NULL;                 freed when it leaves scope
 *     A_CLEAN(json_freep) json_node *doc = NULL;
 *     return take_ptr(&path);                    ownership moves to the caller
 */
#ifndef ALLORA_BASE_CLEANUP_H
#define ALLORA_BASE_CLEANUP_H
#include <stdlib.h>
#include <unistd.h>

#define A_CLEAN(fn) __attribute__((cleanup(fn)))
#define A_FREE A_CLEAN(cleanup_freep)
#define A_CLOSE A_CLEAN(cleanup_closep)
#define A_UNUSED __attribute__((unused))
#define A_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define A_MUST_CHECK __attribute__((warn_unused_result))

static inline void cleanup_freep(void *p)
{
    free(*(void **)p);
}
static inline void cleanup_closep(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
static inline void *take_ptr_(void *pp)
{
    void *p = *(void **)pp;
    *(void **)pp = NULL;
    return p;
}
#define take_ptr(pp) ((__typeof__(*(pp)))take_ptr_(pp))
#endif
