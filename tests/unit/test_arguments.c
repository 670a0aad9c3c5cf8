/* Arguments against schemas: every rule, the words of every refusal, defaults at every depth. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/arguments.h"
#include "unit.h"

static const char everything[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":5,\"description\":\"its name\"},"
    "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":20},"
    "\"ratio\":{\"type\":\"number\",\"minimum\":-0.5},"
    "\"all\":{\"type\":\"boolean\",\"default\":false},"
    "\"state\":{\"type\":\"string\",\"enum\":[\"running\",\"stopped\",\"pending\"]},"
    "\"level\":{\"enum\":[1,2,null,true]},"
    "\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":2},"
    "\"params\":{\"type\":[\"array\",\"object\"]},"
    "\"where\":{\"type\":\"object\",\"properties\":{\"region\":{\"type\":\"string\"},"
    "\"depth\":{\"type\":\"integer\",\"default\":3}},\"required\":[\"region\"],"
    "\"additionalProperties\":false},"
    "\"list\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":"
    "{\"x\":{\"type\":\"integer\",\"default\":7}}}}"
    "},\"required\":[\"name\"],\"additionalProperties\":false}";

struct fixture {
    struct arena mem;
    json_node *node;
    const struct schema *schema;
};

static void compile(struct fixture *f, const char *text)
{
    allora_error err = ERR_INIT;
    arena_init(&f->mem, 0);
    assert_int_equal(json_parse(text, strlen(text), &f->node, &err), ALLORA_OK);
    assert_int_equal(schema_compile(&f->mem, f->node, &f->schema, &err), ALLORA_OK);
}

static void done(struct fixture *f)
{
    arena_done(&f->mem);
    json_free(f->node);
}

static void refuses_with_words(void **state)
{
    (void)state;
    static const struct {
        const char *args, *message, *hint;
    } rows[] = {
        {"{}", "op: name is required", "name: its name"},
        {"", "op: name is required", "name: its name"},
        {"[]", "op: must be an object, not a list", ""},
        {"{\"name\":5}", "op: name: must be text, not 5", ""},
        {"{\"name\":\"\"}", "op: name: must not be empty", ""},
        {"{\"name\":\"abcdef\"}", "op: name: must have at most 5 characters, not 6", ""},
        {"{\"name\":null}", "op: name: must be text, not null", ""},
        {"{\"name\":\"a\",\"limit\":0}", "op: limit: must be at least 1, not 0",
         "the nearest valid value is 1"},
        {"{\"name\":\"a\",\"limit\":101}", "op: limit: must be at most 100, not 101",
         "the nearest valid value is 100"},
        {"{\"name\":\"a\",\"limit\":2.6}", "op: limit: must be a whole number, not 2.6",
         "the nearest valid value is 3"},
        {"{\"name\":\"a\",\"limit\":\"9\"}", "op: limit: must be a whole number, not \"9\"", ""},
        {"{\"name\":\"a\",\"limit\":1e300}", "op: limit: must be a whole number, not 1e+300", ""},
        {"{\"name\":\"a\",\"ratio\":-1}", "op: ratio: must be at least -0.5, not -1",
         "the nearest valid value is -0.5"},
        {"{\"name\":\"a\",\"all\":1}", "op: all: must be true or false, not 1", ""},
        {"{\"name\":\"a\",\"state\":\"runing\"}",
         "op: state: must be one of \"running\", \"stopped\", \"pending\", not \"runing\"",
         "did you mean running?"},
        {"{\"name\":\"a\",\"level\":false}",
         "op: level: must be one of 1, 2, null, true, not false", ""},
        {"{\"name\":\"a\",\"ids\":[]}", "op: ids: must have at least 1 items, not 0", ""},
        {"{\"name\":\"a\",\"ids\":[\"x\",\"y\",\"z\"]}",
         "op: ids: must have at most 2 items, not 3", ""},
        {"{\"name\":\"a\",\"ids\":[\"x\",2]}", "op: ids[1]: must be text, not 2", ""},
        {"{\"name\":\"a\",\"params\":3}", "op: params: must be a list or an object, not 3", ""},
        {"{\"name\":\"a\",\"where\":{}}", "op: where: region is required", ""},
        {"{\"name\":\"a\",\"where\":{\"region\":\"x\",\"regoin\":1}}",
         "op: where: there is no argument regoin", "did you mean region?"},
        {"{\"name\":\"a\",\"list\":[{},{\"x\":\"y\"}]}",
         "op: list[1].x: must be a whole number, not \"y\"", ""},
        {"{\"name\":\"a\",\"limti\":1}", "op: there is no argument limti", "did you mean limit?"},
        {"{\"name\":\"a\",\"zzzzzz\":1}", "op: there is no argument zzzzzz",
         "there are: name, limit, ratio, all, state, level, ids, params, where, list"},
    };
    struct fixture f;
    compile(&f, everything);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_node *args = NULL;
        bool filled = false;
        allora_error err = ERR_INIT;
        assert_int_equal(
            arguments_parse(f.schema, "op", str_of(rows[i].args), &args, &filled, &err),
            ALLORA_E_ARG);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.hint, rows[i].hint);
        assert_null(args);
    }
    done(&f);
}

static void accepts(const struct fixture *f, const char *text, const char *want, bool want_filled)
{
    json_node *args = NULL;
    bool filled = !want_filled;
    allora_error err = ERR_INIT;
    assert_int_equal(arguments_parse(f->schema, "op", str_of(text), &args, &filled, &err),
                     ALLORA_OK);
    struct buf b = BUF(65536);
    jw_node(&JSONW(&b), args);
    assert_string_equal(buf_str(&b), want);
    assert_int_equal(filled, want_filled);
    buf_done(&b);
    json_free(args);
}

static void fills_defaults_at_every_depth(void **state)
{
    (void)state;
    struct fixture f;
    compile(&f, everything);
    accepts(&f, "{\"name\":\"a\"}", "{\"name\":\"a\",\"limit\":20,\"all\":false}", true);
    accepts(&f, "{\"name\":\"a\",\"limit\":3,\"all\":true}",
            "{\"name\":\"a\",\"limit\":3,\"all\":true}", false);
    accepts(&f, "{\"name\":\"a\",\"limit\":3.0,\"all\":true,\"where\":{\"region\":\"r\"}}",
            "{\"name\":\"a\",\"limit\":3,\"all\":true,\"where\":{\"region\":\"r\",\"depth\":3}}",
            true);
    accepts(&f, "{\"name\":\"a\",\"limit\":3,\"all\":true,\"list\":[{},{\"x\":1,\"y\":2}]}",
            "{\"name\":\"a\",\"limit\":3,\"all\":true,\"list\":[{\"x\":7},{\"x\":1,\"y\":2}]}",
            true);
    /* five characters, ten bytes */
    accepts(&f, "{\"name\":\"äöüßé\",\"limit\":3,\"all\":true}",
            "{\"name\":\"äöüßé\",\"limit\":3,\"all\":true}", false);
    done(&f);
}

