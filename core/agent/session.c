/* Sessions in the store.  Every change reads the record afresh inside its transaction: another
 * process may have written. */
#include "agent/session.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include <inttypes.h>
#include <stdio.h>

enum { RECORD_MAX = 64 << 10, MESSAGES_BYTES_MAX = 32 << 20 };

void session_key(char out[SESSION_KEY_SIZE], uint64_t number)
{
    (void)snprintf(out, SESSION_KEY_SIZE, "%010" PRIu64, number);
}

static void part_key(char out[SESSION_KEY_SIZE], uint64_t number, uint64_t part)
{
    (void)snprintf(out, SESSION_KEY_SIZE, "%010" PRIu64 "/%06" PRIu64, number, part);
}

int32_t text_list_add(struct text_list *l, struct arena *mem, const char *p, size_t n)
{
    struct text_item *item = arena_alloc(mem, sizeof *item);
    const char *copy = item ? arena_strndup(mem, p, n) : NULL;
    if (!copy)
        return ALLORA_E_NOMEM;
    *item = (struct text_item){{copy, n}, NULL};
    if (l->last)
        l->last->next = item;
    else
        l->first = item;
    l->last = item;
    l->n++;
    return ALLORA_OK;
}

static const char *copy_text(struct arena *mem, const json_node *node, const char *key, bool *oom)
{
    const char *text = json_get_str(node, key, NULL);
    char *copy = text ? arena_strdup(mem, text) : NULL;
    *oom = *oom || (text && !copy);
    return copy;
}

int32_t session_parse(const struct store_item *item, struct arena *mem, struct session *ret,
                      allora_error *err)
{
    A_CLEAN(json_freep) json_node *node = NULL;
    int32_t status = json_parse(item->value.ptr, (size_t)item->value.len, &node, err);
    if (status) {
        err_prefix(err, "session %s in the store: ", item->key.ptr);
        return status == ALLORA_E_NOMEM ? status : ALLORA_E_INTERNAL;
    }
    bool oom = false;
    *ret = (struct session){
        .number = strtoull(item->key.ptr, NULL, 10),
        .title = copy_text(mem, node, "title", &oom),
        .agent = copy_text(mem, node, "agent", &oom),
        .model = copy_text(mem, node, "model", &oom),
        .terminal = copy_text(mem, node, "terminal", &oom),
        .created_us = json_get_int(node, "created_us", 0),
        .updated_us = json_get_int(node, "updated_us", 0),
        .questions = (uint64_t)json_get_int(node, "questions", 0),
        .messages = (uint64_t)json_get_int(node, "messages", 0),
        .receipts = (uint64_t)json_get_int(node, "receipts", 0),
        .turns = (uint64_t)json_get_int(node, "turns", 0),
    };
    return oom ? err_nomem(err) : ALLORA_OK;
}

int32_t session_load(struct store *st, struct arena *mem, uint64_t number, struct session *ret,
                     allora_error *err)
{
    char key[SESSION_KEY_SIZE];
    struct store_item item;
    session_key(key, number);
    int32_t status = store_get(st, mem, "session", key, &item, err);
    if (status == ALLORA_E_NOTFOUND) {
        (void)err_set(err, status, "no session %" PRIu64, number);
        err_hint(err, "allora session list shows those that were kept");
    }
    return status ? status : session_parse(&item, mem, ret, err);
}

static int32_t save(struct store *st, const struct session *s, uint64_t version, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(RECORD_MAX);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kstr(&w, "title", s->title);
    jw_kstr(&w, "agent", s->agent);
    jw_kstr(&w, "model", s->model);
    jw_kstr(&w, "terminal", s->terminal);
    jw_kint(&w, "created_us", s->created_us);
    jw_kint(&w, "updated_us", s->updated_us);
    jw_kint(&w, "questions", (int64_t)s->questions);
    jw_kint(&w, "messages", (int64_t)s->messages);
    jw_kint(&w, "receipts", (int64_t)s->receipts);
    jw_kint(&w, "turns", (int64_t)s->turns);
    jw_end_object(&w);
    if (buf_failed(&b))
        return err_nomem(err);
    char key[SESSION_KEY_SIZE];
    session_key(key, s->number);
    return store_put_if(st, "session", key, (allora_str){b.ptr, b.len}, version, NULL, err);
}

