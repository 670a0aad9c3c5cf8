/* KEY=VALUE words as the arguments of whatever operation the command line names: each value becomes
 * what that operation's schema says about its key. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cli/args.h"

static bool takes(const json_node *property, const char *type)
{
    const json_node *types = json_get(property, "type");
    if (!types)
        return true;
    if (streq(json_str(types, NULL), type))
        return true;
    json_foreach (one, types)
        if (streq(json_str(one, NULL), type))
            return true;
    return false;
}

static const char *type_word(const json_node *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "boolean";
    case JSON_NUMBER:
        return "number";
    case JSON_ARRAY:
        return "array";
    case JSON_OBJECT:
        return "object";
    case JSON_STRING:
    case JSON_NONE:
    default:
        return "string";
    }
}

/* "a,b" for a list of texts. */
static json_node *split(const char *text)
{
    json_node *list = json_new_array();
    while (list && *text) {
        char item[1024];
        size_t n = strcspn(text, ",");
        if (n >= sizeof item) {
            json_free(list);
            return NULL;
        }
        memcpy(item, text, n);
        item[n] = '\0';
        json_node *one = json_new_str(item);
        if (!one || json_push(list, one)) {
            json_free(list);
            return NULL;
        }
        text += n + (text[n] == ',');
    }
    return list;
}

/* What fits the property, taken literally first: "5" is a number only where no text is wanted.
 * What fits nothing is passed as text, so that the gate can name the rule. */
static json_node *typed(const json_node *property, const char *text)
{
    json_node *node = NULL;
    if (property && takes(property, "string") && json_get(property, "type"))
        return json_new_str(text);
    if (!json_parse(text, strlen(text), &node, NULL)) {
        const char *type = type_word(node);
        if (!property || takes(property, type) ||
            (streq(type, "number") && takes(property, "integer")))
            return node;
        json_free(node);
    }
    if (property && json_get(property, "type") && takes(property, "array"))
        return split(text);
    return json_new_str(text);
}

static int32_t add_pair(json_node *object, const json_node *properties, const char *text,
                        allora_error *err)
{
    char key[256];
    size_t n = strcspn(text, "=");
    if (text[n] != '=' || n == 0 || n >= sizeof key)
        return err_set(err, ALLORA_E_ARG, "\"%.60s\" must be KEY=VALUE", text);
    if (!utf8_valid(text, strlen(text)))
        return err_set(err, ALLORA_E_ARG, "%.*s: must be valid UTF-8 text", (int)n, text);
    memcpy(key, text, n);
    key[n] = '\0';
    json_node *value = typed(json_get(properties, key), text + n + 1);
    return value && !json_set(object, key, value) ? ALLORA_OK : err_nomem(err);
}

static int32_t add_object(json_node *object, const struct arg_decl *d, const char *text,
                          allora_error *err)
{
    A_CLEAN(json_freep) json_node *given = NULL;
    int32_t status = json_parse(text, strlen(text), &given, err);
    if (status) {
        err_prefix(err, "--%s: ", d->name);
        return status;
    }
    if (json_typeof(given) != JSON_OBJECT)
        return err_set(err, ALLORA_E_ARG, "--%s: must be a JSON object", d->name);
    json_foreach (member, given) {
        json_node *copy = json_copy(member);
        if (!copy || json_set(object, json_key(member), copy))
            return err_nomem(err);
    }
    return ALLORA_OK;
}

int32_t args_call_json(struct args *a, const json_node *schema, struct buf *out, allora_error *err)
{
    A_CLEAN(json_freep) json_node *object = json_new_object();
    int32_t status = object ? ALLORA_OK : err_nomem(err);
    /* KEY=VALUE words add to, and override, what the JSON says. */
    for (unsigned pairs = 0; pairs < 2; pairs++) {
        for (uint32_t i = 0; !status && i < a->command->n_args; i++) {
            const struct given *g = &a->own[i];
            if ((g->decl->type == ARG_PAIR) != pairs || streq(g->decl->target, a->command->call))
                continue;
            for (uint32_t k = 0; !status && k < g->n; k++)
                status = pairs ? add_pair(object, json_get(schema, "properties"), g->texts[k], err)
                               : add_object(object, g->decl, g->texts[k], err);
        }
    }
    if (status)
        return status;
    buf_reset(out);
    jw_node(&JSONW(out), object);
    return buf_failed(out) ? err_nomem(err) : ALLORA_OK;
}

int32_t args_each_json(const struct command_decl *d, const json_node *doc, const char **operation,
                       struct buf *out, allora_error *err)
{
    const json_node *values = json_get(doc, d->each);
    size_t n = json_count(values);
    struct jsonw w = JSONW(out);
    if (json_typeof(values) != JSON_ARRAY)
        return ALLORA_OK;
    buf_reset(out);
    if (n > 1) {
        *operation = "plan.run";
        buf_adds(out, "{\"steps\":[");
    }
    json_foreach (value, values) {
        if (value != json_first(values))
            buf_addc(out, ',');
        w = JSONW(out);
        if (n > 1)
            buf_addf(out, "{\"operation\":\"%s\",\"arguments\":", d->operation);
        jw_object(&w);
        json_foreach (member, doc) {
            jw_key(&w, json_key(member));
            jw_node(&w, member == values ? value : member);
        }
        jw_end_object(&w);
        buf_adds(out, n > 1 ? "}" : "");
    }
    buf_adds(out, n > 1 ? "]}" : "");
    return buf_failed(out) ? err_nomem(err) : ALLORA_OK;
}
