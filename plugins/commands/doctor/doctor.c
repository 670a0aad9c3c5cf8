/* doctor.run: asks other operations how they are, and turns what they say into one check list.
 *
 * Each check is sent as a line of text as soon as it is known, and once more in the document at the
 * end.  What an operation reports is passed on in its own words; nothing is judged here but whether
 * a table can be read. */
#include <allora/sdk.h>
#include <stdio.h>
#include <string.h>

enum { CELLS_MAX = 8, WORDS_MAX = 1024, TABLES_MAX = 200, TABLE_TIMEOUT_MS = 10000 };

struct doctor {
    allora_instance *self;
    allora_ctx *ctx;
    const allora_sink *sink;
    sdk_writer json;
    unsigned checks, failed;
    int32_t status; /* of the sink */
};

static const char *mark(const char *status)
{
    if (strcmp(status, "ok") == 0)
        return "✓";
    if (strcmp(status, "note") == 0)
        return "·";
    return strcmp(status, "warning") == 0 ? "!" : "✗";
}

static void say(struct doctor *d, const char *check, const char *status, const char *detail,
                const char *hint)
{
    char line[2 * WORDS_MAX];
    int n = snprintf(line, sizeof line, "%s %-16s %s\n", mark(status), check, detail);

    if (n > 0 && (size_t)n < sizeof line && hint && *hint)
        (void)snprintf(line + n, sizeof line - (size_t)n, "  %-16s → %s\n", "", hint);
    if (d->status == ALLORA_OK)
        d->status = sdk_event(d->sink, ALLORA_EV_TEXT, line);
    d->checks++;
    d->failed += strcmp(status, "failed") == 0;
    sdk_w_open(&d->json, NULL, '{');
    sdk_w_text(&d->json, "check", check);
    sdk_w_text(&d->json, "status", status);
    sdk_w_text(&d->json, "detail", detail);
    sdk_w_text(&d->json, "hint", hint && *hint ? hint : NULL);
    sdk_w_close(&d->json, '}');
}

/* A row as texts: what is no text is empty. */
static void texts_of(const allora_value *cells, uint32_t n, char out[CELLS_MAX][WORDS_MAX])
{
    for (uint32_t i = 0; i < CELLS_MAX; i++) {
        out[i][0] = '\0';
        if (i < n && cells[i].type == ALLORA_V_TEXT)
            (void)snprintf(out[i], WORDS_MAX, "%.*s", (int)cells[i].len, cells[i].u.p);
    }
}

/* core.check: check, status, detail, hint. */
static int32_t core_row(void *self, const allora_value *cells, uint32_t n)
{
    char t[CELLS_MAX][WORDS_MAX];

    texts_of(cells, n, t);
    if (strcmp(t[0], "plugins") != 0) /* each of them is looked at below */
        say(self, t[0], t[1], t[2], t[3]);
    return ALLORA_OK;
}

struct plugins {
    struct doctor *doctor;
    unsigned fine;
    char names[WORDS_MAX];
};

/* plugin.doctor: plugin, check, status, detail, hint.  Those that are well share one line. */
static int32_t plugin_row(void *self, const allora_value *cells, uint32_t n)
{
    struct plugins *p = self;
    char t[CELLS_MAX][WORDS_MAX], check[64];

    texts_of(cells, n, t);
    if (strcmp(t[2], "ok") == 0) {
        size_t len = strlen(p->names);
        (void)snprintf(p->names + len, sizeof p->names - len, "%s%s", len ? ", " : "", t[0]);
        p->fine++;
        return ALLORA_OK;
    }
    (void)snprintf(check, sizeof check, "plugin %.48s", t[0]);
    say(p->doctor, check, t[2], t[3], t[4]);
    return ALLORA_OK;
}

static int32_t call(struct doctor *d, const char *operation, const allora_sink *sink,
                    allora_error *err)
{
    return sdk_of(d->self)->invoke->call(d->ctx, operation, sdk_str("{}"), sink, err);
}

