/* The layers of configuration, and the one tree they make.
 *
 * Each layer keeps its own tree and the places of its keys, so that an error or `config explain`
 * can say where a value came from; the merged tree is what is asked.  Objects merge key by key,
 * everything else is replaced by the higher layer. */
#include "config/config.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/yaml.h"
#include "config/config_schema.h"

#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20, LAYERS_MAX = 256, KEY_MAX = 512, DEPTH_MAX = 32 };

struct layer {
    char *name; /* a file as shown, "environment ALLORA_X", "--flag" */
    json_node *tree;
    struct yaml_places *places; /* NULL: not a file */
};
struct config {
    struct layer layers[LAYERS_MAX]; /* the lowest first */
    size_t n;
    json_node *merged;
    json_node *schema;
    struct origins *origins;
};
/* Texts that config_origin() gave out, kept until close: text → its copy. */
struct origins {
    pthread_mutex_t lock;
    struct map texts; /* guarded by lock */
};

static void layer_done(struct layer *l)
{
    free(l->name);
    json_free(l->tree);
    yaml_places_free(l->places);
    *l = (struct layer){0};
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

static void place_in(const void *self, const char *key, char *out, size_t size)
{
    const struct layer *l = self;
    unsigned line = 0, column = 0;

    if (l->places)
        yaml_place(l->places, key, &line, &column);
    if (line > 0)
        (void)snprintf(out, size, "%s:%u:%u", l->name, line, column);
    else
        (void)snprintf(out, size, "%s", l->name);
}

static void place_any(const void *self, const char *key, char *out, size_t size)
{
    const struct layer *l = layer_of(self, key);

    if (l)
        place_in(l, key, out, size);
}

/* Takes the layer over, whether it succeeds or not. */
static int32_t add_layer(struct config *c, struct layer *taken, allora_error *err)
{
    int32_t rc = c->n < LAYERS_MAX ? ALLORA_OK : ALLORA_E_CONFIG;

    if (rc)
        (void)err_set(err, rc, "config: more than %d settings from environment and flags",
                      LAYERS_MAX);
    else if (!taken->name || !taken->tree)
        rc = err_nomem(err);
    else
        rc = config_check_value(c->schema, taken->tree, "", place_in, taken, err);
    if (rc == ALLORA_OK && merge(c->merged, taken->tree, 0) != ALLORA_OK)
        rc = err_nomem(err);
    if (rc == ALLORA_OK)
        c->layers[c->n++] = *taken;
    else
        layer_done(taken);
    *taken = (struct layer){0};
    return rc;
}

/* ~/… for what lies in the home folder. */
static char *shown(const char *path)
{
    const char *home = getenv("HOME");
    size_t n = home ? strlen(home) : 0;

    if (n > 1 && str_starts(path, home) && path[n] == '/')
        return mem_printf("~%s", path + n);
    return mem_strdup(path);
}

static int32_t add_file(struct config *c, const char *path, bool must_exist, bool project,
                        allora_error *err)
{
    A_CLEAN(buf_done) struct buf text = BUF(FILE_LIMIT);
    struct layer l = {.name = shown(path)};
    int32_t rc = fs_read(path, FILE_LIMIT, &text, err);

    if (rc == ALLORA_E_NOTFOUND && !must_exist) {
        err_reset(err);
        layer_done(&l);
        return ALLORA_OK;
    }
    if (rc == ALLORA_OK && !l.name)
        rc = err_nomem(err);
    if (rc == ALLORA_OK)
        rc = yaml_parse(l.name, buf_str(&text), text.len, &l.tree, &l.places, err);
    if (rc) {
        layer_done(&l);
        if (rc != ALLORA_E_NOMEM && err && err->size >= sizeof *err)
            rc = err->code = ALLORA_E_CONFIG;
        err_prefix(err, "config: ");
        return rc;
    }
    if (json_typeof(l.tree) == JSON_NULL || json_typeof(l.tree) == JSON_NONE) {
        layer_done(&l); /* an empty file says nothing */
        return ALLORA_OK;
    }
    if (project && json_get(l.tree, "plugins")) {
        /* A folder somebody sent must not choose which code runs. */
        log_msg(ALLORA_LOG_WARN, "config", "%s: plugins is ignored in a project's file", l.name);
        json_node *none = json_new_object();
        if (!none || json_set(l.tree, "plugins", none) != ALLORA_OK) {
            layer_done(&l);
            return err_nomem(err);
        }
    }
    return add_layer(c, &l, err);
}

/* The nearest .allora.yaml from the current folder upwards. */
static int32_t add_project(struct config *c, allora_error *err)
{
    char dir[PATH_MAX];

    if (!getcwd(dir, sizeof dir) || dir[0] != '/')
        return ALLORA_OK;
    for (;;) {
        A_FREE char *path = mem_printf("%s/.allora.yaml", dir[1] ? dir : "");
        if (!path)
            return err_nomem(err);
        if (access(path, F_OK) == 0)
            return add_file(c, path, false, true, err);
        char *slash = strrchr(dir, '/');
        if (dir[1] == '\0' || !slash)
            return ALLORA_OK;
        slash[slash == dir ? 1 : 0] = '\0';
    }
}

/* What a person types for one value: a YAML scalar or flow list; what is no YAML, or would be a
 * map, is taken as text. */
static json_node *scalar(const char *text)
{
    allora_error ignored = ERR_INIT;
    json_node *value = NULL;
    struct yaml_places *places = NULL;

    if (yaml_parse("value", text, strlen(text), &value, &places, &ignored) != ALLORA_OK)
        value = NULL;
    yaml_places_free(places);
    if (value && json_typeof(value) != JSON_OBJECT &&
        !(json_typeof(value) == JSON_NULL && *text == '\0'))
        return value;
    json_free(value);
    return json_new_str(text);
}

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
static int32_t add_environment(struct config *c, allora_error *err)
{
    char key[KEY_MAX];

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
        struct layer l = {.name = mem_printf("environment %.*s", (int)n, *e),
                          .tree = nest(key, scalar(equals + 1))};
        int32_t rc = add_layer(c, &l, err);
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

static int32_t add_user(struct config *c, const char *file, allora_error *err)
{
    if (file)
        return add_file(c, file, true, false, err);
    A_FREE char *dir = fs_config_dir();
    A_FREE char *path = dir ? fs_join(dir, "config.yaml") : NULL;
    return path ? add_file(c, path, false, false, err) : ALLORA_OK;
}

int32_t config_open(const char *file, struct config **ret, allora_error *err)
{
    struct config *c = mem_zalloc(sizeof *c);

    if (!c)
        return err_nomem(err);
    c->merged = json_new_object();
    c->origins = mem_zalloc(sizeof *c->origins);
    int32_t rc = c->merged && c->origins ? ALLORA_OK : err_nomem(err);
    if (c->origins) {
        (void)pthread_mutex_init(&c->origins->lock, NULL);
        map_init(&c->origins->texts);
    }
    if (rc == ALLORA_OK)
        rc = json_parse(config_core_schema, strlen(config_core_schema), &c->schema, err);
    if (rc == ALLORA_OK)
        rc = add_file(c, "/etc/allora/config.yaml", false, false, err);
    if (rc == ALLORA_OK)
        rc = add_user(c, file, err);
    if (rc == ALLORA_OK)
        rc = add_project(c, err);
    if (rc == ALLORA_OK)
        rc = add_environment(c, err);
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
    json_free(c->merged);
    json_free(c->schema);
    if (c->origins) {
        for (size_t i = 0; i < c->origins->texts.n; i++)
            free(c->origins->texts.entries[i].value);
        map_done(&c->origins->texts);
        (void)pthread_mutex_destroy(&c->origins->lock);
        free(c->origins);
    }
    free(c);
}

int32_t config_set_flag(struct config *c, const char *key, const char *value, allora_error *err)
{
    struct layer l = {.name = mem_strdup("command line"), .tree = nest(key, scalar(value))};
    return add_layer(c, &l, err);
}

const json_node *config_get(const struct config *c, const char *dotted_key)
{
    return c ? json_path(c->merged, dotted_key) : NULL;
}

const char *config_origin(const struct config *c, const char *dotted_key)
{
    char text[PATH_MAX + 32] = "";

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

int32_t config_check_subtree(const struct config *c, const char *dotted_key,
                             const json_node *schema, allora_error *err)
{
    const json_node *tree = config_get(c, dotted_key);

    return tree && schema ? config_check_value(schema, tree, dotted_key, place_any, c, err)
                          : ALLORA_OK;
}
