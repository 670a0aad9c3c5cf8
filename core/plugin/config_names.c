/* Whose settings are these?  A subtree for a plugin that is not installed here is fine: the file
 * may serve several machines.  One whose name is nearly a plugin's is a typing error, and would
 * otherwise be passed over in silence. */
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "plugin/read.h"
#include "plugin/registry_private.h"

#include <stdio.h>

/* Offers every name that may stand under `root`; true when one of them is `name`. */
static bool offer_names(const struct registry *r, const char *root, const char *name,
                        struct nearest *near)
{
    const struct index_view *v = &r->view;

    for (uint32_t i = 0; i < v->n_files; i++) {
        uint32_t at = streq(root, "providers") ? v->files[i].provider : v->files[i].id;
        if (at == 0 || streq(root, "agents"))
            continue;
        if (streq(index_str(v, at), name))
            return true;
        nearest_offer(near, index_str(v, at));
    }
    static const int lists[] = {REGISTRY_AGENTS, INDEX_ABSENT};
    for (int k = 0; streq(root, "agents") && k < 2; k++) {
        for (uint32_t i = 0; i < v->n_names[lists[k]]; i++) {
            const struct index_name *n = &v->names[lists[k]][i];
            if (n->kind != NAME_AGENT)
                continue;
            if (streq(index_str(v, n->name), name))
                return true;
            nearest_offer(near, index_str(v, n->name));
        }
    }
    return false;
}

static int32_t check_root(const struct registry *r, const char *root, allora_error *err)
{
    char key[512];

    json_foreach (item, config_get(r->config, root)) {
        struct nearest near;
        const char *name = json_key(item);
        nearest_init(&near, name);
        if (offer_names(r, root, name, &near) || near.n == 0)
            continue;
        (void)snprintf(key, sizeof key, "%s.%s", root, name);
        const char *origin = config_origin(r->config, key);
        int32_t rc = err_set(err, ALLORA_E_CONFIG, "config: unknown key %s", key);
        err_hint(err, "%s · did you mean %s?", origin ? origin : "", near.best[0]);
        return rc;
    }
    return ALLORA_OK;
}

int32_t registry_check_config(const struct registry *r, allora_error *err)
{
    static const char *const roots[] = {"providers", "agents", "commands"};

    for (size_t i = 0; r->config && i < sizeof roots / sizeof roots[0]; i++) {
        int32_t rc = check_root(r, roots[i], err);
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}
