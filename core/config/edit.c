/* config_edit(): finds the place, cuts, and proves that nothing else has changed. */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/yaml.h"
#include "config/config_schema.h"
#include "config/edit_private.h"

#include <stdio.h>

enum { DEPTH_MAX = 64 };

static bool refuse(struct edit *e, const char *why)
{
    e->why = why;
    return false;
}

/* ---- places in the text ---- */

static size_t line_start(const struct edit *e, size_t at)
{
    while (at > 0 && e->text[at - 1] != '\n')
        at--;
    return at;
}

/* Behind the line's end; the text's end on a last line without one. */
static size_t line_end(const struct edit *e, size_t at)
{
    while (at < e->len && e->text[at] != '\n')
        at++;
    return at + (at < e->len);
}

static bool all_blank(const struct edit *e, size_t from, size_t to)
{
    for (; from < to; from++) {
        if (!strchr(" \t\r\n", e->text[from]))
            return false;
    }
    return true;
}

/* Is a line of it a comment of its own? */
static bool has_comment_line(const struct edit *e, size_t from, size_t to)
{
    for (size_t at = from; at < to; at = line_end(e, at)) {
        size_t i = at;
        while (i < to && (e->text[i] == ' ' || e->text[i] == '\t'))
            i++;
        if (i < to && e->text[i] == '#')
            return true;
    }
    return false;
}

static bool has_line_end(const struct edit *e, size_t from, size_t to)
{
    return to > from && memchr(e->text + from, '\n', to - from) != NULL;
}

/* Behind the colon of a member; 0 where there is none to be seen ("? key"). */
static size_t behind_colon(const struct edit *e, const struct piece *p)
{
    size_t at = p->key_end;

    while (at < e->len && strchr(" \t\r\n", e->text[at]))
        at++;
    return at < e->len && e->text[at] == ':' ? at + 1 : 0;
}

/* Where a member or item ends, its colon included when it has no value. */
static size_t piece_end(const struct edit *e, const struct piece *p)
{
    size_t colon = p->key ? behind_colon(e, p) : 0;

    return p->end > colon ? p->end : colon;
}

/* What stands before `at` on its line, if that is nothing but blanks; else NULL. */
static char *indent_before(struct edit *e, size_t at)
{
    size_t from = line_start(e, at);

    return all_blank(e, from, at) ? arena_strndup(&e->mem, e->text + from, at - from) : NULL;
}

/* The blanks that a line begins with. */
static char *indent_of_line(struct edit *e, size_t at)
{
    size_t from = line_start(e, at), to = from;

    while (to < at && (e->text[to] == ' ' || e->text[to] == '\t'))
        to++;
    return arena_strndup(&e->mem, e->text + from, to - from);
}

static bool marked_within(const struct piece *p, unsigned depth)
{
    if (p->marked || p->type == PIECE_ALIAS || depth > DEPTH_MAX)
        return true;
    for (const struct piece *child = p->first; child; child = child->next) {
        if (marked_within(child, depth + 1))
            return true;
    }
    return false;
}

/* ---- writing ---- */

/* text[from, to) becomes what `with` holds. */
static bool splice(struct edit *e, size_t from, size_t to, const struct buf *with)
{
    buf_add(e->out, e->text, from);
    buf_add(e->out, buf_str(with), with->len);
    buf_add(e->out, e->text + to, e->len - to);
    return true;
}

static struct edit_form form_of(const struct edit *e, bool flow)
{
    return (struct edit_form){
        .json = e->json, .flow = flow, .base = "", .unit = e->unit, .eol = e->eol};
}

/* "a: {b: value}" from the i-th part on, for within brackets. */
static void render_member(struct edit *e, struct buf *b, size_t i, const json_node *value,
                          const struct edit_form *form)
{
    struct edit_form f = *form;

    edit_render_key(b, e->parts[i], &f);
    buf_adds(b, ": ");
    if (i + 1 == e->n_parts) {
        edit_render(b, value, &f);
        return;
    }
    f.base = arena_printf(&e->mem, "%s%s", form->base, form->unit);
    if (!f.base)
        f.base = "";
    buf_addc(b, '{');
    if (f.lines)
        buf_addf(b, "%s%s", f.eol, f.base);
    render_member(e, b, i + 1, value, &f);
    if (f.lines)
        buf_addf(b, "%s%s", f.eol, form->base);
    buf_addc(b, '}');
}

