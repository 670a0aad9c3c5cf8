/* plugin.docs: a manifest as a page of Markdown.  Everything in it is shown; what a manifest says
 * is text, so it cannot change the page's shape. */
#include "base/ctx.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include "kit/calls.h"
#include "kit/kit.h"
#include "plugin/plugin_words.h"
#include "plugin/registry.h"

#include <ctype.h>
#include <sys/stat.h>

enum { PAGE_MAX = 32 << 20 };

static const char *const effects[] = {"read", "local", "write", "destructive", "secret", "admin"};
static const char *const ops[] = {
    "", "=", "<>", "<", "<=", ">", ">=", "in", "prefix", "prefix, any case", "is null"};

/* ---- pieces ---- */

/* Text on one line, with what Markdown would read as markup escaped. */
static void put_text(struct buf *b, const char *s)
{
    for (const char *start = s; s && *s; s++) {
        unsigned char c = (unsigned char)*s;
        /* _ between letters is none of Markdown's */
        bool inside =
            *s == '_' && s > start && isalnum((unsigned char)s[-1]) && isalnum((unsigned char)s[1]);
        if (!inside && strchr("\\`*_{}[]<>#|~", *s))
            buf_addc(b, '\\');
        buf_addc(b, c < ' ' || c == 0x7f ? ' ' : *s);
    }
}

/* `code`, on one line, whatever stands in it; in a table a bar needs its escape even there. */
static void put_code(struct buf *b, const char *s)
{
    const char *fence = strchr(s, '`') ? "``" : "`";

    buf_adds(b, fence);
    if (*fence && fence[1])
        buf_addc(b, ' ');
    for (; *s; s++) {
        if (*s == '|')
            buf_addc(b, '\\');
        buf_addc(b, (unsigned char)*s < ' ' ? ' ' : *s);
    }
    if (fence[1])
        buf_addc(b, ' ');
    buf_adds(b, fence);
}

static void put_json(struct buf *b, const json_node *node)
{
    A_CLEAN(buf_done) struct buf text = BUF(1 << 20);
    struct jsonw w = JSONW(&text);

    jw_node(&w, node);
    put_code(b, buf_str(&text));
}

static void put_paragraph(struct buf *b, const char *s)
{
    if (!s || !*s)
        return;
    put_text(b, s);
    buf_adds(b, "\n\n");
}

/* A fenced block that its own text cannot end. */
static void put_block(struct buf *b, const char *language, const char *s)
{
    const char *fence = strstr(s, "```") ? "````````" : "```";

    buf_addf(b, "%s%s\n%s\n%s\n\n", fence, language, s, fence);
}

static void put_list(struct buf *b, const char *label, const char *const *words, uint32_t n)
{
    if (!n)
        return;
    buf_addf(b, "%s", label);
    for (uint32_t i = 0; i < n; i++) {
        buf_adds(b, i ? ", " : "");
        put_text(b, words[i]);
    }
    buf_adds(b, ".\n\n");
}

/* ---- tables ---- */

static void column_notes(struct buf *b, const struct column *c)
{
    put_text(b, c->summary);
    if (c->key)
        buf_adds(b, "; key");
    if (c->required)
        buf_adds(b, "; **required** in where");
    if (c->costly)
        buf_adds(b, "; costly: a request a row");
    if (c->sensitive)
        buf_adds(b, "; sensitive");
    if (c->outside)
        buf_adds(b, "; written by outsiders");
    for (uint32_t i = 0; i < c->n_values; i++) {
        buf_adds(b, i ? ", " : "; one of ");
        put_code(b, c->values[i]);
    }
    for (uint32_t i = 0; i < c->n_aliases; i++) {
        buf_adds(b, i ? ", " : "; also ");
        put_code(b, c->aliases[i]);
    }
    for (uint32_t i = 0; i < c->n_synonyms; i++) {
        buf_adds(b, i ? ", " : "; in questions: ");
        put_text(b, c->synonyms[i]);
    }
    const json_node *adjectives = json_get(c->node, "adjectives");
    size_t k = 0;
    json_foreach (word, adjectives) {
        buf_adds(b, k++ ? ", " : "; ");
        put_text(b, json_key(word));
    }
}

