/* allora.audit/1: notes in the journal of what only the plugin knows.  They are marked as such, and
 * carry its id: they can't be taken for what the gate itself records. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/str.h"
#include "plugin/host.h"
#include "security/journal.h"

#include <stdio.h>

enum { DETAIL_MAX = 64 << 10, ACTION_MAX = 128, TARGET_MAX = 1024, OPERATION_MAX = 256 };

static bool contains(const char *s, const char *word)
{
    size_t n = strlen(word);

    for (; *s; s++) {
        size_t i = 0;
        while (i < n && (s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]) == word[i])
            i++;
        if (i == n)
            return true;
    }
    return false;
}

/* The plugin promises not to send secrets; this is for the day on which it forgets. */
static bool sounds_secret(const char *key)
{
    static const char *const words[] = {"password", "passwd",        "passphrase", "secret",
                                        "token",    "authorization", "api-key",    "apikey",
                                        "cookie",   "credential",    "api_key",    "private_key"};

    for (size_t i = 0; key && i < sizeof words / sizeof words[0]; i++) {
        if (contains(key, words[i]))
            return true;
    }
    return false;
}

static void write_clean(struct jsonw *w, const json_node *n)
{
    switch (json_typeof(n)) {
    case JSON_OBJECT:
        jw_object(w);
        json_foreach (member, n) {
            jw_key(w, json_key(member));
            if (sounds_secret(json_key(member)))
                jw_str(w, "[redacted]");
            else
                write_clean(w, member);
        }
        jw_end_object(w);
        return;
    case JSON_ARRAY:
        jw_array(w);
        json_foreach (item, n)
            write_clean(w, item);
        jw_end_array(w);
        return;
    case JSON_NONE:
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
    case JSON_STRING:
    default:
        jw_node(w, n);
    }
}

static bool plain(allora_str s, size_t max)
{
    return s.len <= max && (s.len == 0 || (!memchr(s.ptr, '\0', (size_t)s.len) &&
                                           utf8_valid(s.ptr, (size_t)s.len)));
}

static bool action_valid(allora_str action)
{
    for (uint64_t i = 0; i < action.len; i++) {
        char c = action.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
            return false;
    }
    return action.len > 0 && action.len <= ACTION_MAX;
}

static int32_t clean_detail(allora_str detail_json, struct buf *b, allora_error *err)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    struct jsonw w = JSONW(b);

    if (detail_json.len == 0)
        return ALLORA_OK;
    if (detail_json.len > DETAIL_MAX ||
        json_parse(detail_json.ptr, (size_t)detail_json.len, &doc, err) ||
        json_typeof(doc) != JSON_OBJECT)
        return err_set(err, ALLORA_E_ARG, "a note's detail is a JSON object of at most %d KiB",
                       DETAIL_MAX >> 10);
    write_clean(&w, doc);
    return buf_failed(b) ? err_nomem(err) : ALLORA_OK;
}

static int32_t note(allora_ctx *ctx, allora_str action, allora_str target, allora_str detail_json,
                    allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);
    A_CLEAN(buf_done) struct buf detail = BUF((size_t)8 * DETAIL_MAX);
    char operation[OPERATION_MAX];
    allora_str text = {"", 0};

    if (!e)
        return ALLORA_E_INTERNAL;
    if (!e->registry->journal)
        return err_set(err, ALLORA_E_UNSUPPORTED, "there is no journal here");
    if (!action_valid(action) || !plain(target, TARGET_MAX))
        return err_set(err, ALLORA_E_ARG,
                       "a note's action is 1 to %d of a-z, 0-9, _, - and dots, its target plain "
                       "text of at most %d bytes",
                       ACTION_MAX, TARGET_MAX);
    int32_t rc = clean_detail(detail_json, &detail, err);
    if (rc == ALLORA_OK && !host_copy(ctx, target.ptr, (size_t)target.len, &text))
        rc = err_nomem(err);
    if (rc)
        return rc;
    (void)snprintf(operation, sizeof operation, "%.100s.%.*s", e->pub.id, (int)action.len,
                   action.ptr);
    const struct journal_entry entry = {.kind = "note",
                                        .operation = operation,
                                        .effect = -1,
                                        .target = text.len ? text.ptr : NULL,
                                        .detail = {buf_str(&detail), detail.len}};
    return journal_append(e->registry->journal, ctx, &entry, NULL, err);
}

/* The interface has no room for words: they go to the log. */
static int32_t record(allora_ctx *ctx, allora_str action, allora_str target, allora_str detail_json)
{
    allora_error err = ERR_INIT;
    int32_t rc = note(ctx, action, target, detail_json, &err);

    if (rc < 0) {
        const allora_str words = str_of(err.message);
        const struct entry *e = entry_of_ctx(ctx);
        log_fields(ALLORA_LOG_WARN, e ? e->pub.id : "plugin", words, NULL, 0);
    }
    return rc;
}

const allora_audit_v1 host_audit = {.size = (uint32_t)sizeof(allora_audit_v1), .record = record};
