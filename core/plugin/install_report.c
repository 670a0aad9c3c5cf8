/* What somebody who installs a plugin is told before it is there. */
#include "base/str.h"
#include "plugin/install.h"

#include <stdio.h>

enum { NAMES_SHOWN = 12 };

struct names {
    enum name_kind kind;
    struct buf *text; /* lines, or NULL */
    struct jsonw *w;  /* a document, or NULL */
    unsigned n;
};

static int32_t one_name(void *self, enum name_kind kind, const char *name, const char *summary,
                        const struct command_decl *command)
{
    struct names *n = self;

    (void)summary;
    (void)command;
    if (kind != n->kind)
        return ALLORA_OK;
    if (n->w)
        jw_str(n->w, name);
    if (n->text && n->n < NAMES_SHOWN)
        buf_addf(n->text, "%s%s", n->n ? ", " : "", name);
    else if (n->text && n->n == NAMES_SHOWN)
        buf_adds(n->text, ", …");
    n->n++;
    return ALLORA_OK;
}

static const struct {
    enum name_kind kind;
    const char *one, *many;
} brings[] = {
    {NAME_TABLE, "table", "tables"},
    {NAME_COMMAND, "command", "commands"},
    {NAME_AGENT, "agent", "agents"},
    {NAME_OPERATION, "operation", "operations"},
};

static void describe_names(const struct manifest *m, struct buf *text)
{
    for (size_t i = 0; i < sizeof brings / sizeof brings[0]; i++) {
        A_CLEAN(buf_done) struct buf list = BUF(1 << 16);
        struct names n = {.kind = brings[i].kind, .text = &list};
        (void)manifest_names(m, one_name, &n);
        if (n.n)
            buf_addf(text, "  brings %u %s: %s\n", n.n, n.n == 1 ? brings[i].one : brings[i].many,
                     buf_str(&list));
    }
}

/* "http https://api.example.com, https://…": what its manifest asks for, as it stands there. */
static void describe_permission(const json_node *p, struct buf *text)
{
    if (json_typeof(p) == JSON_BOOL) {
        if (json_bool(p, false))
            buf_addf(text, "  may use %s\n", json_key(p));
        return;
    }
    if (json_count(p) == 0 && !json_str(p, NULL))
        return;
    buf_addf(text, "  may use %s: %s", json_key(p), json_str(p, ""));
    bool first = true;
    json_foreach (item, p) {
        buf_addf(text, "%s%s", first ? "" : ", ", json_str(item, json_key(item)));
        first = false;
    }
    buf_addc(text, '\n');
}

static void describe(const struct newcomer *item, struct buf *text)
{
    const struct found *f = item->found;

    buf_addf(text, "%s ", f->id);
    if (item->same)
        buf_addf(text, "%s, which is in place already\n", f->version);
    else if (item->old)
        buf_addf(text, "%s → %s\n", *item->old->version ? item->old->version : "(unreadable)",
                 f->version);
    else
        buf_addf(text, "%s\n", f->version);
    buf_addf(text, "  %s\n", f->summary);
    describe_names(f->manifest, text);
    json_foreach (permission, f->manifest->permissions)
        describe_permission(permission, text);
    if (item->hides)
        buf_addf(text, "  takes the place of %s %s\n", item->hides->path, item->hides->version);
    if (f->shadowed)
        buf_addf(text, "  is not used: %s comes first\n", f->shadowed_by);
    if (f->disabled)
        buf_addf(text, "  is %s\n", f->failure.message);
    buf_addf(text, "  %s\n", item->file->digest);
}

void install_describe(const struct install *in, struct buf *text)
{
    for (size_t i = 0; i < in->n; i++)
        describe(&in->items[i], text);
}

void install_document(const struct install *in, bool installed, struct jsonw *w)
{
    static const char *const keys[] = {"tables", "commands", "agents", "operations"};

    jw_object(w);
    jw_kbool(w, "installed", installed);
    jw_key(w, "plugins");
    jw_array(w);
    for (size_t i = 0; i < in->n; i++) {
        const struct newcomer *item = &in->items[i];
        jw_object(w);
        jw_kstr(w, "plugin", item->found->id);
        jw_kstr(w, "version", item->found->version);
        jw_kstr(w, "was", item->old ? item->old->version : NULL);
        jw_kbool(w, "same", item->same);
        jw_kstr(w, "path", item->target);
        jw_kstr(w, "digest", item->file->digest);
        for (size_t k = 0; k < sizeof brings / sizeof brings[0]; k++) {
            struct names n = {.kind = brings[k].kind, .w = w};
            jw_key(w, keys[k]);
            jw_array(w);
            (void)manifest_names(item->found->manifest, one_name, &n);
            jw_end_array(w);
        }
        jw_key(w, "permissions");
        if (item->found->manifest->permissions)
            jw_node(w, item->found->manifest->permissions);
        else
            jw_null(w);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
}
