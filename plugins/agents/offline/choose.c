/* Every table reads the question; the one that understands all of it, and best, answers. */
#include "choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two tables closer than this are a question back to the person. */
#define MARGIN 0.25

struct candidate {
    struct parse *p;
    double score;
};

/* ---- sample questions of the manifests, as evidence ---- */

static int stems_of(const char *text, char stems[][WORD_MAX], int max)
{
    struct words w;
    int n = 0;
    words_read(text, strlen(text), &w);
    for (int i = 0; i < w.n && n < max; i++)
        word_stem(w.tok[i].text, stems[n++]);
    return n;
}

static double overlap(char a[][WORD_MAX], int n_a, char b[][WORD_MAX], int n_b)
{
    int common = 0;
    for (int i = 0; i < n_a; i++)
        for (int k = 0; k < n_b; k++)
            if (strcmp(a[i], b[k]) == 0) {
                common++;
                break;
            }
    int all = n_a + n_b - common;
    return all > 0 ? (double)common / all : 0;
}

static double sample_score(const struct table *t, char stems[][WORD_MAX], int n)
{
    double best = 0;
    static _Thread_local char other[MAX_TOKENS][WORD_MAX];
    sdk_foreach (q, sdk_member(t->node, "questions")) {
        int k = stems_of(q->text.ptr ? q->text.ptr : "", other, MAX_TOKENS);
        double s = overlap(stems, n, other, k);
        best = s > best ? s : best;
    }
    return best >= 0.99 ? 3 : best * 0.9;
}

/* ---- one question, all tables ---- */

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->score < y->score ? 1 : x->score > y->score ? -1 : 0;
}

static void note_unknown(const struct mind *m, const struct words *w, const struct parse *p,
                         struct choice *c)
{
    for (int i = 0; i < p->n_unknown && c->n_words < 8; i++) {
        const char *word = sdk_copy(m->self, m->ctx, sdk_str(w->tok[p->unknown[i]].raw));
        if (word)
            c->words[c->n_words++] = word;
    }
}

/* Words that no table and no grammar knows. */
static void note_strangers(const struct mind *m, const struct words *w, struct choice *c)
{
    for (int i = 0; i < w->n && c->n_words < 8; i++) {
        char exact[KEY_MAX] = "", stem[KEY_MAX] = "";
        struct words one = {.n = 1};
        one.tok[0] = w->tok[i];
        if (w->tok[i].kind != T_WORD || !token_key(&w->tok[i], false, exact) ||
            !token_key(&w->tok[i], true, stem))
            continue;
        static _Thread_local struct parse p;
        memset(&p, 0, sizeof p);
        const struct table none = {.name_column = -1, .time_column = -1};
        p.w = &one;
        p.t = &none;
        parse_items(&p);
        if (p.n == 1 && p.items[0].kind == I_NAME && !lexicon_knows(m->lexicon, exact) &&
            !lexicon_knows(m->lexicon, stem)) {
            const char *word = sdk_copy(m->self, m->ctx, sdk_str(w->tok[i].raw));
            if (word)
                c->words[c->n_words++] = word;
        }
    }
}

static bool is_followup(const struct words *w, const struct parse *p)
{
    static const char *const openers[] = {"only", "and", "just", "what about", "how about",
                                          "now",  "but", "then", "same"};
    (void)p;
    for (int i = 0; i < w->n; i++) {
        const char *t = w->tok[i].text;
        if (strcmp(t, "them") == 0 || strcmp(t, "those") == 0 || strcmp(t, "these") == 0 ||
            strcmp(t, "they") == 0 || strcmp(t, "ones") == 0 ||
            (strcmp(t, "that") == 0 && i == w->n - 1) || strcmp(t, "it") == 0)
            return true;
    }
    for (size_t k = 0; k < sizeof openers / sizeof *openers && w->n; k++)
        if (strncmp(w->tok[0].text, openers[k], strcspn(openers[k], " ")) == 0 &&
            strlen(w->tok[0].text) == strcspn(openers[k], " "))
            return true;
    return false;
}

static int read_all(const struct mind *m, const struct words *w, struct candidate *list,
                    struct parse **closest)
{
    int n = 0;
    static _Thread_local char stems[MAX_TOKENS][WORD_MAX];
    int n_stems = 0;
    for (int i = 0; i < w->n; i++)
        word_stem(w->tok[i].text, stems[n_stems++]);
    for (int i = 0; i < m->lexicon->n_tables; i++) {
        const struct table *t = &m->lexicon->tables[i];
        struct parse *p = sdk_alloc(m->self, m->ctx, sizeof *p);
        if (!p)
            return -1;
        parse_table(w, m->lexicon, t, m->now_us, NULL, p);
        if (p->refuse) {
            *closest = p;
            return 0;
        }
        if (p->failed) {
            if (!*closest || (p->n_unknown && p->score - 2.0 * p->n_unknown >
                                                  (*closest)->score - 2.0 * (*closest)->n_unknown))
                *closest = p;
            continue;
        }
        list[n++] = (struct candidate){p, p->score + sample_score(t, stems, n_stems)};
    }
    qsort(list, (size_t)n, sizeof *list, by_score);
    return n;
}

