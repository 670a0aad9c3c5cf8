/* Where rows came from and how old they are, in one line. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "cli/cell.h"
#include "cli/progress.h"
#include "cli/render_internal.h"
#include "cli/text.h"
#include "plugin/registry.h"
#include <stdio.h>
#include <unistd.h>

enum { FOOTER_SOURCES = 16 };

/* What one provider contributed. */
struct source {
    char name[64];
    int64_t partitions, rows_read, oldest_s;
    bool live, cached, failed;
};

static const char *provider_of(const struct render *r, const json_node *table)
{
    const char *name = json_get_str(table, "table", "");
    const char *provider = json_get_str(table, "provider", NULL);
    const struct registry_name *found = NULL;
    if (!provider && r->o.registry)
        found = registry_name_find(r->o.registry, REGISTRY_TABLES, name);
    return provider ? provider : found ? found->plugin->id : name;
}

static unsigned collect(const struct render *r, const json_node *provenance, struct source *list)
{
    unsigned n = 0;
    json_foreach (t, json_get(provenance, "tables")) {
        const char *name = provider_of(r, t);
        struct source *s = NULL;
        for (unsigned i = 0; i < n; i++)
            s = streq(list[i].name, name) ? &list[i] : s;
        if (!s && n == FOOTER_SOURCES)
            continue;
        if (!s) {
            s = &list[n++];
            *s = (struct source){.name = ""};
            (void)snprintf(s->name, sizeof(s->name), "%s", name);
        }
        bool cached = streq(json_get_str(t, "source", ""), "cache");
        int64_t age = json_get_int(t, "age_s", 0);
        s->cached |= cached;
        s->live |= !cached;
        s->failed |= json_get_int(t, "failed", 0) > 0;
        s->oldest_s = age > s->oldest_s ? age : s->oldest_s;
        s->partitions += json_get_int(t, "partitions", 0);
        s->rows_read += json_get_int(t, "rows_read", 0);
    }
    return n;
}

static void put_freshness(struct buf *b, const struct source *s)
{
    if (s->live)
        buf_adds(b, "live");
    if (s->live && s->cached)
        buf_adds(b, " and ");
    if (s->cached) {
        buf_adds(b, "cached ");
        cell_ago(b, clock_wall_us() - s->oldest_s * 1000000);
    }
}

void footer_rows(struct render *r)
{
    struct source list[FOOTER_SOURCES];
    A_CLEAN(buf_done) struct buf b = BUF(4096), line = BUF(8192);
    if (r->o.quiet)
        return;
    if (!r->n_rows && r->o.empty && !r->provenance) {
        buf_adds(&b, r->o.empty);
    } else {
        unsigned n = collect(r, r->provenance, list);
        buf_addf(&b, "%llu row%s", (unsigned long long)r->n_rows, r->n_rows == 1 ? "" : "s");
        for (unsigned i = 0; i < n; i++) {
            buf_addf(&b, " · %s", list[i].name);
            if (list[i].partitions > 1)
                buf_addf(&b, ": %lld parts", (long long)list[i].partitions);
            buf_addc(&b, ' ');
            put_freshness(&b, &list[i]);
        }
        int64_t elapsed = json_get_int(r->provenance, "elapsed_us", -1);
        if (elapsed >= 0) {
            buf_adds(&b, n == 1 ? " " : " · ");
            duration_format(&b, elapsed);
        }
        if (json_get_bool(r->provenance, "partial", false))
            buf_adds(&b, " · partial");
    }
    buf_adds(&line, style_on(r->o.term->err_color, STYLE_DIM));
    text_visible(&line, buf_str(&b), b.len, 0);
    buf_addf(&line, "%s\n", style_off(r->o.term->err_color));
    progress_pause();
    (void)fs_write_all(STDERR_FILENO, buf_str(&line), line.len);
    progress_resume();
}

void footer_sources(struct buf *b, const struct render *r, const json_node *provenance,
                    const json_node *receipt)
{
    struct source list[FOOTER_SOURCES];
    unsigned n = collect(r, provenance, list);
    int64_t read = 0, elapsed = json_get_int(receipt, "elapsed_us",
                                             json_get_int(provenance, "elapsed_us", -1));
    for (unsigned i = 0; i < n; i++) {
        buf_addf(b, "%s%s · ", i ? " · " : "", list[i].name);
        put_freshness(b, &list[i]);
        read += list[i].rows_read;
    }
    if (!n) {
        const char *source = json_get_str(receipt, "source", "");
        buf_adds(b, *source ? source : json_get_str(receipt, "operation", ""));
    }
    if (read || n)
        buf_addf(b, " · %lld row%s read", (long long)read, read == 1 ? "" : "s");
    if (elapsed >= 0) {
        buf_adds(b, " · ");
        duration_format(b, elapsed);
    }
    if (json_get_bool(receipt, "partial", false))
        buf_adds(b, " · partial");
}
