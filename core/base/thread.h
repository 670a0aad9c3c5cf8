/* Which threads are the core's own, so that those a plugin made can be told from them. */
#ifndef ALLORA_BASE_THREAD_H
#define ALLORA_BASE_THREAD_H
#include <stdbool.h>
#include <sys/types.h>

/* First and last thing a thread of the core does.  More than 256 at once are not remembered. */
void thread_begin(void);
void thread_end(void);
bool thread_is_own(pid_t tid);
pid_t thread_id(void); /* the kernel's, of the calling thread */
#endif
