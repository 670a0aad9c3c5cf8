/* The scanner of argv and the rules between arguments.  Values are checked in argtype.c; what the
 * JSON looks like is in args_json() below.  Nothing here prints. */
#include "cli/args.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/str.h"
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const OUTPUT_WORDS[] = {"table", "json", "ndjson", "yaml", "csv", "markdown"};

#define FLAG(n, s, t, h) .name = (n), .short_name = (s), .type = (t), .help = (h), .target = (n)
const struct arg_decl global_args[] = {
    {FLAG("output", 'o', ARG_STRING, "how results are printed"), .metavar = "FORMAT",
     .choices = OUTPUT_WORDS, .n_choices = 6, .env = "ALLORA_OUTPUT__FORMAT"},
    {FLAG("config", 0, ARG_STRING, "use this configuration file instead of the user's own"),
     .metavar = "FILE", .complete_files = true},
    {FLAG("profile", 0, ARG_STRING, "use this profile of the configuration"), .metavar = "NAME"},
    {FLAG("plugin-path", 0, ARG_STRING, "look for plugins in this folder first; may be repeated"),
     .metavar = "DIR", .complete_files = true, .repeat = true, .join = ":"},
    {FLAG("timeout", 0, ARG_DURATION, "give up after this long: 30s, 5m, 1h"), .metavar = "DUR"},
    {FLAG("offline", 0, ARG_BOOL, "answer from the cache alone, ask no source")},
    {FLAG("refresh", 0, ARG_BOOL, "ask the sources again, whatever the cache holds")},
    {FLAG("approve", 0, ARG_STRING,
          "apply the plan with this hash, or its first 12 digits or more"),
     .metavar = "HASH"},
    {FLAG("yes", 0, ARG_BOOL, "apply reversible changes without asking")},
    {FLAG("dry-run", 0, ARG_BOOL, "show the plan, and change nothing")},
    {FLAG("no-color", 0, ARG_BOOL, "no colours; NO_COLOR in the environment does the same")},
    {FLAG("no-pager", 0, ARG_BOOL, "never show long output through $PAGER")},
    {FLAG("quiet", 'q', ARG_BOOL, "print results and errors, nothing else")},
    {FLAG("verbose", 'v', ARG_BOOL, "say on standard error what is being done; twice for more"),
     .repeat = true},
    {FLAG("help", 'h', ARG_BOOL, "show help for this command")},
    {FLAG("version", 0, ARG_BOOL, "print the version")},
};
#undef FLAG
const unsigned n_global_args = sizeof(global_args) / sizeof(global_args[0]);

int32_t args_init(struct args *a, allora_error *err)
{
    *a = (struct args){0};
    arena_init(&a->mem, 0);
    a->globals = arena_array(&a->mem, n_global_args, sizeof(*a->globals));
    if (!a->globals)
        return err_nomem(err);
    for (unsigned i = 0; i < n_global_args; i++)
        a->globals[i].decl = &global_args[i];
    return ALLORA_OK;
}

void args_done(struct args *a)
{
    arena_done(&a->mem);
    *a = (struct args){0};
}

int32_t args_command(struct args *a, const struct command_decl *command, allora_error *err)
{
    a->own = arena_array(&a->mem, command->n_args ? command->n_args : 1, sizeof(*a->own));
    if (!a->own)
        return err_nomem(err);
    for (uint32_t i = 0; i < command->n_args; i++)
        a->own[i].decl = &command->args[i];
    a->command = command;
    return ALLORA_OK;
}

void arg_label(struct buf *b, const struct arg_decl *d)
{
    buf_addf(b, d->positional ? "<%s>" : "--%s", d->name);
}

static int32_t give(struct args *a, struct given *g, const char *text, allora_error *err)
{
    const struct arg_decl *d = g->decl;
    if (g->n && !d->repeat) {
        /* The last one wins, so that aliases and scripts can be overridden; a word can't be. */
        g->texts[0] = text;
        return ALLORA_OK;
    }
    if (g->n == g->cap) {
        uint32_t cap = g->cap ? g->cap * 2 : 4;
        const char **texts = arena_array(&a->mem, cap, sizeof(*texts));
        if (!texts)
            return err_nomem(err);
        for (uint32_t i = 0; i < g->n; i++)
            texts[i] = g->texts[i];
        g->texts = texts;
        g->cap = cap;
    }
    g->texts[g->n++] = text;
    return ALLORA_OK;
}

