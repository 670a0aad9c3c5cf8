/* [any] slots by several threads at once, on one instance. */
#include "kit/calls.h"

#include "base/str.h"
#include "base/thread.h"

#include <pthread.h>

enum { THREADS = 4, TIMES = 6, ROWS = 100 };

struct worker {
    struct trial *t;
    pthread_t thread;
    int32_t internal; /* a status that is a bug, 0: none */
    const char *where;
    uint32_t wrong_width;
};

static void keep(struct worker *w, int32_t status, const char *where)
{
    if (status == ALLORA_E_INTERNAL || status == ALLORA_E_ABI) {
        w->internal = status;
        w->where = where;
    }
}

static void list(struct worker *w, const struct table *table)
{
    struct trial *t = w->t;
    const allora_provider_v1 *p = trial_interface(t, ALLORA_PROVIDER_ID);
    struct collected got = {.stop_after = ROWS};
    const allora_sink sink = collect(&got);
    allora_error err = ERR_INIT;
    allora_ctx *ctx = bench_open(&t->bench);
    const allora_list_request req = {.size = (uint32_t)sizeof req,
                                     .table = table->name,
                                     .wanted = all_columns(table),
                                     .n_wanted = table->n_columns};

    keep(w, p->list(t->self, ctx, &req, &sink, &err), table->name);
    for (uint32_t r = 0; r < got.n_rows; r++)
        w->wrong_width += got.widths[r] != table->n_columns;
    bench_close(ctx);
    collect_done(&got);
}

static void call(struct worker *w, const struct operation_decl *op)
{
    A_CLEAN(buf_done) struct buf args = BUF(1 << 20);
    struct trial *t = w->t;
    const allora_operations_v1 *o = trial_interface(t, ALLORA_OPERATIONS_ID);
    struct collected got = {.stop_after = ROWS};
    const allora_sink sink = collect(&got);
    allora_error err = ERR_INIT;

    if (op->effect != ALLORA_EFFECT_READ || !ALLORA_CAN(allora_operations_v1, o, call) ||
        !example_arguments(op, 0, &args))
        return;
    allora_ctx *ctx = bench_open(&t->bench);
    keep(w, o->call(t->self, ctx, op->name, (allora_str){args.ptr, args.len}, &sink, &err),
         op->name);
    bench_close(ctx);
    collect_done(&got);
}

static void turn(struct worker *w)
{
    A_CLEAN(buf_done) struct buf message = BUF(1 << 12);
    A_CLEAN(buf_done) struct buf tools = BUF(1 << 16);
    struct trial *t = w->t;
    const allora_agent_v1 *a = trial_interface(t, ALLORA_AGENT_ID);
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    allora_error err = ERR_INIT;

    first_message("which tables are about disk?", &message);
    agent_tools(&t->m->agents[0], &tools);
    const allora_turn_request req = {.size = (uint32_t)sizeof req,
                                     .messages_json = {message.ptr, message.len},
                                     .tools_json = {tools.ptr, tools.len},
                                     .output_schema_json = {"", 0}};
    allora_ctx *ctx = bench_open(&t->bench);
    keep(w, a->turn(t->self, ctx, &req, &sink, &err), "turn()");
    bench_close(ctx);
    collect_done(&got);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct manifest *m = w->t->m;

    thread_begin();
    for (int i = 0; i < TIMES; i++) {
        for (uint32_t k = 0; k < m->n_tables && trial_interface(w->t, ALLORA_PROVIDER_ID); k++)
            if (!m->tables[k].partitioned && all_columns(&m->tables[k]))
                list(w, &m->tables[k]);
        for (uint32_t k = 0; k < m->n_operations && trial_interface(w->t, ALLORA_OPERATIONS_ID);
             k++)
            call(w, &m->operations[k]);
        if (m->n_agents && trial_interface(w->t, ALLORA_AGENT_ID))
            turn(w);
    }
    thread_end();
    return NULL;
}

void kit_check_threads(struct trial *t)
{
    struct worker workers[THREADS];
    int n = 0;

    if (!t->m->n_tables && !t->m->n_operations && !t->m->n_agents) {
        trial_skip(t, "nothing in it is called by threads");
        return;
    }
    trial_at(t, "%d threads at once", THREADS);
    for (; n < THREADS; n++) {
        workers[n] = (struct worker){.t = t};
        if (pthread_create(&workers[n].thread, NULL, work, &workers[n]) != 0)
            break;
    }
    for (int i = 0; i < n; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        (void)CHECK(t, workers[i].internal == 0, "keep no state outside the call without a lock",
                    "%s, by %d threads at once: %s", workers[i].where, n,
                    status_name(workers[i].internal));
        (void)CHECK(t, workers[i].wrong_width == 0, "keep no state outside the call without a lock",
                    "%u rows of another width, by %d threads at once", workers[i].wrong_width, n);
    }
    (void)CHECK(t, t->bench.open_scopes == 0, "close it on every way out", "scopes are left open");
}
