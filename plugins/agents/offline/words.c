/* Reading a question's words. */
#include "words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <allora/sdk.h>

static bool is_word_byte(unsigned char c)
{
    return isalnum(c) || c >= 0x80 || c == '_';
}

/* Inside a word, if a word byte follows: web-1, /var/log, example.org, i/o, root@host. */
static bool is_joint(unsigned char c)
{
    return c == '-' || c == '.' || c == '/' || c == '@' || c == '+' || c == '*' || c == '\\';
}

/* Typographic quotation marks and dashes as the plain ones; n bytes are used.  0: none of them. */
static char plain_mark(const unsigned char *p, size_t left, size_t *n)
{
    *n = 3;
    if (left < 3 || p[0] != 0xE2 || p[1] != 0x80)
        return 0;
    switch (p[2]) {
    case 0x98:
    case 0x99:
        return '\'';
    case 0x9C:
    case 0x9D:
        return '"';
    case 0x90:
    case 0x91:
    case 0x92:
    case 0x93:
    case 0x94:
        return '-';
    default:
        return 0;
    }
}

static bool ends(const char *s, size_t n, const char *end)
{
    size_t k = strlen(end);
    return n > k && memcmp(s + n - k, end, k) == 0;
}

static void replace_end(char *s, size_t n, size_t cut, const char *with)
{
    size_t k = strlen(with);
    if (n - cut + k < WORD_MAX)
        memcpy(s + n - cut, with, k + 1);
}

/* utilisation → utilization, colour → color; short words (hour, rise) stay as they are. */
static void americanise(char *s)
{
    size_t n = strlen(s);
    static const char *const pairs[][2] = {
        {"isation", "ization"}, {"isations", "izations"}, {"alise", "alize"}, {"alised", "alized"},
        {"ilised", "ilized"},   {"labelled", "labeled"},  {"avour", "avor"},  {"olour", "olor"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t cut = strlen(pairs[i][0]);
        if (ends(s, n, pairs[i][0]) || strcmp(s, pairs[i][0]) == 0) {
            replace_end(s, n, cut, pairs[i][1]);
            return;
        }
    }
}

void word_fold(const char *p, size_t n, char *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n && k < WORD_MAX - 1; i++) {
        unsigned char c = (unsigned char)p[i];
        size_t used = 0;
        char mark = plain_mark((const unsigned char *)p + i, n - i, &used);
        if (mark) {
            out[k++] = mark;
            i += used - 1;
        } else {
            out[k++] = (char)(c < 0x80 ? tolower(c) : c);
        }
    }
    out[k] = '\0';
    americanise(out);
}

static size_t undouble(char *s, size_t n)
{
    if (n > 3 && s[n - 1] == s[n - 2] && s[n - 1] != 's' && s[n - 1] != 'l')
        s[--n] = '\0';
    return n;
}

static bool has_vowel(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr("aeiouy", s[i]))
            return true;
    return false;
}

static size_t cut_plural(char *s, size_t n)
{
    if (ends(s, n, "ies") && n > 4) {
        replace_end(s, n, 3, "y");
        return n - 2;
    }
    if (n > 4 && (ends(s, n, "sses") || ends(s, n, "xes") || ends(s, n, "ches") ||
                  ends(s, n, "shes") || ends(s, n, "zes")))
        n -= 2;
    else if (n > 2 && s[n - 1] == 's' && !ends(s, n, "ss") && !(n > 4 && ends(s, n, "us")) &&
             !ends(s, n, "is"))
        n -= 1;
    s[n] = '\0';
    return n;
}

