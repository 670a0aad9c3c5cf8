/* The offline agent's parser against the two manifests: SQL for questions without names (those
 * need data), what must be declined, and input that nobody types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calendar.h"
#include "catalogue.h"

static struct text document;

struct expected {
    const char *question, *sql; /* NULL: declined */
};

static void check(const struct expected *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct catalogue c;
        struct choice choice;
        struct text sql = {0};
        catalogue_open(&c, &document);
        enum verdict v =
            catalogue_ask(&c, list[i].question, strlen(list[i].question), NULL, &choice, &sql);
        if (list[i].sql && (v != UNDERSTOOD || !sql.p || strcmp(sql.p, list[i].sql) != 0))
            fail_msg("%s\n  wanted %s\n  got    %s", list[i].question, list[i].sql,
                     sql.p ? sql.p : "nothing");
        if (!list[i].sql && v == UNDERSTOOD)
            fail_msg("%s\n  is to be declined, got %s", list[i].question, sql.p ? sql.p : "names");
        text_free(&sql);
        fake_ctx_close(c.ctx);
    }
}

static void test_questions(void **state)
{
    (void)state;
    static const struct expected list[] = {
        {"which 3 processes use the most memory?",
         "select pid, name, user, rss, cpu_percent, start_time from host_process order by rss desc "
         "limit 3"},
        {"how many processes are there per user?",
         "select user, count(*) as processes from host_process group by user order by processes "
         "desc"},
        {"how many tcp connections are there?", "select count(*) as sockets from host_socket where "
                                                "protocol = 'tcp' and state = 'ESTABLISHED'"},
        {"how much swap is left?", "select swap_free from host_memory"},
        {"which filesystems are more than 80 % full?",
         "select device, mount_point, fs_type, size, used, available, used_percent from host_disk "
         "where "
         "used_percent > 80"},
        {"number of servers in eu-north or us-east",
         "select count(*) as servers from acme_server where region in ('eu-north', 'us-east')"},
        {"count the servers tagged role=db", "select count(*) as servers from acme_server where "
                                             "exists (select 1 from json_each(tags) where key "
                                             "= 'role' and value = 'db')"},
        {"how many servers are older than 2 years?",
         "select count(*) as servers from acme_server where created_at < '2024-11-01T10:00:00Z'"},
        {"average price of a server",
         "select avg(monthly_cost) as average_monthly_cost from acme_server"},
        {"what percentage of the servers are down?",
         "select round(100.0 * count(*) filter (where state = 'down') / count(*), 1) as percent, "
         "count(*) "
         "filter (where state = 'down') as part, count(*) as whole from acme_server"}};
    check(list, sizeof list / sizeof *list);
}

static void test_declined(void **state)
{
    (void)state;
    static const struct expected list[] = {{"why is the load so high?", NULL},
                                           {"delete the biggest log file", NULL},
                                           {"how many bananas are there?", NULL},
                                           {"which servers will fail?", NULL},
                                           {"most expensive server per region", NULL},
                                           {"list disks from fullest to emptiest", NULL},
                                           {"is the swap full?", NULL},
                                           {"", NULL},
                                           {"???", NULL}};
    check(list, sizeof list / sizeof *list);
}

static void test_follow_up(void **state)
{
    (void)state;
    struct catalogue c;
    struct choice first, second;
    struct text sql = {0}, more = {0};
    catalogue_open(&c, &document);
    const char *a = "which servers are down?", *b = "how many are that?";
    assert_int_equal(catalogue_ask(&c, a, strlen(a), NULL, &first, &sql), UNDERSTOOD);
    assert_int_equal(catalogue_ask(&c, b, strlen(b), &first.q, &second, &more), UNDERSTOOD);
    assert_string_equal(more.p, "select count(*) as servers from acme_server where state = 'down'");
    text_free(&sql);
    text_free(&more);
    fake_ctx_close(c.ctx);
}

static void test_odd_input(void **state)
{
    (void)state;
    static const char *const odd[] = {"how many \xff\xfe processes",
                                      "\xf0\x9f\x98\x80 \xf0\x9f\x98\x80",
                                      "'''''\"\"\"\"",
                                      "which = = = < > <= 5 5 5 per per per",
                                      "top top top top -1 99999999999999999999999 processes",
                                      "or or or and and not not not",
                                      "between and and between 5 and"};
    struct catalogue c;
    struct choice choice;
    struct text sql = {0};
    catalogue_open(&c, &document);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        (void)catalogue_ask(&c, odd[i], strlen(odd[i]), NULL, &choice, &sql);
    size_t n = 100000;
    char *big = malloc(n + 1);
    assert_non_null(big);
    memset(big, 'a', n);
    big[n] = '\0';
    assert_int_not_equal(catalogue_ask(&c, big, n, NULL, &choice, &sql), UNDERSTOOD);
    for (size_t i = 0; i < n; i += 4)
        big[i] = ' ';
    assert_int_equal(catalogue_ask(&c, big, n, NULL, &choice, &sql), TOO_LONG);
    free(big);
    text_free(&sql);
    fake_ctx_close(c.ctx);
}

static void test_state_is_not_trusted(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"table\":\"no_such\"}",
        "{\"table\":\"host_process\",\"want\":99}",
        "{\"table\":\"host_process\",\"where\":[{\"column\":\"nope\",\"op\":0}]}",
        "{\"table\":\"host_process\",\"where\":[{\"column\":\"rss\",\"op\":77,\"values\":[1]}]}",
        "{\"table\":\"host_process\",\"want\":3}",
        "{\"table\":\"host_process\",\"limit\":-1}"};
    struct catalogue c;
    catalogue_open(&c, &document);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const sdk_json *node = NULL;
        struct query q;
        allora_error err = {.size = sizeof err};
        assert_int_equal(sdk_parse(c.mind.self, c.ctx, sdk_str(bad[i]), &node, &err), 0);
        assert_false(state_read(node, &c.lexicon, &q));
    }
    fake_ctx_close(c.ctx);
}

static void test_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int tokens;
        const char *from, *to;
    } list[] = {{"in the last 24 hours", 5, "2026-10-31T10:00:00Z", "2026-11-01T10:00:00.000001Z"},
                {"since yesterday", 2, "2026-10-31T00:00:00Z", NULL},
                {"before 2026", 2, NULL, "2026-01-01T00:00:00Z"},
                {"in October", 2, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"},
                {"last month", 2, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"},
                {"after 1 March 2025", 4, "2025-03-02T00:00:00Z", NULL},
                {"on 2026-02-28", 2, "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct words w;
        struct span s;
        char when[32];
        words_read(list[i].text, strlen(list[i].text), &w);
        assert_int_equal(calendar_read(&w, 0, INT64_C(1793527200000000), false, &s),
                         list[i].tokens);
        assert_int_equal(s.has_from, list[i].from != NULL);
        assert_int_equal(s.has_to, list[i].to != NULL);
        if (list[i].from) {
            sdk_format_time(s.from_us, when);
            assert_string_equal(when, list[i].from);
        }
        if (list[i].to) {
            sdk_format_time(s.to_us, when);
            assert_string_equal(when, list[i].to);
        }
    }
}

static int forget(void **state)
{
    (void)state;
    text_free(&document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_questions),
                                       cmocka_unit_test(test_declined),
                                       cmocka_unit_test(test_follow_up),
                                       cmocka_unit_test(test_odd_input),
                                       cmocka_unit_test(test_state_is_not_trusted),
                                       cmocka_unit_test(test_calendar)};
    return cmocka_run_group_tests(tests, NULL, forget);
}