struct latest {
    struct arena mem;
    int64_t updated_us;
    uint64_t number;
    bool need_receipts;
    allora_error *err;
};

static int32_t keep_latest(void *self, const struct store_item *item)
{
    struct latest *l = self;
    struct session s;
    arena_reset(&l->mem);
    int32_t status = session_parse(item, &l->mem, &s, l->err);
    if (!status && s.updated_us >= l->updated_us && (s.receipts || !l->need_receipts)) {
        l->updated_us = s.updated_us;
        l->number = s.number;
    }
    return status;
}

int32_t session_last(struct store *st, bool need_receipts, uint64_t *ret, allora_error *err)
{
    struct latest l = {.updated_us = INT64_MIN, .need_receipts = need_receipts, .err = err};
    arena_init(&l.mem, 0);
    int32_t status = store_scan(st, "session", "", false, 0, keep_latest, &l, err);
    arena_done(&l.mem);
    if (!status && l.number == 0) {
        status = err_set(err, ALLORA_E_NOTFOUND, "no %s was kept yet",
                         need_receipts ? "receipt" : "session");
        err_hint(err, "allora ask starts one");
    }
    if (!status)
        *ret = l.number;
    return status;
}

int32_t session_resolve(struct store *st, const char *text, uint64_t *ret, allora_error *err)
{
    if (streq(text, "last"))
        return session_last(st, false, ret, err);
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && n < UINT64_C(1000000000); p++)
        n = n * 10 + (uint64_t)(*p - '0');
    if (*p || p == text || n == 0) {
        int32_t status =
            err_set(err, ALLORA_E_ARG, "a session is a number, or last, not %.64s", text);
        err_hint(err, "allora session list shows those that were kept");
        return status;
    }
    *ret = n;
    return ALLORA_OK;
}

int32_t session_of_terminal(struct store *st, const char *terminal, uint64_t *ret,
                            allora_error *err)
{
    struct arena mem;
    arena_init(&mem, 0);
    struct store_item item;
    json_node *node = NULL;
    int32_t status = store_get(st, &mem, "terminal", terminal, &item, err);
    if (!status)
        status = json_parse(item.value.ptr, (size_t)item.value.len, &node, err);
    int64_t age = clock_wall_us() - json_get_int(node, "updated_us", 0);
    if (!status && (age < 0 || age > SESSION_IDLE_S * INT64_C(1000000)))
        status =
            err_set(err, ALLORA_E_NOTFOUND, "this terminal has no session of the last 30 minutes");
    if (!status)
        *ret = (uint64_t)json_get_int(node, "session", 0);
    json_free(node);
    arena_done(&mem);
    return status;
}

struct stale {
    struct arena mem;
    struct text_list keys;
    int64_t before_us;
};

static int32_t collect_stale(void *self, const struct store_item *item)
{
    struct stale *s = self;
    if (item->updated_us >= s->before_us)
        return 0;
    return text_list_add(&s->keys, &s->mem, item->key.ptr, (size_t)item->key.len);
}

/* Terminals are many and short-lived: those that could not go on with their session are forgotten.
 */
static int32_t forget_terminals(struct store *st, allora_error *err)
{
    struct stale s = {.before_us = clock_wall_us() - SESSION_IDLE_S * INT64_C(1000000)};
    arena_init(&s.mem, 0);
    int32_t status = store_scan(st, "terminal", "", false, 0, collect_stale, &s, err);
    for (const struct text_item *i = s.keys.first; !status && i; i = i->next)
        status = store_remove(st, "terminal", i->text.ptr, err);
    arena_done(&s.mem);
    return status;
}

