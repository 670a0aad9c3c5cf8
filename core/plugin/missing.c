/* Names that no usable plugin here provides: whose they are, and why they can't be had. */
#include "base/build.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/plugin_words.h"
#include "plugin/registry_private.h"

#include <limits.h>
#include <stdlib.h>

enum { KNOWN_MAX = 4 << 20 };

/* Is it the name, or the first words of it?  "session" is part of the command "session list". */
static bool is_or_begins(const char *full, const char *name)
{
    size_t n = strlen(name);
    return streq_nocase(full, name) || (n > 0 && str_starts(full, name) && full[n] == ' ');
}

static const struct index_name *absent_name(const struct registry *r, const char *name)
{
    const struct index_view *v = &r->view;

    for (uint32_t i = 0; i < v->n_names[INDEX_ABSENT]; i++) {
        const struct index_name *n = &v->names[INDEX_ABSENT][i];
        if (is_or_begins(index_str(v, n->name), name))
            return n;
    }
    return NULL;
}

static json_node *read_known(const char *path)
{
    A_CLEAN(buf_done) struct buf text = BUF(KNOWN_MAX);
    allora_error ignored = ERR_INIT;
    json_node *known = NULL;

    if (!path || fs_read(path, KNOWN_MAX, &text, &ignored) != ALLORA_OK ||
        json_parse(buf_str(&text), text.len, &known, &ignored) != ALLORA_OK)
        return NULL;
    return known;
}

/* PREFIX/share/allora/known-plugins.json for PREFIX/bin/allora, else the installed one.  Read once,
 * when first needed. */
static const json_node *known_plugins(struct registry *r)
{
    char exe[PATH_MAX];

    (void)pthread_mutex_lock(&r->lock);
    if (!r->known_read && r->executable && realpath(r->executable, exe)) {
        char *slash = strrchr(exe, '/');
        if (slash)
            *slash = '\0';
        A_FREE char *path = mem_printf("%s/../share/allora/known-plugins.json", exe);
        r->known = read_known(path);
    }
    if (!r->known_read && !r->known) {
        A_FREE char *path = mem_printf("%s/known-plugins.json", build_data_dir());
        r->known = read_known(path);
    }
    r->known_read = true;
    const json_node *known = json_get(r->known, "plugins");
    (void)pthread_mutex_unlock(&r->lock);
    return known;
}

static bool holds(const json_node *list, const char *name)
{
    json_foreach (item, list) {
        if (is_or_begins(json_str(item, ""), name))
            return true;
    }
    return false;
}

static const char *known_provider(const struct registry *r, const char *name)
{
    static const char *const lists[] = {"commands", "tables", "operations", "agents"};
    struct registry *lazy =
        (struct registry *)(uintptr_t)r; /* the list is read when first asked for */

    json_foreach (plugin, known_plugins(lazy)) {
        for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
            if (holds(json_get(plugin, lists[i]), name))
                return json_get_str(plugin, "id", NULL);
        }
    }
    return NULL;
}

bool registry_knows_plugin(const struct registry *r, const char *id)
{
    struct registry *lazy = (struct registry *)(uintptr_t)r;

    json_foreach (plugin, known_plugins(lazy)) {
        if (streq(json_get_str(plugin, "id", NULL), id))
            return true;
    }
    return false;
}

const char *registry_who_provides(const struct registry *r, const char *name)
{
    const struct index_name *n = absent_name(r, name);

    for (int k = 0; !n && k < REGISTRY_VIEWS; k++) {
        const struct registry_name *present = registry_name_find(r, (enum registry_list)k, name);
        if (present)
            return present->plugin->id;
    }
    if (n)
        return index_str(&r->view, r->view.files[n->file].id);
    return known_provider(r, name);
}

static int32_t explain_unusable(const struct registry *r, const struct index_file *f,
                                const char *what, const char *name, allora_error *err)
{
    const struct index_view *v = &r->view;
    const char *message = index_str(v, f->message);
    bool disabled = f->flags & INDEX_DISABLED;

    (void)err_set(err, ALLORA_E_ABI, "%s \"%s\": plugin \"%s\" provides it and %s%s", what, name,
                  index_str(v, f->id), disabled ? "is " : "cannot be used: ", message);
    err_hint(err, "%s", index_str(v, f->hint));
    return ALLORA_E_ABI;
}

int32_t registry_explain_missing(const struct registry *r, const char *what, const char *name,
                                 allora_error *err)
{
    const struct index_name *n = absent_name(r, name);
    const struct index_file *f = n ? &r->view.files[n->file] : NULL;

    if (f && !(f->flags & INDEX_MISSING))
        return explain_unusable(r, f, what, name, err);
    const char *id = f ? index_str(&r->view, f->id) : known_provider(r, name);
    if (!id)
        return ALLORA_E_NOTFOUND;
    (void)err_set(err, ALLORA_E_ABI, "%s \"%s\": plugin \"%s\" provides it and is not installed",
                  what, name, id);
    if (f && f->path)
        err_hint(err, "it was last seen at %s; allora plugin install puts it in again",
                 index_str(&r->view, f->path));
    else
        err_hint(err, "allora plugin install %s.so puts it in, --plugin-path names its folder", id);
    return ALLORA_E_ABI;
}
