/* A server: the link, on every connection that comes.  What a request may is its token's matter.
 * A request to end stops accepting and reading; what has begun is finished. */
#include "link.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 200 };

struct client {
    struct link link;
    pthread_t thread;
    bool done; /* guarded by the server's lock */
    struct client *next;
};
struct server {
    allora_instance *self;
    const sdk_instance *host;
    allora_ctx *ctx;
    int32_t fd, stop_fd;
    unsigned patience_ms, n;
    pthread_mutex_t lock;
    struct client *first;
};

struct job {
    struct server *server;
    struct client *client;
};

static void *serve(void *arg)
{
    struct job *job = arg;
    struct client *c = job->client;
    struct server *s = job->server;
    free(job);
    link_run(&c->link);
    (void)close(c->link.in);
    (void)pthread_mutex_lock(&s->lock);
    c->done = true;
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void reap(struct server *s, bool all)
{
    for (;;) {
        (void)pthread_mutex_lock(&s->lock);
        struct client **at = &s->first;
        while (*at && !all && !(*at)->done)
            at = &(*at)->next;
        struct client *c = *at;
        if (c) {
            *at = c->next;
            s->n--;
        }
        (void)pthread_mutex_unlock(&s->lock);
        if (!c)
            return;
        (void)pthread_join(c->thread, NULL);
        free(c);
    }
}

static void take_client(struct server *s, int fd)
{
    struct client *c = s->n < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
    struct job *job = malloc(sizeof(*job));
    if (!c || !job) {
        (void)close(fd);
        free(c);
        free(job);
        return;
    }
    c->link = (struct link){.self = s->self,
                            .host = s->host,
                            .ctx = s->ctx,
                            .in = fd,
                            .out = fd,
                            .stop_fd = s->stop_fd,
                            .patience_ms = s->patience_ms,
                            .socket = true,
                            .identify = true};
    *job = (struct job){s, c};
    (void)pthread_mutex_lock(&s->lock);
    int rc = pthread_create(&c->thread, NULL, serve, job);
    if (rc == 0) {
        c->next = s->first;
        s->first = c;
        s->n++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (rc) {
        (void)close(fd);
        free(c);
        free(job);
    }
}

static void accept_all(struct server *s)
{
    for (;;) {
        struct pollfd fds[2] = {{s->fd, POLLIN, 0}, {s->stop_fd, POLLIN, 0}};
        if (poll(fds, 2, 1000) < 0 && errno != EINTR)
            return;
        if (fds[1].revents)
            return;
        reap(s, false);
        if (!fds[0].revents)
            continue;
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            take_client(s, fd);
    }
}

/* Which port, where any free one would do. */
static void tell(const struct server *s, int out)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof(addr);
    char text[64];
    unsigned port = 0;
    if (getsockname(s->fd, (struct sockaddr *)(void *)&addr, &len) == 0 &&
        (addr.ss_family == AF_INET || addr.ss_family == AF_INET6))
        port = ntohs(((const struct sockaddr_in *)(const void *)&addr)->sin_port);
    int n = snprintf(text, sizeof(text), "listening %u\n", port);
    (void)!write(out, text, (size_t)n);
}

static int32_t run(allora_instance *self, allora_ctx *ctx, const allora_invocation *invocation,
                   const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    struct server s = {.self = self, .host = sdk_of(self), .ctx = ctx};
    allora_ctx *accepting = NULL;
    int32_t fds[3];
    (void)sink;
    s.patience_ms =
        (unsigned)strtoul(sdk_invocation_arg(invocation, "patience", "10000"), NULL, 10);
    int32_t rc = s.host->console->open(ctx, fds, err);
    if (rc == ALLORA_OK)
        rc = s.host->scope->open(ctx, sdk_str(""), 0, ALLORA_SCOPE_INTERRUPT | ALLORA_SCOPE_DRAIN,
                                 &accepting, err);
    if (rc == ALLORA_OK)
        rc = s.host->scope->cancel_fd(accepting, &s.stop_fd);
    if (rc == ALLORA_OK)
        rc = s.host->listen->open(accepting, sdk_invocation_arg(invocation, "address", ""), &s.fd,
                                  err);
    if (rc) {
        s.host->scope->close(accepting);
        return rc;
    }
    (void)pthread_mutex_init(&s.lock, NULL);
    tell(&s, fds[1]);
    accept_all(&s);
    (void)close(s.fd);
    reap(&s, true);
    (void)!write(fds[1], "drained\n", 8);
    (void)pthread_mutex_destroy(&s.lock);
    s.host->scope->close(accepting);
    *ret_exit_code = 0;
    return ALLORA_OK;
}

ALLORA_FACE_PLUGIN(porter, run);
