/* JSON trees on cJSON.  What cJSON would misread is refused or rewritten before it sees the text.
 */
#include "json.h"

#include "err.h"
#include "json_scan.h"
#include "mem.h"
#include "str.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

/* cJSON allocates through mem.h, so that tests can starve it.  Its free stays free(): whoever else
 * in the process uses cJSON sees no difference. */
static void set_hooks(void)
{
    cJSON_Hooks hooks = {mem_alloc, free};
    cJSON_InitHooks(&hooks);
}

static void use_hooks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_hooks);
}

static void line_and_column(const char *text, size_t at, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1, start = 0;

    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = at - start + 1;
}

/* Writes the number at p[0..n) in at most n bytes that cJSON reads whole, padded with spaces. */
static void shorten_number(char *p, size_t n)
{
    char digits[32];
    char after = p[n];

    p[n] = '\0'; /* the copy is NUL-terminated, so p[n] is ours */
    double d = strtod(p, NULL);
    p[n] = after;
    int len = snprintf(digits, sizeof digits, "%.17g", d);
    memset(p, ' ', n);
    memcpy(p, digits, (size_t)len);
}

/* Rewrites an escape that cJSON misreads; returns the length of the escape. */
static size_t repair_escape(char *p, size_t n)
{
    int unit = json_scan_hex(p, n);

    if (unit < 0)
        return 2;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        int low = json_scan_hex(p + 6, n - 6);
        if (low >= 0xdc00 && low <= 0xdfff)
            return 12;
    }
    if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff))
        memcpy(p, "\\ufffd", 6);
    return 6;
}

/* A copy of valid JSON of the same length, fit for cJSON. */
static char *repaired_copy(const char *text, size_t len)
{
    char *copy = mem_strndup(text, len);
    bool in_string = false;

    for (size_t i = 0; copy && i < len;) {
        char c = copy[i];
        if (in_string) {
            if (c == '\\') {
                i += repair_escape(copy + i, len - i);
                continue;
            }
            in_string = c != '"';
            i++;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            size_t n = json_scan_number(copy + i, len - i);
            if (n > JSON_MAX_NUMBER)
                shorten_number(copy + i, n);
            i += n;
        } else {
            in_string = c == '"';
            i++;
        }
    }
    return copy;
}

static int32_t scan_error(const struct json_scan *scan, allora_error *err)
{
    size_t line, column;

    if (!scan->what)
        return err_nomem(err);
    line_and_column(scan->text, scan->at, &line, &column);
    return err_set(err, ALLORA_E_ARG, "%zu:%zu: %s", line, column, scan->what);
}

int32_t json_parse(const char *text, size_t len, json_node **ret, allora_error *err)
{
    struct json_scan scan = {.text = text ? text : "", .len = text ? len : 0};

    use_hooks();
    if (!json_scan(&scan))
        return scan_error(&scan, err);

    A_FREE char *copy = NULL;
    if (scan.has_nul_escape || scan.has_lone_surrogate || scan.has_long_number) {
        copy = repaired_copy(text, len);
        if (!copy)
            return err_nomem(err);
    }
    json_node *n = cJSON_ParseWithLengthOpts(copy ? copy : text, len, NULL, 0);
    if (!n)
        return err_nomem(err); /* the text is valid: nothing else is left to fail */
    *ret = n;
    return ALLORA_OK;
}

void json_free(json_node *n)
{
    cJSON_Delete(n);
}

void json_freep(json_node **n)
{
    json_free(*n);
    *n = NULL;
}

json_node *json_copy(const json_node *n)
{
    use_hooks();
    return n ? cJSON_Duplicate(n, 1) : NULL;
}

enum json_type json_typeof(const json_node *n)
{
    if (!n)
        return JSON_NONE;
    switch (n->type & 0xff) {
    case cJSON_NULL:
        return JSON_NULL;
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NONE;
    }
}

static json_node *find(const json_node *object, const char *key, size_t n)
{
    if (json_typeof(object) != JSON_OBJECT)
        return NULL;
    for (json_node *child = object->child; child; child = child->next) {
        if (strncmp(child->string, key, n) == 0 && child->string[n] == '\0')
            return child;
    }
    return NULL;
}

const json_node *json_get(const json_node *object, const char *key)
{
    return find(object, key, strlen(key));
}

