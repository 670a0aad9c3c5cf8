#include "cli/table.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/cell.h"
#include "cli/text.h"

enum { GAP = 2, CELL_MAX = 16 << 20 };

struct table_cell {
    const char *text;
    uint32_t len, width;
};

/* ---- headings ---- */

void table_title(struct buf *b, const char *name, uint8_t type, bool pretty)
{
    /* Times whose verb makes a better heading than its noun. */
    static const char *const verbs[][2] = {
        {"start_time", "started"},  {"boot_time", "booted"},       {"create_time", "created"},
        {"update_time", "updated"}, {"install_time", "installed"}, {"launch_time", "launched"}};
    size_t n = strlen(name);
    if (!pretty) {
        text_visible(b, name, n, 0);
        return;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (streq(name, verbs[i][0])) {
            buf_adds(b, verbs[i][1]);
            return;
        }
    }
    bool percent = n > 8 && str_ends(name, "_percent");
    if (percent)
        n -= 8;
    else if (type == ALLORA_V_TIME && n > 3 && str_ends(name, "_at"))
        n -= 3;
    size_t at = b->len;
    text_visible(b, name, n, 0);
    for (size_t i = at; i < b->len; i++) {
        if (b->ptr[i] == '_')
            b->ptr[i] = ' ';
    }
    if (percent)
        buf_adds(b, " %");
}

/* ---- widths ---- */

static size_t floor_of(size_t width, size_t head)
{
    size_t least = head > TABLE_MIN_WIDTH ? head : TABLE_MIN_WIDTH;
    return width < least ? width : least;
}

bool table_fit(size_t *width, const bool *text, const size_t *head, uint32_t n, size_t room)
{
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (text[i] && width[i] > room)
            width[i] = floor_of(width[i], head[i]) > room ? floor_of(width[i], head[i]) : room;
        total += width[i];
    }
    while (total > room) {
        uint32_t widest = n;
        size_t second = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (!text[i] || width[i] <= floor_of(width[i], head[i]))
                continue;
            if (widest == n || width[i] > width[widest]) {
                second = widest == n ? 0 : width[widest];
                widest = i;
            } else if (width[i] > second) {
                second = width[i];
            }
        }
        if (widest == n)
            return false;
        /* Down to the next widest, to its own floor, or as far as is needed. */
        size_t least = floor_of(width[widest], head[widest]), cut = width[widest] - least;
        if (second > least && width[widest] - second < cut)
            cut = width[widest] - second ? width[widest] - second : 1;
        if (cut > total - room)
            cut = total - room;
        width[widest] -= cut;
        total -= cut;
    }
    return true;
}

/* ---- lines ---- */

static void pad_to(struct table_out *t, size_t used, size_t width)
{
    if (used < width)
        buf_pad(&t->line, ' ', width - used);
}

static void put_cell(struct table_out *t, uint32_t i, const char *text, size_t len, size_t width,
                     bool last)
{
    size_t room = t->width[i];
    bool cut = t->options.fit && width > room;
    if (t->right[i])
        pad_to(t, width, room);
    if (cut)
        width = text_cut(&t->line, text, len, room);
    else
        buf_add(&t->line, text, len);
    if (!t->right[i] && !last)
        pad_to(t, width, room);
    if (!last)
        buf_pad(&t->line, ' ', GAP);
}

static void head_line(struct table_out *t)
{
    buf_reset(&t->line);
    buf_pad(&t->line, ' ', t->options.indent);
    buf_adds(&t->line, style_on(t->options.color, STYLE_BOLD));
    for (uint32_t i = 0; i < t->n_shown; i++) {
        const struct head *h = &t->heads->list[t->shown[i]];
        buf_reset(&t->cell);
        table_title(&t->cell, h->name, h->type, t->options.titles);
        put_cell(t, i, buf_str(&t->cell), t->cell.len, text_width(buf_str(&t->cell), t->cell.len),
                 i + 1 == t->n_shown);
    }
    buf_adds(&t->line, style_off(t->options.color));
    buf_addc(&t->line, '\n');
    (void)out_buf(t->out, &t->line);
}

