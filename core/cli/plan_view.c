#include "cli/plan_view.h"
#include "base/clock.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cli/term.h"
#include "cli/text.h"

enum { N_CELLS = 7, CELL_MAX = 4096, WIDTH_MAX = 60 };
static const char *const heads[N_CELLS] = {"provider", "account", "region", "id",
                                           "name",     "now",     "then"};

static void visible(struct buf *out, const char *s)
{
    text_visible(out, s, strlen(s), 0);
}

/* ---- words ---- */

/* "running", "nice 0", "size 3, owner maria": what a step found, or leaves. */
static void put_facts(struct buf *out, const json_node *facts)
{
    struct jsonw w = JSONW(out);
    const char *text = json_str(facts, NULL);
    if (text) {
        visible(out, text);
        return;
    }
    if (json_typeof(facts) != JSON_OBJECT) {
        if (json_typeof(facts) != JSON_NONE && json_typeof(facts) != JSON_NULL)
            jw_node(&w, facts);
        return;
    }
    bool first = true;
    json_foreach (fact, facts) {
        const char *key = json_key(fact);
        if (!first)
            buf_adds(out, ", ");
        first = false;
        if (!streq(key, "state") && !streq(key, "status")) {
            visible(out, key);
            buf_addc(out, ' ');
        }
        if (json_str(fact, NULL))
            visible(out, json_str(fact, ""));
        else
            jw_node(&w, fact);
    }
}

static const char *label_of(const json_node *target)
{
    const char *name = json_str(target, json_get_str(target, "name", NULL));
    return name ? name : json_get_str(target, "id", "");
}

static const char *last_word(const char *operation)
{
    const char *dot = strrchr(operation, '.');
    return dot ? dot + 1 : operation;
}

static void put_reversible(struct buf *out, const json_node *plan)
{
    size_t can = 0, n = 0;
    const char *verb = NULL;
    bool same = true;
    json_foreach (step, json_get(plan, "steps")) {
        const char *inverse = json_get_str(json_get(step, "undo"), "operation", NULL);
        n++;
        if (!inverse)
            continue;
        can++;
        same = same && (!verb || streq(verb, last_word(inverse)));
        verb = last_word(inverse);
    }
    if (!n || streq(json_get_str(plan, "effect", ""), "secret"))
        return;
    if (streq(json_get_str(plan, "effect", ""), "destructive"))
        buf_adds(out, " · destructive");
    if (can == 0)
        buf_adds(out, " · can't be undone");
    else if (can < n)
        buf_addf(out, " · %zu of %zu steps can be undone", can, n);
    else if (same)
        buf_addf(out, " · reversible (undo: %s)", verb);
    else
        buf_adds(out, " · reversible");
}

/* Only what a real price source said about every step, in one currency. */
static void put_price(struct buf *out, const json_node *plan)
{
    double sum = 0;
    const char *currency = NULL, *source = NULL, *as_of = NULL;
    json_foreach (step, json_get(plan, "steps")) {
        const json_node *price = json_get(step, "price");
        const char *c = json_get_str(price, "currency", NULL);
        if (!c || (currency && !streq(c, currency)))
            return;
        currency = c;
        source = json_get_str(price, "source", NULL);
        as_of = json_get_str(price, "as_of", NULL);
        sum += json_num(json_get(price, "monthly_delta"), 0);
    }
    if (!currency)
        return;
    buf_addf(out, " · %s ", sum < 0 ? "saves" : "costs");
    buf_addf(out, "%.2f ", sum < 0 ? -sum : sum);
    visible(out, currency);
    buf_adds(out, " a month");
    if (!source)
        return;
    buf_adds(out, " (");
    visible(out, source);
    if (as_of) {
        buf_adds(out, " of ");
        visible(out, as_of);
    }
    buf_addc(out, ')');
}

/* ---- the table ---- */

struct table_view {
    struct buf *out;
    size_t width[N_CELLS];
    bool used[N_CELLS], measuring;
};

static void cell_text(struct buf *b, unsigned i, const json_node *step, const json_node *change)
{
    const json_node *target = json_get(change, "target");
    const char *operation = json_get_str(step, "operation", "");
    const char *text = json_get_str(target, heads[i], NULL);
    if (i == 5 || i == 6) {
        put_facts(b, json_get(change, i == 5 ? "before" : "after"));
    } else if (text) {
        visible(b, text);
    } else if (i == 0) {
        size_t n = strcspn(operation, ".");
        text_visible(b, operation, n, 0);
    } else if (i == 3 && json_str(target, NULL)) {
        visible(b, json_str(target, ""));
    }
}