/* ---- finding the flag that a token means ---- */

static struct given *find_in(struct given *list, uint32_t n, const char *name, size_t len,
                             char shorthand)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct arg_decl *d = list[i].decl;
        if (d->positional)
            continue;
        if (name ? strlen(d->name) == len && memcmp(d->name, name, len) == 0
                 : d->short_name == shorthand)
            return &list[i];
    }
    return NULL;
}

static struct given *find_flag(struct args *a, const char *name, size_t len, char shorthand)
{
    struct given *g = a->command ? find_in(a->own, a->command->n_args, name, len, shorthand) : NULL;
    return g ? g : find_in(a->globals, n_global_args, name, len, shorthand);
}

static int32_t unknown_flag(const struct args *a, const char *token, size_t len, allora_error *err)
{
    char name[65];
    struct nearest near;
    size_t n = len < sizeof(name) ? len : sizeof(name) - 1;
    memcpy(name, token, n);
    name[n] = '\0';
    err_set(err, ALLORA_E_ARG, "unknown flag %.64s%s", name, len > n ? "…" : "");
    if (name[0] != '-' || name[1] != '-')
        return ALLORA_E_ARG;
    nearest_init(&near, name + 2);
    for (uint32_t i = 0; a->command && i < a->command->n_args; i++) {
        if (!a->command->args[i].positional)
            nearest_offer(&near, a->command->args[i].name);
    }
    for (uint32_t i = 0; i < n_global_args; i++)
        nearest_offer(&near, global_args[i].name);
    if (near.n == 1)
        err_hint(err, "did you mean --%s?", near.best[0]);
    else if (near.n > 1)
        err_hint(err, "did you mean --%s or --%s?", near.best[0], near.best[1]);
    return ALLORA_E_ARG;
}

/* ---- one token ---- */

static int32_t needs_value(const struct arg_decl *d, allora_error *err)
{
    err_set(err, ALLORA_E_ARG, "--%s needs a value", d->name);
    if (d->n_choices) {
        struct buf b = BUF(sizeof(err->hint));
        for (uint32_t i = 0; i < d->n_choices; i++)
            buf_addf(&b, "%s%s", i ? ", " : "one of ", d->choices[i]);
        err_hint(err, "%s", buf_str(&b));
        buf_done(&b);
    } else if (d->help) {
        err_hint(err, "--%s %s: %s", d->name, d->metavar ? d->metavar : "VALUE", d->help);
    }
    return ALLORA_E_ARG;
}

static int32_t long_flag(struct args *a, int argc, char **argv, int *i, allora_error *err)
{
    const char *token = argv[*i], *name = token + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const char *value = equals ? equals + 1 : NULL;

    struct given *g = find_flag(a, name, len, 0);
    if (!g && len > 3 && memcmp(name, "no-", 3) == 0) {
        g = find_flag(a, name + 3, len - 3, 0);
        if (g && (g->decl->type != ARG_BOOL || value))
            g = NULL;
        if (g)
            value = "false";
    }
    if (!g)
        return unknown_flag(a, token, len + 2, err);
    if (g->decl->type == ARG_BOOL && !value) {
        value = "true";
    } else if (!value) {
        if (*i + 1 >= argc)
            return needs_value(g->decl, err);
        value = argv[++*i];
    }
    ++*i;
    return give(a, g, value, err);
}

static int32_t short_flags(struct args *a, int argc, char **argv, int *i, allora_error *err)
{
    const char *token = argv[*i];
    for (const char *p = token + 1; *p; p++) {
        struct given *g = find_flag(a, NULL, 0, *p);
        if (!g) {
            err_set(err, ALLORA_E_ARG,
                    isprint((unsigned char)*p) ? "unknown flag -%c" : "unknown flag -?", *p);
            if (p > token + 1)
                err_hint(err, "in %.64s, which reads as several one-letter flags", token);
            return ALLORA_E_ARG;
        }
        if (g->decl->type == ARG_BOOL) {
            int32_t rc = give(a, g, "true", err);
            if (rc)
                return rc;
            continue;
        }
        const char *value = p[1] == '=' ? p + 2 : p + 1;
        if (!p[1]) {
            if (*i + 1 >= argc)
                return needs_value(g->decl, err);
            value = argv[++*i];
        }
        ++*i;
        return give(a, g, value, err);
    }
    ++*i;
    return ALLORA_OK;
}

