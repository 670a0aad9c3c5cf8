/* What store.c (keys, transactions) and store_log.c (logs, leases) share. */
#ifndef ALLORA_STORE_PRIVATE_H
#define ALLORA_STORE_PRIVATE_H
#include "store/driver.h"
#include <pthread.h>

struct store {
    const struct store_driver *driver;
    char *dir, *path;     /* NULL: no place */
    pthread_mutex_t lock; /* guards owner, depth and appends; whoever owns has the rest */
    pthread_cond_t freed, grown;
    pthread_t owner;
    unsigned depth;   /* how many times the owner holds it */
    uint64_t appends; /* commits of this process that may have added to a log */
    void *connection; /* NULL until first used */
    unsigned nesting; /* of transactions */
    bool doomed;      /* an inner one was rolled back */
    bool appended;    /* in the transaction that is open */
};

/* Takes the store for this thread, with an open connection.  create false: E_NOTFOUND where there
 * is none to open. */
int32_t store_take(struct store *s, bool create, allora_error *err);
void store_leave(struct store *s);
/* Wakes those who wait for records. */
void store_tell(struct store *s);
#endif
