/* What the parsed command line becomes: the operation's arguments as one JSON object, or a face's
 * pairs; and the usage line. */
#include "base/err.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cli/args.h"

static int32_t joined(struct args *a, const struct given *g, const char **ret, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(ARGS_STDIN_MAX + 1);
    for (uint32_t i = 0; i < g->n; i++) {
        if (i)
            buf_adds(&b, g->decl->join);
        buf_adds(&b, g->texts[i]);
    }
    if (buf_failed(&b))
        return err_set(err, ALLORA_E_ARG, "<%s>: longer than %d bytes", g->decl->name,
                       ARGS_STDIN_MAX);
    *ret = arena_strndup(&a->mem, buf_str(&b), b.len);
    return *ret ? ALLORA_OK : err_nomem(err);
}

/* One "name=value" of a pair argument.  A value that reads as a JSON number, true, false, null or
 * quoted string is that; all else is text: --param n=5 binds a number, --param n='"5"' the text. */
static int32_t pair_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                         allora_error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return err_set(err, ALLORA_E_ARG, "--%s: must be NAME=VALUE, not \"%.60s\"", d->name, text);
    if (!utf8_valid(text, strlen(text)))
        return err_set(err, ALLORA_E_ARG, "--%s: must be valid UTF-8 text", d->name);
    A_CLEAN(buf_done) struct buf key = BUF(4096);
    buf_add(&key, text, (size_t)(equals - text));
    if (buf_failed(&key))
        return err_set(err, ALLORA_E_ARG, "--%s: the name before \"=\" is too long", d->name);
    jw_key(w, buf_str(&key));

    const char *value = equals + 1;
    A_CLEAN(json_freep) json_node *node = NULL;
    enum json_type type = JSON_NONE;
    if (!json_parse(value, strlen(value), &node, NULL))
        type = json_typeof(node);
    if (type == JSON_NUMBER || type == JSON_BOOL || type == JSON_NULL || type == JSON_STRING)
        jw_raw(w, value, strlen(value));
    else
        jw_str(w, value);
    return ALLORA_OK;
}

static int32_t given_json(struct args *a, const struct given *g, struct jsonw *w, allora_error *err)
{
    const struct arg_decl *d = g->decl;
    if (d->join) {
        const char *text;
        int32_t rc = joined(a, g, &text, err);
        return rc ? rc : arg_value_json(d, text, w, err);
    }
    if (d->type == ARG_PAIR)
        jw_object(w);
    else if (d->repeat)
        jw_array(w);
    for (uint32_t i = 0; i < g->n; i++) {
        int32_t rc = d->type == ARG_PAIR ? pair_json(d, g->texts[i], w, err)
                                         : arg_value_json(d, g->texts[i], w, err);
        if (rc)
            return rc;
    }
    if (d->type == ARG_PAIR)
        jw_end_object(w);
    else if (d->repeat)
        jw_end_array(w);
    return ALLORA_OK;
}

static int32_t missing_words(const struct arg_decl *d, allora_error *err)
{
    A_CLEAN(buf_done) struct buf label = BUF(256);
    arg_label(&label, d);
    err_set(err, ALLORA_E_ARG, "%s is missing%s%s", buf_str(&label), d->help ? ": " : "",
            d->help ? d->help : "");
    if (d->from_stdin)
        err_hint(err, "give it as an argument, or through standard input");
    return ALLORA_E_ARG;
}

static bool is_fixed(const struct args *a, const char *target)
{
    return json_get(a->command->fixed, target) != NULL;
}

static bool target_given(const struct args *a, const char *target)
{
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        if (a->own[i].n && streq(a->own[i].decl->target, target))
            return true;
    }
    return false;
}

/* A default stands in the manifest either as the operation's own value (20) or as one would type it
 * ("5m"). */
static int32_t default_json(const struct arg_decl *d, struct jsonw *w, allora_error *err)
{
    jw_key(w, d->target);
    if (json_typeof(d->dflt) == JSON_STRING && d->type != ARG_STRING && d->type != ARG_FILE)
        return arg_value_json(d, json_str(d->dflt, ""), w, err);
    jw_node(w, d->dflt);
    return ALLORA_OK;
}

int32_t args_json(struct args *a, bool partial, struct buf *out, allora_error *err)
{
    const struct arg_decl *missing = partial ? NULL : args_missing(a);
    if (missing)
        return missing_words(missing, err);
    struct jsonw w = JSONW(out);
    jw_object(&w);
    json_foreach (item, a->command->fixed) {
        jw_key(&w, json_key(item));
        jw_node(&w, item);
    }
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        const struct given *g = &a->own[i];
        int32_t rc = ALLORA_OK;
        if (is_fixed(a, g->decl->target))
            continue;
        if (g->n) {
            jw_key(&w, g->decl->target);
            rc = given_json(a, g, &w, err);
        } else if (g->decl->dflt && !target_given(a, g->decl->target)) {
            rc = default_json(g->decl, &w, err);
        }
        if (rc)
            return rc;
    }
    jw_end_object(&w);
    return buf_failed(out) ? err_nomem(err) : ALLORA_OK;
}

static int32_t pair_add(struct args *a, const char *key, const json_node *v, allora_pair *ret,
                        allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(ARGS_STDIN_MAX * 2);
    const char *text = json_str(v, NULL);
    if (!text) {
        struct jsonw w = JSONW(&b);
        jw_node(&w, v);
        text = buf_str(&b);
    }
    const char *k = arena_strdup(&a->mem, key), *t = arena_strdup(&a->mem, text);
    if (!k || !t || buf_failed(&b))
        return err_nomem(err);
    *ret = (allora_pair){str_of(k), str_of(t)};
    return ALLORA_OK;
}

int32_t args_pairs(struct args *a, const json_node *doc, const allora_pair **ret, uint32_t *ret_n,
                   allora_error *err)
{
    int32_t rc = ALLORA_OK;
    size_t n = 0;
    json_foreach (item, doc)
        n += json_typeof(item) == JSON_ARRAY ? json_count(item) : 1;
    allora_pair *pairs = arena_array(&a->mem, n ? n : 1, sizeof(*pairs));
    if (!pairs)
        return err_nomem(err);
    n = 0;
    json_foreach (item, doc) {
        const char *key = json_key(item);
        if (json_typeof(item) != JSON_ARRAY) {
            rc = pair_add(a, key, item, &pairs[n++], err);
        } else {
            json_foreach (value, item) {
                if (!rc)
                    rc = pair_add(a, key, value, &pairs[n++], err);
            }
        }
        if (rc)
            return rc;
    }
    *ret = pairs;
    *ret_n = (uint32_t)n;
    return ALLORA_OK;
}

void args_usage(struct buf *b, const char *name, const struct command_decl *command)
{
    bool flags = false;
    buf_addf(b, "usage: allora%s%s", *name ? " " : "", name);
    for (uint32_t i = 0; command && i < command->n_args; i++)
        flags |= !command->args[i].positional;
    if (flags)
        buf_adds(b, " [flags]");
    for (uint32_t i = 0; command && i < command->n_args; i++) {
        const struct arg_decl *d = &command->args[i];
        if (!d->positional)
            continue;
        buf_addf(b, d->required ? " <%s>%s" : " [%s%s]", d->name, d->repeat ? "…" : "");
    }
}
