/* One map of series, under one lock: these are added to some hundred times a second, not some
 * million. */
#include "metrics.h"

#include "buf.h"
#include "jsonw.h"
#include "map.h"
#include "mem.h"
#include "str.h"
#include "value.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                0.5,   1,      2.5,   5,    10,    30,   60};
enum { BOUNDS = sizeof bounds / sizeof bounds[0], KEY_MAX = 4096, LABELS_MAX = 3000 };

struct histogram {
    uint64_t buckets[BOUNDS + 1], count;
    double sum;
};
struct source {
    char *id;
    unsigned names, series;
    uint64_t dropped;
};
struct name {
    enum metric_kind kind;
};
struct series {
    struct source *source;
    enum metric_kind kind;
    char *name, *labels;
    double value;
    struct histogram *histogram;
};
struct metrics {
    pthread_mutex_t lock;              /* guards the rest */
    struct map sources, names, series; /* of struct source, name and series */
};

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_zalloc(sizeof *m);

    if (!m)
        return NULL;
    (void)pthread_mutex_init(&m->lock, NULL);
    map_init(&m->sources);
    map_init(&m->names);
    map_init(&m->series);
    return m;
}

static void series_free(struct series *s)
{
    if (!s)
        return;
    free(s->name);
    free(s->labels);
    free(s->histogram);
    free(s);
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->series.n; i++)
        series_free(m->series.entries[i].value);
    for (size_t i = 0; i < m->names.n; i++)
        free(m->names.entries[i].value);
    for (size_t i = 0; i < m->sources.n; i++) {
        struct source *s = m->sources.entries[i].value;
        free(s->id);
        free(s);
    }
    map_done(&m->series);
    map_done(&m->names);
    map_done(&m->sources);
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}

/* ---- what is given ---- */

static bool word_valid(const char *p, size_t n)
{
    if (n == 0 || n > METRICS_NAME_MAX || (p[0] >= '0' && p[0] <= '9'))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_'))
            return false;
    }
    return true;
}

static int by_key(const allora_pair *a, const allora_pair *b)
{
    size_t n = a->key.len < b->key.len ? (size_t)a->key.len : (size_t)b->key.len;
    int order = memcmp(a->key.ptr, b->key.ptr, n);
    return order ? order : a->key.len < b->key.len ? -1 : a->key.len > b->key.len;
}

/* An object with its keys in order, so that the same labels are the same text.  False: no labels.
 */
static bool write_labels(struct buf *b, const allora_pair *labels, uint32_t n)
{
    allora_pair sorted[METRICS_LABELS_MAX];
    struct jsonw w = JSONW(b);
    char key[METRICS_NAME_MAX + 1];

    if (n > METRICS_LABELS_MAX)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!word_valid(labels[i].key.ptr, (size_t)labels[i].key.len))
            return false;
        uint32_t at = i;
        for (; at > 0 && by_key(&labels[i], &sorted[at - 1]) < 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = labels[i];
    }
    jw_object(&w);
    for (uint32_t i = 0; i < n; i++) {
        size_t cut =
            sorted[i].val.len < METRICS_VALUE_MAX ? (size_t)sorted[i].val.len : METRICS_VALUE_MAX;
        if (i > 0 && by_key(&sorted[i - 1], &sorted[i]) == 0)
            return false;
        while (cut < sorted[i].val.len && cut > 0 &&
               ((unsigned char)sorted[i].val.ptr[cut] & 0xc0) == 0x80)
            cut--; /* not inside a character */
        memcpy(key, sorted[i].key.ptr, (size_t)sorted[i].key.len);
        key[sorted[i].key.len] = '\0';
        jw_key(&w, key);
        jw_strn(&w, sorted[i].val.ptr, cut);
    }
    jw_end_object(&w);
    return !buf_failed(b);
}

/* ---- finding and making, under the lock ---- */

static struct source *source_of(struct metrics *m, const char *id)
{
    struct source *s = map_get(&m->sources, id);

    if (s)
        return s;
    s = mem_zalloc(sizeof *s);
    if (s)
        s->id = mem_strdup(id);
    if (!s || !s->id || map_put(&m->sources, id, s, NULL)) {
        if (s)
            free(s->id);
        free(s);
        return NULL;
    }
    return s;
}

/* One name is of one kind. */
static bool name_fits(struct metrics *m, struct source *s, enum metric_kind kind, const char *name)
{
    char key[KEY_MAX];

    (void)snprintf(key, sizeof key, "%s\n%s", s->id, name);
    struct name *known = map_get(&m->names, key);
    if (known)
        return known->kind == kind;
    if (s->names >= METRICS_NAMES_MAX)
        return false;
    known = mem_zalloc(sizeof *known);
    if (!known)
        return false;
    known->kind = kind;
    if (map_put(&m->names, key, known, NULL)) {
        free(known);
        return false;
    }
    s->names++;
    return true;
}

static struct series *series_make(struct source *source, enum metric_kind kind, const char *name,
                                  const char *labels)
{
    struct series *s = mem_zalloc(sizeof *s);

    if (!s)
        return NULL;
    s->source = source;
    s->kind = kind;
    s->name = mem_strdup(name);
    s->labels = mem_strdup(labels);
    if (kind == METRIC_HISTOGRAM)
        s->histogram = mem_zalloc(sizeof *s->histogram);
    if (s->name && s->labels && (kind != METRIC_HISTOGRAM || s->histogram))
        return s;
    series_free(s);
    return NULL;
}