static int32_t record(struct table_out *t, const struct table_cell *cells)
{
    size_t widest = 0;
    for (uint32_t i = 0; i < t->n_shown; i++) {
        const char *name = t->heads->list[t->shown[i]].name;
        size_t w = text_width(name, strlen(name));
        widest = w > widest ? w : widest;
    }
    buf_reset(&t->line);
    buf_addf(&t->line, "%s%s── %llu ──%s\n", t->n_written ? "\n" : "",
             style_on(t->options.color, STYLE_BOLD), (unsigned long long)t->n_written + 1,
             style_off(t->options.color));
    for (uint32_t i = 0; i < t->n_shown; i++) {
        buf_pad(&t->line, ' ', t->options.indent);
        buf_reset(&t->cell);
        table_title(&t->cell, t->heads->list[t->shown[i]].name, 0, false);
        buf_add(&t->line, buf_str(&t->cell), t->cell.len);
        pad_to(t, text_width(buf_str(&t->cell), t->cell.len), widest + GAP);
        buf_add(&t->line, cells[i].text, cells[i].len);
        buf_addc(&t->line, '\n');
    }
    return out_buf(t->out, &t->line);
}

static int32_t write_row(struct table_out *t, const struct table_cell *cells)
{
    int32_t rc;
    if (t->records) {
        rc = record(t, cells);
    } else {
        buf_reset(&t->line);
        buf_pad(&t->line, ' ', t->options.indent);
        for (uint32_t i = 0; i < t->n_shown; i++)
            put_cell(t, i, cells[i].text, cells[i].len, cells[i].width, i + 1 == t->n_shown);
        /* A cut last cell may be empty text: no line ends in spaces. */
        while (t->line.len && t->line.ptr[t->line.len - 1] == ' ')
            t->line.ptr[--t->line.len] = '\0';
        buf_addc(&t->line, '\n');
        rc = out_buf(t->out, &t->line);
    }
    t->n_written++;
    if (buf_failed(&t->line))
        return ALLORA_E_NOMEM;
    return rc;
}

/* Widths from the rows at hand; then everything held goes out. */
static int32_t decide(struct table_out *t)
{
    size_t total = 0;
    A_FREE size_t *head = mem_array(t->n_shown ? t->n_shown : 1, sizeof(*head));
    if (!head)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < t->n_shown; i++) {
        const struct head *h = &t->heads->list[t->shown[i]];
        buf_reset(&t->cell);
        table_title(&t->cell, h->name, h->type, t->options.titles);
        head[i] = t->width[i] = text_width(buf_str(&t->cell), t->cell.len);
        for (size_t r = 0; r < t->n_rows; r++) {
            size_t w = t->cells[r * t->n_shown + i].width;
            t->width[i] = w > t->width[i] ? w : t->width[i];
        }
        total += t->width[i];
    }
    size_t around = t->options.indent + (size_t)GAP * (t->n_shown ? t->n_shown - 1 : 0);
    t->decided = true;
    if (t->options.fit && total + around > t->options.width) {
        size_t room = t->options.width > around ? t->options.width - around : 0;
        t->records = !table_fit(t->width, t->text, head, t->n_shown, room);
    }
    if (!t->records)
        head_line(t);
    int32_t rc = ALLORA_OK;
    for (size_t r = 0; r < t->n_rows && !rc; r++)
        rc = write_row(t, &t->cells[r * t->n_shown]);
    t->n_rows = 0;
    arena_done(&t->held);
    arena_init(&t->held, 0);
    return rc;
}

/* ---- rows in ---- */

static int32_t choose_columns(struct table_out *t, const char *const *shown, uint32_t n_shown)
{
    t->shown = arena_array(&t->mem, t->heads->n ? t->heads->n : 1, sizeof(*t->shown));
    if (!t->shown)
        return ALLORA_E_NOMEM;
    for (uint32_t k = 0; k < n_shown; k++) {
        for (uint32_t i = 0; i < t->heads->n && t->n_shown < t->heads->n; i++) {
            if (streq(shown[k], t->heads->list[i].name))
                t->shown[t->n_shown++] = i;
        }
    }
    if (!t->n_shown) {
        for (uint32_t i = 0; i < t->heads->n; i++)
            t->shown[t->n_shown++] = i;
    }
    return ALLORA_OK;
}

