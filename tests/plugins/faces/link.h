/* A protocol of JSON lines over two descriptors, JSON-RPC 2.0 as far as it goes: what `mcp` over
 * stdio and the connections of `serve` will be made of.  Requests run at once, each on a thread and
 * in a scope of its own:
 *
 *   {"id":1,"method":"catalogue","params":{"glob":"*"}}
 *   {"id":2,"method":"call","params":{"operation":"query.sql","arguments":{…}},"token":"…"}
 *   {"id":3,"method":"follow","params":{"topic":"x.*","after":0}}    then {"id":3,"event":{…}} …
 *   {"id":4,"method":"publish","params":{"topic":"x.y","data":…}}
 *   {"id":5,"method":"echo","params":{"text":"…"}}                    through a program, as a
 * client
 *   {"method":"cancel","params":{"id":2}}
 *
 * Each is answered by {"id","result"} or {"id","error":{code,name,message,hint},"data"?}. */
#ifndef FACES_LINK_H
#define FACES_LINK_H
#include <allora/sdk.h>
#include <pthread.h>

enum { LINK_REQUESTS_MAX = 32, LINK_LINE_MAX = 1 << 20 };

struct request;
struct link {
    allora_instance *self;
    const sdk_instance *host;
    allora_ctx *ctx;      /* the parent of requests' scopes */
    int32_t in, out;      /* may be one descriptor, for a socket */
    int32_t stop_fd;      /* readable: take no more requests, finish those that run */
    unsigned patience_ms; /* after that: how long they may take until they are cancelled */
    bool socket;          /* a reader that has gone cancels its requests; writes raise no signal */
    bool identify;        /* requests carry a token, and act for whom it names */
    pthread_mutex_t lock; /* guards the rest, and writing */
    struct request *first;
    unsigned n;
};
/* Until the end of input, stop_fd, or a broken line; all requests have ended when it returns. */
void link_run(struct link *l);
#endif