static int32_t note_terminal(struct store *st, const struct session *s, allora_error *err)
{
    if (!s->terminal)
        return ALLORA_OK;
    char text[96];
    (void)snprintf(text, sizeof text, "{\"session\":%" PRIu64 ",\"updated_us\":%" PRId64 "}",
                   s->number, s->updated_us);
    return store_put_if(st, "terminal", s->terminal, str_of(text), UINT64_MAX, NULL, err);
}

/* Ends a transaction one way or the other. */
static int32_t settle(struct store *st, int32_t status, allora_error *err)
{
    if (status == ALLORA_OK)
        return store_commit(st, err);
    store_rollback(st);
    return status;
}

static int32_t next_number(struct store *st, uint64_t *ret, allora_error *err)
{
    struct arena mem;
    arena_init(&mem, 0);
    struct store_item item = {.value = {"", 0}};
    int32_t status = store_get(st, &mem, "meta", "session.next", &item, err);
    if (status == ALLORA_E_NOTFOUND)
        status = ALLORA_OK;
    uint64_t n = strtoull(item.value.ptr, NULL, 10);
    n = n ? n : 1;
    char text[32];
    (void)snprintf(text, sizeof text, "%" PRIu64, n + 1);
    if (!status)
        status = store_put_if(st, "meta", "session.next", str_of(text), UINT64_MAX, NULL, err);
    arena_done(&mem);
    *ret = n;
    return status;
}

int32_t session_create(struct store *st, struct session *s, allora_error *err)
{
    uint64_t number = 0;
    int32_t status = store_begin(st, err);
    if (status)
        return status;
    status = forget_terminals(st, err);
    if (!status)
        status = next_number(st, &number, err);
    struct session made = *s;
    made.number = number;
    made.created_us = made.updated_us = clock_wall_us();
    if (!status)
        status = save(st, &made, 0, err);
    if (!status)
        status = note_terminal(st, &made, err);
    status = settle(st, status, err);
    if (!status)
        *s = made;
    return status;
}

struct gather {
    struct arena *mem;
    struct text_item *newest_first;
    size_t bytes;
};

static int32_t gather(void *self, const struct store_item *item)
{
    struct gather *g = self;
    struct text_item *t = arena_alloc(g->mem, sizeof *t);
    const char *copy = t ? arena_strndup(g->mem, item->value.ptr, (size_t)item->value.len) : NULL;
    if (!copy)
        return ALLORA_E_NOMEM;
    g->bytes += (size_t)item->value.len;
    *t = (struct text_item){{copy, item->value.len}, g->newest_first};
    g->newest_first = t; /* scanned backwards, so this ends up oldest first */
    return g->bytes > MESSAGES_BYTES_MAX ? ALLORA_STOP : 0;
}

int32_t session_messages(struct store *st, uint64_t number, struct buf *out, allora_error *err)
{
    char prefix[SESSION_KEY_SIZE];
    struct arena mem;
    arena_init(&mem, 0);
    struct gather g = {&mem, NULL, 0};
    session_key(prefix, number);
    (void)snprintf(prefix + 10, sizeof prefix - 10, "/");
    int32_t status = store_scan(st, "message", prefix, true, SESSION_MESSAGES_MAX, gather, &g, err);
    static const char question[] = "{\"role\":\"user\"";
    bool started = false;
    for (const struct text_item *i = g.newest_first; !status && i; i = i->next) {
        started = started || str_starts(i->text.ptr, question);
        if (!started)
            continue;
        if (out->len)
            buf_addc(out, ',');
        buf_add(out, i->text.ptr, (size_t)i->text.len);
    }
    arena_done(&mem);
    if (status)
        return status;
    return buf_failed(out) ? err_nomem(err) : ALLORA_OK;
}

static int32_t append(struct store *st, const char *space, uint64_t number, uint64_t *count,
                      const struct text_list *list, allora_error *err)
{
    int32_t status = ALLORA_OK;
    for (const struct text_item *i = list->first; !status && i; i = i->next) {
        char key[SESSION_KEY_SIZE];
        part_key(key, number, ++*count);
        status = store_put_if(st, space, key, i->text, 0, NULL, err);
    }
    return status;
}

