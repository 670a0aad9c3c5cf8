/* Reading one plugin file. */
#include "plugin/read.h"

#include "base/err.h"
#include "base/str.h"
#include "plugin/trust.h"

#include <stdio.h>

int32_t found_fail(struct scan *s, struct found *f, const char *stage, int32_t code,
                   const char *message, const char *hint, allora_error *err)
{
    if (f->failure.stage)
        return ALLORA_OK;
    const char *m = arena_strdup(&s->mem, message), *h = arena_strdup(&s->mem, hint ? hint : "");
    if (!m || !h)
        return err_nomem(err);
    f->failure = (struct plugin_failure){.stage = stage, .code = code, .message = m, .hint = h};
    return ALLORA_OK;
}

/* What one process may have but once belongs to the host: a plugin that touches it breaks the host
 * and its siblings. */
static const struct {
    const char *name, *why;
} forbidden[] = {
    {"exit", "it would end the host"},
    {"_exit", "it would end the host"},
    {"_Exit", "it would end the host"},
    {"quick_exit", "it would end the host"},
    {"setlocale", "the locale belongs to the whole process"},
    {"signal", "signal handlers belong to the host"},
    {"sigaction", "signal handlers belong to the host"},
    {"curl_global_init", "it belongs to the whole process: use allora.http/1"},
    {"curl_global_cleanup", "it belongs to the whole process: use allora.http/1"},
    {"cJSON_InitHooks", "it changes memory allocation for everybody"},
    {"system", "no plugin starts a shell: use allora.exec/1"},
    {"popen", "no plugin starts a shell: use allora.exec/1"},
};

const char *read_forbidden_import(const struct elf_view *v, const char **ret_why)
{
    struct elf_symbol symbol;

    for (uint64_t i = 0; i < v->n_symbols; i++) {
        if (!elf_symbol_at(v, i, &symbol) || symbol.defined)
            continue;
        for (size_t k = 0; k < sizeof forbidden / sizeof forbidden[0]; k++) {
            if (streq(symbol.name, forbidden[k].name)) {
                *ret_why = forbidden[k].why;
                return forbidden[k].name;
            }
        }
    }
    return NULL;
}

/* What linkers add by themselves to a library that was linked without a version script. */
static bool from_linker(const char *name)
{
    static const char *const names[] = {"_init", "_fini", "_edata", "_end", "__bss_start"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (streq(name, names[i]))
            return true;
    }
    return false;
}

const char *read_surplus_export(const struct elf_view *v)
{
    struct elf_symbol symbol;

    for (uint64_t i = 0; i < v->n_symbols; i++) {
        if (elf_symbol_at(v, i, &symbol) && symbol.defined && !symbol.local &&
            !streq(symbol.name, ALLORA_ENTRY_SYMBOL) && !from_linker(symbol.name))
            return symbol.name;
    }
    return NULL;
}

static const char *kinds_of(const struct manifest *m)
{
    static const char *const names[] = {
        "",        "provider",          "agent",          "provider, agent",
        "command", "provider, command", "agent, command", "provider, agent, command"};
    unsigned which = (m->provider ? 1u : 0) | (m->n_agents ? 2u : 0) |
                     (m->n_commands || (m->n_operations && !m->provider) ? 4u : 0);
    return names[which];
}

/* The manifest's words are the manifest's: it lives as long as the scan. */
static int32_t parse(struct scan *s, struct found *f, allora_error *err)
{
    allora_error e = ERR_INIT;
    int32_t rc = manifest_parse(f->text, f->text_len, &f->manifest, &e);

    if (rc == ALLORA_E_NOMEM)
        return err_nomem(err);
    if (rc)
        return found_fail(s, f, "manifest", ALLORA_E_CONFIG, e.message,
                          "the plugin's author must correct its plugin.json", err);
    f->id = f->manifest->id;
    f->version = f->manifest->version;
    f->summary = f->manifest->summary;
    f->kinds = kinds_of(f->manifest);
    return ALLORA_OK;
}

static int32_t check_abi(struct scan *s, struct found *f, allora_error *err)
{
    const struct manifest *m = f->manifest;
    char message[256], hint[256];

    if (m->abi_needed > ALLORA_ABI_MINOR) {
        (void)snprintf(message, sizeof message, "needs ABI %u.%u, this allora speaks %u.0 to %u.%u",
                       ALLORA_ABI_MAJOR, m->abi_needed, ALLORA_ABI_MAJOR, ALLORA_ABI_MAJOR,
                       ALLORA_ABI_MINOR);
        (void)snprintf(hint, sizeof hint, "upgrade allora, or install an older %s than %s", m->id,
                       m->version);
        return found_fail(s, f, "abi", ALLORA_E_ABI, message, hint, err);
    }
    return ALLORA_OK;
}