/* "-5" is a number unless the command has such a flag. */
static bool is_number_word(struct args *a, const char *token)
{
    return (isdigit((unsigned char)token[1]) || token[1] == '.') &&
           !find_flag(a, NULL, 0, token[1]);
}

int32_t args_token(struct args *a, int argc, char **argv, int *i, allora_error *err)
{
    const char *token = argv[*i];
    if (a->flags_ended || token[0] != '-' || !token[1])
        return 1;
    if (token[1] != '-')
        return is_number_word(a, token) ? 1 : short_flags(a, argc, argv, i, err);
    if (!token[2]) {
        a->flags_ended = true;
        ++*i;
        return ALLORA_OK;
    }
    return long_flag(a, argc, argv, i, err);
}

const struct arg_decl *args_pending(struct args *a, const char *token)
{
    const struct given *g = NULL;
    if (a->flags_ended || token[0] != '-' || !token[1])
        return NULL;
    if (token[1] == '-') {
        if (token[2] && !strchr(token, '='))
            g = find_flag(a, token + 2, strlen(token + 2), 0);
        return g && g->decl->type != ARG_BOOL ? g->decl : NULL;
    }
    for (const char *p = token + 1; *p; p++) {
        g = find_flag(a, NULL, 0, *p);
        if (!g || (g->decl->type != ARG_BOOL && p[1]))
            return NULL;
    }
    return g && g->decl->type != ARG_BOOL ? g->decl : NULL;
}

int32_t args_word(struct args *a, const char *word, allora_error *err)
{
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        struct given *g = &a->own[i];
        if (g->decl->positional && (g->decl->repeat || !g->n))
            return give(a, g, word, err);
    }
    err_set(err, ALLORA_E_ARG, "unexpected argument \"%.80s\"%s", word,
            strlen(word) > 80 ? "…" : "");
    if (strchr(word, ' '))
        return ALLORA_E_ARG;
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        if (a->own[i].decl->positional)
            err_hint(err, "quote several words to make them one <%s>", a->own[i].decl->name);
    }
    return ALLORA_E_ARG;
}

/* ---- between arguments ---- */

/* Is a value for this target given by any argument? */
static const struct given *given_target(const struct args *a, const char *target)
{
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        if (a->own[i].n && streq(a->own[i].decl->target, target))
            return &a->own[i];
    }
    return NULL;
}

static int32_t refuse_both(const struct args *a, allora_error *err)
{
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        const struct given *g = &a->own[i], *first;
        if (!g->n || (first = given_target(a, g->decl->target)) == g)
            continue;
        struct buf b = BUF(256);
        arg_label(&b, first->decl);
        buf_adds(&b, " and ");
        arg_label(&b, g->decl);
        err_set(err, ALLORA_E_ARG, "%s are both given: one of them is enough", buf_str(&b));
        buf_done(&b);
        return ALLORA_E_ARG;
    }
    return ALLORA_OK;
}

static int32_t from_environment(struct args *a, struct given *list, uint32_t n, allora_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const char *v = list[i].decl->env && !list[i].n ? getenv(list[i].decl->env) : NULL;
        if (!v || !*v || (a->command && list == a->own && given_target(a, list[i].decl->target)))
            continue;
        int32_t rc = give(a, &list[i], v, err);
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

/* Standard input as one text, without the line end that echo adds. */
static int32_t read_stdin(struct args *a, const char **ret, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(ARGS_STDIN_MAX + 1);
    int32_t rc = fs_read_fd(STDIN_FILENO, ARGS_STDIN_MAX, &b, err);
    if (rc) {
        err_prefix(err, "standard input: ");
        return rc;
    }
    while (b.len && (b.ptr[b.len - 1] == '\n' || b.ptr[b.len - 1] == '\r'))
        b.len--;
    if (b.len && memchr(b.ptr, '\0', b.len))
        return err_set(err, ALLORA_E_ARG, "standard input holds a NUL byte: this is not text");
    *ret = arena_strndup(&a->mem, b.ptr ? b.ptr : "", b.len);
    return *ret ? ALLORA_OK : err_nomem(err);
}

static int32_t from_stdin(struct args *a, bool stdin_is_tty, allora_error *err)
{
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        struct given *g = &a->own[i];
        const char *text;
        if (!g->decl->from_stdin)
            continue;
        bool asked = g->n == 1 && streq(g->texts[0], "-");
        if (!asked && (stdin_is_tty || given_target(a, g->decl->target)))
            continue;
        int32_t rc = read_stdin(a, &text, err);
        if (rc)
            return rc;
        if (asked)
            g->texts[0] = text;
        else if (*text && (rc = give(a, g, text, err)))
            return rc;
        if (asked && !*text)
            return err_set(err, ALLORA_E_ARG, "standard input is empty: nothing to read <%s> from",
                           g->decl->name);
        return ALLORA_OK; /* one stdin, one reader */
    }
    return ALLORA_OK;
}

