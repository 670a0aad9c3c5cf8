/* core/cli/format.c and yaml_write.c: every format is valid for every cell. */
#include "unit/cli_help.h"

#include "base/json.h"
#include "base/yaml.h"
#include "cli/format.h"
#include <math.h>

static const allora_column *const *columns(void)
{
    static allora_column list[4];
    static const allora_column *pointers[4];
    list[0] = a_column("id", ALLORA_V_INT, NULL);
    list[1] = a_column("name", ALLORA_V_TEXT, NULL);
    list[2] = a_column("id", ALLORA_V_REAL, NULL);
    list[3] = a_column("data", ALLORA_V_JSON, NULL);
    for (size_t i = 0; i < 4; i++)
        pointers[i] = &list[i];
    return pointers;
}

static void write_rows(int fd, enum output_format kind, const allora_value *cells, size_t n_rows)
{
    struct term term = a_pipe();
    struct out out;
    struct heads heads;
    struct format f = {0};
    out_init(&out, &term, false);
    out.fd = fd;
    assert_int_equal(heads_init(&heads, columns(), 4), ALLORA_OK);
    format_begin(&f, &out, &heads, kind);
    for (size_t i = 0; i < n_rows; i++)
        assert_int_equal(format_row(&f, cells + 4 * i, 4), ALLORA_OK);
    format_end(&f);
    heads_done(&heads);
    assert_int_equal(out_finish(&out, NULL), ALLORA_OK);
}

static void test_formats(void **state)
{
    static const char nested[] = "{\"k\": [1,\n 12345678901234567890]}";
    const allora_value cells[8] = {
        val_int(INT64_MIN), val_text("a,\"b\"\n|c"),
        val_real(0.1),      val_json(nested, sizeof(nested) - 1),
        val_null(),         val_text(""),
        val_int(7),         val_json("not json", 8),
    };
    int fd = memory_file();
    (void)state;
    write_rows(fd, OUTPUT_JSON, cells, 2);
    assert_text(fd, "[\n{\"id\":-9223372036854775808,\"name\":\"a,\\\"b\\\"\\n|c\",\"id_2\":0.1,"
                    "\"data\":{\"k\":[1,"
                    "12345678901234567890]}},\n{\"id\":null,\"name\":\"\",\"id_2\":7,\"data\":"
                    "\"not json\"}\n]\n");
    write_rows(fd, OUTPUT_NDJSON, cells + 4, 1);
    assert_text(fd, "{\"id\":null,\"name\":\"\",\"id_2\":7,\"data\":\"not json\"}\n");
    write_rows(fd, OUTPUT_YAML, cells, 2);
    assert_text(fd,
                "- id: -9223372036854775808\n  name: \"a,\\\"b\\\"\\n|c\"\n  id_2: 0.1\n  data: "
                "{\"k\": [1, "
                "12345678901234567890]}\n- id: null\n  name: \"\"\n  id_2: 7\n  data: not json\n");
    write_rows(fd, OUTPUT_CSV, cells, 2);
    assert_text(
        fd, "id,name,id_2,data\r\n-9223372036854775808,\"a,\"\"b\"\"\n|c\",0.1,\"{\"\"k\"\": [1,\n "
            "12345678901234567890]}\"\r\n,\"\",7,not json\r\n");
    write_rows(fd, OUTPUT_MARKDOWN, cells, 1);
    assert_text(fd, "| id | name | id_2 | data |\n|---:|---|---:|---|\n| -9223372036854775808 | "
                    "a,\"b\"<br>\\|c | 0.1 | "
                    "{\"k\": \\[1,<br> 12345678901234567890\\]} |\n");
    write_rows(fd, OUTPUT_JSON, cells, 0);
    assert_text(fd, "[]\n");
    write_rows(fd, OUTPUT_YAML, cells, 0);
    assert_text(fd, "[]\n");
    write_rows(fd, OUTPUT_CSV, cells, 0);
    assert_text(fd, "id,name,id_2,data\r\n");
    (void)close(fd);
}

static const char *const NASTY[] = {
    "",
    " ",
    "null",
    "Null",
    "~",
    "true",
    "yes",
    "No",
    "on",
    "y",
    "123",
    "-1.5e3",
    "0x1F",
    "1_000",
    "1:30",
    ".5",
    ".nan",
    "2026-11-01",
    "=",
    "<<",
    "- a",
    "a: b",
    "a #b",
    "#c",
    "&x",
    "*x",
    "!tag",
    "%dir",
    "@at",
    "`q`",
    "{a}",
    "[a]",
    "a,b",
    "'s'",
    "\"d\"",
    "\\",
    "a\nb",
    "\ta",
    "\r\n",
    "\x01\x02\x1b[0m",
    "\x7f",
    "\xc2\x80\xc2\x85\xc2\xa0",
    "\xe2\x80\xa8\xe2\x80\xa9",
    "\xef\xbb\xbfz",
    "\xf0\x9f\x98\x80",
    "\xed\x9f\xbf",
    "\xef\xbf\xbe",
    "trailing ",
    "a  b",
    "---",
    "...",
    "key",
    "host_process",
    "?",
    "-",
    ":",
    "a:",
    "| block",
    "> fold",
};