/* The operation itself failed, which is a finding too. */
static void say_error(struct doctor *d, const char *check, int32_t rc, const allora_error *err)
{
    say(d, check, "failed", err->message[0] ? err->message : sdk_status_name(rc), err->hint);
}

static void check_core(struct doctor *d)
{
    allora_error err = {.size = (uint32_t)sizeof err};
    const allora_sink sink = {d, sdk_no_begin, core_row, sdk_no_event};
    int32_t rc = call(d, "core.check", &sink, &err);

    if (rc < 0)
        say_error(d, "core", rc, &err);
}

static void check_plugins(struct doctor *d)
{
    allora_error err = {.size = (uint32_t)sizeof err};
    struct plugins p = {.doctor = d};
    const allora_sink sink = {&p, sdk_no_begin, plugin_row, sdk_no_event};
    char detail[2 * WORDS_MAX];
    unsigned before = d->failed;
    int32_t rc = call(d, "plugin.doctor", &sink, &err);

    if (rc < 0 && d->failed == before) /* else the rows have said it */
        say_error(d, "plugins", rc, &err);
    (void)snprintf(detail, sizeof detail, "%u load%s%s", p.fine, p.fine ? ": " : "", p.names);
    say(d, "plugins", p.fine ? "ok" : "warning", detail,
        p.fine ? "" : "without plugins there is nothing to ask");
}

struct provider {
    char name[64];
    unsigned tables, bad;
    char words[WORDS_MAX], hint[256];
};

/* Reads one row of a table; "partial" counts as read: the rest is in the words. */
static void try_table(struct doctor *d, const char *table, struct provider *p)
{
    allora_error err = {.size = (uint32_t)sizeof err};
    allora_ctx *child = NULL;
    sdk_result result;
    const allora_scope_v1 *scope = sdk_of(d->self)->scope;

    p->tables++;
    if (scope->open(d->ctx, sdk_str(NULL), TABLE_TIMEOUT_MS, 0, &child, &err) != ALLORA_OK)
        return;
    sdk_writer w = sdk_writer_begin(d->self, child);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "sql", sdk_printf(d->self, child, "select 1 from \"%s\" limit 1", table));
    sdk_w_close(&w, '}');
    int32_t rc = sdk_call(d->self, child, "query.sql", sdk_w_done(&w), 1, &result, &err);
    if (rc < 0 && p->bad++ == 0) {
        (void)snprintf(p->words, sizeof p->words, "%.120s: %.800s", table,
                       err.message[0] ? err.message : sdk_status_name(rc));
        (void)snprintf(p->hint, sizeof p->hint, "%s", err.hint);
    }
    scope->close(child);
}

static void say_provider(struct doctor *d, const struct provider *p)
{
    char check[96], detail[WORDS_MAX + 64];

    if (p->tables == 0)
        return;
    (void)snprintf(check, sizeof check, "tables of %.48s", p->name);
    if (p->bad == 0)
        (void)snprintf(detail, sizeof detail, "%u can be read", p->tables);
    else
        (void)snprintf(detail, sizeof detail, "%u of %u cannot be read; %s", p->bad, p->tables,
                       p->words);
    say(d, check, p->bad == 0 ? "ok" : p->bad < p->tables ? "warning" : "failed", detail, p->hint);
}

