/* Cuts the words of a question into items: phrases of the table's lexicon, English function words,
 * numbers, times, names.  The longest phrase wins. */
#include "parse.h"

#include <stdio.h>
#include <string.h>

/* "file" is not "filed", though they have one stem; but "did it receive" is "received". */
static bool other_word(const struct parse *p, const struct entry *e, const struct token *tok)
{
    for (int i = 0; i < p->w->n; i++)
        if (strcmp(p->w->tok[i].text, "did") == 0 || strcmp(p->w->tok[i].text, "does") == 0 ||
            strcmp(p->w->tok[i].text, "do") == 0)
            return false;
    size_t n = strlen(e->words), k = strlen(tok->text);
    return e->meaning == M_COLUMN && !strchr(e->words, ' ') && n > 3 &&
           strcmp(e->words + n - 2, "ed") == 0 && k < n && k + 2 >= n &&
           memcmp(e->words, tok->text, k) == 0;
}

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n > k && strcmp(s + n - k, end) == 0;
}

/* "started" is not "starting": of states the form of the verb tells them apart. */
static bool other_form(const struct entry *e, const struct token *tok)
{
    bool state = e->meaning == M_VALUE || e->meaning == M_PHRASE;
    return state && ((ends_in(e->words, "ing") && ends_in(tok->text, "ed")) ||
                     (ends_in(e->words, "ed") && ends_in(tok->text, "ing")));
}

static void take_readings(struct item *it, const struct parse *p, const char *key, bool stemmed)
{
    const struct table *t = p->t;
    int n = 0;
    const struct entry *e = lexicon_find(t, key, &n);
    for (int k = 0; k < n && it->n_readings < MAX_READINGS; k++) {
        if (stemmed && e[k].meaning == M_HERE) /* "the servers" are not this one */
            continue;
        if (e[k].stemmed != stemmed ||
            (stemmed && it->n == 1 &&
             (other_word(p, &e[k], &p->w->tok[it->at]) || other_form(&e[k], &p->w->tok[it->at]))))
            continue;
        bool seen = false;
        for (int r = 0; r < it->n_readings; r++)
            seen = seen || (it->readings[r]->meaning == e[k].meaning &&
                            it->readings[r]->column == e[k].column);
        if (!seen)
            it->readings[it->n_readings++] = &e[k];
    }
}

/* The longest phrase of the lexicon that begins at token i. */
static int entry_at(const struct parse *p, int i, struct item *ret)
{
    char exact[KEY_MAX] = "", stem[KEY_MAX] = "";
    int best = 0;
    for (int n = 1; n <= MAX_SPAN && i + n <= p->w->n; n++) {
        const struct token *tok = &p->w->tok[i + n - 1];
        if (tok->kind == T_QUOTED || tok->kind == T_PAIR || tok->kind == T_DATE || tok->too_long)
            break;
        if (tok->kind == T_SIGN && tok->text[0] != '%')
            break;
        if (!token_key(tok, false, exact) || !token_key(tok, true, stem))
            break;
        struct item it = {.kind = I_WORDS, .at = i, .n = n};
        take_readings(&it, p, exact, false);
        it.exact = it.n_readings > 0;
        take_readings(&it, p, stem, true);
        if (it.n_readings) {
            *ret = it;
            best = n;
        }
        if (tok->possessive)
            break;
    }
    return best;
}

bool table_looks_ahead(const struct table *t)
{
    static const char *const words[] = {"expir", "due", "renewal", "ends"};
    if (t->time_column < 0)
        return false;
    const struct column *c = &t->columns[t->time_column];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(c->name, words[i]))
            return true;
    return false;
}

static bool only_function(enum func f)
{
    return f != F_NONE && f != F_NOISE && f != F_IN && f != F_OF && f != F_WITH;
}

static bool known_word(const struct parse *p, int i)
{
    struct item it;
    enum func f;
    return entry_at(p, i, &it) > 0 || function_at(p->w, i, &f) > 0;
}

