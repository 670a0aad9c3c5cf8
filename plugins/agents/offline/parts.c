/* Two questions in one: "which disk is the fullest, and who filled it?" */
#include "parts.h"
#include "words.h"

#include <string.h>

static bool among(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* Words that refer to something said before: such a part can't be read by itself. */
static bool refers(const struct words *w, int from)
{
    static const char *const words[] = {"it",   "its",  "they", "them", "their", "those", "these",
                                        "he",   "she",  "his",  "her",  "him",   "that",  "this",
                                        "then", "same", "ones", "one",  NULL};
    for (int i = from; i < w->n; i++)
        if (among(w->tok[i].text, words))
            return true;
    return false;
}

bool parts_split(const char *question, size_t len, struct parts *ret)
{
    static const char *const openers[] = {"what", "which", "how",  "who",   "when",  "where",
                                          "why",  "is",    "are",  "does",  "do",    "did",
                                          "show", "list",  "give", "tell",  "count", "can",
                                          "has",  "have",  "will", "since", "whats", NULL};
    static struct words none;
    struct words w = none;
    words_read(question, len, &w);
    for (int i = 1; i < w.n && !w.too_many; i++) {
        const struct token *t = &w.tok[i], *before = &w.tok[i - 1];
        if (!among(t->text, openers))
            continue;
        bool joined = strcmp(before->text, "and") == 0 || strcmp(before->text, ",") == 0;
        size_t stop = before->at + before->len;
        for (size_t k = stop; k < t->at; k++)
            joined = joined || strchr("?.;!", question[k]);
        int last = i - 1;
        while (last >= 0 &&
               (strcmp(w.tok[last].text, "and") == 0 || strcmp(w.tok[last].text, ",") == 0))
            last--;
        if (!joined || last < 0)
            continue;
        ret->first_len = w.tok[last].at + w.tok[last].len;
        ret->second = t->at;
        ret->refers = refers(&w, i);
        return true;
    }
    return false;
}
