/* Tools out of the catalogue.  Its rows come in the order dispatch.h gives. */
#include "agent/tools.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include <stdlib.h>

enum { JSON_MAX = 8 << 20, TOOLS_MAX = 1000 };
enum { AT_NAME, AT_EFFECT, AT_SUMMARY, AT_ARGUMENTS, AT_TOOL = 6, AT_DESCRIPTION, N_CELLS };

struct picker {
    struct tools *tools;
    struct jsonw w;
    bool oom;
};

void tools_init(struct tools *t)
{
    *t = (struct tools){.json = BUF(JSON_MAX)};
    arena_init(&t->mem, 0);
}

void tools_done(struct tools *t)
{
    free(t->list);
    buf_done(&t->json);
    arena_done(&t->mem);
}

const struct tool *tools_find(const struct tools *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (streq(t->list[i].name, name))
            return &t->list[i];
    return NULL;
}

static bool is_text(const allora_value *v, const char *want)
{
    return v->type == ALLORA_V_TEXT && str_eq((allora_str){v->u.p, v->len}, want);
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self, (void)columns, (void)n;
    return ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    (void)self, (void)kind, (void)payload;
    return ALLORA_OK;
}

static int32_t add(struct picker *p, const char *name, const allora_value *cells)
{
    struct tools *t = p->tools;
    struct tool *grown = mem_resize(t->list, t->n + 1, sizeof *grown);
    if (!grown)
        return ALLORA_E_NOMEM;
    t->list = grown;
    json_node *schema = NULL;
    allora_error ignored = ERR_INIT;
    if (json_parse(cells[AT_ARGUMENTS].u.p, cells[AT_ARGUMENTS].len, &schema, &ignored))
        return ignored.code == ALLORA_E_NOMEM ? ALLORA_E_NOMEM : ALLORA_OK;
    const json_node *properties = json_get(schema, "properties");
    t->list[t->n++] = (struct tool){name, json_get(properties, "offline") != NULL,
                                    json_get(properties, "refresh") != NULL};
    json_free(schema);
    const allora_value *about =
        cells[AT_DESCRIPTION].type == ALLORA_V_TEXT && cells[AT_DESCRIPTION].len
            ? &cells[AT_DESCRIPTION]
            : &cells[AT_SUMMARY];
    jw_object(&p->w);
    jw_kstr(&p->w, "name", name);
    jw_key(&p->w, "description");
    jw_value(&p->w, about);
    jw_key(&p->w, "parameters");
    jw_value(&p->w, &cells[AT_ARGUMENTS]);
    jw_end_object(&p->w);
    return ALLORA_OK;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct picker *p = self;
    if (n < N_CELLS || cells[AT_NAME].type != ALLORA_V_TEXT ||
        !is_text(&cells[AT_EFFECT], "read") || cells[AT_TOOL].type != ALLORA_V_BOOL ||
        !cells[AT_TOOL].u.i)
        return ALLORA_OK;
    if (p->tools->n == TOOLS_MAX)
        return ALLORA_STOP;
    const char *name = arena_strndup(&p->tools->mem, cells[AT_NAME].u.p, cells[AT_NAME].len);
    p->oom = !name || (!tools_find(p->tools, name) && add(p, name, cells));
    return p->oom ? ALLORA_E_NOMEM : ALLORA_OK;
}

int32_t tools_choose(struct tools *t, const struct dispatch *d, allora_ctx *ctx,
                     const char *const *globs, uint32_t n, allora_error *err)
{
    struct picker p = {t, JSONW(&t->json), false};
    const allora_sink sink = {&p, on_begin, on_row, on_event};
    jw_array(&p.w);
    for (uint32_t i = 0; i < n; i++) {
        int32_t status = d->catalogue(d->self, ctx, globs[i], &sink, err);
        if (p.oom)
            return err_nomem(err);
        if (status < 0)
            return status;
    }
    jw_end_array(&p.w);
    return buf_failed(&t->json) ? err_nomem(err) : ALLORA_OK;
}
