/* The engine's parts by themselves: times, tokens, filters, batches, spools. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/value.h"
#include "query/batch.h"
#include "query/rowfilter.h"
#include "query/spool.h"
#include "query/sqltext.h"
#include "query/timetext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 42;

static uint32_t rnd(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

static void times(void **state)
{
    static const struct {
        const char *text;
        int64_t us; /* INT64_MIN: no time */
    } cases[] = {
        {"2026-01-01T00:00:00Z", 1767225600000000},
        {"2026-01-01", 1767225600000000},
        {" 2026-01-01 00:00 ", 1767225600000000},
        {"2026-01-01T02:00:00+02:00", 1767225600000000},
        {"2025-12-31 22:30:00.5-01:30", 1767225600500000},
        {"2026", 1767225600000000},
        {"2026-01", 1767225600000000},
        {"1767225600", 1767225600000000},
        {"2026-01-01T00:00:00.1234567Z", 1767225600123456},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"0000-01-01", TIMETEXT_MIN},
        {"9999-12-31 23:59:59.999999", TIMETEXT_MAX},
        {"2024-02-29", 1709164800000000},
        {"", INT64_MIN},
        {"12", INT64_MIN},
        {"2026-13-01", INT64_MIN},
        {"2026-01-01X", INT64_MIN},
        {"2026-01-01T25:00", INT64_MIN},
        {"2026-01-01T10", INT64_MIN},
        {"2026-01-01T10:00:00.Z", INT64_MIN},
        {"2026-01-01T10:00:00+2", INT64_MIN},
        {"2026T10:00", INT64_MIN},
        {"20260101", INT64_MIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = INT64_MIN;
        bool is = timetext_parse(cases[i].text, strlen(cases[i].text), &us);
        if (is != (cases[i].us != INT64_MIN) || (is && us != cases[i].us))
            fail_msg("%s: %d %lld", cases[i].text, is, (long long)us);
    }
    for (int i = 0; i < 20000; i++) {
        int64_t a = TIMETEXT_MIN + (int64_t)(((uint64_t)rnd(UINT32_MAX) << 31 | rnd(1u << 31)) %
                                             (uint64_t)(TIMETEXT_MAX - TIMETEXT_MIN)),
                b;
        char text[TIMETEXT_LEN], next[TIMETEXT_LEN];
        struct buf known = BUF(64);
        timetext_format(a, text);
        assert_true(timetext_parse(text, TIMETEXT_LEN, &b));
        assert_int_equal(a, b);
        if (a < TIMETEXT_MAX) {
            timetext_format(a + 1, next);
            assert_true(memcmp(text, next, TIMETEXT_LEN) < 0);
        }
        time_format(&known, a); /* base's own, by another algorithm */
        assert_memory_equal(buf_str(&known), text, 19);
        buf_done(&known);
    }
    assert_true(timetext_collate(NULL, 10, "2026-01-01", 20, "2026-01-01T00:00:00Z") == 0);
    assert_true(timetext_collate(NULL, 19, "2026-01-01 10:00:00", 20, "2026-01-01T09:00:00Z") > 0);
    assert_true(timetext_collate(NULL, 10, "2026-01-01", 6, "banana") < 0);
    assert_true(timetext_collate(NULL, 0, "", 10, "2026-01-01") > 0);
}

