/* plugin.check: one child process a check, and a line about each as soon as it is done. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "kit/kit.h"
#include "kit/trial.h"
#include "plugin/plugin_words.h"
#include "plugin/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 1 << 20, SLICE_MS = 100, SHOWN_MAX = 10, TEXT_MAX = 1 << 20 };

struct outcome {         /* of one check */
    json_node *findings; /* [{what, hint}] */
    char at[512], note[512], skipped[512];
    bool ended; /* the child said that it came to its end */
    bool was_skipped, broken;
    int status; /* of waitpid() */
    bool timed_out;
};
struct run {
    const char *file, *only;
    char path[PATH_MAX];
    uint64_t seed;
    int64_t time_limit_s;
    const char *config, *profile; /* as this program was told; "" */
    const allora_sink *sink;
    json_node *checks; /* of the RESULT */
    unsigned ok, failed, skipped;
    bool broken; /* it can't be loaded or created: what needs that is skipped */
};

static void outcome_done(struct outcome *o)
{
    json_free(o->findings);
}

/* ---- words from the child ---- */

static void add_finding(struct outcome *o, const char *what, const char *hint)
{
    json_node *f = json_new_object();

    if (!o->findings)
        o->findings = json_new_array();
    if (f && json_set(f, "what", json_new_str(what)) == ALLORA_OK)
        (void)json_set(f, "hint", json_new_str(hint));
    if (o->findings && f)
        (void)json_push(o->findings, f);
    else
        json_free(f);
}

static void add_note(struct outcome *o, const char *s)
{
    size_t n = strlen(o->note);

    (void)snprintf(o->note + n, sizeof o->note - n, "%s%s", n ? "; " : "", s);
}

static void take_word(struct outcome *o, const char *line, size_t n)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    const char *s;

    if (json_parse(line, n, &doc, NULL))
        return;
    if ((s = json_get_str(doc, "at", NULL)))
        (void)snprintf(o->at, sizeof o->at, "%s", s);
    if ((s = json_get_str(doc, "note", NULL)))
        add_note(o, s);
    if ((s = json_get_str(doc, "skipped", NULL)))
        (void)snprintf(o->skipped, sizeof o->skipped, "%s", s);
    if ((s = json_get_str(doc, "finding", NULL)))
        add_finding(o, s, json_get_str(doc, "hint", ""));
    o->broken = o->broken || json_get(doc, "broken");
    if ((s = json_get_str(doc, "end", NULL))) {
        o->ended = true;
        o->was_skipped = streq(s, "skipped");
    }
}

/* Takes whole lines out of the buffer. */
static void take_words(struct outcome *o, struct buf *b)
{
    char *start = b->ptr, *end = b->ptr + b->len, *newline;

    while (start < end && (newline = memchr(start, '\n', (size_t)(end - start))) != NULL) {
        take_word(o, start, (size_t)(newline - start));
        start = newline + 1;
    }
    if (b->ptr && start > b->ptr) {
        size_t left = (size_t)(end - start);
        memmove(b->ptr, start, left);
        b->len = left;
        b->ptr[left] = '\0';
    }
}

/* ---- the child ---- */

/* Only what is safe between fork() and exec(). */
static void become_child(const struct run *r, const char *check, int words, int errors)
{
    char seed[32];
    char flag[] = KIT_CHILD_FLAG;
    char name[64];
    int null = open("/dev/null", O_RDWR);

    (void)snprintf(seed, sizeof seed, "%" PRIu64, r->seed);
    (void)snprintf(name, sizeof name, "%s", check);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(errors, 2) < 0 ||
        dup2(words, 3) < 0)
        _exit(126);
    for (int fd = 4; fd < 64; fd++)
        (void)close(fd);
    char *const argv[] = {(char[]){"allora"},
                          flag,
                          (char *)(uintptr_t)r->path,
                          name,
                          seed,
                          (char *)(uintptr_t)r->config,
                          (char *)(uintptr_t)r->profile,
                          NULL};
    (void)execv("/proc/self/exe", argv);
    _exit(127);
}