/* What the dynamic linker would find out too late, or not say clearly. */
static int32_t check_image(struct scan *s, struct found *f, const struct elf_view *v,
                           allora_error *err)
{
    char message[256];
    const char *why = "";

    if (!elf_exports(v, ALLORA_ENTRY_SYMBOL))
        return found_fail(s, f, "entry", ALLORA_E_ABI,
                          "does not export the function " ALLORA_ENTRY_SYMBOL,
                          "build it with allora_add_plugin(), which exports the entry", err);
    const char *symbol = read_surplus_export(v);
    if (symbol) {
        (void)snprintf(message, sizeof message,
                       "exports %.120s() beside " ALLORA_ENTRY_SYMBOL
                       ": names that two plugins share could be mixed up",
                       symbol);
        return found_fail(s, f, "entry", ALLORA_E_ABI, message,
                          "link it with a version script, as allora_add_plugin() does", err);
    }
    if (!v->bind_now)
        return found_fail(s, f, "read", ALLORA_E_ABI,
                          "is linked lazily: a missing symbol would end the program in mid-run",
                          "link it with -Wl,-z,now, as allora_add_plugin() does", err);
    symbol = read_forbidden_import(v, &why);
    if (symbol) {
        (void)snprintf(message, sizeof message, "imports %s(), which no plugin may call: %s",
                       symbol, why);
        return found_fail(s, f, "trust", ALLORA_E_DENIED, message,
                          "the plugin's author must do without it", err);
    }
    return ALLORA_OK;
}

static int32_t read_file(struct scan *s, struct found *f, allora_error *err)
{
    allora_error e = ERR_INIT;
    struct elf_view v;
    int32_t rc = elf_open(f->path, &v, &e);

    if (rc)
        return found_fail(s, f, "read", ALLORA_E_ABI, e.message,
                          "reinstall the plugin, or remove the file", err);
    if (!v.manifest || v.manifest_len == 0) {
        elf_close(&v);
        return found_fail(s, f, "read", ALLORA_E_ABI,
                          "has no manifest (section " ELF_MANIFEST_SECTION ")",
                          "it is no allora plugin, or was not built with allora_add_plugin()", err);
    }
    f->text = arena_strndup(&s->mem, v.manifest, (size_t)v.manifest_len);
    f->text_len = (size_t)v.manifest_len;
    rc = f->text ? parse(s, f, err) : err_nomem(err);
    if (rc == ALLORA_OK && f->manifest)
        rc = check_abi(s, f, err);
    if (rc == ALLORA_OK && f->manifest)
        rc = check_image(s, f, &v, err);
    elf_close(&v);
    return rc;
}

int32_t read_plugin(struct scan *s, struct found *f, allora_error *err)
{
    const char *untrusted = NULL;

    if (f->core)
        return parse(s, f, err);
    if (scan_untrusted(s, f, &untrusted)) {
        int32_t rc = found_fail(s, f, "trust", ALLORA_E_DENIED, untrusted, TRUST_HINT, err);
        if (rc)
            return rc;
    }
    return read_file(s, f,
                     err); /* an untrusted plugin is not used, but its name and words are shown */
}

static int32_t command_names(const struct manifest *m, name_fn fn, void *self)
{
    for (uint32_t i = 0; i < m->n_commands; i++) {
        const struct command_decl *cmd = &m->commands[i];
        char path[256];
        size_t len = 0;
        for (uint32_t k = 0; k < cmd->n_path; k++) {
            int n = snprintf(path + len, sizeof path - len, "%s%s", k ? " " : "", cmd->path[k]);
            len += n < 0 ? 0 : (size_t)n; /* at most 4 words of 32 */
        }
        int32_t rc = fn(self, NAME_COMMAND, path, cmd->summary, cmd);
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

int32_t manifest_names(const struct manifest *m, name_fn fn, void *self)
{
    int32_t rc = command_names(m, fn, self);

    if (rc == ALLORA_OK && m->provider)
        rc = fn(self, NAME_PROVIDER, m->provider, "", NULL);
    for (uint32_t i = 0; rc == ALLORA_OK && i < m->n_tables; i++)
        rc = fn(self, NAME_TABLE, m->tables[i].name, m->tables[i].summary, NULL);
    for (uint32_t i = 0; rc == ALLORA_OK && i < m->n_operations; i++)
        rc = fn(self, NAME_OPERATION, m->operations[i].name, m->operations[i].summary, NULL);
    for (uint32_t i = 0; rc == ALLORA_OK && i < m->n_agents; i++)
        rc = fn(self, NAME_AGENT, m->agents[i].name, m->agents[i].summary, NULL);
    for (uint32_t i = 0; rc == ALLORA_OK && i < m->n_views; i++)
        rc = fn(self, NAME_VIEW, m->views[i].view, "", NULL);
    return rc;
}
