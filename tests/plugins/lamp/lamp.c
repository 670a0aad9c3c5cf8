/* A small world that tests may change.  It is a text file, one lamp a line:
 *
 *   NAME on|off VERSION COATS
 *
 * Every change makes the version one more, so a plan knows what it saw.  How apply() behaves stands
 * in the file of that name with ".mode" behind it, as words:
 *
 *   kill-before kill-after   the process dies there, as if the machine had lost its power
 *   lost-before lost-after   no answer comes: E_NETWORK
 *   kill-coat-N              paint dies after its Nth coat and checkpoint
 *   fail                     it says that it failed
 *   slow                     waits for cancellation first
 *   graver                   plan() says "destructive" whatever the manifest says
 *   log                      apply() writes each call to the file ".log" */
#include <allora/sdk.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAMPS_MAX = 64 };
struct lamp {
    char name[32], state[8];
    int version, coats;
};
struct world {
    char path[1024];
    struct lamp lamps[LAMPS_MAX];
    int n;
    char mode[256];
};

/* ---- the file ---- */

static int32_t world_read(const allora_instance *self, allora_ctx *ctx, struct world *w,
                          allora_error *err)
{
    const char *path = NULL;
    char name[1100];
    int32_t status = sdk_config_str(self, ctx, "world", NULL, &path, err);
    memset(w, 0, sizeof *w);
    if (status)
        return status;
    FILE *f = path ? fopen(path, "re") : NULL;
    if (!f)
        return sdk_fail(err, ALLORA_E_CONFIG, "commands.lamp.world: cannot open the file");
    (void)snprintf(w->path, sizeof w->path, "%s", path);
    struct lamp *l = w->lamps;
    while (w->n < LAMPS_MAX &&
           /* NOLINTNEXTLINE(cert-err34-c): the file is the test's own */
           fscanf(f, "%31s %7s %d %d", l->name, l->state, &l->version, &l->coats) == 4) {
        w->n++;
        l++;
    }
    (void)fclose(f);
    (void)snprintf(name, sizeof name, "%s.mode", path);
    f = fopen(name, "re");
    if (f) {
        size_t n = fread(w->mode, 1, sizeof w->mode - 1, f);
        w->mode[n] = '\0';
        (void)fclose(f);
    }
    return ALLORA_OK;
}

static int32_t world_write(const struct world *w, allora_error *err)
{
    char name[1100];
    (void)snprintf(name, sizeof name, "%s.new", w->path);
    FILE *f = fopen(name, "we");
    if (!f)
        return sdk_fail(err, ALLORA_E_REMOTE, "cannot write the world");
    for (int i = 0; i < w->n; i++)
        (void)fprintf(f, "%s %s %d %d\n", w->lamps[i].name, w->lamps[i].state, w->lamps[i].version,
                      w->lamps[i].coats);
    if (fclose(f) != 0 || rename(name, w->path) != 0)
        return sdk_fail(err, ALLORA_E_REMOTE, "cannot write the world");
    return ALLORA_OK;
}

static void log_call(const struct world *w, const char *operation, const char *key)
{
    char name[1100];
    (void)snprintf(name, sizeof name, "%s.log", w->path);
    FILE *f = strstr(w->mode, "log") ? fopen(name, "ae") : NULL;
    if (f) {
        (void)fprintf(f, "%s %s\n", operation, key);
        (void)fclose(f);
    }
}

static struct lamp *find(struct world *w, const char *name)
{
    for (int i = 0; i < w->n; i++)
        if (strcmp(w->lamps[i].name, name) == 0)
            return &w->lamps[i];
    return NULL;
}

/* ---- planning ---- */

static void write_change(sdk_writer *w, const char *verb, const struct lamp *l, const char *before,
                         const char *after)
{
    sdk_w_open(w, NULL, '[');
    if (strcmp(before, after) != 0) {
        sdk_w_open(w, NULL, '{');
        sdk_w_text(w, "verb", verb);
        sdk_w_open(w, "target", '{');
        sdk_w_text(w, "provider", "lamp");
        sdk_w_text(w, "type", "lamp");
        sdk_w_text(w, "id", l->name);
        sdk_w_close(w, '}');
        sdk_w_text(w, "before", before);
        sdk_w_text(w, "after", after);
        sdk_w_close(w, '}');
    }
    sdk_w_close(w, ']');
}

