/* config.explain: what every layer says about a key, which of them wins, and what the key means. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "operation/builtin.h"
#include "operation/config_keys.h"
#include "operation/config_ops.h"

#include <stdio.h>

enum { TEXT_MAX = 1 << 20, WHERE_MAX = 4200 };

struct explain {
    const struct config *c;
    const char *key;
    const json_node *schema, *value;
    unsigned flags;
    struct buf text, cell, json;
    struct jsonw w;
    bool any; /* some layer sets it */
};

/* One layer: for people a line, for programs an object. */
static void say_layer(struct explain *e, const char *layer, const char *where,
                      const json_node *value, const char *state)
{
    buf_reset(&e->cell);
    config_public_text(&e->cell, value, e->schema, e->key);
    buf_addf(&e->text, "  %-13s", layer);
    if (value)
        buf_addf(&e->text, "%s  ", *buf_str(&e->cell) ? buf_str(&e->cell) : "\"\"");
    else
        buf_addf(&e->text, "%s  ", "-");
    buf_addf(&e->text, "%s%s%s%s\n", where, *state ? "  (" : "", state, *state ? ")" : "");
    jw_object(&e->w);
    jw_kstr(&e->w, "layer", layer);
    jw_kstr(&e->w, "where", where);
    jw_key(&e->w, "value");
    A_CLEAN(json_freep) json_node *shown = value ? config_public(value, e->schema, e->key) : NULL;
    if (shown)
        jw_node(&e->w, shown);
    else
        jw_null(&e->w);
    jw_kstr(&e->w, "state", state);
    jw_end_object(&e->w);
}

static void say_file(struct explain *e, struct config_file f)
{
    static const char *const states[] = {"there is no such file", "does not set it", "broken",
                                         "ignored"};
    char state[256];

    (void)snprintf(state, sizeof state, "%s%s%s", states[f.state], f.why ? ": " : "",
                   f.why ? f.why : "");
    say_layer(e, config_layer_word(f.kind), f.shown, NULL, state);
}

/* The layers of one kind: those that set it, or the file that does not. */
static void say_kind(struct explain *e, enum config_layer_kind kind, size_t wins)
{
    char where[WHERE_MAX], name[128];
    bool said = false;

    for (size_t i = 0; i < config_layer_count(e->c); i++) {
        struct config_layer l = config_layer_at(e->c, i);
        const json_node *value = config_layer_get(e->c, i, e->key);
        if (l.kind != kind || !value)
            continue;
        config_layer_place(e->c, i, e->key, where, sizeof where);
        (void)snprintf(name, sizeof name, "%s%s%.64s", config_layer_word(kind),
                       l.profile ? ", profile " : "", l.profile ? l.profile : "");
        bool group = json_typeof(value) == JSON_OBJECT && json_typeof(e->value) == JSON_OBJECT;
        say_layer(e, name, where, value,
                  i == wins ? (group ? "wins, key by key" : "wins")
                  : group   ? "where no later layer sets the same key"
                            : "overridden");
        said = true;
    }
    for (size_t i = 0; !said && i < config_file_count(e->c); i++) {
        if (config_file_at(e->c, i).kind == kind)
            say_file(e, config_file_at(e->c, i));
    }
    if (!said && kind == CONFIG_ENVIRONMENT) {
        char variable[CONFIG_KEY_MAX * 2] = "ALLORA_";
        size_t n = strlen(variable);
        for (const char *p = e->key; *p && n + 3 < sizeof variable; p++) {
            if (*p == '.')
                variable[n++] = '_';
            variable[n++] = (char)(*p == '.' ? '_' : *p >= 'a' && *p <= 'z' ? *p - 32 : *p);
        }
        variable[n] = '\0';
        say_layer(e, "environment", variable, NULL, "not set");
    }
}

