/* Remembering the journal's end. */
#include "security/journal_head.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "security/journal_record.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { HEAD_LINE = 128, ITEM_MAX = 256 };
#define SPACE "journal"
#define KEY "head"

/* ---- in the store ---- */

int32_t journal_head_get(struct store *s, struct journal_head *ret, allora_error *err)
{
    struct arena mem;
    struct store_item item;
    A_CLEAN(json_freep) json_node *n = NULL;
    arena_init(&mem, 0);
    int32_t status = store_get(s, &mem, SPACE, KEY, &item, err);
    if (!status) {
        status = json_parse(item.value.ptr, (size_t)item.value.len, &n, err);
        const char *hash = json_get_str(n, "hash", NULL);
        int64_t seq = json_get_int(n, "seq", 0);
        if (!status && journal_is_hash(hash) && seq > 0) {
            ret->seq = (uint64_t)seq;
            memcpy(ret->hash, hash, DIGEST_HEX_SIZE);
        } else if (status != ALLORA_E_NOMEM) {
            status = err_set(err, ALLORA_E_INTEGRITY,
                             "what the store remembers of the journal's end makes no sense");
        }
    }
    arena_done(&mem);
    return status;
}

int32_t journal_head_put(struct store *s, const struct journal_head *head, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(ITEM_MAX);
    buf_addf(&b, "{\"hash\":\"%s\",\"seq\":%" PRIu64 "}", head->hash, head->seq);
    if (buf_failed(&b))
        return err_nomem(err);
    return store_put_if(s, SPACE, KEY, (allora_str){b.ptr, b.len}, UINT64_MAX, NULL, err);
}

/* The hash that a record says it has; of one that says none, the hash of its bytes: the journal
 * goes on behind a damaged record, which audit.verify names. */
static int32_t hash_in(allora_str text, char ret[DIGEST_HEX_SIZE], allora_error *err)
{
    A_CLEAN(json_freep) json_node *n = NULL;
    uint8_t digest[DIGEST_SIZE];
    int32_t status = json_parse(text.ptr, (size_t)text.len, &n, err);
    if (status == ALLORA_E_NOMEM)
        return status;
    const char *hash = json_get_str(n, "hash", NULL);
    if (!status && journal_is_hash(hash)) {
        memcpy(ret, hash, DIGEST_HEX_SIZE);
        return ALLORA_OK;
    }
    status = digest_sha256(text.ptr, (size_t)text.len, digest, err);
    if (!status)
        digest_hex(digest, ret);
    return status;
}

int32_t journal_head_read(struct store *s, struct journal_head *ret, bool *ret_suspect,
                          allora_error *err)
{
    struct arena mem;
    struct store_record last;
    struct journal_head head = {.hash = JOURNAL_NO_HASH}, item = {0};
    arena_init(&mem, 0);
    int32_t status = store_log_last(s, &mem, JOURNAL_LOG, &last, err);
    bool none = status == ALLORA_E_NOTFOUND;
    if (!status || none)
        status = journal_head_get(s, &item, err);
    bool forgotten = status == ALLORA_E_NOTFOUND, senseless = status == ALLORA_E_INTEGRITY;
    if (forgotten || senseless)
        status = ALLORA_OK;
    if (!status && !none) {
        head.seq = last.seq;
        status = hash_in(last.value, head.hash, err);
    }
    arena_done(&mem);
    if (status)
        return status;
    *ret_suspect =
        senseless || (!forgotten && (item.seq != head.seq || strcmp(item.hash, head.hash) != 0));
    *ret = head;
    return ALLORA_OK;
}

struct lookup {
    const struct journal_head *head;
    bool found;
    allora_error *err;
};

static int32_t compare(void *self, const struct store_record *record)
{
    struct lookup *l = self;
    char hash[DIGEST_HEX_SIZE];
    if (record->seq != l->head->seq)
        return 0;
    int32_t status = hash_in(record->value, hash, l->err);
    l->found = !status && strcmp(hash, l->head->hash) == 0;
    return status;
}

int32_t journal_head_holds(struct store *s, const struct journal_head *head, bool *ret,
                           allora_error *err)
{
    struct lookup l = {head, false, err};
    int32_t status = store_log_read(s, JOURNAL_LOG, head->seq - 1, false, 1, compare, &l, err);
    if (!status)
        *ret = l.found;
    return status;
}

/* ---- in the file: one line, always of the same length and written in one piece ---- */

static int line_of(char line[HEAD_LINE], const struct journal_head *head)
{
    return snprintf(line, HEAD_LINE, "allora journal head %020" PRIu64 " %s\n", head->seq,
                    head->hash);
}

/* E_NOTFOUND when it is empty, as after a crash between making and writing it. */
static int32_t read_line(int fd, struct journal_head *ret, allora_error *err)
{
    char line[HEAD_LINE], again[HEAD_LINE];
    struct journal_head head;
    ssize_t n = pread(fd, line, sizeof line - 1, 0);
    if (n == 0)
        return err_set(err, ALLORA_E_NOTFOUND, "nothing is remembered yet");
    if (n < 0)
        return err_set(err, ALLORA_E_INTERNAL, "journal.head cannot be read");
    line[n] = '\0';
    if (sscanf(line, "allora journal head %20" SCNu64 " %64[0-9a-f]", &head.seq, head.hash) == 2 &&
        head.seq > 0 && line_of(again, &head) == n && strcmp(line, again) == 0) {
        *ret = head;
        return ALLORA_OK;
    }
    return err_set(err, ALLORA_E_INTEGRITY, "journal.head does not hold what allora writes");
}

int32_t journal_head_recall(const char *path, struct journal_head *ret, allora_error *err)
{
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd >= 0)
        return read_line(fd, ret, err);
    char words[128];
    return err_set(err, errno == ENOENT ? ALLORA_E_NOTFOUND : ALLORA_E_INTERNAL, "%s: %s", path,
                   strerror_r(errno, words, sizeof words));
}

void journal_head_remember(const char *path, struct store *s, const struct journal_head *before,
                           const struct journal_head *head)
{
    char line[HEAD_LINE];
    struct journal_head old = {0};
    A_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
    if (fd < 0) {
        log_msg(ALLORA_LOG_INFO, "journal", "%s: %s", path, strerror(errno));
        return;
    }
    /* Whoever holds it writes a head as well; the next record brings it forward. */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return;
    int32_t status = read_line(fd, &old, NULL);
    if (status == ALLORA_OK) {
        bool held = old.seq == before->seq && strcmp(old.hash, before->hash) == 0;
        if (old.seq >= head->seq)
            return;
        if (!held && (journal_head_holds(s, &old, &held, NULL) || !held))
            return;
    } else if (status != ALLORA_E_NOTFOUND) {
        return; /* it was tampered with, and stays for audit.verify to find */
    }
    int n = line_of(line, head);
    if (pwrite(fd, line, (size_t)n, 0) != n)
        log_msg(ALLORA_LOG_INFO, "journal", "%s: %s", path, strerror(errno));
}
