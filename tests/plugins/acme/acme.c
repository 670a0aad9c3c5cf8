/* Acme Hosting: a provider as a third party would write it, over an estate kept in one JSON file.
 *
 * It stands for a remote API: acme_server has partitions (account and region), pages with cursors,
 * and by configuration one partition that fails and one that is slow.  Nothing in allora knows it.
 */
#include <allora/sdk.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Positions in plugin.json that the code must know: what is costly, and what must not leak. */
enum { SERVER_CPU_PERCENT = 9, SERVER_PASSWORD = 16 };

/* One partition's page size and troubles. */
struct behaviour {
    int64_t page_size, slow_ms, fail_after;
    bool fails;
};

/* ---- the estate ---- */

static int32_t cannot_read(allora_error *err, const char *path, const char *why)
{
    (void)sdk_fail(err, ALLORA_E_CONFIG, "%s %s", path, why);
    sdk_hint(err, "set providers.acme.file to the estate's JSON file");
    return ALLORA_E_CONFIG;
}

static int32_t read_text(allora_instance *self, allora_ctx *ctx, const char *path, allora_str *ret,
                         allora_error *err)
{
    enum { LIMIT = 64 << 20 };
    FILE *f = fopen(path, "re");
    if (!f)
        return cannot_read(err, path, errno == ENOENT ? "does not exist" : "cannot be opened");
    char *text = NULL;
    long size = fseek(f, 0, SEEK_END) ? -1 : ftell(f);
    bool ok = size >= 0 && size < LIMIT && fseek(f, 0, SEEK_SET) == 0;
    if (ok)
        text = sdk_alloc(self, ctx, (size_t)size + 1);
    size_t got = text ? fread(text, 1, (size_t)size, f) : 0;
    if (fclose(f) || !ok || (text && got != (size_t)size))
        return cannot_read(err, path, "cannot be read");
    if (!text)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    *ret = sdk_str_n(text, got);
    return ALLORA_OK;
}

static int32_t estate(allora_instance *self, allora_ctx *ctx, const sdk_json **ret,
                      allora_error *err)
{
    const char *path;
    allora_str text;
    int32_t st = sdk_config_str(self, ctx, "file", NULL, &path, err);
    if (!st && !path)
        return cannot_read(err, "providers.acme.file", "is not set");
    if (!st)
        st = read_text(self, ctx, path, &text, err);
    if (!st)
        st = sdk_parse(self, ctx, text, ret, err);
    return st;
}

/* ---- paging ---- */

static int32_t behave(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                      struct behaviour *ret, allora_error *err)
{
    const char *fail, *slow;
    allora_str account = sdk_partition(req, "account"), region = sdk_partition(req, "region");
    const char *here = sdk_printf(self, ctx, "%.*s/%.*s", (int)account.len, account.ptr,
                                  (int)region.len, region.ptr);
    if (!here)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    int32_t st = sdk_config_int(self, ctx, "page_size", 25, &ret->page_size, err);
    if (!st)
        st = sdk_config_int(self, ctx, "slow_ms", 1000, &ret->slow_ms, err);
    if (!st)
        st = sdk_config_int(self, ctx, "fail_after", 0, &ret->fail_after, err);
    if (!st)
        st = sdk_config_str(self, ctx, "fail", "", &fail, err);
    if (!st)
        st = sdk_config_str(self, ctx, "slow", "", &slow, err);
    if (!st && ret->page_size < 1)
        st = sdk_fail(err, ALLORA_E_CONFIG, "page_size: a number from 1 was expected");
    if (st)
        return st;
    ret->fails = strcmp(fail, here) == 0;
    if (strcmp(slow, here) != 0)
        ret->slow_ms = 0;
    return ALLORA_OK;
}

/* Before each page: the wait or the failure that was asked for. */
static int32_t next_page(allora_instance *self, allora_ctx *ctx, const struct behaviour *b,
                         int64_t page, allora_error *err)
{
    int32_t st = sdk_cancelled(self, ctx, err);
    for (int64_t ms = b->slow_ms; !st && ms > 0; ms -= 10) {
        const struct timespec step = {.tv_nsec = 10000000};
        nanosleep(&step, NULL);
        st = sdk_cancelled(self, ctx, err);
    }
    if (!st && b->fails && page >= b->fail_after) {
        (void)sdk_fail(err, ALLORA_E_NETWORK, "no answer in 10 s (2 tries, connection timed out)");
        err->flags = ALLORA_ERR_RETRYABLE;
        return err->code;
    }
    return st;
}

/* Is the item in the partition that was asked for?  Without one: in all. */
static bool in_partition(const allora_list_request *req, const sdk_json *item)
{
    allora_str account = sdk_partition(req, "account"), region = sdk_partition(req, "region");
    return (!account.len || sdk_str_is(account, sdk_get_str(item, "account", ""))) &&
           (!region.len || sdk_str_is(region, sdk_get_str(item, "region", "")));
}

