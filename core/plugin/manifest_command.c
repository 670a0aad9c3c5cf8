/* A manifest's operations, commands with their argument grammar, and agents. */
#include "base/err.h"
#include "base/str.h"
#include "plugin/manifest_check.h"

enum { PATH_WORDS_MAX = 4, ARGS_MAX = 64 };

static const struct field operation_fields[] = {
    {"name", WANT_TEXT | REQUIRED},
    {"summary", WANT_TEXT | REQUIRED},
    {"description", WANT_STR},
    {"effect", WANT_TEXT | REQUIRED},
    {"arguments", WANT_OBJECT},
    {"result", WANT_OBJECT},
    {"tool", WANT_BOOL},
    {"examples", WANT_ARRAY},
    {"inverse", WANT_TEXT},
    {NULL, 0},
};
static const struct field result_fields[] = {
    {"columns", WANT_ARRAY}, {"document", WANT_OBJECT}, {NULL, 0}};
static const struct field command_fields[] = {
    {"path", WANT_STRS | REQUIRED},
    {"summary", WANT_TEXT | REQUIRED},
    {"description", WANT_STR},
    {"operation", WANT_TEXT | WANT_OBJECT},
    {"each", WANT_TEXT},
    {"then", WANT_TEXT},
    {"render", WANT_TEXT},
    {"face", WANT_TEXT},
    {"group", WANT_TEXT},
    {"fixed", WANT_OBJECT},
    {"columns", WANT_STRS},
    {"empty", WANT_STR},
    {"args", WANT_ARRAY},
    {"examples", WANT_ARRAY},
    {NULL, 0},
};
static const struct field arg_fields[] = {
    {"name", WANT_TEXT | REQUIRED},
    {"help", WANT_STR},
    {"metavar", WANT_TEXT},
    {"argument", WANT_TEXT},
    {"short", WANT_TEXT},
    {"type", WANT_TEXT},
    {"positional", WANT_BOOL},
    {"required", WANT_BOOL},
    {"repeat", WANT_BOOL},
    {"stdin", WANT_BOOL},
    {"join", WANT_STR},
    {"env", WANT_TEXT},
    {"default", WANT_ANY},
    {"min", WANT_NUM | WANT_STR},
    {"max", WANT_NUM | WANT_STR},
    {"enum", WANT_STRS},
    {"complete", WANT_TEXT | WANT_OBJECT},
    {NULL, 0},
};
static const struct field call_fields[] = {{"argument", WANT_TEXT | REQUIRED}, {NULL, 0}};
static const struct field complete_fields[] = {
    {"operation", WANT_TEXT | REQUIRED}, {"column", WANT_TEXT | REQUIRED}, {NULL, 0}};
static const struct field run_example_fields[] = {
    {"run", WANT_TEXT | REQUIRED}, {"help", WANT_STR}, {NULL, 0}};
static const struct field agent_fields[] = {
    {"name", WANT_TEXT | REQUIRED}, {"summary", WANT_TEXT | REQUIRED},
    {"description", WANT_STR},      {"tools", WANT_STRS},
    {"default", WANT_BOOL},         {"models", WANT_ARRAY},
    {"capabilities", WANT_STRS},    {NULL, 0},
};

static const char *const effects[] = {"read",   "local", "write", "destructive",
                                      "secret", "admin", NULL};
static const char *const renders[] = {"rows", "answer", "text", "document", "raw", NULL};
static const char *const faces[] = {"never", "always", "no_input", NULL};
static const char *const arg_types[] = {"string", "int",  "number", "bool", "duration",
                                        "size",   "time", "file",   "pair", NULL};

static int32_t fill_operation(struct check *c, const json_node *node, struct operation_decl *op)
{
    unsigned effect = 0;
    int32_t rc = check_object(c, node, operation_fields);

    if (rc == ALLORA_OK)
        rc = check_name(c, node, "name", "._-");
    if (rc == ALLORA_OK)
        rc = check_choice(c, node, "effect", "effect", effects, 0, &effect);
    if (rc)
        return rc;
    op->name = json_get_str(node, "name", "");
    op->summary = json_get_str(node, "summary", "");
    op->description = json_get_str(node, "description", NULL);
    op->effect = (int32_t)effect;
    op->arguments = json_get(node, "arguments");
    op->result = json_get(node, "result");
    op->tool = json_get_bool(node, "tool", false);
    op->node = node;
    if (!strchr(op->name, '.') || str_ends(op->name, ".") || strstr(op->name, ".."))
        return check_fail(c, "name: \"%s\" needs the form family.verb", op->name);
    if (op->arguments && !streq(json_get_str(op->arguments, "type", NULL), "object"))
        return check_fail(c, "arguments: must be a JSON Schema with \"type\": \"object\"");
    if (op->result) {
        size_t before = check_enter(c, "result");
        if ((rc = check_object(c, op->result, result_fields)) != ALLORA_OK)
            return rc;
        check_leave(c, before);
    }
    return ALLORA_OK;
}