/* "a:\n  b: value\n" from the i-th part on, in lines of their own. */
static void render_lines(struct edit *e, struct buf *b, size_t i, const char *indent,
                         const json_node *value)
{
    struct edit_form form = form_of(e, false);

    buf_adds(b, indent);
    for (size_t level = i; level < e->n_parts; level++) {
        edit_render_key(b, e->parts[level], &form);
        buf_addc(b, ':');
        if (level + 1 == e->n_parts)
            break;
        buf_addf(b, "%s%s", e->eol, indent);
        for (size_t k = i; k <= level; k++)
            buf_adds(b, e->unit);
    }
    buf_addc(b, ' ');
    edit_render(b, value, &form);
    buf_adds(b, e->eol);
}

/* Whole lines at `at`, where a line begins or the text ends. */
static bool insert_lines(struct edit *e, size_t at, size_t i, const char *indent,
                         const json_node *value)
{
    A_CLEAN(buf_done) struct buf b = BUF(EDIT_TEXT_MAX);

    if (at > 0 && e->text[at - 1] != '\n')
        buf_adds(&b, e->eol);
    render_lines(e, &b, i, indent, value);
    return splice(e, at, at, &b);
}

/* ---- setting ---- */

/* An item of a block list: where its dash stands.  False where the line holds more before it. */
static bool dash_of(const struct edit *e, const struct piece *item, size_t *ret)
{
    size_t at = item->start;

    while (at > 0 && strchr(" \t\r\n", e->text[at - 1]))
        at--;
    if (at == 0 || e->text[at - 1] != '-')
        return false;
    *ret = at - 1;
    return all_blank(e, line_start(e, *ret), *ret);
}

/* A block list gets a new list: items that stay keep their lines. */
static bool set_items(struct edit *e, const struct piece *list, const json_node *old,
                      const json_node *value)
{
    A_CLEAN(buf_done) struct buf b = BUF(EDIT_TEXT_MAX);
    size_t n = list->n, m = json_count(value), head = 0, tail = 0, i = 0, dash = 0;
    struct edit_form form = form_of(e, false);

    while (head < n && head < m && edit_same(json_at(old, head), json_at(value, head)))
        head++;
    while (tail < n - head && tail < m - head &&
           edit_same(json_at(old, n - 1 - tail), json_at(value, m - 1 - tail)))
        tail++;
    size_t from = 0, to = 0;
    for (const struct piece *item = list->first; item; item = item->next, i++) {
        if (!dash_of(e, item, &dash))
            return refuse(e, "the list is laid out in a way that only a person can keep");
        if (i <= head)
            from = line_start(e, dash);
        if (i < n - tail) /* the last that goes, or the one that the new ones follow */
            to = line_end(e, item->end > dash ? item->end : dash);
    }
    if (head == n - tail)
        from =
            head == n ? to : from; /* nothing goes: the new ones stand before the tail, or last */
    if (head == n - tail)
        to = from;
    if (has_comment_line(e, from, to))
        return refuse(e, "there are comments between the items that would go");
    char *indent = indent_before(e, dash);
    if (!indent)
        return false;
    if (from > 0 && e->text[from - 1] != '\n')
        buf_adds(&b, e->eol);
    for (i = head; i < m - tail; i++) {
        buf_addf(&b, "%s- ", indent);
        edit_render(&b, json_at(value, i), &form);
        buf_adds(&b, e->eol);
    }
    return splice(e, from, to, &b);
}

static bool all_scalars(const json_node *list)
{
    json_foreach (item, list) {
        if (json_typeof(item) == JSON_OBJECT || json_typeof(item) == JSON_ARRAY)
            return false;
    }
    return json_count(list) > 0;
}

static const json_node *old_value(const struct edit *e)
{
    const json_node *node = e->old;

    for (size_t i = 0; i < e->n_parts; i++)
        node = json_get(node, e->parts[i]);
    return node;
}