static struct item next_item(const struct parse *p, int i)
{
    const struct token *tok = &p->w->tok[i];
    struct item entry = {.at = i}, it = {.kind = I_NAME, .at = i, .n = 1};
    enum func f = F_NONE;
    int n_entry = entry_at(p, i, &entry);
    int n_func = tok->kind == T_WORD || tok->kind == T_SIGN ? function_at(p->w, i, &f) : 0;
    struct span span;
    int n_time = calendar_read(p->w, i, p->now_us, table_looks_ahead(p->t), &span);
    if (tok->kind == T_QUOTED)
        return it;
    if (tok->kind == T_PAIR) {
        it.kind = I_PAIR;
        return it;
    }
    if (n_time && n_time >= n_entry && n_time >= n_func) {
        it.kind = I_TIME;
        it.n = n_time;
        it.span = span;
        return it;
    }
    if (n_entry &&
        (n_entry > n_func || (n_entry == n_func && !(only_function(f) && !entry.exact)))) {
        entry.func = n_entry == n_func ? f : F_NONE;
        if (entry.func == F_FOR && i + 1 < p->w->n && strcmp(tok->text, "about") == 0 &&
            reading(&entry, M_COLUMN) && !known_word(p, i + 1))
            entry.func = F_CONTAINS; /* "tickets about backups" */
        return entry;
    }
    if (n_func) {
        it.kind = I_WORDS;
        it.func = f;
        it.n = n_func;
        if (n_entry == n_func) {
            memcpy(it.readings, entry.readings, sizeof it.readings);
            it.n_readings = entry.n_readings;
        }
        return it;
    }
    if (tok->kind == T_NUMBER)
        it.kind = I_NUMBER;
    else if (tok->kind == T_SIGN)
        it.kind = I_SIGN;
    return it;
}

void parse_items(struct parse *p)
{
    p->n = 0;
    for (int i = 0; i < p->w->n; i += p->items[p->n++].n) {
        struct item *it = &p->items[p->n];
        *it = next_item(p, i);
        double number;
        if (it->kind == I_NAME && p->w->tok[i].kind == T_WORD &&
            word_number(p->w->tok[i].text, &number))
            it->kind = I_NUMBER;
    }
}

const struct entry *reading(const struct item *it, enum meaning m)
{
    for (int i = 0; i < it->n_readings; i++)
        if (it->readings[i]->meaning == m)
            return it->readings[i];
    return NULL;
}

struct item *item_at(struct parse *p, int i)
{
    p->nothing = (struct item){.kind = I_SIGN, .used = true};
    return i >= 0 && i < p->n ? &p->items[i] : &p->nothing;
}

int skip_noise(const struct parse *p, int i)
{
    while (i < p->n && p->items[i].func == F_NOISE && !reading(&p->items[i], M_COLUMN))
        i++;
    return i;
}

int back_noise(const struct parse *p, int i)
{
    while (i >= 0 && p->items[i].func == F_NOISE)
        i--;
    return i;
}

const struct token *item_token(const struct parse *p, int i)
{
    static const struct token none;
    return i >= 0 && i < p->n ? &p->w->tok[p->items[i].at] : &none;
}

bool is_name(const struct parse *p, int i)
{
    return i >= 0 && i < p->n && p->items[i].kind == I_NAME && !p->items[i].used &&
           !item_token(p, i)->too_long;
}

const char *name_text(const struct parse *p, int i, bool raw)
{
    const struct token *t = item_token(p, i);
    return raw ? t->raw : t->text;
}

void use(struct parse *p, int i)
{
    if (i >= 0 && i < p->n)
        p->items[i].used = true;
}

void use_span(struct parse *p, int from, int to)
{
    for (int i = from; i <= to; i++)
        use(p, i);
}

bool is_number(const struct column *c)
{
    return c->type == C_INT || c->type == C_REAL;
}

void parse_fail(struct parse *p, int i)
{
    p->failed = true;
    if (i < 0 || i >= p->n)
        return;
    for (int k = 0; k < p->items[i].n && p->n_unknown < MAX_TOKENS; k++)
        p->unknown[p->n_unknown++] = p->items[i].at + k;
}
