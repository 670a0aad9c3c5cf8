/* SQL text against a small synthetic table: no crash, no hang, no table but its own, whatever is
 * written. */
#include "../query/fake.h"

#include "base/clock.h"

#include <stdint.h>

static const char tables[] =
    "[{\"name\":\"t\",\"summary\":\"t\",\"nouns\":[\"t\"],\"ttl_s\":0,\"columns\":[{\"name\":"
    "\"id\",\"type\":\"int\",\"summary\":\"c\",\"push\":[\"eq\",\"in\",\"lt\",\"gt\"],\"exact\":["
    "\"eq\"]},"
    "{\"name\":\"name\",\"type\":\"text\",\"summary\":\"c\",\"push\":[\"eq\",\"prefix\",\"prefix_"
    "nocase\"],\"aliases\":[\"label\"]},{\"name\":\"at\",\"type\":\"time\",\"summary\":\"c\","
    "\"push\":[\"gt\"]},"
    "{\"name\":\"ok\",\"type\":\"bool\",\"summary\":\"c\"},{\"name\":\"doc\",\"type\":\"json\","
    "\"summary\":\"c\"}]},"
    "{\"name\":\"k\",\"summary\":\"k\",\"nouns\":[\"k\"],\"ttl_s\":0,\"columns\":[{\"name\":"
    "\"key\",\"type\":\"int\",\"summary\":\"c\",\"required\":true,\"push\":[\"eq\"]},"
    "{\"name\":\"v\",\"type\":\"real\",\"summary\":\"c\"}]}]";
static const char views[] = "[{\"view\":\"vm\",\"table\":\"t\",\"columns\":{\"id\":\"id\",\"name\":"
                            "\"name\",\"created_at\":\"at\",\"tags\":\"doc\"}}]";

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *q,
                    const allora_sink *sink, allora_error *err)
{
    (void)self;
    (void)ctx;
    (void)err;
    for (int i = 0; i < 6; i++) {
        allora_value full[] = {val_int(i), val_text(i % 2 ? "ab" : ""),
                               val_time(1767225600000000 + i), val_bool(i & 1), val_json("[1]", 3)};
        allora_value keyed[] = {q->n_filters ? q->filters[0].val : val_int(0), val_real(i / 2.0)},
                     cells[5];
        for (uint32_t k = 0; k < q->n_wanted; k++)
            cells[k] = (q->table[0] == 'k' ? keyed : full)[q->wanted[k]];
        if (sink->row(sink->self, cells, q->n_wanted) == ALLORA_STOP)
            break;
    }
    return ALLORA_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fake fake;
    static struct engine *engine;
    allora_error err = ERR_INIT;

    if (!engine) {
        fake_init(&fake, tables, views, list);
        struct table_source source = fake_source(&fake);
        if (engine_new_from(&source, pool_new(4), NULL, &engine, &err) != ALLORA_OK)
            abort();
    }
    if (size > 4096)
        return 0;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    allora_ctx *ctx = ctx_root(&fake_person, clock_mono_us() + 200000);
    struct query_request q = sql(text);
    q.explain = size % 5 == 4;
    q.max_rows = 1000;
    (void)engine_query(engine, ctx, &q, &null_sink, &err);
    ctx_close(ctx);
    free(text);
    return 0;
}
