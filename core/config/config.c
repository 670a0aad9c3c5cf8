/* The layers of configuration, and the one tree they make.
 *
 * Files are read first, all of them, since any may say which profile is in use; then the layers are
 * put together from the lowest up, each checked as it comes.  Each layer keeps its own tree and the
 * places of its keys, so that an error or `config explain` can say where a value came from; the
 * merged tree is what is asked.  Objects merge key by key, everything else is replaced by the
 * higher layer. */
#include "config/config_private.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/yaml.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WHERE_MAX = PATH_MAX + 64 };

static void layer_done(struct layer *l)
{
    free(l->name);
    json_free(l->tree);
    *l = (struct layer){0};
}

const json_node *config_schema(struct config *c)
{
    allora_error ignored = ERR_INIT;

    if (!c->schema && config_core_schema(&c->schema, &ignored) != ALLORA_OK)
        c->schema = NULL;
    return c->schema;
}

/* The merged tree is rebuilt from the layers, not patched: there are few, and flags come before
 * anything is read. */
static int32_t merge(json_node *into, const json_node *from, unsigned depth)
{
    json_foreach (item, from) {
        const json_node *have = json_get(into, json_key(item));
        int32_t rc;
        if (depth < DEPTH_MAX && json_typeof(have) == JSON_OBJECT &&
            json_typeof(item) == JSON_OBJECT) {
            rc = merge((json_node *)(uintptr_t)have, item, depth + 1);
        } else {
            json_node *copy = json_copy(item);
            rc = copy ? json_set(into, json_key(item), copy) : ALLORA_E_NOMEM;
        }
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

static const struct layer *layer_of(const struct config *c, const char *key)
{
    for (size_t i = c->n; i-- > 0;) {
        if (json_path(c->layers[i].tree, key))
            return &c->layers[i];
    }
    return NULL;
}

void layer_place(const void *layer, const char *dotted_key, char *out, size_t size)
{
    const struct layer *l = layer;
    char full[CONFIG_KEY_MAX + 80];

    if (!l->source) {
        (void)snprintf(out, size, "%s", l->name);
        return;
    }
    if (l->profile)
        (void)snprintf(full, sizeof full, "profiles.%s%s%s", l->profile, *dotted_key ? "." : "",
                       dotted_key);
    config_source_place(l->source, l->profile ? full : dotted_key, out, size);
}

static void place_any(const void *self, const char *key, char *out, size_t size)
{
    const struct layer *l = layer_of(self, key);

    if (l)
        layer_place(l, key, out, size);
}

/* Takes the layer over.  `checked`: its file was, as a whole.  False when memory is out. */
static bool add_layer(struct config *c, struct layer *taken, bool checked)
{
    struct config_problems *p = &c->problems;
    bool good = taken->name && taken->tree && config_schema(c);

    p->oom = p->oom || !good;
    if (good && c->n == LAYERS_MAX) {
        config_problem_add(p, ALLORA_E_CONFIG, "", taken->name, "",
                           "more than %d settings from environment and flags", LAYERS_MAX);
        good = false;
    }
    if (good && !checked)
        good = config_check_value(c->schema, taken->tree, "", layer_place, taken, p);
    if (good && taken->kind == CONFIG_PROJECT)
        good = guard_project(c, c->schema, taken, p);
    else if (good && taken->profile && c->chosen_in == CONFIG_PROJECT)
        good = guard_chosen_profile(c->schema, c, taken, p);
    good = good && guard_final(c, taken, p);
    if (good && merge(c->merged, taken->tree, 0) != ALLORA_OK) {
        p->oom = true;
        good = false;
    }
    if (good)
        c->layers[c->n++] = *taken;
    else
        layer_done(taken);
    *taken = (struct layer){0};
    return !p->oom;
}

/* ---- files ---- */

static void source_place_fn(const void *self, const char *key, char *out, size_t size)
{
    config_source_place(self, key, out, size);
}

bool config_source_check(const json_node *schema, const struct source *s, struct config_problems *p)
{
    bool good = config_check_value(schema, s->tree, "", source_place_fn, s, p);
    char key[CONFIG_KEY_MAX], where[WHERE_MAX];

    json_foreach (profile, json_get(s->tree, "profiles")) {
        int n = snprintf(key, sizeof key, "profiles.%s", json_key(profile));
        if (n < 0 || (size_t)n >= sizeof key)
            continue;
        good = config_check_value(schema, profile, key, source_place_fn, s, p) && good;
        json_foreach (item, json_get(schema, "properties")) {
            if (!json_get_bool(item, "control", false) || !json_get(profile, json_key(item)))
                continue;
            config_source_place(s, key, where, sizeof where);
            config_problem_add(p, ALLORA_E_CONFIG, key, where, "", "%s cannot hold %s", key,
                               json_key(item));
            good = false;
        }
    }
    if (s->kind != CONFIG_SYSTEM && json_get(s->tree, "final")) {
        config_source_place(s, "final", where, sizeof where);
        config_problem_add(p, ALLORA_E_DENIED, "final", where, "",
                           "only the system's file may make keys final");
        good = false;
    }
    return good;
}

static bool add_source(struct config *c, enum config_layer_kind kind, const char *path,
                       bool must_exist)
{
    struct source *s = &c->sources[c->n_sources++];

    s->kind = kind;
    if (!config_source_read(s, path, must_exist, &c->problems))
        return false;
    if (!s->tree)
        return true;
    if (!config_schema(c))
        return false;
    if (config_source_check(c->schema, s, &c->problems))
        return true;
    s->state = CONFIG_FILE_BROKEN;
    return true;
}

static bool add_folder(struct config *c, enum config_layer_kind kind, const char *dir)
{
    bool there;
    A_FREE char *path = config_source_find(dir, "config", kind, &c->problems, &there);

    return path && add_source(c, kind, path, false);
}

static bool add_user(struct config *c, const char *file)
{
    if (file)
        return add_source(c, CONFIG_USER, file, true);
    A_FREE char *dir = fs_config_dir();
    return !dir || add_folder(c, CONFIG_USER, dir);
}

/* The nearest .allora.yaml from the current folder upwards; where there is none, the one that would
 * be written here is remembered. */
static bool add_project(struct config *c)
{
    char dir[PATH_MAX];
    A_FREE char *here = NULL;

    if (!getcwd(dir, sizeof dir) || dir[0] != '/')
        return true;
    for (;;) {
        bool there;
        A_FREE char *path =
            config_source_find(dir, ".allora", CONFIG_PROJECT, &c->problems, &there);
        if (!path)
            return false;
        if (there)
            return add_source(c, CONFIG_PROJECT, path, false);
        if (!here)
            here = take_ptr(&path);
        char *slash = strrchr(dir, '/');
        if (dir[1] == '\0' || !slash)
            return add_source(c, CONFIG_PROJECT, here, false);
        slash[slash == dir ? 1 : 0] = '\0';
    }
}

/* ---- profiles ---- */

static bool choose(struct config *c, const char *name, enum config_layer_kind in, const char *by)
{
    free(c->profile_text);
    free(c->chosen_by);
    c->profile_text = mem_strdup(name);
    c->chosen_by = mem_strdup(by);
    c->profile = c->profile_text;
    c->chosen_in = in;
    return c->profile_text && c->chosen_by;
}

static void unknown_profile(struct config *c)
{
    struct nearest near;
    A_FREE char *advice = NULL;

    nearest_init(&near, c->profile);
    for (size_t i = 0; i < c->n_sources; i++) {
        json_foreach (profile, json_get(c->sources[i].tree, "profiles"))
            nearest_offer(&near, json_key(profile));
    }
    if (near.n > 0)
        advice = mem_printf("did you mean %s?", near.best[0]);
    config_problem_add(&c->problems, ALLORA_E_CONFIG, "profile", c->chosen_by,
                       advice ? advice : "a profile is a group of keys below profiles.NAME",
                       "there is no profile \"%s\"", c->profile);
    c->profile = NULL;
}

/* --profile, then ALLORA_PROFILE, then the highest file that says `profile:`. */
static bool choose_profile(struct config *c, const char *flag)
{
    const char *env = getenv("ALLORA_PROFILE");
    char where[WHERE_MAX], final[WHERE_MAX];
    bool known = false, ok = true;

    for (size_t i = 0; ok && i < c->n_sources; i++) {
        const struct source *s = &c->sources[i];
        const char *name = json_get_str(s->tree, "profile", NULL);
        if (!name || s->state != CONFIG_FILE_READ)
            continue;
        config_source_place(s, "profile", where, sizeof where);
        ok = choose(c, name, s->kind, where);
    }
    if (ok && env && *env)
        ok = choose(c, env, CONFIG_ENVIRONMENT, "environment ALLORA_PROFILE");
    if (ok && flag)
        ok = choose(c, flag, CONFIG_FLAG, "--profile");
    if (!ok || !c->profile)
        return ok;
    if (c->chosen_in != CONFIG_SYSTEM && config_final(c, "profile", final, sizeof final)) {
        A_FREE char *advice = mem_printf("%s makes it final", final);
        config_problem_add(&c->problems, ALLORA_E_DENIED, "profile", c->chosen_by,
                           advice ? advice : "", "profile is final, and cannot be set here");
        c->profile = NULL;
        return true;
    }
    for (size_t i = 0; i < c->n_sources; i++) /* one in a broken file is not unknown, but broken */
        known = known || json_get(json_get(c->sources[i].tree, "profiles"), c->profile);
    if (!known)
        unknown_profile(c);
    return true;
}

/* A file's own keys, then those of its profile. */
static bool add_file_layers(struct config *c, const struct source *s)
{
    if (s->state != CONFIG_FILE_READ || !s->tree)
        return true;
    struct layer base = {.kind = s->kind,
                         .name = mem_strdup(s->shown),
                         .path = s->path,
                         .tree = json_copy(s->tree),
                         .source = s};
    json_foreach (item, base.tree ? json_get(c->schema, "properties") : NULL) {
        if (json_get_bool(item, "control", false))
            json_remove(base.tree, json_key(item));
    }
    if (!add_layer(c, &base, true))
        return false;
    const json_node *keys = c->profile ? json_get(json_get(s->tree, "profiles"), c->profile) : NULL;
    if (!keys)
        return true;
    struct layer profile = {.kind = s->kind,
                            .name = mem_strdup(s->shown),
                            .path = s->path,
                            .profile = c->profile,
                            .tree = json_copy(keys),
                            .source = s};
    return add_layer(c, &profile, true);
}

/* ---- environment and flags ---- */

/* {a: {b: value}} for "a.b". */
static json_node *nest(const char *dotted, json_node *taken)
{
    A_FREE char *key = mem_strdup(dotted);
    json_node *tree = taken;

    for (char *dot; key && tree; *dot = '\0') {
        dot = strrchr(key, '.');
        json_node *outer = json_new_object();
        if (!outer || json_set(outer, dot ? dot + 1 : key, tree) != ALLORA_OK) {
            if (!outer)
                json_free(tree);
            json_free(outer);
            return NULL;
        }
        tree = outer;
        if (!dot)
            return tree;
    }
    json_free(tree);
    return NULL;
}

/* ALLORA_OUTPUT__FORMAT=json is output.format.  Names without a double underscore are not
 * configuration (ALLORA_PLUGIN_PATH). */
static bool add_environment(struct config *c)
{
    char key[CONFIG_KEY_MAX];

    for (char **e = environ; e && *e; e++) {
        const char *equals = strchr(*e, '=');
        if (!equals || !str_starts(*e, "ALLORA_"))
            continue;
        size_t n = (size_t)(equals - *e), len = 0;
        for (size_t i = 7; i < n && len + 1 < sizeof key; i++) {
            bool dot = (*e)[i] == '_' && (*e)[i + 1] == '_';
            key[len++] = dot ? '.' : (char)tolower((unsigned char)(*e)[i]);
            i += dot;
        }
        key[len] = '\0';
        if (!strchr(key, '.'))
            continue;
        if (!config_schema(c))
            return false;
        const json_node *schema = config_schema_at(c->schema, key, NULL);
        struct layer l = {.kind = CONFIG_ENVIRONMENT,
                          .name = mem_printf("environment %.*s", (int)n, *e),
                          .tree = nest(key, config_read_value(schema, equals + 1))};
        if (!add_layer(c, &l, false))
            return false;
    }
    return true;
}

int32_t config_set_flag(struct config *c, const char *key, const char *value, allora_error *err)
{
    size_t before = c->problems.n;
    if (!config_schema(c))
        return err_nomem(err);
    struct layer l = {
        .kind = CONFIG_FLAG,
        .name = mem_strdup("command line"),
        .tree = nest(key, config_read_value(config_schema_at(c->schema, key, NULL), value))};

    if (!add_layer(c, &l, false))
        return err_nomem(err);
    return c->problems.n > before ? config_problem_error(&c->problems, before, err) : ALLORA_OK;
}

/* ---- the whole ---- */

static bool open_layers(struct config *c, const struct config_options *o)
{
    if (!add_folder(c, CONFIG_SYSTEM, o->system_dir ? o->system_dir : "/etc/allora") ||
        !add_user(c, o->file) || !add_project(c) || !choose_profile(c, o->profile))
        return false;
    for (size_t i = 0; i < c->n_sources; i++) {
        if (!add_file_layers(c, &c->sources[i]))
            return false;
    }
    return add_environment(c) && !c->problems.oom;
}

int32_t config_open(const struct config_options *o, struct config **ret, allora_error *err)
{
    static const struct config_options usual;
    struct config *c = mem_zalloc(sizeof *c);

    if (!c)
        return err_nomem(err);
    if (!o)
        o = &usual;
    c->merged = json_new_object();
    c->origins = mem_zalloc(sizeof *c->origins);
    bool ok = c->merged && c->origins;
    if (c->origins) {
        (void)pthread_mutex_init(&c->origins->lock, NULL);
        map_init(&c->origins->texts);
    }
    int32_t rc = ok && open_layers(c, o) ? ALLORA_OK : err_nomem(err);
    if (rc == ALLORA_OK && !o->tolerant)
        rc = config_check(c, err);
    if (rc) {
        config_close(c);
        return rc;
    }
    *ret = c;
    return ALLORA_OK;
}

void config_close(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        layer_done(&c->layers[i]);
    for (size_t i = 0; i < c->n_sources; i++)
        config_source_done(&c->sources[i]);
    config_problems_done(&c->problems);
    json_free(c->merged);
    json_free(c->schema);
    free(c->profile_text);
    free(c->chosen_by);
    if (c->origins) {
        for (size_t i = 0; i < c->origins->texts.n; i++)
            free(c->origins->texts.entries[i].value);
        map_done(&c->origins->texts);
        (void)pthread_mutex_destroy(&c->origins->lock);
        free(c->origins);
    }
    free(c);
}

const struct config_problems *config_problems(const struct config *c)
{
    return &c->problems;
}

int32_t config_check(const struct config *c, allora_error *err)
{
    size_t others = c->problems.n + c->problems.more;

    if (others == 0)
        return ALLORA_OK;
    int32_t rc = config_problem_error(&c->problems, 0, err);
    if (others > 1 && err && err->size >= sizeof *err) {
        char hint[sizeof err->hint];
        (void)snprintf(hint, sizeof hint, "%s", err->hint);
        err_hint(err, "%s · %zu more: allora config validate", hint, others - 1);
    }
    return rc;
}

const json_node *config_get(const struct config *c, const char *dotted_key)
{
    return c ? json_path(c->merged, dotted_key) : NULL;
}

const json_node *config_tree(const struct config *c)
{
    return c->merged;
}

const char *config_origin(const struct config *c, const char *dotted_key)
{
    char text[WHERE_MAX] = "";

    if (!config_get(c, dotted_key))
        return NULL;
    struct origins *o = c->origins;
    place_any(c, dotted_key, text, sizeof text);
    (void)pthread_mutex_lock(&o->lock);
    char *kept = map_get(&o->texts, text);
    if (!kept) {
        kept = mem_strdup(text);
        if (kept && map_put(&o->texts, text, kept, NULL) != ALLORA_OK) {
            free(kept);
            kept = NULL;
        }
    }
    (void)pthread_mutex_unlock(&o->lock);
    return kept ? kept : "configuration";
}

void config_check_subtree_all(const struct config *c, const char *dotted_key,
                              const json_node *schema, struct config_problems *p)
{
    for (size_t i = 0; schema && i < c->n; i++) {
        const struct layer *l = &c->layers[i];
        const json_node *tree = json_path(l->tree, dotted_key);
        if (tree && config_check_value(schema, tree, dotted_key, layer_place, l, p) &&
            l->kind == CONFIG_PROJECT)
            (void)guard_subtree(c, schema, dotted_key, l, p);
    }
}

int32_t config_check_subtree(const struct config *c, const char *dotted_key,
                             const json_node *schema, allora_error *err)
{
    if (!config_get(c, dotted_key))
        return ALLORA_OK;
    struct config_problems p = {.n = 0};
    config_check_subtree_all(c, dotted_key, schema, &p);
    int32_t rc = p.oom ? err_nomem(err) : p.n ? config_problem_error(&p, 0, err) : ALLORA_OK;
    config_problems_done(&p);
    return rc;
}