static pid_t start_child(const struct run *r, const char *check, int *ret_words, int errors,
                         allora_error *err)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0) {
        (void)err_set(err, ALLORA_E_INTERNAL, "no pipe: %s", strerror(errno));
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)setpgid(0, 0); /* what it starts ends with it; Ctrl-C is ours */
        become_child(r, check, fds[1], errors);
    }
    (void)close(fds[1]);
    if (child < 0) {
        (void)close(fds[0]);
        (void)err_set(err, ALLORA_E_INTERNAL, "no child process: %s", strerror(errno));
        return -1;
    }
    (void)setpgid(child, child);
    *ret_words = fds[0];
    return child;
}

/* Reads until the child's end, its time limit or our cancellation. */
static int32_t listen(const struct run *r, allora_ctx *ctx, int words, struct outcome *o,
                      allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(WORDS_MAX);
    int64_t until = clock_mono_us() + r->time_limit_s * 1000000;
    struct pollfd p = {.fd = words, .events = POLLIN};
    char piece[4096];

    for (;;) {
        int32_t rc = ctx_check(ctx, err);
        if (rc)
            return rc;
        if (clock_mono_us() > until) {
            o->timed_out = true;
            return ALLORA_OK;
        }
        int ready = poll(&p, 1, SLICE_MS);
        if (ready < 0 && errno != EINTR)
            return err_set(err, ALLORA_E_INTERNAL, "poll: %s", strerror(errno));
        if (ready <= 0)
            continue;
        ssize_t n = read(words, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ALLORA_OK;
        buf_add(&b, piece, (size_t)n);
        take_words(o, &b);
    }
}

/* The line of a sanitizer's or the C library's last words, if there is one. */
static void last_words(int errors, char *out, size_t size)
{
    static const char *const marks[] = {"SUMMARY: ", "runtime error: ", "Assertion",
                                        "terminate called", "*** "};
    A_CLEAN(buf_done) struct buf text = BUF(WORDS_MAX);
    allora_error ignored = ERR_INIT;

    out[0] = '\0';
    if (lseek(errors, 0, SEEK_SET) != 0 || fs_read_fd(errors, WORDS_MAX, &text, &ignored))
        return;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *at = strstr(buf_str(&text), marks[i]);
        if (!at)
            continue;
        (void)snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
        return;
    }
}

static void judge_end(struct outcome *o, int errors, int64_t limit_s)
{
    const char *at = o->at[0] ? o->at : "the start";
    char words[1400], last[512];

    last_words(errors, last, sizeof last);
    if (o->timed_out)
        (void)snprintf(words, sizeof words, "hangs: no end after %" PRId64 " s, at: %s", limit_s,
                       at);
    else if (WIFSIGNALED(o->status))
        (void)snprintf(words, sizeof words, "dies of signal %d (%s) at: %s%s%s",
                       WTERMSIG(o->status), strsignal(WTERMSIG(o->status)), at,
                       last[0] ? " · " : "", last);
    else if (!o->ended)
        (void)snprintf(words, sizeof words, "ends the process with status %d at: %s%s%s",
                       WEXITSTATUS(o->status), at, last[0] ? " · " : "", last);
    else if (WEXITSTATUS(o->status) != 0 || last[0])
        (void)snprintf(words, sizeof words, "%s at its end (status %d)", last[0] ? last : "fails",
                       WEXITSTATUS(o->status));
    else
        return;
    add_finding(o, words,
                o->timed_out ? "ask cancelled(); bound every wait"
                : o->ended   ? ""
                : WIFEXITED(o->status) && !last[0]
                    ? "a plugin returns; the process is not its to end"
                    : "gdb --args allora " KIT_CHILD_FLAG " FILE CHECK SEED '' '' runs it alone");
}

static int32_t run_child(const struct run *r, allora_ctx *ctx, const char *check, struct outcome *o,
                         allora_error *err)
{
    A_CLOSE int words = -1;
    A_CLOSE int errors = memfd_create("allora-plugin-check", MFD_CLOEXEC);

    if (errors < 0)
        return err_set(err, ALLORA_E_INTERNAL, "no file for its errors: %s", strerror(errno));
    pid_t child = start_child(r, check, &words, errors, err);
    if (child < 0)
        return ALLORA_E_INTERNAL;
    int32_t rc = listen(r, ctx, words, o, err);
    (void)close(words);
    words = -1;
    if (rc || o->timed_out)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &o->status, 0) < 0 && errno == EINTR)
        ;
    (void)kill(-child, SIGKILL); /* what it left behind */
    if (!rc)
        judge_end(o, errors, r->time_limit_s);
    return rc;
}

