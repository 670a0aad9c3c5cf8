/* A question as words: folded to lower case, contractions opened, numbers and units read.
 *
 * Everything is bounded: a question of more than MAX_TOKENS words is not understood.  Nothing here
 * allocates.  [any] */
#ifndef OFFLINE_WORDS_H
#define OFFLINE_WORDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_TOKENS = 80, WORD_MAX = 64, KEY_MAX = 160 };

enum token_kind {
    T_WORD,   /* letters first; may hold digits, dots, dashes, slashes */
    T_NUMBER, /* number, perhaps with the unit that was glued to it */
    T_QUOTED, /* what stood between quotation marks */
    T_DATE,   /* 2026-11-01, with or without a time; `us` says when */
    T_PAIR,   /* key=value or key:value */
    T_SIGN    /* < > <= >= = != , % */
};

struct token {
    enum token_kind kind;
    bool possessive; /* 's followed */
    bool too_long;   /* more than WORD_MAX - 1 bytes: text is cut */
    bool capital;    /* began with a capital letter */
    char text[WORD_MAX];
    char raw[WORD_MAX]; /* as it was typed */
    double number;
    int64_t us;       /* of T_DATE */
    int64_t span_us;  /* of T_DATE: a day, or 0 when a time of day was given */
    uint32_t at, len; /* where it stands in the question */
};

struct words {
    struct token tok[MAX_TOKENS];
    int n;
    bool too_many, question; /* ends with a question mark */
};

void words_read(const char *text, size_t len, struct words *ret);

/* Lower case, British endings made American, typographic marks plain; out has WORD_MAX bytes. */
void word_fold(const char *p, size_t n, char *out);
/* Without plural, -ing, -ed and a last e; out may be in. */
void word_stem(const char *in, char *out);
/* "file system", "file-system" and "filesystem" all give "filesystem": what lexicons are searched
 * by.  With stem every part is stemmed first.  False when it doesn't fit into KEY_MAX. */
bool words_key(const char *phrase, bool stem, char *out);
/* Appends one token's key; false when full. */
bool token_key(const struct token *t, bool stem, char *out);

/* "three", "a dozen"; false when it is no number word. */
bool word_number(const char *text, double *ret);

enum dimension { DIM_NONE, DIM_BYTES, DIM_PERCENT, DIM_TIME, DIM_MONTHS, DIM_OTHER };
struct unit {
    enum dimension dim;
    double factor;    /* bytes, percent, seconds or months for one */
    const char *name; /* of DIM_OTHER: the manifest's spelling */
};
/* A unit's word or sign.  glued: directly behind the number, where "m" and "d" mean something. */
bool unit_find(const char *text, bool glued, struct unit *ret);
#endif
