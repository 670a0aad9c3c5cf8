/* What a request of a link does. */
#ifndef FACES_METHODS_H
#define FACES_METHODS_H
#include "link.h"

struct request {
    struct link *link;
    allora_ctx *scope; /* NULL once it has ended; guarded by the link's lock */
    allora_str id;     /* as it is written, in line */
    char *line;
    size_t len;
    pthread_t thread;
    bool done;
    struct request *next;
};
/* Runs it and sends its answer. */
void method_run(struct request *r);
bool link_send(struct link *l, allora_str line);
/* data: JSON that goes with it, or empty. */
allora_str method_error(const allora_instance *self, allora_ctx *ctx, allora_str id,
                        const allora_error *err, allora_str data);
#endif