void word_stem(const char *in, char *out)
{
    size_t n = strlen(in);
    if (out != in)
        memcpy(out, in, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!islower((unsigned char)out[i]))
            return; /* names, numbers, other scripts */
    static const char *const irregular[][2] = {
        {"sent", "send"},     {"ran", "run"},     {"began", "begin"}, {"wrote", "write"},
        {"written", "write"}, {"spent", "spend"}, {"built", "build"}, {"bought", "buy"}};
    for (size_t i = 0; i < sizeof irregular / sizeof *irregular; i++)
        if (strcmp(out, irregular[i][0]) == 0)
            n = (size_t)snprintf(out, WORD_MAX, "%s", irregular[i][1]);
    n = cut_plural(out, n);
    if (n > 4 && ends(out, n, "ie")) { /* zombie, as zombies */
        replace_end(out, n, 2, "y");
        n--;
    }
    size_t cut = ends(out, n, "ing") && n > 5 ? 3 : ends(out, n, "ed") && n > 3 ? 2 : 0;
    if (cut && has_vowel(out, n - cut)) {
        n -= cut;
        out[n] = '\0';
        n = undouble(out, n);
    }
    if (n > 3 && out[n - 1] == 'e')
        out[--n] = '\0';
    else if (n == 3 && out[n - 1] == 'e') /* use, used, using */
        out[--n] = '\0';
}

bool token_key(const struct token *t, bool stem, char *out)
{
    size_t n = strlen(out);
    if (t->kind == T_SIGN && strcmp(t->text, "%") == 0)
        return n + 7 < KEY_MAX && memcpy(out + n, "percent", 8);
    for (const char *p = t->text; *p;) {
        size_t part = strcspn(p, "-_ ");
        char word[WORD_MAX];
        memcpy(word, p, part);
        word[part] = '\0';
        if (stem)
            word_stem(word, word);
        size_t k = strlen(word);
        if (n + k >= KEY_MAX)
            return false;
        memcpy(out + n, word, k + 1);
        n += k;
        p += part + (p[part] != '\0');
    }
    return true;
}

bool words_key(const char *phrase, bool stem, char *out)
{
    struct words w;
    words_read(phrase, strlen(phrase), &w);
    out[0] = '\0';
    for (int i = 0; i < w.n; i++) {
        if (w.tok[i].too_long || !token_key(&w.tok[i], stem, out))
            return false;
        if (w.tok[i].possessive && strlen(out) + 1 < KEY_MAX)
            memcpy(out + strlen(out), "s", 2);
    }
    return w.n > 0 && !w.too_many;
}

static struct token *add(struct words *w, enum token_kind kind, const char *p, size_t n, size_t at)
{
    if (w->n == MAX_TOKENS) {
        w->too_many = true;
        return NULL;
    }
    struct token *t = &w->tok[w->n++];
    memset(t, 0, sizeof *t);
    t->kind = kind;
    t->at = (uint32_t)at;
    t->len = (uint32_t)n;
    t->too_long = n >= WORD_MAX;
    size_t kept = n < WORD_MAX ? n : WORD_MAX - 1;
    memcpy(t->raw, p, kept);
    t->raw[kept] = '\0';
    t->capital = n > 0 && isupper((unsigned char)p[0]);
    word_fold(p, n, t->text);
    return t;
}

/* don't → do not, what's → what is, root's → root with a mark. */
static void add_word(struct words *w, const char *p, size_t n, size_t at)
{
    static const char *const is_after[] = {"what", "who",  "where", "when",  "how",
                                           "it",   "that", "there", "which", "here"};
    if (n > 5 && (strncmp(p, "non-", 4) == 0 || strncmp(p, "Non-", 4) == 0)) {
        (void)add(w, T_WORD, "not", 3, at);
        p += 4;
        n -= 4;
    }
    struct token *t = add(w, T_WORD, p, n, at);
    if (!t)
        return;
    size_t k = strlen(t->text);
    if (ends(t->text, k, "n't")) {
        size_t keep =
            strcmp(t->text, "can't") == 0 || strcmp(t->text, "won't") == 0 ? k - 2 : k - 3;
        t->text[keep] = '\0';
        (void)add(w, T_WORD, "not", 3, at);
    } else if (strcmp(t->text, "cannot") == 0) {
        t->text[3] = '\0';
        (void)add(w, T_WORD, "not", 3, at);
    } else if (ends(t->text, k, "'s")) {
        t->text[k - 2] = '\0';
        size_t r = strlen(t->raw);
        r -= ends(t->raw, r, "'s") ? 2 : ends(t->raw, r, "\xE2\x80\x99s") ? 4 : 0;
        t->raw[r] = '\0';
        for (size_t i = 0; i < sizeof is_after / sizeof *is_after; i++) {
            if (strcmp(t->text, is_after[i]) == 0) {
                (void)add(w, T_WORD, "is", 2, at);
                return;
            }
        }
        t->possessive = true;
    } else if (ends(t->text, k, "s'")) {
        t->text[k - 1] = '\0';
        t->raw[strlen(t->raw) - 1] = '\0';
        t->possessive = true;
    } else if (ends(t->text, k, "'re") || ends(t->text, k, "'ve")) {
        t->text[k - 3] = '\0';
    } else if (ends(t->text, k, "'m") || ends(t->text, k, "'d")) {
        t->text[k - 2] = '\0';
    }
}