const json_node *json_path(const json_node *object, const char *dotted)
{
    const json_node *n = object;

    while (n) {
        const char *dot = strchrnul(dotted, '.');
        n = find(n, dotted, (size_t)(dot - dotted));
        if (!*dot)
            break;
        dotted = dot + 1;
    }
    return n;
}

static bool is_container(const json_node *n)
{
    enum json_type type = json_typeof(n);
    return type == JSON_ARRAY || type == JSON_OBJECT;
}

size_t json_count(const json_node *array_or_object)
{
    size_t n = 0;

    json_foreach (child, array_or_object)
        n++;
    return n;
}

const json_node *json_at(const json_node *array, size_t i)
{
    const json_node *child = json_typeof(array) == JSON_ARRAY ? array->child : NULL;

    while (child && i-- > 0)
        child = child->next;
    return child;
}

const json_node *json_first(const json_node *array_or_object)
{
    return is_container(array_or_object) ? array_or_object->child : NULL;
}

const json_node *json_next(const json_node *child)
{
    return child ? child->next : NULL;
}

const char *json_key(const json_node *child)
{
    return child ? child->string : NULL;
}

const char *json_str(const json_node *n, const char *dflt)
{
    return json_typeof(n) == JSON_STRING ? n->valuestring : dflt;
}

double json_num(const json_node *n, double dflt)
{
    return json_typeof(n) == JSON_NUMBER ? n->valuedouble : dflt;
}

int64_t json_int(const json_node *n, int64_t dflt)
{
    if (json_typeof(n) != JSON_NUMBER || isnan(n->valuedouble))
        return dflt;
    if (n->valuedouble >= 0x1p63)
        return INT64_MAX;
    if (n->valuedouble < -0x1p63)
        return INT64_MIN;
    return (int64_t)n->valuedouble;
}

bool json_bool(const json_node *n, bool dflt)
{
    return json_typeof(n) == JSON_BOOL ? (n->type & 0xff) == cJSON_True : dflt;
}

const char *json_get_str(const json_node *object, const char *key, const char *dflt)
{
    return json_str(json_get(object, key), dflt);
}

int64_t json_get_int(const json_node *object, const char *key, int64_t dflt)
{
    return json_int(json_get(object, key), dflt);
}

bool json_get_bool(const json_node *object, const char *key, bool dflt)
{
    return json_bool(json_get(object, key), dflt);
}

json_node *json_new_object(void)
{
    use_hooks();
    return cJSON_CreateObject();
}

json_node *json_new_array(void)
{
    use_hooks();
    return cJSON_CreateArray();
}

json_node *json_new_str(const char *s)
{
    use_hooks();
    return cJSON_CreateString(s);
}

json_node *json_new_num(double d)
{
    use_hooks();
    return cJSON_CreateNumber(d);
}

json_node *json_new_bool(bool b)
{
    use_hooks();
    return cJSON_CreateBool(b);
}

json_node *json_new_null(void)
{
    use_hooks();
    return cJSON_CreateNull();
}

int32_t json_add(json_node *object, const char *key, json_node *taken)
{
    use_hooks();
    if (json_typeof(object) == JSON_OBJECT && cJSON_AddItemToObject(object, key, taken))
        return ALLORA_OK;
    json_free(taken);
    return ALLORA_E_NOMEM;
}

int32_t json_set(json_node *object, const char *key, json_node *taken)
{
    json_node *old = taken ? find(object, key, strlen(key)) : NULL;

    if (!old)
        return json_add(object, key, taken);
    char *name = mem_strdup(key);
    if (!name) {
        json_free(taken);
        return ALLORA_E_NOMEM;
    }
    free(taken->string);
    taken->string = name;
    (void)cJSON_ReplaceItemViaPointer(object, old, taken);
    return ALLORA_OK;
}

int32_t json_push(json_node *array, json_node *taken)
{
    if (json_typeof(array) == JSON_ARRAY && cJSON_AddItemToArray(array, taken))
        return ALLORA_OK;
    json_free(taken);
    return ALLORA_E_NOMEM;
}

void json_remove(json_node *object, const char *key)
{
    json_node *n = find(object, key, strlen(key));

    if (n)
        cJSON_Delete(cJSON_DetachItemViaPointer(object, n));
}
