/* Checking a manifest's JSON piece by piece, with errors that name the JSON path.  Private to
 * core/plugin/manifest*.c. */
#ifndef ALLORA_PLUGIN_MANIFEST_CHECK_H
#define ALLORA_PLUGIN_MANIFEST_CHECK_H
#include "base/cleanup.h"
#include "plugin/manifest.h"

enum { CHECK_PATH_MAX = 256 };
struct check {
    struct manifest *m;
    allora_error *err;
    bool lenient; /* made for a newer allora: keys this one does not know are passed over */
    char path[CHECK_PATH_MAX]; /* "provider.tables[2]" */
    size_t len;
};

enum want { /* what a key's value may be, as bits */
            WANT_STR = 1,
            WANT_BOOL = 2,
            WANT_INT = 4, /* a whole number, not negative */
            WANT_NUM = 8,
            WANT_ARRAY = 16,
            WANT_OBJECT = 32,
            WANT_STRS = 64, /* an array of strings */
            WANT_ANY = 128,
            WANT_TEXT = 256, /* a string that is not empty */
            REQUIRED = 512
};
struct field {
    const char *key;
    unsigned want;
};

/* The path grows by ".key" or "[i]"; the return value, handed to check_leave(), cuts it again. */
size_t check_enter(struct check *c, const char *key);
size_t check_enter_item(struct check *c, size_t i);
void check_leave(struct check *c, size_t before);

/* E_CONFIG with "PATH: " before the words. */
int32_t check_fail(struct check *c, const char *fmt, ...) A_PRINTF(2, 3);
/* `unknown KIND "VALUE", did you mean X?` out of the NULL-terminated names. */
int32_t check_unknown(struct check *c, const char *kind, const char *value,
                      const char *const *names);
/* An object that holds only these keys, the required ones among them, each of the right type.  The
 * list ends with {NULL, 0}. */
int32_t check_object(struct check *c, const json_node *node, const struct field *fields);
/* A name: starts with a-z, goes on with a-z, 0-9 and the characters in `more`, at most 64. */
int32_t check_name(struct check *c, const json_node *object, const char *key, const char *more);
/* The index of object[key] in the NULL-terminated names; dflt when there is no such key; unknown
 * words fail. */
int32_t check_choice(struct check *c, const json_node *object, const char *key, const char *kind,
                     const char *const *names, unsigned dflt, unsigned *ret);
/* The strings of array object[key] in the manifest's arena; none when there is no such key. */
int32_t check_strings(struct check *c, const json_node *object, const char *key,
                      const char *const **ret, uint32_t *ret_n);
/* A zeroed array for the items of object[key]; NULL and 0 when there are none. */
int32_t check_array(struct check *c, const json_node *object, const char *key, size_t each,
                    void **ret, uint32_t *ret_n);

int32_t manifest_fill_provider(struct check *c, const json_node *provider);
int32_t manifest_fill_operations(struct check *c, const json_node *root);
int32_t manifest_fill_commands(struct check *c, const json_node *root);
int32_t manifest_fill_agents(struct check *c, const json_node *root);
int32_t manifest_check_permissions(struct check *c, const json_node *permissions);
#endif
