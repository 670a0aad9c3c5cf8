/* Values, conditions and the question's own words, as parts of a sentence. */
#include "answer.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

void answer_number(double d, const char *unit, struct text *out)
{
    static const char *const sizes[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    if (unit && strcmp(unit, "bytes") == 0) {
        size_t k = 0;
        for (; fabs(d) >= 1024 && k + 1 < sizeof sizes / sizeof *sizes; k++)
            d /= 1024;
        text_addf(out, k == 0 || d >= 100 ? "%.0f %s" : "%.1f %s", d, sizes[k]);
        return;
    }
    if (unit && strcmp(unit, "seconds") == 0) {
        int64_t s = (int64_t)d;
        if (s < 120)
            text_addf(out, "%.3g s", d);
        else if (s < 7200)
            text_addf(out, "%lld min", (long long)(s / 60));
        else if (s < 172800)
            text_addf(out, "%lld h %lld min", (long long)(s / 3600), (long long)(s % 3600 / 60));
        else
            text_addf(out, "%lld days %lld h", (long long)(s / 86400),
                      (long long)(s % 86400 / 3600));
        return;
    }
    if (d == floor(d) && fabs(d) < 1e15)
        text_addf(out, "%.0f", d);
    else
        text_addf(out, unit && strcmp(unit, "percent") == 0 ? "%.1f" : "%.2f", d);
    if (unit)
        text_addf(out, " %s", strcmp(unit, "percent") == 0 ? "%" : unit);
}

const sdk_json *outcome_cell(const struct outcome *o, int row, const char *column)
{
    int at = 0, r = 0;
    bool known = false;
    sdk_foreach (c, o->columns) {
        if (strcmp(sdk_get_str(c, "name", ""), column) == 0) {
            known = true;
            break;
        }
        at++;
    }
    sdk_foreach (list, o->rows) {
        if (r++ != row || !known)
            continue;
        int i = 0;
        sdk_foreach (v, list)
            if (i++ == at)
                return v;
    }
    return NULL;
}

void answer_value(const sdk_json *v, const char *unit, struct text *out)
{
    if (!v || v->type == SDK_NULL)
        text_add(out, "unknown");
    else if (v->type == SDK_INT || v->type == SDK_REAL)
        answer_number(sdk_get_real(v, NULL, 0), unit, out);
    else if (v->type == SDK_BOOL)
        text_add(out, v->u.i ? "yes" : "no");
    else if (v->type == SDK_STRING && v->text.len < 300)
        text_addn(out, v->text.ptr, (size_t)v->text.len);
    else if (v->type == SDK_ARRAY && v->count <= 40) {
        bool first = true;
        sdk_foreach (item, v) {
            text_add(out, first ? "" : ", ");
            answer_value(item, NULL, out);
            first = false;
        }
        if (first)
            text_add(out, "none");
    } else
        text_add(out, "shown below");
}

void answer_count(int64_t n, const struct table *t, struct text *out)
{
    if (n == 0)
        text_addf(out, "no %s", t->plural);
    else
        text_addf(out, "%lld %s", (long long)n, n == 1 ? t->noun : t->plural);
}
static void say_literal(const struct table *t, const struct cond *c, const struct value *v,
                        struct text *out)
{
    if (c->time) {
        char when[32];
        sdk_format_time((int64_t)v->number, when);
        when[10] = ' ';
        when[16] = '\0';
        text_add(out, strcmp(when + 11, "00:00") == 0 ? (when[10] = '\0', when) : when);
        if (when[10])
            text_add(out, " UTC");
    } else if (v->text) {
        text_add(out, v->text);
    } else if (v->is_bool) {
        text_add(out, v->number != 0 ? "true" : "false");
    } else {
        answer_number(v->number, t->columns[c->column].unit, out);
    }
}

/* "user root", "rss over 20 MiB", "named nginx", or the phrase as it was said: "can log in" */
static const char *cond_words(const struct cond *c)
{
    static const char *const ops[] = {[OP_EQ] = "is",
                                      [OP_LT] = "is under",
                                      [OP_LE] = "is at most",
                                      [OP_GT] = "is over",
                                      [OP_GE] = "is at least",
                                      [OP_NULL] = "is not known",
                                      [OP_PREFIX] = "starts with",
                                      [OP_SUFFIX] = "ends with",
                                      [OP_CONTAINS] = "contains",
                                      [OP_HAS] = "holds"};
    static const char *const negated[] = {[OP_EQ] = "is not",
                                          [OP_LT] = "is not under",
                                          [OP_LE] = "is not at most",
                                          [OP_GT] = "is not over",
                                          [OP_GE] = "is not at least",
                                          [OP_NULL] = "is known",
                                          [OP_PREFIX] = "does not start with",
                                          [OP_SUFFIX] = "does not end with",
                                          [OP_CONTAINS] = "does not contain",
                                          [OP_HAS] = "does not hold"};
    if (c->time && (c->op == OP_GE || c->op == OP_GT))
        return c->negated ? "is not since" : "is since";
    if (c->time)
        return c->negated ? "is not before" : "is before";
    return c->negated ? negated[c->op] : ops[c->op];
}

static bool has_noun(const struct table *t, const char *phrase)
{
    sdk_foreach (noun, sdk_member(t->node, "nouns")) {
        const char *at = noun->text.ptr ? strstr(phrase, noun->text.ptr) : NULL;
        size_t n = at ? strlen(noun->text.ptr) : 0;
        if (at && (at == phrase || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    }
    return false;
}

/* Of a table with one row the words that name it, too: "free memory" for "free". */
void answer_label(const struct table *t, int column, struct text *out)
{
    const struct column *c = &t->columns[column];
    const char *label = c->label;
    bool named = !t->one_row || has_noun(t, label);
    sdk_foreach (s, sdk_member(c->node, "synonyms")) {
        if (!named && s->text.ptr && has_noun(t, s->text.ptr)) {
            label = s->text.ptr;
            named = true;
        }
    }
    size_t n = strlen(label);
    if (n > 8 && strcmp(label + n - 8, " percent") == 0)
        text_addf(out, "%.*s share", (int)(n - 8), label);
    else
        text_add(out, label);
}

void answer_cond(const struct table *t, const struct cond *c, struct text *out)
{
    bool truth = c->op == OP_EQ && c->n_values == 1 && c->values[0].is_bool;
    if (c->whole && c->words) {
        text_addf(out, "%s%s", c->turned ? "not " : "", c->words);
        return;
    }
    if (truth) {
        text_addf(out, "%s%s", (c->values[0].number != 0) == c->negated ? "not " : "",
                  t->columns[c->column].label);
        return;
    }
    answer_label(t, c->column, out);
    text_addf(out, " %s", cond_words(c));
    for (int i = 0; i < c->n_values; i++) {
        text_add(out, i == 0 ? " " : c->op == OP_HAS ? " = " : " or ");
        say_literal(t, c, &c->values[i], out);
    }
}

void answer_conds(const struct query *q, int from, int to, struct text *out)
{
    bool any = false;
    for (int i = from; i < to; i++) {
        if (q->conds[i].implied)
            continue;
        text_add(out, any ? ", " : " (");
        answer_cond(q->t, &q->conds[i], out);
        any = true;
    }
    text_add(out, any ? ")" : "");
}

/* ---- the question's own words ---- */

static bool is_be(const char *s)
{
    static const char *const words[] = {"are", "were", "have", "is", "was", "has"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], s) == 0)
            return true;
    return false;
}

/* Verbs in both numbers. */
static const char *const verbs[][2] = {
    {"are", "is"},        {"were", "was"},     {"have", "has"},     {"can", "can"},
    {"use", "uses"},      {"run", "runs"},     {"need", "needs"},   {"listen", "listens"},
    {"own", "owns"},      {"start", "starts"}, {"take", "takes"},   {"belong", "belongs"},
    {"cost", "costs"},    {"end", "ends"},     {"begin", "begins"}, {"contain", "contains"},
    {"expire", "expires"}};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

static bool is_verb(const char *s)
{
    for (size_t i = 0; i < N_VERBS; i++)
        if (strcmp(verbs[i][0], s) == 0 || strcmp(verbs[i][1], s) == 0)
            return true;
    return false;
}

/* "how many|which <noun> VERB rest": where VERB begins; 0: no such shape. */
static uint32_t rest_at(const struct query *q, const struct words *w, int *verb)
{
    char plural[KEY_MAX], singular[KEY_MAX];
    if (!words_key(q->t->plural, true, plural) || !words_key(q->t->noun, true, singular))
        return 0;
    for (int i = 0; i + 1 < w->n; i++) {
        bool open =
            i == 0 ? strcmp(w->tok[0].text, "which") == 0 || strcmp(w->tok[0].text, "what") == 0
                   : i == 1 && strcmp(w->tok[0].text, "how") == 0 &&
                         strcmp(w->tok[1].text, "many") == 0;
        if (!open)
            continue;
        for (int n = 1; n <= 4 && i + n + 1 < w->n; n++) {
            const char *next = w->tok[i + n + 1].text;
            char stem[WORD_MAX];
            word_stem(w->tok[i + n].text, stem);
            char key[KEY_MAX] = "";
            if (!token_key(&w->tok[i + n], true, key) ||
                !(strcmp(key, plural) == 0 || strcmp(key, singular) == 0))
                continue;
            if (!is_verb(next) ||
                (i + n + 2 < w->n && strcmp(w->tok[i + n + 2].text, "there") == 0))
                return 0;
            *verb = i + n + 1;
            return w->tok[i + 1].at;
        }
    }
    return 0;
}

static size_t question_end(const char *s)
{
    size_t n = strlen(s);
    while (n && (isspace((unsigned char)s[n - 1]) || strchr("?.!", s[n - 1])))
        n--;
    return n;
}

/* "12 processes are owned by root" */
bool answer_echo(const struct query *q, const char *question, int64_t n, struct text *out)
{
    static struct words none;
    struct words w = none;
    int verb = 0;
    words_read(question, strlen(question), &w);
    uint32_t at = rest_at(q, &w, &verb);
    if (!at || w.too_many || q->followed)
        return false;
    for (int i = verb + 1; i < w.n; i++)
        if (strcmp(w.tok[i].text, "i") == 0 || strcmp(w.tok[i].text, "my") == 0 ||
            is_be(w.tok[i].text))
            return false;
    const struct token *v = &w.tok[verb];
    bool third =
        strcmp(v->text, "is") == 0 || strcmp(v->text, "was") == 0 || strcmp(v->text, "has") == 0;
    size_t noun_len = strlen(w.tok[verb - 1].text);
    if (third && noun_len && w.tok[verb - 1].text[noun_len - 1] == 's')
        return false; /* "which groups is maria in": the verb is maria's */
    for (int i = verb + 1; i < w.n; i++)
        if (strcmp(w.tok[i].text, "not") == 0 && i > verb + 1)
            return false;
    if (verb + 1 < w.n && strcmp(w.tok[verb].text, "are") == 0 && w.tok[verb].len > 3)
        return false; /* "aren't" */
    bool one = n == 1 || n == 0;
    const char *word = v->text;
    for (size_t i = 0; i < N_VERBS; i++)
        if (strcmp(v->text, verbs[i][0]) == 0 || strcmp(v->text, verbs[i][1]) == 0)
            word = verbs[i][one];
    if (n)
        text_addf(out, "%lld ", (long long)n);
    else
        text_add(out, "No ");
    /* the words between "how many" and the noun, and the noun in its number */
    const struct token *noun = &w.tok[verb - 1];
    text_addn(out, question + at, noun->at - at);
    text_add(out, one ? q->t->noun : q->t->plural);
    text_addf(out, " %s", word);
    size_t from = v->at + v->len, to = question_end(question);
    if (to > from)
        text_addn(out, question + from, to - from);
    return true;
}