static void tokens(void **state)
{
    static const char text[] =
        "select [a b], \"x\"\"y\", 'it''s', 1.5e-3, :p -- end\n/* c */ from `T`;";
    static const struct {
        enum sql_kind kind;
        const char *name;
    } want[] = {{SQL_WORD, "select"}, {SQL_QUOTED, "a b"}, {SQL_PUNCT, NULL},
                {SQL_QUOTED, "x\"y"}, {SQL_PUNCT, NULL},   {SQL_STRING, "it's"},
                {SQL_PUNCT, NULL},    {SQL_NUMBER, NULL},  {SQL_PUNCT, NULL},
                {SQL_PARAM, NULL},    {SQL_WORD, "from"},  {SQL_QUOTED, "t"},
                {SQL_PUNCT, NULL},    {SQL_END, NULL}};
    size_t pos = 0;
    char name[32];
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct sql_token t = sql_next(text, strlen(text), &pos);
        assert_int_equal(t.kind, want[i].kind);
        assert_int_equal(sql_name(text, t, name, sizeof name), want[i].name != NULL);
        if (want[i].name)
            assert_string_equal(name, want[i].name);
    }
    static const char *const broken[] = {"'", "\"", "[", "/*", "--", "'a''",    "1e",
                                         "",  " ",  "/", "-",  ":",  "\xff\xfe"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        pos = 0;
        for (int k = 0; k < 10 && sql_next(broken[i], strlen(broken[i]), &pos).kind != SQL_END; k++)
            ;
        assert_true(pos == strlen(broken[i]));
    }
    static const struct {
        const char *sql, *stripped;
    } strips[] = {
        {"select max(a) as m, b, sum(distinct c) d from t", "select (a)  as m, b, (c)  d from t"},
        {"select round(avg(x), 1) from t", "select (x)  from t"},
        {"with q as (select 1) select min(y) from q", "with q as (select 1) select (y)  from q"},
        {"select max(a) + 1, count(*) from t", NULL},
        {"select max(a) over (order by b) from t", NULL},
        {"select (select max(a) from t)", NULL},
        {"select", NULL},
        {"select max(", NULL},
    };
    for (size_t i = 0; i < sizeof strips / sizeof *strips; i++) {
        struct buf out = BUF(4096), squeezed = BUF(4096);
        bool any = sql_strip_aggregates(strips[i].sql, &out);
        for (const char *p = buf_str(&out); *p; p++) {
            if (*p != ' ')
                buf_addc(&squeezed, *p);
        }
        if (any != (strips[i].stripped != NULL))
            fail_msg("%s: %s", strips[i].sql, buf_str(&out));
        struct buf want_squeezed = BUF(4096);
        for (const char *p = any ? strips[i].stripped : ""; *p; p++) {
            if (*p != ' ')
                buf_addc(&want_squeezed, *p);
        }
        if (any)
            assert_string_equal(buf_str(&squeezed), buf_str(&want_squeezed));
        buf_done(&out);
        buf_done(&squeezed);
        buf_done(&want_squeezed);
    }
}

static allora_value any_value(bool null)
{
    static const char *const texts[] = {"", "a", "A", "ab", "b"};
    switch (rnd(null ? 7 : 5)) {
    case 0:
        return val_int((int64_t)rnd(6) - 3);
    case 1:
        return val_real(((int)rnd(12) - 6) / 2.0);
    case 2:
        return val_text(texts[rnd(5)]);
    case 3:
        return val_bool(rnd(2));
    case 4:
        return val_time((int64_t)rnd(4));
    case 5:
        return val_null();
    default:
        return (allora_value){.type = ALLORA_V_ABSENT};
    }
}

static void filters(void **state)
{
    struct arena mem;
    (void)state;
    arena_init(&mem, 0);
    for (int i = 0; i < 100000; i++) {
        allora_value list[6], row[3] = {any_value(true), any_value(true), any_value(true)};
        uint32_t cell = rnd(3), n = 1 + rnd(6), kind = rnd(3);
        allora_filter f = {.column = cell, .op = 1 + rnd(10), .val = any_value(false)};
        if (f.op == ALLORA_OP_IN) {
            for (uint32_t k = 0; k < n; k++)
                list[k] = kind == 0   ? any_value(false)
                          : kind == 1 ? val_int((int64_t)rnd(6) - 3)
                                      : val_text((const char *[]){"a", "ab", ""}[rnd(3)]);
            f.val = (allora_value){.type = ALLORA_V_LIST, .len = n, .u.list = list};
        }
        struct row_filter fast;
        assert_int_equal(row_filter_init(&fast, cell, &f, &mem), ALLORA_OK);
        if (row_filter_match(&fast, row) != filter_matches(&f, &row[cell]))
            fail_msg("op %u on type %u", f.op, row[cell].type);
        arena_reset(&mem);
    }
    arena_done(&mem);
}

static void batches(void **state)
{
    struct batch *b = batch_new(1000);
    allora_value row[3] = {val_int(7), val_text("hello"), val_null()}, out[3];
    uint32_t n = 0;
    (void)state;
    batch_clear(b, 3);
    while (batch_add(b, row, 3))
        n++;
    assert_int_equal(n, 1000 / (3 * 16 + 5));
    assert_int_equal(b->n_rows, n);
    assert_true(batch_valid(b));
    batch_read(b, n - 1, out);
    assert_int_equal(out[0].u.i, 7);
    assert_memory_equal(out[1].u.p, "hello", 5);
    assert_int_equal(out[2].type, ALLORA_V_NULL);
    /* what does not fit leaves it as it was */
    uint32_t text_start = b->text_start;
    assert_false(batch_add(b, row, 3));
    assert_int_equal(b->text_start, text_start);
    ((allora_value *)(void *)b->data)[1].u.bits = 999;
    assert_false(batch_valid(b));
    free(b);
}

