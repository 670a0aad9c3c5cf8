/* init: a few questions, and nothing is written before the last of them is answered.  The config
 * commands themselves are grammar onto the core's operations. */
#include <allora/sdk.h>
#include <stdio.h>
#include <string.h>

enum { CHOICES_MAX = 16, WORDS_MAX = 512, TRIES = 3 };

struct question {
    const char *key, *words;
    const char *choices[CHOICES_MAX];
    unsigned n_choices;
    const char *now, *answer;
};
struct init {
    allora_instance *self;
    allora_ctx *ctx;
    const allora_sink *sink;
    struct question questions[3];
    unsigned n;
    char found[WORDS_MAX];
};

static int32_t say(const struct init *in, const char *text)
{
    int32_t rc = sdk_event(in->sink, ALLORA_EV_TEXT, text);
    return rc ? rc : sdk_event(in->sink, ALLORA_EV_DONE, "{\"reason\":\"stop\"}");
}

static allora_str key_args(const struct init *in, const char *key, const char *value)
{
    sdk_writer w = sdk_writer_begin(in->self, in->ctx);

    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "key", key);
    if (value)
        sdk_w_text(&w, "value", value);
    sdk_w_close(&w, '}');
    return sdk_w_done(&w);
}

/* What the key holds now, default included; NULL when it holds nothing. */
static const char *present(const struct init *in, const char *key)
{
    allora_error ignored = {.size = (uint32_t)sizeof ignored};
    const sdk_json *value = NULL;
    int32_t rc =
        sdk_call_json(in->self, in->ctx, "config.get", key_args(in, key, NULL), &value, &ignored);

    return rc < 0 ? NULL : sdk_get_str(value, NULL, NULL);
}

static struct question *ask_about(struct init *in, const char *key, const char *words)
{
    struct question *q = &in->questions[in->n++];

    *q = (struct question){.key = key, .words = words, .now = present(in, key)};
    return q;
}

static void add_word(struct init *in, const char *word)
{
    size_t n = strlen(in->found);
    (void)snprintf(in->found + n, sizeof in->found - n, "%s%s", n ? ", " : "", word);
}

/* Providers and agents that are here; a question about the agent only where there is a choice. */
static int32_t look_around(struct init *in, allora_error *err)
{
    sdk_result agents, plugins;
    int32_t rc = sdk_call(in->self, in->ctx, "plugin.list", sdk_str("{}"), 0, &plugins, err);

    if (rc >= 0)
        rc = sdk_call(in->self, in->ctx, "agent.list", sdk_str("{}"), 0, &agents, err);
    if (rc < 0)
        return rc;
    for (uint64_t i = 0; i < plugins.n_rows; i++) {
        allora_value kind = sdk_result_cell(&plugins, i, "kind");
        allora_value name = sdk_result_cell(&plugins, i, "plugin");
        if (kind.type == ALLORA_V_TEXT && name.type == ALLORA_V_TEXT &&
            memmem(kind.u.p, kind.len, "provider", 8))
            add_word(in, sdk_printf(in->self, in->ctx, "provider %.*s", (int)name.len,
                                    (const char *)name.u.p));
    }
    struct question *q =
        agents.n_rows ? ask_about(in, "agent.default", "Which agent answers questions") : NULL;
    for (uint64_t i = 0; q && i < agents.n_rows && q->n_choices < CHOICES_MAX; i++) {
        allora_value name = sdk_result_cell(&agents, i, "name");
        allora_value chosen = sdk_result_cell(&agents, i, "default");
        char *copy = name.type == ALLORA_V_TEXT
                         ? sdk_copy(in->self, in->ctx, sdk_str_n(name.u.p, name.len))
                         : NULL;
        if (!copy)
            continue;
        add_word(in, sdk_printf(in->self, in->ctx, "agent %s", copy));
        q->choices[q->n_choices++] = copy;
        if (!q->now && (agents.n_rows == 1 || (chosen.type == ALLORA_V_BOOL && chosen.u.i)))
            q->now = copy;
    }
    return ALLORA_OK;
}

static void usual_questions(struct init *in)
{
    static const char *const formats[] = {"table", "json", "ndjson", "yaml", "csv", "markdown"};
    static const char *const colors[] = {"auto", "never"};
    struct question *q = ask_about(in, "output.format", "How are results printed");

    for (unsigned i = 0; i < 6; i++)
        q->choices[q->n_choices++] = formats[i];
    q = ask_about(in, "output.color", "Colours (auto: where the terminal has them)");
    for (unsigned i = 0; i < 2; i++)
        q->choices[q->n_choices++] = colors[i];
}

