/* What a question was understood to ask: one table, conditions, and what to make of the rows.
 * Fixed size, no pointers of its own: texts belong to the arena. */
#ifndef OFFLINE_QUERY_H
#define OFFLINE_QUERY_H
#include "lexicon.h"

enum { MAX_CONDS = 12, MAX_SELECT = 10, MAX_NOTES = 4 };

enum want {
    WANT_LIST,
    WANT_COUNT,
    WANT_YESNO,
    WANT_GROUP,  /* one row per value of `group` */
    WANT_NUMBER, /* one aggregate over all rows */
    WANT_SHARE   /* which part of the rows before `n_whole` meets the conditions behind it */
};
enum aggregate { AGG_NONE, AGG_COUNT, AGG_SUM, AGG_AVG, AGG_MIN, AGG_MAX };

/* How a name of unknown meaning was tied to the rest: decides which columns may hold it. */
enum tie {
    TIE_NONE,
    TIE_COLUMN,
    TIE_NAMED,
    TIE_NOUN,
    TIE_OWNER,
    TIE_MEMBER,
    TIE_BESIDE,
    TIE_SUBJECT,
    TIE_LOOSE
};

struct query {
    const struct table *t;
    enum want want;
    struct cond conds[MAX_CONDS];
    enum tie ties[MAX_CONDS]; /* of conds whose value is a name that no manifest knows */
    int n_conds, n_whole;
    int select[MAX_SELECT], n_select;
    int group, group2; /* columns; -1: none */
    enum aggregate agg;
    int agg_column; /* -1: the rows themselves */
    int order;      /* column; -1: none */
    bool by_agg;    /* order by the aggregate */
    bool descending;
    int limit;           /* 0: none */
    enum cond_op having; /* of the aggregate, when has_having */
    bool has_having;
    double having_value;
    bool exists;        /* "is there …": a name that nobody has is a no */
    bool all;           /* yes/no: do all of them? */
    bool lone;          /* one thing is asked for: "the fullest disk" */
    bool followed;      /* goes on with an earlier question: its words alone are not all */
    bool and_list;      /* an amount whose rows are worth showing too */
    bool pages_default; /* limit was chosen here */
    const char *notes[MAX_NOTES];
    int n_notes;
};
void query_init(struct query *q, const struct table *t);
/* NULL when there is no room. */
struct cond *query_cond(struct query *q, int column, enum cond_op op, enum tie tie);
void query_select(struct query *q, int column);
#endif