static void put_columns(struct buf *b, const struct table *t)
{
    buf_adds(b, "| column | type | unit | pushed filters | |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < t->n_columns; i++) {
        const struct column *c = &t->columns[i];
        unsigned n = 0;
        buf_adds(b, "| ");
        put_code(b, c->name);
        buf_addf(b, " | %s | ", val_type_name(c->type));
        put_text(b, c->unit);
        buf_adds(b, " | ");
        for (uint32_t op = ALLORA_OP_EQ; op <= ALLORA_OP_ISNULL; op++)
            if (c->push & 1u << op) {
                buf_adds(b, n++ ? ", " : "");
                put_code(b, ops[op]);
                buf_adds(b, c->exact & 1u << op ? "!" : "");
            }
        buf_adds(b, " | ");
        column_notes(b, c);
        buf_adds(b, " |\n");
    }
    buf_adds(b, "\n");
}

static void put_table(struct buf *b, const struct manifest *m, const struct table *t)
{
    buf_adds(b, "### ");
    put_text(b, t->name);
    buf_adds(b, "\n\n");
    put_paragraph(b, t->summary);
    put_paragraph(b, json_get_str(t->node, "description", NULL));
    put_list(b, "A row is called: ", t->nouns, t->n_nouns);
    put_columns(b, t);
    if (t->partitioned)
        buf_adds(b, "Asked once for each partition (account, region …), several at a time.\n\n");
    if (t->ttl_s > 0)
        buf_addf(b, "Rows are kept for %lld s.\n\n", (long long)t->ttl_s);
    for (uint32_t i = 0; i < m->n_views; i++)
        if (streq(m->views[i].table, t->name)) {
            buf_adds(b, "Its rows are part of the view ");
            put_code(b, m->views[i].view);
            buf_adds(b, ".\n\n");
        }
    const json_node *actions = json_get(t->node, "actions");
    size_t n = 0;
    json_foreach (action, actions) {
        buf_adds(b, n++ ? ", " : "Actions: ");
        put_code(b, json_key(action) ? json_key(action) : json_get_str(action, "name", ""));
        if (json_str(action, NULL)) {
            buf_adds(b, " → ");
            put_code(b, json_str(action, ""));
        }
    }
    buf_adds(b, n ? "\n\n" : "");
    json_foreach (example, json_get(t->node, "examples")) {
        put_paragraph(b, json_get_str(example, "help", NULL));
        put_block(b, "sql", json_get_str(example, "sql", ""));
    }
    n = 0;
    json_foreach (question, json_get(t->node, "questions")) {
        buf_adds(b, n++ ? "" : "Questions it answers:\n\n");
        buf_adds(b, "- ");
        put_text(b, json_str(question, ""));
        buf_adds(b, "\n");
    }
    buf_adds(b, n ? "\n" : "");
}

/* ---- commands, operations, agents ---- */

static void put_arguments(struct buf *b, const struct command_decl *c)
{
    if (!c->n_args)
        return;
    buf_adds(b, "| argument | |\n|---|---|\n");
    for (uint32_t i = 0; i < c->n_args; i++) {
        const struct arg_decl *a = &c->args[i];
        A_CLEAN(buf_done) struct buf word = BUF(1024);
        buf_addf(&word, "%s%s%s%s%s", a->positional ? "" : "--", a->name,
                 a->type == ARG_BOOL || a->positional ? "" : " ",
                 a->type == ARG_BOOL || a->positional ? ""
                 : a->metavar                         ? a->metavar
                                                      : "VALUE",
                 a->repeat ? " …" : "");
        buf_adds(b, "| ");
        put_code(b, buf_str(&word));
        if (a->short_name)
            buf_addf(b, ", `-%c`", a->short_name);
        buf_adds(b, " | ");
        put_text(b, a->help);
        buf_adds(b, a->required ? "; **required**" : "");
        for (uint32_t k = 0; k < a->n_choices; k++) {
            buf_adds(b, k ? ", " : "; one of ");
            put_code(b, a->choices[k]);
        }
        if (a->dflt) {
            buf_adds(b, "; default ");
            put_json(b, a->dflt);
        }
        if (a->env) {
            buf_adds(b, "; or ");
            put_code(b, a->env);
        }
        buf_adds(b, " |\n");
    }
    buf_adds(b, "\n");
}