int32_t session_append(struct store *st, struct session *s, const struct text_list *messages,
                       const struct text_list *turns, allora_error *err)
{
    struct arena mem;
    struct session now = {0};
    int32_t status = store_begin(st, err);
    if (status)
        return status;
    arena_init(&mem, 0);
    status = session_load(st, &mem, s->number, &now, err);
    if (!status)
        status = append(st, "message", s->number, &now.messages, messages, err);
    if (!status)
        status = append(st, "turn", s->number, &now.turns, turns, err);
    now.questions++;
    now.updated_us = clock_wall_us();
    now.agent = s->agent;
    now.model = s->model;
    now.terminal = s->terminal ? s->terminal : now.terminal;
    if (s->title)
        now.title = s->title;
    if (!status)
        status = save(st, &now, UINT64_MAX, err);
    if (!status)
        status = note_terminal(st, &now, err);
    status = settle(st, status, err);
    arena_done(&mem);
    return status;
}

int32_t session_add_receipt(struct store *st, struct session *s,
                            void (*write)(void *self, uint64_t n, struct buf *out), void *self,
                            uint64_t *ret_n, struct buf *out, allora_error *err)
{
    struct arena mem;
    struct session now = {0};
    int32_t status = store_begin(st, err);
    if (status)
        return status;
    arena_init(&mem, 0);
    status = session_load(st, &mem, s->number, &now, err);
    if (!status) {
        write(self, now.receipts + 1, out);
        status = buf_failed(out) ? err_nomem(err) : ALLORA_OK;
    }
    if (!status) {
        char key[SESSION_KEY_SIZE];
        part_key(key, s->number, ++now.receipts);
        status = store_put_if(st, "receipt", key, (allora_str){out->ptr, out->len}, 0, NULL, err);
    }
    now.updated_us = clock_wall_us();
    if (!status)
        status = save(st, &now, UINT64_MAX, err);
    status = settle(st, status, err);
    if (!status)
        *ret_n = now.receipts;
    arena_done(&mem);
    return status;
}

int32_t session_receipt(struct store *st, struct arena *mem, uint64_t number, uint64_t n,
                        allora_str *ret, allora_error *err)
{
    char key[SESSION_KEY_SIZE];
    struct store_item item;
    part_key(key, number, n);
    int32_t status = store_get(st, mem, "receipt", key, &item, err);
    if (status == ALLORA_E_NOTFOUND)
        (void)err_set(err, status, "session %" PRIu64 " has no receipt %" PRIu64, number, n);
    if (!status)
        *ret = item.value;
    return status;
}

static int32_t collect_keys(void *self, const struct store_item *item)
{
    struct stale *s = self;
    return text_list_add(&s->keys, &s->mem, item->key.ptr, (size_t)item->key.len);
}

static int32_t remove_all(struct store *st, const char *space, const char *prefix,
                          allora_error *err)
{
    struct stale s = {0};
    arena_init(&s.mem, 0);
    int32_t status = store_scan(st, space, prefix, false, 0, collect_keys, &s, err);
    for (const struct text_item *i = s.keys.first; !status && i; i = i->next)
        status = store_remove(st, space, i->text.ptr, err);
    arena_done(&s.mem);
    return status;
}

int32_t session_delete(struct store *st, uint64_t number, allora_error *err)
{
    static const char *const spaces[] = {"message", "receipt", "turn"};
    struct arena mem;
    struct session s;
    char key[SESSION_KEY_SIZE], prefix[SESSION_KEY_SIZE];
    session_key(key, number);
    (void)snprintf(prefix, sizeof prefix, "%010" PRIu64 "/", number);
    arena_init(&mem, 0);
    int32_t status =
        session_load(st, &mem, number, &s, err); /* nothing is created by a wrong number */
    arena_done(&mem);
    if (!status)
        status = store_begin(st, err);
    if (status)
        return status;
    status = store_remove(st, "session", key, err);
    for (size_t i = 0; !status && i < sizeof spaces / sizeof *spaces; i++)
        status = remove_all(st, spaces[i], prefix, err);
    return settle(st, status, err);
}
