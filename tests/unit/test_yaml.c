/* core/base/yaml.h */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/yaml.h"

#include <stdio.h>

static int32_t parse(const char *text, struct buf *out, allora_error *err)
{
    json_node *n = NULL;
    int32_t status = yaml_parse("f.yaml", text, strlen(text), &n, NULL, err);

    if (status != ALLORA_OK) {
        assert_null(n);
        return status;
    }
    struct jsonw w = JSONW(out);
    jw_node(&w, n);
    json_free(n);
    return ALLORA_OK;
}

static void test_values(void **state)
{
    static const struct {
        const char *yaml, *json;
    } rows[] = {
        {"", "null"},
        {"# only a comment\n", "null"},
        {"---\n", "null"},
        {"a: 1\nb: two\n", "{\"a\":1,\"b\":\"two\"}"},
        {"- 1\n- [2, x]\n- {k: v}\n", "[1,[2,\"x\"],{\"k\":\"v\"}]"},
        {"[~, null, Null, NULL, \"null\", nULL]", "[null,null,null,null,\"null\",\"nULL\"]"},
        {"a:\nb: ''", "{\"a\":null,\"b\":\"\"}"},
        {"[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]"},
        {"[yes, no, on, off, y, n, tRUE]", "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"tRUE\"]"},
        {"[0, -0, +12, 0o17, 0x1F, 0xff]", "[0,0,12,15,31,255]"},
        {"[012, 012345678901, 0b11, 1_000, 0o8, 0xg, 0o, 0x, +]",
         "[\"012\",\"012345678901\",\"0b11\",\"1_000\",\"0o8\",\"0xg\",\"0o\",\"0x\",\"+\"]"},
        {"[1.5, -.5, 1., 1e3, 1.5E-2, +0.25]", "[1.5,-0.5,1,1000,0.015,0.25]"},
        {"[., e3, 1e, 1.2.3, 01.5, -, 1.5e+, 10.0.0.1]",
         "[\".\",\"e3\",\"1e\",\"1.2.3\",\"01.5\",\"-\",\"1.5e+\",\"10.0.0.1\"]"},
        {"[9007199254740992, '9007199254740993', 123456789012]",
         "[9007199254740992,\"9007199254740993\",123456789012]"},
        {"[2026-11-01, 10:30, 1:20]", "[\"2026-11-01\",\"10:30\",\"1:20\"]"},
        {"[!!str 1, !!int 7, !!float 2, !!bool true, !!null ~, ! 5, !!seq [], !!map {}]",
         "[\"1\",7,2,true,null,\"5\",[],{}]"},
        {"a: |\n  x\n  y\nb: >\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"}"},
        {"1: a\ntrue: b\n~: c\n", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}"},
        {"a: &x {k: [1, 2]}\nb: *x\nc: *x",
         "{\"a\":{\"k\":[1,2]},\"b\":{\"k\":[1,2]},\"c\":{\"k\":[1,2]}}"},
        {"a: &x 1\nb: &x 2\nc: *x", "{\"a\":1,\"b\":2,\"c\":2}"},
        {"\"<<\": 1", "{\"<<\":1}"},
        {"\xef\xbb\xbf"
         "a: 1",
         "{\"a\":1}"},
        {"a: \xc3\xa4", "{\"a\":\"\xc3\xa4\"}"},
        {"{\"a\":[1,2.5,\"x\\/y\"],\n\t\"b\":null}", "{\"a\":[1,2.5,\"x/y\"],\"b\":null}"},
        {"{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}"}, /* libyaml refuses these */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(10000);
        allora_error err = ERR_INIT;
        if (parse(rows[i].yaml, &b, &err) != ALLORA_OK)
            fail_msg("%s: %s", rows[i].yaml, err.message);
        assert_string_equal(buf_str(&b), rows[i].json);
    }
}

