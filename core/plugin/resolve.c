/* What becomes of a plugin among the others: disabled by configuration, shadowed by the same id
 * earlier in the search path, in conflict with the same id in its own folder or with a name that
 * another id has claimed. */
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "config/config.h"
#include "plugin/read.h"

#include <stdio.h>

static bool usable(const struct found *f)
{
    return f->manifest && !f->failure.stage && !f->shadowed && !f->disabled;
}

bool globs_match(const json_node *globs, const char *id)
{
    if (json_typeof(globs) == JSON_STRING)
        return glob_match(json_str(globs, ""), id);
    json_foreach (glob, globs) {
        if (glob_match(json_str(glob, ""), id))
            return true;
    }
    return false;
}

static int32_t disable(struct scan *s, const struct config *config, allora_error *err)
{
    const json_node *on = config ? config_get(config, "plugins.enable") : NULL;
    const json_node *off = config ? config_get(config, "plugins.disable") : NULL;
    char message[320];

    for (size_t i = 0; i < s->n_files; i++) {
        struct found *f = &s->files[i];
        if (f->core || !f->manifest)
            continue;
        bool not_on = on && !globs_match(on, f->id), is_off = globs_match(off, f->id);
        if (!not_on && !is_off)
            continue;
        const char *key = is_off ? "plugins.disable" : "plugins.enable";
        const char *origin = config_origin(config, key);
        (void)snprintf(message, sizeof message, "disabled: %s %s (%s)", key,
                       is_off ? "names it" : "does not name it", origin ? origin : "configuration");
        char hint[192];
        (void)snprintf(hint, sizeof hint, "allora plugin enable %s uses it again", f->id);
        int32_t rc = found_fail(s, f, "config", ALLORA_E_DENIED, message, hint, err);
        if (rc)
            return rc;
        f->disabled = true;
    }
    return ALLORA_OK;
}

static int32_t conflict(struct scan *s, struct found *f, const struct found *other,
                        allora_error *err)
{
    char message[512];
    (void)snprintf(message, sizeof message,
                   "two plugins in one folder have the id \"%s\": %s and %s", f->id, f->path,
                   other->path);
    return found_fail(s, f, "conflict", ALLORA_E_CONFLICT, message, "remove one of the two files",
                      err);
}

/* Files stand in search order, so that the first of an id is the one that counts. */
static int32_t resolve_ids(struct scan *s, struct map *ids, allora_error *err)
{
    for (size_t i = 0; i < s->n_files; i++) {
        struct found *f = &s->files[i];
        if (!f->manifest || f->disabled)
            continue;
        if (!f->core && streq(f->id, "allora")) {
            int32_t rc = found_fail(s, f, "conflict", ALLORA_E_CONFLICT,
                                    "the id \"allora\" is the core's own",
                                    "the plugin's author must choose another id", err);
            if (rc)
                return rc;
            continue;
        }
        struct found *first = map_get(ids, f->id);
        int32_t rc = ALLORA_OK;
        if (!first) {
            rc = map_put(ids, f->id, f, NULL);
            if (rc)
                return err_nomem(err);
        } else if (first->folder == f->folder) {
            rc = conflict(s, f, first, err);
            if (rc == ALLORA_OK)
                rc = conflict(s, first, f, err);
        } else {
            f->shadowed = true;
            f->shadowed_by = first->path;
        }
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

/* Names that no plugin may claim: the core has these commands itself. */
static const char *const core_commands[] = {"help", "version", "completion", NULL};

struct claim {
    struct map *names; /* "kind:name" → struct found */
    struct found *f;
    bool (*table_reserved)(const char *name);
    bool put; /* second pass: claim; first pass: look */
    const struct found *other;
    const char *kind; /* what clashed */
    char name[256];
};
static const char *const kind_words[] = {"command", "table",    "operation",
                                         "agent",   "provider", "view"};

static int32_t claim_name(void *self, enum name_kind kind, const char *name, const char *summary,
                          const struct command_decl *command)
{
    struct claim *c = self;
    char key[320];

    (void)summary;
    (void)command;
    if (kind == NAME_VIEW)
        return ALLORA_OK; /* shared by nature */
    (void)snprintf(key, sizeof key, "%u:%s", (unsigned)kind, name);
    if (c->put)
        return map_put(c->names, key, c->f, NULL);
    const struct found *other = map_get(c->names, key);
    bool core = kind == NAME_TABLE && c->table_reserved && c->table_reserved(name);
    for (size_t i = 0; kind == NAME_COMMAND && core_commands[i]; i++)
        core = core || streq(core_commands[i], name);
    if (!other && !core)
        return ALLORA_OK;
    c->other = other;
    c->kind = kind_words[kind];
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    return ALLORA_STOP;
}

static int32_t name_conflict(struct scan *s, struct found *f, const struct claim *c,
                             allora_error *err)
{
    char message[512], hint[256];

    if (c->other && !c->other->core)
        (void)snprintf(message, sizeof message,
                       "the %s \"%s\" is claimed by plugin \"%s\" (%s) and by \"%s\" (%s)", c->kind,
                       c->name, c->other->id, c->other->path, f->id, f->path);
    else
        (void)snprintf(message, sizeof message,
                       "the %s \"%s\", claimed by plugin \"%s\" (%s), is allora's own", c->kind,
                       c->name, f->id, f->path);
    (void)snprintf(hint, sizeof hint, "remove one of them, or set plugins.disable: [%s]",
                   c->other && !c->other->core ? c->other->id : f->id);
    return found_fail(s, f, "conflict", ALLORA_E_CONFLICT, message, hint, err);
}

static int32_t resolve_names(struct scan *s, struct map *names, allora_error *err)
{
    for (size_t i = 0; i < s->n_files; i++) {
        struct found *f = &s->files[i];
        struct claim c = {.names = names, .f = f, .table_reserved = s->table_reserved};
        if (!usable(f))
            continue;
        int32_t rc = manifest_names(f->manifest, claim_name, &c);
        if (rc == ALLORA_STOP)
            rc = name_conflict(s, f, &c, err);
        else if (rc == ALLORA_OK) {
            c.put = true;
            rc = manifest_names(f->manifest, claim_name, &c);
        }
        if (rc)
            return rc == ALLORA_E_NOMEM ? err_nomem(err) : rc;
    }
    return ALLORA_OK;
}

int32_t resolve_plugins(struct scan *s, const struct config *config, allora_error *err)
{
    struct map ids, names;
    int32_t rc;

    map_init(&ids);
    map_init(&names);
    rc = disable(s, config, err);
    if (rc == ALLORA_OK)
        rc = resolve_ids(s, &ids, err);
    if (rc == ALLORA_OK)
        rc = resolve_names(s, &names, err);
    map_done(&names);
    map_done(&ids);
    return rc;
}
