/* The hidden `allora __complete SHELL CURRENT WORD…`: what could stand at WORD number CURRENT (0 is
 * the first behind "allora"). Prints "value<TAB>description" lines, and ":files" where a path may
 * stand.  Names come out of the index and manifests; only an argument whose values an operation
 * lists makes a call, and only if that operation reads.  Never an error: no candidates then. */
#include "base/build.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/rowset.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/args.h"
#include "cli/help.h"
#include "cli/text.h"
#include "plugin/registry.h"
#include <stdio.h>
#include <stdlib.h>

enum { COMPLETE_MAX = 4 << 20, COMPLETE_ROWS = 1000, COMPLETE_US = 2 * 1000 * 1000 };

struct completion {
    struct cli *c;
    struct args args;
    struct buf out;
    const char *current; /* what is typed so far of the word that is asked for */
    const char *prefix;  /* goes before every candidate: "--output=" */
    size_t prefix_len;
    char path[256];
    struct command cmd;
    bool is_command, is_family;
};

/* One candidate, if it begins as typed. */
static void candidate(struct completion *k, const char *value, size_t n, const char *help)
{
    size_t typed = strlen(k->current);
    if (n < typed || memcmp(value, k->current, typed) != 0 || memchr(value, '\n', n) ||
        memchr(value, '\t', n))
        return;
    buf_add(&k->out, k->prefix, k->prefix_len);
    text_visible(&k->out, value, n, 0);
    if (help && *help) {
        buf_addc(&k->out, '\t');
        text_visible(&k->out, help, strcspn(help, "\n"), 0);
    }
    buf_addc(&k->out, '\n');
}

static void names(struct completion *k, enum registry_list which)
{
    const struct registry_name *list;
    struct registry *r;
    if (cli_registry(k->c, &r, NULL))
        return;
    size_t n = registry_names(r, which, &list);
    for (size_t i = 0; i < n; i++) {
        if (!i || !streq(list[i].name, list[i - 1].name))
            candidate(k, list[i].name, strlen(list[i].name), list[i].summary);
    }
}

static void plugin_names(struct completion *k)
{
    struct registry *r;
    if (cli_registry(k->c, &r, NULL))
        return;
    for (size_t i = 0; i < registry_count(r); i++) {
        const struct plugin *p = registry_at(r, i);
        if (*p->id && !p->shadowed)
            candidate(k, p->id, strlen(p->id), p->summary);
    }
}

static bool operation_reads(struct completion *k, const char *operation)
{
    struct registry *r;
    if (cli_registry(k->c, &r, NULL))
        return false;
    const struct registry_name *n = registry_name_find(r, REGISTRY_OPERATIONS, operation);
    allora_error err = ERR_INIT;
    const struct manifest *m = n ? registry_manifest(r, n->plugin, &err) : NULL;
    const struct operation_decl *d = m ? manifest_operation(m, operation) : NULL;
    return d && d->effect == ALLORA_EFFECT_READ;
}

static void called(struct completion *k, const struct arg_decl *d)
{
    static const struct principal owner = {"local", true, false};
    const struct dispatch *dispatch;
    allora_error err = ERR_INIT;
    struct rowset rows;
    if (!operation_reads(k, d->complete_operation) ||
        k->c->services->dispatch(k->c->services->self, &k->c->flags, &dispatch, &err))
        return;
    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_root(&owner, clock_mono_us() + COMPLETE_US);
    if (!ctx)
        return;
    ctx->unrecorded = true;
    rowset_init(&rows, COMPLETE_ROWS, COMPLETE_MAX);
    allora_sink sink = rowset_sink(&rows);
    (void)dispatch->call(dispatch->self, ctx, d->complete_operation, str_of("{}"), &sink, &err);
    uint32_t column = 0, help = UINT32_MAX;
    for (uint32_t i = 0; i < rows.n_columns; i++) {
        if (streq(rows.names[i], d->complete_column))
            column = i;
        if (streq(rows.names[i], "title") || streq(rows.names[i], "summary"))
            help = i;
    }
    for (size_t i = 0; rows.n_columns && i < rows.n_rows; i++) {
        A_CLEAN(buf_done) struct buf value = BUF(4096), words = BUF(4096);
        val_print(&value, &rows.rows[i][column]);
        if (help != UINT32_MAX)
            val_print(&words, &rows.rows[i][help]);
        candidate(k, buf_str(&value), value.len, buf_str(&words));
    }
    rowset_done(&rows);
}

