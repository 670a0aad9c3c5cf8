/* core/cli: the table and the renderers, from events to bytes. */
#include "unit/cli_help.h"

#include "base/clock.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/cell.h"
#include "cli/render_internal.h"
#include <stdio.h>

/* ---- a renderer whose streams are files in memory ---- */

static int out_fd, err_fd, saved_stderr;

static int set_up(void **state)
{
    (void)state;
    out_fd = memory_file();
    err_fd = memory_file();
    saved_stderr = dup(STDERR_FILENO);
    return setenv("ALLORA_TEST_NOW", "2026-11-22T12:00:00Z", 1);
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(out_fd);
    (void)close(err_fd);
    (void)close(saved_stderr);
    return 0;
}

static struct render *start(const struct term *term, const char *kind, enum output_format format)
{
    const struct render_options o = {.format = format,
                                     .kind = kind,
                                     .term = term,
                                     .sql = "select * from nowhere",
                                     .explain = "why"};
    struct render *r = render_new(&o);
    assert_non_null(r);
    r->out.fd = out_fd;
    assert_true(dup2(err_fd, STDERR_FILENO) >= 0);
    return r;
}

static int32_t finish(struct render *r, int32_t status, const allora_error *err)
{
    int32_t rc = render_finish(r, status, err);
    render_free(r);
    (void)dup2(saved_stderr, STDERR_FILENO);
    return rc;
}

static void event(struct render *r, int32_t kind, const char *payload)
{
    allora_sink s = render_sink(r);
    assert_int_equal(s.event(s.self, kind, str_of(payload)), ALLORA_OK);
}

static void two_columns(struct render *r, uint8_t type, const char *unit)
{
    const allora_column a = a_column("name", ALLORA_V_TEXT, NULL), b = a_column("size", type, unit);
    const allora_column *const columns[] = {&a, &b};
    allora_sink s = render_sink(r);
    assert_int_equal(s.begin(s.self, columns, 2), ALLORA_OK);
}

static void row(struct render *r, const char *name, allora_value v)
{
    const allora_value cells[] = {val_text(name), v};
    allora_sink s = render_sink(r);
    assert_int_equal(s.row(s.self, cells, 2), ALLORA_OK);
}

/* ---- tables ---- */

static void test_table(void **state)
{
    struct term term = a_pipe();
    (void)state;
    struct render *r = start(&term, "rows", OUTPUT_TABLE);
    two_columns(r, ALLORA_V_INT, "bytes");
    row(r, "caf\xc3\xa9", val_int(1717986918));
    row(r, "\xe6\x97\xa5\xe6\x9c\xac", val_int(0));
    row(r, "gone", val_null());
    event(r, ALLORA_EV_PROVENANCE,
          "{\"tables\":[{\"table\":\"x_t\",\"source\":\"live\"},{\"table\":\"y_t\",\"source\":"
          "\"cache\",\"age_s\":120}],"
          "\"elapsed_us\":6000}");
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(out_fd, "name     size\n"
                        "caf\xc3\xa9  1.6 GiB\n"
                        "\xe6\x97\xa5\xe6\x9c\xac      0 B\n"
                        "gone        -\n");
    assert_text(err_fd, "3 rows \xc2\xb7 x_t live \xc2\xb7 y_t cached 2 min ago \xc2\xb7 6 ms\n");
}

/* A size for people is a plain number for programs. */
static void test_units_are_for_people(void **state)
{
    struct term term = a_pipe();
    (void)state;
    struct render *r = start(&term, "rows", OUTPUT_JSON);
    two_columns(r, ALLORA_V_INT, "bytes");
    row(r, "a", val_int(1717986918));
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(out_fd, "[\n{\"name\":\"a\",\"size\":1717986918}\n]\n");
    assert_text(err_fd, "");
}

/* The first rows decide the widths; later ones are longer, and none is lost. */
static void test_look_ahead(void **state)
{
    struct term term = a_pipe();
    struct render *r = start(&term, "rows", OUTPUT_TABLE);
    size_t lines = 0;
    (void)state;
    two_columns(r, ALLORA_V_INT, NULL);
    for (int i = 0; i < TABLE_LOOKAHEAD; i++)
        row(r, "short", val_int(1));
    row(r, "much longer than all before", val_int(123456789));
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    char *text = memory_take(out_fd);
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, TABLE_LOOKAHEAD + 2);
    assert_non_null(strstr(text, "\nmuch longer than all before  123456789\n"));
    free(text);
    free(memory_take(err_fd));
}

