/* A plugin's manifest, parsed and checked.  docs/manifest.md and sdk/manifest.schema.json say what
 * each key means. All strings and structs live in the manifest's arena; nothing here changes after
 * manifest_parse(), so any thread may read it. */
#ifndef ALLORA_PLUGIN_MANIFEST_H
#define ALLORA_PLUGIN_MANIFEST_H
#include "base/arena.h"
#include "base/json.h"
#include <allora/plugin.h>
#include <stdbool.h>

enum { /* operators as bits: 1 << ALLORA_OP_* */
       PUSH_EQ = 1u << ALLORA_OP_EQ,
       PUSH_IN = 1u << ALLORA_OP_IN
};
struct phrase { /* words that mean a filter: "listening" → state = 'LISTEN' */
    const char *words, *column, *op; /* op: eq ne lt le gt ge prefix contains isnull notnull */
    const json_node *value;
};
struct column {
    const char *name, *unit, *summary;
    uint8_t type; /* ALLORA_V_* */
    bool key, required, costly, sensitive, outside;
    uint32_t push, exact;        /* bits 1 << ALLORA_OP_*; exact is a subset of push */
    const char *const *aliases;  /* other names in SQL, hidden columns */
    const char *const *synonyms; /* English */
    const char *const *values;   /* closed set of texts, or NULL */
    uint32_t n_aliases, n_synonyms, n_values;
    const json_node *node; /* the whole entry: adjectives, value words, … */
};
struct table {
    const char *name, *summary, *provider;
    const struct column *columns;
    uint32_t n_columns;
    const char *const *nouns; /* what people call one row; [0] is the best word */
    uint32_t n_nouns;
    const char *const *default_columns;
    uint32_t n_default_columns;
    const struct phrase *phrases;
    uint32_t n_phrases;
    bool partitioned; /* list() is asked once per partition */
    int64_t ttl_s;    /* cache life; 0: always live */
    const json_node *node;
};
struct view_map { /* how one table joins a unified view */
    const char *view, *table, *provider;
    const json_node
        *columns; /* view column → "column" | {"const": x} | {"column","map":{…},"default"} */
};
struct operation_decl {
    const char *name, *summary, *description;
    int32_t effect;             /* ALLORA_EFFECT_* */
    const json_node *arguments; /* JSON Schema, type object; NULL: none */
    const json_node *result;    /* {"columns":[…]} or NULL */
    bool tool;                  /* offered to agents */
    const json_node *node;
};
enum arg_type {
    ARG_STRING,
    ARG_INT,
    ARG_NUMBER,
    ARG_BOOL,
    ARG_DURATION,
    ARG_SIZE,
    ARG_TIME,
    ARG_FILE /* passes its content */,
    ARG_PAIR /* "pair": repeated NAME=VALUE become one object */
};
struct arg_decl {
    const char *name, *help, *metavar, *target; /* target: key in the operation's arguments */
    char short_name;                            /* 0: none */
    enum arg_type type;
    bool positional, required, repeat,
        from_stdin;   /* from_stdin: "-" or, when missing and stdin is no terminal, its content */
    const char *join; /* repeated words become one text, joined by this */
    const char *env;
    const json_node *dflt, *minimum, *maximum;
    const char *const *choices;
    uint32_t n_choices;
    const char *complete_operation, *complete_column; /* dynamic values */
    bool complete_files;
};
enum face_use {
    FACE_NEVER,
    FACE_ALWAYS,
    FACE_NO_INPUT /* when a required input is missing and stdin is a terminal */
};
struct command_decl {
    const char *const *path; /* {"session","show"} */
    uint32_t n_path;
    const char *summary, *description, *operation, *render, *empty;
    const char
        *group; /* heading it stands under in `allora help`: "Ask", "Look", …; NULL: the last one */
    const char *each; /* a repeated argument (its target): each value is one step of one plan */
    const char *then; /* an operation whose arguments are the first one's document */
    const char *call; /* the operation's own name is the value of this argument (its target) */
    const json_node *fixed;    /* constant arguments */
    const json_node *examples; /* [{run, help}] */
    enum face_use face;
    const struct arg_decl *args;
    uint32_t n_args;
    const char *const *columns; /* which columns a table shows by default; NULL: all */
    uint32_t n_columns;
};
struct agent_decl {
    const char *name, *summary;
    const char *const *tools; /* globs it may use unless a profile says otherwise */
    uint32_t n_tools;
    const json_node *node;
};
struct manifest {
    struct arena mem;
    json_node *root;
    const char *id, *version, *summary, *license;
    uint32_t abi_built, abi_needed;
    const char *provider; /* NULL: none */
    bool dynamic;
    const struct table *tables;
    uint32_t n_tables;
    const struct view_map *views;
    uint32_t n_views;
    const struct operation_decl *operations;
    uint32_t n_operations;
    const struct command_decl *commands;
    uint32_t n_commands;
    const struct agent_decl *agents;
    uint32_t n_agents;
    const json_node *permissions, *config;
};

/* Errors name the JSON path: "provider.tables[2].columns[0].type: unknown type \"strnig\", did you
 * mean string?" */
int32_t manifest_parse(const char *text, size_t len, struct manifest **ret, allora_error *err);
void manifest_free(struct manifest *m);
const struct table *manifest_table(const struct manifest *m, const char *name);
const struct operation_decl *manifest_operation(const struct manifest *m, const char *name);
/* Index of a column by name or alias; -1 when there is none. */
int32_t table_column(const struct table *t, const char *name);
/* Is the host interface id ("allora.http/1") granted by the permissions?  scope needs none. */
bool manifest_grants(const struct manifest *m, const char *interface_id);
#endif
