/* --explain: one row for each step of SQLite's plan; for steps that read a table, what would be
 * asked of it.  Nothing is fetched. */
#include "query/statement.h"

#include "base/clock.h"
#include "base/err.h"
#include "query/partition.h"

#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 9, MAX_TEXT = 64 * 1024 };

static const allora_column explain_columns[N_COLUMNS] = {
    {.size = sizeof(allora_column), .type = ALLORA_V_INT, .name = "step"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "what"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "table"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "columns"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "pushed"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "checked_here"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "joined_by"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "partitions"},
    {.size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "cache"},
};

struct texts {
    struct buf what, columns, pushed, here, joined, partitions, cache;
};

/* "rss > 5"; further words may be NULL. */
static void add_item(struct buf *b, const char *a, const char *op, const char *v, const char *note)
{
    const char *words[] = {op, v, note};

    buf_addf(b, "%s%s", b->len ? ", " : "", a);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i])
            buf_addf(b, " %s", words[i]);
    }
}

static const char *op_name(const struct plan_term *t)
{
    static const char *const names[] = {"",   "=",  "!=",   "<",    "<=", ">",
                                        ">=", "in", "glob", "like", "is"};
    return t->in_list ? "in" : names[value_op(t->op)];
}

static void explain_terms(const struct plan *p, struct texts *x)
{
    for (uint32_t i = 0; i < p->n_terms; i++) {
        const struct plan_term *t = &p->terms[i];
        const struct column *c = &p->use->src.table->columns[t->column];
        uint32_t bit = 1u << (t->in_list ? ALLORA_OP_IN : value_op(t->op));
        const char *value = t->literal                            ? t->literal
                            : t->in_list                          ? "(…)"
                            : value_op(t->op) == ALLORA_OP_ISNULL ? "null"
                                                                  : "?";
        bool varies = p->session->unusable[t->constraint];
        if (varies && !c->required) {
            add_item(&x->joined, c->name, op_name(t), NULL, NULL);
            continue;
        }
        if ((c->push & bit) || c->required)
            add_item(&x->pushed, c->name, op_name(t), value, (c->exact & bit) ? "(exact)" : NULL);
        if (!(c->push & bit) || !(c->exact & bit))
            add_item(&x->here, c->name, op_name(t), value, NULL);
    }
    if (p->limit_arg)
        add_item(&x->pushed, "limit", NULL, NULL, NULL);
}

static void explain_cache(struct statement *st, const struct plan *p, struct texts *x)
{
    const struct source_table *t = &p->use->src;
    struct cache_policy policy = {st->q->max_age_s, st->q->refresh, st->q->offline};
    int64_t max_age = cache_max_age_us(&policy, t), as_of = 0;
    struct partition_list list = {.mem = &st->mem};
    uint32_t found = 0;

    if (!st->engine->cache || t->table->ttl_s <= 0) {
        buf_adds(&x->cache, "never cached: read live");
        buf_adds(&x->partitions, t->table->partitioned ? "asked when it runs" : "1");
        return;
    }
    bool known =
        t->table->partitioned && partition_list_cached(&list, st->engine->cache, t, INT64_MAX);
    uint32_t n = t->table->partitioned ? (known ? list.n : 0) : 1;
    for (uint32_t i = 0; i < n; i++) {
        int64_t when;
        struct cache_key key = {t,          known ? list.items[i].name : "", NULL, 0, p->wanted,
                                p->n_wanted};
        if (max_age >= 0 && cache_peek(st->engine->cache, &key, max_age, &when)) {
            as_of = !as_of || when < as_of ? when : as_of;
            found++;
        }
    }
    if (t->table->partitioned && !known)
        buf_adds(&x->partitions, "asked when it runs");
    else
        buf_addf(&x->partitions, "%u", n);
    if (found) {
        buf_addf(&x->cache, "%u of %u from the cache, ", found, n);
        duration_format(&x->cache, clock_wall_us() - as_of);
        buf_adds(&x->cache, " old");
    } else {
        buf_addf(&x->cache, "read live, kept for %lld s", (long long)t->table->ttl_s);
    }
}

