/* What the files of core/config share. */
#ifndef ALLORA_CONFIG_PRIVATE_H
#define ALLORA_CONFIG_PRIVATE_H
#include "base/buf.h"
#include "base/map.h"
#include "config/config.h"
#include <pthread.h>
#include <sys/stat.h>

enum { CONFIG_FILE_LIMIT = 1 << 20, LAYERS_MAX = 256, FILES_MAX = 4, DEPTH_MAX = 64 };

/* A file that was read, whole: its control keys are in `control`, its profiles apart. */
struct source {
    enum config_layer_kind kind;
    char *path, *shown;
    enum config_file_state state;
    char *why;
    json_node *tree; /* NULL: nothing usable in it */
    struct yaml_places *places;
};
struct layer {
    enum config_layer_kind kind;
    char *name;                       /* shown */
    const char *path, *profile;       /* of a file's; borrowed from its source and tree */
    json_node *tree;                  /* own */
    const struct yaml_places *places; /* borrowed; NULL: not a file */
    const struct source *source;      /* NULL: not a file */
};
/* Texts that config_origin() gave out, kept until close: text → its copy. */
struct origins {
    pthread_mutex_t lock;
    struct map texts; /* guarded by lock */
};
struct config {
    struct source sources[FILES_MAX]; /* the lowest first */
    size_t n_sources;
    struct layer layers[LAYERS_MAX]; /* the lowest first */
    size_t n;
    json_node *merged;
    json_node *schema; /* NULL until something is to be checked */
    const char *profile;
    char *profile_text, *chosen_by;
    enum config_layer_kind chosen_in; /* CONFIG_FLAG and CONFIG_ENVIRONMENT: a person's choice */
    struct config_problems problems;
    struct origins *origins;
};

/* file.c: reads and parses one file into s, adding what is wrong to p.  must_exist: --config.
 * False when memory is out. */
bool config_source_read(struct source *s, const char *path, bool must_exist,
                        struct config_problems *p);
void config_source_done(struct source *s);
void config_source_place(const struct source *s, const char *dotted_key, char *out, size_t size);
/* The file of that stem in dir: config.yaml, config.yml or config.json; the first when there is
 * none.  Two at once are a problem.  Caller frees; NULL when memory is out. */
char *config_source_find(const char *dir, const char *stem, enum config_layer_kind kind,
                         struct config_problems *p, bool *ret_exists);

/* guard.c: what a layer may not say.  Adds problems; true when the layer may be merged. */
bool guard_project(const struct config *c, const json_node *schema, struct layer *l,
                   struct config_problems *p);
bool guard_subtree(const struct config *c, const json_node *schema, const char *key,
                   const struct layer *l, struct config_problems *p);
bool guard_chosen_profile(const json_node *schema, const struct config *c, const struct layer *l,
                          struct config_problems *p);
bool guard_final(const struct config *c, const struct layer *l, struct config_problems *p);

/* config.c: the whole of a file against a schema, its profiles too, whichever is in use.  False
 * when it is not to be used. */
bool config_source_check(const json_node *schema, const struct source *s,
                         struct config_problems *p);
const json_node *config_schema(struct config *c); /* NULL when memory is out */
void layer_place(const void *layer, const char *dotted_key, char *out, size_t size);
#endif
