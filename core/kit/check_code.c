/* The handshake, what the interfaces promise, unknown ids, and create() with destroy(). */
#include "kit/trial.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static bool has_effect(const struct manifest *m, bool planned)
{
    for (uint32_t i = 0; i < m->n_operations; i++)
        if ((m->operations[i].effect > ALLORA_EFFECT_LOCAL) == planned)
            return true;
    return false;
}

static bool has_partitions(const struct manifest *m)
{
    for (uint32_t i = 0; i < m->n_tables; i++)
        if (m->tables[i].partitioned)
            return true;
    return false;
}

static bool has_face(const struct manifest *m)
{
    for (uint32_t i = 0; i < m->n_commands; i++)
        if (m->commands[i].face != FACE_NEVER)
            return true;
    return false;
}

static void root(struct trial *t)
{
    const char *hint = "build it again with the SDK's rules";
    const allora_plugin *p = t->plugin;

    (void)CHECK(t,
                p->manifest && p->manifest_len == t->elf.manifest_len &&
                    memcmp(p->manifest, t->elf.manifest, p->manifest_len) == 0,
                hint, "the manifest that its code hands out is not the one in its section");
    (void)CHECK(t, p->abi_minor_built == t->m->abi_built && p->abi_minor_needed == t->m->abi_needed,
                "SDK_ABI_NEEDED and the manifest's \"abi\" must agree",
                "its code says ABI built %u, needed %u, its manifest %u and %u", p->abi_minor_built,
                p->abi_minor_needed, t->m->abi_built, t->m->abi_needed);
    (void)CHECK(t, p->abi_minor_needed <= ALLORA_ABI_MINOR, "upgrade allora",
                "needs ABI 1.%u, this allora speaks 1.%u", p->abi_minor_needed, ALLORA_ABI_MINOR);
}

