/* YAML 1.2 core schema (section 10.3.2), with the deviations that yaml.h names. */
#include "yaml_scalar.h"

#include "str.h"

#include <math.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

static bool one_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (streq(text, words[i]))
            return true;
    }
    return false;
}

static bool is_null(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return one_of(text, words, 5);
}

static bool is_true(const char *text)
{
    static const char *const words[] = {"true", "True", "TRUE"};
    return one_of(text, words, 3);
}

static bool is_false(const char *text)
{
    static const char *const words[] = {"false", "False", "FALSE"};
    return one_of(text, words, 3);
}

static size_t run_of_digits(const char *p)
{
    return strspn(p, "0123456789");
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+, but no leading zeros. */
static bool is_integer(const char *text)
{
    if (str_starts(text, "0o"))
        return text[2] && text[2 + strspn(text + 2, "01234567")] == '\0';
    if (str_starts(text, "0x"))
        return text[2] && text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0';
    const char *p = text + (*text == '-' || *text == '+');
    size_t n = run_of_digits(p);
    return n > 0 && p[n] == '\0' && (n == 1 || *p != '0');
}

/* [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE][-+]?[0-9]+)? */
static bool is_float(const char *text)
{
    const char *p = text + (*text == '-' || *text == '+');
    size_t whole = run_of_digits(p), fraction = 0;
    bool leading_zero = whole > 1 && *p == '0';

    p += whole;
    if (*p == '.') {
        p++;
        fraction = run_of_digits(p);
        p += fraction;
    } else if (*p == '\0') {
        return false; /* an integer, or nothing */
    }
    if ((whole == 0 && fraction == 0) || leading_zero)
        return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '-' || *p == '+';
        size_t exponent = run_of_digits(p);
        if (exponent == 0)
            return false;
        p += exponent;
    }
    return *p == '\0';
}

static bool is_inf_or_nan(const char *text)
{
    static const char *const words[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
    const char *p = text + (*text == '-' || *text == '+');

    return one_of(p, words, p == text ? 6 : 3);
}

static bool give(json_node *n, json_node **ret, const char **ret_what)
{
    *ret_what = NULL;
    if (!n)
        return false;
    *ret = n;
    return true;
}

static bool refuse(const char **ret_what, const char *what)
{
    *ret_what = what;
    return false;
}

static bool integer(const char *text, json_node **ret, const char **ret_what)
{
    bool negative = *text == '-';
    const char *p = text + (negative || *text == '+');
    int64_t base = str_starts(p, "0x") ? 16 : str_starts(p, "0o") ? 8 : 10;
    int64_t value = 0;

    for (p += base == 10 ? 0 : 2; *p; p++) {
        int64_t digit = *p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10;
        value = value * base + digit;
        if (value > INT64_C(1) << 53)
            return refuse(ret_what,
                          "this number is too large to be kept exactly; put it in quotes");
    }
    return give(json_new_num((double)(negative ? -value : value)), ret, ret_what);
}

static bool number(const char *text, json_node **ret, const char **ret_what)
{
    double d = strtod(text, NULL);

    if (!isfinite(d))
        return refuse(ret_what, "this number is out of range; put it in quotes");
    return give(json_new_num(d), ret, ret_what);
}

static bool resolve_plain(const char *text, json_node **ret, const char **ret_what)
{
    if (is_null(text))
        return give(json_new_null(), ret, ret_what);
    if (is_true(text) || is_false(text))
        return give(json_new_bool(is_true(text)), ret, ret_what);
    if (is_integer(text))
        return integer(text, ret, ret_what);
    if (is_float(text))
        return number(text, ret, ret_what);
    if (is_inf_or_nan(text))
        return refuse(ret_what, "infinity and NaN cannot be used here; put text in quotes");
    return give(json_new_str(text), ret, ret_what);
}

static bool resolve_tagged(const char *text, const char *tag, json_node **ret,
                           const char **ret_what)
{
    const char *name = str_starts(tag, TAG_PREFIX) ? tag + strlen(TAG_PREFIX) : "";

    if (streq(name, "str"))
        return give(json_new_str(text), ret, ret_what);
    if (streq(name, "null"))
        return is_null(text) ? give(json_new_null(), ret, ret_what)
                             : refuse(ret_what, "this is not a null, as its tag says");
    if (streq(name, "bool"))
        return is_true(text) || is_false(text)
                   ? give(json_new_bool(is_true(text)), ret, ret_what)
                   : refuse(ret_what, "this is not true or false, as its tag says");
    if (streq(name, "int"))
        return is_integer(text) ? integer(text, ret, ret_what)
                                : refuse(ret_what, "this is not an integer, as its tag says");
    if (streq(name, "float"))
        return is_float(text) || is_integer(text)
                   ? number(text, ret, ret_what)
                   : refuse(ret_what, "this is not a number, as its tag says");
    return refuse(ret_what, "unknown tag");
}

bool yaml_scalar(const char *text, size_t len, bool plain, const char *tag, json_node **ret,
                 const char **ret_what)
{
    if (memchr(text, '\0', len))
        return refuse(ret_what, "text cannot hold a NUL character");
    if (tag && !streq(tag, "!"))
        return resolve_tagged(text, tag, ret, ret_what);
    if (plain && !tag)
        return resolve_plain(text, ret, ret_what);
    return give(json_new_str(text), ret, ret_what);
}

bool yaml_container_tag_ok(const char *tag, const char *which)
{
    return !tag || streq(tag, "!") ||
           (str_starts(tag, TAG_PREFIX) && streq(tag + strlen(TAG_PREFIX), which));
}