static void put_cells(struct table_view *t, const json_node *step, const json_node *change)
{
    if (!t->measuring)
        buf_adds(t->out, " ");
    size_t owed = 1;
    for (unsigned i = 0; i < N_CELLS; i++) {
        A_CLEAN(buf_done) struct buf b = BUF(CELL_MAX), cut = BUF(CELL_MAX);
        if (step)
            cell_text(&b, i, step, change);
        else
            buf_adds(&b, heads[i]);
        size_t width = text_cut(&cut, buf_str(&b), b.len, WIDTH_MAX);
        if (t->measuring) {
            t->used[i] = t->used[i] || (step && width > 0);
            t->width[i] = width > t->width[i] ? width : t->width[i];
        } else if (t->used[i]) {
            buf_pad(t->out, ' ', owed);
            buf_adds(t->out, buf_str(&cut));
            owed = t->width[i] - width + 2;
        }
    }
    if (!t->measuring)
        buf_addc(t->out, '\n');
}

static void put_changes(struct table_view *t, const json_node *plan)
{
    json_foreach (step, json_get(plan, "steps"))
        json_foreach (change, json_get(step, "changes"))
            put_cells(t, step, change);
}

static void put_table(struct buf *out, const json_node *plan, bool color)
{
    struct table_view t = {.out = out, .measuring = true};
    put_cells(&t, NULL, NULL);
    put_changes(&t, plan);
    t.measuring = false;
    if (!t.used[3] && !t.used[4] && !t.used[5] && !t.used[6])
        return;
    buf_adds(out, style_on(color, STYLE_DIM));
    put_cells(&t, NULL, NULL);
    out->len -= out->len > 0 && !buf_failed(out); /* the colour ends before the line does */
    buf_adds(out, style_off(color));
    buf_addc(out, '\n');
    put_changes(&t, plan);
}

/* ---- the parts ---- */

void plan_view_what(struct buf *out, const json_node *plan, bool color)
{
    const char *id = json_get_str(plan, "id", NULL);
    if (id)
        buf_addf(out, "%sPlan %s%s   ", style_on(color, STYLE_BOLD), id, style_off(color));
    visible(out, json_get_str(plan, "summary", ""));
    put_reversible(out, plan);
    put_price(out, plan);
    buf_adds(out, "\n\n");
    put_table(out, plan, color);
    int64_t idle = json_get_int(plan, "nothing_to_do", 0);
    if (idle > 0)
        buf_addf(out, "  and %lld more, where nothing is to be done\n", (long long)idle);
}

void plan_view_details(struct buf *out, const json_node *plan)
{
    static const char *const keys[] = {"arguments", "undo", "price", "changes"};
    unsigned n = 0;
    json_foreach (step, json_get(plan, "steps")) {
        buf_addf(out, "  step %u: ", ++n);
        visible(out, json_get_str(step, "operation", ""));
        buf_addf(out, " (%s)\n", json_get_str(step, "effect", ""));
        for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
            A_CLEAN(buf_done) struct buf b = BUF(PLAN_VIEW_MAX);
            struct jsonw w = JSONW(&b);
            if (!json_get(step, keys[i]))
                continue;
            jw_node(&w, json_get(step, keys[i]));
            buf_addf(out, "    %-10s ", keys[i]);
            visible(out, buf_str(&b));
            buf_addc(out, '\n');
        }
    }
    buf_addf(out, "  hash: %s\n", json_get_str(plan, "hash", "-"));
    if (json_get_str(plan, "expires", NULL))
        buf_addf(out, "  expires: %s\n", json_get_str(plan, "expires", ""));
}

static void put_took(struct buf *out, const json_node *step)
{
    A_CLEAN(buf_done) struct buf b = BUF(64);
    int64_t took = json_get_int(step, "took_us", 0);
    if (took <= 0)
        return;
    duration_format(&b, took);
    buf_addf(out, "  (%s)", buf_str(&b));
}

static void put_done(struct buf *out, const json_node *step, bool color)
{
    unsigned n = 0;
    json_foreach (change, json_get(step, "changes")) {
        buf_addf(out, "%s  %s✓%s ", n++ ? "\n" : "", style_on(color, STYLE_CYAN), style_off(color));
        visible(out, label_of(json_get(change, "target")));
        buf_addc(out, ' ');
        put_facts(out, json_get(change, "after"));
    }
    put_took(out, step);
    if (json_get_bool(step, "looked_up", false))
        buf_adds(out, "  (looked up)");
    buf_addc(out, '\n');
}

