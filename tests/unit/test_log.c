/* core/base/log.h */
#include "unit/unit.h"

#include "base/log.h"
#include "base/str.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static int saved_stderr = -1, ends[2];

static int divert(void **state)
{
    (void)state;
    saved_stderr = dup(STDERR_FILENO);
    return pipe2(ends, O_NONBLOCK) == 0 && dup2(ends[1], STDERR_FILENO) >= 0 ? 0 : -1;
}

static int restore(void **state)
{
    (void)state;
    log_set_level(ALLORA_LOG_WARN);
    log_set_hook(NULL);
    (void)dup2(saved_stderr, STDERR_FILENO);
    (void)close(saved_stderr);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

static const char *logged(void)
{
    static char text[65536];
    ssize_t n = read(ends[0], text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void test_levels(void **state)
{
    (void)state;
    log_msg(ALLORA_LOG_INFO, "x", "not shown");
    assert_string_equal(logged(), "");
    log_msg(ALLORA_LOG_WARN, "aws", "slow: %d", 7);
    assert_string_equal(logged(), "allora: warning: aws: slow: 7\n");
    log_msg(ALLORA_LOG_ERROR, NULL, "bare");
    assert_string_equal(logged(), "allora: error: bare\n");
    log_set_level(ALLORA_LOG_TRACE);
    assert_int_equal(log_level(), ALLORA_LOG_TRACE);
    log_msg(ALLORA_LOG_TRACE, "", "deep");
    assert_string_equal(logged(), "allora: trace: deep\n");
}

static void test_lines_cannot_be_forged(void **state)
{
    const allora_pair fields[] = {{str_of("url"), str_of("http://x\n/")},
                                  {str_of("n"), str_of("1")}};

    (void)state;
    log_fields(ALLORA_LOG_WARN, "plugin", str_of("odd\nallora: error: forged\x1b[2J\xff"), fields,
               2);
    assert_string_equal(logged(), "allora: warning: plugin: odd allora: error: forged [2J? "
                                  "url=http://x / n=1\n");
}

static void test_long_lines_are_cut_and_end(void **state)
{
    (void)state;
    log_msg(ALLORA_LOG_ERROR, "x", "%05000d", 1);
    const char *text = logged();
    assert_int_equal(strlen(text), 4096);
    assert_int_equal(text[4095], '\n');
}

static _Atomic int hook_calls;

static void hook(bool before)
{
    atomic_fetch_add(&hook_calls, before ? 1 : 100);
}

static void test_hook(void **state)
{
    (void)state;
    atomic_store(&hook_calls, 0);
    log_set_hook(hook);
    log_msg(ALLORA_LOG_ERROR, "x", "y");
    log_msg(ALLORA_LOG_DEBUG, "x", "y"); /* not shown, so nothing steps aside */
    assert_int_equal(atomic_load(&hook_calls), 101);
    (void)logged();
}

static void *chatter(void *arg)
{
    for (int i = 0; i < 50; i++)
        log_msg(ALLORA_LOG_ERROR, arg, "%s%s%s", (char *)arg, (char *)arg, (char *)arg);
    return NULL;
}

static void test_threads_do_not_mix_lines(void **state)
{
    static char names[3][8] = {"aaaa", "bbbb", "cccc"};
    pthread_t threads[3];

    (void)state;
    log_set_hook(hook);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, names[i]), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    size_t lines = 0;
    for (const char *p = logged(); *p; lines++) {
        char expected[64];
        const char *end = strchr(p, '\n');
        assert_non_null(end);
        int n = snprintf(expected, sizeof expected, "allora: error: %.4s: %.4s%.4s%.4s", p + 15,
                         p + 15, p + 15, p + 15);
        assert_int_equal(end - p, n);
        assert_memory_equal(p, expected, (size_t)n);
        p = end + 1;
    }
    assert_int_equal(lines, 150);
}

#define DIVERTED(test) cmocka_unit_test_setup_teardown(test, divert, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIVERTED(test_levels),
        DIVERTED(test_lines_cannot_be_forged),
        DIVERTED(test_long_lines_are_cut_and_end),
        DIVERTED(test_hook),
        DIVERTED(test_threads_do_not_mix_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
