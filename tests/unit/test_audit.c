/* The audit operations: what verify finds, record by record and byte by byte, what list, show, tail
 * and export give. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/rowset.h"
#include "base/str.h"
#include "security/audit.h"
#include "security/journal_private.h"
#include "security/journal_record.h"
#include "unit/store_place.h"
#include <sqlite3.h>
#include <string.h>

static struct principal maria = {"local:maria", true, false};

struct answer {
    int32_t status;
    allora_error err;
    json_node *args, *doc;
    struct rowset rows;
    struct buf text;
};

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct answer *a = self;
    allora_sink s = rowset_sink(&a->rows);
    return s.begin(s.self, columns, n);
}
static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct answer *a = self;
    allora_sink s = rowset_sink(&a->rows);
    return s.row(s.self, cells, n);
}
static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    struct answer *a = self;
    if (kind == ALLORA_EV_TEXT)
        buf_add(&a->text, payload.ptr, (size_t)payload.len);
    if (kind == ALLORA_EV_RESULT)
        assert_int_equal(json_parse(payload.ptr, (size_t)payload.len, &a->doc, NULL), ALLORA_OK);
    return ALLORA_OK;
}

static struct answer call(struct place *p, operation_fn fn, const char *args)
{
    struct answer a = {.err = ERR_INIT, .text = BUF(1 << 24)};
    struct journal *j = NULL;
    allora_sink sink = {&a, on_begin, on_row, on_event};
    allora_ctx *ctx = ctx_root(&maria, 0);
    rowset_init(&a.rows, 0, 0);
    assert_int_equal(json_parse(args, strlen(args), &a.args, NULL), ALLORA_OK);
    assert_int_equal(journal_new(p->store, &j, &a.err), ALLORA_OK);
    a.status = fn(j, ctx, a.args, &sink, &a.err);
    journal_free(j);
    ctx_close(ctx);
    return a;
}

static void answer_done(struct answer *a)
{
    json_free(a->args);
    json_free(a->doc);
    rowset_done(&a->rows);
    buf_done(&a->text);
}

enum { RECORDS = 6 };

static void fill(struct place *p)
{
    struct journal *j = NULL;
    allora_error err = ERR_INIT;
    allora_ctx *ctx = ctx_root(&maria, 0);
    assert_int_equal(journal_new(p->store, &j, &err), ALLORA_OK);
    for (int i = 1; i <= RECORDS; i++) {
        struct journal_entry e = {.kind = i % 2 ? "intent" : "outcome",
                                  .operation = i < 4 ? "host.file.truncate" : "config.set",
                                  .effect = i < 4 ? ALLORA_EFFECT_WRITE : ALLORA_EFFECT_LOCAL,
                                  .plan = i < 4 ? "7f3a-91c2" : NULL,
                                  .target = i == 2 ? "a \"b\", c|d=e\\f\ng" : NULL,
                                  .status = i % 2 ? NULL : "ok",
                                  .detail = str_of(i == 3 ? "{\"x\":0.1,\"y\":[1]}" : "")};
        assert_int_equal(journal_append(j, ctx, &e, NULL, &err), ALLORA_OK);
    }
    journal_free(j);
    ctx_close(ctx);
}

static sqlite3 *open_db(struct place *p)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_path(p->store), &db), SQLITE_OK);
    return db;
}

static void run_sql(struct place *p, const char *sql)
{
    sqlite3 *db = open_db(p);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* verify finds exactly one thing, and it is this one. */
static void expect(struct place *p, int64_t seq, const char *words)
{
    struct answer a = call(p, audit_op_verify, "{}");
    assert_int_equal(a.status, ALLORA_E_INTEGRITY);
    assert_int_equal(status_exit_code(a.status), 8);
    assert_false(json_get_bool(a.doc, "intact", true));
    const json_node *problems = json_get(a.doc, "problems");
    if (json_count(problems) != 1 || json_get_int(json_first(problems), "seq", -1) != seq ||
        !strstr(json_get_str(json_first(problems), "problem", ""), words))
        fail_msg("expected record %lld \"%s\", got: %s (%zu findings)", (long long)seq, words,
                 a.err.message, json_count(problems));
    assert_non_null(strstr(a.err.message, words));
    assert_true(a.err.hint[0]);
    answer_done(&a);
}