typedef int32_t (*row_fn)(sdk_rows *, const sdk_json *item, const sdk_json *estate);

/* All items of one list of the estate, page by page, from the cursor on. */
static int32_t list_items(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                          const allora_sink *sink, const char *list, row_fn row, allora_error *err)
{
    struct behaviour b = {0};
    const sdk_json *all;
    int64_t from = req->cursor.len ? strtoll(req->cursor.ptr, NULL, 10) : 0, n = 0;
    int32_t st = behave(self, ctx, req, &b, err);
    if (!st)
        st = estate(self, ctx, &all, err);
    if (!st)
        st = next_page(self, ctx, &b, from / b.page_size, err);
    if (st)
        return st;
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    sdk_foreach (item, sdk_member(all, list)) {
        if (!in_partition(req, item) || n++ < from)
            continue;
        if (n - 1 > from && (n - 1) % b.page_size == 0) {
            char position[24];
            (void)snprintf(position, sizeof position, "%lld", (long long)(n - 1));
            st = sdk_cursor(&out, sdk_str(position), err);
            if (!st)
                st = next_page(self, ctx, &b, (n - 1) / b.page_size, err);
            if (st)
                return st > 0 ? ALLORA_OK : st;
        }
        if (row(&out, item, all))
            return out.status;
    }
    return out.status;
}

/* ---- the tables ---- */

static allora_value outside(allora_value v)
{
    return sdk_flag(v, ALLORA_VF_OUTSIDE);
}

static int32_t server_row(sdk_rows *out, const sdk_json *s, const sdk_json *all)
{
    (void)all;
    return sdk_row(out, sdk_text(s, "account"), sdk_text(s, "region"), sdk_text(s, "id"),
                   outside(sdk_text(s, "name")), sdk_text(s, "state"), sdk_text(s, "plan"),
                   sdk_int(s, "cpus"), sdk_int(s, "memory"), sdk_real(s, "cost"),
                   sdk_wants(out, SERVER_CPU_PERCENT) ? sdk_real(s, "load") : sdk_absent(),
                   sdk_text(s, "os"), sdk_text(s, "owner"), sdk_text(s, "ip"),
                   sdk_bool(s, "backup"), sdk_time(s, "created"), outside(sdk_nested(s, "tags")),
                   sdk_wants(out, SERVER_PASSWORD)
                       ? sdk_flag(sdk_text(s, "console_password"), ALLORA_VF_SENSITIVE)
                       : sdk_absent());
}

static int32_t list_servers(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                            const allora_sink *sink, allora_error *err)
{
    return list_items(self, ctx, req, sink, "servers", server_row, err);
}

/* The name of the server with that id. */
static allora_value server_name(const sdk_json *all, const char *id)
{
    sdk_foreach (s, id ? sdk_member(all, "servers") : NULL)
        if (strcmp(sdk_get_str(s, "id", ""), id) == 0)
            return outside(sdk_text(s, "name"));
    return sdk_null();
}

static int32_t volume_row(sdk_rows *out, const sdk_json *v, const sdk_json *all)
{
    return sdk_row(out, sdk_text(v, "account"), sdk_text(v, "region"), sdk_text(v, "id"),
                   outside(sdk_text(v, "name")), sdk_text(v, "state"), sdk_text(v, "kind"),
                   sdk_int(v, "size"), sdk_int(v, "used"), sdk_text(v, "server"),
                   server_name(all, sdk_get_str(v, "server", NULL)), sdk_bool(v, "encrypted"),
                   sdk_real(v, "cost"), sdk_time(v, "created"), outside(sdk_nested(v, "tags")));
}

static int32_t list_volumes(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                            const allora_sink *sink, allora_error *err)
{
    return list_items(self, ctx, req, sink, "volumes", volume_row, err);
}

static int32_t domain_row(sdk_rows *out, const sdk_json *d, const sdk_json *all)
{
    const char *dot = strrchr(sdk_get_str(d, "domain", ""), '.');
    (void)all;
    return sdk_row(out, sdk_text(d, "account"), sdk_text(d, "domain"),
                   sdk_cell_text(dot ? dot + 1 : NULL), sdk_text(d, "status"), sdk_text(d, "owner"),
                   sdk_time(d, "registered"), sdk_time(d, "expires"), sdk_bool(d, "auto_renew"),
                   sdk_bool(d, "dnssec"), sdk_nested(d, "nameservers"), sdk_real(d, "cost"));
}

static int32_t list_domains(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                            const allora_sink *sink, allora_error *err)
{
    return list_items(self, ctx, req, sink, "domains", domain_row, err);
}

