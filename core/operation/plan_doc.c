/* Plans as JSON: the stored form, the shown form, the hash. */
#include "base/canonical.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/plan.h"
#include <stdio.h>

static const char *const state_names[PLAN_STATES] = {
    "waiting", "approved", "applying",    "done",     "partial", "failed",
    "stale",   "unknown",  "interrupted", "rejected", "expired"};
static const char *const status_names[STEP_STATUSES] = {"waiting", "running", "done",
                                                        "stale",   "failed",  "unknown"};

const char *plan_state_name(enum plan_state s)
{
    return state_names[s];
}

const char *step_status_name(enum step_status s)
{
    return status_names[s];
}

static unsigned index_of(const char *const *names, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (streq(names[i], name))
            return i;
    return n;
}

/* ---- the stored form ---- */

static void write_result(const struct step *s, struct jsonw *w)
{
    jw_object(w);
    jw_kstr(w, "status", status_names[s->status]);
    if (s->code)
        jw_kint(w, "code", s->code);
    if (s->message)
        jw_kstr(w, "message", s->message);
    if (s->hint)
        jw_kstr(w, "hint", s->hint);
    if (s->checkpoint)
        jw_kstr(w, "checkpoint", s->checkpoint);
    if (s->result)
        jw_kstr(w, "result", s->result);
    if (s->looked)
        jw_kbool(w, "looked", true);
    if (s->at_us) {
        jw_kint(w, "at_us", s->at_us);
        jw_kint(w, "took_us", s->took_us);
    }
    jw_end_object(w);
}

/* A plan that came to its end needs its secrets no more. */
static bool is_over(enum plan_state s)
{
    return s == PLAN_DONE || s == PLAN_PARTIAL || s == PLAN_FAILED || s == PLAN_STALE ||
           s == PLAN_REJECTED;
}

static void write_steps(const struct plan *p, struct jsonw *w)
{
    bool secrets = false;
    jw_key(w, "results");
    jw_array(w);
    for (uint32_t i = 0; i < p->n_steps; i++) {
        write_result(&p->steps[i], w);
        secrets = secrets || p->steps[i].secret;
    }
    jw_end_array(w);
    if (!secrets || is_over(p->state))
        return;
    jw_key(w, "secrets");
    jw_array(w);
    for (uint32_t i = 0; i < p->n_steps; i++) {
        if (p->steps[i].secret)
            jw_node(w, p->steps[i].secret);
        else
            jw_null(w);
    }
    jw_end_array(w);
}

void plan_write(const struct plan *p, struct buf *out)
{
    struct jsonw w = JSONW(out);
    jw_object(&w);
    jw_kstr(&w, "id", p->id);
    jw_kstr(&w, "hash", p->hash);
    jw_kstr(&w, "state", state_names[p->state]);
    jw_kint(&w, "made_us", p->made_us);
    jw_kint(&w, "expires_us", p->expires_us);
    if (p->approved_by) {
        jw_kint(&w, "approved_us", p->approved_us);
        jw_kstr(&w, "approved_by", p->approved_by);
        jw_kstr(&w, "approved_how", p->approved_how);
    }
    if (p->holder)
        jw_kstr(&w, "holder", p->holder);
    if (p->undone_by)
        jw_kstr(&w, "undone_by", p->undone_by);
    if (p->journal_first) {
        jw_kint(&w, "journal_first", (int64_t)p->journal_first);
        jw_kint(&w, "journal_last", (int64_t)p->journal_last);
    }
    if (p->n_idle)
        jw_kint(&w, "idle", p->n_idle);
    jw_key(&w, "document");
    jw_node(&w, p->document);
    write_steps(p, &w);
    jw_end_object(&w);
}

int32_t plan_index(struct plan *p, allora_error *err)
{
    p->document = json_get(p->root, "document");
    const json_node *steps = json_get(p->document, "steps"),
                    *secrets = json_get(p->root, "secrets");
    p->n_steps = (uint32_t)json_count(steps);
    p->steps = arena_array(&p->mem, p->n_steps ? p->n_steps : 1, sizeof *p->steps);
    if (!p->steps)
        return err_nomem(err);
    uint32_t i = 0;
    json_foreach (node, steps) {
        struct step *s = &p->steps[i++];
        s->node = node;
        int32_t effect = (int32_t)json_get_int(node, "effect", ALLORA_EFFECT_DESTRUCTIVE);
        p->effect = effect > p->effect ? effect : p->effect;
    }
    i = 0;
    json_foreach (node, secrets) {
        if (i < p->n_steps && json_typeof(node) == JSON_OBJECT)
            p->steps[i].secret = node;
        i++;
    }
    return ALLORA_OK;
}