static int32_t explain_plan(struct statement *st, struct plan *p, struct texts *x)
{
    if (!p->wanted && plan_columns(st, p) != ALLORA_OK)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < p->n_wanted; i++)
        add_item(&x->columns, p->use->src.table->columns[p->wanted[i]].name, NULL, NULL, NULL);
    if (p->n_wanted == 0)
        buf_adds(&x->columns, "none: rows are counted");
    explain_terms(p, x);
    explain_cache(st, p, x);
    return ALLORA_OK;
}

/* "SCAN p VIRTUAL TABLE INDEX 3:pid =" → "scan p", plan 3. */
static struct plan *plan_of(struct statement *st, const char *detail, struct buf *what)
{
    static const char mark[] = " VIRTUAL TABLE INDEX ";
    const char *at = strstr(detail, mark);

    buf_add(what, detail, at ? (size_t)(at - detail) : strlen(detail));
    if (!at)
        return NULL;
    unsigned long n = strtoul(at + sizeof mark - 1, NULL, 10);
    /* A view's empty shape has index 0 too, and no name in the rest. */
    if (n >= st->n_plans || strstr(detail, "allora_shape_"))
        return NULL;
    return st->plans[n];
}

static allora_value text_or_null(const struct buf *b)
{
    return b->len ? val_textn(b->ptr, b->len) : val_null();
}

static int32_t explain_row(struct statement *st, int64_t step, const char *detail)
{
    struct texts x = {BUF(MAX_TEXT), BUF(MAX_TEXT), BUF(MAX_TEXT), BUF(MAX_TEXT),
                      BUF(MAX_TEXT), BUF(MAX_TEXT), BUF(MAX_TEXT)};
    struct plan *p = plan_of(st, detail, &x.what);
    int32_t status = p ? explain_plan(st, p, &x) : ALLORA_OK;

    if (status == ALLORA_OK) {
        allora_value cells[N_COLUMNS] = {val_int(step),
                                         text_or_null(&x.what),
                                         p ? val_text(p->use->name) : val_null(),
                                         text_or_null(&x.columns),
                                         text_or_null(&x.pushed),
                                         text_or_null(&x.here),
                                         text_or_null(&x.joined),
                                         text_or_null(&x.partitions),
                                         text_or_null(&x.cache)};
        status = st->out->row(st->out->self, cells, N_COLUMNS);
    }
    struct buf *all[] = {&x.what,   &x.columns,    &x.pushed, &x.here,
                         &x.joined, &x.partitions, &x.cache};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_done(all[i]);
    return status;
}

int32_t statement_explain(struct statement *st, allora_error *err)
{
    const allora_column *columns[N_COLUMNS];
    struct buf sql = BUF(4 << 20);
    sqlite3_stmt *plan = NULL;
    int64_t step = 0;

    for (size_t i = 0; i < N_COLUMNS; i++)
        columns[i] = &explain_columns[i];
    buf_addf(&sql, "EXPLAIN QUERY PLAN %s", st->q->sql);
    int rc = sqlite3_prepare_v3(st->db, buf_str(&sql), -1, 0, &plan, NULL);
    buf_done(&sql);
    int32_t status = rc == SQLITE_OK ? st->out->begin(st->out->self, columns, N_COLUMNS)
                                     : sql_error(st, rc, err);
    while (status == ALLORA_OK && sqlite3_step(plan) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(plan, 3);
        /* The arms that only carry a view's shape say nothing to a person. */
        if (detail && !strstr(detail, "allora_shape_"))
            status = explain_row(st, ++step, detail);
    }
    (void)sqlite3_finalize(plan);
    return status == ALLORA_STOP ? ALLORA_OK : status;
}
