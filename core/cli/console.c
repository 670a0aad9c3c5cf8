/* Lines come through the module "lineedit" at a terminal, plainly otherwise.  Whatever the terminal
 * is changed to is put back: by close(), by the second Ctrl-C, and by the handler of a crash. */
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/module.h"
#include "base/rowset.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/console_tty.h"
#include "cli/lineedit.h"
#include "cli/progress.h"
#include "cli/screen.h"
#include "cli/watch.h"
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <termios.h>

enum {
    LINE_BYTES_MAX = 1 << 20,
    COMPLETE_ROWS = 2000,
    COMPLETE_BYTES = 1 << 20,
    COMPLETE_MS = 1000,
    SINKS_MAX = 64
};

static struct {
    struct console face;
    bool taken; /* the raw descriptors were */
    struct console_options o;
    char *terminal;
    int wake; /* eventfd: Ctrl-C while a line is read */
    atomic_bool reading;
    lineedit_fn *edit;
    bool edit_tried;
    struct buf plain; /* bytes read beyond the last plain line */
    bool plain_end;
    struct termios saved;
    volatile sig_atomic_t changed; /* saved is to be put back */
    struct render *sinks[SINKS_MAX];
    unsigned n_sinks;
    struct rowset candidates; /* of the last completion */
    const char **values;
} con = {.wake = -1};

/* ---- the terminal's state ---- */

/* tcsetattr is on POSIX's list of what a signal handler may call. */
static void restore(void)
{
    screen_restore();
    if (con.changed)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &con.saved);
    con.changed = 0;
}

