/* A manifest as a whole: its head, its permissions, and finding things in it.  Tables stand in
 * manifest_table.c, operations, commands and agents in manifest_command.c. */
#include "plugin/manifest.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/manifest_check.h"

#include <string.h>

enum { MANIFEST_ARENA_MAX = 64 << 20 };

static const struct field root_fields[] = {
    {"manifest", WANT_INT | REQUIRED},
    {"id", WANT_TEXT | REQUIRED},
    {"version", WANT_TEXT | REQUIRED},
    {"summary", WANT_TEXT | REQUIRED},
    {"description", WANT_STR},
    {"license", WANT_TEXT | REQUIRED},
    {"homepage", WANT_STR},
    {"authors", WANT_STRS},
    {"abi", WANT_OBJECT | REQUIRED},
    {"permissions", WANT_OBJECT},
    {"config", WANT_OBJECT},
    {"provider", WANT_OBJECT},
    {"agents", WANT_ARRAY},
    {"operations", WANT_ARRAY},
    {"commands", WANT_ARRAY},
    {"rate_limits", WANT_OBJECT},
    {NULL, 0},
};
static const struct field abi_fields[] = {
    {"built", WANT_INT | REQUIRED}, {"needed", WANT_INT | REQUIRED}, {NULL, 0}};
static const struct field permission_fields[] = {
    {"config", WANT_BOOL},  {"console", WANT_BOOL},  {"store", WANT_BOOL},
    {"events", WANT_BOOL},  {"audit", WANT_BOOL},    {"metrics", WANT_BOOL},
    {"invoke", WANT_STRS},  {"http", WANT_STRS},     {"secrets", WANT_STRS},
    {"files", WANT_STRS},   {"exec", WANT_STRS},     {"listen", WANT_BOOL},
    {"threads", WANT_BOOL}, {"identity", WANT_BOOL}, {NULL, 0},
};

int32_t manifest_check_permissions(struct check *c, const json_node *permissions)
{
    if (!permissions)
        return ALLORA_OK;
    size_t before = check_enter(c, "permissions");
    int32_t rc = check_object(c, permissions, permission_fields);
    if (rc == ALLORA_OK)
        check_leave(c, before);
    return rc;
}

static int32_t fill_abi(struct check *c, const json_node *root)
{
    struct manifest *m = c->m;
    const json_node *abi = json_get(root, "abi");
    size_t before = check_enter(c, "abi");
    int32_t rc = check_object(c, abi, abi_fields);

    if (rc)
        return rc;
    int64_t built = json_get_int(abi, "built", 0), needed = json_get_int(abi, "needed", 0);
    if (built > UINT32_MAX || needed > built)
        return check_fail(c, "needed (%lld) is more than built (%lld)", (long long)needed,
                          (long long)built);
    m->abi_built = (uint32_t)built;
    m->abi_needed = (uint32_t)needed;
    check_leave(c, before);
    return ALLORA_OK;
}

static int32_t fill_head(struct check *c, const json_node *root)
{
    struct manifest *m = c->m;
    int32_t rc;

    if (json_typeof(root) != JSON_OBJECT)
        return check_fail(c, "the manifest must be a JSON object");
    int64_t format = json_get_int(root, "manifest", 0);
    if (json_get(root, "manifest") && format != 1)
        return check_fail(c, "manifest: this allora reads format 1, not %lld", (long long)format);
    c->lenient = json_int(json_path(root, "abi.built"), 0) > (int64_t)ALLORA_ABI_MINOR;
    if ((rc = check_object(c, root, root_fields)) != ALLORA_OK)
        return rc;
    if ((rc = check_name(c, root, "id", "-_")) != ALLORA_OK)
        return rc;
    m->id = json_get_str(root, "id", "");
    m->version = json_get_str(root, "version", "");
    m->summary = json_get_str(root, "summary", "");
    m->license = json_get_str(root, "license", "");
    m->permissions = json_get(root, "permissions");
    m->config = json_get(root, "config");
    if (strlen(m->version) > 64)
        return check_fail(c, "version: longer than 64 characters");
    return fill_abi(c, root);
}