static void no_schema_takes_no_arguments(void **state)
{
    (void)state;
    struct arena mem;
    arena_init(&mem, 0);
    const struct schema *s = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(schema_compile(&mem, NULL, &s, &err), ALLORA_OK);
    json_node *args = NULL;
    bool filled = true;
    assert_int_equal(arguments_parse(s, "op", str_of("{}"), &args, &filled, &err), ALLORA_OK);
    assert_false(filled);
    json_free(args);
    args = NULL;
    assert_int_equal(arguments_parse(s, "op", str_of("{\"a\":1}"), &args, &filled, &err),
                     ALLORA_E_ARG);
    assert_string_equal(err.hint, "it takes no arguments");
    arena_done(&mem);
}

static void says_what_is_not_json(void **state)
{
    (void)state;
    struct fixture f;
    compile(&f, everything);
    json_node *args = NULL;
    bool filled = false;
    allora_error err = ERR_INIT;
    static const char *const texts[] = {"{", "nope", "{\"name\":\"a\"} x", "{\"name\":\"\xff\"}",
                                        "{\"name\":\"a\",\"name\":\"b\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(arguments_parse(f.schema, "op", str_of(texts[i]), &args, &filled, &err),
                         ALLORA_E_ARG);
        assert_memory_equal(err.message, "op: arguments: ", 15);
    }
    done(&f);
}