static allora_str inverse(const allora_instance *self, allora_ctx *ctx, const struct lamp *l)
{
    sdk_writer w = sdk_writer_begin(self, ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "operation", "lamp.set");
    sdk_w_open(&w, "arguments", '{');
    sdk_w_text(&w, "lamp", l->name);
    sdk_w_text(&w, "state", l->state);
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    return sdk_w_done(&w);
}

struct wanted {
    const char *verb, *before, *after;
    int number; /* coats */
    int32_t effect;
};

static struct wanted wanted(const allora_instance *self, allora_ctx *ctx, const char *operation,
                            const sdk_json *args, const struct lamp *l)
{
    if (strcmp(operation, "lamp.set") == 0) {
        const char *state = sdk_get_str(args, "state", "");
        return (struct wanted){strcmp(state, "on") == 0 ? "light" : "darken", l->state, state, 0,
                               ALLORA_EFFECT_WRITE};
    }
    if (strcmp(operation, "lamp.paint") == 0) {
        int coats = (int)sdk_get_int(args, "coats", 3);
        return (struct wanted){"paint", sdk_printf(self, ctx, "%d coats", l->coats),
                               sdk_printf(self, ctx, "%d coats", coats), coats,
                               ALLORA_EFFECT_WRITE};
    }
    if (strcmp(operation, "lamp.smash") == 0)
        return (struct wanted){"smash", l->state, "gone", 0, ALLORA_EFFECT_DESTRUCTIVE};
    if (strcmp(operation, "lamp.code") == 0)
        return (struct wanted){"show the code of", "hidden", "shown", 0, ALLORA_EFFECT_SECRET};
    return (struct wanted){"lock", l->state, "locked", 0, ALLORA_EFFECT_ADMIN};
}

static int32_t plan(allora_instance *self, allora_ctx *ctx, const char *operation,
                    allora_str args_json, allora_plan *ret, allora_error *err)
{
    struct world world;
    const sdk_json *args = NULL;
    int32_t status = world_read(self, ctx, &world, err);
    if (!status)
        status = sdk_args(self, ctx, args_json, &args, err);
    if (status)
        return status;
    const char *name = sdk_get_str(args, "lamp", "");
    const struct lamp *l = find(&world, name);
    if (!l && strcmp(operation, "lamp.smash") == 0) {
        ret->steps_json = sdk_str("[]"); /* it is gone already */
        ret->document = sdk_str("gone");
        return ALLORA_OK;
    }
    if (!l)
        return sdk_fail(err, ALLORA_E_NOTFOUND, "there is no lamp %s", name);
    struct wanted want = wanted(self, ctx, operation, args, l);
    if (!want.before || !want.after)
        return ALLORA_E_NOMEM;
    sdk_writer w = sdk_writer_begin(self, ctx);
    write_change(&w, want.verb, l, want.before, want.after);
    ret->steps_json = sdk_w_done(&w);
    char *document =
        sdk_printf(self, ctx, "%s %d %d %s", l->name, l->version, want.number, want.after);
    ret->document = sdk_str(document);
    ret->price_json = sdk_str(""); /* lamps have none */
    ret->effect = strstr(world.mode, "graver") ? ALLORA_EFFECT_DESTRUCTIVE : want.effect;
    if (strcmp(operation, "lamp.set") == 0)
        ret->inverse_json = inverse(self, ctx, l);
    return document && ret->steps_json.ptr ? ALLORA_OK : ALLORA_E_NOMEM;
}

/* ---- applying ---- */

static int32_t misbehave(const allora_instance *self, allora_ctx *ctx, const struct world *w,
                         const char *when, allora_error *err)
{
    char word[32];
    (void)snprintf(word, sizeof word, "kill-%s", when);
    if (strstr(w->mode, word))
        (void)raise(SIGKILL);
    (void)snprintf(word, sizeof word, "lost-%s", when);
    if (strstr(w->mode, word))
        return sdk_fail(err, ALLORA_E_NETWORK, "no answer came");
    if (strcmp(when, "before") == 0 && strstr(w->mode, "fail"))
        return sdk_fail(err, ALLORA_E_REMOTE, "the bulb is stuck");
    while (strcmp(when, "before") == 0 && strstr(w->mode, "slow")) {
        int32_t status = sdk_cancelled(self, ctx, err);
        if (status)
            return status;
        (void)usleep(10000);
    }
    return ALLORA_OK;
}

