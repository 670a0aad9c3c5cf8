/* A worker pool for blocking work (one list() per partition).  Threads start on demand up to `max`,
 * and end when idle for a while. They are not tied to the number of cores: they mostly wait.  A job
 * may submit and wait for further jobs: a wait by a worker raises the limit by one while it lasts,
 * so nested calls never wait for their own pool. */
#ifndef ALLORA_BASE_POOL_H
#define ALLORA_BASE_POOL_H
#include "cleanup.h"
#include <stdint.h>

struct pool;
struct pool *pool_new(unsigned max_threads);
void pool_free(struct pool *p); /* waits for all jobs */
/* 0 or ALLORA_E_NOMEM.  fn runs once on some worker, or, when the system refuses another thread,
 * inside the pool_wait_begin() of a job that waits.  Any thread, jobs too. */
int32_t pool_submit(struct pool *p, void (*fn)(void *), void *arg) A_MUST_CHECK;
/* Bracket a blocking wait made inside a job; outside of one they do nothing. */
void pool_wait_begin(struct pool *p);
void pool_wait_end(struct pool *p);
#endif
