/* Random inputs that a host could send: filters with values of any type, columns, cursors, limits,
 * partitions, arguments that pass the schema, conversations.  The same seed gives the same inputs;
 * nothing here changes the world, as only listings, reading operations and turns are tried. */
#include "kit/calls.h"

#include "base/arena.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"

#include <math.h>
#include <string.h>

enum { LISTINGS = 40, CALLS = 60, TURNS = 60, FILTERS_MAX = 3, TEXT_MAX = 40, DEPTH_MAX = 4 };

static uint32_t below(struct trial *t, uint32_t n)
{
    return n ? (uint32_t)(trial_random(t) % n) : 0;
}

/* Text that is UTF-8, and often odd. */
static allora_str text(struct trial *t, struct arena *mem, size_t max)
{
    static const char *const pieces[] = {"a",  "Z",    "0",    " ",        "%",    "'",  "\"",
                                         "\\", "/",    "*",    "\n",       "\t",   "{",  "[",
                                         "ä",  "漢",   "🌧", "\xc2\xa0", ".",    "-",  "_",
                                         "..", "%s%n", "\x7f", ";",        "null", "-1", "e9"};
    A_CLEAN(buf_done) struct buf b = BUF(1 << 16);
    size_t n = below(t, (uint32_t)max + 1);

    if (below(t, 50) == 0)
        n = 2000;
    for (size_t i = 0; i < n; i++)
        buf_adds(&b, pieces[below(t, sizeof pieces / sizeof pieces[0])]);
    char *copy = arena_strndup(mem, buf_str(&b), b.len);
    return copy ? (allora_str){copy, b.len} : (allora_str){"", 0};
}

static int64_t integer(struct trial *t)
{
    static const int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT32_MAX, UINT32_MAX, 1000000};
    return below(t, 2) ? edges[below(t, 8)] : (int64_t)trial_random(t) >> below(t, 64);
}

static double real(struct trial *t)
{
    static const double edges[] = {0.0, -0.0, 1e308, -1e308, 0.1, 5e-324, 1e16, -1.5};
    return below(t, 2) ? edges[below(t, 8)] : (double)integer(t) / 3.0;
}

static allora_value scalar(struct trial *t, struct arena *mem)
{
    allora_str s;

    switch (below(t, 6)) {
    case 0:
        return val_null();
    case 1:
        return val_bool(below(t, 2));
    case 2:
        return val_int(integer(t));
    case 3:
        return val_real(real(t));
    case 4:
        return val_time(integer(t) >> 8);
    default:
        s = text(t, mem, TEXT_MAX);
        return val_textn(s.ptr, s.len);
    }
}

static allora_value operand(struct trial *t, struct arena *mem, uint32_t op)
{
    if (op == ALLORA_OP_IN) {
        uint32_t n = below(t, 5);
        allora_value *list = arena_array(mem, n + 1, sizeof *list);
        for (uint32_t i = 0; list && i < n; i++)
            list[i] = scalar(t, mem);
        return (allora_value){.type = ALLORA_V_LIST, .len = list ? n : 0, .u.list = list};
    }
    if (op == ALLORA_OP_PREFIX || op == ALLORA_OP_PREFIX_NOCASE) {
        allora_str s = text(t, mem, TEXT_MAX);
        return val_textn(s.ptr, s.len);
    }
    return op == ALLORA_OP_ISNULL ? val_null() : scalar(t, mem);
}

/* Only what the columns declare: the host sends nothing else. */
static uint32_t filters(struct trial *t, struct arena *mem, const struct table *table,
                        allora_filter out[static FILTERS_MAX])
{
    uint32_t n = 0, want = below(t, FILTERS_MAX + 1);

    for (uint32_t i = 0; i < want; i++) {
        uint32_t c = below(t, table->n_columns), op = 1 + below(t, ALLORA_OP_ISNULL);
        if (table->columns[c].push & 1u << op)
            out[n++] = (allora_filter){.column = c, .op = op, .val = operand(t, mem, op)};
    }
    return n;
}

/* A random choice of columns in a random order. */
static uint32_t columns(struct trial *t, const struct table *table, uint32_t *out)
{
    uint32_t n = table->n_columns, want = below(t, n + 1);

    for (uint32_t i = 0; i < n; i++)
        out[i] = i;
    for (uint32_t i = 0; i < want; i++) {
        uint32_t k = i + below(t, n - i), swap = out[i];
        out[i] = out[k];
        out[k] = swap;
    }
    return want;
}

