/* Which table a question is about, and what the names in it stand for. */
#ifndef OFFLINE_CHOOSE_H
#define OFFLINE_CHOOSE_H
#include "parse.h"

enum verdict { UNDERSTOOD, NOT_UNDERSTOOD, AMBIGUOUS, REFUSED, TOO_LONG, NO_SUCH_NAME };

struct choice {
    enum verdict verdict;
    struct query q;
    bool followup;
    const struct table *rival; /* of AMBIGUOUS */
    const char *words[8];      /* not understood */
    int n_words;
    const char *near;       /* of NO_SUCH_NAME: a name much like it; or NULL */
    const char *assumed[4]; /* "reading X as Y" */
    int n_assumed;
};

struct mind {
    const allora_instance *self;
    allora_ctx *ctx;
    const struct lexicon *lexicon;
    int64_t now_us;
    bool probe; /* may names be looked up in the data? */
};

/* previous: the session's last query, or NULL.  ALLORA_OK, or a failure of a lookup or of memory.
 */
int32_t choose(const struct mind *m, const char *question, size_t len, const struct query *previous,
               struct choice *ret, allora_error *err);
/* Would this be understood? Names are not looked up. */
bool would_understand(const struct mind *m, const char *question);
/* probe.c: finds the columns that hold the names of q. *ret false: some name is nowhere. */
int32_t probe_names(const struct mind *m, struct query *q, struct choice *c, bool *ret,
                    allora_error *err);
/* A name of that table that contains this one; *ret NULL: there is none. */
int32_t probe_part(const struct mind *m, const struct table *t, const char *name, const char **ret,
                   allora_error *err);
#endif