int32_t manifest_fill_operations(struct check *c, const json_node *root)
{
    struct manifest *m = c->m;
    void *memory;
    uint32_t n = 0;
    int32_t rc = check_array(c, root, "operations", sizeof(struct operation_decl), &memory, &n);

    if (rc)
        return rc;
    struct operation_decl *ops = memory;
    m->operations = ops;
    size_t before = check_enter(c, "operations"), i = 0;
    json_foreach (item, json_get(root, "operations")) {
        size_t here = check_enter_item(c, i);
        if ((rc = fill_operation(c, item, &ops[i++])) != ALLORA_OK)
            return rc;
        if (manifest_operation(m, ops[i - 1].name)) /* those before it */
            return check_fail(c, "name: \"%s\" stands there twice", ops[i - 1].name);
        m->n_operations = (uint32_t)i;
        check_leave(c, here);
    }
    check_leave(c, before);
    return ALLORA_OK;
}

/* --name becomes name in the operation's arguments, --max-age max_age. */
static const char *target_of(struct check *c, const json_node *node, const char *name)
{
    const char *given = json_get_str(node, "argument", NULL);
    char *target = given ? NULL : arena_strdup(&c->m->mem, name);

    for (char *p = target; p && *p; p++) {
        if (*p == '-')
            *p = '_';
    }
    return given ? given : target;
}

static int32_t fill_complete(struct check *c, const json_node *node, struct arg_decl *arg)
{
    const json_node *complete = json_get(node, "complete");
    const char *word = json_str(complete, NULL);

    if (!complete)
        return ALLORA_OK;
    size_t before = check_enter(c, "complete");
    if (word) {
        if (!streq(word, "files"))
            return check_fail(c, "\"%s\": must be \"files\" or {operation, column}", word);
        arg->complete_files = true;
    } else {
        int32_t rc = check_object(c, complete, complete_fields);
        if (rc)
            return rc;
        arg->complete_operation = json_get_str(complete, "operation", NULL);
        arg->complete_column = json_get_str(complete, "column", NULL);
    }
    check_leave(c, before);
    return ALLORA_OK;
}

static int32_t fill_arg(struct check *c, const json_node *node, struct arg_decl *arg)
{
    unsigned type = 0;
    int32_t rc = check_object(c, node, arg_fields);

    if (rc == ALLORA_OK)
        rc = check_name(c, node, "name", "-_");
    if (rc == ALLORA_OK)
        rc = check_choice(c, node, "type", "type", arg_types, 0, &type);
    if (rc == ALLORA_OK)
        rc = check_strings(c, node, "enum", &arg->choices, &arg->n_choices);
    if (rc == ALLORA_OK)
        rc = fill_complete(c, node, arg);
    if (rc)
        return rc;
    const char *letter = json_get_str(node, "short", "");
    arg->name = json_get_str(node, "name", "");
    arg->help = json_get_str(node, "help", "");
    arg->metavar = json_get_str(node, "metavar", NULL);
    arg->target = target_of(c, node, arg->name);
    arg->short_name = letter[0];
    arg->type = (enum arg_type)type;
    arg->positional = json_get_bool(node, "positional", false);
    arg->required = json_get_bool(node, "required", false);
    arg->repeat = json_get_bool(node, "repeat", false);
    arg->from_stdin = json_get_bool(node, "stdin", false);
    arg->join = json_get_str(node, "join", NULL);
    arg->env = json_get_str(node, "env", NULL);
    arg->dflt = json_get(node, "default");
    arg->minimum = json_get(node, "min");
    arg->maximum = json_get(node, "max");
    if (!arg->target)
        return err_nomem(c->err);
    if (letter[0] && (letter[1] || !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789?",
                                           letter[0])))
        return check_fail(c, "short: \"%s\" is not one letter or digit", letter);
    if (letter[0] && arg->positional)
        return check_fail(c, "short: a positional argument has none");
    if (arg->join && !arg->repeat)
        return check_fail(c, "join: needs \"repeat\": true");
    return ALLORA_OK;
}