static void refuses_schemas_it_cannot_hold(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *message;
    } rows[] = {
        {"{\"properties\":{\"a\":{\"type\":\"strnig\"}}}", "argument schema: a: type is unknown"},
        {"{\"properties\":{\"a\":{\"pattern\":\"x\"}}}",
         "argument schema: a: pattern is not a keyword that arguments are checked for"},
        {"{\"oneOf\":[]}",
         "argument schema: top level: oneOf is not a keyword that arguments are checked for"},
        {"{\"required\":[\"b\"],\"properties\":{}}",
         "argument schema: top level: required names what properties does not declare"},
        {"{\"properties\":{\"a\":{\"maxLength\":-1}}}",
         "argument schema: a: maxLength must be a count"},
        {"{\"properties\":{\"a\":{\"items\":{\"minimum\":\"1\"}}}}",
         "argument schema: a[]: minimum must be a number"},
        {"{\"properties\":{\"a\":{\"enum\":[]}}}",
         "argument schema: a: enum must be a list of values"},
        {"{\"properties\":{\"a\":{\"type\":\"integer\",\"maximum\":3,\"default\":4}}}",
         "argument schema: a: default is not a valid value"},
        {"{\"properties\":{\"a\":7}}", "argument schema: a: schema must be an object"},
        {"{\"properties\":[]}", "argument schema: top level: properties must be an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena mem;
        arena_init(&mem, 0);
        json_node *node = NULL;
        const struct schema *s = NULL;
        allora_error err = ERR_INIT;
        assert_int_equal(json_parse(rows[i].schema, strlen(rows[i].schema), &node, &err), 0);
        assert_int_equal(schema_compile(&mem, node, &s, &err), ALLORA_E_CONFIG);
        assert_string_equal(err.message, rows[i].message);
        json_free(node);
        arena_done(&mem);
    }
}

static void refuses_endless_nesting(void **state)
{
    (void)state;
    struct buf b = BUF(65536);
    for (int i = 0; i < 40; i++)
        buf_adds(&b, "{\"items\":");
    buf_adds(&b, "{}");
    for (int i = 0; i < 40; i++)
        buf_addc(&b, '}');
    struct arena mem;
    arena_init(&mem, 0);
    json_node *node = NULL;
    const struct schema *s = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(json_parse(b.ptr, b.len, &node, &err), 0);
    assert_int_equal(schema_compile(&mem, node, &s, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "nested too deep"));
    json_free(node);
    arena_done(&mem);
    buf_done(&b);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    struct fixture f;
    compile(&f, everything);
    static const char text[] = "{\"name\":\"a\",\"where\":{\"region\":\"r\"},\"list\":[{},{}]}";
    for (int64_t n = 0;; n++) {
        assert_true(n < 10000);
        struct arena mem;
        arena_init(&mem, 0);
        const struct schema *s = NULL;
        json_node *args = NULL;
        bool filled = false;
        allora_error err = ERR_INIT;
        mem_fail_after(n);
        int32_t status = schema_compile(&mem, f.node, &s, &err);
        if (!status)
            status = arguments_parse(s, "op", str_of(text), &args, &filled, &err);
        mem_fail_after(-1);
        json_free(args);
        arena_done(&mem);
        if (status == ALLORA_OK)
            break;
        assert_int_equal(status, ALLORA_E_NOMEM);
    }
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_words),
        cmocka_unit_test(fills_defaults_at_every_depth),
        cmocka_unit_test(no_schema_takes_no_arguments),
        cmocka_unit_test(says_what_is_not_json),
        cmocka_unit_test(refuses_schemas_it_cannot_hold),
        cmocka_unit_test(refuses_endless_nesting),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