static void put_command(struct buf *b, const struct command_decl *c)
{
    buf_adds(b, "### allora");
    for (uint32_t i = 0; i < c->n_path; i++) {
        buf_addc(b, ' ');
        put_text(b, c->path[i]);
    }
    buf_adds(b, "\n\n");
    put_paragraph(b, c->summary);
    put_paragraph(b, c->description);
    if (c->operation) {
        buf_adds(b, "Calls ");
        put_code(b, c->operation);
        buf_adds(b, ".\n\n");
    }
    put_arguments(b, c);
    json_foreach (example, c->examples) {
        put_paragraph(b, json_get_str(example, "help", NULL));
        put_block(b, "sh", json_get_str(example, "run", ""));
    }
}

static void put_types(struct buf *b, const json_node *type)
{
    size_t n = 0;

    if (json_typeof(type) == JSON_STRING)
        put_text(b, json_str(type, ""));
    json_foreach (item, json_typeof(type) == JSON_ARRAY ? type : NULL) {
        buf_adds(b, n++ ? " or " : "");
        put_text(b, json_str(item, ""));
    }
}

/* The members of an object's schema, those of nested objects with their dotted names. */
static void put_properties(struct buf *b, const json_node *schema, const char *prefix,
                           unsigned depth)
{
    json_foreach (p, json_get(schema, "properties")) {
        A_CLEAN(buf_done) struct buf name = BUF(4096);
        bool required = false;
        json_foreach (word, json_get(schema, "required"))
            required = required || streq(json_str(word, ""), json_key(p));
        buf_addf(&name, "%s%s", prefix, json_key(p));
        buf_adds(b, "| ");
        put_code(b, buf_str(&name));
        buf_adds(b, " | ");
        put_types(b, json_get(p, "type"));
        buf_adds(b, " | ");
        put_text(b, json_get_str(p, "description", ""));
        buf_adds(b, required ? "; **required**" : "");
        size_t n = 0;
        json_foreach (choice, json_get(p, "enum")) {
            buf_adds(b, n++ ? ", " : "; one of ");
            put_json(b, choice);
        }
        static const char *const limits[] = {"default", "minimum", "maximum", "maxLength"};
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
            if (json_get(p, limits[i])) {
                buf_addf(b, "; %s ", limits[i]);
                put_json(b, json_get(p, limits[i]));
            }
        buf_adds(b, " |\n");
        buf_addc(&name, '.');
        if (json_get(p, "properties") && depth < 8)
            put_properties(b, p, buf_str(&name), depth + 1);
    }
}

static void put_schema(struct buf *b, const char *what, const json_node *schema, const char *prefix)
{
    if (!json_count(json_get(schema, "properties")))
        return;
    buf_addf(b, "| %s | type | |\n|---|---|---|\n", what);
    put_properties(b, schema, prefix, 0);
    buf_adds(b, "\n");
}

static void put_operation(struct buf *b, const struct operation_decl *op)
{
    size_t n = 0;

    buf_adds(b, "### ");
    put_text(b, op->name);
    buf_adds(b, "\n\n");
    put_paragraph(b, op->summary);
    put_paragraph(b, op->description);
    buf_addf(b, "Effect: **%s**.%s\n\n", effects[op->effect],
             op->tool ? " Offered to agents as a tool." : "");
    put_schema(b, "argument", op->arguments, "");
    json_foreach (column, json_get(op->result, "columns")) {
        buf_adds(b, n++ ? ", " : "Gives rows of: ");
        put_code(b, json_get_str(column, "name", ""));
        buf_adds(b, " ");
        put_text(b, json_get_str(column, "type", ""));
    }
    buf_adds(b, n ? ".\n\n" : "");
    json_foreach (example, json_get(op->node, "examples")) {
        put_paragraph(b, json_get_str(example, "help", NULL));
        A_CLEAN(buf_done) struct buf text = BUF(1 << 20);
        struct jsonw w = JSONW(&text);
        if (!json_get(example, "arguments"))
            continue;
        jw_node(&w, json_get(example, "arguments"));
        put_block(b, "json", buf_str(&text));
    }
}