static void say_meaning(struct explain *e)
{
    const char *words = json_get_str(e->schema, "description", "");
    char place[WHERE_MAX];

    buf_reset(&e->cell);
    config_type_words(&e->cell, e->schema);
    buf_adds(&e->text, "\n");
    if (*words)
        buf_addf(&e->text, "%s\n", words);
    if (e->cell.len)
        buf_addf(&e->text, "%s%s\n",
                 json_get(e->schema, "enum") ? "one of: " : "type: ", buf_str(&e->cell));
    if (e->flags & CONFIG_IS_SECURITY)
        buf_adds(&e->text, "a security key: a project's file cannot loosen it, only a person sets "
                           "it\n");
    jw_kstr(&e->w, "summary", words);
    jw_kstr(&e->w, "type", buf_str(&e->cell));
    jw_kbool(&e->w, "secret", e->flags & CONFIG_IS_SECRET);
    jw_kbool(&e->w, "security", e->flags & CONFIG_IS_SECURITY);
    if (!config_final(e->c, e->key, place, sizeof place))
        return;
    buf_addf(&e->text, "final: %s says that no later layer may set it\n", place);
    jw_kstr(&e->w, "final", place);
}

static void say_all(struct explain *e)
{
    const json_node *dflt = json_get(e->schema, "default");
    size_t wins = config_layer_count(e->c);
    char where[WHERE_MAX] = "built-in default";
    const char *chosen_by = NULL, *profile = config_profile(e->c, &chosen_by);

    while (wins-- > 0 && !config_layer_get(e->c, wins, e->key))
        continue;
    e->any = e->value != NULL;
    if (e->any)
        config_layer_place(e->c, wins, e->key, where, sizeof where);
    config_public_text(&e->cell, e->any ? e->value : dflt, e->schema, e->key);
    if (e->any || dflt)
        buf_addf(&e->text, "%s = %s\nfrom %s\n\n", e->key, buf_str(&e->cell), where);
    else
        buf_addf(&e->text, "%s is not set, and has no default\n\n", e->key);
    jw_object(&e->w);
    jw_kstr(&e->w, "key", e->key);
    A_CLEAN(json_freep)
    json_node *shown =
        e->any || dflt ? config_public(e->any ? e->value : dflt, e->schema, e->key) : NULL;
    jw_key(&e->w, "value");
    if (shown)
        jw_node(&e->w, shown);
    else
        jw_null(&e->w);
    jw_kstr(&e->w, "from", e->any || dflt ? where : NULL);
    jw_kstr(&e->w, "layer",
            e->any ? config_layer_word(config_layer_at(e->c, wins).kind)
            : dflt ? "built-in"
                   : NULL);
    jw_key(&e->w, "layers");
    jw_array(&e->w);
    say_layer(e, "built-in", "default", dflt, !dflt ? "none" : e->any ? "overridden" : "wins");
    for (int kind = CONFIG_SYSTEM; kind <= CONFIG_FLAG; kind++)
        say_kind(e, (enum config_layer_kind)kind, e->any ? wins : SIZE_MAX);
    jw_end_array(&e->w);
    if (profile) {
        buf_addf(&e->text, "\nprofile %s is in use (%s)\n", profile, chosen_by);
        jw_kstr(&e->w, "profile", profile);
    }
    say_meaning(e);
    jw_end_object(&e->w);
}

int32_t config_op_explain(void *self, allora_ctx *ctx, const json_node *args,
                          const allora_sink *sink, allora_error *err)
{
    const struct builtin_parts *parts = self;
    A_CLEAN(json_freep) json_node *full = NULL;
    struct explain *e = ctx_alloc(ctx, sizeof *e);

    if (!e)
        return err_nomem(err);
    *e = (struct explain){.c = parts->config,
                          .key = json_get_str(args, "key", ""),
                          .text = BUF(TEXT_MAX),
                          .cell = BUF(TEXT_MAX),
                          .json = BUF(TEXT_MAX)};
    e->w = JSONW(&e->json);
    int32_t rc = config_full_schema(parts->registry, &full, err);
    if (rc)
        return rc;
    if (config_key_kind(full, e->key, &e->schema, &e->flags) == KEY_UNKNOWN)
        return config_key_unknown(full, e->key, err);
    e->value = config_get(e->c, e->key);
    say_all(e);
    if (buf_failed(&e->text) || buf_failed(&e->cell) || buf_failed(&e->json))
        rc = err_nomem(err);
    if (rc == ALLORA_OK)
        rc = sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){e->text.ptr, e->text.len});
    if (rc == ALLORA_OK)
        rc = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){e->json.ptr, e->json.len});
    buf_done(&e->text);
    buf_done(&e->cell);
    buf_done(&e->json);
    return rc;
}
