/* Sessions under load: many questions at once, in sessions of their own and all in one, by threads
 * and by processes. */
#include "agent/agent.h"
#include "agent/manager.h"
#include "agent/session.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rowset.h"
#include "base/str.h"
#include "base/value.h"
#include "unit.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ASKERS = 5, QUESTIONS = 6 };

static const struct principal owner = {"local:test", true, false};
static const allora_column n_column = {.size = sizeof n_column, .type = ALLORA_V_INT, .name = "n"};
static const allora_column *const columns[] = {&n_column};

/* Asks its tool once, then answers: which of the two is due is seen from the conversation's end. */
static int32_t turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *r,
                    const allora_sink *sink, allora_error *err)
{
    (void)self, (void)ctx, (void)err;
    json_node *messages = NULL;
    assert_int_equal(json_parse(r->messages_json.ptr, (size_t)r->messages_json.len, &messages, err),
                     0);
    const json_node *last = json_at(messages, json_count(messages) - 1);
    bool told = streq(json_get_str(last, "role", ""), "tool");
    json_free(messages);
    static const char tool[] = "{\"id\":\"c\",\"name\":\"t.count\",\"arguments\":{}}";
    int32_t status = told ? sink->event(sink->self, ALLORA_EV_TEXT, str_of("One."))
                          : sink->event(sink->self, ALLORA_EV_TOOL_CALL, str_of(tool));
    return status ? status
                  : sink->event(
                        sink->self, ALLORA_EV_DONE,
                        str_of(told ? "{\"reason\":\"stop\"}" : "{\"reason\":\"tool_calls\"}"));
}

static const allora_agent_v1 fake_agent = {.size = sizeof fake_agent, .turn = turn};

static int32_t call(void *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    (void)self, (void)ctx, (void)operation, (void)args, (void)err;
    const allora_value cell = val_int(1);
    (void)sink->begin(sink->self, columns, 1);
    return sink->row(sink->self, &cell, 1);
}

static int32_t catalogue(void *self, allora_ctx *ctx, const char *glob, const allora_sink *sink,
                         allora_error *err)
{
    (void)self, (void)ctx, (void)glob, (void)err;
    const allora_value cells[] = {val_text("t.count"), val_text("read"),  val_text("s"),
                                  val_json("{}", 2),   val_json("[]", 2), val_text("allora"),
                                  val_bool(true),      val_null()};
    return sink->row(sink->self, cells, 8);
}

static const struct dispatch fake_gate = {NULL, call, catalogue};

struct place {
    char dir[64];
    struct store *store;
    struct agents *agents;
};

static void open_place(struct place *p)
{
    allora_error err = ERR_INIT;
    assert_int_equal(store_new(p->dir, &p->store, &err), ALLORA_OK);
    const struct agents_options o = {.dispatch = &fake_gate, .store = p->store};
    assert_int_equal(agents_new(&o, &p->agents, &err), ALLORA_OK);
    assert_int_equal(agents_add(p->agents, "fake", "*", &fake_agent, NULL), ALLORA_OK);
}

static void close_place(struct place *p)
{
    agents_free(p->agents);
    store_free(p->store);
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    (void)snprintf(p->dir, sizeof p->dir, "%s", "/tmp/allora-session-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    open_place(p);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    close_place(p);
    DIR *d = opendir(p->dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (e->d_name[0] != '.')
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        (void)closedir(d);
    (void)rmdir(p->dir);
    free(p);
    return 0;
}

static int32_t ask(struct place *p, const char *args, struct rowset *got)
{
    allora_error err = ERR_INIT;
    json_node *node = NULL;
    allora_ctx *ctx = ctx_root(&owner, 0);
    rowset_init(got, 0, 0);
    const allora_sink sink = rowset_sink(got);
    int32_t status = json_parse(args, strlen(args), &node, &err);
    if (!status)
        status = agent_op_ask(p->agents, ctx, node, &sink, &err);
    if (status)
        (void)fprintf(stderr, "ask: %s\n", err.message);
    json_free(node);
    ctx_close(ctx);
    return status;
}

/* Asks again and again; the session's number goes on from the first answer unless one is given. */
static unsigned questions(struct place *p, const char *session)
{
    char args[128];
    unsigned failures = 0;
    char own[32];
    (void)snprintf(own, sizeof own, "%s", session ? session : "new");
    for (int i = 0; i < QUESTIONS; i++) {
        struct rowset got;
        (void)snprintf(args, sizeof args, "{\"question\":\"q%d\",\"session\":\"%s\"}", i, own);
        failures +=
            ask(p, args, &got) != ALLORA_OK || rowset_event(&got, ALLORA_EV_WARNING).len != 0;
        allora_str text = rowset_event(&got, ALLORA_EV_RESULT);
        json_node *doc = NULL;
        allora_error err = ERR_INIT;
        if (json_parse(text.ptr, (size_t)text.len, &doc, &err) == ALLORA_OK)
            (void)snprintf(own, sizeof own, "%s", json_get_str(doc, "session", "?"));
        json_free(doc);
        rowset_done(&got);
    }
    return failures;
}

/* Whole questions, one after the other, and receipts 1 to n, each once. */
static void check(struct place *p, uint64_t number, uint64_t asked)
{
    struct arena mem;
    struct session s;
    allora_error err = ERR_INIT;
    struct buf b = BUF(16 << 20);
    json_node *messages = NULL;
    arena_init(&mem, 0);
    assert_int_equal(session_load(p->store, &mem, number, &s, &err), ALLORA_OK);
    assert_int_equal(s.questions, asked);
    assert_int_equal(s.messages, asked * 4);
    assert_int_equal(s.receipts, asked);
    assert_int_equal(s.turns, asked * 2);
    for (uint64_t n = 1; n <= asked; n++) {
        allora_str receipt;
        assert_int_equal(session_receipt(p->store, &mem, number, n, &receipt, &err), ALLORA_OK);
    }
    buf_addc(&b, '[');
    struct buf inner = BUF(16 << 20);
    assert_int_equal(session_messages(p->store, number, &inner, &err), ALLORA_OK);
    buf_add(&b, inner.ptr, inner.len);
    buf_addc(&b, ']');
    assert_int_equal(json_parse(b.ptr, b.len, &messages, &err), ALLORA_OK);
    static const char *const roles[] = {"user", "assistant", "tool", "assistant"};
    size_t i = 0;
    json_foreach (message, messages)
        assert_string_equal(json_get_str(message, "role", ""), roles[i++ % 4]);
    assert_int_equal(i, asked * 4);
    json_free(messages);
    buf_done(&inner);
    buf_done(&b);
    arena_done(&mem);
}

struct asker {
    struct place *place;
    const char *session;
    unsigned failures;
};

static void *run_asker(void *self)
{
    struct asker *a = self;
    a->failures = questions(a->place, a->session);
    return NULL;
}

static void run_threads(struct place *p, const char *session)
{
    pthread_t threads[ASKERS];
    struct asker askers[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){p, session, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, run_asker, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].failures, 0);
    }
}