static void check_tables(struct doctor *d)
{
    allora_error err = {.size = (uint32_t)sizeof err};
    sdk_result result;
    struct provider p = {.tables = 0};
    int32_t rc = sdk_call(d->self, d->ctx, "table.list", sdk_str("{}"), 0, &result, &err);

    if (rc < 0) {
        say_error(d, "tables", rc, &err);
        return;
    }
    for (uint64_t i = 0; i < result.n_rows && i < TABLES_MAX; i++) {
        allora_value name = sdk_result_cell(&result, i, "name");
        allora_value provider = sdk_result_cell(&result, i, "provider");
        allora_value kind = sdk_result_cell(&result, i, "kind");
        char t[CELLS_MAX][WORDS_MAX];
        const allora_value cells[] = {name, provider, kind};
        texts_of(cells, 3, t);
        if (strcmp(t[2], "view") == 0 || sdk_cancelled(d->self, d->ctx, &err) != 0)
            continue;
        if (strcmp(p.name, t[1]) != 0) { /* the list is in order of names, so of providers */
            say_provider(d, &p);
            p = (struct provider){.tables = 0};
            (void)snprintf(p.name, sizeof p.name, "%.63s", t[1]);
        }
        try_table(d, t[0], &p);
    }
    say_provider(d, &p);
}

static void check_agents(struct doctor *d)
{
    allora_error err = {.size = (uint32_t)sizeof err};
    sdk_result result;
    char detail[WORDS_MAX] = "";
    int32_t rc = sdk_call(d->self, d->ctx, "agent.list", sdk_str("{}"), 0, &result, &err);

    if (rc < 0) {
        say_error(d, "agents", rc, &err);
        return;
    }
    for (uint64_t i = 0; i < result.n_rows; i++) {
        allora_value name = sdk_result_cell(&result, i, "name");
        allora_value chosen = sdk_result_cell(&result, i, "default");
        char t[CELLS_MAX][WORDS_MAX];
        size_t len = strlen(detail);
        texts_of(&name, 1, t);
        (void)snprintf(detail + len, sizeof detail - len, "%s%.64s%s", len ? ", " : "", t[0],
                       chosen.type == ALLORA_V_BOOL && chosen.u.i ? " (the default)" : "");
    }
    if (result.n_rows == 0)
        say(d, "agents", "warning", "none is installed: allora ask has nobody to ask",
            "install the plugin offline; it needs no model and no key");
    else
        say(d, "agents", "ok", detail, "");
}

static int32_t finish(struct doctor *d, allora_error *err)
{
    char words[128];

    sdk_w_close(&d->json, ']');
    sdk_w_bool(&d->json, "ok", d->failed == 0);
    sdk_w_close(&d->json, '}');
    allora_str document = sdk_w_done(&d->json);
    if (!document.ptr)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    int32_t rc =
        d->status == ALLORA_OK ? sdk_event(d->sink, ALLORA_EV_RESULT, document.ptr) : d->status;
    if (rc == ALLORA_STOP)
        return ALLORA_OK;
    if (rc != ALLORA_OK || d->failed == 0)
        return rc;
    allora_error warning = {.size = (uint32_t)sizeof warning, .code = ALLORA_E_CONFIG};
    (void)snprintf(words, sizeof words, "%u of %u checks failed", d->failed, d->checks);
    (void)snprintf(warning.message, sizeof warning.message, "%s", words);
    (void)sdk_warn(d->sink, &warning, NULL);
    return ALLORA_PARTIAL;
}

static int32_t run(allora_instance *self, allora_ctx *ctx, const char *operation, allora_str args,
                   const allora_sink *sink, allora_error *err)
{
    const sdk_json *a = NULL;
    int32_t rc = sdk_args(self, ctx, args, &a, err);

    (void)operation;
    if (rc)
        return rc;
    struct doctor d = {.self = self, .ctx = ctx, .sink = sink, .json = sdk_writer_begin(self, ctx)};
    sdk_w_open(&d.json, NULL, '{');
    sdk_w_open(&d.json, "checks", '[');
    check_core(&d);
    check_plugins(&d);
    if (!sdk_get_bool(a, "skip_tables", false))
        check_tables(&d);
    check_agents(&d);
    rc = sdk_cancelled(self, ctx, err);
    return rc ? rc : finish(&d, err);
}

ALLORA_OPERATIONS_PLUGIN(doctor, {"doctor.run", run, NULL, NULL});