const struct arg_decl *args_missing(const struct args *a)
{
    for (uint32_t i = 0; i < a->command->n_args; i++) {
        const struct arg_decl *d = a->own[i].decl;
        if (d->required && !given_target(a, d->target))
            return d;
    }
    return NULL;
}

int32_t args_complete(struct args *a, bool stdin_is_tty, allora_error *err)
{
    int32_t rc = refuse_both(a, err);
    if (!rc)
        rc = from_environment(a, a->own, a->command->n_args, err);
    return rc ? rc : from_stdin(a, stdin_is_tty, err);
}

/* ---- what the global flags say ---- */

static int32_t global_value(const struct given *g, struct jsonw *w, struct buf *b,
                            allora_error *err)
{
    buf_reset(b);
    *w = JSONW(b);
    return arg_value_json(g->decl, g->texts[g->n - 1], w, err);
}

int32_t args_globals(const struct args *args, struct cli_flags *ret, allora_error *err)
{
    struct args *a = (struct args *)(uintptr_t)args; /* the environment only fills what is empty */
    A_CLEAN(buf_done) struct buf b = BUF(256);
    struct jsonw w;
    *ret = (struct cli_flags){.output = OUTPUT_TABLE};
    int32_t rc = from_environment(a, a->globals, n_global_args, err);
    if (rc)
        return rc;
    struct {
        const char *name;
        bool *flag;
    } bools[] = {
        {"offline", &ret->offline}, {"refresh", &ret->refresh},   {"yes", &ret->yes},
        {"dry-run", &ret->dry_run}, {"no-color", &ret->no_color}, {"no-pager", &ret->no_pager},
        {"quiet", &ret->quiet},     {"help", &ret->help},         {"version", &ret->version}};

    for (unsigned i = 0; i < n_global_args; i++) {
        struct given *g = &a->globals[i];
        const char *name = g->decl->name;
        if (!g->n)
            continue;
        if (streq(name, "approve")) {
            ret->approve = g->texts[0];
            continue;
        }
        if (streq(name, "config")) {
            ret->config = g->texts[0];
            continue;
        }
        if (streq(name, "profile")) {
            ret->profile = g->texts[0];
            continue;
        }
        if (streq(name, "plugin-path")) {
            const char *path = g->texts[0];
            for (uint32_t k = 1; k < g->n && path; k++)
                path = arena_printf(&a->mem, "%s:%s", path, g->texts[k]);
            if (!path)
                return err_nomem(err);
            ret->plugin_path = path;
            continue;
        }
        if ((rc = global_value(g, &w, &b, err)))
            return rc;
        bool on = streq(buf_str(&b), "true");
        if (streq(name, "verbose"))
            ret->verbose = on ? g->n : 0;
        else if (streq(name, "timeout") &&
                 (rc = duration_parse(g->texts[g->n - 1], &ret->timeout_us, err)))
            return rc;
        for (uint32_t k = 0; streq(name, "output") && k < g->decl->n_choices; k++) {
            if (streq(g->texts[g->n - 1], g->decl->choices[k])) {
                ret->output = (enum output_format)k;
                ret->output_given = true;
            }
        }
        for (size_t k = 0; k < sizeof(bools) / sizeof(bools[0]); k++) {
            if (streq(name, bools[k].name))
                *bools[k].flag = on;
        }
    }
    return ALLORA_OK;
}
