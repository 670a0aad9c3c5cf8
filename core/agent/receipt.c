/* One operation's outcome as a receipt, for people and scripts, and as a message, for the agent. */
#include "agent/receipt.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/value.h"

enum { DOCUMENT_MAX = 256 << 10 };

/* A document that an operation sent, if it is one and not too long; else NULL. */
static json_node *document(const struct outcome *o, int32_t kind)
{
    allora_str text = rowset_event(&o->rows, kind);
    json_node *node = NULL;
    allora_error ignored = ERR_INIT;
    if (text.len == 0 || text.len > DOCUMENT_MAX ||
        json_parse(text.ptr, (size_t)text.len, &node, &ignored) != ALLORA_OK)
        return NULL;
    return node;
}

/* Column i's name, made unique: a second "id" is "id_2".  Caller frees; NULL when memory is out. */
static char *unique_name(const struct rowset *r, uint32_t i)
{
    unsigned same = 1;
    for (uint32_t c = 0; c < i; c++)
        same += streq(r->names[c], r->names[i]);
    if (same == 1)
        return mem_strdup(r->names[i]);
    for (;; same++) {
        char *name = mem_printf("%s_%u", r->names[i], same);
        bool taken = false;
        for (uint32_t c = 0; name && c < r->n_columns; c++)
            taken = taken || streq(r->names[c], name);
        if (!taken)
            return name;
        free(name);
    }
}

static char **unique_names(const struct rowset *r)
{
    char **names = mem_array(r->n_columns + 1, sizeof *names);
    for (uint32_t i = 0; names && i < r->n_columns; i++) {
        names[i] = unique_name(r, i);
        if (names[i])
            continue;
        while (i)
            free(names[--i]);
        free(names);
        return NULL;
    }
    return names;
}

static void free_names(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}

static void write_columns(const struct rowset *r, char *const *names, struct jsonw *w)
{
    jw_key(w, "columns");
    jw_array(w);
    for (uint32_t i = 0; i < r->n_columns; i++) {
        const allora_column *c = r->columns ? r->columns[i] : NULL;
        jw_object(w);
        jw_kstr(w, "name", names[i]);
        jw_kstr(w, "type", c && c->type ? val_type_name(c->type) : NULL);
        jw_kstr(w, "unit", c && ALLORA_HAS(allora_column, c, unit) ? c->unit : NULL);
        jw_end_object(w);
    }
    jw_end_array(w);
}

struct source { /* what the provenance says, over all tables */
    const char *word;
    int64_t as_of_us;
    double age_s;
};

/* The oldest of the parts says how old the whole is. */
static struct source source_of(const struct outcome *o, const json_node *provenance)
{
    struct source s = {NULL, o->started_us, 0};
    const json_node *tables = json_get(provenance, "tables");
    const json_node *only = json_count(tables) ? NULL : provenance;
    for (const json_node *t = only ? only : json_first(tables); t; t = only ? NULL : json_next(t)) {
        const char *word = json_get_str(t, "source", NULL);
        if (word)
            s.word = s.word && !streq(s.word, word) ? "mixed" : word;
        double age = json_num(json_get(t, "age_s"), 0);
        s.age_s = age > s.age_s ? age : s.age_s;
        const char *as_of = json_get_str(t, "as_of", NULL);
        int64_t at = 0;
        if (as_of && time_parse(as_of, strlen(as_of), &at) == ALLORA_OK && at < s.as_of_us)
            s.as_of_us = at;
    }
    return s;
}

static void write_time(struct jsonw *w, const char *key, int64_t us)
{
    const allora_value v = val_time(us);
    jw_key(w, key);
    jw_value(w, &v);
}

static bool is_partial(const struct outcome *o, const json_node *provenance)
{
    return o->status == ALLORA_PARTIAL || json_get_bool(provenance, "partial", false);
}