static void threads_in_sessions_of_their_own(void **state)
{
    struct place *p = *state;
    run_threads(p, NULL);
    for (uint64_t n = 1; n <= ASKERS; n++)
        check(p, n, QUESTIONS);
}

static void threads_in_one_session(void **state)
{
    struct place *p = *state;
    struct rowset got;
    assert_int_equal(ask(p, "{\"question\":\"first\"}", &got), ALLORA_OK);
    rowset_done(&got);
    run_threads(p, "1");
    check(p, 1, ASKERS * QUESTIONS + 1);
}

static void processes_in_one_session(void **state)
{
    struct place *p = *state;
    struct rowset got;
    assert_int_equal(ask(p, "{\"question\":\"first\"}", &got), ALLORA_OK);
    rowset_done(&got);
    close_place(p);
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            open_place(p);
            unsigned failures = questions(p, "1");
            close_place(p);
            _exit(failures ? 1 : 0);
        }
    }
    for (int i = 0; i < 3; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    open_place(p);
    check(p, 1, 3 * QUESTIONS + 1);
}

static void a_long_session_begins_with_a_question(void **state)
{
    struct place *p = *state;
    struct session s = {.title = "t"};
    allora_error err = ERR_INIT;
    struct arena mem;
    arena_init(&mem, 0);
    assert_int_equal(session_create(p->store, &s, &err), ALLORA_OK);
    struct text_list messages = {0}, turns = {0};
    static const char *const parts[] = {"{\"role\":\"user\",\"content\":\"q\"}",
                                        "{\"role\":\"assistant\",\"content\":\"a\"}",
                                        "{\"role\":\"tool\",\"content\":\"t\"}"};
    for (int i = 0; i < 3 * SESSION_MESSAGES_MAX; i++)
        assert_int_equal(text_list_add(&messages, &mem, parts[i % 3], strlen(parts[i % 3])), 0);
    assert_int_equal(session_append(p->store, &s, &messages, &turns, &err), ALLORA_OK);
    struct buf b = BUF(16 << 20);
    assert_int_equal(session_messages(p->store, s.number, &b, &err), ALLORA_OK);
    assert_memory_equal(b.ptr, parts[0], strlen(parts[0]));
    assert_true(str_ends(b.ptr, parts[2]));
    buf_done(&b);
    arena_done(&mem);
}

static void resolves_what_people_type(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *text;
        int32_t status;
    } rows[] = {{"0", ALLORA_E_ARG},
                {"-1", ALLORA_E_ARG},
                {"", ALLORA_E_ARG},
                {"3x", ALLORA_E_ARG},
                {"99999999999999999999", ALLORA_E_ARG},
                {"3", ALLORA_OK},
                {"003", ALLORA_OK},
                {"last", ALLORA_E_NOTFOUND}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t n = 0;
        allora_error err = ERR_INIT;
        assert_int_equal(session_resolve(p->store, rows[i].text, &n, &err), rows[i].status);
        if (rows[i].status == ALLORA_OK)
            assert_int_equal(n, 3);
    }
}

#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(threads_in_sessions_of_their_own),
        PLACE_TEST(threads_in_one_session),
        PLACE_TEST(processes_in_one_session),
        PLACE_TEST(a_long_session_begins_with_a_question),
        PLACE_TEST(resolves_what_people_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
