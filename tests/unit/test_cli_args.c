/* core/cli/args.c, argtype.c, argjson.c: what people type against what manifests declare. */
#include "unit/unit.h"

#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cli/args.h"
#include "plugin/registry.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const COLORS[] = {"red", "green", "blue"};

static json_node *node(const char *text)
{
    json_node *n = NULL;
    assert_int_equal(json_parse(text, strlen(text), &n, NULL), ALLORA_OK);
    return n;
}

#define TO(n, s, t, to) .name = (n), .target = (to), .short_name = (s), .type = (t)
#define FLAG(n, s, t) TO(n, s, t, n)
static struct arg_decl decls[] = {
    {FLAG("words", 0, ARG_STRING), .positional = true, .required = true, .repeat = true,
     .join = " "},
    {FLAG("limit", 'n', ARG_INT)},
    {FLAG("ratio", 0, ARG_NUMBER)},
    {FLAG("all", 'a', ARG_BOOL)},
    {FLAG("brief", 'b', ARG_BOOL)},
    {TO("age", 0, ARG_DURATION, "age_s")},
    {FLAG("size", 0, ARG_SIZE)},
    {FLAG("since", 0, ARG_TIME)},
    {FLAG("color", 'c', ARG_STRING), .choices = COLORS, .n_choices = 3},
    {FLAG("tag", 't', ARG_STRING), .repeat = true},
    {FLAG("param", 'p', ARG_PAIR), .repeat = true},
    {TO("file", 'f', ARG_FILE, "text")},
    {FLAG("token", 0, ARG_STRING), .env = "CLI_ARGS_TOKEN"},
};
static const char *const PATH[] = {"try"};
static struct command_decl command = {
    .path = PATH, .n_path = 1, .args = decls, .n_args = sizeof(decls) / sizeof(decls[0])};