void plan_view_step(struct buf *out, const json_node *step, bool color)
{
    const char *status = json_get_str(step, "status", "");
    const char *label = label_of(json_get(json_first(json_get(step, "changes")), "target"));
    const char *message = json_get_str(step, "message", "");
    if (streq(status, "done")) {
        put_done(out, step, color);
        return;
    }
    if (streq(status, "waiting") && !*message)
        return;
    bool lost = streq(status, "unknown") || streq(status, "running");
    buf_addf(out, "  %s%s%s ", style_on(color, lost ? STYLE_YELLOW : STYLE_RED), lost ? "?" : "✗",
             style_off(color));
    if (*label && !str_starts(message, label)) {
        visible(out, label);
        buf_adds(out, *message ? ": " : "");
    }
    visible(out, message);
    if (streq(status, "stale"))
        buf_adds(out, " · not touched");
    else if (streq(status, "waiting"))
        buf_adds(out, " · not done yet");
    else if (lost)
        buf_adds(out, " · what became of it is not known");
    buf_addc(out, '\n');
    if (json_get_str(step, "hint", NULL)) {
        buf_adds(out, "    ");
        visible(out, json_get_str(step, "hint", ""));
        buf_addc(out, '\n');
    }
}

static void put_next(struct buf *out, const json_node *plan)
{
    static const char *const keys[][2] = {
        {"undo", "Undo"}, {"apply", "Go on"}, {"approve", "Approve and apply"}};
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *command = json_get_str(plan, keys[i][0], NULL);
        if (command)
            buf_addf(out, " %s: %s", keys[i][1], command);
    }
}

void plan_view_end(struct buf *out, const json_node *plan)
{
    size_t done = 0, n = 0, unknown = 0, waiting = 0;
    json_foreach (step, json_get(plan, "steps")) {
        const char *status = json_get_str(step, "status", "");
        n++;
        done += streq(status, "done");
        unknown += streq(status, "unknown") || streq(status, "running");
        waiting += streq(status, "waiting");
    }
    buf_addf(out, "%zu of %zu done.", done, n);
    if (unknown)
        buf_addf(out, " Of %zu the outcome is not known: allora plan show %s looks it up.", unknown,
                 json_get_str(plan, "id", "last"));
    if (waiting)
        buf_addf(out, " %zu not begun.", waiting);
    const json_node *journal = json_get(plan, "journal");
    int64_t first = json_int(json_at(journal, 0), 0), last = json_int(json_at(journal, 1), 0);
    if (first)
        buf_addf(out, " Journal entries %lld-%lld.", (long long)first, (long long)last);
    put_next(out, plan);
    buf_addc(out, '\n');
}

void plan_view(struct buf *out, const json_node *plan, bool color)
{
    const char *state = json_get_str(plan, "state", "");
    const json_node *approval = json_get(plan, "approval");
    if (!json_count(json_get(plan, "steps"))) {
        buf_adds(out, "Nothing to do: everything is as wanted.\n");
        return;
    }
    plan_view_what(out, plan, color);
    buf_addc(out, '\n');
    json_foreach (step, json_get(plan, "steps"))
        plan_view_step(out, step, color);
    if (approval)
        buf_addf(out, "approved by %s (%s) at %s\n", json_get_str(approval, "by", ""),
                 json_get_str(approval, "how", ""), json_get_str(approval, "time", ""));
    if (json_get_str(plan, "undo_of", NULL))
        buf_addf(out, "undoes %s\n", json_get_str(plan, "undo_of", ""));
    if (json_get_str(plan, "undone_by", NULL))
        buf_addf(out, "undone by %s\n", json_get_str(plan, "undone_by", ""));
    if (streq(state, "dry run")) {
        buf_addf(out, "Dry run: nothing was changed, and the plan is not kept. Hash %s\n",
                 json_get_str(plan, "hash", ""));
        return;
    }
    buf_addf(out, "%s, hash %s\n", state, json_get_str(plan, "hash", ""));
    bool open = streq(state, "waiting") || streq(state, "approved");
    if (open && json_get_str(plan, "expires", NULL))
        buf_addf(out, "expires %s\n", json_get_str(plan, "expires", ""));
    if (!open && !streq(state, "rejected") && !streq(state, "expired"))
        plan_view_end(out, plan);
}
