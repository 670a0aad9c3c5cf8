/* core/cli/text.c, prose and roff: display width, harmless text, cutting and wrapping. */
#include "unit/cli_help.h"

#include "cli/help.h"
#include "cli/render_internal.h"
#include "cli/report.h"
#include "cli/text.h"

#define WIDTH(s) text_width((s), strlen(s))

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(WIDTH(""), 0);
    assert_int_equal(WIDTH("plain"), 5);
    assert_int_equal(WIDTH("caf\xc3\xa9"), 4);
    assert_int_equal(WIDTH("cafe\xcc\x81"), 4);             /* e + combining acute */
    assert_int_equal(WIDTH("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two wide characters */
    assert_int_equal(WIDTH("\xf0\x9f\x98\x80"), 2);         /* an emoji */
    assert_int_equal(WIDTH("\xe2\x9d\xa4\xef\xb8\x8f"), 2); /* heart + emoji selector */
    assert_int_equal(
        WIDTH("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"),
        2); /* a family */
    assert_int_equal(WIDTH("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"),
                     2); /* a flag: two letters, one sign */
    assert_int_equal(WIDTH("a\xff\xfe"
                           "b"),
                     4); /* invalid bytes count one each */
}

static void visible_is(const char *expected, const char *p, size_t n, unsigned flags)
{
    struct buf b = BUF(4096);
    text_visible(&b, p, n, flags);
    assert_string_equal(buf_str(&b), expected);
    buf_done(&b);
}
#define VISIBLE(expected, s) visible_is(expected, s, sizeof(s) - 1, 0)

static void test_visible(void **state)
{
    (void)state;
    VISIBLE("plain caf\xc3\xa9", "plain caf\xc3\xa9");
    VISIBLE("a\\nb\\tc\\rd", "a\nb\tc\rd");
    VISIBLE("\\x1b[31mred\\a", "\x1b[31mred\x07"
                               "");
    VISIBLE("nul\\x00nul", "nul\0nul");
    VISIBLE("\\x7f", "\x7f");
    VISIBLE("\\u009b1m", "\xc2\x9b"
                         "1m"); /* the one-character CSI */
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): that it misleads is why it is shown escaped */
    VISIBLE("\\u202etxt.exe", "\xe2\x80\xae"
                              "txt.exe"); /* right-to-left override */
    VISIBLE("\\ufeff", "\xef\xbb\xbf");
    VISIBLE("\\xff\\xc3", "\xff\xc3");
    VISIBLE("\\U000e0041", "\xf3\xa0\x81\x81"); /* a tag character */
    visible_is("a\nb\tc\\x1b", "a\nb\tc\x1b", 6, TEXT_KEEP_LINES);
}

static void cut_is(const char *expected, size_t used, const char *s, size_t width)
{
    struct buf b = BUF(4096);
    assert_int_equal(text_cut(&b, s, strlen(s), width), used);
    assert_string_equal(buf_str(&b), expected);
    buf_done(&b);
}

static void test_cut(void **state)
{
    (void)state;
    cut_is("abcdef", 6, "abcdef", 6);
    cut_is("abcd\xe2\x80\xa6", 5, "abcdef", 5);
    cut_is("\xe2\x80\xa6", 1, "abcdef", 1);
    cut_is("", 0, "abcdef", 0);
    cut_is("\xe6\x97\xa5\xe2\x80\xa6", 3, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
           4);                                             /* a wide one never splits */
    cut_is("e\xcc\x81\xe2\x80\xa6", 2, "e\xcc\x81xyz", 2); /* nor a combined one */
}

static void test_wrap(void **state)
{
    struct buf b = BUF(4096);
    (void)state;
    text_wrap(&b, "one two three four", 0, 2, 9);
    assert_string_equal(buf_str(&b), "one two\n  three\n  four");
    buf_reset(&b);
    text_wrap(&b, "verylongwordthatfitsnowhere x", 0, 0, 5);
    assert_string_equal(buf_str(&b), "verylongwordthatfitsnowhere\nx");
    buf_reset(&b);
    text_wrap(&b, "a\n\nb", 0, 2, 20);
    assert_string_equal(buf_str(&b), "a\n\n  b");
    buf_done(&b);
}

