/* Checking arguments and filling in defaults.  The schema bounds the depth: what it does not
 * describe is not descended into. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "operation/schema.h"
#include <math.h>

enum { MESSAGE_MAX = 400, CHOICES_SHOWN = 8 };

struct place { /* where in the arguments, innermost first: a chain on the stack, read only for an
                  error */
    const struct place *up;
    const char *name; /* NULL: index */
    size_t index;
};
struct checker {
    const char *operation;
    allora_error *err;
};

static int32_t check(const struct checker *c, const struct schema *s, const json_node *value,
                     const struct place *at);

static void place_print(const struct place *at, struct buf *b)
{
    if (!at)
        return;
    place_print(at->up, b);
    if (at->name)
        buf_addf(b, "%s%s", b->len ? "." : "", at->name);
    else
        buf_addf(b, "[%zu]", at->index);
}

/* "session.list: limit: <what>" */
A_PRINTF(3, 4)
static int32_t refuse(const struct checker *c, const struct place *at, const char *fmt, ...)
{
    A_CLEAN(buf_done) struct buf path = BUF(256), what = BUF(MESSAGE_MAX);
    place_print(at, &path);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&what, fmt, ap);
    va_end(ap);
    return err_set(c->err, ALLORA_E_ARG, "%s: %s%s%s", c->operation, buf_str(&path),
                   path.len ? ": " : "", buf_str(&what));
}

static unsigned type_of(const json_node *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        return TYPE_NULL;
    case JSON_BOOL:
        return TYPE_BOOLEAN;
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_ARRAY:
        return TYPE_ARRAY;
    case JSON_OBJECT:
        return TYPE_OBJECT;
    case JSON_NUMBER: {
        double d = json_num(value, 0.5);
        return floor(d) == d && fabs(d) <= 9007199254740992.0 ? TYPE_INTEGER | TYPE_NUMBER
                                                              : TYPE_NUMBER;
    }
    case JSON_NONE:
    default:
        return 0;
    }
}

static void type_words(unsigned bits, struct buf *b)
{
    static const char *const words[] = {"null", "true or false", "a whole number", "a number",
                                        "text", "a list",        "an object"};
    if (bits & TYPE_NUMBER)
        bits &= ~(unsigned)TYPE_INTEGER;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (bits & 1u << i)
            buf_addf(b, "%s%s", b->len ? " or " : "", words[i]);
}

/* The value as a person would recognise it: its JSON, cut short. */
static void value_words(const json_node *value, struct buf *b)
{
    A_CLEAN(buf_done) struct buf text = BUF(1 << 20);
    struct jsonw w = JSONW(&text);
    if (json_typeof(value) == JSON_OBJECT || json_typeof(value) == JSON_ARRAY)
        buf_adds(&text, json_typeof(value) == JSON_ARRAY ? "a list" : "an object");
    else
        jw_node(&w, value);
    size_t n = text.len;
    if (n > 60)
        for (n = 57; n && ((unsigned char)text.ptr[n] & 0xC0) == 0x80;)
            n--;
    buf_add(b, buf_str(&text), n);
    if (n < text.len)
        buf_adds(b, "…");
}

static int32_t check_type(const struct checker *c, const struct schema *s, const json_node *value,
                          const struct place *at)
{
    if (type_of(value) & s->types)
        return ALLORA_OK;
    A_CLEAN(buf_done) struct buf want = BUF(256), got = BUF(256);
    type_words(s->types, &want);
    value_words(value, &got);
    int32_t status = refuse(c, at, "must be %s, not %s", buf_str(&want), buf_str(&got));
    double d = json_num(value, (double)NAN);
    if ((s->types & TYPE_INTEGER) && isfinite(d) && fabs(d) < 1e15)
        err_hint(c->err, "the nearest valid value is %.0f", round(d));
    return status;
}

static bool same_scalar(const json_node *a, const json_node *b)
{
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_typeof(a) == JSON_STRING)
        return streq(json_str(a, ""), json_str(b, ""));
    if (json_typeof(a) == JSON_NUMBER)
        return json_num(a, 0) == json_num(b, 1);
    return json_typeof(a) == JSON_NULL || json_bool(a, false) == json_bool(b, true);
}