/* Parses the words and returns the JSON, or the error's text; both in `ret`. */
static int32_t parse(char *ret, size_t size, const char *const *words, struct cli_flags *flags)
{
    struct args a;
    struct cli_flags ignored;
    allora_error err = ERR_INIT;
    struct buf b = BUF(1 << 20);
    int argc = 0;
    while (words[argc])
        argc++;
    char **argv = (char **)(uintptr_t)words;
    int32_t rc = args_init(&a, &err);
    if (!rc)
        rc = args_command(&a, &command, &err);
    for (int i = 0; rc >= 0 && i < argc;) {
        rc = args_token(&a, argc, argv, &i, &err);
        if (rc == 1)
            rc = args_word(&a, argv[i++], &err);
    }
    if (!rc)
        rc = args_globals(&a, flags ? flags : &ignored, &err);
    if (!rc)
        rc = args_complete(&a, true, &err);
    if (!rc)
        rc = args_json(&a, false, &b, &err);
    (void)snprintf(ret, size, "%s%s%s", rc ? err.message : buf_str(&b), err.hint[0] ? " / " : "",
                   err.hint);
    buf_done(&b);
    args_done(&a);
    return rc;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OK(expected, ...)                                                                          \
    do {                                                                                           \
        char got[4096];                                                                            \
        int32_t rc = parse(got, sizeof(got), WORDS(__VA_ARGS__), NULL);                            \
        assert_string_equal(got, expected);                                                        \
        assert_int_equal(rc, ALLORA_OK);                                                           \
    } while (0)
#define FAILS(expected, ...)                                                                       \
    do {                                                                                           \
        char got[4096];                                                                            \
        int32_t rc = parse(got, sizeof(got), WORDS(__VA_ARGS__), NULL);                            \
        assert_string_equal(got, expected);                                                        \
        assert_int_equal(rc, ALLORA_E_ARG);                                                        \
    } while (0)

static void test_forms(void **state)
{
    (void)state;
    OK("{\"words\":\"x\",\"limit\":5}", "x", "--limit", "5");
    OK("{\"words\":\"x\",\"limit\":5}", "x", "--limit=5");
    OK("{\"words\":\"x\",\"limit\":5}", "x", "-n5");
    OK("{\"words\":\"x\",\"limit\":5}", "-n", "5", "x");
    OK("{\"words\":\"x\",\"limit\":5}", "-n=5", "x");
    OK("{\"words\":\"x\",\"limit\":-5}", "x", "-n", "-5");
    OK("{\"words\":\"x\",\"all\":true,\"brief\":true}", "-ab", "x");
    OK("{\"words\":\"x\",\"limit\":7,\"all\":true}", "-an7", "x");
    OK("{\"words\":\"x\",\"all\":false}", "--all", "x", "--no-all");
    OK("{\"words\":\"x\",\"all\":false}", "x", "--all=no");
    OK("{\"words\":\"a b c\"}", "a", "b", "c");
    OK("{\"words\":\"--limit -n 5\"}", "--", "--limit", "-n", "5");
    OK("{\"words\":\"-\"}", "-");
    OK("{\"words\":\"-5 -.5\"}", "-5", "-.5");
    OK("{\"words\":\"x\",\"limit\":2}", "x", "--limit", "1", "--limit",
       "2"); /* the last one wins */
    OK("{\"words\":\"x\",\"tag\":[\"a\",\"b\"]}", "-ta", "x", "--tag=b");
    OK("{\"words\":\"x\",\"color\":\"green\"}", "x", "--color", "green");
    OK("{\"words\":\"caf\xc3\xa9\"}", "caf\xc3\xa9");
    OK("{\"words\":\"x\",\"tag\":[\"\"]}", "x", "--tag=");
}

static void test_types(void **state)
{
    (void)state;
    OK("{\"words\":\"x\",\"limit\":9223372036854775807}", "x", "-n", "9223372036854775807");
    OK("{\"words\":\"x\",\"ratio\":0.25}", "x", "--ratio", "0.25");
    OK("{\"words\":\"x\",\"age_s\":5400}", "x", "--age", "1h30m");
    OK("{\"words\":\"x\",\"age_s\":0.25}", "x", "--age", "250ms");
    OK("{\"words\":\"x\",\"size\":2147483648}", "x", "--size", "2GiB");
    OK("{\"words\":\"x\",\"since\":\"2026-11-01T00:00:00Z\"}", "x", "--since", "2026-11-01");
    OK("{\"words\":\"x\",\"param\":{\"a\":1,\"b\":\"x=y\",\"c\":null,\"d\":\"5\",\"e\":\"007\","
       "\"f\":\"[1]\"}}",
       "x", "-p", "a=1", "-p", "b=x=y", "-p", "c=null", "-p", "d=\"5\"", "-p", "e=007", "-p",
       "f=[1]");

    FAILS("--limit: must be a whole number, not \"abc\"", "x", "-n", "abc");
    FAILS("--limit: must be a whole number, not \" 5\"", "x", "-n", " 5");
    FAILS("--limit: must be a whole number, not \"5x\"", "x", "-n", "5x");
    FAILS("--limit: must be a whole number, not \"\"", "x", "-n", "");
    FAILS("--limit: must fit in 64 bits, not \"9223372036854775808\"", "x", "-n",
          "9223372036854775808");
    FAILS("--ratio: must be a number, not \"nan\"", "x", "--ratio", "nan");
    FAILS("--ratio: must be a number, not \"0x10\"", "x", "--ratio", "0x10");
    FAILS("--ratio: must be a number, not \"1e999\"", "x", "--ratio", "1e999");
    FAILS("--all: must be true or false, not \"maybe\"", "x", "--all=maybe");
    FAILS("--age: must be a duration such as 30s, 5m or 2h, not \"soon\"", "x", "--age", "soon");
    FAILS("--size: must be a size such as 512K or 2GiB, not \"big\"", "x", "--size", "big");
    FAILS("--since: must be a time such as 2026-11-01 or 2026-11-01T10:00:00Z, not \"yesterday\"",
          "x", "--since", "yesterday");
    FAILS("--param: must be NAME=VALUE, not \"novalue\"", "x", "-p", "novalue");
    FAILS("--param: must be NAME=VALUE, not \"=5\"", "x", "-p", "=5");
    FAILS("<words>: must be valid UTF-8 text, not \"(not valid UTF-8)\"", "\xff\xfe");
}

static void test_rules(void **state)
{
    (void)state;
    FAILS("--color: must be red, green or blue, not \"grean\" / did you mean green?", "x",
          "--color", "grean");
    FAILS("--color needs a value / one of red, green, blue", "x", "--color");
    FAILS("unknown flag --limt / did you mean --limit?", "x", "--limt", "5");
    FAILS("unknown flag --limt / did you mean --limit?", "x", "--limt=5");
    FAILS("unknown flag -z", "x", "-z");
    FAILS("unknown flag --no-limit", "x", "--no-limit");
    FAILS("unknown flag -z / in -az, which reads as several one-letter flags", "x", "-az");
    FAILS("<words> is missing", "--limit", "5");
    FAILS("--output: must be table, json, ndjson, yaml, csv or markdown, not \"jsn\" / did you "
          "mean json?",
          "x", "-o", "jsn");
    decls[1].minimum = node("1");
    decls[1].maximum = node("100");
    FAILS("--limit: must be 1 to 100, not \"0\"", "x", "-n", "0");
    OK("{\"words\":\"x\",\"limit\":100}", "x", "-n", "100");
    json_free((json_node *)(uintptr_t)decls[1].maximum);
    decls[1].maximum = NULL;
    FAILS("--limit: must be at least 1, not \"-3\"", "x", "-n", "-3");
    json_free((json_node *)(uintptr_t)decls[1].minimum);
    decls[1].minimum = NULL;

    decls[1].dflt = node("20");
    OK("{\"words\":\"x\",\"limit\":20}", "x");
    OK("{\"words\":\"x\",\"limit\":3}", "x", "-n3");
    json_free((json_node *)(uintptr_t)decls[1].dflt);
    decls[1].dflt = NULL;

    command.fixed = node("{\"limit\":1,\"deep\":{\"a\":[1]}}");
    OK("{\"limit\":1,\"deep\":{\"a\":[1]},\"words\":\"x\"}", "x", "-n3"); /* what is fixed stays */
    json_free((json_node *)(uintptr_t)command.fixed);
    command.fixed = NULL;
}

static void test_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("CLI_ARGS_TOKEN", "from-env", 1), 0);
    OK("{\"words\":\"x\",\"token\":\"from-env\"}", "x");
    OK("{\"words\":\"x\",\"token\":\"typed\"}", "x", "--token", "typed");
    assert_int_equal(unsetenv("CLI_ARGS_TOKEN"), 0);
    OK("{\"words\":\"x\"}", "x");
}

