/* The manifest by the schema and by the host's own parser, and what neither of them can see. */
#include "kit/trial.h"

#include "base/arena.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "kit/schema_data.h"
#include "operation/arguments.h"
#include "schema.h"

#include <ctype.h>

/* The SDK's reader of JSON takes its memory from a host; this one has an arena for a ctx. */
static void *arena_of_ctx(allora_ctx *ctx, uint64_t size)
{
    return arena_alloc((struct arena *)(void *)ctx, (size_t)size);
}
static const allora_host reader_host = {.size = (uint32_t)sizeof(allora_host),
                                        .alloc = arena_of_ctx};

static bool holds_to_schema(struct trial *t, struct arena *mem)
{
    const char *hint = "docs/manifest.md has every key";
    struct sdk_pool pool = {.host = &reader_host, .ctx = (allora_ctx *)(void *)mem};
    const sdk_json *schema = NULL, *value = NULL;
    allora_error err = ERR_INIT;

    if (sdk_json_read(&pool, manifest_schema(), 0, &schema, &err))
        return CHECK(t, false, "", "the schema cannot be read: %s", err.message);
    if (sdk_json_read(&pool, (allora_str){t->elf.manifest, t->elf.manifest_len}, SDK_JSON_UNIQUE,
                      &value, &err))
        return CHECK(t, false, hint, "no JSON: %s", err.message);
    return CHECK(t, schema_check(schema, value, &err) == ALLORA_OK, hint, "%s", err.message);
}

/* Three numbers with dots, and what may follow them. */
static bool is_version(const char *s)
{
    for (int part = 0; part < 3; part++) {
        if (part > 0 && *s++ != '.')
            return false;
        if (!isdigit((unsigned char)*s))
            return false;
        while (isdigit((unsigned char)*s))
            s++;
    }
    return *s == '\0' || *s == '-' || *s == '+';
}

/* Every operation's example must pass its own schema. */
static void operations(struct trial *t)
{
    for (uint32_t i = 0; i < t->m->n_operations; i++) {
        const struct operation_decl *op = &t->m->operations[i];
        A_CLEAN(arena_done) struct arena mem;
        const struct schema *schema = NULL;
        allora_error err = ERR_INIT;
        arena_init(&mem, 0);
        if (!CHECK(t, schema_compile(&mem, op->arguments, &schema, &err) == ALLORA_OK,
                   "docs/manifest.md has the keywords", "operation %s: %s", op->name, err.message))
            continue;
        json_foreach (example, json_get(op->node, "examples")) {
            A_CLEAN(buf_done) struct buf text = BUF(1 << 20);
            A_CLEAN(json_freep) json_node *parsed = NULL;
            struct jsonw w = JSONW(&text);
            bool filled;
            const json_node *arguments = json_get(example, "arguments");
            if (!arguments)
                continue;
            jw_node(&w, arguments);
            (void)CHECK(t,
                        arguments_parse(schema, op->name, (allora_str){text.ptr, text.len}, &parsed,
                                        &filled, &err) == ALLORA_OK,
                        "its own schema refuses it", "operation %s, example: %s", op->name,
                        err.message);
        }
    }
}

void kit_check_manifest(struct trial *t)
{
    A_CLEAN(arena_done) struct arena mem;
    allora_error err = ERR_INIT;

    arena_init(&mem, 64 << 20);
    if (!CHECK(t, t->elf.manifest && t->elf.manifest_len, "build it with allora_add_plugin()",
               "no manifest: section " ELF_MANIFEST_SECTION " is missing or empty")) {
        trial_broken(t);
        return;
    }
    if (!holds_to_schema(t, &mem) ||
        !CHECK(t, manifest_parse(t->elf.manifest, t->elf.manifest_len, &t->m, &err) == ALLORA_OK,
               err.hint, "%s", err.message)) {
        trial_broken(t);
        return;
    }
    (void)CHECK(t, is_version(t->m->version), "three numbers: 1.0.0",
                "version: \"%s\" cannot be compared", t->m->version);
    (void)CHECK(t, t->m->abi_built <= ALLORA_ABI_MINOR, "check it with the allora it was made for",
                "abi.built: made for ABI 1.%u, this allora speaks 1.%u", t->m->abi_built,
                ALLORA_ABI_MINOR);
    operations(t);
    trial_note(t, "%u tables, %u operations, %u commands, %u agents", t->m->n_tables,
               t->m->n_operations, t->m->n_commands, t->m->n_agents);
}
