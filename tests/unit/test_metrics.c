/* Counters, gauges and histograms: right, bounded, and readable while they are added to. */
#include "services_help.h"

#include "base/json.h"
#include "base/metrics.h"

#include <math.h>
#include <pthread.h>

static struct metrics *m;

static int setup(void **state)
{
    (void)state;
    m = metrics_new();
    assert_non_null(m);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    metrics_free(m);
    return 0;
}

static allora_pair label(const char *key, const char *value)
{
    return (allora_pair){{key, strlen(key)}, {value, strlen(value)}};
}

struct seen {
    const char *name, *labels;
    double value;
    unsigned rows, matches;
};

static int32_t look(void *self, const allora_value *cells, uint32_t n)
{
    struct seen *f = self;
    assert_int_equal(n, 5);
    f->rows++;
    if (strlen(f->name) == cells[0].len && memcmp(f->name, cells[0].u.p, cells[0].len) == 0 &&
        (!f->labels || (strlen(f->labels) == cells[2].len &&
                        memcmp(f->labels, cells[2].u.p, cells[2].len) == 0))) {
        f->matches++;
        f->value = cells[3].u.d;
    }
    return ALLORA_OK;
}

static double value_of(const char *name, const char *labels)
{
    struct seen f = {.name = name, .labels = labels};
    const allora_sink sink = {&f, NULL, look, NULL};
    assert_int_equal(metrics_rows(m, &sink), ALLORA_OK);
    return f.matches == 1 ? f.value : (double)NAN;
}
#define IS(name, labels, expected) assert_true(fabs(value_of(name, labels) - (expected)) < 1e-9)

static void counts_and_measures(void **state)
{
    (void)state;
    const allora_pair ab[] = {label("a", "1"), label("b", "x\"y")}, ba[] = {ab[1], ab[0]};
    metrics_add(m, "web-face", METRIC_COUNTER, "requests_total", 2, NULL, 0);
    metrics_add(m, "web-face", METRIC_COUNTER, "requests_total", 3, NULL, 0);
    metrics_add(m, "web-face", METRIC_GAUGE, "open", 7, ab, 2);
    metrics_add(m, "web-face", METRIC_GAUGE, "open", 4, ba, 2); /* the same labels */
    metrics_add(m, "other", METRIC_COUNTER, "requests_total", 1, NULL, 0);
    IS("web_face_requests_total", "{}", 5);
    IS("other_requests_total", "{}", 1);
    IS("web_face_open", "{\"a\":\"1\",\"b\":\"x\\\"y\"}", 4);
    metrics_add(m, "web-face", METRIC_HISTOGRAM, "seconds", 0.004, ab, 1);
    metrics_add(m, "web-face", METRIC_HISTOGRAM, "seconds", 0.005, ab, 1);
    metrics_add(m, "web-face", METRIC_HISTOGRAM, "seconds", 100, ab, 1);
    IS("web_face_seconds_bucket", "{\"a\":\"1\",\"le\":\"0.0025\"}", 0);
    IS("web_face_seconds_bucket", "{\"a\":\"1\",\"le\":\"0.005\"}", 2);
    IS("web_face_seconds_bucket", "{\"a\":\"1\",\"le\":\"60\"}", 2);
    IS("web_face_seconds_bucket", "{\"a\":\"1\",\"le\":\"+Inf\"}", 3);
    IS("web_face_seconds_count", "{\"a\":\"1\"}", 3);
    IS("web_face_seconds_sum", "{\"a\":\"1\"}", 100.009);
}