/* A date at p: YYYY-MM-DD, or with a time. */
static size_t date_at(const char *p, size_t left, struct words *w, size_t at)
{
    size_t n = 0;
    while (n < left && n < 40 && (isalnum((unsigned char)p[n]) || strchr("-:.+", p[n])))
        n++;
    while (n && !isalnum((unsigned char)p[n - 1]))
        n--;
    if (n < 10 || p[4] != '-' || p[7] != '-')
        return 0;
    int64_t us = 0;
    if (!sdk_parse_time(sdk_str_n(p, n), &us))
        return 0;
    struct token *t = add(w, T_DATE, p, n, at);
    if (t) {
        t->us = us;
        t->span_us = n == 10 ? INT64_C(86400000000) : 0;
    }
    return n;
}

/* 1,000  1.5  80  with a unit glued on: 100MB, 24h.  IP addresses and versions are words. */
static size_t number_at(const char *p, size_t left, struct words *w, size_t at)
{
    char digits[40];
    size_t n = 0, k = 0;
    int dots = 0;
    while (n < left && k < sizeof digits - 1) {
        char c = p[n];
        bool more = n + 1 < left && isdigit((unsigned char)p[n + 1]);
        if (isdigit((unsigned char)c)) {
            digits[k++] = c;
        } else if (c == '.' && more) {
            dots++;
            digits[k++] = c;
        } else if (c == ',' && more && n + 3 < left && isdigit((unsigned char)p[n + 2]) &&
                   isdigit((unsigned char)p[n + 3]) &&
                   !(n + 4 < left && isdigit((unsigned char)p[n + 4]))) {
            /* thousands */
        } else {
            break;
        }
        n++;
    }
    digits[k] = '\0';
    size_t unit = 0;
    while (n + unit < left && (isalpha((unsigned char)p[n + unit])))
        unit++;
    bool joined =
        n + unit < left && (is_word_byte((unsigned char)p[n + unit]) ||
                            (is_joint((unsigned char)p[n + unit]) && n + unit + 1 < left &&
                             is_word_byte((unsigned char)p[n + unit + 1])));
    if (dots > 1 || joined || n == 0)
        return 0;
    char word[WORD_MAX];
    struct unit u;
    word_fold(p + n, unit < WORD_MAX ? unit : WORD_MAX - 1, word);
    bool thousand = strcmp(word, "k") == 0,
         ordinal = strcmp(word, "st") == 0 || strcmp(word, "nd") == 0 || strcmp(word, "rd") == 0 ||
                   strcmp(word, "th") == 0;
    if (unit && !thousand && !ordinal && !unit_find(word, true, &u))
        return 0;
    struct token *t = add(w, T_NUMBER, p, n, at);
    if (t)
        t->number = strtod(digits, NULL) * (thousand ? 1000 : 1);
    if (unit && !thousand && !ordinal && t) {
        struct token *after = add(w, T_WORD, p + n, unit, at + n);
        if (after)
            after->number = 1; /* glued */
    }
    return n + unit;
}