static void test_globals_anywhere(void **state)
{
    struct cli_flags f;
    char got[1024];
    (void)state;
    assert_int_equal(
        parse(got, sizeof(got), WORDS("x", "-o", "json", "-vv", "--timeout=5m", "-q"), &f),
        ALLORA_OK);
    assert_int_equal(f.output, OUTPUT_JSON);
    assert_int_equal(f.verbose, 2);
    assert_int_equal(f.timeout_us, 300 * INT64_C(1000000));
    assert_true(f.quiet);
    assert_false(f.offline);
    assert_int_equal(parse(got, sizeof(got), WORDS("x", "--", "-o", "json"), &f), ALLORA_OK);
    assert_int_equal(f.output, OUTPUT_TABLE);
    assert_string_equal(got, "{\"words\":\"x -o json\"}");
    assert_int_equal(
        parse(got, sizeof(got), WORDS("--plugin-path", "/a", "x", "--plugin-path=/b"), &f),
        ALLORA_OK);
}

static void test_files(void **state)
{
    char path[] = "/tmp/allora-args-XXXXXX", expected[256];
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "select \"1\"\n", 11), 11);
    OK("{\"words\":\"x\",\"text\":\"select \\\"1\\\"\\n\"}", "x", "-f", path);
    assert_int_equal(write(fd, "\xff", 1), 1);
    (void)snprintf(expected, sizeof(expected), "--file: %s is not UTF-8 text", path);
    FAILS(expected, "x", "-f", path);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, "a\0b", 3, 0), 3);
    (void)snprintf(expected, sizeof(expected), "--file: %s holds a NUL byte: this is not text",
                   path);
    FAILS(expected, "x", "-f", path);
    (void)close(fd);
    (void)unlink(path);

    char got[1024];
    assert_int_equal(parse(got, sizeof(got), WORDS("x", "-f", "/nonexistent/file"), NULL),
                     ALLORA_E_ARG);
    assert_non_null(strstr(got, "/nonexistent/file"));
}