static void commands(struct completion *k, const char *family)
{
    const struct registry_name *list;
    struct registry *r;
    size_t len = strlen(family);
    for (unsigned i = 0; !len && i < n_builtin_commands; i++)
        candidate(k, builtin_commands[i].path[0], strlen(builtin_commands[i].path[0]),
                  builtin_commands[i].summary);
    if (cli_registry(k->c, &r, NULL))
        return;
    size_t n = registry_names(r, REGISTRY_COMMANDS, &list);
    const char *last = "";
    size_t last_len = 0;
    for (size_t i = 0; i < n; i++) {
        const char *word = list[i].name;
        if (len && (strncmp(word, family, len) != 0 || word[len] != ' '))
            continue;
        word += len ? len + 1 : 0;
        size_t word_len = strcspn(word, " ");
        if (word_len == last_len && memcmp(word, last, word_len) == 0)
            continue; /* another member of the same family */
        candidate(k, word, word_len, word[word_len] ? list[i].plugin->summary : list[i].summary);
        last = word;
        last_len = word_len;
    }
}

static void values(struct completion *k, const struct arg_decl *d)
{
    const char *op = d->complete_operation;
    for (uint32_t i = 0; i < d->n_choices; i++)
        candidate(k, d->choices[i], strlen(d->choices[i]), NULL);
    if (d->complete_files || d->type == ARG_FILE)
        buf_adds(&k->out, ":files\n");
    if (!op)
        return;
    if (streq(op, "table.list") || streq(op, "table.describe")) {
        names(k, REGISTRY_TABLES);
        names(k, REGISTRY_VIEWS);
    } else if (streq(op, "agent.list")) {
        names(k, REGISTRY_AGENTS);
    } else if (streq(op, "operation.list")) {
        names(k, REGISTRY_OPERATIONS);
    } else if (streq(op, "plugin.list")) {
        plugin_names(k);
    } else {
        called(k, d);
    }
}

static void flags_of(struct completion *k, const struct given *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct arg_decl *d = list[i].decl;
        char name[130];
        if (d->positional || (list[i].n && !d->repeat))
            continue;
        int len = snprintf(name, sizeof(name), "--%s", d->name);
        if (len > 0 && (size_t)len < sizeof(name))
            candidate(k, name, (size_t)len, d->help);
    }
}

static bool extend(struct completion *k, const char *word)
{
    char longer[sizeof(k->path)];
    struct registry *r;
    int n = snprintf(longer, sizeof(longer), "%s%s%s", k->path, *k->path ? " " : "", word);
    if (!*word || strchr(word, ' ') || n < 0 || (size_t)n >= sizeof(longer) ||
        builtin_find(k->path))
        return false;
    bool family = command_is_family(k->c, longer);
    bool command = builtin_find(longer) || (!cli_registry(k->c, &r, NULL) &&
                                            registry_name_find(r, REGISTRY_COMMANDS, longer));
    if (!command && !family)
        return false;
    memcpy(k->path, longer, (size_t)n + 1);
    k->is_command = command;
    k->is_family = family;
    allora_error err = ERR_INIT;
    if (command &&
        (command_find(k->c, longer, &k->cmd, &err) || args_command(&k->args, k->cmd.decl, &err)))
        k->is_command = false;
    return true;
}

/* Everything before the word in question.  Returns the flag whose value that word is, or NULL. */
static const struct arg_decl *before(struct completion *k, int n, char **words)
{
    allora_error err = ERR_INIT;
    bool in_path = true;
    for (int i = 0; i < n;) {
        const struct arg_decl *pending = args_pending(&k->args, words[i]);
        if (pending && i + 1 == n)
            return pending;
        int32_t rc = args_token(&k->args, n, words, &i, &err);
        if (rc == 1) {
            in_path = in_path && !k->args.flags_ended && extend(k, words[i]);
            if (!in_path && k->is_command)
                (void)args_word(&k->args, words[i], &err);
            i++;
        } else if (rc < 0) {
            i++; /* an unknown flag: the run will say so */
        }
    }
    k->is_family = k->is_family && in_path;
    return NULL;
}