/* "is x installed?" where no table has an x: no. */
static int n_names(const struct query *q)
{
    int n = 0;
    for (int i = 0; i < q->n_conds; i++)
        n += q->ties[i] != TIE_NONE;
    return n;
}

static bool is_word(const struct lexicon *l, const char *name)
{
    char key[KEY_MAX];
    return !name || !words_key(name, false, key) || lexicon_knows(l, key);
}

/* "is the fan spinning": what has an article is no name. */
static bool has_article(const struct words *w, const struct query *q)
{
    for (int i = 1; i < w->n; i++) {
        const char *before = w->tok[i - 1].text;
        bool article = strcmp(before, "the") == 0 || strcmp(before, "a") == 0 ||
                       strcmp(before, "an") == 0 || strcmp(before, "my") == 0;
        for (int k = 0; k < q->n_conds && article; k++)
            if (q->ties[k] == TIE_SUBJECT && q->conds[k].values[0].text &&
                strcmp(q->conds[k].values[0].text, w->tok[i].raw) == 0)
                return true;
    }
    return false;
}

static bool nobody_has_it(const struct lexicon *l, const struct query *best, struct choice *c)
{
    struct query q = *best;
    bool told = false;
    if (n_names(&q) != 1)
        return false;
    for (int i = 0; i < q.n_conds; i++) {
        if (q.ties[i] == TIE_NONE) {
            const char *words = q.conds[i].words; /* what one may "have" is more than one kind */
            told = told || !words || strcmp(words, "have") != 0;
        } else if (q.ties[i] == TIE_SUBJECT && q.t->name_column >= 0 &&
                   q.t->columns[q.t->name_column].type == C_TEXT &&
                   !is_word(l, q.conds[i].values[0].text)) {
            for (int k = 0; k < q.n_conds; k++)
                if (q.conds[k].column == q.t->name_column)
                    return false;
            q.conds[i].column = q.t->name_column;
            q.ties[i] = TIE_NONE;
        } else {
            return false;
        }
    }
    if (!told || q.want != WANT_YESNO)
        return false;
    c->q = q;
    c->n_words = 0;
    c->verdict = UNDERSTOOD;
    return true;
}

/* The candidates, best first, until one's names are found in the data. */
static int32_t pick(const struct mind *m, const struct words *w, struct candidate *list, int n,
                    struct choice *c, allora_error *err)
{
    bool close = n > 1 && list[0].score - list[1].score < MARGIN && !n_names(&list[1].p->q);
    for (int i = 0; i < n && list[0].score - list[i].score < 3; i++) {
        struct query q = list[i].p->q;
        struct choice attempt = *c;
        bool found = true, names = false;
        for (int k = 0; k < q.n_conds; k++)
            names = names || q.ties[k] != TIE_NONE;
        if (names && m->probe) {
            int32_t status = probe_names(m, &q, &attempt, &found, err);
            if (status)
                return status;
        }
        if (!found) {
            if (i == 0)
                *c = attempt;
            continue;
        }
        if (i == 0 && close && !names && !(list[0].p->t->one_row && list[1].p->t->one_row)) {
            c->verdict = AMBIGUOUS;
            c->q = q;
            c->rival = list[1].p->t;
            return ALLORA_OK;
        }
        *c = attempt;
        c->verdict = UNDERSTOOD;
        c->q = q;
        return ALLORA_OK;
    }
    for (int i = 0; i < n && m->probe && n_names(&list[0].p->q) == 1 && !c->near; i++) {
        const char *name = NULL;
        for (int k = 0; k < list[0].p->q.n_conds; k++)
            if (list[0].p->q.ties[k] != TIE_NONE)
                name = list[0].p->q.conds[k].values[0].text;
        int32_t status = name ? probe_part(m, list[i].p->t, name, &c->near, err) : ALLORA_OK;
        if (status < 0)
            return status;
    }
    if (n && !c->near && !has_article(w, &list[0].p->q) &&
        nobody_has_it(m->lexicon, &list[0].p->q, c))
        return ALLORA_OK;
    c->verdict = NO_SUCH_NAME;
    return ALLORA_OK;
}

