/* A cancelled call ends, and soon: listings, operations, turns and faces. */
#include "kit/calls.h"

#include "base/clock.h"

enum { PROMPT_S = 5 };

static void judge(struct trial *t, const char *what, const struct called *c, int64_t start)
{
    double took = (double)(clock_mono_us() - start) / 1e6;

    if (t->bench.asked_cancelled)
        (void)CHECK(t, c->status == ALLORA_E_CANCELLED || trial_poor_world(t, c->status),
                    "return what cancelled() returned", "%s: cancelled, and returns %s", what,
                    status_name(c->status));
    (void)CHECK(t, took < PROMPT_S, "ask cancelled() more often",
                "%s: cancelled, and goes on for %.0f s", what, took);
}

static unsigned operations(struct trial *t)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < t->m->n_operations; i++) {
        const struct operation_decl *op = &t->m->operations[i];
        A_CLEAN(buf_done) struct buf args = BUF(1 << 20);
        struct called c;
        if (op->effect != ALLORA_EFFECT_READ || !example_arguments(op, 0, &args))
            continue;
        trial_at(t, "%s, cancelled", op->name);
        int64_t start = clock_mono_us();
        call_operation(t, op, (allora_str){args.ptr, args.len}, &c);
        judge(t, op->name, &c, start);
        called_done(&c);
        n++;
    }
    return n;
}

static unsigned turns(struct trial *t)
{
    A_CLEAN(buf_done) struct buf message = BUF(1 << 12);
    A_CLEAN(buf_done) struct buf tools = BUF(1 << 16);
    struct called c;

    if (!t->m->n_agents || !trial_interface(t, ALLORA_AGENT_ID))
        return 0;
    first_message("which tables are about disk?", &message);
    agent_tools(&t->m->agents[0], &tools);
    trial_at(t, "a turn, cancelled");
    int64_t start = clock_mono_us();
    call_turn(t, (allora_str){message.ptr, message.len}, (allora_str){tools.ptr, tools.len}, &c);
    judge(t, "turn()", &c, start);
    called_done(&c);
    return 1;
}

static unsigned faces(struct trial *t)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < t->m->n_commands; i++) {
        const struct command_decl *command = &t->m->commands[i];
        A_CLEAN(buf_done) struct buf name = BUF(1024);
        struct called c;
        bool required = false;
        for (uint32_t k = 0; k < command->n_args; k++)
            required = required || (command->args[k].required && !command->args[k].dflt);
        if (command->face == FACE_NEVER || (required && command->face == FACE_ALWAYS))
            continue;
        command_name(command, &name);
        trial_at(t, "allora %s, cancelled", buf_str(&name));
        int64_t start = clock_mono_us();
        call_face(t, command, &c);
        double took = (double)(clock_mono_us() - start) / 1e6;
        (void)CHECK(t, took < PROMPT_S, "ask cancelled(), or poll its descriptor",
                    "%s: cancelled, and goes on for %.0f s", buf_str(&name), took);
        called_done(&c);
        n++;
    }
    return n;
}

void kit_check_cancel(struct trial *t)
{
    bool tables = t->m->n_tables > 0;
    unsigned n = 0;

    if (tables)
        kit_check_cancelled_tables(t);
    t->bench.cancel_after = 1;
    n = operations(t) + turns(t) + faces(t);
    t->bench.cancel_after = 0;
    if (!tables && !n)
        trial_skip(t, "nothing in it can be cancelled");
}
