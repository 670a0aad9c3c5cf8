#include "recorded.h"
#include "text.h"
#include <allora/sdk.h>
#include <stdlib.h>
#include <string.h>

struct recording {
    char *text;                      /* cut into the entries' strings */
    struct recording_entry *entries; /* sorted by kind, then key */
    size_t n;
    int64_t now_us;
};

static int by_kind_and_key(const void *a, const void *b)
{
    const struct recording_entry *x = a, *y = b;
    int order = strcmp(x->kind, y->kind);
    return order ? order : strcmp(x->key, y->key);
}

static int32_t fail(allora_error *err, int32_t code, size_t line, const char *what)
{
    (void)sdk_fail(err, code, RECORDING_FILE ":%zu: %s", line, what);
    sdk_hint(err, "make the recording again with scripts/record-host");
    return code;
}

static int32_t cut_lines(struct recording *rec, allora_error *err)
{
    size_t line_number = 0;
    for (char *rest = rec->text, *line; (line = text_field(&rest, '\n')) != NULL;) {
        line_number++;
        if (!*line || *line == '#')
            continue;
        struct recording_entry *e = &rec->entries[rec->n];
        e->kind = text_field(&line, '\t');
        e->key = text_field(&line, '\t');
        e->value = line;
        if (!e->key || !e->value)
            return fail(err, ALLORA_E_CONFIG, line_number, "not KIND <tab> KEY <tab> VALUE");
        rec->n++;
    }
    return ALLORA_OK;
}

static int32_t check(struct recording *rec, allora_error *err)
{
    const char *version = recording_get(rec, "recording", "version");
    if (!version)
        return fail(err, ALLORA_E_CONFIG, 1,
                    "no recording: the line \"recording version 1\" is missing");
    if (strcmp(version, "1") != 0)
        return fail(err, ALLORA_E_CONFIG, 1,
                    "a newer recording than this plugin reads (version 1)");
    rec->now_us = recording_int(rec, "now_us", 0);
    if (rec->now_us <= 0)
        return fail(err, ALLORA_E_CONFIG, 1,
                    "the line \"machine now_us …\" is missing: ages need a clock");
    return ALLORA_OK;
}

int32_t recording_parse(const char *text, size_t len, struct recording **ret, allora_error *err)
{
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    struct recording *rec = calloc(1, sizeof *rec);
    if (rec) {
        rec->text = malloc(len + 1);
        rec->entries = calloc(lines, sizeof *rec->entries);
    }
    if (!rec || !rec->text || !rec->entries) {
        recording_free(rec);
        return fail(err, ALLORA_E_NOMEM, 0, "out of memory");
    }
    memcpy(rec->text, text, len);
    rec->text[len] = '\0';
    int32_t status = cut_lines(rec, err);
    if (!status) {
        qsort(rec->entries, rec->n, sizeof *rec->entries, by_kind_and_key);
        status = check(rec, err);
    }
    if (status) {
        recording_free(rec);
        return status;
    }
    *ret = rec;
    return ALLORA_OK;
}

void recording_free(struct recording *rec)
{
    if (!rec)
        return;
    free(rec->text);
    free(rec->entries);
    free(rec);
}

const char *recording_get(const struct recording *rec, const char *kind, const char *key)
{
    if (!rec)
        return NULL;
    struct recording_entry wanted = {.kind = kind, .key = key};
    const struct recording_entry *e =
        bsearch(&wanted, rec->entries, rec->n, sizeof *rec->entries, by_kind_and_key);
    return e ? e->value : NULL;
}

const struct recording_entry *recording_all(const struct recording *rec, const char *kind,
                                            size_t *ret_n)
{
    *ret_n = 0;
    if (!rec)
        return NULL;
    size_t first = 0;
    while (first < rec->n && strcmp(rec->entries[first].kind, kind) != 0)
        first++;
    size_t end = first;
    while (end < rec->n && strcmp(rec->entries[end].kind, kind) == 0)
        end++;
    *ret_n = end - first;
    return end > first ? rec->entries + first : NULL;
}

int64_t recording_now_us(const struct recording *rec)
{
    return rec->now_us;
}

int64_t recording_int(const struct recording *rec, const char *key, int64_t dflt)
{
    const char *value = recording_get(rec, "machine", key);
    int64_t v;
    return value && text_int(&value, &v) && *value == '\0' ? v : dflt;
}

bool recording_mtime(const struct recording *rec, const char *path, int64_t *ret)
{
    const char *value = recording_get(rec, "mtime", path);
    return value && text_int(&value, ret);
}
