/* The strict RFC 8259 check in front of cJSON, which by itself takes control characters, bad UTF-8,
 * duplicate keys and malformed numbers, and cuts numbers off after 63 characters. */
#ifndef ALLORA_BASE_JSON_SCAN_H
#define ALLORA_BASE_JSON_SCAN_H
#include <stdbool.h>
#include <stddef.h>

enum { JSON_MAX_DEPTH = 200, JSON_MAX_NUMBER = 60 };

struct json_scan {
    /* in */
    const char *text;
    size_t len;
    /* out, on success: does the text hold anything that cJSON would get wrong? */
    bool has_nul_escape, has_lone_surrogate, has_long_number;
    /* out, on failure: where, and what; no words mean that memory ran out */
    size_t at;
    const char *what;
    /* private */
    size_t pos;
    struct json_scan_key *keys; /* of all objects now open, innermost last */
    size_t n_keys, cap_keys;
};

/* True if the text is one JSON value that keeps to the limits. */
bool json_scan(struct json_scan *s);
/* One number token's length at p (n bytes there), or 0; also used when rewriting long ones. */
size_t json_scan_number(const char *p, size_t n);
/* Reads \uXXXX at p; 0..0xffff, or -1 when it is not one. */
int json_scan_hex(const char *p, size_t n);
#endif