static void put_agent(struct buf *b, const struct agent_decl *a)
{
    buf_adds(b, "### ");
    put_text(b, a->name);
    buf_adds(b, "\n\n");
    put_paragraph(b, a->summary);
    put_paragraph(b, json_get_str(a->node, "description", NULL));
    put_list(b, "Tools it is offered: ", a->tools, a->n_tools);
}

/* ---- permissions and configuration ---- */

static void put_permissions(struct buf *b, const struct manifest *m)
{
    static const struct {
        const char *key, *means;
    } known[] = {
        {"config", "reads its own configuration"},
        {"console", "talks to the person at the terminal"},
        {"store", "keeps keys and values of its own"},
        {"events", "publishes and follows events"},
        {"audit", "adds to the journal"},
        {"metrics", "counts and measures itself"},
        {"invoke", "calls operations"},
        {"http", "reaches these hosts"},
        {"secrets", "is given these secrets"},
        {"files", "reads these files"},
        {"exec", "runs these programs"},
        {"listen", "listens for connections"},
        {"threads", "has threads of its own"},
        {"identity", "opens scopes for other people"},
    };

    buf_adds(b, "## Permissions\n\n");
    if (!json_count(m->permissions))
        buf_adds(b, "It asks for none.\n\n");
    json_foreach (p, m->permissions) {
        const char *means = "";
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (streq(known[i].key, json_key(p)))
                means = known[i].means;
        buf_adds(b, "- ");
        put_code(b, json_key(p));
        buf_addf(b, "%s%s", *means ? ": " : "", means);
        size_t n = 0;
        json_foreach (item, json_typeof(p) == JSON_ARRAY ? p : NULL) {
            buf_adds(b, n++ ? ", " : " – ");
            put_code(b, json_str(item, ""));
        }
        if (json_typeof(p) == JSON_BOOL && !json_bool(p, true))
            buf_adds(b, " – no");
        buf_addc(b, '\n');
    }
    buf_adds(b, json_count(m->permissions) ? "\n" : "");
}

static void put_config(struct buf *b, const struct manifest *m)
{
    A_CLEAN(buf_done) struct buf prefix = BUF(256);

    if (!json_count(json_get(m->config, "properties")))
        return;
    if (m->provider)
        buf_addf(&prefix, "providers.%s.", m->provider);
    else if (m->n_agents)
        buf_addf(&prefix, "agents.%s.", m->agents[0].name);
    else
        buf_addf(&prefix, "commands.%s.", m->id);
    buf_adds(b, "## Configuration\n\n");
    put_schema(b, "key", m->config, buf_str(&prefix));
}

static void put_limits(struct buf *b, const struct manifest *m)
{
    const json_node *limits = json_get(m->root, "rate_limits");

    if (!json_count(limits))
        return;
    buf_adds(b, "## Rate limits\n\n");
    json_foreach (limit, limits) {
        buf_adds(b, "- ");
        put_code(b, json_key(limit));
        buf_adds(b, ": ");
        put_json(b, limit);
        buf_addc(b, '\n');
    }
    buf_addc(b, '\n');
}