static int32_t check_choice(const struct checker *c, const struct schema *s, const json_node *value,
                            const struct place *at)
{
    json_foreach (choice, s->choices) {
        if (same_scalar(choice, value))
            return ALLORA_OK;
    }
    struct nearest near;
    nearest_init(&near, json_str(value, ""));
    A_CLEAN(buf_done) struct buf list = BUF(MESSAGE_MAX), got = BUF(256);
    size_t n = 0;
    json_foreach (choice, s->choices) {
        if (json_typeof(choice) == JSON_STRING)
            nearest_offer(&near, json_str(choice, ""));
        if (n < CHOICES_SHOWN) {
            buf_adds(&list, n ? ", " : "");
            value_words(choice, &list);
        }
        n++;
    }
    if (n > CHOICES_SHOWN)
        buf_addf(&list, " and %zu more", n - CHOICES_SHOWN);
    value_words(value, &got);
    int32_t status = refuse(c, at, "must be one of %s, not %s", buf_str(&list), buf_str(&got));
    if (near.n)
        err_hint(c->err, "did you mean %s?", near.best[0]);
    return status;
}

static int32_t check_number(const struct checker *c, const struct schema *s, const json_node *value,
                            const struct place *at)
{
    double d = json_num(value, 0);
    const json_node *bound = NULL;
    if (s->minimum && d < json_num(s->minimum, d))
        bound = s->minimum;
    else if (s->maximum && d > json_num(s->maximum, d))
        bound = s->maximum;
    if (!bound)
        return ALLORA_OK;
    int32_t status = refuse(c, at, "must be %s %.15g, not %.15g",
                            bound == s->minimum ? "at least" : "at most", json_num(bound, 0), d);
    err_hint(c->err, "the nearest valid value is %.15g", json_num(bound, 0));
    return status;
}

static int32_t check_string(const struct checker *c, const struct schema *s, const json_node *value,
                            const struct place *at)
{
    uint64_t n = 0; /* characters: bytes that do not continue one */
    for (const char *p = json_str(value, ""); *p; p++)
        n += ((unsigned char)*p & 0xC0) != 0x80;
    if (n < s->min_length && s->min_length == 1)
        return refuse(c, at, "must not be empty");
    if (n < s->min_length)
        return refuse(c, at, "must have at least %llu characters, not %llu",
                      (unsigned long long)s->min_length, (unsigned long long)n);
    if (n > s->max_length)
        return refuse(c, at, "must have at most %llu characters, not %llu",
                      (unsigned long long)s->max_length, (unsigned long long)n);
    return ALLORA_OK;
}

static int32_t check_array(const struct checker *c, const struct schema *s, const json_node *value,
                           const struct place *at)
{
    size_t n = json_count(value), i = 0;
    if (n < s->min_items || n > s->max_items)
        return refuse(c, at, "must have at %s %llu items, not %zu",
                      n < s->min_items ? "least" : "most",
                      (unsigned long long)(n < s->min_items ? s->min_items : s->max_items), n);
    json_foreach (item, s->items ? value : NULL) {
        struct place here = {at, NULL, i++};
        int32_t status = check(c, s->items, item, &here);
        if (status)
            return status;
    }
    return ALLORA_OK;
}

static int32_t unknown_property(const struct checker *c, const struct schema *s, const char *name,
                                const struct place *at)
{
    struct nearest near;
    nearest_init(&near, name);
    A_CLEAN(buf_done) struct buf list = BUF(240);
    for (uint32_t i = 0; i < s->n_properties; i++) {
        nearest_offer(&near, s->properties[i].name);
        buf_addf(&list, "%s%s", i ? ", " : "", s->properties[i].name);
    }
    int32_t status = refuse(c, at, "there is no argument %.64s", name);
    if (near.n)
        err_hint(c->err, "did you mean %s?", near.best[0]);
    else if (s->n_properties)
        err_hint(c->err, "there are: %s", buf_str(&list));
    else
        err_hint(c->err, "it takes no arguments");
    return status;
}

