/* Plans in the store: space "plan", keyed by id. */
#include "operation/plan.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "store/store.h"
#include <ctype.h>
#include <stdio.h>

enum { AGAIN_MAX = 100000 };
static const char space[] = "plan";

void plan_free(struct plan *p)
{
    if (!p)
        return;
    json_free(p->root);
    arena_done(&p->mem);
    free(p);
}

void plan_freep(struct plan **p)
{
    plan_free(*p);
    *p = NULL;
}

enum plan_state plan_state_now(const struct plan *p)
{
    bool waits = p->state == PLAN_WAITING || p->state == PLAN_APPROVED;
    return waits && p->expires_us && clock_wall_us() >= p->expires_us ? PLAN_EXPIRED : p->state;
}

static int32_t store_of(struct gate *g, struct store **ret, allora_error *err)
{
    *ret = g->parts.store;
    return *ret ? ALLORA_OK : err_set(err, ALLORA_E_CONFIG, "there is no store to keep plans in");
}

static int64_t lifetime(const struct gate *g)
{
    int64_t us = 0;
    const json_node *node =
        g->parts.config ? config_get(g->parts.config, "approvals.expire") : NULL;
    if (json_typeof(node) == JSON_NUMBER)
        return json_int(node, 3600) * 1000000;
    if (!duration_parse(json_str(node, "1h"), &us, NULL) && us > 0)
        return us;
    return INT64_C(3600) * 1000000;
}

int32_t plan_save(struct gate *g, struct plan *p, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(PLAN_MAX);
    struct store *s;
    int32_t status = store_of(g, &s, err);
    if (status)
        return status;
    plan_write(p, &b);
    if (buf_failed(&b))
        return err_nomem(err);
    status = store_put_if(s, space, p->id, (allora_str){buf_str(&b), b.len}, p->version,
                          &p->version, err);
    if (status == ALLORA_E_CONFLICT) {
        (void)err_set(err, status, "plan %s was changed by another allora meanwhile", p->id);
        err_hint(err, "allora plan show %s says how it stands", p->id);
    }
    if (!status)
        plan_tell(s, p);
    return status;
}

static int32_t count_again(struct plan *p, unsigned again, allora_error *err)
{
    json_node *document = (json_node *)(uintptr_t)p->document; /* p owns the tree */
    json_node *n = json_new_num(again);
    if (!n || json_set(document, "again", n))
        return err_nomem(err);
    return plan_hash(p, err);
}

/* What stands under the plan's id already?  *ret_free: nothing, or this very plan, still waiting.
 */
static int32_t look_up(struct store *s, struct plan *p, bool *ret_free, allora_error *err)
{
    struct arena mem;
    struct store_item item;
    arena_init(&mem, 0);
    int32_t status = store_get(s, &mem, space, p->id, &item, err);
    *ret_free = status == ALLORA_E_NOTFOUND;
    if (!status) {
        A_CLEAN(plan_freep) struct plan *old = NULL;
        allora_error ignored = ERR_INIT;
        if (!plan_read(item.value, &old, &ignored) && streq(old->hash, p->hash) &&
            (old->state == PLAN_WAITING || old->state == PLAN_APPROVED)) {
            *ret_free = true;
            p->version = item.version;
        }
    }
    arena_done(&mem);
    return status == ALLORA_E_NOTFOUND ? ALLORA_OK : status;
}

int32_t plan_keep(struct gate *g, allora_ctx *ctx, struct plan *p, bool dry, allora_error *err)
{
    struct store *s;
    bool is_free = false;
    int32_t status = store_of(g, &s, err);
    if (!status)
        status = plan_hash(p, err);
    if (!status)
        status = look_up(s, p, &is_free, err);
    for (unsigned again = 1; !status && !is_free; again++) {
        if (again == AGAIN_MAX)
            return err_set(err, ALLORA_E_CONFLICT, "this plan was made %u times before", again);
        status = count_again(p, again, err);
        if (!status)
            status = look_up(s, p, &is_free, err);
    }
    if (status)
        return status;
    p->state = PLAN_WAITING;
    p->dry = dry;
    if (dry)
        return ALLORA_OK;
    p->made_us = clock_wall_us();
    p->expires_us = p->made_us + lifetime(g);
    status = trail_plan(g, ctx, "plan", p, NULL, NULL, (allora_str){NULL, 0}, err);
    return status ? status : plan_save(g, p, err);
}

/* ---- finding one ---- */

struct newest {
    char id[PLAN_ID_SIZE];
    int64_t made_us;
};

static int32_t newer(void *self, const struct store_item *item)
{
    struct newest *n = self;
    if (item->updated_us >= n->made_us && item->key.len < sizeof n->id) {
        n->made_us = item->updated_us;
        (void)snprintf(n->id, sizeof n->id, "%.*s", (int)item->key.len, item->key.ptr);
    }
    return ALLORA_OK;
}

/* "7F3A91C2" and "7f3a-91c2" are the same. */
static void tidy(const char *id, char ret[PLAN_ID_SIZE])
{
    size_t n = 0;
    for (; *id && n + 1 < PLAN_ID_SIZE; id++) {
        if (n == 4 && *id != '-')
            ret[n++] = '-';
        if (n + 1 < PLAN_ID_SIZE)
            ret[n++] = (char)tolower((unsigned char)*id);
    }
    ret[*id ? 0 : n] = '\0';
}

int32_t plan_load(struct gate *g, const char *id, struct plan **ret, allora_error *err)
{
    struct newest last = {{0}, 0};
    struct store *s;
    struct store_item item;
    struct arena mem;
    int32_t status = store_of(g, &s, err);
    if (!status && streq(id, "last"))
        status = store_scan(s, space, "", false, 0, newer, &last, err);
    else
        tidy(id, last.id);
    if (status)
        return status;
    arena_init(&mem, 0);
    status = last.id[0] ? store_get(s, &mem, space, last.id, &item, err) : ALLORA_E_NOTFOUND;
    if (!status)
        status = plan_read(item.value, ret, err);
    if (!status)
        (*ret)->version = item.version;
    arena_done(&mem);
    if (status == ALLORA_E_NOTFOUND) {
        (void)err_set(err, status, "there is no plan %.40s", id);
        err_hint(err, "allora plan list names all");
    }
    return status;
}