static int32_t fill(struct check *c, const json_node *root)
{
    int32_t rc = fill_head(c, root);

    if (rc == ALLORA_OK)
        rc = manifest_check_permissions(c, c->m->permissions);
    if (rc == ALLORA_OK && json_get(root, "provider"))
        rc = manifest_fill_provider(c, json_get(root, "provider"));
    if (rc == ALLORA_OK)
        rc = manifest_fill_operations(c, root);
    if (rc == ALLORA_OK)
        rc = manifest_fill_commands(c, root);
    if (rc == ALLORA_OK)
        rc = manifest_fill_agents(c, root);
    return rc;
}

int32_t manifest_parse(const char *text, size_t len, struct manifest **ret, allora_error *err)
{
    struct manifest *m = mem_zalloc(sizeof *m);

    if (!m)
        return err_nomem(err);
    arena_init(&m->mem, MANIFEST_ARENA_MAX);
    struct check c = {.m = m, .err = err};
    int32_t rc = json_parse(text, len, &m->root, err);
    if (rc == ALLORA_E_ARG)
        rc = ALLORA_E_CONFIG; /* like every other fault of a manifest */
    if (rc == ALLORA_OK)
        rc = fill(&c, m->root);
    if (rc) {
        manifest_free(m);
        if (err && err->size >= sizeof *err)
            err->code = rc;
        return rc;
    }
    *ret = m;
    return ALLORA_OK;
}

void manifest_free(struct manifest *m)
{
    if (!m)
        return;
    json_free(m->root);
    arena_done(&m->mem);
    free(m);
}

const struct table *manifest_table(const struct manifest *m, const char *name)
{
    for (uint32_t i = 0; m && i < m->n_tables; i++) {
        if (streq_nocase(m->tables[i].name, name))
            return &m->tables[i];
    }
    return NULL;
}

const struct operation_decl *manifest_operation(const struct manifest *m, const char *name)
{
    for (uint32_t i = 0; m && i < m->n_operations; i++) {
        if (streq(m->operations[i].name, name))
            return &m->operations[i];
    }
    return NULL;
}

int32_t table_column(const struct table *t, const char *name)
{
    for (uint32_t i = 0; i < t->n_columns; i++) {
        if (streq_nocase(t->columns[i].name, name))
            return (int32_t)i;
    }
    for (uint32_t i = 0; i < t->n_columns; i++) {
        for (uint32_t k = 0; k < t->columns[i].n_aliases; k++) {
            if (streq_nocase(t->columns[i].aliases[k], name))
                return (int32_t)i;
        }
    }
    return -1;
}

bool manifest_grants(const struct manifest *m, const char *interface_id)
{
    static const struct {
        const char *id, *permission;
    } needs[] = {
        {ALLORA_CONFIG_ID, "config"},   {ALLORA_SECRETS_ID, "secrets"},
        {ALLORA_HTTP_ID, "http"},       {ALLORA_INVOKE_ID, "invoke"},
        {ALLORA_STORE_ID, "store"},     {ALLORA_EVENTS_ID, "events"},
        {ALLORA_CONSOLE_ID, "console"}, {ALLORA_LISTEN_ID, "listen"},
        {ALLORA_EXEC_ID, "exec"},       {ALLORA_AUDIT_ID, "audit"},
        {ALLORA_METRICS_ID, "metrics"},
    };

    if (streq(interface_id, ALLORA_SCOPE_ID))
        return true;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (streq(needs[i].id, interface_id)) {
            const json_node *p = json_get(m->permissions, needs[i].permission);
            return json_bool(p, false) || (json_typeof(p) == JSON_ARRAY && json_count(p) > 0);
        }
    }
    return false;
}
