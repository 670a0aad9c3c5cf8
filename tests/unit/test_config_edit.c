/* Editing a file of configuration: what is touched, what is refused, and that for random files and
 * random edits every other line survives byte for byte and the file says what it should. */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/yaml.h"
#include "config/config_schema.h"
#include "config/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 1 << 20, LINES_MAX = 4096 };

/* value: as typed; NULL takes the key out.  Gives the new text, or "!" and the error. */
static const char *edited(struct buf *out, const char *name, const char *text, const char *key,
                          const char *value)
{
    static char words[1024];
    allora_error err = ERR_INIT;
    A_CLEAN(json_freep) json_node *node = value ? config_read_value(NULL, value) : NULL;

    if (config_edit(name, text, strlen(text), key, node, out, &err) == ALLORA_OK)
        return buf_str(out);
    (void)snprintf(words, sizeof words, "!%s", err.message);
    return words;
}

static void examples(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *key, *value, *expected;
    } cases[] = {
        {"f", "", "a.b", "1", "a:\n  b: 1\n"},
        {"f", "# only words", "a", "x", "# only words\na: x\n"},
        {"f", "a: 1", "b", "2", "a: 1\nb: 2\n"},
        {"f", "a: 1 # one\n", "a", "2", "a: 2 # one\n"},
        {"f", "a: 'x' # q\n", "a", "it's", "a: 'it''s' # q\n"},
        {"f", "a: \"x\"\n", "a", "y", "a: \"y\"\n"},
        {"f", "a: x\n", "a", "'yes'", "a: 'yes'\n"},
        {"f", "a: x\n", "a", "'12'", "a: '12'\n"},
        {"f", "a: x\n", "a", "''", "a: ''\n"},
        {"f", "a: x\n", "a", "\"two\\nlines\"", "a: \"two\\nlines\"\n"},
        {"f", "a: |\n  one\n  two\n\nb: 1\n", "a", "x", "a: x\n\nb: 1\n"},
        {"f", "a: one\n  two\nb: 1\n", "a", "x", "a: x\nb: 1\n"},
        {"f", "a: # nothing\nb: 1\n", "a", "x", "a: x # nothing\nb: 1\n"},
        {"f", "a: # nothing\nb: 1\n", "a.c", "x", "a: # nothing\n  c: x\nb: 1\n"},
        {"f", "a: ~ # nil\nb: 1\n", "a.c", "x", "a: # nil\n  c: x\nb: 1\n"},
        {"f", "a:\r\n    b: 1\r\n", "c.d", "x", "a:\r\n    b: 1\r\nc:\r\n    d: x\r\n"},
        {"f", "a: {b: 1, c: 2} # f\n", "a.c", "3", "a: {b: 1, c: 3} # f\n"},
        {"f", "a: {b: 1}\n", "a.d", "x:y", "a: {b: 1, d: 'x:y'}\n"},
        {"f", "a: {}\n", "a.d.e", "1", "a: {d: {e: 1}}\n"},
        {"f", "a: {b: 1, c: 2}\n", "a.b", NULL, "a: {c: 2}\n"},
        {"f", "a: {b: 1, c: 2}\n", "a.c", NULL, "a: {b: 1}\n"},
        {"f", "a: {b: 1}\nc: 1\n", "a.b", NULL, "c: 1\n"},
        {"f", "a:\n  b: [x, y] # l\n", "a.b", "[z]", "a:\n  b: [z] # l\n"},
        {"f", "a:\n  # first\n  - x # 1\n  - y\n\nb: 1\n", "a", "[x, y, z]",
         "a:\n  # first\n  - x # 1\n  - y\n  - z\n\nb: 1\n"},
        {"f", "a:\n- x\n- y\n- z\n", "a", "[x, z]", "a:\n- x\n- z\n"},
        {"f", "a:\n  b:\n    c: 1\n  # later\nd: 1\n", "a.b.c", NULL, "  # later\nd: 1\n"},
        {"f", "x: 1\na:\n  b: 1\n  c: 2 # gone\n  d: 3\n", "a.c", NULL,
         "x: 1\na:\n  b: 1\n  d: 3\n"},
        {"f", "a: 1\n", "a", NULL, ""},
        {"f", "---\na: 1\n...\n", "b", "2", "---\na: 1\nb: 2\n...\n"},
        {"f",
         "\xEF\xBB\xBF"
         "a: \xC3\xA9\xF0\x9F\x98\x80 # \xC3\xA9\nb: 1\n",
         "b", "\xC3\xBC",
         "\xEF\xBB\xBF"
         "a: \xC3\xA9\xF0\x9F\x98\x80 # \xC3\xA9\nb: '\xC3\xBC'\n"},
        {"f.json", "", "a.b", "x", "{\n  \"a\": {\n    \"b\": \"x\"\n  }\n}\n"},
        {"f.json", "{}", "a", "1", "{\n  \"a\": 1\n}"},
        {"f.json", "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n", "a.c", "[1, 2]",
         "{\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"c\": [\n\t\t\t1,\n\t\t\t2\n\t\t]\n\t}\n}\n"},
        {"f.json", "{\n    \"a\": 1,\n    \"b\": 2\n}\n", "a", NULL, "{\n    \"b\": 2\n}\n"},
        {"f.json", "{\"a\": 1, \"b\": \"q\"}", "b", "it's", "{\"a\": 1, \"b\": \"it's\"}"},
        /* refused, in words */
        {"f", "a: &x 1\nb: *x\n", "a", "2",
         "!a cannot be changed in f: it has an anchor, an alias or a tag there"},
        {"f", "a: &x 1\nb: *x\n", "b", "2",
         "!b cannot be changed in f: it has an anchor, an alias or a tag there"},
        {"f", "a: &x {c: 1}\nb: *x\n", "b.c", "2",
         "!b.c cannot be changed in f: its group is an alias"},
        {"f", "a: &x\n  c: 1\nb: *x\n", "a.c", "2",
         "!a.c cannot be changed in f: the place is written in a way that only a person can keep"},
        {"f", "a: !!str 1\n", "a", "2",
         "!a cannot be changed in f: it has an anchor, an alias or a tag there"},
        {"f", "a: [x, # why\n  y]\n", "a", "[z]",
         "!a cannot be changed in f: there may be comments within the brackets"},
        {"f", "a: 1\n", "a.b", "2",
         "!a.b cannot be changed in f: what should be a group of keys is none"},
        {"f", "- a\n", "a", "2", "!a cannot be changed in f: it holds no group of keys"},
        {"f", "a: 1\n", "b", NULL, "!b is not set in f"},
        {"f", "a: [\n", "b", "1",
         "!f:2:1: did not find expected node content (while parsing a flow "
         "node that began on line 2)"},
        {"f", "a: 1\n", "a..b", "1", "!\"a..b\" is no key: write it as group.key"},
        {"f", "a: 1\n", "", "1", "!\"\" is no key: write it as group.key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        A_CLEAN(buf_done) struct buf out = BUF(TEXT_MAX);
        const char *got = edited(&out, cases[i].name, cases[i].text, cases[i].key, cases[i].value);
        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("%zu: %s of\n%s\ngave\n%s\nnot\n%s", i, cases[i].key, cases[i].text, got,
                     cases[i].expected);
    }
}