static void test_fit(void **state)
{
    const bool text[] = {true, false, true};
    const size_t head[] = {4, 4, 4};
    size_t width[] = {60, 10, 30};
    (void)state;
    assert_true(table_fit(width, text, head, 3, 60));
    assert_int_equal(width[0] + width[1] + width[2], 60);
    assert_int_equal(width[1], 10); /* numbers are never cut */
    assert_true(width[0] <= 26 && width[2] <= 26);
    size_t few[] = {60, 10, 9};
    assert_true(table_fit(few, text, head, 3, 60)); /* the widest gives first */
    assert_int_equal(few[0], 41);
    assert_int_equal(few[2], 9);
    size_t tight[] = {20, 10, 20};
    assert_false(table_fit(tight, text, head, 3, 20)); /* then records */
}

static void test_records(void **state)
{
    struct term term = a_terminal(14);
    (void)state;
    struct render *r = start(&term, "rows", OUTPUT_TABLE);
    two_columns(r, ALLORA_V_INT, NULL);
    row(r, "a name", val_int(INT64_MAX));
    row(r, "another\nname", val_int(1));
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(
        out_fd,
        "\xe2\x94\x80\xe2\x94\x80 1 \xe2\x94\x80\xe2\x94\x80\n  name  a name\n  size  "
        "9223372036854775807\n\n"
        "\xe2\x94\x80\xe2\x94\x80 2 \xe2\x94\x80\xe2\x94\x80\n  name  another\\nname\n  size  1\n");
    free(memory_take(err_fd));
}

static void test_titles(void **state)
{
    static const struct {
        const char *name, *title;
        uint8_t type;
    } rows[] = {
        {"cpu_percent", "cpu %", ALLORA_V_REAL},  {"start_time", "started", ALLORA_V_TIME},
        {"created_at", "created", ALLORA_V_TIME}, {"mount_point", "mount point", ALLORA_V_TEXT},
        {"look_at", "look at", ALLORA_V_TEXT},    {"_percent", " percent", ALLORA_V_REAL}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = BUF(256);
        table_title(&b, rows[i].name, rows[i].type, true);
        assert_string_equal(buf_str(&b), rows[i].title);
        buf_done(&b);
    }
}