static int32_t check_object(const struct checker *c, const struct schema *s, const json_node *value,
                            const struct place *at)
{
    json_foreach (item, s->closed || s->n_properties ? value : NULL) {
        const struct property *p = NULL;
        for (uint32_t i = 0; !p && i < s->n_properties; i++)
            if (streq(s->properties[i].name, json_key(item)))
                p = &s->properties[i];
        struct place here = {at, json_key(item), 0};
        int32_t status = ALLORA_OK;
        if (p)
            status = check(c, &p->schema, item, &here);
        else if (s->closed)
            status = unknown_property(c, s, json_key(item), at);
        if (status)
            return status;
    }
    for (uint32_t i = 0; i < s->n_properties; i++)
        if (s->properties[i].required && !json_get(value, s->properties[i].name)) {
            int32_t status = refuse(c, at, "%s is required", s->properties[i].name);
            if (s->properties[i].description)
                err_hint(c->err, "%s: %s", s->properties[i].name, s->properties[i].description);
            return status;
        }
    return ALLORA_OK;
}

static int32_t check(const struct checker *c, const struct schema *s, const json_node *value,
                     const struct place *at)
{
    int32_t status = check_type(c, s, value, at);
    if (!status && s->choices)
        status = check_choice(c, s, value, at);
    if (status)
        return status;
    switch (json_typeof(value)) {
    case JSON_NUMBER:
        return check_number(c, s, value, at);
    case JSON_STRING:
        return check_string(c, s, value, at);
    case JSON_ARRAY:
        return check_array(c, s, value, at);
    case JSON_OBJECT:
        return check_object(c, s, value, at);
    case JSON_NONE:
    case JSON_NULL:
    case JSON_BOOL:
    default:
        return ALLORA_OK;
    }
}

bool schema_accepts(const struct schema *s, const json_node *value)
{
    const struct checker c = {"", NULL};
    return check(&c, s, value, NULL) == ALLORA_OK;
}

static json_node *with_defaults(const struct schema *s, const json_node *value);

/* Adds what is missing below the object; 0 or E_NOMEM. */
static int32_t fill(const struct schema *s, json_node *object, bool *ret_filled)
{
    for (uint32_t i = 0; s->has_defaults && i < s->n_properties; i++) {
        const struct property *p = &s->properties[i];
        const json_node *have = json_get(object, p->name);
        json_node *new_value;
        if (have ? !p->schema.has_defaults : !p->dflt)
            continue;
        new_value = with_defaults(&p->schema, have ? have : p->dflt);
        if (!new_value || json_set(object, p->name, new_value))
            return ALLORA_E_NOMEM;
        *ret_filled = true;
    }
    return ALLORA_OK;
}

/* A copy with its defaults; NULL when memory is out. */
static json_node *with_defaults(const struct schema *s, const json_node *value)
{
    bool filled = false;
    if (s->items && json_typeof(value) == JSON_ARRAY) {
        A_CLEAN(json_freep) json_node *list = json_new_array();
        json_foreach (item, list ? value : NULL) {
            json_node *copy = with_defaults(s->items, item);
            if (!copy || json_push(list, copy))
                return NULL;
        }
        return take_ptr(&list);
    }
    A_CLEAN(json_freep) json_node *copy = json_copy(value);
    if (!copy || (json_typeof(copy) == JSON_OBJECT && fill(s, copy, &filled)))
        return NULL;
    return take_ptr(&copy);
}

int32_t arguments_parse(const struct schema *s, const char *operation, allora_str text,
                        json_node **ret, bool *ret_filled, allora_error *err)
{
    struct checker c = {operation, err};
    A_CLEAN(json_freep) json_node *args = NULL;
    if (text.len == 0) {
        args = json_new_object();
        if (!args)
            return err_nomem(err);
    } else {
        int32_t status = json_parse(text.ptr, (size_t)text.len, &args, err);
        if (status) {
            err_prefix(err, "%s: arguments: ", operation);
            return status;
        }
    }
    int32_t status = check(&c, s, args, NULL);
    if (status)
        return status;
    bool filled = false;
    if (fill(s, args, &filled))
        return err_nomem(err);
    *ret_filled = filled;
    *ret = take_ptr(&args);
    return ALLORA_OK;
}