static size_t quoted_at(const char *p, size_t left, struct words *w, size_t at)
{
    size_t open = 1, n = 0;
    char mark = p[0];
    size_t used = 0;
    char typographic = plain_mark((const unsigned char *)p, left, &used);
    if (typographic) {
        mark = typographic;
        open = used;
    }
    if (mark != '"' && mark != '\'' && mark != '`')
        return 0;
    for (n = open; n < left; n++) {
        size_t close = 1;
        char c = plain_mark((const unsigned char *)p + n, left - n, &close);
        c = c ? c : p[n];
        close = c == p[n] ? 1 : close;
        if (c == mark && n > open) {
            (void)add(w, T_QUOTED, p + open, n - open, at + open);
            return n + close;
        }
    }
    return 0;
}

static size_t sign_at(const char *p, size_t left, struct words *w, size_t at)
{
    static const char *const signs[] = {"<=", ">=", "!=", "<>", "==", "<", ">", "=", "%", ",", "$"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t k = strlen(signs[i]);
        if (left >= k && memcmp(p, signs[i], k) == 0) {
            (void)add(w, T_SIGN, p, k, at);
            return k;
        }
    }
    if (left >= 3 && memcmp(p, "\xE2\x82\xAC", 3) == 0) {
        (void)add(w, T_WORD, "eur", 3, at);
        return 3;
    }
    return 0;
}

static size_t pair_end(const char *p, size_t left, size_t n)
{
    size_t k = n + 1;
    if (n >= left || (p[n] != '=' && p[n] != ':') || k >= left ||
        !is_word_byte((unsigned char)p[k]))
        return 0;
    while (k < left &&
           (is_word_byte((unsigned char)p[k]) || (is_joint((unsigned char)p[k]) && k + 1 < left &&
                                                  is_word_byte((unsigned char)p[k + 1]))))
        k++;
    return k;
}

static size_t word_at(const char *p, size_t left, struct words *w, size_t at)
{
    size_t n = 0;
    while (n < left) {
        unsigned char c = (unsigned char)p[n];
        size_t used = 0;
        char mark = c >= 0x80 ? plain_mark((const unsigned char *)p + n, left - n, &used) : 0;
        if (mark == '"')
            break;
        if (mark == '\'' || c == '\'') {
            size_t after = n + (mark ? used : 1);
            bool letter = after < left && isalpha((unsigned char)p[after]);
            bool plural = n > 0 && p[n - 1] == 's' && !letter;
            if (!letter && !plural)
                break;
            n = after;
            continue;
        }
        if (mark) {
            n += used;
            continue;
        }
        if (is_word_byte(c) || (n == 0 && (c == '/' || c == '-' || c == '.')) ||
            (is_joint(c) && n + 1 < left &&
             (is_word_byte((unsigned char)p[n + 1]) || p[n + 1] == '/')))
            n++;
        else
            break;
    }
    if (n == 0)
        return 0;
    size_t pair = pair_end(p, left, n);
    if (pair) {
        (void)add(w, T_PAIR, p, pair, at);
        return pair;
    }
    add_word(w, p, n, at);
    return n;
}

void words_read(const char *text, size_t len, struct words *ret)
{
    ret->n = 0;
    ret->too_many = ret->question = false;
    for (size_t i = 0; i < len && !ret->too_many;) {
        const char *p = text + i;
        size_t left = len - i, used = 0;
        unsigned char c = (unsigned char)*p;
        if (c == '?')
            ret->question = true;
        if (isdigit(c))
            used = date_at(p, left, ret, i);
        if (!used && isdigit(c))
            used = number_at(p, left, ret, i);
        if (!used)
            used = quoted_at(p, left, ret, i);
        if (!used && (is_word_byte(c) ||
                      ((c == '/' || c == '-' || c == '.') && left > 1 && i + 1 < len &&
                       is_word_byte((unsigned char)p[1])) ||
                      (c == '/' && (left == 1 || !is_word_byte((unsigned char)p[1])))))
            used = word_at(p, left, ret, i);
        if (!used)
            used = sign_at(p, left, ret, i);
        i += used ? used : 1;
    }
}