/* Rules between the arguments of one command. */
static int32_t check_args(struct check *c, const struct command_decl *cmd)
{
    bool optional = false, repeated = false;

    for (uint32_t i = 0; i < cmd->n_args; i++) {
        const struct arg_decl *a = &cmd->args[i];
        for (uint32_t k = 0; k < i; k++) {
            if (streq(cmd->args[k].name, a->name))
                return check_fail(c, "args[%u].name: \"%s\" stands there twice", i, a->name);
            if (a->short_name && cmd->args[k].short_name == a->short_name)
                return check_fail(c, "args[%u].short: -%c stands there twice", i, a->short_name);
        }
        if (!a->positional)
            continue;
        if (repeated)
            return check_fail(c, "args[%u]: nothing positional can follow a repeated one", i);
        if (a->required && optional)
            return check_fail(c, "args[%u]: a required positional follows an optional one", i);
        optional = optional || !a->required;
        repeated = a->repeat;
    }
    return ALLORA_OK;
}

static int32_t fill_args(struct check *c, const json_node *node, struct command_decl *cmd)
{
    void *memory;
    int32_t rc = check_array(c, node, "args", sizeof(struct arg_decl), &memory, &cmd->n_args);

    if (rc)
        return rc;
    if (cmd->n_args > ARGS_MAX)
        return check_fail(c, "args: more than %d", ARGS_MAX);
    struct arg_decl *args = memory;
    cmd->args = args;
    size_t before = check_enter(c, "args"), i = 0;
    json_foreach (item, json_get(node, "args")) {
        size_t here = check_enter_item(c, i);
        if ((rc = fill_arg(c, item, &args[i++])) != ALLORA_OK)
            return rc;
        check_leave(c, here);
    }
    check_leave(c, before);
    return check_args(c, cmd);
}

static int32_t check_run_examples(struct check *c, const json_node *examples)
{
    size_t before = check_enter(c, "examples"), i = 0;

    json_foreach (item, examples) {
        size_t here = check_enter_item(c, i++);
        int32_t rc = check_object(c, item, run_example_fields);
        if (rc)
            return rc;
        check_leave(c, here);
    }
    check_leave(c, before);
    return ALLORA_OK;
}

/* One word of a command's path, as typed: a-z, digits, hyphens. */
static bool is_word(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n <= 32 && s[n] == '\0' && s[0] != '-';
}

static const struct arg_decl *arg_with_target(const struct command_decl *cmd, const char *target)
{
    for (uint32_t i = 0; i < cmd->n_args; i++)
        if (streq(cmd->args[i].target, target))
            return &cmd->args[i];
    return NULL;
}

/* Which operation a command is: a name, or {"argument": NAME}, the value of one of its arguments;
 * and whether it is done once for each value of another. */
static int32_t check_operation(struct check *c, const json_node *node, struct command_decl *cmd)
{
    const struct arg_decl *each = cmd->each ? arg_with_target(cmd, cmd->each) : NULL;
    if (json_typeof(json_get(node, "operation")) == JSON_OBJECT) {
        size_t before = check_enter(c, "operation");
        int32_t rc = check_object(c, json_get(node, "operation"), call_fields);
        if (rc)
            return rc;
        cmd->call = json_get_str(json_get(node, "operation"), "argument", NULL);
        const struct arg_decl *name = arg_with_target(cmd, cmd->call);
        if (!name || !name->required || name->repeat || name->type != ARG_STRING)
            return check_fail(c, "argument: \"%s\" is no required argument of type string",
                              cmd->call);
        check_leave(c, before);
    }
    if (!cmd->operation && !cmd->call && cmd->face != FACE_ALWAYS)
        return check_fail(c, "\"operation\" is missing");
    if (cmd->each && (!each || !each->repeat || each->join || each->type == ARG_PAIR))
        return check_fail(c, "each: \"%s\" is no repeated argument", cmd->each);
    if (cmd->each && (cmd->call || cmd->face != FACE_NEVER))
        return check_fail(c, "each: needs one operation, and no face");
    if (cmd->then && (cmd->call || cmd->each || cmd->face != FACE_NEVER))
        return check_fail(c, "then: needs one operation, no \"each\" and no face");
    return ALLORA_OK;
}