/* Two arguments may fill one place, but not at once; stdin fills it when neither does. */
static void test_one_place(void **state)
{
    struct arg_decl two[] = {
        {FLAG("sql", 0, ARG_STRING), .positional = true, .required = true, .from_stdin = true},
        {TO("file", 'f', ARG_FILE, "sql")},
    };
    const struct command_decl saved = command;
    int pipe_fds[2], old_stdin = dup(STDIN_FILENO);
    struct args a;
    allora_error err = ERR_INIT;
    struct buf b = BUF(4096);
    (void)state;
    command = (struct command_decl){.path = PATH, .n_path = 1, .args = two, .n_args = 2};
    FAILS("<sql> and --file are both given: one of them is enough", "select 1", "-f", "/dev/null");
    FAILS("<sql> is missing / give it as an argument, or through standard input", "--quiet");
    FAILS("unexpected argument \"1\" / quote several words to make them one <sql>", "select", "1");

    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "select 2\n\n", 10), 10);
    (void)close(pipe_fds[1]);
    assert_true(dup2(pipe_fds[0], STDIN_FILENO) >= 0);
    assert_int_equal(args_init(&a, &err), ALLORA_OK);
    assert_int_equal(args_command(&a, &command, &err), ALLORA_OK);
    assert_non_null(args_missing(&a));
    assert_int_equal(args_complete(&a, false, &err), ALLORA_OK);
    assert_null(args_missing(&a));
    assert_int_equal(args_json(&a, false, &b, &err), ALLORA_OK);
    assert_string_equal(buf_str(&b), "{\"sql\":\"select 2\"}");
    args_done(&a);
    buf_done(&b);
    (void)dup2(old_stdin, STDIN_FILENO);
    (void)close(old_stdin);
    (void)close(pipe_fds[0]);
    command = saved;
}

static void test_pairs_for_faces(void **state)
{
    struct args a;
    allora_error err = ERR_INIT;
    const allora_pair *pairs;
    uint32_t n;
    json_node *doc =
        node("{\"a\":\"x\",\"n\":5,\"on\":true,\"many\":[\"p\",\"q\"],\"o\":{\"k\":1}}");
    (void)state;
    assert_int_equal(args_init(&a, &err), ALLORA_OK);
    assert_int_equal(args_pairs(&a, doc, &pairs, &n, &err), ALLORA_OK);
    assert_int_equal(n, 6);
    assert_string_equal(pairs[0].val.ptr, "x");
    assert_string_equal(pairs[1].val.ptr, "5");
    assert_string_equal(pairs[2].val.ptr, "true");
    assert_string_equal(pairs[3].val.ptr, "p");
    assert_string_equal(pairs[4].key.ptr, "many");
    assert_string_equal(pairs[4].val.ptr, "q");
    assert_string_equal(pairs[5].val.ptr, "{\"k\":1}");
    args_done(&a);
    json_free(doc);
}

/* One value is a plain call; several are the steps of one plan. */
static void test_each(void **state)
{
    const struct command_decl d = {.operation = "a.stop", .each = "id"};
    const char *operation = d.operation;
    A_CLEAN(buf_done) struct buf b = BUF(4096);
    allora_error err = ERR_INIT;
    json_node *doc = node("{\"id\":[7],\"hard\":true}");
    (void)state;
    assert_int_equal(args_each_json(&d, doc, &operation, &b, &err), ALLORA_OK);
    assert_string_equal(operation, "a.stop");
    assert_string_equal(buf_str(&b), "{\"id\":7,\"hard\":true}");
    json_free(doc);
    doc = node("{\"id\":[7,\"x\"],\"hard\":true}");
    assert_int_equal(args_each_json(&d, doc, &operation, &b, &err), ALLORA_OK);
    assert_string_equal(operation, "plan.run");
    assert_string_equal(
        buf_str(&b), "{\"steps\":[{\"operation\":\"a.stop\",\"arguments\":{\"id\":7,\"hard\":true}"
                     "},{\"operation\":\"a.stop\",\"arguments\":{\"id\":\"x\",\"hard\":true}}]}");
    json_free(doc);
}

