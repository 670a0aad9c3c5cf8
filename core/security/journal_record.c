/* The text of a record: canonical JSON, so the members are written in the order of their names. */
#include "security/journal_record.h"
#include "base/canonical.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum { HASH_MEMBER = 128 }; /* more than ,"hash":"…" takes */

static const char *effect_word(int32_t effect)
{
    switch (effect) {
    case ALLORA_EFFECT_READ:
        return "read";
    case ALLORA_EFFECT_LOCAL:
        return "local";
    case ALLORA_EFFECT_WRITE:
        return "write";
    case ALLORA_EFFECT_DESTRUCTIVE:
        return "destructive";
    case ALLORA_EFFECT_SECRET:
        return "secret";
    case ALLORA_EFFECT_ADMIN:
        return "admin";
    default:
        return NULL;
    }
}

static void put_name(struct buf *b, const char *name)
{
    buf_addf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
}

static void put_text(struct buf *b, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    put_name(b, name);
    canonical_string(b, value);
}

/* Why a buffer failed: what it was to hold is added in pieces of up to the limit, so only a nearly
 * empty one can have run out of memory. */
static int32_t failed(const struct buf *b, allora_error *err)
{
    if (b->len + (64 << 10) < b->max)
        return err_nomem(err);
    return err_set(err, ALLORA_E_ARG, "a journal record has at most %d MiB",
                   JOURNAL_RECORD_MAX >> 20);
}

static int32_t put_detail(struct buf *b, allora_str detail, allora_error *err)
{
    A_CLEAN(json_freep) json_node *list = NULL;
    A_CLEAN(buf_done) struct buf text = BUF(JOURNAL_RECORD_MAX);
    if (!detail.len)
        return ALLORA_OK;
    buf_addc(&text, '['); /* one level down, as it will be in the record */
    buf_add(&text, detail.ptr, (size_t)detail.len);
    buf_addc(&text, ']');
    if (buf_failed(&text))
        return failed(&text, err);
    int32_t status = json_parse(text.ptr, text.len, &list, err);
    if (status) {
        err_prefix(err, "a journal record's detail: ");
        return status;
    }
    const json_node *n = json_first(list);
    if (json_typeof(n) != JSON_OBJECT || json_next(n))
        return err_set(err, ALLORA_E_ARG, "a journal record's detail has to be a JSON object");
    if (!json_count(n))
        return ALLORA_OK;
    put_name(b, "detail");
    canonical_write(b, n);
    return ALLORA_OK;
}

static void put_time(struct buf *b, int64_t us)
{
    put_name(b, "time");
    buf_addc(b, '"');
    time_format(b, us);
    buf_addc(b, '"');
}

static int32_t hash_of(const struct buf *text, char ret[DIGEST_HEX_SIZE], allora_error *err)
{
    uint8_t digest[DIGEST_SIZE];
    int32_t status = digest_sha256(buf_str(text), text->len, digest, err);
    if (!status)
        digest_hex(digest, ret);
    return status;
}

int32_t journal_record_write(struct buf *out, const struct journal_line *line, const char *prev,
                             char ret_hash[DIGEST_HEX_SIZE], allora_error *err)
{
    const struct journal_entry *e = &line->entry;
    A_CLEAN(buf_done) struct buf b = BUF(JOURNAL_RECORD_MAX - HASH_MEMBER);
    buf_addc(&b, '{');
    if (line->agent)
        buf_adds(&b, "\"agent\":true");
    int32_t status = put_detail(&b, e->detail, err);
    if (status)
        return status;
    put_text(&b, "effect", effect_word(e->effect));
    size_t before_hash = b.len;
    put_text(&b, "kind", e->kind);
    put_text(&b, "operation", e->operation);
    put_text(&b, "plan", e->plan);
    put_text(&b, "prev", prev);
    put_text(&b, "principal", line->principal);
    put_name(&b, "seq");
    buf_add_uint(&b, line->seq);
    put_text(&b, "status", e->status);
    put_text(&b, "target", e->target);
    put_time(&b, line->time_us);
    put_text(&b, "trace", line->trace);
    buf_addc(&b, '}');
    if (buf_failed(&b))
        return failed(&b, err);
    status = hash_of(&b, ret_hash, err);
    if (status)
        return status;
    /* What follows begins with a comma, unless it is the first member. */
    bool first = before_hash == 1;
    buf_add(out, b.ptr, before_hash);
    buf_addf(out, "%s\"hash\":\"%s\"%s", first ? "" : ",", ret_hash, first ? "," : "");
    buf_add(out, b.ptr + before_hash, b.len - before_hash);
    return buf_failed(out) ? failed(out, err) : ALLORA_OK;
}