static int32_t fill_command(struct check *c, const json_node *node, struct command_decl *cmd)
{
    unsigned render = 0, face = 0;
    int32_t rc = check_object(c, node, command_fields);

    if (rc == ALLORA_OK)
        rc = check_strings(c, node, "path", &cmd->path, &cmd->n_path);
    if (rc == ALLORA_OK)
        rc = check_choice(c, node, "render", "renderer", renders, 0, &render);
    if (rc == ALLORA_OK)
        rc = check_choice(c, node, "face", "use of the face", faces, 0, &face);
    if (rc == ALLORA_OK)
        rc = check_strings(c, node, "columns", &cmd->columns, &cmd->n_columns);
    if (rc)
        return rc;
    if (cmd->n_path == 0 || cmd->n_path > PATH_WORDS_MAX)
        return check_fail(c, "path: has 1 to %d words", PATH_WORDS_MAX);
    for (uint32_t i = 0; i < cmd->n_path; i++) {
        if (!is_word(cmd->path[i]))
            return check_fail(c, "path[%u]: \"%s\" is no word: a-z, 0-9 and -", i, cmd->path[i]);
    }
    cmd->summary = json_get_str(node, "summary", "");
    cmd->description = json_get_str(node, "description", NULL);
    cmd->operation = json_get_str(node, "operation", NULL);
    cmd->render = renders[render];
    cmd->empty = json_get_str(node, "empty", NULL);
    cmd->group = json_get_str(node, "group", NULL);
    cmd->fixed = json_get(node, "fixed");
    cmd->examples = json_get(node, "examples");
    cmd->face = (enum face_use)face;
    cmd->each = json_get_str(node, "each", NULL);
    cmd->then = json_get_str(node, "then", NULL);
    rc = fill_args(c, node, cmd);
    if (rc == ALLORA_OK)
        rc = check_operation(c, node, cmd);
    return rc == ALLORA_OK ? check_run_examples(c, cmd->examples) : rc;
}

static bool same_path(const struct command_decl *a, const struct command_decl *b)
{
    if (a->n_path != b->n_path)
        return false;
    for (uint32_t i = 0; i < a->n_path; i++) {
        if (!streq(a->path[i], b->path[i]))
            return false;
    }
    return true;
}

int32_t manifest_fill_commands(struct check *c, const json_node *root)
{
    struct manifest *m = c->m;
    void *memory;
    uint32_t n = 0;
    int32_t rc = check_array(c, root, "commands", sizeof(struct command_decl), &memory, &n);

    if (rc)
        return rc;
    struct command_decl *commands = memory;
    size_t before = check_enter(c, "commands"), i = 0;
    json_foreach (item, json_get(root, "commands")) {
        size_t here = check_enter_item(c, i);
        if ((rc = fill_command(c, item, &commands[i])) != ALLORA_OK)
            return rc;
        for (size_t k = 0; k < i; k++) {
            if (same_path(&commands[k], &commands[i]))
                return check_fail(c, "path: the same as that of commands[%zu]", k);
        }
        i++;
        check_leave(c, here);
    }
    check_leave(c, before);
    m->commands = commands;
    m->n_commands = n;
    return ALLORA_OK;
}

int32_t manifest_fill_agents(struct check *c, const json_node *root)
{
    struct manifest *m = c->m;
    void *memory;
    int32_t rc = check_array(c, root, "agents", sizeof(struct agent_decl), &memory, &m->n_agents);

    if (rc)
        return rc;
    struct agent_decl *agents = memory;
    size_t before = check_enter(c, "agents"), i = 0;
    json_foreach (item, json_get(root, "agents")) {
        size_t here = check_enter_item(c, i);
        struct agent_decl *a = &agents[i];
        rc = check_object(c, item, agent_fields);
        if (rc == ALLORA_OK)
            rc = check_name(c, item, "name", "_-");
        if (rc == ALLORA_OK)
            rc = check_strings(c, item, "tools", &a->tools, &a->n_tools);
        if (rc)
            return rc;
        a->name = json_get_str(item, "name", "");
        a->summary = json_get_str(item, "summary", "");
        a->node = item;
        for (size_t k = 0; k < i; k++) {
            if (streq(agents[k].name, a->name))
                return check_fail(c, "name: \"%s\" stands there twice", a->name);
        }
        i++;
        check_leave(c, here);
    }
    check_leave(c, before);
    m->agents = agents;
    return ALLORA_OK;
}
