/* A chat by lines: what `chat` will be made of.  Each line is a turn of an agent in a scope of its
 * own, whose memory ends with it and which Ctrl-C stops; the chat goes on. */
#include <allora/sdk.h>
#include <stdio.h>
#include <string.h>

struct chat {
    allora_instance *self;
    const sdk_instance *host;
    allora_ctx *ctx;
    const allora_sink *sink;
    const char *agent;
    unsigned pieces; /* of answers, as they came */
    bool quit;
};

static void say(struct chat *c, const char *text)
{
    (void)sdk_event(c->sink, ALLORA_EV_TEXT, text);
    (void)sdk_event(c->sink, ALLORA_EV_DONE, "{\"reason\":\"stop\"}");
}

/* Everything goes on to the host, which renders it while it comes; pieces of text are counted. */
static int32_t pass_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    const struct chat *c = self;
    return c->sink->begin(c->sink->self, columns, n);
}

static int32_t pass_row(void *self, const allora_value *cells, uint32_t n)
{
    const struct chat *c = self;
    return c->sink->row(c->sink->self, cells, n);
}

static int32_t pass_event(void *self, int32_t kind, allora_str payload)
{
    struct chat *c = self;
    c->pieces += kind == ALLORA_EV_TEXT;
    return c->sink->event(c->sink->self, kind, payload);
}

static void turn(struct chat *c, allora_str question)
{
    allora_ctx *scope = NULL;
    allora_error err = {.size = (uint32_t)sizeof(err)};
    const allora_sink sink = {c, pass_begin, pass_row, pass_event};
    int32_t rc = c->host->scope->open(c->ctx, sdk_str(""), 0, ALLORA_SCOPE_INTERRUPT, &scope, &err);
    if (rc == ALLORA_OK) {
        sdk_writer w = sdk_writer_begin(c->self, scope);
        sdk_w_open(&w, NULL, '{');
        sdk_w_str(&w, "question", question);
        if (c->agent)
            sdk_w_text(&w, "agent", c->agent);
        sdk_w_close(&w, '}');
        allora_str json = sdk_w_done(&w);
        rc = json.ptr ? c->host->invoke->call(scope, "agent.ask", json, &sink, &err)
                      : ALLORA_E_NOMEM;
    }
    (void)sdk_event(c->sink, ALLORA_EV_DONE, "{\"reason\":\"stop\"}");
    if (rc == ALLORA_E_CANCELLED && !c->host->host->cancelled(c->ctx)) {
        say(c, "(stopped)");
    } else if (rc < 0) {
        char line[700];
        (void)snprintf(line, sizeof(line), "(%s: %s)", sdk_status_name(rc), err.message);
        say(c, line);
    }
    c->host->scope->close(scope);
}

static void command(struct chat *c, allora_str line)
{
    char text[64];
    if (sdk_str_is(line, "/quit")) {
        c->quit = true;
    } else if (sdk_str_is(line, "/pieces")) {
        (void)snprintf(text, sizeof(text), "pieces=%u", c->pieces);
        say(c, text);
    } else {
        say(c, "/pieces, /quit");
    }
}

/* A scope for the line, so that a long chat does not grow. */
static int32_t one_line(struct chat *c, allora_error *err)
{
    allora_ctx *scope = NULL;
    allora_str line = {"", 0};
    int32_t rc = c->host->scope->open(c->ctx, sdk_str(""), 0, 0, &scope, err);
    if (rc)
        return rc;
    rc = c->host->console->read_line(scope, sdk_str("you> "), "linechat", "linechat.complete",
                                     &line, err);
    while (rc == ALLORA_OK && line.len && line.ptr[line.len - 1] == ' ')
        line.len--; /* completion puts one behind the word */
    if (rc == ALLORA_OK && line.len && line.ptr[0] == '/')
        command(c, line);
    else if (rc == ALLORA_OK && line.len)
        turn(c, line);
    c->host->scope->close(scope);
    if (rc == ALLORA_E_CANCELLED && !c->host->host->cancelled(c->ctx)) {
        say(c, "(/quit leaves)");
        return ALLORA_OK;
    }
    return rc;
}

static int32_t run(allora_instance *self, allora_ctx *ctx, const allora_invocation *invocation,
                   const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    struct chat c = {.self = self,
                     .host = sdk_of(self),
                     .ctx = ctx,
                     .sink = sink,
                     .agent = sdk_invocation_arg(invocation, "agent", NULL)};
    int32_t rc = ALLORA_OK;
    while (rc == ALLORA_OK && !c.quit)
        rc = one_line(&c, err);
    *ret_exit_code = 0;
    return rc < 0 ? rc : ALLORA_OK;
}

static int32_t complete(allora_instance *self, allora_ctx *ctx, const char *operation,
                        allora_str args_json, const allora_sink *sink, allora_error *err)
{
    static const sdk_column columns[] = {{"value", NULL, ALLORA_V_TEXT}};
    static const char *const words[] = {"/pieces", "/quit"};
    const sdk_json *args;
    (void)operation;
    int32_t rc = sdk_args(self, ctx, args_json, &args, err);
    if (rc == ALLORA_OK)
        rc = sdk_begin(sink, columns, 1);
    const char *line = rc ? "" : sdk_get_str(args, "line", "");
    for (size_t i = 0; rc == ALLORA_OK && i < sizeof(words) / sizeof(words[0]); i++) {
        const allora_value cell = sdk_cell_text(words[i]);
        if (strncmp(words[i], line, strlen(line)) == 0)
            rc = sink->row(sink->self, &cell, 1);
    }
    return rc;
}

static const sdk_operation operations[] = {{"linechat.complete", complete, NULL, NULL},
                                           {NULL, NULL, NULL, NULL}};
static const sdk_plugin plugin = {.id = "linechat", .operations = operations, .run = run};
ALLORA_PLUGIN(plugin);
