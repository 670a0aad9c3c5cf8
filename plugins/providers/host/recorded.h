/* What a recorded tree's files can't hold: recorded.tsv, written by scripts/record-host
 * (docs/host.md has the format).
 *
 * Each line is KIND <tab> KEY <tab> VALUE, where VALUE may hold further tabs; lines that start with
 * # are comments. recording  version        1 machine    now_us         the recording's clock,
 * microseconds since the epoch machine    clock_ticks, page_size, architecture, utc_offset_s,
 * nprocessors mtime      PATH           seconds since the epoch statvfs    MOUNT_POINT    frsize,
 * blocks, bfree, bavail, files, ffree address    INTERFACE      one ADDRESS/PREFIX after the other
 *   lastlog    UID            seconds since the epoch, and from where
 *   unit       NAME.service   fields as service.c lists them
 * Immutable once parsed. */
#ifndef HOST_RECORDED_H
#define HOST_RECORDED_H
#include <allora/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_FILE "recorded.tsv"

struct recording_entry {
    const char *kind, *key, *value;
};
struct recording;

/* Copies the text.  ALLORA_E_CONFIG names the line that is wrong. */
int32_t recording_parse(const char *text, size_t len, struct recording **ret, allora_error *err);
void recording_free(struct recording *rec); /* NULL ok */

/* NULL where there is none, or rec is NULL. */
const char *recording_get(const struct recording *rec, const char *kind, const char *key);
/* All entries of a kind, in the order of their keys.  NULL and 0 where there are none. */
const struct recording_entry *recording_all(const struct recording *rec, const char *kind,
                                            size_t *ret_n);
/* "machine" values. */
int64_t recording_now_us(const struct recording *rec);
int64_t recording_int(const struct recording *rec, const char *key, int64_t dflt);
bool recording_mtime(const struct recording *rec, const char *path, int64_t *ret);
#endif