static const char *choice_of(const struct question *q, allora_str line)
{
    for (unsigned i = 0; i < q->n_choices; i++) {
        if (sdk_str_is(line, q->choices[i]))
            return q->choices[i];
    }
    return NULL;
}

/* ALLORA_STOP: whoever answers has had enough. */
static int32_t ask(const struct init *in, struct question *q, allora_error *err)
{
    char prompt[WORDS_MAX];
    size_t n = (size_t)snprintf(prompt, sizeof prompt, "%s? ", q->words);

    for (unsigned i = 0; i < q->n_choices && n < sizeof prompt; i++)
        n += (size_t)snprintf(prompt + n, sizeof prompt - n, "%s%s", i ? ", " : "", q->choices[i]);
    if (n < sizeof prompt)
        (void)snprintf(prompt + n, sizeof prompt - n, " [%s]: ", q->now ? q->now : "none");
    for (int tries = 0; tries < TRIES; tries++) {
        allora_str line = {NULL, 0};
        int32_t rc =
            sdk_of(in->self)->console->read_line(in->ctx, sdk_str(prompt), NULL, NULL, &line, err);
        if (rc != ALLORA_OK)
            return rc == ALLORA_E_CANCELLED ? ALLORA_STOP : rc;
        q->answer = line.len ? choice_of(q, line) : q->now;
        if (line.len == 0 || q->answer)
            return ALLORA_OK;
        rc = say(in, "That is none of them; Enter keeps what stands in brackets.\n");
        if (rc)
            return rc;
    }
    q->answer = q->now;
    return ALLORA_OK;
}

static int32_t write_down(const struct init *in, bool all, allora_error *err)
{
    unsigned written = 0;

    for (unsigned i = 0; i < in->n; i++) {
        const struct question *q = &in->questions[i];
        sdk_result result;
        if (!q->answer || (!all && q->now && strcmp(q->now, q->answer) == 0))
            continue;
        int32_t rc = sdk_call(in->self, in->ctx, "config.set", key_args(in, q->key, q->answer), 0,
                              &result, err);
        if (rc < 0)
            return rc;
        rc = say(in, sdk_printf(in->self, in->ctx, "%.*s", (int)result.text.len, result.text.ptr));
        if (rc)
            return rc;
        written++;
    }
    return written ? ALLORA_OK
                   : say(in, "Everything stays as it is: there was nothing to write.\n");
}

static bool at_terminal(const struct init *in)
{
    allora_console_info info = {.size = (uint32_t)sizeof info};
    const allora_console_v1 *console = sdk_of(in->self)->console;

    return console && console->info(in->ctx, &info) == ALLORA_OK && (info.flags & ALLORA_TTY_IN);
}

static int32_t questions(struct init *in, allora_error *err)
{
    int32_t rc =
        say(in, "Enter keeps what stands in brackets. Ctrl-C leaves everything as it is.\n");

    for (unsigned i = 0; rc == ALLORA_OK && i < in->n; i++)
        rc = ask(in, &in->questions[i], err);
    return rc;
}

static int32_t run(allora_instance *self, allora_ctx *ctx, const allora_invocation *invocation,
                   const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    struct init in = {.self = self, .ctx = ctx, .sink = sink};
    bool yes = strcmp(sdk_invocation_arg(invocation, "yes", "false"), "true") == 0;

    if (!yes && !at_terminal(&in)) {
        int32_t rc = sdk_fail(err, ALLORA_E_ARG, "init asks questions, and there is no terminal");
        sdk_hint(err, "allora init --yes writes the defaults down; allora config set sets one key");
        return rc;
    }
    int32_t rc = look_around(&in, err);
    if (rc)
        return rc;
    usual_questions(&in);
    if (*in.found)
        rc = say(&in, sdk_printf(self, ctx, "Found: %s\n", in.found));
    for (unsigned i = 0; yes && i < in.n; i++)
        in.questions[i].answer = in.questions[i].now;
    if (rc == ALLORA_OK && !yes)
        rc = questions(&in, err);
    if (rc == ALLORA_STOP) {
        *ret_exit_code = 130;
        return say(&in, "Nothing was written.\n");
    }
    if (rc == ALLORA_OK)
        rc = write_down(&in, yes, err);
    if (rc)
        return rc;
    *ret_exit_code = 0;
    return say(&in, "What changes the world is shown as a plan first; "
                    "approvals.policies says what may go without asking.\n"
                    "Try next:  allora config list  ·  allora doctor  ·  allora help\n");
}

ALLORA_FACE_PLUGIN(config, run);
