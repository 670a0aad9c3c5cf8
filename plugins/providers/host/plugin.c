/* The host provider: what this machine says about itself.  Each table has its file; this one ties
 * them to the ABI. A list() call opens the root, reads, and closes it again: nothing is kept
 * between calls, so answers are never old and any number of calls may run at once. */
#include "act.h"
#include "tables.h"
#include <allora/sdk.h>
#include <string.h>

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                    const allora_sink *sink, allora_error *err)
{
    const struct table_entry *table = table_find(req->table);
    if (!table)
        return sdk_fail(err, ALLORA_E_NOTFOUND, "the host provider has no table %s", req->table);
    const char *path = NULL;
    struct root root;
    int32_t status = sdk_config_str(self, ctx, "root", NULL, &path, err);
    if (!status)
        status = root_open(path, &root, err);
    if (status)
        return status;
    struct scan scan;
    status = scan_open(&scan, &root, sdk_of(self)->host, ctx, req, table->n_columns, sink, err);
    if (!status) {
        status = table->list(&scan);
        if (status == ALLORA_STOP)
            status = ALLORA_OK;
        if (status == ALLORA_OK && scan.partial)
            status = ALLORA_PARTIAL;
        scan_close(&scan);
    }
    root_close(&root);
    return status;
}

#define TABLE(TABLE_, table) {"host_" #table, list, NULL},
static const sdk_table tables[] = {HOST_TABLES(TABLE){NULL, NULL, NULL}};
#define ACTION(name)                                                                               \
    {                                                                                              \
        name, NULL, act_plan, act_apply                                                            \
    }
static const sdk_operation operations[] = {
    ACTION("host.process.signal"), ACTION("host.process.renice"),  ACTION("host.service.start"),
    ACTION("host.service.stop"),   ACTION("host.service.restart"), ACTION("host.file.truncate_log"),
    {NULL, NULL, NULL, NULL}};
static const sdk_plugin host_plugin = {.id = "host", .tables = tables, .operations = operations};
ALLORA_PLUGIN(host_plugin);
