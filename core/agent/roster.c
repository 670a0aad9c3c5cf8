/* Which agents there are, and which one answers. */
#include "agent/manager.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/value.h"
#include "config/config.h"

struct inner_agent {
    const char *name, *tools;
    const allora_agent_v1 *agent;
    allora_instance *self;
    struct inner_agent *next;
};

int32_t agents_new(const struct agents_options *o, struct agents **ret, allora_error *err)
{
    struct agents *a = mem_zalloc(sizeof *a);
    if (!a)
        return err_nomem(err);
    a->o = *o;
    *ret = a;
    return ALLORA_OK;
}

void agents_free(struct agents *a)
{
    if (!a)
        return;
    roster_free(a);
    free(a);
}

int32_t agents_add(struct agents *a, const char *name, const char *tools,
                   const allora_agent_v1 *agent, allora_instance *self)
{
    struct inner_agent *i = mem_zalloc(sizeof *i);
    if (!i)
        return ALLORA_E_NOMEM;
    *i = (struct inner_agent){name, tools, agent, self, a->inner};
    a->inner = i;
    return ALLORA_OK;
}

void roster_free(struct agents *a)
{
    while (a->inner) {
        struct inner_agent *next = a->inner->next;
        free(a->inner);
        a->inner = next;
    }
}

static size_t names(const struct agents *a, const struct registry_name **ret)
{
    return a->o.registry ? registry_names(a->o.registry, REGISTRY_AGENTS, ret) : 0;
}

static const struct agent_decl *declared(const struct agents *a, const struct registry_name *n,
                                         allora_error *err)
{
    const struct manifest *m = registry_manifest(a->o.registry, n->plugin, err);
    for (uint32_t i = 0; m && i < m->n_agents; i++)
        if (streq(m->agents[i].name, n->name))
            return &m->agents[i];
    if (m)
        (void)err_set(err, ALLORA_E_CONFIG, "%s: its manifest no longer declares the agent %s",
                      n->plugin->id, n->name);
    return NULL;
}

/* The name of the agent that answers when nobody says; NULL when that is not clear. */
static const char *default_name(const struct agents *a)
{
    const char *set = a->o.config ? json_str(config_get(a->o.config, "agent.default"), NULL) : NULL;
    if (set)
        return set;
    if (a->inner)
        return a->inner->name;
    const struct registry_name *list = NULL;
    size_t n = names(a, &list);
    for (size_t i = 0; i < n; i++) {
        allora_error ignored = ERR_INIT;
        const struct agent_decl *d = declared(a, &list[i], &ignored);
        if (d && json_get_bool(d->node, "default", false))
            return list[i].name;
    }
    return n == 1 ? list[0].name : NULL;
}

static int32_t no_agent(const struct agents *a, const char *wanted, allora_error *err)
{
    const struct registry_name *list = NULL;
    size_t n = names(a, &list);
    int32_t status = ALLORA_E_NOTFOUND;
    if (wanted && a->o.registry)
        status = registry_explain_missing(a->o.registry, "no agent", wanted, err);
    if (status != ALLORA_E_NOTFOUND)
        return status;
    A_CLEAN(buf_done) struct buf all = BUF(200);
    struct nearest near;
    nearest_init(&near, wanted ? wanted : "");
    for (size_t i = 0; i < n; i++) {
        buf_addf(&all, "%s%s", i ? ", " : "", list[i].name);
        nearest_offer(&near, list[i].name);
    }
    if (n == 0) {
        (void)err_set(err, status, "no agent is installed");
        err_hint(err, "allora plugin list shows what was found, allora query needs no agent");
        return status;
    }
    if (!wanted) {
        status =
            err_set(err, ALLORA_E_CONFIG, "several agents are installed, and none is the default");
        err_hint(err, "choose one of %s with --agent, or set agent.default", buf_str(&all));
        return status;
    }
    (void)err_set(err, status, "no agent %.64s", wanted);
    if (near.n)
        err_hint(err, "did you mean %s?", near.best[0]);
    else
        err_hint(err, "there are: %s", buf_str(&all));
    return status;
}