static void drops_what_makes_no_sense(void **state)
{
    (void)state;
    const allora_pair twice[] = {label("a", "1"), label("a", "2")}, bad = label("A b", "1");
    allora_pair many[METRICS_LABELS_MAX + 1];
    for (uint32_t i = 0; i <= METRICS_LABELS_MAX; i++)
        many[i] = label(&"abcdefghi"[i], "1");
    metrics_add(m, "x", METRIC_COUNTER, "n", 1, NULL, 0);
    metrics_add(m, "x", METRIC_GAUGE, "n", 1, NULL, 0); /* another kind */
    metrics_add(m, "x", METRIC_COUNTER, "n", -1, NULL, 0);
    metrics_add(m, "x", METRIC_GAUGE, "g", (double)NAN, NULL, 0);
    metrics_add(m, "x", METRIC_GAUGE, "Bad-Name", 1, NULL, 0);
    metrics_add(m, "x", METRIC_GAUGE, "", 1, NULL, 0);
    metrics_add(m, "x", METRIC_GAUGE, "g", 1, twice, 2);
    metrics_add(m, "x", METRIC_GAUGE, "g", 1, &bad, 1);
    metrics_add(m, "x", METRIC_GAUGE, "g", 1, many, METRICS_LABELS_MAX + 1);
    IS("x_n", "{}", 1);
    IS("x_metrics_dropped_total", "{}", 8);
    char longer[2 * METRICS_VALUE_MAX];
    memset(longer, 'y', sizeof longer);
    memcpy(longer + METRICS_VALUE_MAX - 1, "\xc3\xa4", 2); /* is not cut through */
    const allora_pair cut = {{"a", 1}, {longer, sizeof longer}};
    metrics_add(m, "x", METRIC_GAUGE, "g", 1, &cut, 1);
    char expected[256] = "{\"a\":\"";
    memset(expected + 6, 'y', METRICS_VALUE_MAX - 1);
    memcpy(expected + 5 + METRICS_VALUE_MAX, "\"}", 3);
    IS("x_g", expected, 1);
}

static void is_bounded(void **state)
{
    (void)state;
    char text[32];
    for (int i = 0; i < 3 * METRICS_SERIES_MAX; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        const allora_pair user = label("user", text);
        metrics_add(m, "x", METRIC_COUNTER, "n", 1, &user, 1);
    }
    struct seen f = {.name = ""};
    const allora_sink sink = {&f, NULL, look, NULL};
    assert_int_equal(metrics_rows(m, &sink), ALLORA_OK);
    assert_int_equal(f.rows, METRICS_SERIES_MAX + 1);
    IS("x_n", "{\"overflow\":\"true\"}", 2 * METRICS_SERIES_MAX);
    for (int i = 0; i < 2 * METRICS_NAMES_MAX; i++) {
        (void)snprintf(text, sizeof text, "name_%d", i);
        metrics_add(m, "x", METRIC_COUNTER, text, 1, NULL, 0);
    }
    IS("x_metrics_dropped_total", "{}", METRICS_NAMES_MAX + 1);
}

static void *hammer(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "%d", i % 10);
        const allora_pair l = label("k", text);
        metrics_add(m, "x", METRIC_COUNTER, "n", 1, &l, 1);
        metrics_add(m, "x", METRIC_HISTOGRAM, "h", i, NULL, 0);
    }
    return NULL;
}

static void on_many_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (int i = 0; i < 50; i++)
        (void)value_of("x_n", NULL);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    IS("x_n", "{\"k\":\"3\"}", 800);
    IS("x_h_count", "{}", 8000);
}

static bool one_of_each(void)
{
    struct metrics *fresh = metrics_new();
    struct seen f = {.name = "x_n"};
    const allora_sink sink = {&f, NULL, look, NULL};
    const allora_pair l = label("k", "1");
    if (!fresh)
        return false;
    metrics_add(fresh, "x", METRIC_COUNTER, "n", 1, &l, 1);
    metrics_add(fresh, "x", METRIC_HISTOGRAM, "h", 1, NULL, 0);
    (void)metrics_rows(fresh, &sink);
    metrics_free(fresh);
    return f.rows > 17 && f.matches == 1 && isfinite(f.value);
}

static void out_of_memory(void **state)
{
    (void)state;
    unsigned runs;
    TORTURE(one_of_each(), &runs);
    assert_true(runs > 10);
}

/* Through the service: under the plugin's own name; and nothing without the host's. */
static void by_plugin(void **state)
{
    (void)state;
    struct caller c;
    caller_open(&c, "web-face", "{\"metrics\":true}");
    host_metrics.count(c.ctx, "n", 1, NULL, 0);
    c.registry.metrics = m;
    host_metrics.count(c.ctx, "n", 1, NULL, 0);
    host_metrics.gauge(c.ctx, "g", 2, NULL, 0);
    host_metrics.observe(c.ctx, "h", 3, NULL, 0);
    host_metrics.count(c.root, "n", 1, NULL, 0); /* nobody's call */
    IS("web_face_n", "{}", 1);
    IS("web_face_g", "{}", 2);
    IS("web_face_h_count", "{}", 1);
    caller_close(&c);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(counts_and_measures), EACH(drops_what_makes_no_sense),
        EACH(is_bounded),          EACH(on_many_threads),
        EACH(out_of_memory),       EACH(by_plugin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
