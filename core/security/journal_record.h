/* One record of the journal as text: written, and read back with every doubt. */
#ifndef ALLORA_SECURITY_JOURNAL_RECORD_H
#define ALLORA_SECURITY_JOURNAL_RECORD_H
#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "security/journal.h"

enum { JOURNAL_RECORD_MAX = 4 << 20 }; /* bytes of one record */
#define JOURNAL_NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

struct journal_line { /* what a record says; strings are borrowed, NULL or empty: left out */
    uint64_t seq;
    int64_t time_us;
    struct journal_entry entry;
    const char *principal, *trace;
    bool agent;
};
/* The record's text, and the hash in it.  prev: the hash before it.  E_ARG when the entry's detail
 * is no JSON object or the record is too large. */
int32_t journal_record_write(struct buf *out, const struct journal_line *line, const char *prev,
                             char ret_hash[DIGEST_HEX_SIZE], allora_error *err);

struct journal_record { /* a record that was read; node holds all of it */
    uint64_t seq;
    int64_t time_us;
    char prev[DIGEST_HEX_SIZE], hash[DIGEST_HEX_SIZE];
    char computed[DIGEST_HEX_SIZE]; /* what hash should be */
    json_node *node;                /* [owned]: journal_record_done() */
};
/* Reads it as far as it is a record: JSON in its canonical form, with a number, a time, a kind and
 * two hashes.  Whether hash is the right one is for the caller to compare with computed.
 * E_INTEGRITY says in err what it is not; E_NOMEM; E_INTERNAL without OpenSSL. */
int32_t journal_record_read(allora_str text, struct journal_record *ret, allora_error *err);
void journal_record_done(struct journal_record *r);
/* 64 lower-case hexadecimal digits? */
bool journal_is_hash(const char *s);
#endif
