/* A question read against ONE table: every word that carries meaning must have found exactly one
 * role, or the table is not what was asked about. */
#ifndef OFFLINE_PARSE_H
#define OFFLINE_PARSE_H
#include "calendar.h"
#include "query.h"

enum { MAX_READINGS = 8, MAX_SPAN = 6 };

/* Words that belong to English, not to a table. */
enum func {
    F_NONE,
    F_NOISE,
    F_BE,
    F_HAVE,
    F_DO,
    F_USE,
    F_WHAT,
    F_WHICH,
    F_WHO,
    F_WHEN,
    F_WHERE,
    F_HOW,
    F_HOWLONG,
    F_MANY,
    F_MUCH,
    F_LIST,
    F_NOT,
    F_NO,
    F_WITHOUT,
    F_EXCEPT,
    F_OR,
    F_AND,
    F_OF,
    F_BY,
    F_PER,
    F_EACH,
    F_MOST,
    F_LEAST,
    F_HIGH,
    F_LOW,
    F_TOP,
    F_BOTTOM,
    F_TOTAL,
    F_AVG,
    F_MAX,
    F_MIN,
    F_GT,
    F_GE,
    F_LT,
    F_LE,
    F_EQ,
    F_OLDER,
    F_NEWER,
    F_ORMORE,
    F_ORLESS,
    F_BETWEEN,
    F_SHARE,
    F_ONLY,
    F_ANY,
    F_ALL,
    F_SORT,
    F_ASC,
    F_DESC,
    F_FIRST,
    F_LAST,
    F_PRON,
    F_NAMED,
    F_CONTAINS,
    F_PREFIX,
    F_SUFFIX,
    F_IN,
    F_FOR,
    F_WITH,
    F_AGO,
    F_THERE,
    F_THAN,
    F_THIS,
    F_COMMON,
    F_REFUSE,
    F_AND_THEN,
    F_ONES,
    F_REST,
    F_SINCEBOOT,
    F_WILL,
    F_VIEWS,
    F_NEXT,
    F_MEMBER,
    F_RUN,
    F_STUFF
};

enum item_kind { I_WORDS, I_NUMBER, I_NAME, I_PAIR, I_TIME, I_SIGN };

struct item {
    enum item_kind kind;
    enum func func;
    int at, n; /* its tokens */
    bool used, exact;
    const struct entry *readings[MAX_READINGS];
    int n_readings;
    struct span span; /* of I_TIME */
};

enum head {
    HEAD_LIST,
    HEAD_COUNT,
    HEAD_AMOUNT,
    HEAD_YESNO,
    HEAD_WHEN,
    HEAD_WHO,
    HEAD_WHERE,
    HEAD_SHARE,
    HEAD_HOWLONG
};

struct parse {
    const struct words *w;
    const struct lexicon *lexicon;
    const struct table *t;
    int64_t now_us;
    struct item items[MAX_TOKENS];
    struct item nothing; /* what lies beyond the ends */
    int n;
    struct query q;
    enum head head;
    bool which, singular, plural, noun_seen, pronoun, followup, follow_only, follow_more;
    int current;            /* the item that a condition is being made from */
    int cond_at[MAX_CONDS]; /* the items where the conditions stand */
    char said[2][KEY_MAX];  /* texts of several words */
    int n_said;
    int noun_at;        /* item of the first noun; -1 */
    bool how;           /* how big, how old: of each */
    int subject_column; /* of "which user …"; -1 */
    double score;
    bool failed;
    bool refuse;                        /* no question about facts: why, delete … */
    int unknown[MAX_TOKENS], n_unknown; /* tokens nobody understood */
};

/* previous: the query a follow-up goes on with, or NULL. */
void parse_table(const struct words *w, const struct lexicon *l, const struct table *t,
                 int64_t now_us, const struct query *previous, struct parse *ret);

/* ---- shared by the parser's files ---- */
void parse_items(struct parse *p);
const struct entry *reading(const struct item *it, enum meaning m);
struct item *item_at(struct parse *p,
                     int i); /* never NULL: beyond the ends there is an empty one */
int skip_noise(const struct parse *p, int i);
int back_noise(const struct parse *p, int i);
bool is_name(const struct parse *p, int i); /* a word that might be a proper name */
const struct token *item_token(const struct parse *p, int i);
void use(struct parse *p, int i);
void use_span(struct parse *p, int from, int to);
/* The longest function phrase at token i: how many tokens; 0: none. */
int function_at(const struct words *w, int i, enum func *ret);
bool table_looks_ahead(const struct table *t);
bool adds_up(const struct column *c); /* a sum of it makes sense */
bool is_number(const struct column *c);
const char *name_text(const struct parse *p, int i, bool raw);
void parse_fail(struct parse *p, int i);
int tag_column(const struct parse *p);
/* A reading that is a number column, or one to group by. */
const struct entry *column_like(const struct item *it, const struct table *t, bool number);
/* The column that item i names, as long as nothing else made use of it; number: only of numbers. */
const struct entry *unused_column(const struct parse *p, int i, bool number);
int first_column(const struct parse *p, bool number); /* the first such item; -1 */
/* "how much swap is left": what the words mean together ("swap left") comes before what one of
 * them means alone.  -1: they mean nothing together. */
int together(struct parse *p);

int who_by_verb(struct parse *p, int i);
void parse_head(struct parse *p);
void parse_times(struct parse *p);
void parse_comparisons(struct parse *p);
void parse_matches(struct parse *p);
void parse_groups(struct parse *p);
void parse_ranks(struct parse *p);
void parse_filters(struct parse *p);
void parse_amounts(struct parse *p);
void parse_selection(struct parse *p);
void parse_rest(struct parse *p);
void parse_weigh(struct parse *p);    /* sets score */
bool has_name(const struct parse *p); /* a condition on a name that no manifest knows */
/* The column's item that has a noun in it: "free disk space"; or NULL. */
const struct item *noun_inside(const struct parse *p);
#endif
