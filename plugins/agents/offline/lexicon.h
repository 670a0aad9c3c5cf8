/* What the installed tables are called, in people's words: built from table.describe {"table":"*"},
 * so a third party's table is as well known as any other.  No table is known to this code by name.
 *
 * Everything lives in the ctx's arena and points into the parsed document. */
#ifndef OFFLINE_LEXICON_H
#define OFFLINE_LEXICON_H
#include "words.h"

#include <allora/sdk.h>

enum { MAX_VALUES = 12 };

enum cond_op {
    OP_EQ,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_NULL,
    OP_PREFIX,
    OP_SUFFIX,
    OP_CONTAINS,
    OP_HAS
};

struct value {
    bool is_number, is_bool;
    double number;
    const char *text; /* NULL for numbers and booleans */
};

/* column op value; EQ with several values means any of them.  HAS: a list or object that holds the
 * value (values[1], if there, under the key values[0]). */
struct cond {
    int column;
    enum cond_op op;
    bool negated;
    bool implied; /* by a noun: not worth saying */
    bool time;    /* number is microseconds since the epoch */
    int n_values;
    struct value values[MAX_VALUES];
    const char *words; /* how it was said, for the answer; may be NULL */
    bool turned;       /* its words were negated */
    bool whole;        /* words say all of it: "can log in" */
};

enum column_type { C_TEXT, C_INT, C_REAL, C_BOOL, C_TIME, C_JSON };

struct column {
    const char *name, *summary, *unit, *label; /* label: what a person calls it */
    enum column_type type;
    bool key, sensitive, costly, shown, closed, who; /* shown: among the default columns */
    const sdk_json *node;                            /* its manifest entry */
};

/* What a phrase of a table's lexicon means. */
enum meaning {
    M_NOUN,
    M_TABLE,
    M_PROVIDER,
    M_MODIFIER,
    M_COLUMN,
    M_VALUE,
    M_PHRASE,
    M_ADJECTIVE,
    M_COMPARATIVE,
    M_BASE,
    M_HERE /* "this machine": the provider as a whole */
};

struct entry {
    const char *key;   /* see words_key() */
    const char *words; /* as in the manifest */
    enum meaning meaning;
    bool stemmed;            /* key is of stems */
    int rank;                /* its place among the noun's or column's words: 0 is best */
    int column;              /* -1: none */
    bool descending;         /* of adjectives: the most comes first; of comparatives: greater */
    const struct cond *cond; /* of M_VALUE and M_PHRASE */
};

struct table {
    const char *name, *provider, *title, *summary, *noun, *plural;
    const struct column *columns;
    int n_columns, name_column, time_column; /* -1: none */
    bool one_row, view;
    const struct cond *total_over; /* what sums leave the rest out of; or NULL */
    const struct entry *entries;   /* sorted by key */
    int n_entries;
    const sdk_json *node;
};

struct lexicon {
    const struct table *tables;
    int n_tables;
    const char *const *known; /* sorted keys of all entries */
    int n_known;
};

/* document: what table.describe sent.  ALLORA_E_NOMEM, or ALLORA_OK. */
int32_t lexicon_build(const allora_instance *, allora_ctx *, const sdk_json *document,
                      struct lexicon *ret, allora_error *err);
/* The entries with that key: *n of them. */
const struct entry *lexicon_find(const struct table *t, const char *key, int *n);
/* Is that key's word anything in any table? */
bool lexicon_knows(const struct lexicon *l, const char *key);
/* Does the word name the rows of another table? */
bool lexicon_noun_elsewhere(const struct lexicon *l, const struct table *t, const char *key);
int column_find(const struct table *t, const char *name);
#endif
