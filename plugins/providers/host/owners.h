/* Which process has which socket open: /proc/PID/fd read once, socket numbers to the lowest pid. */
#ifndef HOST_OWNERS_H
#define HOST_OWNERS_H
#include "root.h"

struct owner {
    uint64_t inode; /* 0: empty place */
    int64_t pid;
};
struct owners {
    struct owner *places; /* open addressing; a power of two of them */
    size_t n, room;
    uint64_t hidden; /* processes whose descriptors could not be read */
};

/* Start with {0}.  0 or -ENOMEM. */
int owners_read(struct owners *o, const struct root *r);
/* The lowest pid that has it; 0 when none is known. */
int64_t owners_find(const struct owners *o, uint64_t inode);
void owners_free(struct owners *o);
#endif
