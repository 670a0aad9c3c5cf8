/* What a statement read, from where and how old: the event behind its rows. */
#include "query/statement.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonw.h"

static void write_table(struct jsonw *w, const struct table_use *u, int64_t now)
{
    bool cached = u->cached > 0;
    struct buf when = BUF(64);

    jw_object(w);
    jw_kstr(w, "table", u->name);
    jw_kstr(w, "source", !cached ? "live" : u->cached < u->partitions ? "mixed" : "cache");
    time_format(&when, cached ? u->as_of_us : now);
    jw_kint(w, "age_s", cached ? (now - u->as_of_us) / 1000000 : 0);
    jw_kstr(w, "as_of", buf_str(&when));
    jw_kint(w, "rows_read", (int64_t)u->rows_read);
    jw_kint(w, "partitions", u->partitions);
    jw_kint(w, "failed", u->failed);
    if (u->pruned)
        jw_kint(w, "pruned", u->pruned);
    if (u->view)
        jw_kstr(w, "view", u->view);
    jw_kstr(w, "provider", u->src.table->provider ? u->src.table->provider : u->src.plugin_id);
    jw_end_object(w);
    buf_done(&when);
}

int32_t statement_provenance(struct statement *st, int64_t started_us)
{
    struct buf json = BUF(1 << 20);
    struct jsonw w = JSONW(&json);
    int64_t now = clock_wall_us();
    uint64_t rows_read = 0;

    jw_object(&w);
    jw_key(&w, "tables");
    jw_array(&w);
    for (const struct table_use *u = st->uses; u; u = u->next) {
        if (u->src.table && (u->scans || u->failed)) {
            write_table(&w, u, now);
            rows_read += u->rows_read;
        }
    }
    jw_end_array(&w);
    jw_kint(&w, "rows", (int64_t)st->rows_out);
    jw_kint(&w, "rows_read", (int64_t)rows_read);
    jw_kint(&w, "elapsed_us", clock_mono_us() - started_us);
    jw_kbool(&w, "partial", st->partial);
    jw_kbool(&w, "truncated", st->truncated);
    jw_end_object(&w);
    int32_t status = ALLORA_E_NOMEM;
    if (!buf_failed(&json))
        status =
            st->out->event(st->out->self, ALLORA_EV_PROVENANCE, (allora_str){json.ptr, json.len});
    buf_done(&json);
    return status < 0 ? status : ALLORA_OK;
}