static void write_objects(const struct rowset *r, char *const *names, struct jsonw *w)
{
    jw_key(w, "rows");
    jw_array(w);
    for (size_t i = 0; i < r->n_rows; i++) {
        jw_object(w);
        for (uint32_t c = 0; c < r->n_columns; c++) {
            jw_key(w, names[c]);
            jw_value(w, &r->rows[i][c]);
        }
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_node(struct jsonw *w, const char *key, const json_node *node)
{
    jw_key(w, key);
    if (node)
        jw_node(w, node);
    else
        jw_null(w);
}

void receipt_json(const struct outcome *o, uint64_t n, struct buf *out)
{
    A_CLEAN(json_freep) json_node *provenance = document(o, ALLORA_EV_PROVENANCE);
    A_CLEAN(json_freep) json_node *result = document(o, ALLORA_EV_RESULT);
    struct source source = source_of(o, provenance);
    char **names = unique_names(&o->rows);
    if (!names || o->rows.oom) {
        out->failed = true;
        free_names(names);
        return;
    }
    struct jsonw w = JSONW(out);
    jw_object(&w);
    jw_key(&w, "n");
    jw_uint(&w, n);
    jw_kstr(&w, "operation", o->operation);
    write_node(&w, "arguments", o->arguments);
    jw_kstr(&w, "sql", json_get_str(o->arguments, "sql", NULL));
    write_columns(&o->rows, names, &w);
    write_objects(&o->rows, names, &w);
    jw_key(&w, "row_count");
    jw_uint(&w, o->rows.n_rows + o->rows.n_dropped);
    jw_kbool(&w, "truncated", o->rows.n_dropped > 0);
    write_time(&w, "as_of", source.as_of_us);
    jw_key(&w, "age_s");
    jw_real(&w, source.age_s);
    jw_kbool(&w, "partial", is_partial(o, provenance));
    jw_kstr(&w, "source", source.word);
    jw_kint(&w, "elapsed_us", o->elapsed_us);
    write_node(&w, "provenance", provenance);
    if (result)
        write_node(&w, "result", result);
    jw_end_object(&w);
    free_names(names);
}

void receipt_error_json(const allora_error *e, int32_t status, struct buf *out)
{
    struct jsonw w = JSONW(out);
    jw_object(&w);
    jw_kstr(&w, "code", status_name(status));
    jw_kstr(&w, "message", e->message[0] ? e->message : status_text(status));
    jw_kstr(&w, "reason", e->reason[0] ? e->reason : NULL);
    jw_kstr(&w, "hint", e->hint[0] ? e->hint : NULL);
    jw_end_object(&w);
}

/* Arrays of cells, as many as fit; the rest is told by the count. */
static size_t write_arrays(const struct rowset *r, struct jsonw *w)
{
    size_t i = 0, start = w->out->len;
    jw_key(w, "rows");
    jw_array(w);
    for (; i < r->n_rows && i < MESSAGE_ROWS_MAX && w->out->len - start < MESSAGE_BYTES_MAX; i++) {
        jw_array(w);
        for (uint32_t c = 0; c < r->n_columns; c++)
            jw_value(w, &r->rows[i][c]);
        jw_end_array(w);
    }
    jw_end_array(w);
    return i;
}

static void write_warnings(const struct outcome *o, struct jsonw *w)
{
    bool any = false;
    for (const struct rowset_event *e = o->rows.events; e; e = e->next) {
        json_node *node = NULL;
        allora_error ignored = ERR_INIT;
        if (e->kind != ALLORA_EV_WARNING ||
            json_parse(e->payload.ptr, (size_t)e->payload.len, &node, &ignored) != ALLORA_OK)
            continue;
        if (!any) {
            jw_key(w, "warnings");
            jw_array(w);
        }
        any = true;
        jw_node(w, node);
        json_free(node);
    }
    if (any)
        jw_end_array(w);
}

void receipt_message(const struct outcome *o, uint64_t n, struct buf *out)
{
    struct jsonw w = JSONW(out);
    jw_object(&w);
    if (o->status < 0) {
        A_CLEAN(buf_done) struct buf error = BUF(8192);
        receipt_error_json(&o->error, o->status, &error);
        out->failed = out->failed || buf_failed(&error);
        jw_key(&w, "error");
        jw_raw(&w, buf_str(&error), error.len);
        jw_end_object(&w);
        return;
    }
    A_CLEAN(json_freep) json_node *provenance = document(o, ALLORA_EV_PROVENANCE);
    A_CLEAN(json_freep) json_node *result = document(o, ALLORA_EV_RESULT);
    char **names = unique_names(&o->rows);
    if (!names || o->rows.oom) {
        out->failed = true;
        free_names(names);
        return;
    }
    size_t total = o->rows.n_rows + o->rows.n_dropped;
    jw_key(&w, "receipt");
    jw_uint(&w, n);
    write_columns(&o->rows, names, &w);
    size_t written = write_arrays(&o->rows, &w);
    jw_key(&w, "row_count");
    jw_uint(&w, total);
    jw_kbool(&w, "truncated", written < total);
    if (written < total)
        jw_kstr(&w, "notice",
                "only the first rows are here: ask for fewer, or for sums and counts");
    jw_kbool(&w, "partial", is_partial(o, provenance));
    if (result)
        write_node(&w, "result", result);
    write_warnings(o, &w);
    jw_end_object(&w);
    free_names(names);
}

void receipt_text(const json_node *receipt, const char *session, int64_t now_us, struct buf *out)
{
    const char *as_of = json_get_str(receipt, "as_of", "");
    int64_t at = 0, rows = json_get_int(receipt, "row_count", 0);
    size_t kept = json_count(json_get(receipt, "rows"));
    bool known = time_parse(as_of, strlen(as_of), &at) == ALLORA_OK;
    buf_addf(out, "[%lld] in session %s: %s", (long long)json_get_int(receipt, "n", 0), session,
             json_get_str(receipt, "operation", "?"));
    const json_node *arguments = json_get(receipt, "arguments");
    if (json_count(arguments) > (json_get_str(receipt, "sql", NULL) ? 1u : 0u)) {
        buf_adds(out, " with ");
        jw_node(&JSONW(out), arguments);
    }
    if (known) {
        buf_adds(out, ", as of ");
        time_format(out, at - at % 1000000);
    }
    if (known && now_us >= at) {
        buf_adds(out, " (");
        duration_format(out, now_us - at);
        buf_adds(out, " ago)");
    }
    buf_addf(out, ", %lld row%s", (long long)rows, rows == 1 ? "" : "s");
    if (json_get_bool(receipt, "truncated", false))
        buf_addf(out, ", of which the first %zu were kept", kept);
    if (json_get_bool(receipt, "partial", false))
        buf_adds(out, ", partial: not every source answered");
    buf_adds(out, ".\n");
}