static void listings(struct trial *t, const struct table *table, const allora_pair *partition,
                     uint32_t n_partition)
{
    const unsigned before = t->findings;

    for (int i = 0; i < LISTINGS && t->findings == before; i++) {
        A_CLEAN(arena_done) struct arena mem;
        uint32_t wanted[1024];
        allora_filter f[FILTERS_MAX];
        allora_pair keys[16];
        struct listing l = {.got = {.stop_after = 1 + below(t, 60)}};
        arena_init(&mem, 16 << 20);
        l.req.n_filters = filters(t, &mem, table, f);
        l.req.filters = f;
        l.req.n_wanted = columns(t, table, wanted);
        l.req.wanted = wanted;
        l.req.limit = below(t, 3) ? 0 : below(t, 5) ? below(t, 100) : UINT64_MAX;
        if (below(t, 3) == 0)
            l.req.cursor = text(t, &mem, TEXT_MAX);
        l.req.n_partition = n_partition < 16 ? n_partition : 16;
        for (uint32_t k = 0; k < l.req.n_partition; k++) {
            keys[k] = partition[k];
            if (below(t, 4) == 0)
                keys[k].val = text(t, &mem, TEXT_MAX);
        }
        l.req.partition = n_partition ? keys : NULL;
        trial_at(t, "%s, random listing %d", table->name, i + 1);
        listing_run(t, table, &l);
        (void)CHECK(t, l.status != ALLORA_E_INTERNAL && l.status != ALLORA_E_ABI, "",
                    "%s, random listing %d: %s %s", table->name, i + 1, status_name(l.status),
                    l.err.message);
        for (uint32_t r = 0; r < l.got.n_rows; r++)
            if (!CHECK(t, l.got.widths[r] == l.req.n_wanted, "as many cells as are wanted",
                       "%s, random listing %d: a row of %u cells, %u wanted", table->name, i + 1,
                       l.got.widths[r], l.req.n_wanted))
                break;
        listing_done(&l);
    }
}

/* ---- arguments ---- */

static void any_json(struct trial *t, struct arena *mem, struct jsonw *w, unsigned depth)
{
    allora_str s;

    switch (below(t, depth < DEPTH_MAX ? 7 : 5)) {
    case 0:
        jw_null(w);
        break;
    case 1:
        jw_bool(w, below(t, 2));
        break;
    case 2:
        jw_int(w, integer(t));
        break;
    case 3:
        jw_real(w, real(t));
        break;
    case 4:
        s = text(t, mem, TEXT_MAX);
        jw_strn(w, s.ptr, s.len);
        break;
    case 5:
        jw_array(w);
        for (uint32_t i = below(t, 4); i > 0; i--)
            any_json(t, mem, w, depth + 1);
        jw_end_array(w);
        break;
    default:
        jw_object(w);
        for (uint32_t i = 0, n = below(t, 4); i < n; i++) {
            char key[] = {'k', (char)('0' + i), '\0'};
            jw_key(w, key);
            any_json(t, mem, w, depth + 1);
        }
        jw_end_object(w);
        break;
    }
}

static void schema_text(struct trial *t, struct arena *mem, const json_node *schema,
                        struct jsonw *w)
{
    int64_t least = json_get_int(schema, "minLength", 0);
    int64_t most = json_get_int(schema, "maxLength", 1000);
    A_CLEAN(buf_done) struct buf b = BUF(1 << 20);
    int64_t want =
        least + (most > least
                     ? (int64_t)below(t, (uint32_t)(most - least < 200 ? most - least : 200) + 1)
                     : 0);

    for (int64_t n = 0; n < want;) { /* characters, not bytes */
        allora_str s = text(t, mem, 8);
        for (size_t at = 0, step; at < s.len && n < want; at += step, n++) {
            step = utf8_next(s.ptr + at, s.len - at, NULL);
            buf_add(&b, s.ptr + at, step);
        }
    }
    jw_strn(w, buf_str(&b), b.len);
}

static void schema_value(struct trial *t, struct arena *mem, const json_node *schema,
                         struct jsonw *w, unsigned depth);

static void schema_object(struct trial *t, struct arena *mem, const json_node *schema,
                          struct jsonw *w, unsigned depth)
{
    jw_object(w);
    json_foreach (property, json_get(schema, "properties")) {
        bool required = false;
        json_foreach (name, json_get(schema, "required"))
            required = required || streq(json_str(name, ""), json_key(property));
        if (!required && below(t, 2))
            continue;
        jw_key(w, json_key(property));
        schema_value(t, mem, property, w, depth + 1);
    }
    jw_end_object(w);
}

static void schema_value(struct trial *t, struct arena *mem, const json_node *schema,
                         struct jsonw *w, unsigned depth)
{
    const json_node *choices = json_get(schema, "enum"), *type = json_get(schema, "type");
    const char *word = json_typeof(type) == JSON_ARRAY
                           ? json_str(json_at(type, below(t, (uint32_t)json_count(type))), "null")
                           : json_str(type, "");
    double least = json_num(json_get(schema, "minimum"), -1e15);
    double most = json_num(json_get(schema, "maximum"), 1e15);