/* ---- random files ---- */

static uint64_t seed;

static unsigned roll(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

struct place {
    char path[128];
    unsigned first, last; /* lines, from 0 */
    bool group;
};
struct file {
    struct buf text;
    unsigned line;
    const char *eol;
    unsigned step;
    struct place places[512];
    size_t n;
    bool in_block; /* a block scalar came last: what is indented goes on with it */
};

static void eol(struct file *f)
{
    buf_adds(&f->text, f->eol);
    f->line++;
}

static void noise(struct file *f, unsigned indent)
{
    static const char *const words[] = {
        "# plain", "#no blank", "# key: value", "# \xC3\xA9 'x\" ", "", "  ", "#", "# - item"};
    while (roll(4) == 0) {
        unsigned i = roll(8);
        if (*words[i] == '#')
            buf_pad(&f->text, ' ', f->in_block ? 0 : roll(3) ? indent : roll(6));
        buf_adds(&f->text, words[i]);
        eol(f);
    }
}

static void tail(struct file *f)
{
    static const char *const words[] = {"",  "",     "", " # why", "  # \xE2\x9C\x93: [x]",
                                        " ", "\t# t"};
    buf_adds(&f->text, words[roll(7)]);
    eol(f);
}

static void scalar(struct file *f, bool flow)
{
    static const char *const words[] = {"plain",
                                        "'single'",
                                        "\"double \\\"q\\\"\"",
                                        "42",
                                        "-1.5e3",
                                        "true",
                                        "'it''s #1'",
                                        "~",
                                        "\xC3\xBCml\xC3\xA4ut",
                                        "\"a: b\"",
                                        "a b  c",
                                        "'\xF0\x9F\x98\x80'",
                                        "\"\\u00e9\"",
                                        "/some/path-x",
                                        "'{not: flow}'"};
    buf_adds(&f->text, words[roll(15)]);
    if (!flow && roll(12) == 0)
        buf_adds(&f->text, "");
}

static void block_scalar(struct file *f, unsigned indent)
{
    static const char *const heads[] = {"|", ">", "|-", ">-"};
    buf_adds(&f->text, heads[roll(4)]);
    eol(f);
    for (unsigned i = 0, n = 1 + roll(3); i < n; i++) {
        buf_pad(&f->text, ' ', indent);
        buf_adds(&f->text, roll(2) ? "text: [" : "# not a comment");
        eol(f);
    }
}

static void list(struct file *f, unsigned indent)
{
    tail(f);
    for (unsigned i = 0, n = 1 + roll(4); i < n; i++) {
        if (i > 0 && roll(6) == 0)
            noise(f, indent);
        buf_pad(&f->text, ' ', indent);
        buf_adds(&f->text, "- ");
        scalar(f, false);
        tail(f);
    }
}

static void brackets(struct file *f, bool map)
{
    bool lines = roll(5) == 0;
    buf_addc(&f->text, map ? '{' : '[');
    for (unsigned i = 0, n = roll(4); i < n; i++) {
        if (i > 0)
            buf_adds(&f->text, ", ");
        if (lines) {
            eol(f);
            buf_pad(&f->text, ' ', 20);
        }
        if (map)
            buf_addf(&f->text, "f%u: ", i);
        scalar(f, true);
    }
    buf_addc(&f->text, map ? '}' : ']');
    tail(f);
}

static void group(struct file *f, const char *path, unsigned indent, unsigned depth)
{
    for (unsigned i = 0, n = 1 + roll(depth == 0 ? 6 : 4); i < n && f->n < 500; i++) {
        struct place *p = &f->places[f->n++];
        noise(f, indent);
        (void)snprintf(p->path, sizeof p->path, "%s%sk%u", path, *path ? "." : "", i);
        p->first = f->line;
        p->group = false;
        f->in_block = false;
        buf_pad(&f->text, ' ', indent);
        unsigned form = roll(10);
        char key[16];
        (void)snprintf(key, sizeof key, "k%u", i);
        const char *quote = form == 1 ? "'" : form == 2 ? "\"" : "";
        buf_addf(&f->text, "%s%s%s%s", quote, key, quote, form == 3 ? " :" : ":");
        switch (roll(depth < 4 ? 9 : 6)) {
        case 0:
            buf_addc(&f->text, ' ');
            block_scalar(f, indent + f->step);
            f->in_block = true;
            break;
        case 1:
            list(f, indent + (roll(2) ? f->step : 0));
            break;
        case 2:
            buf_addc(&f->text, ' ');
            p->group = roll(2) == 0;
            brackets(f, p->group);
            break;
        case 3:
            tail(f); /* nothing */
            p->group = true;
            break;
        case 4:
        case 5:
            buf_adds(&f->text, roll(5) ? " " : "   ");
            scalar(f, false);
            tail(f);
            break;
        default:
            tail(f);
            group(f, p->path, indent + f->step, depth + 1);
            break;
        }
        p->last = f->line - 1;
    }
}

static size_t lines_of(const char *text, size_t len, allora_str *lines)
{
    size_t n = 0;
    for (size_t at = 0; at < len && n < LINES_MAX;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t next = end ? (size_t)(end - text) + 1 : len;
        lines[n++] = (allora_str){text + at, next - at};
        at = next;
    }
    return n;
}

static bool line_same(allora_str a, allora_str b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* The old text's lines [*first, *last) are the ones that did not survive. */
static void changed(const struct file *f, const struct buf *out, size_t *first, size_t *last)
{
    static allora_str old[LINES_MAX], new[LINES_MAX];
    size_t n = lines_of(f->text.ptr, f->text.len, old), m = lines_of(buf_str(out), out->len, new);
    size_t head = 0, foot = 0;

    while (head < n && head < m && line_same(old[head], new[head]))
        head++;
    while (foot < n - head && foot < m - head && line_same(old[n - 1 - foot], new[m - 1 - foot]))
        foot++;
    *first = head;
    *last = n - foot;
}

static bool alike(const json_node *a, const json_node *b)
{
    if (json_typeof(a) != json_typeof(b) || json_count(a) != json_count(b))
        return false;
    if (json_typeof(a) == JSON_OBJECT) {
        json_foreach (item, a) {
            if (!alike(item, json_get(b, json_key(item))))
                return false;
        }
        return true;
    }
    for (size_t i = 0; json_typeof(a) == JSON_ARRAY && i < json_count(a); i++) {
        if (!alike(json_at(a, i), json_at(b, i)))
            return false;
    }
    return streq(json_str(a, "-"), json_str(b, "-")) && json_num(a, 0) == json_num(b, 0) &&
           json_bool(a, false) == json_bool(b, false);
}

/* By recursion on the path's rest, unlike the editor's way; groups left empty go. */
static void model_set(json_node *node, const char *path, const json_node *value)
{
    char key[64];
    size_t n = strcspn(path, ".");
    (void)snprintf(key, sizeof key, "%.*s", (int)n, path);
    if (!path[n]) {
        if (value)
            assert_int_equal(json_set(node, key, json_copy(value)), 0);
        else
            json_remove(node, key);
        return;
    }
    if (json_typeof(json_get(node, key)) != JSON_OBJECT)
        assert_int_equal(json_set(node, key, json_new_object()), 0);
    json_node *child = (json_node *)(uintptr_t)json_get(node, key);
    model_set(child, path + n + 1, value);
    if (!value && json_count(child) == 0)
        json_remove(node, key);
}

static json_node *random_value(void)
{
    static const char *const texts[] = {
        "plain",      "",       "yes",          "null",   "12",         "1.0",
        " lead",      "trail ", "a: b",         "#x",     "two\nlines", "\xF0\x9F\x98\x80",
        "it's \"q\"", "[x]",    "{x: y}",       "- dash", "x:",         "~",
        "\t",         "a\\b",   "\xE2\x80\xA8", "0x1F",   "*a",         "&a",
        "!t",         "%d",     "@x",           "`",      "2026-11-01", "|",
        "key: v # c"};
    switch (roll(8)) {
    case 0:
        return json_new_num((double)roll(100000) - 50000);
    case 1:
        return json_new_bool(roll(2));
    case 2:
    case 3: {
        json_node *l = json_new_array();
        for (unsigned i = 0, n = roll(4); i < n; i++)
            assert_int_equal(json_push(l, json_new_str(texts[roll(31)])), 0);
        return l;
    }
    default:
        return json_new_str(texts[roll(31)]);
    }
}

/* Lines that an edit of this key may touch: its own; those of the group it is added to, when that
 * is in brackets or empty; and nothing else. */
static void allowed(const struct file *f, const char *path, const json_node *before, bool set,
                    size_t *first, size_t *last)
{
    char at[160];
    (void)snprintf(at, sizeof at, "%s", path);
    *first = *last = 0;
    for (;;) {
        bool own = strcmp(at, path) == 0;
        const struct place *p = NULL;
        for (size_t i = 0; i < f->n; i++)
            p = strcmp(f->places[i].path, at) == 0 ? &f->places[i] : p;
        if (p && !own && !p->group && (set || json_count(json_path(before, at)) > 1))
            return; /* a block: a line beside the others comes or goes */
        if (p) {
            *first = p->first;
            *last = p->last + 1;
            if (set)
                return;
        }
        char *dot = strrchr(at, '.');
        if (!dot)
            return;
        *dot = '\0';
    }
}

static void check_edit(const struct file *f, const char *path, const json_node *value,
                       unsigned *refusals)
{
    A_CLEAN(buf_done) struct buf out = BUF(TEXT_MAX);
    A_CLEAN(json_freep) json_node *before = NULL;
    A_CLEAN(json_freep) json_node *after = NULL;
    allora_error err = ERR_INIT;
    size_t from, to, first, last;

    assert_int_equal(yaml_parse("f", f->text.ptr, f->text.len, &before, NULL, &err), ALLORA_OK);
    int32_t rc = config_edit("f", f->text.ptr, f->text.len, path, value, &out, &err);
    if (rc == ALLORA_E_CONFIG) {
        if (strstr(err.message, "only a person"))
            fail_msg("%s of\n%s\n%s", path, buf_str(&f->text), err.message);
        ++*refusals;
        return;
    }
    if (rc)
        fail_msg("%s of\n%s\n%s", path, buf_str(&f->text), err.message);
    assert_int_equal(yaml_parse("g", buf_str(&out), out.len, &after, NULL, &err), ALLORA_OK);
    model_set(before, path, value);
    if (!alike(before, after) && !(json_count(before) == 0 && json_typeof(after) == JSON_NULL))
        fail_msg("%s of\n%s\ngave\n%s", path, buf_str(&f->text), buf_str(&out));
    json_free(before);
    before = NULL;
    assert_int_equal(yaml_parse("f", f->text.ptr, f->text.len, &before, NULL, &err), ALLORA_OK);
    changed(f, &out, &from, &to);
    allowed(f, path, before, value != NULL, &first, &last);
    if (from < to && (from < first || to > last))
        fail_msg("%s of\n%s\ntouched lines %zu to %zu, not only %zu to %zu:\n%s", path,
                 buf_str(&f->text), from, to, first, last, buf_str(&out));
}

static void random_files(void **state)
{
    (void)state;
    static struct file f;
    const char *given = getenv("ALLORA_TEST_SEED");
    uint64_t start = given ? strtoull(given, NULL, 10) : 20261123;
    unsigned refusals = 0, edits = 0;

    for (uint64_t round = 0; round < 1500; round++) {
        seed = (start + round) * 0x9E3779B97F4A7C15u + 1;
        f = (struct file){
            .text = BUF(TEXT_MAX), .eol = roll(6) ? "\n" : "\r\n", .step = roll(3) ? 2 : 4};
        noise(&f, 0);
        group(&f, "", 0, 0);
        noise(&f, 0);
        for (unsigned i = 0; i < 6; i++, edits++) {
            char path[160];
            const struct place *p = &f.places[roll((unsigned)f.n)];
            unsigned what = roll(4);
            A_CLEAN(json_freep) json_node *value = what == 0 ? NULL : random_value();
            (void)snprintf(path, sizeof path, "%s%s", p->path,
                           what == 1 && p->group ? ".new.key" : "");
            if (what == 2)
                (void)snprintf(path, sizeof path, "n%u.m%u", roll(3), roll(3));
            check_edit(&f, path, value, &refusals);
        }
        buf_done(&f.text);
    }
    print_message("%u edits, %u refused\n", edits, refusals);
    assert_true(refusals < edits / 10);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    static const char text[] = "a:\n  b: [x]\n  l:\n  - 1\n  - 2\nc: {d: 1}\n";
    static const char *const keys[] = {"a.b", "a.l", "c.e", "x.y", "a"};
    A_CLEAN(json_freep) json_node *value = config_read_value(NULL, "[1, z]");
    for (size_t k = 0; k < 5; k++) {
        int32_t rc = ALLORA_E_NOMEM;
        for (int64_t n = 0; rc == ALLORA_E_NOMEM; n++) {
            A_CLEAN(buf_done) struct buf out = BUF(TEXT_MAX);
            allora_error err = ERR_INIT;
            mem_fail_after(n);
            rc = config_edit("f", text, strlen(text), keys[k], value, &out, &err);
            mem_fail_after(-1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(random_files),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
