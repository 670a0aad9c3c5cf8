/* The editor of configuration files: any text, key and value, NUL between them.  What it gives must
 * be readable, hold the value under the key, and be the same when the same is set again. */
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "base/yaml.h"
#include "config/config_schema.h"
#include "config/edit.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *part(const uint8_t **at, size_t *left)
{
    const uint8_t *end = *left ? memchr(*at, 0, *left) : NULL;
    size_t n = end ? (size_t)(end - *at) : *left;
    char *copy = malloc(n + 1);

    if (!copy)
        abort();
    if (n > 0)
        memcpy(copy, *at, n);
    copy[n] = '\0';
    *at += n + (end != NULL);
    *left -= n + (end != NULL);
    return copy;
}

static void one(const char *name, const char *text, const char *key, const json_node *value)
{
    A_CLEAN(buf_done) struct buf out = BUF(1 << 22);
    A_CLEAN(buf_done) struct buf again = BUF(1 << 22);
    A_CLEAN(json_freep) json_node *tree = NULL;
    allora_error err = ERR_INIT;

    if (config_edit(name, text, strlen(text), key, value, &out, &err) != ALLORA_OK)
        return;
    if (yaml_parse("f", buf_str(&out), out.len, &tree, NULL, &err) != ALLORA_OK ||
        (value != NULL) != (json_path(tree, key) != NULL))
        abort();
    if (value && config_edit(name, buf_str(&out), out.len, key, value, &again, &err) == ALLORA_OK &&
        json_typeof(value) != JSON_OBJECT && json_typeof(value) != JSON_ARRAY &&
        strcmp(buf_str(&out), buf_str(&again)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = part(&data, &size), *key = part(&data, &size), *typed = part(&data, &size);
    json_node *value = utf8_valid(typed, strlen(typed)) ? config_read_value(NULL, typed) : NULL;

    if (value) {
        one("f.yaml", text, key, value);
        one("f.json", text, key, value);
    }
    one("f.yaml", text, key, NULL);
    one("f.json", text, key, NULL);
    json_free(value);
    free(text);
    free(key);
    free(typed);
    return 0;
}