    if (choices) {
        jw_node(w, json_at(choices, below(t, (uint32_t)json_count(choices))));
    } else if (streq(word, "string")) {
        schema_text(t, mem, schema, w);
    } else if (streq(word, "integer")) {
        double d = least + floor((most - least) * ((double)below(t, 1000) / 999.0));
        jw_int(w, (int64_t)(below(t, 3) ? d : below(t, 2) ? least : most));
    } else if (streq(word, "number")) {
        jw_real(w, least + (most - least) * ((double)below(t, 1000) / 999.0));
    } else if (streq(word, "boolean")) {
        jw_bool(w, below(t, 2));
    } else if (streq(word, "array")) {
        uint32_t n = (uint32_t)json_get_int(schema, "minItems", 0) + below(t, 3);
        int64_t max = json_get_int(schema, "maxItems", 100);
        jw_array(w);
        for (uint32_t i = 0; i < n && i < max && depth < 8; i++)
            schema_value(t, mem, json_get(schema, "items"), w, depth + 1);
        jw_end_array(w);
    } else if (streq(word, "object")) {
        schema_object(t, mem, schema, w, depth);
    } else if (streq(word, "null")) {
        jw_null(w);
    } else {
        any_json(t, mem, w, depth);
    }
}

static unsigned operations(struct trial *t)
{
    unsigned tried = 0;

    for (uint32_t i = 0; i < t->m->n_operations && trial_interface(t, ALLORA_OPERATIONS_ID); i++) {
        const struct operation_decl *op = &t->m->operations[i];
        const unsigned before = t->findings;
        bool reads = op->effect == ALLORA_EFFECT_READ;
        for (int k = 0; k < CALLS && reads && t->findings == before; k++) {
            A_CLEAN(arena_done) struct arena mem;
            A_CLEAN(buf_done) struct buf args = BUF(4 << 20);
            struct jsonw w = JSONW(&args);
            struct called c;
            arena_init(&mem, 16 << 20);
            schema_object(t, &mem, op->arguments, &w, 0);
            trial_at(t, "%s, random arguments %d: %.200s", op->name, k + 1, buf_str(&args));
            call_operation(t, op, (allora_str){args.ptr, args.len}, &c);
            (void)CHECK(t, c.status != ALLORA_E_INTERNAL && c.status != ALLORA_E_ABI, "",
                        "%s %.200s: %s", op->name, buf_str(&args), called_words(&c));
            called_done(&c);
            tried++;
        }
    }
    return tried;
}

/* ---- conversations ---- */

static void conversation(struct trial *t, struct arena *mem, struct buf *out)
{
    static const char *const roles[] = {"user", "assistant", "tool", "system"};
    struct jsonw w = JSONW(out);

    jw_array(&w);
    for (uint32_t i = 0, n = 1 + below(t, 5); i < n; i++) {
        const char *role = i + 1 == n && below(t, 3) ? "user" : roles[below(t, 4)];
        allora_str content = text(t, mem, TEXT_MAX);
        A_CLEAN(buf_done) struct buf answer = BUF(1 << 20);
        jw_object(&w);
        jw_kstr(&w, "role", role);
        if (streq(role, "tool")) { /* its content is JSON text */
            struct jsonw inner = JSONW(&answer);
            jw_kstr(&w, "tool_call_id", "call_1");
            any_json(t, mem, &inner, 0);
            content = (allora_str){buf_str(&answer), answer.len};
        }
        jw_key(&w, "content");
        jw_strn(&w, content.ptr, content.len);
        if (below(t, 4) == 0) {
            jw_key(&w, "state");
            any_json(t, mem, &w, 1);
        }
        jw_end_object(&w);
    }
    jw_end_array(&w);
}

static unsigned turns(struct trial *t)
{
    A_CLEAN(buf_done) struct buf tools = BUF(1 << 16);
    const unsigned before = t->findings;
    unsigned tried = 0;

    if (!t->m->n_agents || !trial_interface(t, ALLORA_AGENT_ID))
        return 0;
    agent_tools(&t->m->agents[0], &tools);
    for (; tried < TURNS && t->findings == before; tried++) {
        A_CLEAN(arena_done) struct arena mem;
        A_CLEAN(buf_done) struct buf messages = BUF(8 << 20);
        struct called c;
        arena_init(&mem, 16 << 20);
        conversation(t, &mem, &messages);
        trial_at(t, "random conversation %u: %.300s", tried + 1, buf_str(&messages));
        call_turn(t, (allora_str){messages.ptr, messages.len}, (allora_str){tools.ptr, tools.len},
                  &c);
        (void)CHECK(t, c.status != ALLORA_E_INTERNAL && c.status != ALLORA_E_ABI, "",
                    "random conversation %u: %s", tried + 1, called_words(&c));
        if (c.status >= 0)
            (void)CHECK(t, collect_count(&c.got, ALLORA_EV_DONE) == 1, "one DONE, at the end",
                        "random conversation %u ends without DONE", tried + 1);
        called_done(&c);
    }
    return tried;
}

void kit_check_fuzz(struct trial *t)
{
    unsigned long long seed = t->seed;
    bool tables = t->m->n_tables && trial_interface(t, ALLORA_PROVIDER_ID);

    if (tables)
        trial_each_table(t, listings);
    unsigned tried = operations(t) + turns(t);
    if (!tables && !tried)
        trial_skip(t, "nothing in it takes input");
    else if (!t->skipped || tried)
        trial_note(t, "seed %llu", seed);
    if (tried)
        t->skipped = false;
}