static void test_ago(void **state)
{
    static const struct {
        int64_t age_s;
        const char *words;
    } rows[] = {{0, "just now"},
                {59, "59 s ago"},
                {60, "1 min ago"},
                {7199, "1 h ago"},
                {86400, "1 day ago"},
                {6 * 86400, "6 days ago"},
                {40 * 86400, "1 month ago"},
                {-7200, "in 2 h"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = BUF(256);
        int64_t now;
        assert_int_equal(time_parse("2026-11-22T12:00:00Z", 20, &now), ALLORA_OK);
        cell_ago(&b, now - rows[i].age_s * 1000000);
        assert_string_equal(buf_str(&b), rows[i].words);
        buf_done(&b);
    }
}

/* ---- errors and warnings ---- */

static void test_error_with_caret(void **state)
{
    struct term term = a_pipe();
    allora_error err = ERR_INIT;
    (void)state;
    struct render *r = start(&term, "rows", OUTPUT_TABLE);
    event(r, ALLORA_EV_RESULT,
          "{\"sql_error\":{\"offset\":14,\"length\":7,\"line\":1,\"column\":15}}");
    err_set(&err, ALLORA_E_ARG, "no table nowhere");
    err_hint(&err, "allora table list");
    assert_int_equal(finish(r, ALLORA_E_ARG, &err), ALLORA_E_ARG);
    assert_text(out_fd, "");
    assert_text(
        err_fd,
        "error: no table nowhere\n   \xe2\x95\xb7\n   \xe2\x94\x82 select * from nowhere\n"
        "   \xe2\x94\x82               ^^^^^^^\n   \xe2\x95\xb5\nhint: allora table list\n");
    r = start(&term, "rows", OUTPUT_JSON);
    err_reason(&err, "Because");
    assert_int_equal(finish(r, ALLORA_E_ARG, &err), ALLORA_E_ARG);
    assert_text(out_fd, "");
    assert_text(err_fd, "{\"error\":{\"code\":\"invalid_argument\",\"message\":\"no table "
                        "nowhere\",\"reason\":\"Because\","
                        "\"hint\":\"allora table list\",\"where\":null}}\n");
}

/* Rows came, then it failed: what came is still valid JSON. */
static void test_failure_in_the_middle(void **state)
{
    struct term term = a_pipe();
    allora_error err = ERR_INIT;
    (void)state;
    struct render *r = start(&term, "rows", OUTPUT_JSON);
    two_columns(r, ALLORA_V_INT, NULL);
    row(r, "a", val_int(1));
    err_set(&err, ALLORA_E_NETWORK, "gone");
    assert_int_equal(finish(r, ALLORA_E_NETWORK, &err), ALLORA_E_NETWORK);
    assert_text(out_fd, "[\n{\"name\":\"a\",\"size\":1}\n]\n");
    free(memory_take(err_fd));
}

static void test_partial(void **state)
{
    struct term term = a_pipe();
    (void)state;
    struct render *r = start(&term, "rows", OUTPUT_TABLE);
    two_columns(r, ALLORA_V_INT, NULL);
    event(r, ALLORA_EV_WARNING,
          "{\"code\":\"network\",\"message\":\"no "
          "answer\\u001b[2J\",\"where\":\"eu-1\",\"hint\":\"try\"}");
    row(r, "a", val_int(1));
    event(r, ALLORA_EV_PROVENANCE, "{\"tables\":[],\"partial\":true}");
    assert_int_equal(finish(r, ALLORA_PARTIAL, NULL), ALLORA_PARTIAL);
    assert_text(out_fd, "name  size\na        1\n");
    assert_text(err_fd, "partial: eu-1: no answer\\x1b[2J\nhint: try\n1 row \xc2\xb7 partial\n");
}

static void test_nothing_came(void **state)
{
    struct term term = a_pipe();
    (void)state;
    static const struct {
        enum output_format format;
        const char *expected;
    } rows[] = {
        {OUTPUT_TABLE, ""}, {OUTPUT_JSON, "[]\n"}, {OUTPUT_YAML, "[]\n"}, {OUTPUT_NDJSON, ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct render *r = start(&term, "rows", rows[i].format);
        assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
        assert_text(out_fd, rows[i].expected);
    }
    free(memory_take(err_fd));
}

/* A shell's two results in one renderer, in two formats, and an error between them. */
static void test_results_in_turn(void **state)
{
    struct term term = a_pipe();
    (void)state;
    struct render *r = start(&term, "rows", OUTPUT_TABLE);
    two_columns(r, ALLORA_V_INT, NULL);
    row(r, "a", val_int(1));
    event(r, ALLORA_EV_DONE, "{}");
    event(r, ALLORA_EV_WARNING, "{\"severity\":\"error\",\"message\":\"bad\",\"hint\":\"better\"}");
    event(r, ALLORA_EV_MESSAGE, "{\"topic\":\"console.output\",\"data\":\"csv\"}");
    two_columns(r, ALLORA_V_INT, NULL);
    row(r, "b", val_int(2));
    event(r, ALLORA_EV_DONE, "{}");
    event(r, ALLORA_EV_TEXT, "words\n");
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(out_fd, "name  size\na        1\nname,size\r\nb,2\r\n");
    assert_text(err_fd, "1 row\nerror: bad\nhint: better\n");
}

/* ---- answers and documents ---- */

static const char ANSWER[] =
    "{\"answer\":\"Two processes hold 2.0 "
    "GiB.\",\"agent\":\"x\",\"session\":\"1\",\"show\":[1],\"reason\":\"stop\",\"receipts\":[{"
    "\"n\":1,\"operation\":\"query.sql\",\"arguments\":{},\"sql\":\"select name,\\n  rss\\nfrom "
    "t\","
    "\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"rss\",\"type\":\"int\","
    "\"unit\":\"bytes\"},"
    "{\"name\":\"start_time\",\"type\":\"time\"}],"
    "\"rows\":[{\"name\":\"a\",\"rss\":1717986918,\"start_time\":\"2026-11-22T10:00:00Z\"},"
    "{\"name\":\"bb\",\"rss\":429496729,\"start_time\":null}],\"row_count\":2,\"truncated\":false,"
    "\"elapsed_us\":6000,"
    "\"provenance\":{\"tables\":[{\"table\":\"t\",\"provider\":\"host\",\"source\":\"live\",\"rows_"
    "read\":214}]}}]}";

static void test_answer(void **state)
{
    struct term term = a_terminal(60);
    (void)state;
    struct render *r = start(&term, "answer", OUTPUT_TABLE);
    event(r, ALLORA_EV_TEXT, "Two processes ");
    event(r, ALLORA_EV_TEXT, "hold 2.0 GiB.");
    event(r, ALLORA_EV_RESULT, ANSWER);
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(
        out_fd,
        "Two processes hold 2.0 GiB.                              [1]\n"
        "\n"
        "  name        rss  started\n"
        "  a       1.6 GiB  2 h ago\n"
        "  bb    409.6 MiB  -\n"
        "\n"
        "[1] select name, rss from t\n"
        "    host \xc2\xb7 live \xc2\xb7 214 rows read \xc2\xb7 6 ms          allora why 1\n");
    assert_text(err_fd, "");
    r = start(&term, "answer", OUTPUT_JSON);
    event(r, ALLORA_EV_TEXT, "Two processes hold 2.0 GiB.");
    event(r, ALLORA_EV_RESULT, ANSWER);
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    char *text = memory_take(out_fd), expected[4096];
    (void)snprintf(expected, sizeof(expected), "%s\n", ANSWER);
    assert_string_equal(text, expected);
    free(text);
}

static void test_answer_events(void **state)
{
    struct term term = a_pipe();
    (void)state;
    struct render *r = start(&term, "answer", OUTPUT_NDJSON);
    event(r, ALLORA_EV_TEXT, "Hi\n");
    event(r, ALLORA_EV_TOOL_CALL, "{\"id\":\"1\",\"name\":\"query.sql\",\"arguments\":{}}");
    event(r, ALLORA_EV_MESSAGE, "{\"type\":\"tool_result\",\"id\":\"1\"}");
    event(r, ALLORA_EV_RESULT, "{\"answer\":\"Hi\",\"reason\":\"stop\"}");
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(out_fd,
                "{\"type\":\"text\",\"text\":\"Hi\\n\"}\n"
                "{\"type\":\"tool_call\",\"id\":\"1\",\"name\":\"query.sql\",\"arguments\":{}}\n"
                "{\"type\":\"tool_result\",\"id\":\"1\"}\n"
                "{\"type\":\"done\",\"answer\":\"Hi\",\"reason\":\"stop\"}\n");
    free(memory_take(err_fd));
}

/* An agent that declines has said why; no error is printed on top. */
static void test_declined(void **state)
{
    struct term term = a_pipe();
    allora_error err = ERR_INIT;
    static const enum output_format formats[] = {OUTPUT_TABLE, OUTPUT_NDJSON, OUTPUT_JSON};
    (void)state;
    for (size_t i = 0; i < COUNT(formats); i++) {
        struct render *r = start(&term, "answer", formats[i]);
        event(r, ALLORA_EV_TEXT, "I don't know \"frobnicate\".");
        event(r, ALLORA_EV_RESULT,
              "{\"answer\":\"I don't know "
              "\\\"frobnicate\\\".\",\"receipts\":[],\"show\":[],\"reason\":\"refusal\"}");
        err_set(&err, ALLORA_E_ARG, "declined");
        assert_int_equal(finish(r, ALLORA_E_ARG, &err), ALLORA_E_ARG);
        char *text = memory_take(out_fd);
        assert_non_null(strstr(text, "frobnicate"));
        free(text);
        assert_text(err_fd, "");
    }
}

static void test_document(void **state)
{
    static const char doc[] =
        "{\"plugin\":\"x\",\"on\":true,\"tags\":[\"a\",\"b\"],\"none\":[],\"deep\":{\"n\":1},"
        "\"tables\":[{\"name\":\"t\",\"columns\":3},{\"name\":\"long_name\",\"note\":\"\\u001b\"}]"
        "}";
    struct term term = a_pipe();
    (void)state;
    struct render *r = start(&term, "document", OUTPUT_TABLE);
    event(r, ALLORA_EV_RESULT, doc);
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(
        out_fd,
        "plugin  x\non      yes\ntags    a, b\nnone    -\ndeep\n  n  1\ntables\n"
        "  name       columns  note\n  t          3        -\n  long_name  -        \\x1b\n");
    r = start(&term, "document", OUTPUT_CSV);
    event(r, ALLORA_EV_RESULT, "{\"a\":{\"b\":[1,\"x,y\"]},\"c\":null}");
    assert_int_equal(finish(r, ALLORA_OK, NULL), ALLORA_OK);
    assert_text(out_fd, "name,value\r\na.b[0],1\r\na.b[1],\"x,y\"\r\nc,\r\n");
    free(memory_take(err_fd));
}

static void test_pager_words(void **state)
{
    char line[] = "less  -F 'two words' \"a\\\"b\" c\\ d ''x";
    char *words[16];
    static const char *const expected[] = {"less", "-F", "two words", "a\"b", "c d", "x"};
    char open_quote[] = "less 'x", many[] = "a b c d";
    (void)state;
    assert_true(pager_words(line, words, 16));
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_string_equal(words[i], expected[i]);
    assert_null(words[COUNT(expected)]);
    assert_false(pager_words(open_quote, words, 16));
    assert_false(pager_words(many, words, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_units_are_for_people),
        cmocka_unit_test(test_look_ahead),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_ago),
        cmocka_unit_test(test_error_with_caret),
        cmocka_unit_test(test_failure_in_the_middle),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_nothing_came),
        cmocka_unit_test(test_results_in_turn),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_answer_events),
        cmocka_unit_test(test_declined),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_pager_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
