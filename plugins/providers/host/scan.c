/* Rows out, filters in: the part of a list() call that all tables share. */
#include "scan.h"
#include "text.h"
#include <allora/sdk.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A row's texts lie in chunks, so that cells keep their addresses; the first chunk is reused row by
 * row. */
struct scan_chunk {
    struct scan_chunk *next;
    size_t used, size;
    char data[];
};
enum { CHUNK_SIZE = 16 << 10, CANCEL_EVERY = 64 };

static struct scan_chunk *chunk_new(size_t size)
{
    struct scan_chunk *c = malloc(sizeof *c + size);
    if (c)
        *c = (struct scan_chunk){.size = size};
    return c;
}

int32_t scan_open(struct scan *s, const struct root *root, const allora_host *host, allora_ctx *ctx,
                  const allora_list_request *req, uint32_t n_columns, const allora_sink *sink,
                  allora_error *err)
{
    *s =
        (struct scan){.root = root, .host = host, .ctx = ctx, .req = req, .sink = sink, .err = err};
    for (size_t i = 0; i < SCAN_COLUMNS_MAX; i++)
        s->slot[i] = -1;
    for (uint32_t i = 0; i < req->n_wanted; i++) {
        if (req->wanted[i] >= n_columns || n_columns > SCAN_COLUMNS_MAX)
            return sdk_fail(s->err, ALLORA_E_ARG, "a wanted column is not in this table");
        s->slot[req->wanted[i]] = (int16_t)i;
    }
    s->cells = calloc(req->n_wanted ? req->n_wanted : 1, sizeof *s->cells);
    s->text = chunk_new(CHUNK_SIZE);
    if (!s->cells || !s->text) {
        scan_close(s);
        return sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    }
    for (uint32_t i = 0; i < req->n_wanted; i++)
        s->cells[i].type = ALLORA_V_NULL;
    return ALLORA_OK;
}

static void chunks_free(struct scan_chunk *c)
{
    while (c) {
        struct scan_chunk *next = c->next;
        free(c);
        c = next;
    }
}

void scan_close(struct scan *s)
{
    chunks_free(s->text);
    free(s->cells);
    names_free(&s->users);
    names_free(&s->groups);
    bytes_free(&s->buf);
    s->text = NULL;
    s->cells = NULL;
}

static allora_value *cell(struct scan *s, uint32_t column, uint8_t type)
{
    if (s->slot[column] < 0)
        return NULL;
    allora_value *v = &s->cells[s->slot[column]];
    *v = (allora_value){.type = type};
    return v;
}

void scan_int(struct scan *s, uint32_t column, int64_t v)
{
    allora_value *c = cell(s, column, ALLORA_V_INT);
    if (c)
        c->u.i = v;
}

void scan_bool(struct scan *s, uint32_t column, bool v)
{
    allora_value *c = cell(s, column, ALLORA_V_BOOL);
    if (c)
        c->u.i = v;
}

void scan_real(struct scan *s, uint32_t column, double v)
{
    allora_value *c = cell(s, column, ALLORA_V_REAL);
    if (c)
        c->u.d = v;
}

void scan_time(struct scan *s, uint32_t column, int64_t us)
{
    allora_value *c = cell(s, column, ALLORA_V_TIME);
    if (c)
        c->u.i = us;
}

void scan_absent(struct scan *s, uint32_t column)
{
    (void)cell(s, column, ALLORA_V_ABSENT);
}

void scan_percent(struct scan *s, uint32_t column, double part, double whole)
{
    if (whole > 0)
        scan_real(s, column, round(part * 10000 / whole) / 100);
}

void scan_failed(struct scan *s, uint32_t column, int rc)
{
    if (scan_wants(s, column) && (rc == -EACCES || rc == -EPERM))
        scan_absent(s, column);
}

static char *text_room(struct scan *s, size_t n)
{
    struct scan_chunk *c = s->text;
    if (c->size - c->used < n) {
        c = chunk_new(n > CHUNK_SIZE ? n : CHUNK_SIZE);
        if (!c) {
            s->nomem = true;
            return NULL;
        }
        c->next = s->text;
        s->text = c;
    }
    char *p = c->data + c->used;
    c->used += n;
    return p;
}

static void put_text(struct scan *s, uint32_t column, uint8_t type, const char *text, size_t n)
{
    if (!scan_wants(s, column) || n > UINT32_MAX / 3)
        return;
    bool clean = text_is_utf8(text, n);
    char *p = text_room(s, (clean ? n : 3 * n) + 1);
    if (!p)
        return;
    if (clean)
        memcpy(p, text, n);
    else
        n = text_to_utf8(p, text, n);
    allora_value *c = cell(s, column, type);
    if (!c)
        return;
    c->len = (uint32_t)n;
    c->u.p = p;
}

void scan_text_n(struct scan *s, uint32_t column, const char *p, size_t n)
{
    put_text(s, column, ALLORA_V_TEXT, p, n);
}

void scan_text(struct scan *s, uint32_t column, const char *text)
{
    if (text)
        put_text(s, column, ALLORA_V_TEXT, text, strlen(text));
}

void scan_json(struct scan *s, uint32_t column, const char *p, size_t n)
{
    put_text(s, column, ALLORA_V_JSON, p, n);
}

