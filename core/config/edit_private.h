/* What edit.c, edit_tree.c and edit_render.c share. */
#ifndef ALLORA_CONFIG_EDIT_PRIVATE_H
#define ALLORA_CONFIG_EDIT_PRIVATE_H
#include "base/arena.h"
#include "config/edit.h"

enum piece_type { PIECE_SCALAR, PIECE_MAP, PIECE_LIST, PIECE_ALIAS };
enum piece_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_BLOCK };
/* A value and where it stands in the text: bytes start to end.  Trailing blank lines are not part
 * of it. */
struct piece {
    enum piece_type type;
    enum piece_style style; /* of a scalar */
    bool flow;              /* a map or list in brackets */
    bool marked;            /* has an anchor or a tag */
    bool is_null;           /* a scalar that says nothing; start == end when nothing is there */
    size_t start, end;
    const char *key; /* a map's member; NULL: a list's item, or the root */
    size_t key_start, key_end;
    struct piece *parent, *first, *last, *next;
    size_t n;
};
/* NULL root: the text says nothing.  The text must have been read by yaml_parse() already. */
int32_t edit_tree(struct arena *mem, const char *text, size_t len, struct piece **ret_root,
                  allora_error *err);

struct edit_form {
    bool json, flow;               /* flow: stands within brackets */
    enum piece_style quote;        /* the quotes a text had, kept where they can be */
    bool lines;                    /* a group or list gets a line for each of its members */
    const char *base, *unit, *eol; /* indentation of the line it begins on; one level; line end */
};
/* A value as it is written; a group or list in brackets. */
void edit_render(struct buf *b, const json_node *value, const struct edit_form *form);
void edit_render_key(struct buf *b, const char *key, const struct edit_form *form);

enum { EDIT_PARTS = 32, EDIT_TEXT_MAX = 2 << 20, EDIT_UNIT = 16 };
struct edit {
    const char *text;
    size_t len;
    bool json;
    const char *eol;
    char unit[EDIT_UNIT + 1]; /* one level of indentation */
    struct arena mem;
    struct piece *root;
    const json_node *old; /* the whole, as read */
    char *parts[EDIT_PARTS];
    size_t n_parts;
    struct buf *out;
    const char *why; /* it can't be done */
};
/* Are they the same value?  Members of groups may stand in any order. */
bool edit_same(const json_node *a, const json_node *b);
/* Is the new text right?  Sets e->why, and fails, when it is not, or can't be read. */
int32_t edit_prove(struct edit *e, const char *name, const json_node *value, allora_error *err);
#endif
