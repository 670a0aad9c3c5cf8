/* Answers in the question's own words: "how much memory is free?" – "22.8 GiB of memory is free".
 * Every word of a question that was understood has a role, so that saying it again is true.  A
 * question of no such shape gets a plain sentence from answer.c. */
#include "answer.h"

#include <ctype.h>
#include <string.h>

struct shape {
    const char *question;
    struct words w;
    const struct table *t;
    struct text *out;
};

static bool is(const struct shape *s, int i, const char *word)
{
    return i >= 0 && i < s->w.n && strcmp(s->w.tok[i].text, word) == 0;
}

static bool one_of(const struct shape *s, int i, const char *const *list)
{
    for (; *list; list++)
        if (is(s, i, *list))
            return true;
    return false;
}

static const char *const be[] = {"is", "are", "was", "were", NULL};
static const char *const own[] = {"my", "our", "your", "the", "this", NULL};
static const char *const persons[] = {"i", "we", "you", NULL};

/* Of two words that one contraction stands for, the second has no place of its own. */
static bool plain(const struct shape *s, int from, int to)
{
    for (int i = from; i < to; i++)
        if (i < 0 || i >= s->w.n || (i > 0 && s->w.tok[i].at == s->w.tok[i - 1].at) ||
            (i + 1 < s->w.n && s->w.tok[i].at == s->w.tok[i + 1].at))
            return false;
    return true;
}

/* The words from … to - 1 as they were typed, but that "my" becomes "your". */
static void say(const struct shape *s, int from, int to)
{
    static const char *const turned[][2] = {
        {"my", "your"}, {"our", "your"}, {"i", "you"}, {"we", "you"}, {"me", "you"}};
    for (int i = from; i < to; i++) {
        const struct token *t = &s->w.tok[i];
        uint32_t end = i + 1 < s->w.n ? s->w.tok[i + 1].at : (uint32_t)strlen(s->question);
        const char *as = NULL;
        for (size_t k = 0; k < sizeof turned / sizeof *turned; k++)
            if (strcmp(t->text, turned[k][0]) == 0)
                as = turned[k][1];
        uint32_t stop = i + 1 < to ? end : t->at + t->len;
        if (t->kind == T_QUOTED && i + 1 == to) /* with its closing mark */
            stop += s->question[stop] != '\0';
        uint32_t start = t->kind == T_QUOTED && t->at ? t->at - 1 : t->at;
        if (as) {
            text_add(s->out, as);
            start = t->at + t->len;
        }
        if (stop > start)
            text_addn(s->out, s->question + start, stop - start);
    }
}

static int find(const struct shape *s, int from, const char *const *list)
{
    for (int i = from; i < s->w.n; i++)
        if (one_of(s, i, list))
            return i;
    return -1;
}

/* "how much N is P", "how much N is there" */
static bool much_is(const struct shape *s, const char *amount, int n, int verb)
{
    if (is(s, n, "of") || !plain(s, n, s->w.n) || find(s, verb + 1, be) >= 0)
        return false;
    if (is(s, verb + 1, "there")) {
        text_addf(s->out, "there is %s of ", amount);
        say(s, n, verb);
        text_add(s->out, verb + 2 < s->w.n ? " " : "");
        say(s, verb + 2, s->w.n);
        return verb > n;
    }
    if (verb == n || verb + 1 >= s->w.n)
        return false;
    text_addf(s->out, "%s of ", amount);
    say(s, n, verb);
    text_add(s->out, " is ");
    say(s, verb + 1, s->w.n);
    return true;
}

