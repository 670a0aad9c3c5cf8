#include "kit/calls.h"

#include "base/arena.h"
#include "base/jsonw.h"
#include "base/map.h"
#include "base/str.h"
#include "operation/arguments.h"

#include <math.h>

bool example_arguments(const struct operation_decl *op, size_t i, struct buf *out)
{
    A_CLEAN(buf_done) struct buf text = BUF(1 << 20);
    A_CLEAN(arena_done) struct arena mem;
    A_CLEAN(json_freep) json_node *parsed = NULL;
    const json_node *examples = json_get(op->node, "examples");
    const struct schema *schema = NULL;
    allora_error err = ERR_INIT;
    struct jsonw w = JSONW(&text), filled = JSONW(out);
    bool any;

    arena_init(&mem, 0);
    if (i >= json_count(examples) && (i > 0 || json_count(examples) > 0))
        return false;
    const json_node *given = json_get(json_at(examples, i), "arguments");
    if (given)
        jw_node(&w, given);
    if (schema_compile(&mem, op->arguments, &schema, &err) ||
        arguments_parse(schema, op->name, (allora_str){buf_str(&text), text.len}, &parsed, &any,
                        &err))
        return false;
    jw_node(&filled, parsed);
    return !buf_failed(out);
}

static allora_ctx *begin(struct trial *t, struct called *c)
{
    *c = (struct called){.err = ERR_INIT};
    t->bench.asked_cancelled = 0;
    t->bench.allocs = 0;
    return bench_open(&t->bench);
}

static void end(struct trial *t, allora_ctx *ctx, const char *what)
{
    (void)CHECK(t, t->bench.open_scopes == 0, "close it on every way out",
                "%s: a scope is left open", what);
    t->bench.open_scopes = 0;
    bench_close(ctx);
}

static allora_instance *instance(const struct trial *t)
{
    return t->use_bare ? t->bare : t->self;
}

void call_operation(struct trial *t, const struct operation_decl *op, allora_str args,
                    struct called *c)
{
    const allora_operations_v1 *o = trial_interface(t, ALLORA_OPERATIONS_ID);
    allora_ctx *ctx = begin(t, c);
    const allora_sink sink = collect(&c->got);
    const uint64_t lent = hash_bytes(args.ptr, args.len, 0);

    c->status = o && ALLORA_CAN(allora_operations_v1, o, call)
                    ? o->call(instance(t), ctx, op->name, args, &sink, &c->err)
                    : ALLORA_E_ABI;
    (void)CHECK(t, hash_bytes(args.ptr, args.len, 0) == lent, "copy what is to be changed",
                "%s: changes the arguments that it was lent", op->name);
    end(t, ctx, op->name);
}

void call_turn(struct trial *t, allora_str messages, allora_str tools, struct called *c)
{
    const allora_agent_v1 *a = trial_interface(t, ALLORA_AGENT_ID);
    const allora_turn_request req = {.size = (uint32_t)sizeof req,
                                     .messages_json = messages,
                                     .tools_json = tools,
                                     .output_schema_json = {"", 0},
                                     .temperature = (double)NAN};
    allora_ctx *ctx = begin(t, c);
    const allora_sink sink = collect(&c->got);

    c->status = a && ALLORA_CAN(allora_agent_v1, a, turn)
                    ? a->turn(instance(t), ctx, &req, &sink, &c->err)
                    : ALLORA_E_ABI;
    end(t, ctx, "turn");
}

/* Defaults of the grammar as the texts that a face gets. */
static uint32_t face_args(const struct command_decl *command, struct arena *mem, allora_pair *out,
                          uint32_t max)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < command->n_args && n < max; i++) {
        const struct arg_decl *a = &command->args[i];
        A_CLEAN(buf_done) struct buf text = BUF(1 << 16);
        struct jsonw w = JSONW(&text);
        if (!a->dflt)
            continue;
        if (json_typeof(a->dflt) == JSON_STRING)
            buf_adds(&text, json_str(a->dflt, ""));
        else
            jw_node(&w, a->dflt);
        char *copy = arena_strndup(mem, buf_str(&text), text.len);
        if (copy)
            out[n++] = (allora_pair){str_of(a->name), {copy, text.len}};
    }
    return n;
}

void call_face(struct trial *t, const struct command_decl *command, struct called *c)
{
    A_CLEAN(arena_done) struct arena mem;
    A_CLEAN(buf_done) struct buf name = BUF(1024);
    allora_pair args[64];
    const allora_face_v1 *f = trial_interface(t, ALLORA_FACE_ID);
    allora_ctx *ctx = begin(t, c);
    const allora_sink sink = collect(&c->got);

    arena_init(&mem, 0);
    command_name(command, &name);
    allora_invocation run = {.size = (uint32_t)sizeof run, .command = buf_str(&name), .args = args};
    run.n_args = face_args(command, &mem, args, 64);
    int32_t exit_code = 0;
    c->status = f && ALLORA_CAN(allora_face_v1, f, run)
                    ? f->run(instance(t), ctx, &run, &sink, &exit_code, &c->err)
                    : ALLORA_E_ABI;
    c->exit_code = exit_code;
    end(t, ctx, buf_str(&name));
}

void called_done(struct called *c)
{
    collect_done(&c->got);
}

const char *called_words(const struct called *c)
{
    return c->err.message[0] ? c->err.message : status_text(c->status);
}

void command_name(const struct command_decl *c, struct buf *out)
{
    for (uint32_t i = 0; i < c->n_path; i++)
        buf_addf(out, "%s%s", i ? " " : "", c->path[i]);
}

void agent_tools(const struct agent_decl *a, struct buf *out)
{
    static const struct {
        const char *name, *description, *parameters;
    } tools[] = {
        {"query.sql", "Run one SQL select",
         "{\"type\":\"object\",\"properties\":{\"sql\":{\"type\":\"string\"}},\"required\":["
         "\"sql\"]}"},
        {"table.list", "List the tables",
         "{\"type\":\"object\",\"properties\":{\"pattern\":{\"type\":\"string\"}}}"},
        {"table.describe", "Describe a table",
         "{\"type\":\"object\",\"properties\":{\"table\":{\"type\":\"string\"}},\"required\":["
         "\"table\"]}"},
    };
    struct jsonw w = JSONW(out);

    jw_array(&w);
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        bool may = false;
        for (uint32_t k = 0; k < a->n_tools && !may; k++)
            may = glob_match(a->tools[k], tools[i].name);
        if (!may)
            continue;
        jw_object(&w);
        jw_kstr(&w, "name", tools[i].name);
        jw_kstr(&w, "description", tools[i].description);
        jw_key(&w, "parameters");
        jw_raw(&w, tools[i].parameters, strlen(tools[i].parameters));
        jw_end_object(&w);
    }
    jw_end_array(&w);
}

void first_message(const char *question, struct buf *out)
{
    struct jsonw w = JSONW(out);

    jw_array(&w);
    jw_object(&w);
    jw_kstr(&w, "role", "user");
    jw_kstr(&w, "content", question);
    jw_end_object(&w);
    jw_end_array(&w);
}
