/*
 * The query engine against native SQLite tables with the same rows, in one process, in turns;
 * medians. The providers are compiled in, so what is measured is the engine: batches, queue,
 * virtual table, reader.
 *
 *     bench_query [ROWS [WORD]]   default 1000000, all; with WORD only figures whose name has it
 */
#include "../query/fake.h"

#include "base/clock.h"

#include <sqlite3.h>
#include <unistd.h>

enum { N_COLS = 10, N_OUT = 16, ROUNDS = 5 };

static int64_t n_rows = 1000000;
static int failed;
static double slack = 1;
static const char *only = "";

/* ---- the synthetic table
 * ------------------------------------------------------------------------------- */

static const char *const regions[8] = {"eu-west-1",  "eu-west-2", "us-east-1",      "us-east-2",
                                       "ap-south-1", "sa-east-1", "ap-southeast-3", "af-south-1"};
static const char *const states[4] = {"running", "stopped", "pending", "terminated"};
static char ids[1 << 16][20], names[1 << 16][24];
static uint8_t name_lens[1 << 16], region_lens[8], state_lens[4];

static void make_texts(void)
{
    for (int i = 0; i < 1 << 16; i++) {
        snprintf(ids[i], sizeof ids[i], "i-%012x", (unsigned)i * 2654435761u);
        name_lens[i] = (uint8_t)snprintf(names[i], sizeof names[i], "web-server-%d", i);
    }
    for (int i = 0; i < 8; i++)
        region_lens[i] = (uint8_t)strlen(regions[i]);
    for (int i = 0; i < 4; i++)
        state_lens[i] = (uint8_t)strlen(states[i]);
}

static uint32_t mixed(int64_t i)
{
    uint64_t x = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(x >> 32);
}

static void make_row(int64_t i, allora_value row[N_COLS])
{
    uint32_t m = mixed(i);
    row[0] = val_int(i);
    row[1] = val_textn(ids[i & 0xffff], 14);
    row[2] = val_textn(names[m & 0xffff], name_lens[m & 0xffff]);
    row[3] = val_textn(regions[m >> 16 & 7], region_lens[m >> 16 & 7]);
    row[4] = val_textn(states[m >> 19 & 3], state_lens[m >> 19 & 3]);
    row[5] = val_real((m % 1000) / 10.0);
    row[6] = val_int((int64_t)m * 4096);
    row[7] = val_int(m % 64);
    row[8] = val_real(m / 3.0);
    row[9] = val_int(n_rows - i); /* the other side's id, in no order that helps */
}

static const char tables_json[] =
    "[{\"name\":\"big\",\"summary\":\"rows\",\"nouns\":[\"row\"],\"ttl_s\":0,\"columns\":["
    "{\"name\":\"id\",\"type\":\"int\",\"summary\":\"c\"},{\"name\":\"instance\",\"type\":\"text\","
    "\"summary\":\"c\"},"
    "{\"name\":\"name\",\"type\":\"text\",\"summary\":\"c\"},{\"name\":\"region\",\"type\":"
    "\"text\",\"summary\":\"c\"},"
    "{\"name\":\"state\",\"type\":\"text\",\"summary\":\"c\"},{\"name\":\"cpu\",\"type\":\"real\","
    "\"summary\":\"c\"},"
    "{\"name\":\"memory\",\"type\":\"int\",\"summary\":\"c\"},{\"name\":\"cores\",\"type\":\"int\","
    "\"summary\":\"c\"},"
    "{\"name\":\"load\",\"type\":\"real\",\"summary\":\"c\"},{\"name\":\"peer\",\"type\":\"int\","
    "\"summary\":\"c\"}]},"
    "{\"name\":\"one\",\"summary\":\"one "
    "row\",\"nouns\":[\"one\"],\"ttl_s\":0,\"columns\":[{\"name\":\"id\",\"type\":\"int\","
    "\"summary\":\"c\"}]},"
    "{\"name\":\"regional\",\"summary\":\"100 "
    "partitions\",\"nouns\":[\"cell\"],\"ttl_s\":0,\"partitioned\":true,\"columns\":["
    "{\"name\":\"region\",\"type\":\"text\",\"summary\":\"c\"}]}]";

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *q,
                    const allora_sink *sink, allora_error *err)
{
    allora_value row[N_COLS], cells[N_COLS];
    (void)self;
    (void)err;
    if (strcmp(q->table, "one") == 0) {
        allora_value cell = val_int(1);
        (void)sink->row(sink->self, &cell, q->n_wanted);
        return ALLORA_OK;
    }
    if (strcmp(q->table, "regional") == 0) {
        allora_value cell = val_textn(q->partition[0].val.ptr, q->partition[0].val.len);
        (void)ctx_sleep(ctx, 100000);
        (void)sink->row(sink->self, &cell, q->n_wanted);
        return ALLORA_OK;
    }
    for (int64_t i = 0; i < n_rows; i++) {
        make_row(i, row);
        for (uint32_t k = 0; k < q->n_wanted; k++)
            cells[k] = row[q->wanted[k]];
        if (sink->row(sink->self, cells, q->n_wanted) != ALLORA_OK)
            break;
    }
    return ALLORA_OK;
}