static void test_errors_name_the_place(void **state)
{
    static const struct {
        const char *yaml, *message;
    } rows[] = {
        {"a: 1\nb: 2\na: 3", "f.yaml:3:1: duplicate key 'a'"},
        {"a: 1\n'a': 3", "f.yaml:2:1: duplicate key 'a'"},
        {"a: 1\n---\nb: 2", "f.yaml:2:1: only one document is allowed in a file"},
        {"a: *nobody", "f.yaml:1:4: this alias has no finished anchor before it"},
        {"a: &x [1, *x]", "f.yaml:1:11: this alias has no finished anchor before it"},
        {"a: {<<: 1}", "f.yaml:1:5: merge keys (<<) are not supported; write the values out"},
        {"[a]: 1", "f.yaml:1:1: a key must be plain text"},
        {"? {a: 1}\n: 2", "f.yaml:1:3: a key must be plain text"},
        {"b: &x 1\n*x : 1", "f.yaml:2:1: an alias cannot be a key"},
        {"a: !mine 1", "f.yaml:1:4: unknown tag"},
        {"a: !!binary aGk=", "f.yaml:1:4: unknown tag"},
        {"a: !!set {}", "f.yaml:1:4: unknown tag"},
        {"a: !!int x", "f.yaml:1:4: this is not an integer, as its tag says"},
        {"a: !!bool yes", "f.yaml:1:4: this is not true or false, as its tag says"},
        {"a: .inf", "f.yaml:1:4: infinity and NaN cannot be used here; put text in quotes"},
        {"a: 1e999", "f.yaml:1:4: this number is out of range; put it in quotes"},
        {"a: 9007199254740993",
         "f.yaml:1:4: this number is too large to be kept exactly; put it in quotes"},
        {"a: 99999999999999999999999",
         "f.yaml:1:4: this number is too large to be kept exactly; put it in quotes"},
        {"a: \"x\\0y\"", "f.yaml:1:4: text cannot hold a NUL character"},
        {"\"x\\0y\": 1", "f.yaml:1:1: a key cannot hold a NUL character"},
        {"a: \"\xff\"", "f.yaml:1:5: invalid leading UTF-8 octet"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(10000);
        allora_error err = ERR_INIT;
        assert_int_equal(parse(rows[i].yaml, &b, &err), ALLORA_E_CONFIG);
        assert_string_equal(err.message, rows[i].message);
    }
    A_CLEAN(json_freep) json_node *none = NULL;
    assert_int_equal(yaml_parse("f", NULL, 0, &none, NULL, NULL), ALLORA_OK);
    /* the parser's own words, at the right place */
    A_CLEAN(buf_done) struct buf b = BUF(10000);
    allora_error err = ERR_INIT;
    assert_int_equal(parse("a: 1\nb: [1,\nc: }\n", &b, &err), ALLORA_E_CONFIG);
    assert_true(str_starts(err.message, "f.yaml:3:"));
    assert_int_equal(parse("a:\n\t- 1\n", &b, &err), ALLORA_E_CONFIG);
    assert_true(str_starts(err.message, "f.yaml:2:1: "));
    assert_int_equal(parse("{\"a\":1,\"a\":2}", &b, NULL), ALLORA_E_CONFIG);
}

static void test_places(void **state)
{
    static const char text[] = "# head\nproviders:\n  aws:\n    region: x\n    tags: [a, {b: c}]\n";
    static const struct {
        const char *key;
        unsigned line, column;
    } rows[] = {
        {"providers", 2, 1},
        {"providers.aws", 3, 3},
        {"providers.aws.region", 4, 5},
        {"providers.aws.tags", 5, 5},
        {"providers.aws.tags.0", 5, 12},
        {"providers.aws.tags.1", 5, 15},
        {"providers.aws.tags.1.b", 5, 16},
        {"providers.aws.tags.2", 0, 0},
        {"nowhere", 0, 0},
    };
    A_CLEAN(json_freep) json_node *n = NULL;
    struct yaml_places *p = NULL;

    (void)state;
    assert_int_equal(yaml_parse("f", text, sizeof text - 1, &n, &p, NULL), ALLORA_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned line = 9, column = 9;
        yaml_place(p, rows[i].key, &line, &column);
        assert_int_equal(line, rows[i].line);
        assert_int_equal(column, rows[i].column);
    }
    unsigned line, column;
    yaml_place(NULL, "a", &line, &column);
    assert_int_equal(line, 0);
    yaml_places_free(p);
    yaml_places_free(NULL);
}

static void test_depth(void **state)
{
    char text[2 * 65 + 1] = "";
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf b = BUF(1000);

    (void)state;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_int_equal(parse(text, &b, &err), ALLORA_OK);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_int_equal(parse(text, &b, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "nested too deeply"));

    /* An alias counts with what hangs below it. */
    A_CLEAN(buf_done) struct buf deep = BUF(10000);
    buf_adds(&deep, "a: &x ");
    buf_pad(&deep, '[', 40);
    buf_pad(&deep, ']', 40);
    buf_adds(&deep, "\nb: ");
    buf_pad(&deep, '[', 40);
    buf_adds(&deep, "*x");
    buf_pad(&deep, ']', 40);
    assert_int_equal(parse(buf_str(&deep), &b, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "nested too deeply"));
}

static void test_alias_bombs(void **state)
{
    A_CLEAN(buf_done) struct buf bomb = BUF(100000), b = BUF(1000000);
    allora_error err = ERR_INIT;

    (void)state;
    buf_adds(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"); /* a billion laughs */
    for (int i = 1; i < 10; i++)
        buf_addf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    assert_int_equal(parse(buf_str(&bomb), &b, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "aliases expand to too much"));

    buf_reset(&bomb);
    buf_adds(&bomb, "a: &a 1\nb:\n");
    for (int i = 0; i < 100; i++)
        buf_adds(&bomb, "- *a\n");
    assert_int_equal(parse(buf_str(&bomb), &b, &err), ALLORA_OK);
    buf_adds(&bomb, "- *a\n");
    assert_int_equal(parse(buf_str(&bomb), &b, &err), ALLORA_E_CONFIG);
}

/* Long keys above many small ones must not multiply in what is remembered. */
static void test_places_stay_small(void **state)
{
    A_CLEAN(buf_done) struct buf text = BUF(10 << 20);
    A_CLEAN(json_freep) json_node *n = NULL;
    struct yaml_places *p = NULL;
    unsigned line, column;

    (void)state;
    buf_pad(&text, 'k', 1000);
    buf_adds(&text, ":\n");
    for (int i = 0; i < 5000; i++)
        buf_addf(&text, "  c%d: {d: 1}\n", i);
    buf_adds(&text, "z: 1\n");
    assert_int_equal(yaml_parse("f", text.ptr, text.len, &n, &p, NULL), ALLORA_OK);
    yaml_place(p, "z", &line, &column);
    assert_int_equal(line, 5002);
    yaml_place(p, "c1", &line, &column); /* nor may a cut path pass for another */
    assert_int_equal(line, 0);
    yaml_place(p, "c1.d", &line, &column);
    assert_int_equal(line, 0);
    yaml_places_free(p);
}

static bool parse_all(void)
{
    static const char text[] = "a: &x {k: [1, true, ~, text]}\nb: *x\n\"c\": 0x1f\n";
    A_CLEAN(json_freep) json_node *n = NULL;
    struct yaml_places *p = NULL;
    allora_error err = ERR_INIT;
    int32_t status = yaml_parse("f.yaml", text, sizeof text - 1, &n, &p, &err);
    unsigned line, column;

    if (status != ALLORA_OK) {
        assert_int_equal(status, ALLORA_E_NOMEM);
        assert_null(n);
        assert_null(p);
        return false;
    }
    yaml_place(p, "c", &line, &column);
    yaml_places_free(p);
    assert_int_equal(line, 3);
    assert_int_equal(json_int(json_path(n, "c"), 0), 31);
    return true;
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(parse_all(), &runs);
    assert_true(runs > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),        cmocka_unit_test(test_errors_name_the_place),
        cmocka_unit_test(test_places),        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_alias_bombs),   cmocka_unit_test(test_places_stay_small),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