/* A slot that the manifest's words need. */
#define SLOT(t, T, table, fn, why)                                                                 \
    ((void)CHECK((t), ALLORA_CAN(T, (table), fn), "", #T ".%s is empty, but %s", #fn, (why)))

static void slots(struct trial *t)
{
    const allora_provider_v1 *provider = t->plugin->get_interface(ALLORA_PROVIDER_ID);
    const allora_operations_v1 *operations = t->plugin->get_interface(ALLORA_OPERATIONS_ID);
    const allora_agent_v1 *agent = t->plugin->get_interface(ALLORA_AGENT_ID);
    const allora_face_v1 *face = t->plugin->get_interface(ALLORA_FACE_ID);

    if (provider) {
        SLOT(t, allora_provider_v1, provider, list, "every provider lists");
        if (has_partitions(t->m))
            SLOT(t, allora_provider_v1, provider, partitions, "a table is partitioned");
        if (t->m->dynamic)
            SLOT(t, allora_provider_v1, provider, describe, "the provider is dynamic");
    }
    if (operations && has_effect(t->m, false))
        SLOT(t, allora_operations_v1, operations, call, "an operation is read or local");
    if (operations && has_effect(t->m, true)) {
        SLOT(t, allora_operations_v1, operations, plan, "an operation changes the world");
        SLOT(t, allora_operations_v1, operations, apply, "an operation changes the world");
    }
    if (agent)
        SLOT(t, allora_agent_v1, agent, turn, "every agent has turns");
    if (face)
        SLOT(t, allora_face_v1, face, run, "every face runs");
}

struct promise {
    const char *id;
    bool declared;
};

static void promises(const struct manifest *m, struct promise out[static 4])
{
    out[0] = (struct promise){ALLORA_PROVIDER_ID, m->n_tables > 0 || m->dynamic};
    out[1] = (struct promise){ALLORA_OPERATIONS_ID, m->n_operations > 0};
    out[2] = (struct promise){ALLORA_AGENT_ID, m->n_agents > 0};
    out[3] = (struct promise){ALLORA_FACE_ID, has_face(m)};
}

void kit_check_handshake(struct trial *t)
{
    struct promise all[4];

    root(t);
    promises(t->m, all);
    for (size_t i = 0; i < 4; i++)
        (void)CHECK(t, (t->plugin->get_interface(all[i].id) != NULL) == all[i].declared, "",
                    "%s: the manifest says %s, the code says otherwise", all[i].id,
                    all[i].declared ? "yes" : "no");
    slots(t);
}

/* ---- unknown ids ---- */

static void unknown_interfaces(struct trial *t)
{
    static const char *const unknown[] = {"",
                                          "allora",
                                          "allora.nothing/1",
                                          "allora.provider/",
                                          "allora.provider/2",
                                          "ALLORA.PROVIDER/1"};
    const char *hint = "compare the whole id";
    struct promise all[4];
    char longer[64];

    promises(t->m, all);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(longer, sizeof longer, "%s0", all[i].id);
        (void)CHECK(t, !t->plugin->get_interface(longer), hint, "%s is answered", longer);
        (void)snprintf(longer, sizeof longer, "%s ", all[i].id);
        (void)CHECK(t, !t->plugin->get_interface(longer), hint, "\"%s\" is answered", longer);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        (void)CHECK(t, !t->plugin->get_interface(unknown[i]), hint, "\"%s\" is answered",
                    unknown[i]);
}

static void unknown_table(struct trial *t, const char *name)
{
    const struct table table = {.name = name};
    struct listing l = {.status = 0};

    trial_at(t, "listing the unknown table \"%s\"", name);
    listing_run(t, &table, &l);
    (void)CHECK(t, l.status < 0, "return ALLORA_E_NOTFOUND", "a table \"%s\" is listed", name);
    listing_done(&l);
}

static void unknown_operation(struct trial *t, const allora_operations_v1 *o, const char *name)
{
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    allora_error err = ERR_INIT;
    const allora_str none = {"{}", 2};
    allora_plan plan = {.size = (uint32_t)sizeof plan};
    allora_ctx *ctx = bench_open(&t->bench);

    trial_at(t, "the unknown operation \"%s\"", name);
    if (ALLORA_CAN(allora_operations_v1, o, call))
        (void)CHECK(t, o->call(t->self, ctx, name, none, &sink, &err) < 0,
                    "return ALLORA_E_NOTFOUND", "an operation \"%s\" is run", name);
    if (ALLORA_CAN(allora_operations_v1, o, plan))
        (void)CHECK(t, o->plan(t->self, ctx, name, none, &plan, &err) < 0,
                    "return ALLORA_E_NOTFOUND", "an operation \"%s\" is planned", name);
    bench_close(ctx);
    collect_done(&got);
}

void kit_check_unknown(struct trial *t)
{
    char longer[128];
    const allora_operations_v1 *o = trial_interface(t, ALLORA_OPERATIONS_ID);

    unknown_interfaces(t);
    if (trial_interface(t, ALLORA_PROVIDER_ID)) {
        unknown_table(t, "no_such_table");
        for (uint32_t i = 0; i < t->m->n_tables; i++) {
            (void)snprintf(longer, sizeof longer, "%sx", t->m->tables[i].name);
            if (!manifest_table(t->m, longer))
                unknown_table(t, longer);
        }
    }
    if (o) {
        unknown_operation(t, o, "no.such.operation");
        for (uint32_t i = 0; i < t->m->n_operations; i++) {
            (void)snprintf(longer, sizeof longer, "%sx", t->m->operations[i].name);
            if (!manifest_operation(t->m, longer))
                unknown_operation(t, o, longer);
        }
    }
}

/* ---- create and destroy ---- */

static allora_instance *create(struct trial *t, allora_ctx *ctx, bool *ret_poor)
{
    allora_error err = ERR_INIT;
    allora_instance *self = NULL;

    trial_at(t, "create()");
    int32_t rc = t->plugin->create(&t->bench.host, ctx, &self, &err);
    *ret_poor = rc && trial_poor_world(t, rc);
    if (*ret_poor)
        trial_skip(t, "create() says: %s", err.message[0] ? err.message : status_text(rc));
    else if (CHECK(t, rc == ALLORA_OK, "", "create() fails: %s",
                   err.message[0] ? err.message : status_text(rc)))
        (void)CHECK(t, self != NULL, "", "create() succeeds without an instance");
    if (rc && !*ret_poor)
        trial_broken(t);
    return rc == ALLORA_OK ? self : NULL;
}

/* One after the other, two at once, and NULL. */
static bool repeatedly(struct trial *t)
{
    bool poor = false;

    for (int i = 0; i < 3 && !poor && t->findings == 0; i++) {
        allora_ctx *ctx = bench_open(&t->bench);
        allora_instance *one = create(t, ctx, &poor), *other = poor ? NULL : create(t, ctx, &poor);
        (void)CHECK(t, !one || one != other, "keep no state outside the instance",
                    "two instances are one");
        bench_close(ctx); /* what create() took from its ctx is gone */
        trial_at(t, "destroy()");
        t->plugin->destroy(one);
        t->plugin->destroy(other);
        trial_at(t, "destroy(NULL)");
        t->plugin->destroy(NULL);
    }
    return !poor;
}

/* A host that has nothing to give: words or an instance, never a crash. */
static void on_poor_host(struct trial *t)
{
    allora_error err = ERR_INIT;
    allora_instance *self = NULL;
    allora_ctx *ctx = bench_open(&t->bench);

    trial_at(t, "create() on a host without interfaces");
    t->bench.poor = true;
    int32_t rc = t->plugin->create(&t->bench.host, ctx, &self, &err);
    (void)CHECK(t, rc == ALLORA_OK || err.message[0], "sdk_fail() writes them",
                "create() refuses a host without interfaces, and has no words for it");
    (void)CHECK(t, rc == ALLORA_OK || !self, "leave the output alone on failure",
                "create() fails, but gives an instance");
    if (rc == ALLORA_OK)
        t->plugin->destroy(self);
    t->bench.poor = false;
    bench_close(ctx);
}

void kit_check_life(struct trial *t)
{
    if (repeatedly(t))
        on_poor_host(t);
}
