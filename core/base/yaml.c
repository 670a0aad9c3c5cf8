/* libyaml events to a JSON tree.  One open container is one level of an explicit stack. */
#include "yaml.h"

#include "buf.h"
#include "err.h"
#include "map.h"
#include "mem.h"
#include "str.h"
#include "yaml_scalar.h"

#include <yaml.h>

enum {
    MAX_DEPTH = 64,
    MAX_ALIASES = 100,
    MAX_ALIASED_NODES = 10000,
    MAX_PLACES = 100000,
    MAX_PLACE_KEY = 256
};

struct yaml_places {
    struct map at; /* dotted key → line << 32 | column, in the pointer */
};

struct level {
    json_node *node; /* borrowed: it hangs in the tree from its start */
    struct map keys; /* of a mapping: those seen */
    char *key;       /* of a mapping: the one that waits for its value */
    size_t n_items;
    size_t path_len; /* of the builder's path, without this level's current key */
    char *anchor;    /* bound when the level ends, so it cannot hold itself */
};

struct builder {
    const char *file, *text;
    size_t len;
    yaml_parser_t parser;
    yaml_event_t event;
    json_node *root;
    struct level levels[MAX_DEPTH];
    size_t depth;
    struct map anchors; /* name → node in the tree */
    unsigned n_aliases;
    size_t n_aliased_nodes;
    struct buf path; /* dotted key of what comes next; failed = too long to remember */
    struct yaml_places *places;
    bool by_libyaml; /* the failure is a syntax error, not one of this file's */
    allora_error *err;
};

/* ---- places ---- */

static bool no_memory(struct builder *b)
{
    (void)err_nomem(b->err);
    return false;
}

/* The builder's path stands at the event now in hand. */
static bool place_remember(struct builder *b)
{
    yaml_mark_t mark = b->event.start_mark;
    uint64_t packed = (uint64_t)(mark.line + 1) << 32 | (uint32_t)(mark.column + 1);

    if (buf_failed(&b->path) || b->places->at.n >= MAX_PLACES)
        return true;
    return map_put(&b->places->at, buf_str(&b->path), (void *)(uintptr_t)packed, NULL) ==
               ALLORA_OK ||
           no_memory(b);
}

void yaml_place(const struct yaml_places *p, const char *dotted_key, unsigned *ret_line,
                unsigned *ret_column)
{
    uint64_t packed = p ? (uint64_t)(uintptr_t)map_get(&p->at, dotted_key) : 0;

    *ret_line = (unsigned)(packed >> 32);
    *ret_column = (unsigned)(packed & UINT32_MAX);
}

void yaml_places_free(struct yaml_places *p)
{
    if (!p)
        return;
    map_done(&p->at);
    free(p);
}

/* Cuts the path back to this level and appends a segment. */
static void path_enter(struct builder *b, const struct level *l, const char *segment)
{
    b->path.len = l->path_len;
    b->path.failed = l->path_len > MAX_PLACE_KEY;
    if (l->path_len > 0)
        buf_addc(&b->path, '.');
    buf_adds(&b->path, segment);
}

/* ---- errors ---- */

static bool fail_at(struct builder *b, yaml_mark_t mark, const char *what)
{
    (void)err_set(b->err, ALLORA_E_CONFIG, "%s:%zu:%zu: %s", b->file, mark.line + 1,
                  mark.column + 1, what);
    return false;
}

static bool fail(struct builder *b, const char *what)
{
    return fail_at(b, b->event.start_mark, what);
}

