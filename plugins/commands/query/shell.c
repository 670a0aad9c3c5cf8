/* The interactive shell.  Everything goes through the host: lines come from its console, statements
 * run through its gate, results are rendered by the sink that it hands to a face.  An error is
 * shown and the shell goes on. */
#include "query.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shell {
    const sdk_instance *host;
    allora_instance *self;
    allora_ctx *ctx;
    const allora_sink *sink;
    const allora_invocation *invocation;
    struct text text;
    bool timer, quit, interactive;
    int32_t worst; /* of statements that did not come from a terminal */
};

static const char HELP[] = "SQL ends with a semicolon and may span lines. Tab completes, the "
                           "arrows recall, Ctrl-C interrupts.\n"
                           "  .tables [GLOB]     the tables and views there are\n"
                           "  .schema NAME       a table's columns\n"
                           "  .mode FORMAT       table, json, ndjson, yaml, csv or markdown\n"
                           "  .timer on|off      how long each statement took\n"
                           "  .help              this\n"
                           "  .quit              leave (so does Ctrl-D)\n";

/* ---- what is said ---- */

static void say(struct shell *s, const char *text)
{
    (void)sdk_event(s->sink, ALLORA_EV_TEXT, text);
    (void)sdk_event(s->sink, ALLORA_EV_DONE, "{\"reason\":\"stop\"}");
}

/* The host prints a warning of this severity as an error, with the caret under the place that the
 * failed call told it. */
static void say_error(struct shell *s, allora_ctx *ctx, const allora_error *err, const char *sql)
{
    sdk_writer w = sdk_writer_begin(s->self, ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "severity", "error");
    sdk_w_text(&w, "code", sdk_status_name(err->code));
    sdk_w_text(&w, "message", err->message);
    sdk_w_text(&w, "reason", err->reason[0] ? err->reason : NULL);
    sdk_w_text(&w, "hint", err->hint[0] ? err->hint : NULL);
    sdk_w_text(&w, "sql", sql);
    sdk_w_close(&w, '}');
    allora_str json = sdk_w_done(&w);
    if (json.ptr)
        (void)s->sink->event(s->sink->self, ALLORA_EV_WARNING, json);
}

static void say_wrong(struct shell *s, const char *what, const char *hint)
{
    allora_error err = {.size = (uint32_t)sizeof(err)};
    sdk_fail(&err, ALLORA_E_ARG, "%s", what);
    sdk_hint(&err, "%s", hint);
    say_error(s, s->ctx, &err, NULL);
}

/* ---- one call, in a scope of its own that Ctrl-C ends ---- */

static void call(struct shell *s, const char *operation, const char *key, const char *value)
{
    allora_ctx *scope = NULL;
    allora_error err = {.size = (uint32_t)sizeof(err)};
    int32_t rc = s->host->scope->open(s->ctx, sdk_str(""), 0, ALLORA_SCOPE_INTERRUPT, &scope, &err);
    if (rc) {
        say_error(s, s->ctx, &err, NULL);
        return;
    }
    int64_t started = s->host->host->now_us(scope);
    bool sql = strcmp(key, "sql") == 0;
    sdk_writer w = sdk_writer_begin(s->self, scope);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, key, value);
    for (uint32_t i = 0; sql && i < s->invocation->n_args;
         i++) { /* --max-age and --limit hold for every statement */
        const allora_pair *a = &s->invocation->args[i];
        char *name = sdk_copy(s->self, scope, a->key);
        if (name && (strcmp(name, "max_age_s") == 0 || strcmp(name, "max_rows") == 0 ||
                     strcmp(name, "explain") == 0 || strcmp(name, "offline") == 0 ||
                     strcmp(name, "refresh") == 0))
            sdk_w_json(&w, name, a->val);
    }
    sdk_w_close(&w, '}');
    allora_str json = sdk_w_done(&w);
    rc = json.ptr ? s->host->invoke->call(scope, operation, json, s->sink, &err)
                  : sdk_fail(&err, ALLORA_E_NOMEM, "out of memory");
    if (rc < 0) {
        err.code = rc;
        if (!err.message[0] && rc == ALLORA_E_CANCELLED)
            sdk_fail(&err, rc, "interrupted");
        say_error(s, scope, &err, sql ? value : NULL);
        s->worst = rc;
    } else {
        (void)sdk_event(s->sink, ALLORA_EV_DONE, "{\"reason\":\"stop\"}");
    }
    if (s->timer) {
        char line[64];
        (void)snprintf(line, sizeof(line), "time %.3f s\n",
                       (double)(s->host->host->now_us(scope) - started) / 1e6);
        say(s, line);
    }
    s->host->scope->close(scope);
}

/* ---- dot commands ---- */