/* Whatever text goes in comes out of a YAML reader. */
static void test_yaml_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(NASTY); i++) {
        struct buf b = BUF(4096);
        allora_error err = {.size = (uint32_t)sizeof(err)};
        json_node *doc = NULL;
        buf_adds(&b, "- v: ");
        yaml_put_string(&b, NASTY[i], strlen(NASTY[i]));
        buf_adds(&b, "\n");
        if (yaml_parse("t", buf_str(&b), b.len, &doc, NULL, &err))
            fail_msg("%zu: %s: %s", i, buf_str(&b), err.message);
        const json_node *v = json_get(json_at(doc, 0), "v");
        assert_int_equal(json_typeof(v), JSON_STRING);
        assert_string_equal(json_str(v, NULL), NASTY[i]);
        json_free(doc);
        buf_done(&b);
    }
}

static void test_yaml_document(void **state)
{
    static const char text[] = "{\"a\":1,\"b\":{\"c\":[1,2,{\"d\":\"x\\u00e9\\ud83d\\ude00\\/"
                               "\\n\"},[]],\"e\":{}},\"f\":[],"
                               "\"g\":[[1,2],[3]],\"h\":-1.5e3,\"i\":null}";
    struct buf b = BUF(4096);
    json_node *doc = NULL;
    allora_error err = {.size = (uint32_t)sizeof(err)};
    (void)state;
    yaml_put_document(&b, "{\"h\":12345678901234567890}", 26);
    assert_string_equal(buf_str(&b), "h: 12345678901234567890\n");
    buf_reset(&b);
    yaml_put_document(&b, text, strlen(text));
    if (yaml_parse("t", buf_str(&b), b.len, &doc, NULL, &err))
        fail_msg("%s\n%s", buf_str(&b), err.message);
    assert_int_equal(json_get_int(doc, "a", 0), 1);
    assert_string_equal(json_get_str(json_at(json_path(doc, "b.c"), 2), "d", ""),
                        "x\xc3\xa9\xf0\x9f\x98\x80/\n");
    assert_int_equal(json_typeof(json_path(doc, "b.e")), JSON_OBJECT);
    assert_int_equal(json_count(json_get(doc, "f")), 0);
    assert_int_equal(json_int(json_at(json_at(json_get(doc, "g"), 1), 0), 0), 3);
    json_free(doc);
    buf_reset(&b);
    yaml_put_document(&b, "[1, \"x\"]", 8);
    assert_string_equal(buf_str(&b), "- 1\n- \"x\"\n");
    buf_reset(&b);
    yaml_put_document(&b, "true", 4);
    assert_string_equal(buf_str(&b), "true\n");
    buf_done(&b);
}

/* Binary junk never makes invalid output. */
static void test_junk(void **state)
{
    static const char junk[] = "\xff\xfe\x80 a\x1b\xc3(\xed\xa0\x80\xf4\x90\x80\x80";
    const allora_value cells[4] = {val_int(1), val_textn(junk, sizeof(junk) - 1),
                                   val_real((double)NAN), val_json("{]", 2)};
    static const enum output_format kinds[] = {OUTPUT_JSON, OUTPUT_YAML, OUTPUT_CSV,
                                               OUTPUT_MARKDOWN};
    int fd = memory_file();
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        write_rows(fd, kinds[i], cells, 1);
        char *text = memory_take(fd);
        assert_true(utf8_valid(text, strlen(text)));
        json_node *doc = NULL;
        allora_error err = {.size = (uint32_t)sizeof(err)};
        if (kinds[i] == OUTPUT_JSON)
            assert_int_equal(json_parse(text, strlen(text), &doc, &err), ALLORA_OK);
        if (kinds[i] == OUTPUT_YAML && yaml_parse("t", text, strlen(text), &doc, NULL, &err))
            fail_msg("%s\n%s", text, err.message);
        json_free(doc);
        free(text);
    }
    (void)close(fd);
}

static void test_exact_numbers(void **state)
{
    static const double doubles[] = {0.1, 1.0 / 3.0, 1e300, 5e-324, 123456789.123456789, -0.0};
    (void)state;
    for (size_t i = 0; i < COUNT(doubles); i++) {
        const allora_value cells[4] = {val_int(9007199254740993), val_null(), val_real(doubles[i]),
                                       val_null()};
        int fd = memory_file();
        write_rows(fd, OUTPUT_NDJSON, cells, 1);
        char *text = memory_take(fd), *at = strstr(text, "\"id_2\":");
        assert_non_null(strstr(text, "\"id\":9007199254740993,"));
        assert_non_null(at);
        double back = strtod(at + 7, NULL);
        assert_memory_equal(&back, &doubles[i], sizeof(back));
        free(text);
        (void)close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),       cmocka_unit_test(test_yaml_round_trip),
        cmocka_unit_test(test_yaml_document), cmocka_unit_test(test_junk),
        cmocka_unit_test(test_exact_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