static void read_results(struct plan *p)
{
    uint32_t i = 0;
    json_foreach (node, json_get(p->root, "results")) {
        if (i >= p->n_steps)
            return;
        struct step *s = &p->steps[i++];
        s->status = (enum step_status)index_of(status_names, STEP_UNKNOWN,
                                               json_get_str(node, "status", ""));
        s->code = (int32_t)json_get_int(node, "code", 0);
        s->message = json_get_str(node, "message", NULL);
        s->hint = json_get_str(node, "hint", NULL);
        s->checkpoint = json_get_str(node, "checkpoint", NULL);
        s->result = json_get_str(node, "result", NULL);
        s->looked = json_get_bool(node, "looked", false);
        s->at_us = json_get_int(node, "at_us", 0);
        s->took_us = json_get_int(node, "took_us", 0);
    }
}

static int32_t check_hash(struct plan *p, const char *id, const char *hash, allora_error *err)
{
    int32_t status = plan_hash(p, err);
    if (status || (streq(p->hash, hash) && streq(p->id, id)))
        return status;
    status = err_set(err, ALLORA_E_INTEGRITY, "plan %s was changed since it was made", id);
    err_hint(err, "it can't be used any more; somebody wrote to allora's store");
    return status;
}

int32_t plan_read(allora_str text, struct plan **ret, allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = mem_zalloc(sizeof *p);
    if (!p)
        return err_nomem(err);
    arena_init(&p->mem, 0);
    int32_t status = json_parse(text.ptr, text.len, &p->root, err);
    if (!status)
        status = plan_index(p, err);
    if (!status)
        status =
            check_hash(p, json_get_str(p->root, "id", ""), json_get_str(p->root, "hash", ""), err);
    if (status)
        return status;
    const json_node *r = p->root;
    p->state = (enum plan_state)index_of(state_names, PLAN_EXPIRED, json_get_str(r, "state", ""));
    p->made_us = json_get_int(r, "made_us", 0);
    p->expires_us = json_get_int(r, "expires_us", 0);
    p->approved_us = json_get_int(r, "approved_us", 0);
    p->approved_by = json_get_str(r, "approved_by", NULL);
    p->approved_how = json_get_str(r, "approved_how", NULL);
    p->holder = json_get_str(r, "holder", NULL);
    p->undone_by = json_get_str(r, "undone_by", NULL);
    p->journal_first = (uint64_t)json_get_int(r, "journal_first", 0);
    p->journal_last = (uint64_t)json_get_int(r, "journal_last", 0);
    p->n_idle = (uint32_t)json_get_int(r, "idle", 0);
    read_results(p);
    *ret = p;
    p = NULL;
    return ALLORA_OK;
}

int32_t plan_hash(struct plan *p, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(PLAN_MAX);
    uint8_t digest[DIGEST_SIZE];
    canonical_write(&b, p->document);
    if (buf_failed(&b))
        return err_nomem(err);
    int32_t status = digest_sha256(buf_str(&b), b.len, digest, err);
    if (status)
        return status;
    digest_hex(digest, p->hash);
    (void)snprintf(p->id, sizeof p->id, "%.4s-%.4s", p->hash, p->hash + 4);
    return ALLORA_OK;
}

/* ---- the shown form ---- */

static void show_time(struct jsonw *w, const char *key, int64_t us)
{
    A_CLEAN(buf_done) struct buf b = BUF(64);
    if (!us)
        return;
    time_format(&b, us - us % 1000000);
    jw_kstr(w, key, buf_str(&b));
}

static void show_node(struct jsonw *w, const char *key, const json_node *node)
{
    if (!node)
        return;
    jw_key(w, key);
    jw_node(w, node);
}