/* libyaml says where a bad byte stands by its offset alone. */
static yaml_mark_t mark_of(const struct builder *b, size_t offset)
{
    yaml_mark_t mark = {.index = offset};

    for (size_t i = 0; i < offset && i < b->len; i++) {
        mark.column++;
        if (b->text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static bool syntax_error(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;

    b->by_libyaml = p->error != YAML_MEMORY_ERROR;
    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(b);
    const char *what = p->problem ? p->problem : "not valid YAML";
    if (p->error == YAML_READER_ERROR)
        return fail_at(b, mark_of(b, p->problem_offset), what);
    else if (p->context)
        (void)err_set(b->err, ALLORA_E_CONFIG, "%s:%zu:%zu: %s (%s that began on line %zu)",
                      b->file, p->problem_mark.line + 1, p->problem_mark.column + 1, what,
                      p->context, p->context_mark.line + 1);
    else
        return fail_at(b, p->problem_mark, what);
    return false;
}

/* ---- the tree ---- */

/* Hangs a value where the document stands; takes it. */
static bool attach(struct builder *b, json_node *taken)
{
    struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;

    if (!l) {
        b->root = taken;
        return true;
    }
    int32_t status = l->key ? json_add(l->node, l->key, taken) : json_push(l->node, taken);
    free(l->key);
    l->key = NULL;
    l->n_items++;
    return status == ALLORA_OK || no_memory(b);
}

/* What an item of a sequence is called in places; mappings did it at the key. */
static bool enter_item(struct builder *b)
{
    struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;
    char index[24];

    if (!l || l->key)
        return true;
    (void)snprintf(index, sizeof index, "%zu", l->n_items);
    path_enter(b, l, index);
    return place_remember(b);
}

static bool bind_anchor(struct builder *b, const char *name, json_node *node)
{
    return !name || map_put(&b->anchors, name, node, NULL) == ALLORA_OK || no_memory(b);
}

static bool on_key(struct builder *b, struct level *l)
{
    const char *key = (const char *)b->event.data.scalar.value;
    size_t len = b->event.data.scalar.length;

    if (memchr(key, '\0', len))
        return fail(b, "a key cannot hold a NUL character");
    if (streq(key, "<<") && b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return fail(b, "merge keys (<<) are not supported; write the values out");
    if (map_get(&l->keys, key)) {
        (void)err_set(b->err, ALLORA_E_CONFIG, "%s:%zu:%zu: duplicate key '%s'", b->file,
                      b->event.start_mark.line + 1, b->event.start_mark.column + 1, key);
        return false;
    }
    l->key = mem_strndup(key, len);
    if (!l->key || map_put(&l->keys, key, b, NULL) != ALLORA_OK)
        return no_memory(b);
    path_enter(b, l, key);
    if (!place_remember(b))
        return false;
    if (b->event.data.scalar.anchor)
        return fail(b, "anchors on keys are not supported");
    return true;
}

static bool on_scalar(struct builder *b)
{
    struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;
    const char *tag = (const char *)b->event.data.scalar.tag;
    json_node *node;
    const char *what;

    if (l && json_typeof(l->node) == JSON_OBJECT && !l->key)
        return on_key(b, l);
    if (!enter_item(b))
        return false;
    if (!yaml_scalar((const char *)b->event.data.scalar.value, b->event.data.scalar.length,
                     b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE, tag, &node, &what))
        return what ? fail(b, what) : no_memory(b);
    return attach(b, node) && bind_anchor(b, (const char *)b->event.data.scalar.anchor, node);
}

static bool key_expected(const struct builder *b)
{
    const struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;
    return l && json_typeof(l->node) == JSON_OBJECT && !l->key;
}

static bool on_start(struct builder *b, bool mapping)
{
    const char *anchor = (const char *)(mapping ? b->event.data.mapping_start.anchor
                                                : b->event.data.sequence_start.anchor);
    const char *tag = (const char *)(mapping ? b->event.data.mapping_start.tag
                                             : b->event.data.sequence_start.tag);

    if (key_expected(b))
        return fail(b, "a key must be plain text");
    if (!yaml_container_tag_ok(tag, mapping ? "map" : "seq"))
        return fail(b, "unknown tag");
    if (b->depth == MAX_DEPTH)
        return fail(b, "nested too deeply (64 levels are allowed)");

    if (!enter_item(b))
        return false;
    struct level l = {.path_len = b->path.failed ? MAX_PLACE_KEY + 1 : b->path.len};
    map_init(&l.keys);
    l.node = mapping ? json_new_object() : json_new_array();
    if (!l.node)
        return no_memory(b);
    if (!attach(b, l.node))
        return false;
    if (anchor) {
        l.anchor = mem_strdup(anchor);
        if (!l.anchor)
            return no_memory(b);
    }
    b->levels[b->depth++] = l;
    return true;
}

static void level_done(struct level *l)
{
    map_done(&l->keys);
    free(l->key);
    free(l->anchor);
}

static bool on_end(struct builder *b)
{
    struct level *l = &b->levels[--b->depth];
    bool ok = bind_anchor(b, l->anchor, l->node);

    level_done(l);
    return ok;
}

/* Nodes below and with n, and its height; recursion is bounded by MAX_DEPTH. */
static size_t measure(const json_node *n, size_t *ret_height)
{
    size_t nodes = 1, height = 0;

    json_foreach (child, n) {
        size_t below;
        nodes += measure(child, &below);
        if (below > height)
            height = below;
    }
    *ret_height = height + (json_typeof(n) == JSON_ARRAY || json_typeof(n) == JSON_OBJECT);
    return nodes;
}

static bool on_alias(struct builder *b)
{
    const char *name = (const char *)b->event.data.alias.anchor;
    size_t height;

    if (key_expected(b))
        return fail(b, "an alias cannot be a key");
    const json_node *target = map_get(&b->anchors, name);
    if (!target)
        return fail(b, "this alias has no finished anchor before it");
    b->n_aliased_nodes += measure(target, &height);
    if (++b->n_aliases > MAX_ALIASES || b->n_aliased_nodes > MAX_ALIASED_NODES)
        return fail(b, "aliases expand to too much");
    if (b->depth + height > MAX_DEPTH)
        return fail(b, "nested too deeply (64 levels are allowed)");

    if (!enter_item(b))
        return false;
    json_node *copy = json_copy(target);
    return copy ? attach(b, copy) : no_memory(b);
}

static bool on_event(struct builder *b)
{
    switch (b->event.type) {
    case YAML_DOCUMENT_START_EVENT:
        return !b->root || fail(b, "only one document is allowed in a file");
    case YAML_SCALAR_EVENT:
        return on_scalar(b);
    case YAML_ALIAS_EVENT:
        return on_alias(b);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, b->event.type == YAML_MAPPING_START_EVENT);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return on_end(b);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

static bool build(struct builder *b)
{
    for (bool more = true; more;) {
        if (!yaml_parser_parse(&b->parser, &b->event))
            return syntax_error(b);
        more = b->event.type != YAML_STREAM_END_EVENT;
        bool ok = on_event(b);
        yaml_event_delete(&b->event);
        if (!ok)
            return false;
    }
    if (!b->root)
        b->root = json_new_null();
    return b->root || no_memory(b);
}

static void builder_done(struct builder *b)
{
    while (b->depth > 0)
        level_done(&b->levels[--b->depth]);
    map_done(&b->anchors);
    buf_done(&b->path);
    json_free(b->root);
    yaml_places_free(b->places);
    yaml_parser_delete(&b->parser);
}

static bool looks_like_json(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r'))
        i++;
    return i < len && (text[i] == '{' || text[i] == '[');
}

/* JSON that libyaml does not take.  Keeps YAML's error when it is not JSON either. */
static bool build_from_json(struct builder *b, const char *text, size_t len)
{
    json_node *root;
    size_t height;

    if (!b->by_libyaml || !looks_like_json(text, len) ||
        json_parse(text, len, &root, NULL) != ALLORA_OK)
        return false;
    (void)measure(root, &height);
    if (height > MAX_DEPTH) {
        json_free(root);
        return false;
    }
    json_free(b->root);
    b->root = root;
    map_done(&b->places->at);
    return true;
}

int32_t yaml_parse(const char *file, const char *text, size_t len, json_node **ret,
                   struct yaml_places **ret_places, allora_error *err)
{
    allora_error own = ERR_INIT; /* err may be NULL, yet the status comes from here */
    struct builder *b = mem_zalloc(sizeof *b);

    if (!b)
        return err_nomem(err);
    if (!text) /* an empty buffer's bytes */
        text = "", len = 0;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark says nothing */
        text += 3, len -= 3;
    b->file = file;
    b->text = text;
    b->len = len;
    b->err = &own;
    b->path = BUF(MAX_PLACE_KEY);
    map_init(&b->anchors);
    b->places = mem_zalloc(sizeof *b->places);
    /* Reserved, a path can only fail for its length, never for want of memory. */
    if (!b->places || !buf_reserve(&b->path, MAX_PLACE_KEY) ||
        !yaml_parser_initialize(&b->parser)) {
        buf_done(&b->path);
        free(b->places);
        free(b);
        return err_nomem(err);
    }
    yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b->parser, (const unsigned char *)text, len);

    int32_t status = ALLORA_OK;
    if (build(b) || build_from_json(b, text, len)) {
        *ret = take_ptr(&b->root);
        if (ret_places)
            *ret_places = take_ptr(&b->places);
    } else {
        status = own.code;
        err_copy(err, &own);
    }
    builder_done(b);
    free(b);
    return status;
}
