/* The manifest parser: what it makes of a good manifest, and that every fault is named with its
 * JSON path. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                       \
    "{\"manifest\":1,\"id\":\"t\",\"version\":\"1.0\",\"summary\":\"s\",\"license\":\"MIT\","      \
    "\"abi\":{\"built\":0,\"needed\":0}"
#define TABLE_HEAD                                                                                 \
    HEAD ",\"provider\":{\"name\":\"t\",\"tables\":[{\"name\":\"t_a\",\"summary\":\"s\","

static struct manifest *parse(const char *text)
{
    struct manifest *m = NULL;
    allora_error err = ERR_INIT;
    int32_t rc = manifest_parse(text, strlen(text), &m, &err);
    if (rc)
        fail_msg("%s\n%s", err.message, text);
    return m;
}

static void reads_tables(void **state)
{
    (void)state;
    struct manifest *m =
        parse(TABLE_HEAD
              "\"nouns\":[\"thing\",\"item\"],\"ttl_s\":0,\"partitioned\":true,\"default_columns\":"
              "[\"id\",\"size\"],"
              "\"phrases\":[{\"words\":\"big\",\"column\":\"size\",\"op\":\"gt\",\"value\":10},"
              "{\"words\":\"unnamed\",\"column\":\"id\",\"op\":\"isnull\"}],"
              "\"columns\":[{\"name\":\"id\",\"type\":\"text\",\"key\":true,\"push\":[\"eq\","
              "\"in\"],\"exact\":[\"eq\"]},"
              "{\"name\":\"size\",\"type\":\"int\",\"unit\":\"bytes\",\"aliases\":[\"bytes\"],"
              "\"synonyms\":[\"how big\"],"
              "\"push\":[\"prefix\",\"isnull\"],\"sensitive\":true,\"adjectives\":{\"biggest\":"
              "\"desc\"}}]}],"
              "\"views\":[{\"view\":\"disk\",\"table\":\"t_a\",\"columns\":{\"id\":\"id\",\"size\":"
              "{\"column\":\"bytes\"},"
              "\"region\":{\"const\":\"x\"}}}]}}");
    assert_string_equal(m->provider, "t");
    const struct table *t = manifest_table(m, "T_A");
    assert_non_null(t);
    assert_string_equal(t->provider, "t");
    assert_int_equal(t->n_columns, 2);
    assert_int_equal(t->ttl_s, 0);
    assert_true(t->partitioned);
    assert_int_equal(t->n_nouns, 2);
    assert_string_equal(t->nouns[0], "thing");
    assert_int_equal(t->n_phrases, 2);
    assert_string_equal(t->phrases[0].op, "gt");
    assert_int_equal(json_int(t->phrases[0].value, 0), 10);
    assert_null(t->phrases[1].value);
    assert_int_equal(t->columns[0].push, PUSH_EQ | PUSH_IN);
    assert_int_equal(t->columns[0].exact, PUSH_EQ);
    assert_int_equal(t->columns[0].type, ALLORA_V_TEXT);
    assert_int_equal(t->columns[1].type, ALLORA_V_INT);
    assert_int_equal(t->columns[1].push, 1u << ALLORA_OP_PREFIX | 1u << ALLORA_OP_ISNULL);
    assert_true(t->columns[1].sensitive);
    assert_int_equal(table_column(t, "SIZE"), 1);
    assert_int_equal(table_column(t, "bytes"), 1);
    assert_int_equal(table_column(t, "nothing"), -1);
    assert_int_equal(m->n_views, 1);
    assert_string_equal(m->views[0].view, "disk");
    manifest_free(m);
}

static void reads_commands_and_operations(void **state)
{
    (void)state;
    struct manifest *m = parse(
        HEAD ",\"operations\":[{\"name\":\"t.do\",\"summary\":\"s\",\"effect\":\"destructive\","
             "\"tool\":true,"
             "\"arguments\":{\"type\":\"object\"}}],"
             "\"agents\":[{\"name\":\"a\",\"summary\":\"s\",\"tools\":[\"query.*\"]}],"
             "\"commands\":[{\"path\":[\"t\",\"do\"],\"summary\":\"s\",\"operation\":\"t.do\","
             "\"render\":\"text\","
             "\"face\":\"no_input\",\"group\":\"Look\",\"args\":["
             "{\"name\":\"max-age\",\"short\":\"m\",\"type\":\"duration\",\"default\":\"5m\"},"
             "{\"name\":\"what\",\"positional\":true,\"required\":true,\"enum\":[\"a\",\"b\"],"
             "\"complete\":{\"operation\":\"t.list\",\"column\":\"id\"}},"
             "{\"name\":\"words\",\"positional\":true,\"repeat\":true,\"join\":\" "
             "\",\"stdin\":true,\"argument\":\"text\"}]}]}");
    const struct operation_decl *op = manifest_operation(m, "t.do");
    assert_int_equal(op->effect, ALLORA_EFFECT_DESTRUCTIVE);
    assert_true(op->tool);
    assert_null(manifest_operation(m, "t.doo"));
    const struct command_decl *c = &m->commands[0];
    assert_int_equal(c->n_path, 2);
    assert_int_equal(c->face, FACE_NO_INPUT);
    assert_string_equal(c->group, "Look");
    assert_string_equal(c->render, "text");
    assert_int_equal(c->n_args, 3);
    assert_string_equal(c->args[0].target, "max_age");
    assert_int_equal(c->args[0].short_name, 'm');
    assert_int_equal(c->args[0].type, ARG_DURATION);
    assert_int_equal(c->args[1].n_choices, 2);
    assert_string_equal(c->args[1].complete_column, "id");
    assert_string_equal(c->args[2].target, "text");
    assert_true(c->args[2].from_stdin);
    assert_string_equal(m->agents[0].tools[0], "query.*");
    manifest_free(m);
}

static void grants_what_is_asked_for(void **state)
{
    (void)state;
    struct manifest *m = parse(HEAD ",\"permissions\":{\"config\":true,\"store\":false,\"invoke\":["
                                    "\"query.sql\"],\"http\":[]}}");
    assert_true(manifest_grants(m, ALLORA_SCOPE_ID));
    assert_true(manifest_grants(m, ALLORA_CONFIG_ID));
    assert_true(manifest_grants(m, ALLORA_INVOKE_ID));
    assert_false(manifest_grants(m, ALLORA_STORE_ID));
    assert_false(manifest_grants(m, ALLORA_HTTP_ID));
    assert_false(manifest_grants(m, ALLORA_EXEC_ID));
    assert_false(manifest_grants(m, "allora.config/12"));
    manifest_free(m);
    m = parse(HEAD "}");
    assert_true(manifest_grants(m, ALLORA_SCOPE_ID));
    assert_false(manifest_grants(m, ALLORA_CONFIG_ID));
    manifest_free(m);
}

static void names_the_path_of_every_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", ""},
        {"[]", "must be a JSON object"},
        {"{\"manifest\":2}", "manifest: this allora reads format 1, not 2"},
        {"{\"manifest\":1,\"id\":\"t\"}", "\"version\" is missing"},
        {HEAD ",\"permisions\":{}}", "unknown key \"permisions\", did you mean permissions?"},
        {HEAD ",\"permissions\":{\"invok\":[]}}",
         "permissions: unknown key \"invok\", did you mean invoke?"},
        {HEAD ",\"permissions\":{\"invoke\":true}}", "permissions.invoke: must be a list of texts"},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"strnig\"}]}]}}",
         "provider.tables[0].columns[0].type: unknown type \"strnig\""},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"tex\"}]}]}}",
         "provider.tables[0].columns[0].type: unknown type \"tex\", did you mean text?"},
        {TABLE_HEAD
         "\"columns\":[{\"name\":\"a\",\"type\":\"int\",\"push\":[\"eq\",\"liek\"]}]}]}}",
         "provider.tables[0].columns[0].push[1]: unknown operator \"liek\""},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"int\",\"exact\":[\"eq\"]}]}]}}",
         "provider.tables[0].columns[0]: exact: holds an operator that push does not"},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"int\",\"required\":true}]}]}}",
         "required: needs \"eq\" or \"in\" in push"},
        {TABLE_HEAD "\"columns\":[]}]}}", "provider.tables[0]: columns: a table has 1"},
        {TABLE_HEAD
         "\"columns\":[{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"a\",\"type\":\"int\"}]}]}}",
         "columns: \"a\" stands there twice"},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":"
                    "\"int\",\"aliases\":[\"A\"]}]}]}}",
         "columns[1].aliases: \"A\" is another column's name"},
        {TABLE_HEAD
         "\"default_columns\":[\"aa\"],\"columns\":[{\"name\":\"a\",\"type\":\"int\"}]}]}}",
         "default_columns: t_a has no column \"aa\", did you mean a?"},
        {TABLE_HEAD
         "\"columns\":[{\"name\":\"a\",\"type\":\"int\",\"adjectives\":{\"big\":\"down\"}}]}]}}",
         "columns[0].adjectives.big: unknown order \"down\""},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"int\"}]},{\"name\":\"t_a\","
                    "\"summary\":\"s\",\"columns\":[{\"name\":\"a\",\"type\":\"int\"}]}]}}",
         "provider.tables[1]: name: \"t_a\" stands there twice"},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"int\"}]}],\"views\":[{\"view\":\"vm\","
                    "\"table\":\"t_b\",\"columns\":{}}]}}",
         "provider.views[0].table: no table \"t_b\", did you mean t_a?"},
        {TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"int\"}]}],\"views\":[{\"view\":\"vm\","
                    "\"table\":\"t_a\",\"columns\":{\"id\":\"b\"}}]}}",
         "provider.views[0].columns.id: t_a has no column \"b\""},
        {HEAD ",\"operations\":[{\"name\":\"t.do\",\"summary\":\"s\",\"effect\":\"reed\"}]}",
         "operations[0].effect: unknown effect \"reed\", did you mean read?"},
        {HEAD ",\"operations\":[{\"name\":\"do\",\"summary\":\"s\",\"effect\":\"read\"}]}",
         "operations[0]: name: \"do\" needs the form family.verb"},
        {HEAD ",\"commands\":[{\"path\":[\"t\"],\"summary\":\"s\"}]}",
         "commands[0]: \"operation\" is missing"},
        {HEAD ",\"commands\":[{\"path\":[\"t\"],\"summary\":\"s\",\"operation\":\"a.b\",\"each\":"
              "\"pid\",\"args\":[{\"name\":\"pid\",\"positional\":true}]}]}",
         "commands[0]: each: \"pid\" is no repeated argument"},
        {HEAD ",\"commands\":[{\"path\":[\"t\"],\"summary\":\"s\",\"operation\":{\"argument\":"
              "\"name\"},\"args\":[{\"name\":\"name\",\"positional\":true}]}]}",
         "commands[0].operation: argument: \"name\" is no required argument of type string"},
        {HEAD ",\"commands\":[{\"path\":[],\"summary\":\"s\",\"operation\":\"a.b\"}]}",
         "commands[0]: path: has 1 to 4 words"},
        {HEAD ",\"commands\":[{\"path\":[\"T t\"],\"summary\":\"s\",\"operation\":\"a.b\"}]}",
         "commands[0]: path[0]"},
        {HEAD ",\"commands\":[{\"path\":[\"t\"],\"summary\":\"s\",\"operation\":\"a.b\",\"args\":[{"
              "\"name\":\"a\",\"positional\":true},{\"name\":\"b\",\"positional\":true,"
              "\"required\":true}]}]}",
         "commands[0]: args[1]: a required positional follows an optional one"},
        {HEAD ",\"commands\":[{\"path\":[\"t\"],\"summary\":\"s\",\"operation\":\"a.b\",\"args\":[{"
              "\"name\":\"a\",\"short\":\"a\"},{\"name\":\"b\",\"short\":\"a\"}]}]}",
         "commands[0]: args[1].short: -a stands there twice"},
        {HEAD ",\"commands\":[{\"path\":[\"t\"],\"summary\":\"s\",\"operation\":\"a.b\",\"args\":[{"
              "\"name\":\"a\",\"type\":\"integer\"}]}]}",
         "commands[0].args[0].type: unknown type \"integer\", did you mean int?"},
        {HEAD ",\"agents\":[{\"name\":\"A\",\"summary\":\"s\"}]}",
         "agents[0].name: \"A\" is no name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct manifest *m = NULL;
        allora_error err = ERR_INIT;
        assert_int_equal(manifest_parse(cases[i].text, strlen(cases[i].text), &m, &err),
                         ALLORA_E_CONFIG);
        if (!strstr(err.message, cases[i].words) || !err.message[0])
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", i, cases[i].words, err.message);
        assert_null(m);
    }
}

/* A plugin built against a newer minor may say things this host has not heard of. */
static void passes_over_what_a_newer_minor_added(void **state)
{
    (void)state;
    struct manifest *m = parse(
        "{\"manifest\":1,\"id\":\"t\",\"version\":\"1.0\",\"summary\":\"s\",\"license\":\"MIT\","
        "\"abi\":{\"built\":9,\"needed\":0},\"newer\":{\"x\":1}}");
    assert_int_equal(m->abi_built, 9);
    manifest_free(m);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    const char *text =
        TABLE_HEAD "\"columns\":[{\"name\":\"a\",\"type\":\"int\",\"synonyms\":[\"b\",\"c\"]}]}]},"
                   "\"commands\":[{\"path\":[\"t\"],\"summary\":\"s\",\"operation\":\"a.b\","
                   "\"args\":[{\"name\":\"a\"}]}]}";
    int32_t rc = ALLORA_E_NOMEM;
    for (int64_t n = 0; n < 10000 && rc != ALLORA_OK; n++) {
        struct manifest *m = NULL;
        allora_error err = ERR_INIT;
        mem_fail_after(n);
        rc = manifest_parse(text, strlen(text), &m, &err);
        mem_fail_after(-1);
        assert_true(rc == ALLORA_OK || rc == ALLORA_E_NOMEM);
        manifest_free(m);
    }
    assert_int_equal(rc, ALLORA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tables),
        cmocka_unit_test(reads_commands_and_operations),
        cmocka_unit_test(grants_what_is_asked_for),
        cmocka_unit_test(names_the_path_of_every_fault),
        cmocka_unit_test(passes_over_what_a_newer_minor_added),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