static int32_t load(struct agents *a, allora_ctx *ctx, const struct registry_name *n,
                    struct agent_choice *ret, allora_error *err)
{
    const struct agent_decl *d = declared(a, n, err);
    if (!d)
        return err->code ? err->code : ALLORA_E_CONFIG;
    const void *found = NULL;
    allora_instance *self = NULL;
    int32_t status =
        registry_interface(a->o.registry, n->plugin, ctx, ALLORA_AGENT_ID, &found, &self, err);
    if (status) {
        err_prefix(err, "agent %s of plugin %s: ", n->name, n->plugin->id);
        return status;
    }
    const allora_agent_v1 *agent = found;
    if (!ALLORA_CAN(allora_agent_v1, agent, turn))
        return err_set(err, ALLORA_E_UNSUPPORTED,
                       "plugin %s declares the agent %s, but has no code for it", n->plugin->id,
                       n->name);
    *ret = (struct agent_choice){.name = n->name,
                                 .plugin = n->plugin->id,
                                 .code = n->plugin,
                                 .tools = d->tools,
                                 .n_tools = d->n_tools,
                                 .agent = agent,
                                 .self = self};
    return ALLORA_OK;
}

int32_t roster_choose(struct agents *a, allora_ctx *ctx, const char *wanted,
                      struct agent_choice *ret, allora_error *err)
{
    const char *name = wanted ? wanted : default_name(a);
    for (const struct inner_agent *i = a->inner; name && i; i = i->next) {
        if (!streq(i->name, name))
            continue;
        *ret = (struct agent_choice){.name = i->name,
                                     .plugin = "allora",
                                     .tools = &i->tools,
                                     .n_tools = i->tools ? 1 : 0,
                                     .agent = i->agent,
                                     .self = i->self};
        return ALLORA_OK;
    }
    const struct registry_name *found =
        name && a->o.registry ? registry_name_find(a->o.registry, REGISTRY_AGENTS, name) : NULL;
    int32_t status = found ? load(a, ctx, found, ret, err) : no_agent(a, name, err);
    if (status && name && !wanted && !found)
        err_prefix(err, "agent.default: ");
    return status;
}

#define COLUMN(type_, name_)                                                                       \
    &(const allora_column)                                                                         \
    {                                                                                              \
        .size = sizeof(allora_column), .type = type_, .name = name_                                \
    }
static const allora_column *const columns[] = {
    COLUMN(ALLORA_V_TEXT, "name"),    COLUMN(ALLORA_V_BOOL, "default"),
    COLUMN(ALLORA_V_TEXT, "plugin"),  COLUMN(ALLORA_V_TEXT, "tools"),
    COLUMN(ALLORA_V_TEXT, "summary"),
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

int32_t agent_op_list(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    (void)ctx, (void)args, (void)err;
    struct agents *a = self;
    const char *chosen = default_name(a);
    const struct registry_name *list = NULL;
    size_t n = names(a, &list);
    int32_t status = sink->begin(sink->self, columns, N_COLUMNS);
    for (size_t i = 0; !status && i < n; i++) {
        allora_error problem = ERR_INIT;
        const struct agent_decl *d = declared(a, &list[i], &problem);
        A_CLEAN(buf_done) struct buf tools = BUF(4096);
        for (uint32_t t = 0; d && t < d->n_tools; t++)
            buf_addf(&tools, "%s%s", t ? " " : "", d->tools[t]);
        const allora_value cells[N_COLUMNS] = {
            val_text(list[i].name),
            val_bool(streq(list[i].name, chosen)),
            val_text(list[i].plugin->id),
            val_text(buf_str(&tools)),
            val_text(d ? list[i].summary : problem.message),
        };
        status = sink->row(sink->self, cells, N_COLUMNS);
    }
    return status < 0 ? status : ALLORA_OK;
}