static int32_t partitions(allora_instance *self, allora_ctx *ctx, const char *table,
                          const allora_sink *sink, allora_error *err)
{
    static const allora_column column = {
        .size = sizeof column, .type = ALLORA_V_TEXT, .name = "region"};
    const allora_column *columns[] = {&column};
    (void)self;
    (void)ctx;
    (void)table;
    (void)err;
    sink->begin(sink->self, columns, 1);
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%03d", i);
        allora_value cell = val_text(name);
        (void)sink->row(sink->self, &cell, 1);
    }
    return ALLORA_OK;
}

/* ---- both sides
 * ------------------------------------------------------------------------------------------- */

static uint64_t n_read, checksum;

static int32_t count_begin(void *self, const allora_column *const *c, uint32_t n)
{
    (void)self;
    (void)c;
    (void)n;
    return 0;
}

static int32_t count_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self;
    n_read++;
    for (uint32_t i = 0; i < n; i++)
        checksum += cells[i].type == ALLORA_V_TEXT ? cells[i].len : cells[i].u.bits;
    return 0;
}

static int32_t count_event(void *self, int32_t kind, allora_str p)
{
    (void)self;
    (void)kind;
    (void)p;
    return 0;
}

static const allora_sink counter = {NULL, count_begin, count_row, count_event};

/* Processor time of this thread, the reader: what the wall clock shows when nothing else runs. */
static int64_t own_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t reader_us;

static int64_t native_run(sqlite3 *db, const char *text)
{
    int64_t t = clock_mono_us(), cpu = own_us();
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK)
        abort();
    int n = sqlite3_column_count(s);
    while (sqlite3_step(s) == SQLITE_ROW) {
        allora_value cells[N_OUT];
        for (int i = 0; i < n; i++) {
            sqlite3_value *v = sqlite3_column_value(s, i); /* the engine's own way of reading */
            int type = sqlite3_value_type(v);
            if (type == SQLITE_INTEGER)
                cells[i] = val_int(sqlite3_value_int64(v));
            else if (type == SQLITE_FLOAT)
                cells[i] = val_real(sqlite3_value_double(v));
            else
                cells[i] = val_textn(sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v));
        }
        (void)count_row(NULL, cells, (uint32_t)n);
    }
    sqlite3_finalize(s);
    reader_us = own_us() - cpu;
    return clock_mono_us() - t;
}

static int64_t engine_run(struct engine *e, const char *text)
{
    int64_t t = clock_mono_us(), cpu = own_us();
    struct query_request q = sql(text);
    allora_error err = ERR_INIT;
    allora_ctx *ctx = ctx_root(&fake_person, 0);
    if (engine_query(e, ctx, &q, &counter, &err) != ALLORA_OK) {
        fprintf(stderr, "%s: %s\n", text, err.message);
        exit(1);
    }
    ctx_close(ctx);
    reader_us = own_us() - cpu;
    return clock_mono_us() - t;
}

