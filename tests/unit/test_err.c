/* core/base/err.h */
#include "unit/unit.h"

#include "base/err.h"
#include "base/str.h"

static void test_set_starts_afresh(void **state)
{
    allora_error err = ERR_INIT;

    (void)state;
    assert_int_equal(err_set(&err, ALLORA_E_ARG, "bad %s", "flag"), ALLORA_E_ARG);
    err_hint(&err, "try %d", 7);
    err_reason(&err, "InvalidFlag");
    err.http_status = 400;
    assert_string_equal(err.message, "bad flag");
    assert_string_equal(err.hint, "try 7");
    assert_string_equal(err.reason, "InvalidFlag");
    err_set(&err, ALLORA_E_NETWORK, "no route, after: %s",
            err.message); /* its own text as argument */
    assert_string_equal(err.message, "no route, after: bad flag");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.reason, "");
    assert_int_equal(err.http_status, 0);
    assert_int_equal(err.size, sizeof err);
    assert_int_equal(err_set(NULL, ALLORA_E_ARG, "x"), ALLORA_E_ARG);
}

static void test_one_line_whole_characters(void **state)
{
    char text[900];
    allora_error err = ERR_INIT;

    (void)state;
    err_set(&err, ALLORA_E_REMOTE, "%s", "a\nb\tc\x1b[31m\x7f \xff.");
    assert_string_equal(err.message, "a b c [31m  ?.");
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    memcpy(text + sizeof err.message - 2, "\xe2\x82\xac", 3); /* would be cut in two */
    err_set(&err, ALLORA_E_REMOTE, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 2);
    assert_true(utf8_valid(err.message, strlen(err.message)));
}

static void test_prefix(void **state)
{
    allora_error err = ERR_INIT;

    (void)state;
    err_set(&err, ALLORA_E_DENIED, "no");
    err_hint(&err, "ask");
    err_prefix(&err, "%s in %s: ", "table", "region");
    assert_string_equal(err.message, "table in region: no");
    assert_string_equal(err.hint, "ask");
    err_reset(&err);
    err.code = ALLORA_E_TIMEOUT;
    err_prefix(&err, "x: ");
    assert_string_equal(err.message, "x: timed out");
}

static void test_nomem(void **state)
{
    allora_error err = ERR_INIT;

    (void)state;
    mem_fail_after(0);
    assert_int_equal(err_nomem(&err), ALLORA_E_NOMEM);
    assert_string_equal(err.message, "out of memory");
    mem_fail_after(-1);
    assert_int_equal(err_nomem(NULL), ALLORA_E_NOMEM);
}

static void test_copy_keeps_to_the_size(void **state)
{
    struct {
        allora_error e;
        char behind[16];
    } larger;
    allora_error src = ERR_INIT, dst = ERR_INIT;

    (void)state;
    err_set(&src, ALLORA_E_STALE_PLAN, "moved");
    err_copy(&dst, &src);
    assert_int_equal(dst.code, ALLORA_E_STALE_PLAN);
    assert_string_equal(dst.message, "moved");

    memset(&larger, 'z', sizeof larger); /* a newer caller's error: what src lacks is zero */
    larger.e.size = sizeof larger;
    err_copy(&larger.e, &src);
    assert_int_equal(larger.e.size, sizeof larger);
    assert_string_equal(larger.e.message, "moved");
    assert_int_equal(larger.behind[0], 0);
    assert_int_equal(larger.behind[15], 0);

    memset(&dst, 'z', sizeof dst); /* a smaller one: nothing behind it is touched */
    dst.size = offsetof(allora_error, message) + 4;
    err_copy(&dst, &src);
    assert_string_equal(dst.message, "mov");
    assert_int_equal(dst.message[4], 'z');

    dst.size = 0;
    err_copy(&dst, &src);
    err_copy(NULL, &src);
    err_copy(&dst, NULL);
}

static void test_statuses(void **state)
{
    static const struct {
        int32_t status;
        int exit_code;
        const char *name;
    } rows[] = {
        {ALLORA_OK, 0, "ok"},
        {ALLORA_STOP, 0, "stop"},
        {ALLORA_PARTIAL, 5, "partial"},
        {ALLORA_E_INTERNAL, 1, "internal"},
        {ALLORA_E_ABI, 7, "abi"},
        {ALLORA_E_ARG, 2, "invalid_argument"},
        {ALLORA_E_CANCELLED, 130, "cancelled"},
        {ALLORA_E_TIMEOUT, 124, "timeout"},
        {ALLORA_E_AUTH, 6, "not_authenticated"},
        {ALLORA_E_DENIED, 3, "denied"},
        {ALLORA_E_NOTFOUND, 4, "not_found"},
        {ALLORA_E_APPROVAL, 3, "approval_needed"},
        {ALLORA_E_BUDGET, 3, "budget"},
        {ALLORA_E_INTEGRITY, 8, "integrity"},
        {-999, 1, "failed"},
        {999, 0, "ok"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(status_exit_code(rows[i].status), rows[i].exit_code);
        assert_string_equal(status_name(rows[i].status), rows[i].name);
        assert_true(*status_text(rows[i].status));
    }
    for (int32_t s = ALLORA_E_INTEGRITY; s < 0; s++)
        assert_string_not_equal(status_name(s),
                                "failed"); /* every status of the header has words */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_starts_afresh),
        cmocka_unit_test(test_one_line_whole_characters),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_nomem),
        cmocka_unit_test(test_copy_keeps_to_the_size),
        cmocka_unit_test(test_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
