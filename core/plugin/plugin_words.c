/* What is said about a plugin. */
#include "plugin/plugin_words.h"

#include "base/err.h"
#include "base/str.h"
#include "plugin/image.h"

#include <stdio.h>

void plugin_name(const struct plugin *p, char *out, size_t size)
{
    if (*p->id) {
        (void)snprintf(out, size, "%s", p->id);
        return;
    }
    const char *slash = strrchr(p->path, '/');
    const char *name = slash ? slash + 1 : p->path;
    size_t n = strlen(name);
    (void)snprintf(out, size, "%.*s", (int)(str_ends(name, ".so") ? n - 3 : n), name);
}

static size_t count_of(const struct registry *r, enum registry_list list, const struct plugin *p)
{
    const struct registry_name *names;
    size_t n = registry_names(r, list, &names), count = 0;

    for (size_t i = 0; i < n; i++)
        count += names[i].plugin == p;
    return count;
}

size_t plugin_provides(const struct registry *r, const struct plugin *p, char *out, size_t size)
{
    static const struct {
        enum registry_list list;
        const char *one, *many;
    } kinds[] = {
        {REGISTRY_TABLES, "table", "tables"},
        {REGISTRY_AGENTS, "agent", "agents"},
        {REGISTRY_OPERATIONS, "operation", "operations"},
        {REGISTRY_COMMANDS, "command", "commands"},
    };
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t n = count_of(r, kinds[i].list, p);
        if (n == 0 || len >= size)
            continue;
        int wrote = snprintf(out + len, size - len, "%s%zu %s", len ? ", " : "", n,
                             n == 1 ? kinds[i].one : kinds[i].many);
        len += wrote > 0 && (size_t)wrote < size - len ? (size_t)wrote : 0;
    }
    return len;
}

const char *plugin_trust(const struct registry *r, const struct plugin *p)
{
    if (streq(p->folder_kind, "core"))
        return "allora itself";
    const char *expected, *origin;
    bool wanted = image_digest_wanted(registry_config(r), p, &expected, &origin);
    if (wanted && expected)
        return "pinned";
    if (streq(p->folder_kind, "path"))
        return "named for this run";
    if (streq(p->folder_kind, "environment"))
        return "ALLORA_PLUGIN_PATH";
    if (streq(p->folder_kind, "user"))
        return "user folder";
    return registry_knows_plugin(r, p->id) ? "first party" : "system folder";
}

const struct plugin *plugin_lookup(const struct registry *r, const char *id_or_path)
{
    const struct plugin *p = registry_find(r, id_or_path);

    for (size_t i = 0; !p && i < registry_count(r); i++) {
        const struct plugin *candidate = registry_at(r, i);
        char name[256];
        plugin_name(candidate, name, sizeof name);
        if (streq(name, id_or_path) || streq(candidate->path, id_or_path))
            p = candidate;
    }
    return p;
}

int32_t plugin_unknown(const struct registry *r, const char *id, allora_error *err)
{
    struct nearest near;
    int32_t rc = err_set(err, ALLORA_E_NOTFOUND, "no plugin \"%s\"", id);

    nearest_init(&near, id);
    for (size_t i = 0; i < registry_count(r); i++)
        nearest_offer(&near, registry_at(r, i)->id);
    if (registry_knows_plugin(r, id))
        err_hint(err, "it is one of allora's own, but is not installed here");
    else if (near.n > 0)
        err_hint(err, "did you mean %s?", near.best[0]);
    else
        err_hint(err, "allora plugin list shows those that were found");
    return rc;
}