static sqlite3 *make_native(void)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        abort();
    sqlite3_exec(db,
                 "CREATE TABLE big(id INTEGER, instance TEXT, name TEXT, region TEXT, state TEXT, "
                 "cpu REAL, memory INTEGER,"
                 " cores INTEGER, load REAL, peer INTEGER); BEGIN",
                 NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO big VALUES(?,?,?,?,?,?,?,?,?,?)", -1, &s, NULL);
    for (int64_t i = 0; i < n_rows; i++) {
        allora_value row[N_COLS];
        make_row(i, row);
        for (int k = 0; k < N_COLS; k++) {
            if (row[k].type == ALLORA_V_TEXT)
                sqlite3_bind_text(s, k + 1, row[k].u.p, (int)row[k].len, SQLITE_STATIC);
            else if (row[k].type == ALLORA_V_REAL)
                sqlite3_bind_double(s, k + 1, row[k].u.d);
            else
                sqlite3_bind_int64(s, k + 1, row[k].u.i);
        }
        sqlite3_step(s);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    sqlite3_exec(db, "COMMIT; CREATE INDEX big_peer ON big(peer)", NULL, NULL, NULL);
    return db;
}

/* ---- figures
 * ------------------------------------------------------------------------------------------------
 */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t median(int64_t *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

/* VmRSS or VmHWM in KB. */
static long memory(const char *what)
{
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, what, strlen(what)) == 0)
            kb = atol(line + strlen(what) + 1);
    }
    if (f)
        fclose(f);
    return kb;
}

static void reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        fputs("5", f);
        fclose(f);
    }
}

static void verdict(const char *what, const char *measured, const char *goal, bool ok,
                    bool within_slack)
{
    printf("BENCH|%s|%s|%s|%s\n", what, measured, goal, ok ? "ok" : "over");
    failed |= !ok && !within_slack;
}

/* Speed of the engine as a share of the native table's; goal: at least that. */
static void compare(struct engine *e, sqlite3 *db, const char *what, const char *text, double goal)
{
    int64_t native[ROUNDS], own[ROUNDS], native_reader[ROUNDS], own_reader[ROUNDS];
    uint64_t want = 0, got = 0;
    if (!strstr(what, only))
        return;
    reset_peak();
    long before = memory("VmRSS:");
    for (int i = 0; i < ROUNDS; i++) {
        checksum = 0;
        native[i] = native_run(db, text);
        native_reader[i] = reader_us;
        want = checksum;
        checksum = 0;
        own[i] = engine_run(e, text);
        own_reader[i] = reader_us;
        got = checksum;
    }
    int64_t n = median(native, ROUNDS), o = median(own, ROUNDS);
    char measured[80], wanted[40];
    snprintf(measured, sizeof measured, "%.2f × (%.0f ms, native %.0f ms)", (double)n / (double)o,
             (double)o / 1e3, (double)n / 1e3);
    snprintf(wanted, sizeof wanted, "≥ %.1f ×", goal);
    double ratio = (double)n / (double)o;
    verdict(what, measured, wanted, ratio >= goal && want == got,
            ratio >= goal / slack && want == got);
    if (want != got)
        printf("%s: the two sides read different rows\n", what);
    printf("%s: reader's processor time %.2f ×\n", what,
           (double)median(native_reader, ROUNDS) / (double)median(own_reader, ROUNDS));
    double mb = (double)(memory("VmHWM:") - before) / 1024;
    snprintf(measured, sizeof measured, "%.1f MB", mb);
    char label[120];
    snprintf(label, sizeof label, "%s: memory", what);
    verdict(label, measured, "≤ 20 MB", mb <= 20, mb <= 20 * slack);
}

