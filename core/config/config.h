/* Configuration: built-in < system file < user's file < project's file < ALLORA_* environment <
 * flags, as one tree that knows where each value came from.  docs/configuration.md has the rules.
 */
#ifndef ALLORA_CONFIG_CONFIG_H
#define ALLORA_CONFIG_CONFIG_H
#include "base/arena.h"
#include "base/json.h"
#include "config/config_schema.h"
#include <allora/plugin.h>

enum config_layer_kind { /* the lowest first */
                         CONFIG_SYSTEM,
                         CONFIG_USER,
                         CONFIG_PROJECT,
                         CONFIG_ENVIRONMENT,
                         CONFIG_FLAG
};
struct config_options {
    const char *file;       /* --config FILE replaces the user's file; NULL: the usual places */
    const char *profile;    /* --profile NAME; NULL: ALLORA_PROFILE, or what a file says */
    const char *system_dir; /* NULL: /etc/allora */
    /* A layer with something wrong in it is left out, and config_problems() says why: for what is
     * to work, or to repair, whatever the files hold.  Whoever goes on from there calls
     * config_check() before anything else is done. */
    bool tolerant;
};
struct config;
/* o NULL: all defaults.  Missing files are fine, broken ones are errors; each file is checked to
 * its end, and the error is the first of config_problems(). */
int32_t config_open(const struct config_options *o, struct config **ret, allora_error *err);
void config_close(struct config *c);
/* Everything that was wrong; constant once flags are set. */
const struct config_problems *config_problems(const struct config *c);
/* The first problem as an error, its hint saying how many more there are. */
int32_t config_check(const struct config *c, allora_error *err);

/* Flags: dotted key, YAML scalar text. */
int32_t config_set_flag(struct config *c, const char *key, const char *value, allora_error *err);
/* NULL when unset.  [static until close] */
const json_node *config_get(const struct config *c, const char *dotted_key);
const json_node *config_tree(const struct config *c); /* all of it */
/* Where it came from: "~/.config/allora/config.yaml:7:5", "environment ALLORA_X" or "command line";
 * NULL when unset.  [static until close]  [any]: config_set_flag() is for before threads start. */
const char *config_origin(const struct config *c, const char *dotted_key);
/* Is the subtree (a plugin's own) what its manifest's schema says, in every layer?  E_CONFIG names
 * the key, where it stands and the nearest key; E_DENIED a security key in a project's file. */
int32_t config_check_subtree(const struct config *c, const char *dotted_key,
                             const json_node *schema, allora_error *err);
/* The same, with all that is wrong. */
void config_check_subtree_all(const struct config *c, const char *dotted_key,
                              const json_node *schema, struct config_problems *p);

/* ---- where values came from ---- */

struct config_layer { /* [static until close] */
    enum config_layer_kind kind;
    const char *name;    /* as in config_origin(), without line and column */
    const char *path;    /* of a file, else NULL */
    const char *profile; /* these are this profile's keys; else NULL */
};
size_t config_layer_count(const struct config *c); /* the lowest first */
struct config_layer config_layer_at(const struct config *c, size_t i);
/* What that layer alone says; NULL: nothing. */
const json_node *config_layer_get(const struct config *c, size_t i, const char *dotted_key);
void config_layer_place(const struct config *c, size_t i, const char *dotted_key, char *out,
                        size_t size);
/* Which final pattern covers the key, and where it stands; NULL: none. */
const char *config_final(const struct config *c, const char *dotted_key, char *place, size_t size);

enum config_file_state {
    CONFIG_FILE_MISSING,
    CONFIG_FILE_READ,
    CONFIG_FILE_BROKEN,
    CONFIG_FILE_IGNORED
};
struct config_file { /* a place that was looked at, or would be written to; [static until close] */
    enum config_layer_kind kind;
    const char *path, *shown; /* shown: ~/… for what lies in the home folder */
    enum config_file_state state;
    const char *why; /* of those ignored, else NULL */
};
size_t config_file_count(const struct config *c);
struct config_file config_file_at(const struct config *c, size_t i);
/* The profile in use and who chose it ("--profile", "ALLORA_PROFILE", "FILE:LINE:COLUMN"); NULL:
 * none. */
const char *config_profile(const struct config *c, const char **ret_chosen_by);

/* Everything again, against a fuller schema (the core's with the installed plugins' own in it): all
 * files, in use or broken, all of their profiles, and the environment.  What config_problems() has
 * already is not told twice. */
void config_check_all(const struct config *c, const json_node *schema, struct config_problems *p);
/* One file on its own, as if it were the layer of that kind; errors call it `as` (NULL: its path).
 */
void config_check_file(const struct config *c, const json_node *schema, enum config_layer_kind kind,
                       const char *path, const char *as, struct config_problems *p);

/* ---- secrets ---- */

/* What env:NAME or file:PATH refers to, in mem, which is wiped when it is released (mem->wipe is
 * set).  A file must be regular, this user's own, closed to all others (0600 or stricter) and at
 * most 64 KiB; one newline at its end is cut.  Errors name the reference, never the value. */
int32_t config_secret(const char *reference, struct arena *mem, allora_str *ret, allora_error *err);
#endif