static int32_t ticket_row(sdk_rows *out, const sdk_json *t, const sdk_json *all)
{
    (void)all;
    return sdk_row(out, sdk_int(t, "number"), outside(sdk_text(t, "title")), sdk_text(t, "status"),
                   sdk_text(t, "priority"), sdk_text(t, "requester"), sdk_text(t, "assignee"),
                   sdk_text(t, "server"), sdk_time(t, "opened"), sdk_time(t, "closed"),
                   sdk_int(t, "first_reply_s"), sdk_int(t, "replies"));
}

static int32_t list_tickets(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                            const allora_sink *sink, allora_error *err)
{
    return list_items(self, ctx, req, sink, "tickets", ticket_row, err);
}

/* Has an earlier server the same account and region? */
static bool seen_before(const sdk_json *servers, const sdk_json *s)
{
    for (const sdk_json *e = sdk_first(servers); e != s; e = e->next)
        if (strcmp(sdk_get_str(e, "account", ""), sdk_get_str(s, "account", "")) == 0 &&
            strcmp(sdk_get_str(e, "region", ""), sdk_get_str(s, "region", "")) == 0)
            return true;
    return false;
}

static int32_t server_partitions(allora_instance *self, allora_ctx *ctx, const char *table,
                                 const allora_sink *sink, allora_error *err)
{
    static const char *const keys[] = {"account", "region"};
    const sdk_json *all;
    int32_t st = estate(self, ctx, &all, err);
    (void)table;
    if (!st)
        st = sdk_begin_texts(sink, keys, 2);
    if (st)
        return st > 0 ? ALLORA_OK : st;
    const sdk_json *servers = sdk_member(all, "servers");
    sdk_foreach (s, servers) {
        if (seen_before(servers, s))
            continue;
        const allora_value cells[] = {sdk_text(s, "account"), sdk_text(s, "region")};
        if ((st = sink->row(sink->self, cells, 2)) != 0)
            return st > 0 ? ALLORA_OK : st;
    }
    return ALLORA_OK;
}

/* ---- the operation ---- */

/* How many items of a list belong to an account; adds up what they cost. */
static int64_t count_items(const sdk_json *all, const char *list, const char *account, double *cost)
{
    int64_t n = 0;
    sdk_foreach (item, sdk_member(all, list)) {
        if (strcmp(sdk_get_str(item, "account", ""), account) != 0)
            continue;
        n++;
        if (cost)
            *cost += sdk_get_real(item, "cost", 0);
    }
    return n;
}

static int32_t summary(allora_instance *self, allora_ctx *ctx, const char *operation,
                       allora_str args_json, const allora_sink *sink, allora_error *err)
{
    static const char *const accounts[] = {"prod", "staging", "lab"};
    static const sdk_column columns[] = {{"account", NULL, ALLORA_V_TEXT},
                                         {"servers", NULL, ALLORA_V_INT},
                                         {"volumes", NULL, ALLORA_V_INT},
                                         {"domains", NULL, ALLORA_V_INT},
                                         {"monthly_cost", "EUR", ALLORA_V_REAL}};
    const sdk_json *args, *all;
    int32_t st = sdk_args(self, ctx, args_json, &args, err);
    (void)operation;
    if (!st)
        st = estate(self, ctx, &all, err);
    if (!st)
        st = sdk_begin(sink, columns, 5);
    const char *only = st ? NULL : sdk_get_str(args, "account", NULL);
    for (size_t i = 0; !st && i < 3; i++) {
        if (only && strcmp(only, accounts[i]) != 0)
            continue;
        double cost = 0;
        const allora_value cells[] = {
            sdk_cell_text(accounts[i]),
            sdk_cell_int(count_items(all, "servers", accounts[i], &cost)),
            sdk_cell_int(count_items(all, "volumes", accounts[i], &cost)),
            sdk_cell_int(count_items(all, "domains", accounts[i], NULL)),
            sdk_cell_real(round(cost * 100) / 100), /* whole cents */
        };
        st = sink->row(sink->self, cells, 5);
    }
    return st > 0 ? ALLORA_OK : st;
}

static const sdk_table tables[] = {{"acme_server", list_servers, server_partitions},
                                   {"acme_volume", list_volumes, NULL},
                                   {"acme_domain", list_domains, NULL},
                                   {"acme_ticket", list_tickets, NULL},
                                   {NULL, NULL, NULL}};
static const sdk_operation operations[] = {{"acme.estate.summary", summary, NULL, NULL},
                                           {NULL, NULL, NULL, NULL}};
static const sdk_plugin acme = {.id = "acme", .tables = tables, .operations = operations};
ALLORA_PLUGIN(acme);