static void words_here(struct completion *k)
{
    if (!*k->path || k->is_family)
        commands(k, k->path);
    if (!k->is_command)
        return;
    if (!k->cmd.plugin && streq(k->path, "help")) {
        A_CLEAN(buf_done) struct buf family = BUF(512);
        for (uint32_t i = 0; i < k->args.own[0].n; i++)
            buf_addf(&family, "%s%.200s", i ? " " : "", k->args.own[0].texts[i]);
        commands(k, buf_str(&family));
        return;
    }
    for (uint32_t i = 0; i < k->cmd.decl->n_args; i++) {
        const struct given *g = &k->args.own[i];
        if (g->decl->positional && (g->decl->repeat || !g->n)) {
            values(k, g->decl);
            return;
        }
    }
}

static void at_word(struct completion *k, int n, char **words)
{
    const struct arg_decl *flag = before(k, n, words);
    if (flag) {
        values(k, flag);
        return;
    }
    const char *equals = strchr(k->current, '=');
    if (!k->args.flags_ended && k->current[0] == '-' && k->current[1] == '-' && equals) {
        A_CLEAN(buf_done) struct buf name = BUF(512);
        buf_add(&name, k->current, (size_t)(equals - k->current));
        flag = args_pending(&k->args, buf_str(&name));
        k->prefix = k->current;
        k->prefix_len = (size_t)(equals - k->current) + 1;
        k->current = equals + 1;
        if (flag)
            values(k, flag);
        return;
    }
    if (!k->args.flags_ended && k->current[0] == '-') {
        if (k->is_command)
            flags_of(k, k->args.own, k->cmd.decl->n_args);
        flags_of(k, k->args.globals, n_global_args);
        return;
    }
    words_here(k);
}

/* bash splits --flag=value at '='.  Puts such pieces together again, in place; for the word in
 * question only the part behind '=' is asked for and replaced, which is what bash does with it. */
static int rejoin(int n, char **words, struct arena *mem, char **ret, const char **current)
{
    int out = 0;
    for (int i = 0; i < n; i++) {
        bool split = out && streq(words[i], "=") && i + 1 < n && str_starts(ret[out - 1], "--");
        char *whole = split ? arena_printf(mem, "%s=%s", ret[out - 1], words[i + 1]) : NULL;
        if (whole) {
            ret[out - 1] = whole;
            i++;
        } else {
            ret[out++] = words[i];
        }
    }
    if (out && streq(*current, "="))
        *current = "";
    else if (out > 1 && streq(ret[out - 1], "="))
        out--;
    return out;
}

int complete_run(struct cli *c, int argc, char **argv)
{
    struct completion k = {.c = c, .out = BUF(COMPLETE_MAX), .prefix = ""};
    allora_error err = ERR_INIT;
    char *end;
    if (argc < 2)
        return 2;
    long current = strtol(argv[1], &end, 10);
    int n_words = argc - 2;
    if (*end || current < 0 || current > n_words || args_init(&k.args, &err))
        return 2;
    k.current = current < n_words ? argv[2 + current] : "";

    int n = (int)current;
    char **words = arena_array(&k.args.mem, (size_t)n + 1, sizeof(*words));
    if (!words)
        return 1;
    if (streq(argv[0], "bash")) {
        n = rejoin(n, argv + 2, &k.args.mem, words, &k.current);
    } else {
        for (int i = 0; i < n; i++)
            words[i] = argv[2 + i];
    }
    for (int i = 0; i + 1 < n;
         i++) { /* where plugins are found decides what there is to complete */
        if (streq(words[i], "--plugin-path"))
            c->flags.plugin_path = words[i + 1];
        else if (streq(words[i], "--config"))
            c->flags.config = words[i + 1];
        else if (streq(words[i], "--profile"))
            c->flags.profile = words[i + 1];
    }
    at_word(&k, n, words);
    int code = cli_print(c, buf_str(&k.out), k.out.len, false);
    buf_done(&k.out);
    args_done(&k.args);
    return code;
}
