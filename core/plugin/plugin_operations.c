/* plugin.list and plugin.doctor. */
#include "plugin/plugin_operations.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/plugin_words.h"

#include <stdio.h>

static const allora_column columns_list[] = {
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "plugin"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "kind"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "version"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "provides"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "isolation"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "trust"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "path"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "problem"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "hint"},
};
static const allora_column columns_doctor[] = {
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "plugin"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "check"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "status"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "detail"},
    {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "hint"},
};
enum { N_LIST = 9, N_DOCTOR = 5 };

static int32_t begin(const allora_sink *sink, const allora_column *columns, uint32_t n)
{
    const allora_column *pointers[N_LIST];

    for (uint32_t i = 0; i < n; i++)
        pointers[i] = &columns[i];
    return sink->begin(sink->self, pointers, n);
}

/* An empty text is no value. */
static allora_value text_or_null(const char *s)
{
    return s && *s ? val_text(s) : val_null();
}

static int32_t list_row(struct registry *r, const struct plugin *p, const allora_sink *sink)
{
    char name[256], provides[1024], problem[768];
    struct plugin_failure f = registry_failure(r, p);
    bool broken = f.stage || p->shadowed;

    plugin_name(p, name, sizeof name);
    if (p->shadowed)
        (void)snprintf(problem, sizeof problem, "shadowed by %s", p->shadowed_by);
    else
        (void)snprintf(problem, sizeof problem, "%s", f.stage ? f.message : "");
    if (p->shadowed || p->disabled)
        (void)snprintf(provides, sizeof provides, "not used: %s", problem);
    else if (f.stage)
        (void)snprintf(provides, sizeof provides, "not loaded: %s%s%s", problem,
                       *f.hint ? " · " : "", f.hint);
    else
        plugin_provides(r, p, provides, sizeof provides);
    const allora_value cells[N_LIST] = {
        val_text(name),
        text_or_null(p->kinds),
        text_or_null(p->version),
        text_or_null(provides),
        broken ? val_null() : val_text("in process"),
        broken ? val_null() : val_text(plugin_trust(r, p)),
        val_text(p->path),
        text_or_null(problem),
        text_or_null(f.stage ? f.hint : ""),
    };
    return sink->row(sink->self, cells, N_LIST);
}

static bool is_core(const struct plugin *p)
{
    return streq(p->folder_kind, "core");
}

int32_t plugin_op_list(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    struct registry *r = self;
    const char *pattern = json_get_str(args, "pattern", "*");
    bool all = json_get_bool(args, "all", false);
    int32_t rc = begin(sink, columns_list, N_LIST);

    (void)ctx;
    (void)err;
    for (size_t i = 0; rc == ALLORA_OK && i < registry_count(r); i++) {
        const struct plugin *p = registry_at(r, i);
        char name[256];
        plugin_name(p, name, sizeof name);
        if (is_core(p) || (p->shadowed && !all) || !glob_match(pattern, name))
            continue;
        rc = list_row(r, p, sink);
    }
    return rc == ALLORA_STOP ? ALLORA_OK : rc;
}

struct tally {
    unsigned asked, failed;
};

static int32_t doctor_row(const struct plugin *p, const char *check, const char *status,
                          const char *detail, const char *hint, const allora_sink *sink)
{
    char name[256];

    plugin_name(p, name, sizeof name);
    const allora_value cells[N_DOCTOR] = {val_text(name), val_text(check), val_text(status),
                                          val_text(detail), text_or_null(hint)};
    return sink->row(sink->self, cells, N_DOCTOR);
}

static int32_t examine(struct registry *r, const struct plugin *p, allora_ctx *ctx,
                       const allora_sink *sink, struct tally *tally, allora_error *err)
{
    char detail[1200];
    allora_error why = ERR_INIT;

    if (p->shadowed) {
        (void)snprintf(detail, sizeof detail, "%s is not used: %s has the same id and comes first",
                       p->path, p->shadowed_by);
        return doctor_row(p, "find", "note", detail, "remove one of the two", sink);
    }
    if (p->disabled)
        return doctor_row(p, "config", "note", p->failure.message, p->failure.hint, sink);
    tally->asked++;
    int64_t start = clock_mono_us();
    int32_t rc = registry_probe(r, p, ctx, &why);
    int64_t took = clock_mono_us() - start;
    struct plugin_failure f = registry_failure(r, p);
    if (rc &&
        (ctx_cancelled(ctx) || rc == ALLORA_E_NOMEM || (rc == ALLORA_E_CANCELLED && !f.stage))) {
        err_copy(err, &why);
        return rc;
    }
    if (rc) {
        tally->failed++;
        (void)snprintf(detail, sizeof detail, "%s: %s", p->path, f.stage ? f.message : why.message);
        return doctor_row(p, f.stage ? f.stage : "load", "failed", detail,
                          f.stage ? f.hint : why.hint, sink);
    }
    size_t n = plugin_provides(r, p, detail, sizeof detail);
    (void)snprintf(detail + n, sizeof detail - n, "%sloaded in %.1f ms", n ? "; " : "",
                   (double)took / 1000.0);
    return doctor_row(p, "load", "ok", detail, "", sink);
}

int32_t plugin_op_doctor(void *self, allora_ctx *ctx, const json_node *args,
                         const allora_sink *sink, allora_error *err)
{
    struct registry *r = self;
    const char *only = json_get_str(args, "plugin", NULL);
    const struct plugin *wanted = NULL;
    struct tally tally = {0};

    if (only && !(wanted = plugin_lookup(r, only)))
        return plugin_unknown(r, only, err);
    int32_t rc = begin(sink, columns_doctor, N_DOCTOR);
    for (size_t i = 0; rc == ALLORA_OK && i < registry_count(r); i++) {
        const struct plugin *p = registry_at(r, i);
        if (is_core(p) || (wanted && p != wanted))
            continue;
        rc = ctx_check(ctx, err);
        if (rc == ALLORA_OK)
            rc = examine(r, p, ctx, sink, &tally, err);
    }
    if (rc == ALLORA_STOP)
        return ALLORA_OK;
    if (rc == ALLORA_OK && tally.failed > 0) {
        rc = err_set(err, ALLORA_E_ABI, "%u of %u plugins cannot be used", tally.failed,
                     tally.asked);
        err_hint(err, "each row says what to do; the other plugins work");
    }
    return rc;
}

int32_t plugin_op_release(void *self, allora_ctx *ctx, const json_node *args,
                          const allora_sink *sink, allora_error *err)
{
    struct registry *r = self;
    const char *id = json_get_str(args, "plugin", "");
    const struct plugin *p = plugin_lookup(r, id);
    char text[320];

    (void)ctx;
    if (!p)
        return plugin_unknown(r, id, err);
    (void)snprintf(text, sizeof text,
                   registry_release(r, p) ? "%.200s is tried again at its next use\n"
                                          : "%.200s was not quarantined\n",
                   p->id);
    return sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){text, strlen(text)});
}