static void expect_intact(struct place *p, int64_t records)
{
    struct answer a = call(p, audit_op_verify, "{}");
    if (a.status)
        print_message("%s\n", a.err.message);
    assert_int_equal(a.status, ALLORA_OK);
    assert_true(json_get_bool(a.doc, "intact", false));
    assert_int_equal(json_get_int(a.doc, "records", -1), records);
    answer_done(&a);
}

static void an_intact_journal_is_intact(void **state)
{
    struct place *p = *state;
    expect_intact(p, 0);
    assert_int_equal(access(store_path(p->store), F_OK), -1);
    fill(p);
    expect_intact(p, RECORDS);
    place_reopen(p);
    expect_intact(p, RECORDS);
}

static void put_value(sqlite3 *db, int seq, const void *value, int len)
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "UPDATE log SET value = ? WHERE seq = ?", -1, &s, NULL),
                     SQLITE_OK);
    (void)sqlite3_bind_blob(s, 1, value, len, SQLITE_STATIC);
    (void)sqlite3_bind_int(s, 2, seq);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    (void)sqlite3_finalize(s);
}

static int32_t keep(void *self, const struct store_record *r)
{
    char **values = self;
    values[r->seq] = strndup(r->value.ptr, (size_t)r->value.len);
    return 0;
}