/* ---- what is said ---- */

static void put_findings(struct buf *b, const json_node *findings)
{
    size_t n = 0;

    json_foreach (f, findings) {
        if (n++ == SHOWN_MAX) {
            buf_addf(b, "              … and %zu more; -o json has all of them\n",
                     json_count(findings) - SHOWN_MAX);
            return;
        }
        buf_addf(b, "  %s%s\n", n == 1 ? "FAIL    " : "              ",
                 json_get_str(f, "what", ""));
        if (*json_get_str(f, "hint", ""))
            buf_addf(b, "                do: %s\n", json_get_str(f, "hint", ""));
    }
}

static int32_t say(const struct run *r, const struct buf *b)
{
    int32_t rc = r->sink->event(r->sink->self, ALLORA_EV_TEXT, (allora_str){b->ptr, b->len});

    return rc == ALLORA_STOP ? ALLORA_E_CANCELLED : rc; /* the reader left */
}

static int32_t tell(struct run *r, const char *check, struct outcome *o, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(TEXT_MAX);
    const char *status = o->findings ? "failed" : o->was_skipped ? "skipped" : "ok";
    json_node *c = json_new_object();

    if (o->findings) {
        r->failed++;
        buf_addf(&b, "  %-10s", check);
        put_findings(&b, o->findings);
    } else if (o->was_skipped) {
        r->skipped++;
        buf_addf(&b, "  %-10s  skipped: %s\n", check, o->skipped);
    } else {
        r->ok++;
        buf_addf(&b, "  %-10s  ok%s%s%s\n", check, o->note[0] ? "  (" : "", o->note,
                 o->note[0] ? ")" : "");
    }
    if (!c || json_set(c, "check", json_new_str(check)) ||
        json_set(c, "status", json_new_str(status)) ||
        json_set(c, "note", json_new_str(streq(status, "skipped") ? o->skipped : o->note)) ||
        json_set(c, "findings", o->findings ? json_copy(o->findings) : json_new_array())) {
        json_free(c);
        return err_nomem(err);
    }
    if (json_push(r->checks, c) || buf_failed(&b))
        return err_nomem(err);
    return say(r, &b);
}

static int32_t conclude(struct run *r, const char *plugin, allora_error *err)
{
    A_CLEAN(buf_done) struct buf text = BUF(TEXT_MAX);
    A_CLEAN(buf_done) struct buf json = BUF(16 << 20);
    struct jsonw w = JSONW(&json);

    jw_object(&w);
    jw_kstr(&w, "file", r->path);
    jw_kstr(&w, "plugin", plugin);
    jw_key(&w, "seed");
    jw_uint(&w, r->seed);
    jw_key(&w, "checks");
    jw_node(&w, r->checks);
    jw_kint(&w, "ok", r->ok);
    jw_kint(&w, "failed", r->failed);
    jw_kint(&w, "skipped", r->skipped);
    jw_end_object(&w);
    buf_addf(&text, "%u ok, %u failed, %u skipped\n", r->ok, r->failed, r->skipped);
    if (buf_failed(&json) || buf_failed(&text))
        return err_nomem(err);
    int32_t rc = say(r, &text);
    if (!rc)
        rc = r->sink->event(r->sink->self, ALLORA_EV_RESULT, (allora_str){json.ptr, json.len});
    if (rc < 0)
        return rc;
    if (!r->failed)
        return ALLORA_OK;
    rc = err_set(err, ALLORA_E_INTERNAL, "%s: %u of %u checks failed", plugin, r->failed,
                 r->ok + r->failed + r->skipped);
    err_hint(err, "the same inputs again: allora plugin check %s --seed %" PRIu64, r->file,
             r->seed);
    return rc;
}

/* ---- the whole ---- */

/* The manifest's id; the file's name where there is none. */
static void name_of(const char *path, char *out, size_t size)
{
    struct elf_view v;
    struct manifest *m = NULL;
    allora_error ignored = ERR_INIT;
    const char *slash = strrchr(path, '/');

    (void)snprintf(out, size, "%.*s", (int)(size - 1), slash ? slash + 1 : path);
    if (elf_open(path, &v, &ignored))
        return;
    if (v.manifest && manifest_parse(v.manifest, v.manifest_len, &m, &ignored) == ALLORA_OK)
        (void)snprintf(out, size, "%s", m->id);
    manifest_free(m);
    elf_close(&v);
}