/* KEY=VALUE becomes what the operation's schema wants, not what it looks like. */
static void test_call(void **state)
{
    static const struct arg_decl list[] = {
        {.name = "name", .target = "name", .positional = true, .required = true},
        {.name = "set", .target = "set", .positional = true, .repeat = true, .type = ARG_PAIR},
        {.name = "args", .target = "args"}};
    const struct command_decl d = {.call = "name", .args = list, .n_args = 3};
    struct args a;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf b = BUF(4096);
    json_node *schema =
        node("{\"properties\":{\"id\":{\"type\":\"string\"},\"n\":{\"type\":\"integer\"},\"on\":{"
             "\"type\":"
             "\"boolean\"},\"tags\":{\"type\":\"array\"},\"o\":{\"type\":\"object\"}}}");
    static const char *const words[] = {"a.b",     "id=007",   "n=5",
                                        "on=true", "tags=x,y", "o={\"k\":1}"};
    char flag[] = "--args", json[] = "{\"n\":1,\"more\":null}", *argv[] = {flag, json};
    int i = 0;
    (void)state;
    assert_int_equal(args_init(&a, &err), ALLORA_OK);
    assert_int_equal(args_command(&a, &d, &err), ALLORA_OK);
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        assert_int_equal(args_word(&a, words[k], &err), ALLORA_OK);
    assert_int_equal(args_token(&a, 2, argv, &i, &err), ALLORA_OK);
    assert_int_equal(args_call_json(&a, schema, &b, &err), ALLORA_OK);
    assert_string_equal(buf_str(&b),
                        "{\"n\":5,\"more\":null,\"id\":\"007\",\"on\":true,\"tags\":[\"x\","
                        "\"y\"],\"o\":{\"k\":1}}");
    assert_int_equal(args_word(&a, "nothing", &err), ALLORA_OK);
    assert_int_equal(args_call_json(&a, schema, &b, &err), ALLORA_E_ARG);
    args_done(&a);
    json_free(schema);
}

static void test_long_argument(void **state)
{
    (void)state;
    size_t n = 100 * 1000;
    char *word = malloc(n + 1), *got = malloc(2 * n);
    assert_non_null(word);
    assert_non_null(got);
    memset(word, 'x', n);
    word[n] = '\0';
    assert_int_equal(parse(got, 2 * n, WORDS(word), NULL), ALLORA_OK);
    assert_int_equal(strlen(got), n + strlen("{\"words\":\"\"}"));
    word[0] = word[1] = '-';
    assert_int_equal(parse(got, 2 * n, WORDS(word), NULL), ALLORA_E_ARG);
    assert_true(strlen(got) < 400);
    free(word);
    free(got);
}

/* A plugin that takes a global flag for itself is told so, and only it is hurt. */
static void test_collisions(void **state)
{
    static const struct plugin plugin = {.id = "greedy"};
    static const struct arg_decl letters[] = {{FLAG("origin", 'o', ARG_STRING)}},
                                 words[] = {{FLAG("timeout", 0, ARG_INT)}},
                                 fine[] = {{FLAG("online", 'x', ARG_BOOL)},
                                           {FLAG("output", 0, ARG_STRING), .positional = true}};
    static const struct {
        const struct arg_decl *args;
        uint32_t n;
        const char *message;
    } rows[] = {
        {letters, 1,
         "plugin greedy: command \"greedy go\" declares -o for --origin, which is the global flag "
         "--output"},
        {words, 1,
         "plugin greedy: command \"greedy go\" declares --timeout, which is a global flag"},
        {fine, 2, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct command_decl decl = {.args = rows[i].args, .n_args = rows[i].n};
        const struct command cmd = {.decl = &decl, .plugin = &plugin, .name = "greedy go"};
        allora_error err = ERR_INIT;
        assert_int_equal(command_check_flags(&cmd, &err),
                         *rows[i].message ? ALLORA_E_ABI : ALLORA_OK);
        assert_string_equal(err.message, rows[i].message);
    }
}

static void test_usage(void **state)
{
    struct buf b = BUF(1024);
    (void)state;
    args_usage(&b, "try", &command);
    assert_string_equal(buf_str(&b), "usage: allora try [flags] <words>…");
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_globals_anywhere),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_one_place),
        cmocka_unit_test(test_pairs_for_faces),
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_long_argument),
        cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