/* Every byte of every record, one bit of it flipped: found, and named by its number. */
static void every_flipped_byte_is_found(void **state)
{
    struct place *p = *state;
    char *values[RECORDS + 1] = {0};
    allora_error err = ERR_INIT;
    size_t flipped = 0;
    fill(p);
    assert_int_equal(store_log_read(p->store, JOURNAL_LOG, 0, false, 0, keep, values, &err), 0);
    sqlite3 *db = open_db(p);
    assert_int_equal(sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    for (int seq = 1; seq <= RECORDS; seq++) {
        int len = (int)strlen(values[seq]);
        for (int at = 0; at < len; at++, flipped++) {
            values[seq][at] = (char)(values[seq][at] ^ (1 << (at % 8)));
            put_value(db, seq, values[seq], len);
            struct answer a = call(p, audit_op_verify, "{}");
            const json_node *first = json_first(json_get(a.doc, "problems"));
            if (a.status != ALLORA_E_INTEGRITY || json_get_int(first, "seq", -1) != seq)
                fail_msg("byte %d of record %d: %s", at, seq, a.err.message);
            answer_done(&a);
            values[seq][at] = (char)(values[seq][at] ^ (1 << (at % 8)));
        }
        put_value(db, seq, values[seq], len);
        free(values[seq]);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_true(flipped > RECORDS * 300);
    expect_intact(p, RECORDS);
}

static void other_hands_are_named(void **state)
{
    static const struct {
        const char *sql;
        int64_t seq;
        const char *words;
    } rows[] = {
        {"DELETE FROM log WHERE seq = 3", 3, "record 3 is missing"},
        {"DELETE FROM log WHERE seq IN (2, 3)", 2, "records 2 to 3 are missing"},
        {"DELETE FROM log WHERE seq = 1", 1, "record 1 is missing"},
        {"DELETE FROM log WHERE seq = 6", 6, "record 6 is missing"},
        {"DELETE FROM log WHERE seq > 3", 4, "records 4 to 6 are missing"},
        {"DELETE FROM log", 1, "records 1 to 6 are missing"},
        {"UPDATE log SET at_us = at_us - 1 WHERE seq = 4", 4, "another time than its own"},
        {"UPDATE log SET value = CAST(value AS TEXT) WHERE seq = 4", 4, "damaged in the database"},
        {"UPDATE log SET log = 'x' WHERE seq = 5", 5, "record 5 is missing"},
        {"UPDATE log SET seq = 0 WHERE seq = 6", 0, "a number below 1"},
        {"INSERT INTO log SELECT log, 7, at_us, value FROM log WHERE seq = 6", 7,
         "in its place is record 6"},
        {"DELETE FROM item WHERE space = 'journal'", 0, "no longer remembers"},
        {"UPDATE item SET value = 'x' WHERE space = 'journal'", 0, "makes no sense"},
        {"UPDATE item SET value = '{\"hash\":\"" JOURNAL_NO_HASH "\",\"seq\":6}'"
         " WHERE space = 'journal'",
         6, "not the one that the store remembers"},
        {"UPDATE item SET value = '{\"hash\":\"" JOURNAL_NO_HASH "\",\"seq\":8}'"
         " WHERE space = 'journal'",
         7, "records 7 to 8 are missing"},
    };
    struct place *p = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        store_free(p->store);
        place_wipe(p->dir);
        p->store = place_store(p->dir);
        fill(p);
        run_sql(p, rows[i].sql);
        if (i == 9) { /* two findings: it is also missing where it was */
            struct answer a = call(p, audit_op_verify, "{}");
            assert_int_equal(json_count(json_get(a.doc, "problems")), 2);
            answer_done(&a);
            continue;
        }
        expect(p, rows[i].seq, rows[i].words);
    }
}

static void two_that_changed_places_are_named(void **state)
{
    struct place *p = *state;
    fill(p);
    run_sql(p,
            "CREATE TEMP TABLE t AS SELECT * FROM log WHERE seq IN (2, 3);"
            "UPDATE log SET (at_us, value) = (SELECT at_us, value FROM t WHERE t.seq = 5 - log.seq)"
            " WHERE seq IN (2, 3)");
    struct answer a = call(p, audit_op_verify, "{}");
    assert_int_equal(a.status, ALLORA_E_INTEGRITY);
    assert_int_equal(json_count(json_get(a.doc, "problems")), 2);
    assert_non_null(strstr(a.err.message, "record 2: in its place is record 3, and 1 more"));
    answer_done(&a);
}

/* A whole new end, made with right hashes: only what remembers the old one finds it. */
static void a_rewritten_end_is_found(void **state)
{
    struct place *p = *state;
    fill(p);
    run_sql(p, "DELETE FROM log WHERE seq > 4; DELETE FROM item WHERE space = 'journal'");
    struct journal *j = NULL;
    allora_error err = ERR_INIT;
    struct journal_entry e = {.kind = "note", .operation = "forged", .effect = -1};
    assert_int_equal(journal_new(p->store, &j, &err), ALLORA_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(journal_append(j, NULL, &e, NULL, &err), ALLORA_OK);
    journal_free(j);
    expect(p, 6, "record 6 is not the one that journal.head remembers");
    A_FREE char *path = fs_join(p->dir, "journal.head");
    assert_int_equal(fs_write_atomic(path, "x", 1, 0600, &err), ALLORA_OK);
    expect(p, 0, "journal.head does not hold what allora writes");
}

static void a_broken_database_is_an_integrity_failure(void **state)
{
    struct place *p = *state;
    char junk[4096];
    allora_error err = ERR_INIT;
    fill(p);
    store_free(p->store);
    A_FREE char *path = fs_join(p->dir, "state.db");
    A_CLEAN(buf_done) struct buf all = BUF(1 << 24);
    assert_int_equal(fs_read(path, 1 << 24, &all, &err), ALLORA_OK);
    memset(junk, 0xa5, sizeof junk);
    for (size_t at = 4096; at + 4096 <= all.len; at += 4096)
        memcpy(all.ptr + at, junk, sizeof junk);
    assert_int_equal(fs_write_atomic(path, all.ptr, all.len, 0600, &err), ALLORA_OK);
    p->store = place_store(p->dir);
    struct answer a = call(p, audit_op_verify, "{}");
    assert_int_equal(a.status, ALLORA_E_INTEGRITY);
    answer_done(&a);
}

static int64_t cell(const struct answer *a, size_t row, uint32_t column)
{
    return a->rows.rows[row][column].u.i;
}

static void lists_what_was_asked_for(void **state)
{
    static const struct {
        const char *args;
        size_t n;
        int64_t first;
    } rows[] = {
        {"{\"limit\":50}", 6, 6},
        {"{\"limit\":2}", 2, 6},
        {"{\"limit\":50,\"operation\":\"host.*\"}", 3, 3},
        {"{\"limit\":50,\"operation\":\"none\"}", 0, 0},
        {"{\"limit\":50,\"kind\":\"outcome\"}", 3, 6},
        {"{\"limit\":50,\"plan\":\"7f3a-91c2\"}", 3, 3},
        {"{\"limit\":50,\"principal\":\"local:*\"}", 6, 6},
        {"{\"limit\":50,\"principal\":\"web:*\"}", 0, 0},
        {"{\"limit\":50,\"since\":\"1h\"}", 6, 6},
        {"{\"limit\":50,\"until\":\"1h\"}", 0, 0},
        {"{\"limit\":50,\"since\":\"2020-01-01\",\"until\":\"2999-01-01\"}", 6, 6},
    };
    struct place *p = *state;
    fill(p);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer a = call(p, audit_op_list, rows[i].args);
        assert_int_equal(a.status, ALLORA_OK);
        assert_int_equal(a.rows.n_rows, rows[i].n);
        if (rows[i].n)
            assert_int_equal(cell(&a, 0, 0), rows[i].first);
        answer_done(&a);
    }
    struct answer a = call(p, audit_op_list, "{\"since\":\"soon\"}");
    assert_int_equal(a.status, ALLORA_E_ARG);
    answer_done(&a);
    a = call(p, audit_op_tail, "{\"limit\":2}");
    assert_int_equal(a.rows.n_rows, 2);
    assert_int_equal(cell(&a, 0, 0), 5);
    answer_done(&a);
    a = call(p, audit_op_tail, "{\"limit\":0}");
    assert_int_equal(a.rows.n_rows, 0);
    answer_done(&a);
    run_sql(p, "UPDATE log SET value = x'00' WHERE seq = 6");
    a = call(p, audit_op_list, "{\"limit\":1}");
    assert_string_equal(a.rows.rows[0][2].u.p, "unreadable");
    answer_done(&a);
}

static void shows_one(void **state)
{
    struct place *p = *state;
    struct answer a = call(p, audit_op_show, "{\"seq\":1}");
    assert_int_equal(a.status, ALLORA_E_NOTFOUND);
    answer_done(&a);
    fill(p);
    a = call(p, audit_op_show, "{\"seq\":3}");
    assert_int_equal(a.status, ALLORA_OK);
    assert_true(json_get_bool(a.doc, "intact", false));
    assert_string_equal(json_get_str(a.doc, "operation", ""), "host.file.truncate");
    answer_done(&a);
    run_sql(p, "UPDATE log SET value = x'7b7d' WHERE seq = 3");
    a = call(p, audit_op_show, "{\"seq\":3}");
    assert_false(json_get_bool(a.doc, "intact", true));
    assert_string_equal(json_get_str(a.doc, "text", ""), "{}");
    answer_done(&a);
    a = call(p, audit_op_show, "{\"seq\":7}");
    assert_int_equal(a.status, ALLORA_E_NOTFOUND);
    answer_done(&a);
}

static void exports_in_three_formats(void **state)
{
    struct place *p = *state;
    fill(p);
    struct answer a = call(p, audit_op_export, "{\"format\":\"jsonl\"}");
    assert_int_equal(a.status, ALLORA_OK);
    size_t lines = 0;
    for (const char *c = buf_str(&a.text); *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, RECORDS);
    answer_done(&a);
    a = call(p, audit_op_export,
             "{\"format\":\"csv\",\"kind\":\"outcome\",\"plan\":\"7f3a-91c2\"}");
    assert_non_null(strstr(buf_str(&a.text), "seq,time,kind,"));
    assert_non_null(strstr(buf_str(&a.text), ",write,\"a \"\"b\"\", c|d=e\\f\ng\",ok,7f3a-91c2,"));
    answer_done(&a);
    a = call(p, audit_op_export,
             "{\"format\":\"cef\",\"kind\":\"outcome\",\"plan\":\"7f3a-91c2\"}");
    assert_non_null(strstr(buf_str(&a.text), "|outcome|host.file.truncate|5|rt="));
    assert_non_null(
        strstr(buf_str(&a.text), " cs1Label=target cs1=a \"b\", c|d\\=e\\\\f\\ng cs2Label="));
    answer_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(an_intact_journal_is_intact),
        PLACE_TEST(every_flipped_byte_is_found),
        PLACE_TEST(other_hands_are_named),
        PLACE_TEST(two_that_changed_places_are_named),
        PLACE_TEST(a_rewritten_end_is_found),
        PLACE_TEST(a_broken_database_is_an_integrity_failure),
        PLACE_TEST(lists_what_was_asked_for),
        PLACE_TEST(shows_one),
        PLACE_TEST(exports_in_three_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