static int32_t run_all(struct run *r, allora_ctx *ctx, allora_error *err)
{
    for (size_t i = 0; i < kit_n_checks; i++) {
        const struct check_decl *check = &kit_checks[i];
        A_CLEAN(outcome_done) struct outcome o = {.findings = NULL};
        if (r->only && !streq(r->only, check->name))
            continue;
        int32_t rc = ALLORA_OK;
        if (r->broken && (check->needs >= NEEDS_MANIFEST || check->needs == NEEDS_NOTHING)) {
            o.was_skipped = true;
            (void)snprintf(o.skipped, sizeof o.skipped, "it cannot be used, see above");
        } else {
            rc = run_child(r, ctx, check->name, &o, err);
        }
        if (rc == ALLORA_OK)
            rc = tell(r, check->name, &o, err);
        if (rc)
            return rc;
        /* loading it and creating an instance is needed by all that follow */
        r->broken = r->broken || o.broken ||
                    (!o.was_skipped && !o.ended &&
                     (streq(check->name, "handshake") || streq(check->name, "life")));
    }
    return ALLORA_OK;
}

static int32_t known_check(const char *only, allora_error *err)
{
    struct nearest near;

    nearest_init(&near, only);
    for (size_t i = 0; i < kit_n_checks; i++) {
        if (streq(kit_checks[i].name, only))
            return ALLORA_OK;
        nearest_offer(&near, kit_checks[i].name);
    }
    A_CLEAN(buf_done) struct buf all = BUF(1024);
    for (size_t i = 0; i < kit_n_checks; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", kit_checks[i].name);
    (void)err_set(err, ALLORA_E_ARG, "there is no check \"%s\"", only);
    if (near.n > 0)
        err_hint(err, "did you mean %s?", near.best[0]);
    else
        err_hint(err, "there are %s", buf_str(&all));
    return err->code;
}

static uint64_t new_seed(void)
{
    uint32_t seed = 0; /* short, as people type it */

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint32_t)clock_mono_us();
    return seed % 1000000;
}

/* The children read the configuration that this program has. */
static void same_config(struct run *r, const struct config *config)
{
    for (size_t i = 0; config && i < config_layer_count(config); i++) {
        const struct config_layer layer = config_layer_at(config, i);
        if (layer.kind == CONFIG_USER && layer.path)
            r->config = layer.path;
        if (layer.profile)
            r->profile = layer.profile;
    }
}

int32_t kit_op_check(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                     allora_error *err)
{
    char plugin[128];
    A_CLEAN(json_freep) json_node *checks = json_new_array();
    struct run r = {.file = json_get_str(args, "file", ""),
                    .only = json_get_str(args, "only", NULL),
                    .seed = json_get(args, "seed") ? (uint64_t)json_get_int(args, "seed", 0)
                                                   : new_seed(),
                    .time_limit_s = json_get_int(args, "time_limit_s", 60),
                    .config = "",
                    .profile = "",
                    .sink = sink,
                    .checks = checks};
    const struct plugin *p = plugin_lookup(self, r.file);

    if (!ctx_is_person(ctx))
        return err_set(err, ALLORA_E_DENIED, "only a person has a plugin's code run by its file");
    int32_t rc = r.only ? known_check(r.only, err) : ALLORA_OK;
    if (rc)
        return rc;
    if (!checks)
        return err_nomem(err);
    if (!realpath(access(r.file, F_OK) == 0 || !p ? r.file : p->path, r.path)) {
        rc = err_set(err, ALLORA_E_NOTFOUND, "%s: %s", r.file, strerror(errno));
        err_hint(err, "name a file, such as build/name.so, or the id of an installed plugin");
        return rc;
    }
    same_config(&r, registry_config(self));
    name_of(r.path, plugin, sizeof plugin);
    A_CLEAN(buf_done) struct buf head = BUF(TEXT_MAX);
    buf_addf(&head, "%s  %s  seed %" PRIu64 "\n", plugin, r.path, r.seed);
    rc = say(&r, &head);
    if (!rc)
        rc = run_all(&r, ctx, err);
    return rc ? rc : conclude(&r, plugin, err);
}