/* Coat by coat; after a crash it goes on where the checkpoint says. */
static int32_t paint(struct world *w, struct lamp *l, int coats, const allora_sink *sink,
                     allora_error *err)
{
    int32_t status = ALLORA_OK;
    for (int i = l->coats; !status && i < coats; i++) {
        char text[64], word[32];
        l->coats = i + 1;
        status = world_write(w, err);
        (void)snprintf(text, sizeof text, "{\"coats\":%d}", l->coats);
        if (!status)
            status = sdk_event(sink, ALLORA_EV_CHECKPOINT, text);
        (void)snprintf(word, sizeof word, "kill-coat-%d", l->coats);
        if (strstr(w->mode, word))
            (void)raise(SIGKILL);
    }
    return status;
}

static int32_t change(struct world *w, struct lamp *l, const char *operation, const char *after,
                      int number, const allora_sink *sink, allora_error *err)
{
    l->version++;
    if (strcmp(operation, "lamp.set") == 0)
        (void)snprintf(l->state, sizeof l->state, "%.7s", after);
    if (strcmp(operation, "lamp.paint") == 0) {
        l->version--; /* it is the same lamp until the last coat is dry */
        int32_t status = paint(w, l, number, sink, err);
        l->version++;
        if (status)
            return status;
    }
    if (strcmp(operation, "lamp.smash") == 0)
        *l = w->lamps[--w->n];
    if (strcmp(operation, "lamp.code") == 0)
        return sdk_event(sink, ALLORA_EV_RESULT, "{\"code\":\"open sesame\"}");
    return world_write(w, err);
}

static int32_t apply(allora_instance *self, allora_ctx *ctx, const char *operation,
                     allora_str document, const char *key, allora_str checkpoint,
                     const allora_sink *sink, allora_error *err)
{
    struct world world;
    char name[32], after[16];
    int version = 0, number = 0;
    int32_t status = world_read(self, ctx, &world, err);
    const char *text = status ? NULL : sdk_copy(self, ctx, document);
    if (status)
        return status;
    /* NOLINTNEXTLINE(cert-err34-c): the document is this plugin's own */
    if (!text || sscanf(text, "%31s %d %d %15s", name, &version, &number, after) != 4)
        return sdk_fail(err, ALLORA_E_ARG, "this document is not mine");
    struct lamp *l = find(&world, name);
    if (!l || (l->version != version && !checkpoint.len))
        return sdk_fail(err, ALLORA_E_STALE_PLAN, "%s changed since the plan was made: now %s",
                        name, l ? l->state : "gone");
    log_call(&world, operation, key);
    status = misbehave(self, ctx, &world, "before", err);
    if (!status)
        status = change(&world, l, operation, after, number, sink, err);
    return status ? status : misbehave(self, ctx, &world, "after", err);
}

/* ---- reading, and calling others ---- */

static int32_t list(allora_instance *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    struct world w;
    (void)operation, (void)args;
    int32_t status = world_read(self, ctx, &w, err);
    for (int i = 0; !status && i < w.n; i++) {
        const allora_value cells[] = {sdk_cell_text(w.lamps[i].name),
                                      sdk_cell_text(w.lamps[i].state),
                                      sdk_cell_int(w.lamps[i].version)};
        status = sink->row(sink->self, cells, 3);
    }
    return status;
}

static int32_t note(allora_instance *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    (void)self, (void)ctx, (void)operation, (void)args, (void)sink, (void)err;
    return ALLORA_OK;
}

static int32_t relay(allora_instance *self, allora_ctx *ctx, const char *operation,
                     allora_str args_json, const allora_sink *sink, allora_error *err)
{
    const sdk_json *args = NULL;
    sdk_result result;
    (void)operation, (void)sink;
    int32_t status = sdk_args(self, ctx, args_json, &args, err);
    if (status)
        return status;
    allora_value with = sdk_nested(args, "arguments");
    return sdk_call(self, ctx, sdk_get_str(args, "operation", ""),
                    sdk_str_n(with.type == ALLORA_V_JSON ? with.u.p : "",
                              with.type == ALLORA_V_JSON ? with.len : 0),
                    10, &result, err);
}

static const sdk_operation operations[] = {
    {"lamp.list", list, NULL, NULL},   {"lamp.note", note, NULL, NULL},
    {"lamp.relay", relay, NULL, NULL}, {"lamp.set", NULL, plan, apply},
    {"lamp.paint", NULL, plan, apply}, {"lamp.smash", NULL, plan, apply},
    {"lamp.code", NULL, plan, apply},  {"lamp.lock", NULL, plan, apply},
    {NULL, NULL, NULL, NULL},
};
static const sdk_plugin lamp = {"lamp", NULL, operations, NULL, NULL, 0, NULL, NULL};
ALLORA_PLUGIN(lamp);