static void test_caret(void **state)
{
    struct buf b = BUF(4096);
    const struct sql_place p = {"select *\nfrom host_procss\nwhere 1", 14, 11};
    (void)state;
    caret_block(&b, &p, "did you mean host_process?", false);
    assert_string_equal(
        buf_str(&b),
        "   \xe2\x95\xb7\n   \xe2\x94\x82 from host_procss\n"
        "   \xe2\x94\x82      ^^^^^^^^^^^ did you mean host_process?\n   \xe2\x95\xb5\n");
    /* Beyond the end, and in the middle of a very long line. */
    buf_reset(&b);
    caret_block(&b, &(struct sql_place){"select", 100, 5}, NULL, false);
    assert_string_equal(
        buf_str(&b),
        "   \xe2\x95\xb7\n   \xe2\x94\x82 select\n   \xe2\x94\x82       ^\n   \xe2\x95\xb5\n");
    char line[2001];
    memset(line, 'x', 2000);
    line[2000] = '\0';
    buf_reset(&b);
    caret_block(&b, &(struct sql_place){line, 1000, 3}, NULL, false);
    assert_true(b.len < 400);
    assert_non_null(strstr(buf_str(&b), "^^^\n"));
    buf_done(&b);
}

static void test_roff(void **state)
{
    static const char *const rows[][2] = {
        {"plain", "plain"},
        {"a-b", "a\\-b"},
        {".TH evil", "\\&.TH evil"},
        {"x\n.SH evil\n'so", "x\n\\&.SH evil\n\\&\\(aqso"},
        {"back\\slash", "back\\eslash"},
        {"caf\xc3\xa9 \xe2\x80\xa6 \xf0\x9f\x98\x80", "caf\\[u00E9] \\[u2026] \\[u1F600]"},
        {"`~^\"'", "\\(ga\\(ti\\(ha\\(dq\\(aq"},
        {"tab\x01\xff.", "tab."},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = BUF(4096);
        roff_text(&b, rows[i][0]);
        assert_string_equal(buf_str(&b), rows[i][1]);
        buf_done(&b);
    }
}

static void prose_is(const char *expected, const char *const *pieces, const char *cites,
                     size_t width, bool fit)
{
    struct term term = a_pipe();
    struct out out;
    struct prose p;
    int fd = memory_file();
    out_init(&out, &term, false);
    out.fd = fd;
    prose_init(&p, &out, width, fit);
    for (; *pieces; pieces++)
        prose_add(&p, *pieces, strlen(*pieces));
    prose_end(&p, cites);
    prose_done(&p);
    assert_int_equal(out_finish(&out, NULL), ALLORA_OK);
    assert_text(fd, expected);
    (void)close(fd);
}
#define PIECES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_prose(void **state)
{
    (void)state;
    prose_is("Three of them.            [1]\n", PIECES("Three ", "of the", "m."), "[1]", 29, true);
    prose_is("Three of them. [1]\n", PIECES("Three of them."), "[1]", 80, false);
    /* Its own citation ends the text: it goes to the edge, and nothing is added. */
    prose_is("Three of them.            [2]\n", PIECES("Three of them", ". [", "2]\n"), "[1]", 29,
             true);
    /* One inside stays where it is. */
    prose_is("Three [1] of them.        [2]\n", PIECES("Three [1] of them. [2]"), "", 29, true);
    prose_is("one two\nthree\n", PIECES("one two three"), "", 9, true);
    prose_is("a\n\n  b\n", PIECES("a\n", "\n  b\n\n"), "", 40, true);
    prose_is("", PIECES(""), "", 40, true);
    prose_is("\\x1b[2J gone\n", PIECES("\x1b[2J gone"), "", 40, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width), cmocka_unit_test(test_visible), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_wrap),  cmocka_unit_test(test_caret),   cmocka_unit_test(test_roff),
        cmocka_unit_test(test_prose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