bool journal_is_hash(const char *s)
{
    size_t n = 0;
    while (s && ((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'a' && s[n] <= 'f')))
        n++;
    return s && n == DIGEST_HEX_SIZE - 1 && !s[n];
}

static int32_t unfit(allora_error *err, const char *what)
{
    return err_set(err, ALLORA_E_INTEGRITY, "%s", what);
}

static int32_t read_members(struct journal_record *r, allora_error *err)
{
    const char *hash = json_get_str(r->node, "hash", NULL);
    const char *prev = json_get_str(r->node, "prev", NULL);
    const char *time = json_get_str(r->node, "time", NULL);
    double seq = json_num(json_get(r->node, "seq"), 0);
    if (!journal_is_hash(hash) || !journal_is_hash(prev))
        return unfit(err, "it has no hash, or not the hash of the record before it");
    if (!time || time_parse(time, strlen(time), &r->time_us))
        return unfit(err, "it has no time");
    if (!(seq >= 1 && seq <= 0x1p53) || seq != (double)(uint64_t)seq)
        return unfit(err, "it has no number");
    if (!json_get_str(r->node, "kind", NULL))
        return unfit(err, "it does not say what kind of record it is");
    memcpy(r->hash, hash, DIGEST_HEX_SIZE);
    memcpy(r->prev, prev, DIGEST_HEX_SIZE);
    r->seq = (uint64_t)seq;
    return ALLORA_OK;
}

static int32_t read_record(allora_str text, struct journal_record *r, allora_error *err)
{
    if (text.len > JOURNAL_RECORD_MAX)
        return unfit(err, "it is longer than a record can be");
    int32_t status = json_parse(text.ptr, (size_t)text.len, &r->node, err);
    if (status == ALLORA_E_NOMEM)
        return status;
    if (status || json_typeof(r->node) != JSON_OBJECT)
        return unfit(err, "it is no JSON object");
    A_CLEAN(buf_done) struct buf canonical = BUF(2 * (size_t)JOURNAL_RECORD_MAX);
    canonical_write(&canonical, r->node);
    if (buf_failed(&canonical))
        return err_nomem(err);
    if (canonical.len != text.len || memcmp(canonical.ptr, text.ptr, canonical.len) != 0)
        return unfit(err, "it is not written in canonical form (RFC 8785)");
    status = read_members(r, err);
    if (status)
        return status;
    A_CLEAN(json_freep) json_node *bare = json_copy(r->node);
    if (!bare)
        return err_nomem(err);
    json_remove(bare, "hash");
    buf_reset(&canonical);
    canonical_write(&canonical, bare);
    return buf_failed(&canonical) ? err_nomem(err) : hash_of(&canonical, r->computed, err);
}

int32_t journal_record_read(allora_str text, struct journal_record *ret, allora_error *err)
{
    struct journal_record r = {0};
    int32_t status = read_record(text, &r, err);
    if (status)
        journal_record_done(&r);
    else
        *ret = r;
    return status;
}

void journal_record_done(struct journal_record *r)
{
    json_free(r->node);
    r->node = NULL;
}