/* "how much N does S use", "how much does S cost" */
static bool much_does(const struct shape *s, const char *amount, int n, int verb)
{
    static const char *const verbs[] = {"use",  "have",    "need", "take",   "consume",
                                        "cost", "receive", "hold", "occupy", NULL};
    static const char *const said[][2] = {{"have", "has"}, {"occupy", "occupies"}};
    int v = find(s, verb + 1, verbs);
    if (v < verb + 2 || is(s, n, "of") || !plain(s, n, s->w.n) || is(s, verb, "did"))
        return false;
    bool many = is(s, verb, "do");
    if (one_of(s, verb + 1, persons) && v == verb + 2)
        text_add(s->out, "you");
    else
        say(s, verb + 1, v);
    text_addf(s->out, " ");
    const char *word = s->w.tok[v].text;
    bool done = many;
    for (size_t k = 0; !many && k < 2; k++)
        if (strcmp(word, said[k][0]) == 0) {
            text_add(s->out, said[k][1]);
            done = true;
        }
    if (many || !done)
        text_addf(s->out, "%s%s", word, many ? "" : "s");
    text_addf(s->out, n < verb ? " %s of " : " %s", amount);
    say(s, n, verb);
    text_add(s->out, v + 1 < s->w.n ? " " : "");
    say(s, v + 1, s->w.n);
    return true;
}

/* "how full is S" */
static bool how_is(const struct shape *s, const char *amount, const char *unit)
{
    static const char *const adjectives[] = {"full", "big", "large", "old", "fast", NULL};
    bool percent = unit && strcmp(unit, "percent") == 0;
    if (!one_of(s, 1, adjectives) || !one_of(s, 2, be) || s->w.n < 4 || !plain(s, 3, s->w.n) ||
        percent != is(s, 1, "full") || find(s, 3, be) >= 0)
        return false;
    say(s, 3, s->w.n);
    text_addf(s->out, " %s %s %s", s->w.tok[2].text, amount, s->w.tok[1].text);
    return true;
}

/* "what is the X" */
static bool what_is(const struct shape *s, const char *amount)
{
    int x = is(s, 0, "whats") ? 1 : is(s, 0, "what") && one_of(s, 1, be) ? 2 : -1;
    if (x < 0 || x + 1 >= s->w.n || !plain(s, x, s->w.n) || find(s, x, be) >= 0)
        return false;
    if (!one_of(s, x, own) && x > 1)
        return false;
    if (!one_of(s, x, own))
        text_add(s->out, "the ");
    say(s, x, s->w.n);
    text_addf(s->out, " %s %s", x == 2 ? s->w.tok[1].text : "is", amount);
    return true;
}

/* "how long has S been up" */
static bool how_long(const struct shape *s, const char *amount, const char *unit)
{
    static const char *const been[] = {"been", NULL};
    int b = find(s, 3, been);
    if (!is(s, 1, "long") || !(is(s, 2, "has") || is(s, 2, "have")) || b < 4 ||
        !plain(s, 3, s->w.n) || b + 1 >= s->w.n)
        return false;
    say(s, 3, b);
    text_addf(s->out, " %s been ", s->w.tok[2].text);
    say(s, b + 1, s->w.n);
    text_addf(s->out, " %s %s", unit && strcmp(unit, "seconds") == 0 ? "for" : "since", amount);
    return true;
}

static bool start(struct shape *s, const struct query *q, const char *question, struct text *out)
{
    s->question = question;
    s->t = q->t;
    s->out = out;
    words_read(question, strlen(question), &s->w);
    return !q->followed && !s->w.too_many && s->w.n > 1;
}

bool answer_shape(const struct query *q, const char *question, const char *amount, const char *unit,
                  struct text *out)
{
    static const char *const verbs[] = {"is", "are", "does", "do", NULL};
    struct shape *s = &(struct shape){0};
    bool done = false;
    size_t before = out->len;
    if (!start(s, q, question, out))
        return false;
    int first = is(s, 0, "so") || is(s, 0, "and") ? -1 : 0;
    if (first < 0)
        return false;
    if (is(s, 0, "how") && (is(s, 1, "much") || is(s, 1, "many"))) {
        int v = find(s, 2, verbs);
        if (v >= 2 && is(s, 1, "much"))
            done = one_of(s, v, be) ? much_is(s, amount, 2, v) : much_does(s, amount, 2, v);
    } else if (is(s, 0, "how")) {
        done = how_is(s, amount, unit) || how_long(s, amount, unit);
    } else {
        done = what_is(s, amount);
    }
    if (!done && out->p) {
        out->len = before;
        out->p[before] = '\0';
    }
    return done;
}

