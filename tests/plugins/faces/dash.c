/* A full-screen face: what `monitor top` will be made of.  It draws when a key comes, when the
 * terminal's size changes, and every second; and misbehaves on request, since whatever it does the
 * terminal is put back. */
#include <allora/sdk.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct dash {
    const sdk_instance *host;
    allora_ctx *ctx;
    int32_t fds[3], cancel, resize;
    uint32_t flags;
    unsigned keys;
    bool quit;
    int32_t code;
};

static bool put(const struct dash *d, const char *text)
{
    size_t n = strlen(text);
    return write(d->fds[1], text, n) == (ssize_t)n;
}

static void draw(const struct dash *d)
{
    char text[128];
    allora_console_info info = {.size = (uint32_t)sizeof(info)};
    if (d->host->console->info(d->ctx, &info))
        return;
    (void)snprintf(text, sizeof(text), "\033[H\033[2Jsize=%ux%u keys=%u\n", info.columns, info.rows,
                   d->keys);
    (void)put(d, text);
}

static void sleep_for_ever(void)
{
    for (;;) {
        const struct timespec second = {.tv_sec = 1};
        (void)nanosleep(&second, NULL);
    }
}

static int use_the_stack_up(int depth);
static int (*volatile once_more)(int) = use_the_stack_up; /* no compiler makes a loop of this */

static int use_the_stack_up(int depth)
{
    volatile char room[1 << 14];
    room[0] = (char)depth;
    int rest = depth == INT_MAX ? 0 : once_more(depth + 1);
    return room[0] + rest;
}

static void key(struct dash *d, char k)
{
    allora_error err = {.size = (uint32_t)sizeof(err)};
    d->keys++;
    if (k == 'q')
        d->quit = true;
    if (k == 3) { /* Ctrl-C is a key here */
        d->quit = true;
        d->code = 130;
    }
    if (k == 'x')
        (void)raise(SIGSEGV);
    if (k == 'o')
        d->keys += (unsigned)use_the_stack_up(0);
    if (k == 'h')
        sleep_for_ever();
    if (k == 'p') { /* the ordinary page for a moment, as for an editor */
        (void)d->host->console->screen(d->ctx, 0, &err);
        (void)put(d, "on the ordinary page\n");
        (void)d->host->console->screen(d->ctx, d->flags, &err);
    }
}

static int32_t loop(struct dash *d, allora_error *err)
{
    while (!d->quit) {
        struct pollfd fds[3] = {
            {d->fds[0], POLLIN, 0}, {d->cancel, POLLIN, 0}, {d->resize, POLLIN, 0}};
        char k;
        draw(d);
        (void)poll(fds, 3, 1000);
        int32_t rc = d->host->host->cancelled(d->ctx);
        if (rc)
            return sdk_fail(err, rc, "interrupted");
        if ((fds[0].revents & POLLIN) && read(d->fds[0], &k, 1) == 1)
            key(d, k);
        else if (fds[0].revents & (POLLHUP | POLLERR))
            return ALLORA_OK;
    }
    return ALLORA_OK;
}

static int32_t run(allora_instance *self, allora_ctx *ctx, const allora_invocation *invocation,
                   const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    struct dash d = {.host = sdk_of(self), .ctx = ctx};
    const allora_console_v1 *console = d.host->console;
    (void)sink;
    d.flags = ALLORA_SCREEN_ALTERNATE | ALLORA_SCREEN_NO_CURSOR;
    if (strcmp(sdk_invocation_arg(invocation, "keys", "raw"), "raw") == 0)
        d.flags |= ALLORA_SCREEN_RAW;
    if (!ALLORA_CAN(allora_console_v1, console, screen))
        return sdk_fail(err, ALLORA_E_UNSUPPORTED, "this allora has no screen");
    int32_t rc = console->open(ctx, d.fds, err);
    if (rc == ALLORA_OK)
        rc = console->resize_fd(ctx, &d.resize, err);
    if (rc == ALLORA_OK)
        rc = d.host->scope->cancel_fd(ctx, &d.cancel);
    if (rc == ALLORA_OK)
        rc = console->screen(ctx, d.flags, err);
    if (rc == ALLORA_OK)
        rc = loop(&d, err);
    if (strcmp(sdk_invocation_arg(invocation, "leave", "tidy"), "tidy") == 0)
        console->close(ctx);
    *ret_exit_code = d.code;
    return rc;
}

ALLORA_FACE_PLUGIN(dash, run);