int32_t scan_cancelled(struct scan *s)
{
    int32_t status = s->host->cancelled(s->ctx);
    if (status)
        (void)sdk_fail(s->err, status, "%s",
                       status == ALLORA_E_TIMEOUT ? "timed out" : "cancelled");
    return status;
}

int32_t scan_row(struct scan *s)
{
    if (s->nomem)
        return sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    uint32_t n = s->req->n_wanted;
    bool denied = false;
    for (uint32_t i = 0; i < n; i++)
        denied |= s->cells[i].type == ALLORA_V_ABSENT;
    s->denied += denied;
    int32_t status = s->sink->row(s->sink->self, s->cells, n);
    for (uint32_t i = 0; i < n; i++)
        s->cells[i] = (allora_value){.type = ALLORA_V_NULL};
    chunks_free(s->text->next);
    s->text->next = NULL;
    s->text->used = 0;
    s->rows++;
    if (status == 0 && s->rows % CANCEL_EVERY == 0)
        status = scan_cancelled(s);
    return status;
}

/* ---- filters ----------------------------------------------------------------------------------
 */

static bool allows(const struct scan *s, uint32_t column, allora_value v)
{
    for (uint32_t i = 0; i < s->req->n_filters; i++)
        if (s->req->filters[i].column == column && !sdk_may_match(v, &s->req->filters[i]))
            return false;
    return true;
}

bool scan_allows_int(const struct scan *s, uint32_t column, int64_t v)
{
    return allows(s, column, sdk_cell_int(v));
}

bool scan_allows_bool(const struct scan *s, uint32_t column, bool v)
{
    return allows(s, column, sdk_cell_bool(v));
}

bool scan_allows_text(const struct scan *s, uint32_t column, const char *v)
{
    return allows(s, column, sdk_cell_text(v));
}

bool scan_filters(const struct scan *s, uint32_t column)
{
    for (uint32_t i = 0; i < s->req->n_filters; i++)
        if (s->req->filters[i].column == column)
            return true;
    return false;
}

void scan_range(const struct scan *s, uint32_t column, int64_t *min, int64_t *max)
{
    for (uint32_t i = 0; i < s->req->n_filters; i++) {
        const allora_filter *f = &s->req->filters[i];
        if (f->column != column || (f->val.type != ALLORA_V_INT && f->val.type != ALLORA_V_TIME))
            continue;
        int64_t v = f->val.u.i;
        bool lower = f->op == ALLORA_OP_GT || f->op == ALLORA_OP_GE || f->op == ALLORA_OP_EQ;
        bool upper = f->op == ALLORA_OP_LT || f->op == ALLORA_OP_LE || f->op == ALLORA_OP_EQ;
        if (f->op == ALLORA_OP_GT && v < INT64_MAX)
            v++;
        if (f->op == ALLORA_OP_LT && v > INT64_MIN)
            v--;
        if (lower && v > *min)
            *min = v;
        if (upper && v < *max)
            *max = v;
    }
}

int scan_ints(const struct scan *s, uint32_t column, int64_t *ret, int max)
{
    for (uint32_t i = 0; i < s->req->n_filters; i++) {
        const allora_filter *f = &s->req->filters[i];
        if (f->column != column)
            continue;
        if (f->op == ALLORA_OP_EQ && f->val.type == ALLORA_V_INT && max > 0) {
            ret[0] = f->val.u.i;
            return 1;
        }
        if (f->op != ALLORA_OP_IN || f->val.type != ALLORA_V_LIST || f->val.len > (uint32_t)max)
            continue;
        int n = 0;
        bool all = true;
        for (uint32_t k = 0; k < f->val.len; k++) {
            const allora_value *one = &f->val.u.list[k];
            bool again = false;
            for (int j = 0; j < n; j++)
                again |= one->type == ALLORA_V_INT && ret[j] == one->u.i;
            all &= one->type == ALLORA_V_INT;
            if (all && !again)
                ret[n++] = one->u.i;
        }
        if (all)
            return n;
    }
    return -1;
}

/* ---- warnings and names
 * -------------------------------------------------------------------------- */

void scan_warn(struct scan *s, int32_t code, const char *hint, const char *fmt, ...)
{
    char plain[160]; /* three bytes for each that is no UTF-8 must fit the message */
    allora_error e = {.size = (uint32_t)sizeof e};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(plain, sizeof plain, fmt, args);
    va_end(args);
    char message[3 * sizeof plain];
    message[text_to_utf8(message, plain, strlen(plain))] = '\0';
    (void)sdk_fail(&e, code, "%s", message);
    if (hint)
        sdk_hint(&e, "%s", hint);
    (void)sdk_warn(s->sink, &e, s->req->table);
}

void scan_warn_denied(struct scan *s, const char *rows, const char *what)
{
    if (s->denied)
        scan_warn(s, ALLORA_E_DENIED, geteuid() == 0 ? NULL : "run it as root to see them",
                  "%s of %llu of %llu %s could not be read: permission denied", what,
                  (unsigned long long)s->denied, (unsigned long long)s->rows, rows);
}

static const char *name_of(struct scan *s, struct names *names, const char *path, uint32_t id)
{
    if (!names->loaded)
        names_load(names, s->root, path);
    return names_get(names, id);
}

const char *scan_user(struct scan *s, uint32_t uid)
{
    return name_of(s, &s->users, "etc/passwd", uid);
}

const char *scan_group(struct scan *s, uint32_t gid)
{
    return name_of(s, &s->groups, "etc/group", gid);
}