/* A spool of `n` rows (key i % 1000, a text, i), large enough to go to its file when n is. */
static void spool_of(uint64_t n, uint32_t text_len)
{
    struct spool *s = spool_new(3, NULL);
    struct batch *b = batch_new(BATCH_SIZE);
    const struct spool_index *index, *by_text;
    struct spool_cursor c = {0}, all = {0};
    allora_error err = ERR_INIT;
    char *text = malloc(text_len + 32);
    batch_clear(b, 3);
    for (uint64_t i = 0; i < n; i++) {
        int len = snprintf(text, text_len + 32, "%llu-%0*d", (unsigned long long)(i % 77),
                           (int)text_len, 0);
        allora_value row[3] = {val_int((int64_t)(i % 1000)), val_textn(text, (size_t)len),
                               val_int((int64_t)i)};
        if (!batch_add(b, row, 3)) {
            assert_int_equal(spool_add(s, b, &err), ALLORA_OK);
            batch_clear(b, 3);
            assert_true(batch_add(b, row, 3));
        }
    }
    assert_int_equal(spool_add(s, b, &err), ALLORA_OK);
    assert_int_equal(spool_seal(s, &err), ALLORA_OK);
    assert_int_equal(spool_rows(s), n);
    uint32_t keys[] = {0}, texts[] = {1};
    assert_int_equal(spool_index(s, keys, 1, &index, &err), ALLORA_OK);
    assert_int_equal(spool_index(s, texts, 1, &by_text, &err), ALLORA_OK);
    spool_seek(&all, s, NULL, 0);
    for (uint64_t i = 0; i < n; i++) {
        assert_int_equal(spool_next(&all, &err), ALLORA_OK);
        if (all.cells[2].u.i != (int64_t)i)
            fail_msg("row %llu", (unsigned long long)i);
    }
    assert_int_equal(spool_next(&all, &err), ALLORA_STOP);
    for (int64_t k = 0; k < 1000; k += 37) {
        allora_value key = val_int(k), real = val_real((double)k);
        char digits[8];
        snprintf(digits, sizeof digits, "%lld", (long long)k);
        allora_value written = val_text(digits);
        uint64_t h = spool_hash(0, &key), found = 0;
        /* whatever SQL may call equal hashes alike */
        assert_true(h == spool_hash(0, &real) && h == spool_hash(0, &written));
        int64_t last = -1;
        spool_seek(&c, s, index, h);
        while (spool_next(&c, &err) == ALLORA_OK) {
            if (c.cells[0].u.i != k)
                continue;
            assert_true(c.cells[2].u.i > last); /* in the order they came */
            last = c.cells[2].u.i;
            found++;
        }
        assert_int_equal(found, n / 1000);
    }
    snprintf(text, text_len + 32, "%d-%0*d", 5, (int)text_len, 0);
    allora_value key = val_text(text);
    uint64_t found = 0;
    spool_seek(&c, s, by_text, spool_hash(0, &key));
    while (spool_next(&c, &err) == ALLORA_OK)
        found +=
            c.cells[1].len == key.len && memcmp(cell_text(c.base, &c.cells[1]), text, key.len) == 0;
    assert_int_equal(found, (n - 5 + 76) / 77);
    spool_cursor_done(&c);
    spool_cursor_done(&all);
    spool_free(s);
    free(b);
    free(text);
}

static void spools(void **state)
{
    (void)state;
    spool_of(1000, 1);     /* in memory */
    spool_of(50000, 200);  /* a mapped file */
    spool_of(30000, 4000); /* a file that is read */
    struct spool *empty = spool_new(2, "/no/such/folder");
    const struct spool_index *index;
    struct spool_cursor c = {0};
    allora_error err = ERR_INIT;
    uint32_t col = 0;
    assert_int_equal(spool_seal(empty, &err), ALLORA_OK);
    assert_int_equal(spool_index(empty, &col, 1, &index, &err), ALLORA_OK);
    spool_seek(&c, empty, index, 12345);
    assert_int_equal(spool_next(&c, &err), ALLORA_STOP);
    spool_cursor_done(&c);
    spool_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(tokens),
                                       cmocka_unit_test(filters), cmocka_unit_test(batches),
                                       cmocka_unit_test(spools)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