static void join(struct engine *e, sqlite3 *db)
{
    static const char text[] =
        "select count(*), sum(a.cores), sum(b.cores) from big a join big b on b.peer = a.id";
    int64_t native[3], own[3];
    reset_peak();
    long before = memory("VmRSS:");
    for (int i = 0; i < 3; i++) {
        native[i] = native_run(db, text);
        own[i] = engine_run(e, text);
    }
    int64_t n = median(native, 3), o = median(own, 3);
    double ratio = (double)o / (double)n, mb = (double)(memory("VmHWM:") - before) / 1024;
    char measured[80];
    snprintf(measured, sizeof measured, "%.2f × (%.0f ms, native %.0f ms)", ratio, (double)o / 1e3,
             (double)n / 1e3);
    verdict("join of two tables of 1 M rows", measured, "≤ 5 ×", ratio <= 5, ratio <= 5 * slack);
    snprintf(measured, sizeof measured, "%.0f MB", mb);
    verdict("join of two tables of 1 M rows: memory", measured, "≤ 200 MB", mb <= 200,
            mb <= 200 * slack);
}

static void fan_out(struct engine *e)
{
    int64_t one[3], all[3];
    for (int i = 0; i < 3; i++) {
        one[i] = engine_run(e, "select count(*) from regional where region = 'r050'");
        all[i] = engine_run(e, "select count(*) from regional");
    }
    double ratio = (double)median(all, 3) / (double)median(one, 3);
    char measured[80];
    snprintf(measured, sizeof measured, "%.2f ×", ratio);
    verdict("100 partitions of 100 ms each", measured, "≤ 5 × one partition", ratio <= 5,
            ratio <= 5 * slack);
}

static void one_row(struct engine *e, sqlite3 *db)
{
    enum { RUNS = 501 };
    static int64_t own[RUNS], native[RUNS];
    sqlite3_exec(db, "CREATE TABLE one(id INTEGER); INSERT INTO one VALUES(1)", NULL, NULL, NULL);
    for (int i = 0; i < RUNS; i++) {
        own[i] = engine_run(e, "select * from one");
        native[i] = native_run(db, "select * from one");
    }
    char measured[80];
    int64_t o = median(own, RUNS);
    snprintf(measured, sizeof measured, "%lld µs (native, connection open: %lld µs)", (long long)o,
             (long long)median(native, RUNS));
    verdict("a query of one row", measured, "≤ 300 µs", o <= 300, o <= 300 * slack);
}

int main(int argc, char **argv)
{
    struct fake fake;
    struct engine *e;
    allora_error err = ERR_INIT;
    const char *wanted_slack = getenv("BENCH_SLACK");
    if (wanted_slack)
        slack = strtod(wanted_slack, NULL);
    if (argc > 1)
        n_rows = strtoll(argv[1], NULL, 10);
    if (argc > 2)
        only = argv[2];
    make_texts();
    fake_init(&fake, tables_json, NULL, list);
    fake.provider.partitions = partitions;
    struct pool *pool = pool_new(64);
    struct table_source source = fake_source(&fake);
    if (engine_new_from(&source, pool, NULL, &e, &err) != ALLORA_OK)
        return 1;
    sqlite3 *db = make_native();
    compare(e, db, "select * of 1 M rows × 10", "select * from big", 0.8);
    /* The same rows through SQLite's machine, cell by cell: no goal of the budget's, but a floor.
     */
    compare(e, db, "select * and a computed column", "select *, id + 1 from big", 0.4);
    compare(e, db, "group by over 1 M rows",
            "select region, state, count(*), avg(cpu), sum(memory) from big group by 1, 2", 0.8);
    compare(e, db, "a filter that is not pushed, 1 M rows",
            "select id, name, cpu from big where cpu > 90.0 and state = 'running'", 0.6);
    compare(e, db, "order by over 1 M rows", "select id, name, cpu from big order by name, cpu",
            0.6);
    compare(e, db, "count(*) of 1 M rows", "select count(*) from big where id >= 0", 0.6);
    if (strstr("join", only))
        join(e, db);
    if (strstr("partitions", only))
        fan_out(e);
    if (strstr("one row", only))
        one_row(e, db);
    sqlite3_close(db);
    engine_free(e);
    pool_free(pool);
    fake_done(&fake);
    return failed;
}