static void put_head(struct buf *b, const struct manifest *m)
{
    const char *homepage = json_get_str(m->root, "homepage", NULL);
    size_t n = 0;

    buf_adds(b, "# ");
    put_text(b, m->id);
    buf_adds(b, "\n\n");
    put_paragraph(b, m->summary);
    put_paragraph(b, json_get_str(m->root, "description", NULL));
    buf_adds(b, "Version ");
    put_text(b, m->version);
    buf_adds(b, " · licence ");
    put_text(b, m->license);
    buf_addf(b, " · ABI %u.%u, needs %u.%u", ALLORA_ABI_MAJOR, m->abi_built, ALLORA_ABI_MAJOR,
             m->abi_needed);
    if (homepage) {
        buf_adds(b, " · ");
        put_text(b, homepage);
    }
    json_foreach (author, json_get(m->root, "authors")) {
        buf_adds(b, n++ ? ", " : " · ");
        put_text(b, json_str(author, ""));
    }
    buf_adds(b, "\n\n");
}

static void put_page(struct buf *b, const struct manifest *m)
{
    put_head(b, m);
    if (m->n_tables || m->dynamic)
        buf_adds(b, "## Tables\n\n");
    if (m->n_tables)
        buf_adds(b, "A filter with ! is exact: the provider alone applies it.\n\n");
    if (m->dynamic)
        buf_adds(b, "Some of its tables are only known at run time.\n\n");
    for (uint32_t i = 0; i < m->n_tables; i++)
        put_table(b, m, &m->tables[i]);
    if (m->n_commands)
        buf_adds(b, "## Commands\n\n");
    for (uint32_t i = 0; i < m->n_commands; i++)
        put_command(b, &m->commands[i]);
    if (m->n_operations)
        buf_adds(b, "## Operations\n\n");
    for (uint32_t i = 0; i < m->n_operations; i++)
        put_operation(b, &m->operations[i]);
    if (m->n_agents)
        buf_adds(b, "## Agents\n\n");
    for (uint32_t i = 0; i < m->n_agents; i++)
        put_agent(b, &m->agents[i]);
    put_permissions(b, m);
    put_config(b, m);
    put_limits(b, m);
}

/* Of a file, whether or not the registry has it. */
static int32_t page_of_file(const char *path, struct buf *page, allora_error *err)
{
    struct elf_view v;
    struct manifest *m = NULL;
    int32_t rc = elf_open(path, &v, err);

    if (rc) {
        err_prefix(err, "%s: ", path);
        return rc;
    }
    rc = v.manifest ? manifest_parse(v.manifest, v.manifest_len, &m, err)
                    : err_set(err, ALLORA_E_ABI, "no manifest: it is no plugin");
    if (rc)
        err_prefix(err, "%s: ", path);
    else
        put_page(page, m);
    manifest_free(m);
    elf_close(&v);
    return rc;
}

int32_t kit_op_docs(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                    allora_error *err)
{
    const char *name = json_get_str(args, "plugin", "");
    const struct plugin *p = plugin_lookup(self, name);
    A_CLEAN(buf_done) struct buf page = BUF(PAGE_MAX);
    A_CLEAN(buf_done) struct buf json = BUF(2 * (size_t)PAGE_MAX);
    struct jsonw w = JSONW(&json);
    struct stat st;
    int32_t rc = ALLORA_OK;

    if (!p && !(strchr(name, '/') || str_ends(name, ".so")) && stat(name, &st) != 0)
        return plugin_unknown(self, name, err);
    if (!p && !ctx_is_person(ctx))
        return err_set(err, ALLORA_E_DENIED, "only a person has files read by their names");
    if (p && registry_manifest(self, p, err))
        put_page(&page, registry_manifest(self, p, err));
    else
        rc = page_of_file(p ? p->path : name, &page, err);
    if (rc)
        return rc;
    jw_object(&w);
    jw_kstr(&w, "plugin", p ? p->id : name);
    jw_kstr(&w, "markdown", buf_str(&page));
    jw_end_object(&w);
    if (buf_failed(&page) || buf_failed(&json))
        return err_nomem(err);
    rc = sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){page.ptr, page.len});
    if (rc == ALLORA_OK)
        rc = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){json.ptr, json.len});
    return rc == ALLORA_STOP ? ALLORA_OK : rc;
}