int32_t table_begin(struct table_out *t, struct out *out, const struct heads *heads,
                    const char *const *shown, uint32_t n_shown, const struct table_options *options)
{
    *t = (struct table_out){.out = out,
                            .heads = heads,
                            .options = *options,
                            .line = BUF(CELL_MAX),
                            .cell = BUF(CELL_MAX)};
    arena_init(&t->mem, 0);
    arena_init(&t->held, 0);
    int32_t rc = choose_columns(t, shown, n_shown);
    size_t n = t->n_shown ? t->n_shown : 1;
    if (rc)
        return rc;
    t->width = arena_array(&t->mem, n, sizeof(*t->width));
    t->right = arena_array(&t->mem, n, sizeof(*t->right));
    t->text = arena_array(&t->mem, n, sizeof(*t->text));
    if (!t->width || !t->right || !t->text)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < t->n_shown; i++) {
        uint8_t type = heads->list[t->shown[i]].type;
        t->right[i] = type == ALLORA_V_INT || type == ALLORA_V_REAL;
    }
    return ALLORA_OK;
}

/* A column is text once it has held any; a column of numbers alone stands on the right. */
static void learn(struct table_out *t, uint32_t i, const allora_value *v)
{
    if (t->decided || v->type <= ALLORA_V_NULL)
        return;
    bool number = cell_is_number(v);
    if (!number && v->type != ALLORA_V_BOOL && v->type != ALLORA_V_TIME)
        t->text[i] = true;
    t->right[i] = number && !t->text[i];
}

static int32_t cell_of(struct table_out *t, uint32_t i, const allora_value *cells, uint32_t n,
                       struct table_cell *ret)
{
    static const allora_value null = {.type = ALLORA_V_NULL};
    uint32_t column = t->shown[i];
    const allora_value *v = column < n ? &cells[column] : &null;
    buf_reset(&t->cell);
    cell_text(&t->cell, v, &t->heads->list[column], t->options.cell_flags);
    if (buf_failed(&t->cell)) {
        buf_reset(&t->cell);
        buf_adds(&t->cell, "(longer than a table can show: use -o json)");
    }
    learn(t, i, v);
    const char *text = arena_strndup(&t->held, buf_str(&t->cell), t->cell.len);
    if (!text)
        return ALLORA_E_NOMEM;
    size_t width = text_width(text, t->cell.len);
    *ret = (struct table_cell){text, (uint32_t)t->cell.len, (uint32_t)width};
    return ALLORA_OK;
}

static int32_t hold_row(struct table_out *t)
{
    if (t->n_rows < t->cap_rows)
        return ALLORA_OK;
    size_t cap = t->cap_rows ? t->cap_rows * 2 : 64;
    struct table_cell *more =
        mem_resize(t->cells, cap * (t->n_shown ? t->n_shown : 1), sizeof(*more));
    if (!more)
        return ALLORA_E_NOMEM;
    t->cells = more;
    t->cap_rows = cap;
    return ALLORA_OK;
}

int32_t table_row(struct table_out *t, const allora_value *cells, uint32_t n)
{
    int32_t rc = hold_row(t);
    struct table_cell *row = rc ? NULL : &t->cells[t->n_rows * t->n_shown];
    for (uint32_t i = 0; i < t->n_shown && !rc; i++)
        rc = cell_of(t, i, cells, n, &row[i]);
    if (rc)
        return rc;
    if (t->decided) {
        rc = write_row(t, row);
        arena_reset(&t->held);
        return rc ? rc : out_flush(t->out);
    }
    t->n_rows++;
    return t->n_rows >= TABLE_LOOKAHEAD || t->held.used >= TABLE_LOOKAHEAD_BYTES ? decide(t)
                                                                                 : ALLORA_OK;
}

int32_t table_flush(struct table_out *t)
{
    return !t->decided && t->n_rows ? decide(t) : ALLORA_OK;
}

void table_end(struct table_out *t)
{
    if (!t->decided && t->width && (t->n_rows || (t->options.head_always && t->n_shown)))
        (void)decide(t);
    free(t->cells);
    arena_done(&t->mem);
    arena_done(&t->held);
    buf_done(&t->line);
    buf_done(&t->cell);
    *t = (struct table_out){0};
}