static void set_mode(struct shell *s, const char *word)
{
    static const char *const modes[] = {"table", "json", "ndjson", "yaml", "csv", "markdown"};
    char event[96];
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(word, modes[i]) == 0) {
            (void)snprintf(event, sizeof(event), "{\"topic\":\"console.output\",\"data\":\"%s\"}",
                           modes[i]);
            (void)sdk_event(s->sink, ALLORA_EV_MESSAGE, event);
            return;
        }
    }
    say_wrong(s, "no such format", ".mode table, json, ndjson, yaml, csv or markdown");
}

static void set_timer(struct shell *s, const char *word)
{
    bool on = strcmp(word, "on") == 0;
    if (on || strcmp(word, "off") == 0)
        s->timer = on;
    else
        say_wrong(s, "the timer is on or off", ".timer on, or .timer off");
}

static void dot(struct shell *s, char *line)
{
    char *word = line + strcspn(line, " \t");
    if (*word)
        *word++ = '\0';
    word += strspn(word, " \t");
    for (size_t n = strlen(word); n && strchr(" \t;", word[n - 1]); n--)
        word[n - 1] = '\0';
    if (strcmp(line, ".quit") == 0 || strcmp(line, ".exit") == 0 || strcmp(line, ".q") == 0)
        s->quit = true;
    else if (strcmp(line, ".help") == 0)
        say(s, HELP);
    else if (strcmp(line, ".tables") == 0)
        call(s, "table.list", "pattern", *word ? word : "*");
    else if (strcmp(line, ".schema") == 0 && *word)
        call(s, "table.describe", "table", word);
    else if (strcmp(line, ".schema") == 0)
        say_wrong(s, ".schema needs the name of a table", ".tables names them");
    else if (strcmp(line, ".mode") == 0)
        set_mode(s, word);
    else if (strcmp(line, ".timer") == 0)
        set_timer(s, word);
    else
        say_wrong(s, "no such dot command", ".help names them");
}

/* ---- lines ---- */

static void run_statements(struct shell *s)
{
    size_t n;
    while (!s->quit && s->text.len && (n = statement_end(s->text.ptr, s->text.len)) > 0) {
        char *sql = strndup(s->text.ptr, n - 1);
        if (sql && !statement_empty(sql, n - 1))
            call(s, "query.sql", "sql", sql);
        free(sql);
        text_drop(&s->text, n);
        if (s->host->host->cancelled(s->ctx))
            return;
    }
    if (s->text.len && statement_empty(s->text.ptr, s->text.len))
        text_drop(&s->text, s->text.len);
}

static void take_line(struct shell *s, allora_str line)
{
    if (!s->text.len && line.len && line.ptr[0] == '.') {
        char *copy = strndup(line.ptr, line.len);
        if (copy)
            dot(s, copy);
        free(copy);
        return;
    }
    if (!text_add(&s->text, line.ptr, line.len) || !text_add(&s->text, "\n", 1)) {
        say_wrong(s, "the statement is longer than 1 MiB", "it was dropped; begin again");
        text_drop(&s->text, s->text.len);
        return;
    }
    run_statements(s);
}

/* One line, in a scope that gives its memory back. */
static int32_t read_and_run(struct shell *s, allora_error *err)
{
    allora_ctx *scope = NULL;
    allora_str line = {"", 0};
    int32_t rc = s->host->scope->open(s->ctx, sdk_str(""), 0, 0, &scope, err);
    if (rc)
        return rc;
    rc = s->host->console->read_line(scope, sdk_str(s->text.len ? "   ...> " : "allora> "), "sql",
                                     "query.complete", &line, err);
    if (rc == ALLORA_OK)
        take_line(s, line);
    s->host->scope->close(scope);
    if (rc == ALLORA_E_CANCELLED && !s->host->host->cancelled(s->ctx)) {
        text_drop(&s->text, s->text.len); /* Ctrl-C at the prompt drops what was typed */
        return ALLORA_OK;
    }
    return rc;
}

int32_t shell_run(allora_instance *self, allora_ctx *ctx, const allora_invocation *invocation,
                  const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    struct shell s = {
        .host = sdk_of(self), .self = self, .ctx = ctx, .sink = sink, .invocation = invocation};
    allora_console_info info = {.size = (uint32_t)sizeof(info)};
    if (!s.host->console || !s.host->invoke || !s.host->scope)
        return sdk_fail(err, ALLORA_E_UNSUPPORTED,
                        "the shell needs a console, which this allora does not offer");
    s.interactive =
        s.host->console->info(ctx, &info) == ALLORA_OK && (info.flags & ALLORA_TTY_IN) != 0;
    if (s.interactive)
        say(&s, "SQL over every table. A statement ends with a semicolon; .help says more, .quit "
                "leaves.");
    int32_t rc = ALLORA_OK;
    while (rc == ALLORA_OK && !s.quit)
        rc = read_and_run(&s, err);
    if (rc == ALLORA_STOP && s.text.len && !statement_empty(s.text.ptr, s.text.len)) {
        say_wrong(&s, "the last statement has no semicolon and was not run", "end it with ;");
    }
    text_free(&s.text);
    *ret_exit_code = 0;
    return rc < 0 ? rc : ALLORA_OK;
}
