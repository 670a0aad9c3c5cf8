#include "link.h"
#include "methods.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- writing ---- */

static bool write_all(const struct link *l, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = l->socket ? send(l->out, p, n, MSG_NOSIGNAL) : write(l->out, p, n);
        if (done < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct pollfd fd = {l->out, POLLOUT, 0};
            if (poll(&fd, 1, 5000) <= 0)
                return false; /* it reads nothing */
            continue;
        }
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

bool link_send(struct link *l, allora_str line)
{
    (void)pthread_mutex_lock(&l->lock);
    bool ok = line.ptr && write_all(l, line.ptr, line.len) && write_all(l, "\n", 1);
    (void)pthread_mutex_unlock(&l->lock);
    return ok;
}

/* ---- requests ---- */

static void *serve(void *arg)
{
    struct request *r = arg;
    struct link *l = r->link;
    method_run(r);
    (void)pthread_mutex_lock(&l->lock);
    allora_ctx *scope = r->scope;
    r->scope = NULL; /* from here on nobody cancels it */
    r->done = true;
    (void)pthread_mutex_unlock(&l->lock);
    l->host->scope->close(scope);
    return NULL;
}

/* Takes those that have ended out of the list, or all, and joins their threads. */
static void reap(struct link *l, bool all)
{
    for (;;) {
        (void)pthread_mutex_lock(&l->lock);
        struct request **at = &l->first;
        while (*at && !all && !(*at)->done)
            at = &(*at)->next;
        struct request *r = *at;
        if (r) {
            *at = r->next;
            l->n--;
        }
        (void)pthread_mutex_unlock(&l->lock);
        if (!r)
            return;
        (void)pthread_join(r->thread, NULL);
        free(r->line);
        free(r);
    }
}

/* id empty: all of them. */
static void cancel(struct link *l, allora_str id)
{
    (void)pthread_mutex_lock(&l->lock);
    for (struct request *r = l->first; r; r = r->next) {
        if (r->scope &&
            (!id.len || (r->id.len == id.len && memcmp(r->id.ptr, id.ptr, id.len) == 0)))
            l->host->scope->cancel(r->scope);
    }
    (void)pthread_mutex_unlock(&l->lock);
}

static int32_t open_scope(struct link *l, const sdk_json *doc, allora_ctx *ctx, allora_ctx **ret,
                          allora_error *err)
{
    allora_str credential = sdk_str("");
    if (l->identify) {
        const char *token = sdk_get_str(doc, "token", NULL);
        sdk_writer w = sdk_writer_begin(l->self, ctx);
        sdk_w_open(&w, NULL, '{');
        if (token)
            sdk_w_text(&w, "bearer", token);
        sdk_w_close(&w, '}');
        credential = sdk_w_done(&w);
        if (!credential.ptr)
            return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    }
    return l->host->scope->open(l->ctx, credential, 0, 0, ret, err);
}

static int32_t start(struct link *l, struct request *r, allora_error *err)
{
    if (l->n >= LINK_REQUESTS_MAX)
        return sdk_fail(err, ALLORA_E_THROTTLED, "more than %d requests at once",
                        LINK_REQUESTS_MAX);
    (void)pthread_mutex_lock(&l->lock);
    r->next = l->first;
    l->first = r;
    l->n++;
    int rc = pthread_create(&r->thread, NULL, serve, r);
    if (rc) {
        l->first = r->next;
        l->n--;
    }
    (void)pthread_mutex_unlock(&l->lock);
    return rc ? sdk_fail(err, ALLORA_E_INTERNAL, "no more threads") : ALLORA_OK;
}

/* One line; ctx is for looking at it.  A request takes the line with it. */
static void take_line(struct link *l, allora_ctx *ctx, char *line, size_t n)
{
    const sdk_json *doc = NULL;
    allora_error err = {.size = (uint32_t)sizeof(err)};
    struct request *r = calloc(1, sizeof(*r));
    int32_t rc = r ? sdk_parse(l->self, ctx, sdk_str_n(line, n), &doc, &err)
                   : sdk_fail(&err, ALLORA_E_NOMEM, "out of memory");
    if (rc == ALLORA_OK && strcmp(sdk_get_str(doc, "method", ""), "cancel") == 0) {
        const sdk_json *id = sdk_path(doc, "params.id");
        if (id)
            cancel(l, id->source);
        free(r);
        free(line);
        return;
    }
    const sdk_json *id = sdk_member(doc, "id");
    allora_str name = id ? id->source : sdk_str("null");
    if (rc == ALLORA_OK && !id)
        rc = sdk_fail(&err, ALLORA_E_ARG, "a request has an id");
    allora_ctx *scope = NULL;
    if (rc == ALLORA_OK)
        rc = open_scope(l, doc, ctx, &scope, &err);
    if (rc == ALLORA_OK) {
        *r = (struct request){.link = l, .scope = scope, .id = name, .line = line, .len = n};
        rc = start(l, r, &err);
        if (rc == ALLORA_OK)
            return;
        l->host->scope->close(scope);
    }
    err.code = rc;
    (void)link_send(l, method_error(l->self, ctx, name, &err, sdk_str("")));
    free(r);
    free(line);
}

/* ---- reading ---- */

struct input {
    char *p;
    size_t n, cap;
};

/* False: the end, or what can't be a line. */
static bool read_some(struct link *l, struct input *in)
{
    if (in->cap - in->n < 4096) {
        size_t cap = in->cap ? 2 * in->cap : 16384;
        char *p = cap <= 2 * LINK_LINE_MAX ? realloc(in->p, cap) : NULL;
        if (!p)
            return false;
        in->p = p;
        in->cap = cap;
    }
    ssize_t n = read(l->in, in->p + in->n, in->cap - in->n);
    if (n > 0)
        in->n += (size_t)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void take_lines(struct link *l, struct input *in)
{
    char *end;
    while (in->n && (end = memchr(in->p, '\n', in->n))) {
        size_t n = (size_t)(end - in->p);
        char *line = malloc(n + 1);
        allora_ctx *ctx = NULL;
        allora_error err = {.size = (uint32_t)sizeof(err)};
        if (line) {
            memcpy(line, in->p, n);
            line[n] = '\0';
        }
        if (line && n && !l->host->scope->open(l->ctx, sdk_str(""), 0, 0, &ctx, &err))
            take_line(l, ctx, line, n);
        else
            free(line);
        l->host->scope->close(ctx);
        in->n -= n + 1;
        memmove(in->p, end + 1, in->n);
    }
}

/* Those that run get some time; after it, or at once when nobody reads the answers, they are
 * cancelled. */
static void finish(struct link *l, bool gone)
{
    for (unsigned waited = 0; !gone && waited < l->patience_ms; waited += 10) {
        const struct timespec t = {.tv_nsec = 10000000};
        reap(l, false);
        if (!l->n)
            return;
        (void)nanosleep(&t, NULL);
    }
    cancel(l, sdk_str(""));
    reap(l, true);
}

void link_run(struct link *l)
{
    struct input in = {0};
    bool more = true, stopped = false;
    (void)pthread_mutex_init(&l->lock, NULL);
    while (more && !stopped) {
        struct pollfd fds[2] = {{l->in, POLLIN, 0}, {l->stop_fd, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        stopped = fds[1].revents != 0;
        if (!stopped && fds[0].revents)
            more = read_some(l, &in);
        take_lines(l, &in);
        reap(l, false);
    }
    finish(l, l->socket && !more);
    free(in.p);
    (void)pthread_mutex_destroy(&l->lock);
}
