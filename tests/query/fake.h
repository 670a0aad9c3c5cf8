/* A source of tables for tests and benches: one manifest, parsed by the real parser, and list() and
 * partitions() in this process. */
#ifndef TESTS_QUERY_FAKE_H
#define TESTS_QUERY_FAKE_H
#include "base/ctx.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/rowset.h"
#include "base/value.h"
#include "plugin/manifest.h"
#include "query/engine_source.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake {
    struct manifest *m;
    allora_provider_v1 provider;
    struct registry_name tables[32], views[8];
    size_t n_tables, n_views;
    uint64_t settings;
    bool remote;
    _Atomic int loads;   /* workers load at once */
    const char *missing; /* name that a plugin not installed would provide */
};

static int fake_by_name(const void *a, const void *b)
{
    return strcmp(((const struct registry_name *)a)->name, ((const struct registry_name *)b)->name);
}

static size_t fake_names(void *self, enum registry_list which, const struct registry_name **ret)
{
    struct fake *f = self;
    *ret = which == REGISTRY_TABLES ? f->tables : f->views;
    return which == REGISTRY_TABLES ? f->n_tables : which == REGISTRY_VIEWS ? f->n_views : 0;
}

static int32_t fake_table(void *self, const char *name, struct source_table *ret, allora_error *err)
{
    struct fake *f = self;
    const struct table *t = manifest_table(f->m, name);
    (void)err;
    if (!t)
        return ALLORA_E_NOTFOUND;
    *ret = (struct source_table){t, f->m->id, f->m->version, f->settings, f->remote, f};
    return ALLORA_OK;
}

static int32_t fake_views(void *self, const char *view,
                          int32_t (*visit)(void *, const struct view_map *, const allora_error *),
                          void *arg, allora_error *err)
{
    struct fake *f = self;
    (void)err;
    for (uint32_t i = 0; i < f->m->n_views; i++) {
        int32_t status =
            strcmp(f->m->views[i].view, view) == 0 ? visit(arg, &f->m->views[i], NULL) : 0;
        if (status)
            return status;
    }
    return ALLORA_OK;
}

static int32_t fake_provider(void *self, const struct source_table *t, allora_ctx *ctx,
                             const allora_provider_v1 **ret, allora_instance **ret_instance,
                             const void **ret_plugin, allora_error *err)
{
    struct fake *f = self;
    (void)t;
    (void)ctx;
    (void)err;
    f->loads++;
    *ret = &f->provider;
    *ret_instance = NULL;
    *ret_plugin = f;
    return ALLORA_OK;
}

static const char *fake_who(void *self, const char *name)
{
    struct fake *f = self;
    return f->missing && strcmp(f->missing, name) == 0 ? "cloudy" : NULL;
}

/* tables_json: the "tables" array; views_json: the "views" array, or NULL. */
static inline void fake_init(struct fake *f, const char *tables_json, const char *views_json,
                             int32_t (*list)(allora_instance *, allora_ctx *,
                                             const allora_list_request *, const allora_sink *,
                                             allora_error *))
{
    allora_error err = ERR_INIT;
    struct buf b = BUF(64 << 20);

    memset(f, 0, sizeof *f);
    buf_addf(&b,
             "{\"manifest\":1,\"id\":\"fake\",\"version\":\"1.0.0\",\"summary\":\"test\","
             "\"license\":\"Apache-2.0\","
             "\"abi\":{\"built\":0,\"needed\":0},\"permissions\":{},\"provider\":{\"name\":"
             "\"fake\",\"title\":\"fake\","
             "\"tables\":%s%s%s}}",
             tables_json, views_json ? ",\"views\":" : "", views_json ? views_json : "");
    if (manifest_parse(b.ptr, b.len, &f->m, &err) != ALLORA_OK) {
        fprintf(stderr, "fake manifest: %s\n", err.message);
        abort();
    }
    buf_done(&b);
    f->provider = (allora_provider_v1){.size = sizeof f->provider, .list = list};
    for (uint32_t i = 0; i < f->m->n_tables; i++)
        f->tables[f->n_tables++] =
            (struct registry_name){.name = f->m->tables[i].name, .summary = ""};
    for (uint32_t i = 0; i < f->m->n_views; i++)
        f->views[f->n_views++] = (struct registry_name){.name = f->m->views[i].view, .summary = ""};
    qsort(f->tables, f->n_tables, sizeof *f->tables, fake_by_name);
    qsort(f->views, f->n_views, sizeof *f->views, fake_by_name);
}

static inline void fake_done(struct fake *f)
{
    manifest_free(f->m);
}

static inline struct table_source fake_source(struct fake *f)
{
    return (struct table_source){f, fake_names, fake_table, fake_views, fake_provider, fake_who};
}

static const struct principal fake_person = {.name = "local:test", .local_owner = true};

/* Runs SQL; returns the status, rows in *rows (rowset_done() it). */
static inline int32_t fake_query(struct engine *e, struct query_request q, struct rowset *rows,
                                 allora_error *err)
{
    allora_ctx *ctx = ctx_root(&fake_person, 0);
    rowset_init(rows, 10 * 1000 * 1000, (size_t)1 << 32);
    allora_sink sink = rowset_sink(rows);
    int32_t status = engine_query(e, ctx, &q, &sink, err);
    ctx_close(ctx);
    return status;
}
static inline struct query_request sql(const char *text)
{
    return (struct query_request){.sql = text, .max_age_s = -1};
}
#endif
