#include "type.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- nearest names ---- */

static unsigned distance(const char *a, const char *b)
{
    unsigned row[66];
    size_t n = strnlen(a, 64), m = strnlen(b, 64);
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned above = row[j];
            unsigned best =
                diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[m];
}

struct near {
    const char *want, *best;
    unsigned distance;
};

static void offer(struct near *n, const char *name)
{
    unsigned d = distance(n->want, name);
    if (d < n->distance) {
        n->distance = d;
        n->best = name;
    }
}

/* ---- the catalogue ---- */

/* "processes" is also meant by "process": the plain plural of the word. */
static bool is_noun(const char *noun, const char *word)
{
    size_t n = strlen(noun);
    if (strcasecmp(noun, word) == 0)
        return true;
    if (strncasecmp(noun, word, n) != 0)
        return false;
    return strcasecmp(word + n, "s") == 0 || strcasecmp(word + n, "es") == 0;
}

void type_of_table(struct type *t, const sdk_json *table)
{
    *t = (struct type){.doc = t->doc,
                       .actions = sdk_member(table, "actions"),
                       .name = sdk_get_str(table, "name", ""),
                       .columns = sdk_member(table, "columns"),
                       .defaults = sdk_member(table, "default_columns"),
                       .name_column = sdk_get_str(table, "name_column", NULL)};
    sdk_foreach (c, t->columns) {
        if (!t->key && sdk_get_bool(c, "key", false))
            t->key = sdk_get_str(c, "name", NULL);
    }
}

static void from_view(struct type *t, const sdk_json *view)
{
    const char *name = sdk_get_str(view, "name", NULL);
    *t = (struct type){.doc = t->doc,
                       .name = name ? name : sdk_get_str(view, "view", ""),
                       .is_view = true,
                       .columns = sdk_member(view, "columns"),
                       .key = "id",
                       .name_column = "name"};
}

static const char *view_name(const sdk_json *view)
{
    const char *name = sdk_get_str(view, "name", NULL);
    return name ? name : sdk_get_str(view, "view", "");
}

static bool find_exact(const sdk_json *doc, const char *word, struct type *ret, struct near *near)
{
    sdk_foreach (v, sdk_member(doc, "views")) {
        offer(near, view_name(v));
        if (strcasecmp(view_name(v), word) == 0) {
            from_view(ret, v);
            return true;
        }
    }
    sdk_foreach (t, sdk_member(doc, "tables")) {
        offer(near, sdk_get_str(t, "name", ""));
        if (strcasecmp(sdk_get_str(t, "name", ""), word) == 0) {
            type_of_table(ret, t);
            return true;
        }
    }
    return false;
}

/* Several tables may use one word; then it says nothing. */
static unsigned find_noun(const sdk_json *doc, const char *word, struct type *ret,
                          struct near *near, const char **other)
{
    unsigned found = 0;
    sdk_foreach (t, sdk_member(doc, "tables")) {
        sdk_foreach (noun, sdk_member(t, "nouns")) {
            offer(near, noun->text.ptr);
            if (!is_noun(noun->text.ptr, word))
                continue;
            if (found == 1)
                *other = sdk_get_str(t, "name", "");
            if (!found)
                type_of_table(ret, t);
            found++;
            break;
        }
    }
    return found;
}

int32_t type_catalogue(const allora_instance *self, allora_ctx *ctx, const sdk_json **ret,
                       allora_error *err)
{
    int32_t rc = sdk_call_json(self, ctx, "table.describe", sdk_str("{\"table\":\"*\"}"), ret, err);
    return rc < 0 ? rc : ALLORA_OK;
}

int32_t type_find(const allora_instance *self, allora_ctx *ctx, const char *word, struct type *ret,
                  allora_error *err)
{
    const sdk_json *doc = NULL;
    const char *other = "";
    struct near near = {word, "", 1000};
    int32_t rc = type_catalogue(self, ctx, &doc, err);
    if (rc < 0)
        return rc;
    ret->doc = doc;
    if (find_exact(doc, word, ret, &near))
        return ALLORA_OK;
    unsigned found = find_noun(doc, word, ret, &near, &other);
    if (found == 1)
        return ALLORA_OK;
    if (found) {
        sdk_fail(err, ALLORA_E_ARG, "\"%.80s\" is what rows of %s and of %s are called", word,
                 ret->name, other);
        sdk_hint(err, "name the table: allora resource list %s", ret->name);
        return ALLORA_E_ARG;
    }
    sdk_fail(err, ALLORA_E_ARG, "no resource type \"%.80s\"", word);
    if (*near.best && near.distance <= 1 + strlen(word) / 3)
        sdk_hint(err, "did you mean %s? allora table list names them all", near.best);
    else
        sdk_hint(err, "allora table list names them all");
    return ALLORA_E_ARG;
}

const sdk_json *type_column(const struct type *t, const char *name)
{
    sdk_foreach (c, t->columns) {
        if (strcasecmp(sdk_get_str(c, "name", c->text.ptr ? c->text.ptr : ""), name) == 0)
            return c;
        sdk_foreach (alias, sdk_member(c, "aliases")) {
            if (strcasecmp(alias->text.ptr, name) == 0)
                return c;
        }
    }
    return NULL;
}

static const char *column_name(const sdk_json *column)
{
    return sdk_get_str(column, "name", column->text.ptr);
}

/* A view's column may be named without a type: the unified views' are known. */
static const char *column_type(const sdk_json *column)
{
    const char *name = column_name(column), *dflt = "text";
    if (strcmp(name, "size") == 0)
        dflt = "int";
    else if (strcmp(name, "public") == 0 || strcmp(name, "encrypted") == 0)
        dflt = "bool";
    return sdk_get_str(column, "type", dflt);
}

int32_t type_bind(const struct type *t, const sdk_json *column, sdk_writer *w, const char *key,
                  const char *text, allora_error *err)
{
    const char *type = column_type(column), *name = column_name(column);
    char *end = NULL;
    if (strcmp(type, "int") == 0) {
        long long i = strtoll(text, &end, 10);
        if (end == text || *end)
            return sdk_fail(err, ALLORA_E_ARG, "%s.%s is a whole number, not \"%.60s\"", t->name,
                            name, text);
        sdk_w_int(w, key, i);
    } else if (strcmp(type, "real") == 0) {
        double d = strtod(text, &end);
        if (end == text || *end)
            return sdk_fail(err, ALLORA_E_ARG, "%s.%s is a number, not \"%.60s\"", t->name, name,
                            text);
        sdk_w_real(w, key, d);
    } else if (strcmp(type, "bool") == 0) {
        bool yes =
            strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0;
        bool no =
            strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0 || strcmp(text, "0") == 0;
        if (!yes && !no)
            return sdk_fail(err, ALLORA_E_ARG, "%s.%s is true or false, not \"%.60s\"", t->name,
                            name, text);
        sdk_w_int(w, key, yes);
    } else {
        sdk_w_text(w, key, text);
    }
    return ALLORA_OK;
}
