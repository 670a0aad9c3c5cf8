/* libyaml's events as pieces of the text. */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/edit_private.h"

#include <yaml.h>

enum { DEPTH_MAX = 64 };

struct maker {
    struct arena *mem;
    const char *text;
    size_t len;
    size_t chars, bytes; /* a place in the text, counted both ways; only moves on */
    struct piece *root, *open;
    const char *key; /* waits for its value */
    size_t key_start, key_end;
    size_t depth;
};

/* libyaml counts characters. */
static size_t offset_of(struct maker *m, yaml_mark_t mark)
{
    if (mark.index < m->chars)
        m->chars = m->bytes = 0;
    while (m->chars < mark.index && m->bytes < m->len) {
        do
            m->bytes++;
        while (m->bytes < m->len && ((unsigned char)m->text[m->bytes] & 0xC0) == 0x80);
        m->chars++;
    }
    return m->bytes;
}

static struct piece *add(struct maker *m, enum piece_type type, const yaml_event_t *e)
{
    struct piece *p = arena_array(m->mem, 1, sizeof *p);

    if (!p)
        return NULL;
    p->type = type;
    p->start = offset_of(m, e->start_mark);
    p->end = p->start;
    p->key = m->key;
    p->key_start = m->key_start;
    p->key_end = m->key_end;
    m->key = NULL;
    p->parent = m->open;
    if (!m->open) {
        m->root = p;
    } else {
        if (m->open->last)
            m->open->last->next = p;
        else
            m->open->first = p;
        m->open->last = p;
        m->open->n++;
    }
    return p;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool on_scalar(struct maker *m, const yaml_event_t *e)
{
    const char *value = (const char *)e->data.scalar.value;

    if (m->open && m->open->type == PIECE_MAP && !m->key) {
        m->key = arena_strdup(m->mem, value);
        m->key_start = offset_of(m, e->start_mark);
        m->key_end = offset_of(m, e->end_mark);
        return m->key != NULL;
    }
    struct piece *p = add(m, PIECE_SCALAR, e);
    if (!p)
        return false;
    p->end = offset_of(m, e->end_mark);
    p->marked = e->data.scalar.anchor || e->data.scalar.tag;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    p->style = plain                                                     ? STYLE_PLAIN
               : e->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ? STYLE_SINGLE
               : e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ? STYLE_DOUBLE
                                                                         : STYLE_BLOCK;
    p->is_null = plain && (!*value || streq(value, "~") || streq_nocase(value, "null"));
    while (p->style == STYLE_BLOCK && p->end > p->start && is_space(m->text[p->end - 1]))
        p->end--;
    return true;
}

static bool on_start(struct maker *m, const yaml_event_t *e, bool map)
{
    struct piece *p = add(m, map ? PIECE_MAP : PIECE_LIST, e);

    if (!p || ++m->depth > DEPTH_MAX)
        return false;
    p->flow = map ? e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                  : e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    p->marked = map ? e->data.mapping_start.anchor || e->data.mapping_start.tag
                    : e->data.sequence_start.anchor || e->data.sequence_start.tag;
    m->open = p;
    return true;
}

/* A block ends where the last of it does. */
static void on_end(struct maker *m, const yaml_event_t *e)
{
    struct piece *p = m->open;

    p->end = p->flow || !p->last ? offset_of(m, e->end_mark) : p->last->end;
    m->open = p->parent;
    m->depth--;
}

static bool on_event(struct maker *m, const yaml_event_t *e)
{
    struct piece *p;

    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(m, e);
    case YAML_ALIAS_EVENT:
        p = add(m, PIECE_ALIAS, e);
        if (p)
            p->end = offset_of(m, e->end_mark);
        return p != NULL;
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return on_start(m, e, e->type == YAML_MAPPING_START_EVENT);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        on_end(m, e);
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

int32_t edit_tree(struct arena *mem, const char *text, size_t len, struct piece **ret_root,
                  allora_error *err)
{
    struct maker m = {.mem = mem, .text = text, .len = len};
    yaml_parser_t parser;
    bool ok = true;

    if (!yaml_parser_initialize(&parser))
        return err_nomem(err);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    for (bool more = true; ok && more;) {
        yaml_event_t event;
        ok = yaml_parser_parse(&parser, &event);
        if (!ok)
            break;
        more = event.type != YAML_STREAM_END_EVENT;
        ok = on_event(&m, &event);
        yaml_event_delete(&event);
    }
    bool syntax = !ok && parser.error != YAML_NO_ERROR && parser.error != YAML_MEMORY_ERROR;
    yaml_parser_delete(&parser);
    if (syntax)
        return err_set(err, ALLORA_E_CONFIG, "it can only be read as JSON, not changed");
    if (!ok)
        return err_nomem(err);
    *ret_root = m.root && m.root->is_null ? NULL : m.root;
    return ALLORA_OK;
}