static void on_crash(int number)
{
    restore();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void save_terminal(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static char other_stack[1 << 16];
    static bool armed;
    if (con.changed || tcgetattr(STDIN_FILENO, &con.saved))
        return;
    con.changed = 1;
    watch_set_restore(restore);
    const stack_t other = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
    if (!armed)
        (void)sigaltstack(&other, NULL);
    for (size_t i = 0; !armed && i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        struct sigaction act = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
        act.sa_flags |= SA_ONSTACK; /* where the crash is a stack that has run out */
        (void)sigaction(fatal[i], &act, NULL);
    }
    armed = true;
}

/* ---- lines ---- */

static bool interrupt_prompt(void)
{
    static const uint64_t one = 1;
    return atomic_load(&con.reading) && write(con.wake, &one, sizeof(one)) == (ssize_t)sizeof(one);
}

static void begin_reading(void)
{
    uint64_t n;
    watch_calm();
    struct pollfd fd = {con.wake, POLLIN, 0};
    if (poll(&fd, 1, 0) == 1)
        (void)!read(con.wake, &n, sizeof(n));
    atomic_store(&con.reading, true);
    watch_set_prompt(interrupt_prompt);
    progress_stop();
}

static void end_reading(void)
{
    watch_set_prompt(NULL);
    atomic_store(&con.reading, false);
}

static int32_t give_text(allora_ctx *ctx, const char *p, size_t n, allora_str *ret,
                         allora_error *err)
{
    char *copy = ctx_alloc(ctx, n + 1);
    if (!copy)
        return err_nomem(err);
    memcpy(copy, p, n);
    copy[n] = '\0';
    *ret = (allora_str){copy, n};
    return ALLORA_OK;
}

static int32_t no_line(allora_ctx *ctx, allora_error *err)
{
    int32_t rc = ctx_cancelled(ctx);
    return err_set(err, rc ? rc : ALLORA_E_CANCELLED, "interrupted at the prompt");
}

/* Waits for input on fd or for Ctrl-C: 1, 0 for Ctrl-C. */
static bool input_ready(int fd)
{
    for (;;) {
        struct pollfd fds[2] = {{fd, POLLIN, 0}, {con.wake, POLLIN, 0}};
        if (poll(fds, 2, -1) > 0)
            return !fds[1].revents;
        if (errno != EINTR)
            return true;
    }
}

static int32_t plain_line(allora_ctx *ctx, allora_str *ret, allora_error *err)
{
    for (;;) {
        char *end = con.plain.len ? memchr(con.plain.ptr, '\n', con.plain.len) : NULL;
        if (end || (con.plain_end && con.plain.len)) {
            size_t n = end ? (size_t)(end - con.plain.ptr) : con.plain.len, used = end ? n + 1 : n;
            int32_t rc = give_text(ctx, con.plain.ptr, n, ret, err);
            memmove(con.plain.ptr, con.plain.ptr + used, con.plain.len - used);
            con.plain.len -= used;
            return rc;
        }
        if (con.plain_end)
            return ALLORA_STOP;
        char chunk[4096];
        if (!input_ready(STDIN_FILENO))
            return no_line(ctx, err);
        ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        con.plain_end = n <= 0;
        if (n > 0)
            buf_add(&con.plain, chunk, (size_t)n);
        if (buf_failed(&con.plain))
            return err_set(err, ALLORA_E_ARG, "a line of standard input is longer than %d bytes",
                           LINE_BYTES_MAX);
    }
}

static void open_lineedit(void)
{
    if (con.edit_tried)
        return;
    con.edit_tried = true; /* where it is not, lines are read plainly */
    *(void **)&con.edit = module_symbol("lineedit", LINEEDIT_SYMBOL, NULL);
}

struct completer {
    allora_ctx *ctx;
    const char *operation;
};

/* The operation gets {"line","cursor"} and sends rows of value and, optionally, start. */
static void complete(void *self, const char *line, size_t cursor, struct lineedit_answer *ret)
{
    const struct completer *c = self;
    A_CLEAN(buf_done) struct buf args = BUF(2 * LINE_BYTES_MAX);
    struct jsonw w = JSONW(&args);
    allora_error err = ERR_INIT;
    jw_object(&w);
    jw_kstr(&w, "line", line);
    jw_kint(&w, "cursor", (int64_t)cursor);
    jw_end_object(&w);

    rowset_done(&con.candidates);
    rowset_init(&con.candidates, COMPLETE_ROWS, COMPLETE_BYTES);
    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_open(c->ctx, NULL, COMPLETE_MS, 0);
    allora_sink sink = rowset_sink(&con.candidates);
    const struct rowset *rows = &con.candidates;
    if (!ctx)
        return;
    ctx->unrecorded = true;
    if (con.o.dispatch->call(con.o.dispatch->self, ctx, c->operation,
                             (allora_str){buf_str(&args), args.len}, &sink, &err) < 0)
        return;
    free(con.values);
    con.values = mem_array(rows->n_rows + 1, sizeof(*con.values));
    uint32_t value = 0, start = UINT32_MAX;
    for (uint32_t i = 0; i < rows->n_columns; i++) {
        value = streq(rows->names[i], "value") ? i : value;
        start = streq(rows->names[i], "start") ? i : start;
    }
    for (size_t i = 0; con.values && rows->n_columns && i < rows->n_rows; i++) {
        const allora_value *v = &rows->rows[i][value];
        if (v->type ==
            ALLORA_V_TEXT) /* a rowset's texts end in NUL, as all that is copied into an arena */
            con.values[ret->n++] = v->u.p;
        if (start != UINT32_MAX && rows->rows[i][start].type == ALLORA_V_INT)
            ret->start = (size_t)rows->rows[i][start].u.i;
    }
    ret->values = con.values;
}

/* Where a history is kept: state/history-NAME, readable by its owner alone.  NULL: nowhere. */
static char *history_file(const char *name)
{
    A_FREE char *dir = name && *name ? fs_state_dir() : NULL;
    for (const char *p = name; dir && *p; p++) {
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_' && *p != '-')
            return NULL;
    }
    if (!dir || fs_mkdirs(dir, 0700, NULL))
        return NULL;
    return mem_printf("%s/history-%s", dir, name);
}

static int32_t edited_line(allora_ctx *ctx, allora_str prompt, const char *history,
                           const char *operation, allora_str *ret, allora_error *err)
{
    A_FREE char *file = history_file(history), *text = mem_strndup(prompt.ptr, prompt.len),
                *line = NULL;
    struct completer completer = {ctx, operation};
    struct lineedit_request request = {.prompt = text,
                                       .history_file = file,
                                       .in = STDIN_FILENO,
                                       .out = con.o.term->out_tty ? STDOUT_FILENO : STDERR_FILENO,
                                       .wake = con.wake,
                                       .self = &completer,
                                       .complete = operation && con.o.dispatch ? complete : NULL};
    if (!text)
        return err_nomem(err);
    save_terminal();
    int how = con.edit(&request, &line);
    restore();
    if (how == LINEEDIT_WOKEN)
        return no_line(ctx, err);
    if (how == LINEEDIT_END)
        return ALLORA_STOP;
    if (how != LINEEDIT_LINE)
        return err_set(err, ALLORA_E_INTERNAL, "the line editor failed");
    return give_text(ctx, line, strlen(line), ret, err);
}

static int32_t read_line(void *self, allora_ctx *ctx, allora_str prompt, const char *history,
                         const char *operation, allora_str *ret, allora_error *err)
{
    (void)self;
    int32_t rc = ctx_check(ctx, err);
    if (rc)
        return rc; /* asked to end while no line was read */
    bool at_terminal = con.o.term->in_tty && (con.o.term->out_tty || con.o.term->err_tty);
    if (at_terminal)
        open_lineedit();
    begin_reading();
    if (at_terminal && con.edit) {
        rc = edited_line(ctx, prompt, history, operation, ret, err);
    } else {
        if (at_terminal)
            (void)fs_write_all(con.o.term->out_tty ? STDOUT_FILENO : STDERR_FILENO, prompt.ptr,
                               prompt.len);
        rc = plain_line(ctx, ret, err);
    }
    end_reading();
    return rc;
}

/* ---- the rest ---- */

static int32_t read_secret(void *self, allora_ctx *ctx, allora_str prompt, allora_str *ret,
                           allora_error *err)
{
    (void)self;
    if (!con.o.term->in_tty) {
        err_set(err, ALLORA_E_UNSUPPORTED, "there is no terminal to type a secret at");
        err_hint(err,
                 "run it at a terminal, or give the secret through the environment or a vault");
        return ALLORA_E_UNSUPPORTED;
    }
    save_terminal();
    struct termios quiet = con.saved;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    (void)fs_write_all(STDERR_FILENO, prompt.ptr, prompt.len);
    begin_reading();
    int32_t rc = plain_line(ctx, ret, err);
    end_reading();
    restore();
    (void)fs_write_all(STDERR_FILENO, "\n", 1);
    if (con.plain.ptr)
        explicit_bzero(con.plain.ptr + con.plain.len, con.plain.cap - con.plain.len);
    return rc;
}

static int32_t read_input(void *self, allora_ctx *ctx, uint64_t limit, allora_str *ret,
                          allora_error *err)
{
    (void)self;
    size_t max = limit > ((uint64_t)1 << 30) ? (size_t)1 << 30 : (size_t)limit;
    A_CLEAN(buf_done) struct buf b = BUF(max + 1);
    int32_t rc = fs_read_fd(STDIN_FILENO, max, &b, err);
    return rc ? rc : give_text(ctx, buf_str(&b), b.len, ret, err);
}

static int32_t info(void *self, allora_console_info *ret)
{
    (void)self;
    struct term now = *con.o.term;
    screen_calm(); /* first: a change while the size is asked for is told again */
    term_measure(&now);
    ret->flags = (now.in_tty ? ALLORA_TTY_IN : 0) | (now.out_tty ? ALLORA_TTY_OUT : 0) |
                 (now.err_tty ? ALLORA_TTY_ERR : 0) | (now.out_color ? ALLORA_TTY_COLOUR : 0);
    ret->columns = now.columns;
    ret->rows = now.rows;
    return ALLORA_OK;
}

static int32_t open_raw(void *self, allora_ctx *ctx, int32_t ret_fds[3], allora_error *err)
{
    (void)self;
    (void)ctx;
    (void)err;
    progress_stop();
    con.taken = true;
    if (con.o.term->in_tty)
        save_terminal();
    for (int i = 0; i < 3; i++)
        ret_fds[i] = i;
    return ALLORA_OK;
}

static void close_raw(void *self, allora_ctx *ctx)
{
    (void)self;
    (void)ctx;
    restore();
}

static int32_t set_screen(void *self, allora_ctx *ctx, uint32_t flags, allora_error *err)
{
    (void)self;
    (void)ctx;
    progress_stop();
    if (con.o.term->in_tty)
        save_terminal();
    return screen_set(con.o.term, flags, &con.saved, err);
}

static int32_t resize_fd(void *self, int32_t *ret_fd, allora_error *err)
{
    (void)self;
    int fd = con.o.term->out_tty ? screen_resize_fd() : -1;
    if (fd < 0)
        return err_set(err, con.o.term->out_tty ? ALLORA_E_INTERNAL : ALLORA_E_UNSUPPORTED,
                       con.o.term->out_tty ? "no file descriptors left"
                                           : "there is no terminal whose size could change");
    *ret_fd = fd;
    return ALLORA_OK;
}

static int32_t sink(void *self, allora_ctx *ctx, const char *render, allora_sink *ret,
                    allora_error *err)
{
    (void)self;
    (void)ctx;
    struct render_options o = *con.o.render_options;
    if (con.n_sinks == SINKS_MAX)
        return err_set(err, ALLORA_E_INTERNAL, "a face may render at most %d results", SINKS_MAX);
    o.kind = render;
    o.may_page = false;
    struct render *r = render_new(&o);
    if (!r)
        return err_nomem(err);
    con.sinks[con.n_sinks++] = r;
    *ret = render_sink(r);
    return ALLORA_OK;
}

int32_t console_new(const struct console_options *o, const struct console **ret, allora_error *err)
{
    con.o = *o;
    con.terminal = term_id();
    con.plain = BUF(LINE_BYTES_MAX);
    con.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (con.wake < 0)
        return err_set(err, ALLORA_E_INTERNAL, "no file descriptors left: %s", strerror(errno));
    rowset_init(&con.candidates, COMPLETE_ROWS, COMPLETE_BYTES);
    con.face = (struct console){.terminal = con.terminal,
                                .info = info,
                                .read_line = read_line,
                                .read_secret = read_secret,
                                .read_input = read_input,
                                .open = open_raw,
                                .close = close_raw,
                                .screen = set_screen,
                                .resize_fd = resize_fd,
                                .sink = sink};
    *ret = &con.face;
    return ALLORA_OK;
}

bool console_taken(void)
{
    return con.taken;
}

void console_free(void)
{
    if (con.wake < 0)
        return;
    restore();
    screen_done();
    for (unsigned i = 0; i < con.n_sinks; i++) {
        (void)render_finish(con.sinks[i], ALLORA_OK, NULL);
        render_free(con.sinks[i]);
    }
    con.n_sinks = 0;
    (void)close(con.wake);
    con.wake = -1;
    free(con.terminal);
    free(con.values);
    con.terminal = NULL;
    con.values = NULL;
    buf_done(&con.plain);
    rowset_done(&con.candidates);
}