/* A block gives way to a value behind the key's colon. */
static bool replace_block(struct edit *e, const struct piece *p, const json_node *value)
{
    A_CLEAN(buf_done) struct buf b = BUF(EDIT_TEXT_MAX);
    const struct edit_form form = form_of(e, false);
    size_t colon = behind_colon(e, p), from = line_start(e, p->first->start);

    if (p->type == PIECE_MAP)
        from = line_start(e, p->first->key_start);
    if (!colon || from < colon)
        return refuse(e, "its key is written in a way that only a person can keep");
    size_t to = line_end(e, p->end);
    if (has_comment_line(e, from, to))
        return refuse(e, "there are comments within what would be replaced");
    buf_addc(&b, ' ');
    edit_render(&b, value, &form);
    buf_add(&b, e->text + colon, from - colon);
    return splice(e, colon, to, &b);
}

static bool replace(struct edit *e, const struct piece *p, const json_node *value)
{
    A_CLEAN(buf_done) struct buf b = BUF(EDIT_TEXT_MAX);
    bool container = p->type == PIECE_MAP || p->type == PIECE_LIST;
    bool in_flow = p->parent && p->parent->flow;
    struct edit_form form = form_of(e, in_flow);

    if (marked_within(p, 0))
        return refuse(e, "it has an anchor, an alias or a tag there");
    if (container && !p->flow && p->type == PIECE_LIST && all_scalars(value))
        return set_items(e, p, old_value(e), value);
    if (container && !p->flow)
        return replace_block(e, p, value);
    form.lines = container && has_line_end(e, p->start, p->end);
    if (form.lines && memchr(e->text + p->start, '#', p->end - p->start))
        return refuse(e, "there may be comments within the brackets");
    form.quote = p->style == STYLE_BLOCK ? STYLE_PLAIN : p->style;
    form.base = indent_of_line(e, p->key ? p->key_start : p->start);
    if (!form.base)
        return false;
    size_t at = p->start;
    if (p->start == p->end) { /* nothing there yet: "key:" */
        at = behind_colon(e, p);
        buf_addc(&b, ' ');
    }
    edit_render(&b, value, &form);
    return at ? splice(e, at, p->end > at ? p->end : at, &b)
              : refuse(e, "its key is written in a way that only a person can keep");
}

/* A new member within brackets. */
static bool add_to_flow(struct edit *e, const struct piece *map, size_t i, const json_node *value)
{
    A_CLEAN(buf_done) struct buf b = BUF(EDIT_TEXT_MAX);
    struct edit_form form = form_of(e, true);
    const struct piece *last = map->last;
    char *indent = indent_of_line(e, last ? last->key_start : map->start);

    if (!indent)
        return false;
    form.base = indent;
    if (last) {
        size_t at = piece_end(e, last);
        form.lines = has_line_end(e, map->start, last->key_start);
        buf_adds(&b, form.lines ? "," : ", ");
        if (form.lines)
            buf_addf(&b, "%s%s", e->eol, indent);
        render_member(e, &b, i, value, &form);
        return splice(e, at, at, &b);
    }
    if (!all_blank(e, map->start + 1, map->end - 1))
        return refuse(e, "there is a comment within the brackets");
    form.lines = e->json;
    form.base = arena_printf(&e->mem, "%s%s", indent, e->unit);
    if (!form.base)
        return false;
    buf_addc(&b, '{');
    if (form.lines)
        buf_addf(&b, "%s%s", e->eol, form.base);
    render_member(e, &b, i, value, &form);
    if (form.lines)
        buf_addf(&b, "%s%s", e->eol, indent);
    buf_addc(&b, '}');
    return splice(e, map->start, map->end, &b);
}

