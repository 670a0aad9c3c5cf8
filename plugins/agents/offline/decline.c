/* Saying what was not understood, and what could be asked instead. */
#include "answer.h"

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
        if (c->near && c->n_words && strncasecmp(c->near, c->words[0], strlen(c->words[0])) == 0)
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
    suggest(m, question, out);
}
