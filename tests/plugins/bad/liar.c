/* A provider that breaks the contract, in one way in each table: what `allora plugin check` must
 * find, and what the host must survive.  liar_honest breaks nothing, so that a finding there is the
 * test's own fault. */
#include <allora/sdk.h>
#include <stdio.h>
#include <string.h>

enum { ID, NAME, SQUARE, PARITY, COLUMNS, ROWS = 1400 };

enum lie { HONEST, LOST, EXACT, ORDER, DEAF, STOP, WIDTH, TYPE, SCOPE, WORDY, ALONE };
static const char *const lies[] = {"honest", "lost", "exact", "order", "deaf", "stop",
                                   "width",  "type", "scope", "wordy", "alone"};

static enum lie lie_of(const char *table)
{
    size_t i = 0;
    while (strcmp(lies[i], table + strlen("liar_")) != 0)
        i++;
    return (enum lie)i;
}

static void full_row(enum lie lie, int64_t n, char name[static 32],
                     allora_value out[static COLUMNS])
{
    (void)snprintf(name, 32, "row-%lld", (long long)n);
    out[ID] = sdk_cell_int(n);
    out[NAME] = sdk_cell_text(name);
    out[SQUARE] = lie == TYPE ? sdk_cell_text("many") : sdk_cell_int(n * n);
    out[PARITY] = sdk_cell_text(n % 2 ? "odd" : "even");
}

/* Does it stay, after what this table does to filters? */
static bool stays(enum lie lie, const allora_list_request *req, const allora_value *cells)
{
    bool match = true;
    for (uint32_t i = 0; i < req->n_filters; i++)
        match = match && sdk_may_match(cells[req->filters[i].column], &req->filters[i]);
    if (lie == EXACT)
        return true;
    return match && !(lie == LOST && req->n_filters && cells[ID].u.i % 7 == 0);
}

/* Sends one row; this is where order and width go wrong. */
static int32_t send(enum lie lie, const allora_list_request *req, const allora_sink *sink,
                    const allora_value *cells)
{
    allora_value out[COLUMNS + 1];
    uint32_t n = req->n_wanted < COLUMNS ? req->n_wanted : COLUMNS;
    for (uint32_t i = 0; i < n; i++)
        out[i] = cells[lie == ORDER && n == COLUMNS ? i : req->wanted[i]];
    out[n] = sdk_cell_text("surplus");
    return sink->row(sink->self, out, n + (lie == WIDTH && n > 0));
}

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                    const allora_sink *sink, allora_error *err)
{
    enum lie lie = lie_of(req->table);
    const sdk_instance *base = sdk_of(self);
    allora_ctx *child;
    int32_t st = lie == DEAF ? ALLORA_OK : sdk_cancelled(self, ctx, err);
    if (!st && lie == SCOPE && base->scope)
        st = base->scope->open(ctx, sdk_str(""), 0, 0, &child, err);
    if (!st && lie == WORDY && !sdk_alloc(self, ctx, 100))
        st = sdk_fail(err, ALLORA_E_REMOTE, "the server is on fire");
    if (!st && lie == ALONE && req->n_wanted == 1)
        return ALLORA_OK;
    for (int64_t n = 0; !st && n < ROWS; n++) {
        char name[32];
        allora_value cells[COLUMNS];
        full_row(lie, n, name, cells);
        if (stays(lie, req, cells))
            st = send(lie, req, sink, cells);
        if (st > 0 && lie == STOP)
            st = ALLORA_OK;
    }
    return st > 0 ? ALLORA_OK : st;
}

ALLORA_PROVIDER_PLUGIN(bad_liar, {"liar_honest", list}, {"liar_lost", list}, {"liar_exact", list},
                       {"liar_order", list}, {"liar_deaf", list}, {"liar_stop", list},
                       {"liar_width", list}, {"liar_type", list}, {"liar_scope", list},
                       {"liar_wordy", list}, {"liar_alone", list});