/* "key:" becomes a group: its members go on the lines behind it. */
static bool fill_null(struct edit *e, const struct piece *p, size_t i, const json_node *value)
{
    A_CLEAN(buf_done) struct buf b = BUF(EDIT_TEXT_MAX);
    size_t colon = p->key ? behind_colon(e, p) : 0;
    char *indent = colon ? indent_before(e, p->key_start) : NULL;

    if (p->parent->flow || !indent)
        return refuse(e, "its group is written in a way that only a person can keep");
    const char *deeper = arena_printf(&e->mem, "%s%s", indent, e->unit);
    if (!deeper)
        return false;
    size_t from = p->end > p->start ? colon : piece_end(e, p); /* "~" and "null" go */
    size_t rest = p->end > p->start ? p->end : from, end = line_end(e, rest);
    buf_add(&b, e->text + rest, end - rest);
    if (end == e->len && (end == 0 || e->text[end - 1] != '\n'))
        buf_adds(&b, e->eol);
    render_lines(e, &b, i, deeper, value);
    return splice(e, from, end, &b);
}

/* The deepest piece on the way to the key; *ret_depth: how many parts it takes. */
static struct piece *find(const struct edit *e, size_t *ret_depth)
{
    struct piece *at = e->root;

    *ret_depth = 0;
    while (at && at->type == PIECE_MAP && *ret_depth < e->n_parts) {
        struct piece *child = at->first;
        while (child && !streq(child->key, e->parts[*ret_depth]))
            child = child->next;
        if (!child)
            break;
        at = child;
        ++*ret_depth;
    }
    return at;
}

static bool set(struct edit *e, const json_node *value)
{
    size_t depth;
    struct piece *at = find(e, &depth);

    if (!at && e->json) {
        A_CLEAN(buf_done) struct buf b = BUF(EDIT_TEXT_MAX);
        struct edit_form form = form_of(e, true);
        form.lines = true;
        form.base = e->unit;
        buf_addf(&b, "{%s%s", e->eol, e->unit);
        render_member(e, &b, 0, value, &form);
        buf_addf(&b, "%s}%s", e->eol, e->eol);
        return splice(e, 0, e->len, &b);
    }
    if (!at)
        return insert_lines(e, e->len, 0, "", value);
    if (depth == e->n_parts)
        return replace(e, at, value);
    if (at->type == PIECE_ALIAS)
        return refuse(e, "its group is an alias");
    if (at->is_null && at->parent && !at->marked)
        return fill_null(e, at, depth, value);
    if (at->type != PIECE_MAP)
        return refuse(e, "what should be a group of keys is none");
    if (at->flow)
        return add_to_flow(e, at, depth, value);
    char *indent = indent_before(e, at->first->key_start);
    if (!indent)
        return refuse(e, "its group is written in a way that only a person can keep");
    return insert_lines(e, line_end(e, piece_end(e, at->last)), depth, indent, value);
}

/* ---- taking out ---- */

static bool remove_from_flow(struct edit *e, const struct piece *p)
{
    A_CLEAN(buf_done) struct buf none = BUF(1);
    const struct piece *before = p->parent->first;
    size_t from = p->key_start, to = piece_end(e, p);

    while (before != p && before->next != p)
        before = before->next;
    if (before != p)
        from = piece_end(e, before);
    else if (p->next)
        to = p->next->key_start;
    else
        from = p->parent->start + 1, to = p->parent->end - 1;
    if (has_line_end(e, from, to) && memchr(e->text + from, '#', to - from))
        return refuse(e, "there may be comments within the brackets");
    return splice(e, from, to, &none);
}

static bool unset(struct edit *e, bool *ret_there)
{
    A_CLEAN(buf_done) struct buf none = BUF(1);
    size_t depth;
    const struct piece *p = find(e, &depth);

    *ret_there = p && depth == e->n_parts;
    if (!*ret_there)
        return false;
    while (p->parent && p->parent->parent && p->parent->n == 1)
        p = p->parent; /* the group would be left empty */
    if (p->parent && p->parent->flow)
        return remove_from_flow(e, p);
    if (!indent_before(e, p->key_start))
        return refuse(e, "it is written in a way that only a person can keep");
    return splice(e, line_start(e, p->key_start), line_end(e, piece_end(e, p)), &none);
}

/* ---- the whole ---- */