static struct series *series_of(struct metrics *m, struct source *source, enum metric_kind kind,
                                const char *name, const char *labels)
{
    static const char overflow[] = "{\"overflow\":\"true\"}";
    char key[KEY_MAX];

    if (!name_fits(m, source, kind, name))
        return NULL;
    (void)snprintf(key, sizeof key, "%s\n%s\n%s", source->id, name, labels);
    struct series *s = map_get(&m->series, key);
    if (!s && source->series >= METRICS_SERIES_MAX) {
        labels = overflow; /* at most one a name, so these are bounded too */
        (void)snprintf(key, sizeof key, "%s\n%s\n%s", source->id, name, labels);
        s = map_get(&m->series, key);
    }
    if (s)
        return s;
    s = series_make(source, kind, name, labels);
    if (!s || map_put(&m->series, key, s, NULL)) {
        series_free(s);
        return NULL;
    }
    source->series++;
    return s;
}

static void record(struct series *s, double value)
{
    size_t i = 0;

    if (s->kind == METRIC_COUNTER)
        s->value += value;
    else if (s->kind == METRIC_GAUGE)
        s->value = value;
    if (s->kind != METRIC_HISTOGRAM)
        return;
    while (i < BOUNDS && value > bounds[i])
        i++;
    s->histogram->buckets[i]++;
    s->histogram->count++;
    s->histogram->sum += value;
}

void metrics_add(struct metrics *m, const char *source, enum metric_kind kind, const char *name,
                 double value, const allora_pair *labels, uint32_t n)
{
    A_CLEAN(buf_done) struct buf text = BUF(LABELS_MAX);
    bool good = word_valid(name, strlen(name)) && isfinite(value) &&
                (kind != METRIC_COUNTER || value >= 0) && write_labels(&text, labels, n);

    (void)pthread_mutex_lock(&m->lock);
    struct source *s = source_of(m, source);
    struct series *one = good && s ? series_of(m, s, kind, name, buf_str(&text)) : NULL;
    if (one)
        record(one, value);
    else if (s)
        s->dropped++;
    (void)pthread_mutex_unlock(&m->lock);
}

/* ---- reading ---- */

static int32_t send_row(const allora_sink *sink, const char *source, const char *name,
                        const char *suffix, const char *kind, const char *labels, double value)
{
    char full[256];
    int n = snprintf(full, sizeof full, "%.64s_%s%s", source, name, suffix);

    for (char *p = full; *p; p++) {
        if (*p == '-')
            *p = '_';
    }
    const allora_value cells[] = {
        val_textn(full, n < (int)sizeof full ? (size_t)n : sizeof full - 1), val_text(kind),
        val_json(labels, strlen(labels)), val_real(value), val_text(source)};
    return sink->row(sink->self, cells, 5);
}

static int32_t send_histogram(const allora_sink *sink, const struct series *s)
{
    char labels[LABELS_MAX + 64];
    const struct histogram *h = s->histogram;
    size_t n = strlen(s->labels) - 1; /* without its } */
    uint64_t below = 0;
    int32_t rc = ALLORA_OK;

    for (size_t i = 0; rc == ALLORA_OK && i <= BOUNDS; i++) {
        char le[32] = "+Inf";
        if (i < BOUNDS)
            (void)snprintf(le, sizeof le, "%g", bounds[i]);
        (void)snprintf(labels, sizeof labels, "%.*s%s\"le\":\"%s\"}", (int)n, s->labels,
                       n > 1 ? "," : "", le);
        below += h->buckets[i];
        rc = send_row(sink, s->source->id, s->name, "_bucket", "histogram", labels, (double)below);
    }
    if (rc == ALLORA_OK)
        rc = send_row(sink, s->source->id, s->name, "_sum", "histogram", s->labels, h->sum);
    if (rc == ALLORA_OK)
        rc = send_row(sink, s->source->id, s->name, "_count", "histogram", s->labels,
                      (double)h->count);
    return rc;
}

/* A copy of what is there, so that the lock isn't held while the sink works. */
static bool copy_series(struct metrics *m, size_t i, struct series *ret,
                        struct histogram *histogram)
{
    (void)pthread_mutex_lock(&m->lock);
    bool found = i < m->series.n;
    if (found) {
        *ret = *(const struct series *)m->series.entries[i].value;
        if (ret->histogram) {
            *histogram = *ret->histogram;
            ret->histogram = histogram;
        }
    }
    (void)pthread_mutex_unlock(&m->lock);
    return found;
}

static int32_t send_dropped(struct metrics *m, const allora_sink *sink)
{
    int32_t rc = ALLORA_OK;

    for (size_t i = 0; rc == ALLORA_OK; i++) {
        (void)pthread_mutex_lock(&m->lock);
        const struct source *s = i < m->sources.n ? m->sources.entries[i].value : NULL;
        uint64_t dropped = s ? s->dropped : 0;
        (void)pthread_mutex_unlock(&m->lock);
        if (!s)
            return rc;
        if (dropped)
            rc = send_row(sink, s->id, "metrics_dropped_total", "", "counter", "{}",
                          (double)dropped);
    }
    return rc;
}

int32_t metrics_rows(struct metrics *m, const allora_sink *sink)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    struct series s;
    struct histogram h;
    int32_t rc = ALLORA_OK;

    /* Nothing is ever taken out, so places stay; names and labels never change. */
    for (size_t i = 0; rc == ALLORA_OK && copy_series(m, i, &s, &h); i++)
        rc = s.kind == METRIC_HISTOGRAM
                 ? send_histogram(sink, &s)
                 : send_row(sink, s.source->id, s.name, "", kinds[s.kind], s.labels, s.value);
    return rc ? rc : send_dropped(m, sink);
}