void plan_show_step(const struct step *s, struct jsonw *w)
{
    jw_object(w);
    jw_kstr(w, "operation", json_get_str(s->node, "operation", ""));
    jw_kstr(w, "effect", effect_name((int32_t)json_get_int(s->node, "effect", 0)));
    show_node(w, "arguments", json_get(s->node, "arguments"));
    show_node(w, "changes", json_get(s->node, "changes"));
    show_node(w, "undo", json_get(s->node, "inverse"));
    show_node(w, "price", json_get(s->node, "price"));
    jw_kstr(w, "status", status_names[s->status]);
    if (s->code)
        jw_kstr(w, "code", status_name(s->code));
    if (s->message)
        jw_kstr(w, "message", s->message);
    if (s->hint)
        jw_kstr(w, "hint", s->hint);
    if (s->looked)
        jw_kbool(w, "looked_up", true);
    show_time(w, "time", s->at_us);
    if (s->at_us)
        jw_kint(w, "took_us", s->took_us);
    if (s->result) {
        jw_key(w, "result");
        jw_raw(w, s->result, strlen(s->result));
    }
    jw_end_object(w);
}

static bool reversible(const struct plan *p)
{
    for (uint32_t i = 0; i < p->n_steps; i++)
        if (!json_get(p->steps[i].node, "inverse"))
            return false;
    return true;
}

static void show_next(const struct plan *p, enum plan_state state, struct jsonw *w)
{
    A_CLEAN(buf_done) struct buf b = BUF(256);
    if (p->dry)
        return;
    if (state == PLAN_WAITING) {
        buf_addf(&b, "allora plan apply %s --approve %s", p->id, p->hash);
        jw_kstr(w, "approve", buf_str(&b));
    } else if (state == PLAN_APPROVED || state == PLAN_INTERRUPTED) {
        buf_addf(&b, "allora plan apply %s", p->id);
        jw_kstr(w, "apply", buf_str(&b));
    } else if (!p->undone_by && (state == PLAN_DONE || state == PLAN_PARTIAL)) {
        bool any = false;
        for (uint32_t i = 0; i < p->n_steps; i++)
            any = any || (p->steps[i].status == STEP_DONE && json_get(p->steps[i].node, "inverse"));
        if (any) {
            buf_addf(&b, "allora undo %s", p->id);
            jw_kstr(w, "undo", buf_str(&b));
        }
    }
}

void plan_show(const struct plan *p, struct jsonw *w)
{
    A_CLEAN(buf_done) struct buf b = BUF(4096);
    enum plan_state state = plan_state_now(p);
    plan_summary(p, &b);
    jw_object(w);
    jw_kstr(w, "id", p->id);
    jw_kstr(w, "hash", p->hash);
    jw_kstr(w, "state", p->dry ? "dry run" : state_names[state]);
    jw_kstr(w, "summary", buf_str(&b));
    jw_kstr(w, "effect", effect_name(p->effect));
    jw_kbool(w, "reversible", reversible(p));
    jw_kstr(w, "principal", json_get_str(p->document, "principal", ""));
    if (json_get_bool(p->document, "agent", false))
        jw_kbool(w, "agent", true);
    show_time(w, "made", p->made_us);
    show_time(w, "expires", p->expires_us);
    if (p->approved_by) {
        jw_key(w, "approval");
        jw_object(w);
        jw_kstr(w, "by", p->approved_by);
        jw_kstr(w, "how", p->approved_how);
        show_time(w, "time", p->approved_us);
        jw_end_object(w);
    }
    show_node(w, "undo_of", json_get(p->document, "undo_of"));
    if (p->undone_by)
        jw_kstr(w, "undone_by", p->undone_by);
    if (p->n_idle)
        jw_kint(w, "nothing_to_do", p->n_idle);
    jw_key(w, "steps");
    jw_array(w);
    for (uint32_t i = 0; i < p->n_steps; i++)
        plan_show_step(&p->steps[i], w);
    jw_end_array(w);
    if (p->journal_first) {
        jw_key(w, "journal");
        jw_array(w);
        jw_uint(w, p->journal_first);
        jw_uint(w, p->journal_last);
        jw_end_array(w);
    }
    show_next(p, state, w);
    jw_end_object(w);
}
