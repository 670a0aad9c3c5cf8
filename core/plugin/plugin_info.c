/* plugin.info: a plugin's manifest and what became of it, as one document. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "plugin/image.h"
#include "plugin/plugin_operations.h"
#include "plugin/plugin_words.h"

enum { DOCUMENT_MAX = 16 << 20 };

static const char *const effect_names[] = {"read",        "local",  "write",
                                           "destructive", "secret", "admin"};

static void write_tables(struct jsonw *w, const struct manifest *m)
{
    jw_key(w, "tables");
    jw_array(w);
    for (uint32_t i = 0; i < m->n_tables; i++) {
        jw_object(w);
        jw_kstr(w, "name", m->tables[i].name);
        jw_kint(w, "columns", m->tables[i].n_columns);
        jw_kstr(w, "summary", m->tables[i].summary);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_key(w, "views");
    jw_array(w);
    for (uint32_t i = 0; i < m->n_views; i++) {
        jw_object(w);
        jw_kstr(w, "view", m->views[i].view);
        jw_kstr(w, "table", m->views[i].table);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_operations(struct jsonw *w, const struct manifest *m)
{
    jw_key(w, "operations");
    jw_array(w);
    for (uint32_t i = 0; i < m->n_operations; i++) {
        const struct operation_decl *op = &m->operations[i];
        jw_object(w);
        jw_kstr(w, "name", op->name);
        jw_kstr(w, "effect", effect_names[op->effect]);
        jw_kstr(w, "summary", op->summary);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_commands(struct jsonw *w, const struct manifest *m)
{
    jw_key(w, "commands");
    jw_array(w);
    for (uint32_t i = 0; i < m->n_commands; i++) {
        const struct command_decl *c = &m->commands[i];
        A_CLEAN(buf_done) struct buf path = BUF(1024);
        for (uint32_t k = 0; k < c->n_path; k++)
            buf_addf(&path, "%s%s", k ? " " : "", c->path[k]);
        jw_object(w);
        jw_kstr(w, "command", buf_str(&path));
        jw_kstr(w, "summary", c->summary);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_key(w, "agents");
    jw_array(w);
    for (uint32_t i = 0; i < m->n_agents; i++) {
        jw_object(w);
        jw_kstr(w, "name", m->agents[i].name);
        jw_kstr(w, "summary", json_get_str(m->agents[i].node, "summary", ""));
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_manifest(struct jsonw *w, const struct manifest *m)
{
    jw_kstr(w, "license", m->license);
    jw_key(w, "abi");
    jw_object(w);
    jw_kint(w, "built", m->abi_built);
    jw_kint(w, "needed", m->abi_needed);
    jw_end_object(w);
    jw_kstr(w, "provider", m->provider);
    jw_key(w, "permissions");
    if (m->permissions)
        jw_node(w, m->permissions);
    else {
        jw_object(w);
        jw_end_object(w);
    }
    write_tables(w, m);
    write_operations(w, m);
    write_commands(w, m);
    jw_key(w, "config");
    if (m->config)
        jw_node(w, m->config);
    else
        jw_null(w);
}

static const char *status_of(const struct plugin *p, const struct plugin_failure *f)
{
    return p->shadowed ? "shadowed" : p->disabled ? "disabled" : f->stage ? "failed" : "usable";
}

static void write_problem(struct jsonw *w, const struct plugin *p, const struct plugin_failure *f)
{
    jw_kstr(w, "status", status_of(p, f));
    if (p->shadowed)
        jw_kstr(w, "shadowed_by", p->shadowed_by);
    jw_key(w, "problem");
    if (f->stage) {
        jw_object(w);
        jw_kstr(w, "stage", f->stage);
        jw_kstr(w, "code", status_name(f->code));
        jw_kstr(w, "message", f->message);
        jw_kstr(w, "hint", f->hint);
        jw_end_object(w);
    } else
        jw_null(w);
}

/* Of the file as it is, and the one it must have, if any. */
static void write_digest(struct jsonw *w, const struct registry *r, const struct plugin *p)
{
    char digest[8 + DIGEST_HEX_SIZE] = "";
    const char *expected = NULL, *origin = NULL;
    allora_error ignored = ERR_INIT;
    bool wanted = image_digest_wanted(registry_config(r), p, &expected, &origin);

    if (*p->path && image_digest(p->path, digest, &ignored) != ALLORA_OK)
        digest[0] = '\0';
    jw_kstr(w, "digest", *digest ? digest : NULL);
    jw_kstr(w, "pinned", expected);
    jw_kbool(w, "digest_required", wanted);
}

int32_t plugin_op_info(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    struct registry *r = self;
    const char *id = json_get_str(args, "plugin", "");
    const struct plugin *p = plugin_lookup(r, id);
    A_CLEAN(buf_done) struct buf b = BUF(DOCUMENT_MAX);
    struct jsonw w = JSONW(&b);
    allora_error ignored = ERR_INIT;
    char name[256];

    (void)ctx;
    if (!p)
        return plugin_unknown(r, id, err);
    struct plugin_failure f = registry_failure(r, p);
    const struct manifest *m = registry_manifest(r, p, &ignored);
    plugin_name(p, name, sizeof name);
    jw_object(&w);
    jw_kstr(&w, "plugin", name);
    jw_kstr(&w, "version", p->version);
    jw_kstr(&w, "summary", p->summary);
    jw_kstr(&w, "kind", p->kinds);
    jw_kstr(&w, "path", p->path);
    jw_kstr(&w, "trust", plugin_trust(r, p));
    write_digest(&w, r, p);
    jw_kstr(&w, "isolation", f.stage || p->shadowed ? NULL : "in process");
    write_problem(&w, p, &f);
    if (m)
        write_manifest(&w, m);
    jw_end_object(&w);
    if (buf_failed(&b))
        return err_nomem(err);
    int32_t rc = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){b.ptr, b.len});
    return rc == ALLORA_STOP ? ALLORA_OK : rc;
}