/* What a follow-up adds to the query before it. */
static void merge(const struct query *old, const struct parse *p, struct query *ret)
{
    const struct query *fresh = &p->q;
    *ret = *old;
    for (int i = 0; i < fresh->n_conds; i++) {
        const struct cond *c = &fresh->conds[i];
        int at = -1;
        for (int k = 0; k < ret->n_conds && at < 0; k++)
            if (ret->conds[k].column == c->column && ret->conds[k].op == OP_EQ && c->op == OP_EQ &&
                !c->negated && !ret->conds[k].negated)
                at = k;
        if (at < 0 && ret->n_conds < MAX_CONDS)
            at = ret->n_conds++;
        if (at >= 0) {
            ret->conds[at] = *c;
            ret->ties[at] = fresh->ties[i];
        }
    }
    if (fresh->want != WANT_LIST || p->head == HEAD_AMOUNT) {
        ret->want = fresh->want;
        ret->agg = fresh->agg;
        ret->agg_column = fresh->agg_column;
        ret->group = fresh->group;
        ret->group2 = fresh->group2;
        ret->by_agg = fresh->by_agg;
        ret->descending = fresh->descending;
        ret->order = -1;
        ret->limit = fresh->limit;
        ret->n_select = 0;
        ret->lone = ret->pages_default = false;
    } else if (p->which || fresh->n_select || p->pronoun) {
        if (ret->want == WANT_COUNT || ret->want == WANT_YESNO || ret->want == WANT_NUMBER)
            ret->want = WANT_LIST;
    }
    if (fresh->order >= 0) {
        ret->order = fresh->order;
        ret->descending = fresh->descending;
        ret->limit = fresh->limit && !fresh->pages_default ? fresh->limit : ret->limit;
        ret->lone = fresh->lone;
        ret->want = ret->want == WANT_GROUP ? WANT_GROUP : WANT_LIST;
    } else if (fresh->limit) {
        ret->limit = fresh->limit;
    }
    for (int i = 0; i < fresh->n_select; i++)
        query_select(ret, fresh->select[i]);
}

static int32_t follow(const struct mind *m, const struct words *w, const struct query *previous,
                      struct choice *c, allora_error *err)
{
    struct parse *p = sdk_alloc(m->self, m->ctx, sizeof *p);
    if (!p)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    parse_table(w, m->lexicon, previous->t, m->now_us, previous, p);
    if (p->failed) {
        c->verdict = p->refuse ? REFUSED : NOT_UNDERSTOOD;
        note_unknown(m, w, p, c);
        return ALLORA_OK;
    }
    bool found = true;
    struct query q;
    for (int i = 0; i < w->n; i++) {
        const char *t = w->tok[i].text;
        p->pronoun = p->pronoun || strcmp(t, "show") == 0 || strcmp(t, "list") == 0;
    }
    if (m->probe) {
        int32_t status = probe_names(m, &p->q, c, &found, err);
        if (status)
            return status;
    }
    merge(previous, p, &q);
    c->verdict = found ? UNDERSTOOD : NO_SUCH_NAME;
    c->q = q;
    c->followup = c->q.followed = true;
    return ALLORA_OK;
}

int32_t choose(const struct mind *m, const char *question, size_t len, const struct query *previous,
               struct choice *ret, allora_error *err)
{
    struct words *w = sdk_alloc(m->self, m->ctx, sizeof *w);
    size_t n_list = (size_t)m->lexicon->n_tables + 1;
    struct candidate *list = sdk_alloc(m->self, m->ctx, n_list * sizeof *list);
    if (!w || !list)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    memset(ret, 0, sizeof *ret);
    words_read(question, len, w);
    if (w->too_many || w->n == 0) {
        ret->verdict = w->too_many ? TOO_LONG : NOT_UNDERSTOOD;
        return ALLORA_OK;
    }
    struct parse *closest = NULL;
    int n = read_all(m, w, list, &closest);
    if (n < 0)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    if (closest && closest->refuse) {
        ret->verdict = REFUSED;
        note_unknown(m, w, closest, ret);
        return ALLORA_OK;
    }
    bool noun =
        n > 0 && list[0].p->noun_at >= 0 && list[0].p->q.t != (previous ? previous->t : NULL);
    const struct parse *best = n > 0 ? list[0].p : NULL;
    bool bare = best && best->noun_at < 0 && best->q.want == WANT_LIST && !best->t->one_row &&
                best->q.n_select == 0 && best->q.order < 0; /* "in eu-north?" */
    if (previous && (is_followup(w, closest) || n == 0 || bare) && !noun) {
        int32_t status = follow(m, w, previous, ret, err);
        if (status || ret->verdict == UNDERSTOOD || n == 0)
            return status;
    }
    if (n > 0)
        return pick(m, w, list, n, ret, err);
    ret->verdict = NOT_UNDERSTOOD;
    note_strangers(m, w, ret);
    if (ret->n_words == 0 && closest)
        note_unknown(m, w, closest, ret);
    return ALLORA_OK;
}

bool would_understand(const struct mind *m, const char *question)
{
    struct mind quiet = *m;
    struct choice c;
    allora_error err = {.size = sizeof err};
    quiet.probe = false;
    return choose(&quiet, question, strlen(question), NULL, &c, &err) == ALLORA_OK &&
           c.verdict == UNDERSTOOD;
}