static int32_t split(struct edit *e, const char *dotted_key, allora_error *err)
{
    for (const char *p = dotted_key;;) {
        size_t n = strcspn(p, ".");
        if (n == 0 || e->n_parts == EDIT_PARTS || strlen(dotted_key) >= CONFIG_KEY_MAX ||
            !utf8_valid(p, n))
            return err_set(err, ALLORA_E_ARG, "\"%.80s\" is no key: write it as group.key",
                           dotted_key);
        e->parts[e->n_parts] = arena_strndup(&e->mem, p, n);
        if (!e->parts[e->n_parts++])
            return err_nomem(err);
        if (!p[n])
            return ALLORA_OK;
        p += n + 1;
    }
}

/* The file's own step of indentation: of the first group within a group. */
static void find_unit(struct edit *e)
{
    const struct piece *p = e->root;

    (void)snprintf(e->unit, sizeof e->unit, "  ");
    if (p && e->json && p->first) {
        const char *indent = indent_before(e, p->first->key_start);
        if (indent && *indent && strlen(indent) <= EDIT_UNIT)
            (void)snprintf(e->unit, sizeof e->unit, "%s", indent);
        return;
    }
    for (p = p ? p->first : NULL; p; p = p->next) {
        const char *indent = p->type == PIECE_MAP && !p->flow && p->first
                                 ? indent_before(e, p->first->key_start)
                                 : NULL;
        if (indent && *indent && strlen(indent) <= EDIT_UNIT) {
            (void)snprintf(e->unit, sizeof e->unit, "%s", indent);
            return;
        }
    }
}

static int32_t change(struct edit *e, const char *name, const char *dotted_key,
                      const json_node *value, allora_error *err)
{
    bool there = true;
    int32_t rc = split(e, dotted_key, err);
    if (rc == ALLORA_OK)
        rc = edit_tree(&e->mem, e->text, e->len, &e->root, err);
    if (rc)
        return rc;
    const char *line = memchr(e->text, '\n', e->len);
    e->eol = line && line > e->text && line[-1] == '\r' ? "\r\n" : "\n";
    find_unit(e);
    bool done = e->root && e->root->type != PIECE_MAP ? refuse(e, "it holds no group of keys")
                : value                               ? set(e, value)
                                                      : unset(e, &there);
    if (!there)
        return err_set(err, ALLORA_E_NOTFOUND, "%s is not set in %s", dotted_key, name);
    if (done)
        rc = edit_prove(e, name, value, err);
    else if (!e->why)
        return err_nomem(err); /* whoever says no says why */
    if (e->why) {
        rc = err_set(err, ALLORA_E_CONFIG, "%s cannot be changed in %s: %s", dotted_key, name,
                     e->why);
        err_hint(err, "change it by hand: allora config edit");
    }
    return rc;
}

static int32_t edit_text(struct edit *e, const char *name, const char *dotted_key,
                         const json_node *value, allora_error *err)
{
    A_CLEAN(json_freep) json_node *old = NULL;
    int32_t rc = ALLORA_OK;

    if (!e->json)
        rc = yaml_parse(name, e->text, e->len, &old, NULL, err);
    else if (!all_blank(e, 0, e->len))
        rc = json_parse(e->text, e->len, &old, err);
    if (rc)
        return rc;
    e->old = old;
    arena_init(&e->mem, 0);
    rc = change(e, name, dotted_key, value, err);
    arena_done(&e->mem);
    return rc;
}

int32_t config_edit(const char *name, const char *text, size_t len, const char *dotted_key,
                    const json_node *value, struct buf *out, allora_error *err)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* of byte order: kept, and not looked at */
    A_CLEAN(buf_done) struct buf edited = BUF(EDIT_TEXT_MAX);
    bool marked = len >= 3 && memcmp(text, mark, 3) == 0;
    size_t skip = marked ? 3 : 0;
    struct edit e = {.text = text ? text + skip : "",
                     .len = text ? len - skip : 0,
                     .json = str_ends(name, ".json"),
                     .out = &edited};
    int32_t rc = edit_text(&e, name, dotted_key, value, err);

    buf_reset(out);
    if (rc)
        return rc;
    buf_add(out, mark, skip);
    buf_add(out, buf_str(&edited), edited.len);
    return buf_failed(out) ? err_nomem(err) : ALLORA_OK;
}