/* Where the subject of "is S P" ends: one word, "the" and a noun, "port 22". */
static int subject_end(const struct shape *s)
{
    char plural[KEY_MAX] = "", singular[KEY_MAX] = "", key[KEY_MAX] = "";
    int i = 1 + one_of(s, 1, own);
    if (i + 1 >= s->w.n || !words_key(s->t->plural, true, plural) ||
        !words_key(s->t->noun, true, singular) || !token_key(&s->w.tok[i], true, key))
        return -1;
    bool noun = strcmp(key, plural) == 0 || strcmp(key, singular) == 0;
    if (i == 2 && !s->t->one_row)
        return -1; /* "my disk", of which there may be many */
    const struct token *next = &s->w.tok[i + 1];
    bool named = next->kind == T_NUMBER || next->text[0] == '/' || next->kind == T_QUOTED;
    if (i == 1 && noun && !named && !s->t->one_row)
        return -1;
    return i + 1 + (noun && named);
}

bool answer_shape_yesno(const struct query *q, const char *question, bool yes, struct text *out)
{
    static const char *const any[] = {
        "there", "any",    "all",      "every",   "each",      "a",       "an",   "it",
        "they",  "that",   "anything", "anyone",  "not",       "anybody", "some", "more",
        "no",    "either", "both",     "someone", "something", NULL};
    struct shape *s = &(struct shape){0};
    if (!start(s, q, question, out) || q->all)
        return false;
    for (int i = 1; i < s->w.n; i++)
        if (is(s, i, "not") || is(s, i, "or") || is(s, i, "no") || is(s, i, "never"))
            return false;
    if (one_of(s, 0, be) && is(s, 1, "there") && !yes && plain(s, 2, s->w.n)) {
        int x = 2 + (is(s, 2, "any") || is(s, 2, "a") || is(s, 2, "an"));
        if (x == 2 || x >= s->w.n)
            return false;
        text_addf(out, "No: there %s no ", s->w.tok[0].text);
        say(s, x, s->w.n);
        return true;
    }
    if (one_of(s, 0, be) && (is(s, 1, "anything") || is(s, 1, "anyone") || is(s, 1, "any")) &&
        s->w.n > 3 - !is(s, 1, "any") && !yes && plain(s, 1, s->w.n)) {
        text_add(out, "No: ");
        text_add(out, is(s, 1, "anything") ? "nothing" : is(s, 1, "anyone") ? "nobody" : "no ");
        if (is(s, 1, "any")) { /* "any disk nearly full" */
            say(s, 2, 3);
            text_addf(out, " %s ", s->w.tok[0].text);
            say(s, 3, s->w.n);
        } else {
            text_addf(out, " %s ", s->w.tok[0].text);
            say(s, 2, s->w.n);
        }
        return true;
    }
    if (is(s, 0, "do") && one_of(s, 1, persons) && is(s, 2, "have") && yes && s->w.n > 3 &&
        plain(s, 3, s->w.n)) {
        text_add(out, "Yes: you have ");
        say(s, 3 + is(s, 3, "any"), s->w.n);
        return true;
    }
    bool can = is(s, 0, "can");
    if ((!one_of(s, 0, be) && !can) || one_of(s, 1, any) || one_of(s, 1, persons))
        return false;
    int end = subject_end(s);
    if (end < 0 || end >= s->w.n || !plain(s, 0, s->w.n))
        return false;
    text_add(out, yes ? "Yes: " : "No: ");
    say(s, 1, end);
    text_addf(out, " %s ", can ? (yes ? "can" : "cannot") : s->w.tok[0].text);
    text_add(out, yes || can ? "" : "not ");
    say(s, end, s->w.n);
    return true;
}
