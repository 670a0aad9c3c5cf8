/* Saying what was not understood, and what could be asked instead. */
#include "answer.h"
#include "function.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static int shared(const struct words *a, const char *other)
{
    struct words b;
    int n = 0;
    words_read(other, strlen(other), &b);
    for (int i = 0; i < a->n; i++) {
        char x[WORD_MAX], y[WORD_MAX];
        word_stem(a->tok[i].text, x);
        if (strlen(x) < 3)
            continue;
        for (int k = 0; k < b.n; k++) {
            word_stem(b.tok[k].text, y);
            if (strcmp(x, y) == 0) {
                n += 1 + (strlen(x) > 4);
                break;
            }
        }
    }
    return n;
}

/* The manifests' own questions that have the most words in common, and that work. */
static void suggest(const struct mind *m, const char *question, struct text *out)
{
    const char *best[2] = {NULL, NULL};
    struct words *w = sdk_alloc(m->self, m->ctx, sizeof *w);
    if (!w)
        return;
    words_read(question, strlen(question), w);
    for (int round = 0; round < 2; round++) {
        int most = -1;
        for (int i = 0; i < m->lexicon->n_tables; i++) {
            sdk_foreach (q, sdk_member(m->lexicon->tables[i].node, "questions")) {
                int n = q->text.ptr && q->text.ptr != best[0] ? shared(w, q->text.ptr) : -1;
                if (n > most && would_understand(m, q->text.ptr)) {
                    most = n;
                    best[round] = q->text.ptr;
                }
            }
        }
    }
    if (!best[0])
        return;
    text_add(out, "\nThese would work, for example:\n");
    for (int i = 0; i < 2 && best[i]; i++)
        text_addf(out, "  allora ask \"%s\"\n", best[i]);
}

/* ---- one letter wrong ---- */

/* One letter more, less, another, or two that changed places. */
static bool nearly(const char *a, const char *b)
{
    size_t n = strlen(a), k = strlen(b), i = 0;
    while (a[i] && a[i] == b[i])
        i++;
    if (n == k)
        return a[i] && (strcmp(a + i + 1, b + i + 1) == 0 ||
                        (a[i + 1] && a[i] == b[i + 1] && a[i + 1] == b[i] &&
                         strcmp(a + i + 2, b + i + 2) == 0));
    return n + 1 == k ? strcmp(a + i, b + i + 1) == 0 : n == k + 1 && !strcmp(a + i + 1, b + i);
}

struct offer {
    const struct mind *m;
    const char *question;
    const struct token *token; /* the word that may be misspelt */
    struct text out;           /* the question as it would be understood */
    int tries;
};

/* Would the question be understood with this word in its place? */
static bool offer_word(struct offer *o, const char *word)
{
    if (!nearly(o->token->text, word) || o->tries++ > 20)
        return false;
    text_free(&o->out);
    text_addn(&o->out, o->question, o->token->at);
    text_add(&o->out, word);
    text_add(&o->out, o->question + o->token->at + o->token->len);
    return !o->out.failed && would_understand(o->m, o->out.p);
}

/* Each word of a phrase, in both numbers. */
static bool offer_phrase(struct offer *o, const char *phrase)
{
    static const char *const ends[] = {"", "s", "es"};
    size_t n = o->token->len;
    for (const char *p = phrase; *p;) {
        size_t k = strcspn(p, " ");
        char word[WORD_MAX];
        for (size_t e = 0; e < 3 && k >= 3 && k + 3 < sizeof word && k < n + 3; e++) {
            (void)snprintf(word, sizeof word, "%.*s%s", (int)k, p, ends[e]);
            if (offer_word(o, word))
                return true;
        }
        p += k + (p[k] != '\0');
    }
    return false;
}

static bool offer_any(struct offer *o)
{
    static const struct function *const lists[] = {function_questions, function_measures};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const struct function *f = lists[l]; f->words; f++)
            if (!strchr(f->words, ' ') && offer_word(o, f->words))
                return true;
    for (int i = 0; i < o->m->lexicon->n_tables; i++) {
        const struct table *t = &o->m->lexicon->tables[i];
        for (int k = 0; k < t->n_entries; k++)
            if (!t->entries[k].stemmed && offer_phrase(o, t->entries[k].words))
                return true;
    }
    return false;
}

/* "Did you mean …?": only ever an offer. */
static bool spelling(const struct mind *m, const char *question, struct text *out)
{
    struct words *w = sdk_alloc(m->self, m->ctx, sizeof *w);
    if (!w)
        return false;
    words_read(question, strlen(question), w);
    for (int i = 0; i < w->n; i++) {
        struct offer o = {.m = m, .question = question, .token = &w->tok[i]};
        char exact[KEY_MAX] = "", stem[KEY_MAX] = "";
        enum func f;
        if (w->tok[i].kind != T_WORD || w->tok[i].len < 3 ||
            w->tok[i].len != strlen(w->tok[i].text) || function_at(w, i, &f) ||
            !token_key(&w->tok[i], false, exact) || !token_key(&w->tok[i], true, stem) ||
            lexicon_knows(m->lexicon, exact) || lexicon_knows(m->lexicon, stem))
            continue;
        bool found = offer_any(&o);
        if (found)
            text_addf(out, "\nDid you mean this?\n  allora ask \"%.300s\"", o.out.p);
        text_free(&o.out);
        if (found)
            return true;
    }
    return false;
}

static void words_list(const struct choice *c, struct text *out)
{
    for (int i = 0; i < c->n_words; i++)
        text_addf(out, "%s“%.60s”",
                  i == 0                ? ""
                  : i + 1 == c->n_words ? " and "
                                        : ", ",
                  c->words[i]);
}

void decline_write(const struct mind *m, const char *question, const struct choice *c,
                   struct text *out)
{
    switch ((int)c->verdict) {
    case TOO_LONG:
        text_add(out, "That is too long for me: I read questions of up to 80 words.");
        break;
    case REFUSED:
        text_add(out, "I can't do that (");
        words_list(c, out);
        text_add(out, "): I look up what is there now. I change nothing, and I know no reasons "
                      "and no future.");
        break;
    case AMBIGUOUS:
        text_addf(out, "Do you mean %s (%s) or %s (%s)? Please name one of them.", c->q.t->plural,
                  c->q.t->name, c->rival->plural, c->rival->name);
        break;
    case NO_SUCH_NAME:
        text_add(out, "I don't know what ");
        words_list(c, out);
        text_add(out, c->n_words > 1 ? " are" : " is");
        text_add(out, ": no table has such a word, and no name of that kind is in the data.");
        if (c->near && c->n_words && strcasecmp(c->near, c->words[0]) != 0 &&
            strncasecmp(c->near, c->words[0], strlen(c->words[0])) == 0)
            text_addf(out, " There is “%.60s”; is that what you mean?", c->near);
        break;
    case NOT_UNDERSTOOD:
    case UNDERSTOOD:
    default:
        text_add(out, "I did not understand ");
        if (c->n_words)
            words_list(c, out);
        else
            text_add(out, "how these words go together");
        text_add(out, ".");
        break;
    }
    bool misspelt = c->verdict == NOT_UNDERSTOOD || c->verdict == NO_SUCH_NAME;
    if (!misspelt || !spelling(m, question, out))
        suggest(m, question, out);
}
