/* allora-plugin-check FILE.so [MANIFEST]: is this a plugin a host will take?
 *
 * 64-bit ELF of this byte order; exactly one exported symbol, allora_plugin_v1; a manifest section,
 * equal to MANIFEST when it is named; all symbols bound at load time; nothing imported that works
 * on the whole process.  Nothing is executed.  Each finding is one line on stderr; exit 1 when
 * there is any. */
#include "base/err.h"
#include "plugin/elf.h"
#include "tool.h"
#include <stdio.h>
#include <string.h>

/* What belongs to the process, not to a plugin: a library's global state, signals, the locale, the
 * end. */
static const char *const forbidden[] = {
    "cJSON_InitHooks",
    "curl_global_init",
    "curl_global_cleanup",
    "curl_global_init_mem",
    "setlocale",
    "exit",
    "_exit",
    "_Exit",
    "quick_exit",
    "abort_handler_s",
    "atexit",
    "on_exit",
    "signal",
    "sigaction",
    "sigprocmask",
    "sigset",
    "fork",
    "vfork",
    "system",
    "popen",
    "execve",
    "execv",
    "execvp",
    "execl",
    "execlp",
    "execle",
    "chdir",
    "fchdir",
    "umask",
    "setenv",
    "putenv",
    "unsetenv",
    "clearenv",
    "dlclose",
    "setuid",
    "setgid",
};

static int findings;

static void found(const char *path, const char *what, const char *name)
{
    (void)fprintf(stderr, "%s: %s%s\n", path, what, name);
    findings++;
}

static void check_manifest(const char *path, const struct elf_view *v, const char *manifest)
{
    size_t len;
    if (!v->manifest || !v->manifest_len) {
        found(path, "no manifest: missing or empty section ", ELF_MANIFEST_SECTION);
        return;
    }
    const char *text = manifest ? tool_read(manifest, &len) : NULL;
    if (!manifest)
        return;
    if (!text)
        findings++; /* said already */
    else if (len != v->manifest_len || memcmp(v->manifest, text, len) != 0)
        found(path, "its manifest is not, byte for byte, ", manifest);
}

static void check_import(const char *path, const char *name)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (strcmp(name, forbidden[i]) == 0)
            found(path, "imports what works on the whole process and is not for plugins: ", name);
}

static void check_symbols(const char *path, const struct elf_view *v)
{
    struct elf_symbol s;
    bool entry = false;
    for (uint64_t i = 0; i < v->n_symbols; i++) {
        if (!elf_symbol_at(v, i, &s) || s.local)
            continue;
        if (!s.defined)
            check_import(path, s.name);
        else if (strcmp(s.name, ALLORA_ENTRY_SYMBOL) == 0)
            entry = true;
        else
            found(path, "exports more than " ALLORA_ENTRY_SYMBOL ": ", s.name);
    }
    if (!entry)
        found(path, "does not export ", ALLORA_ENTRY_SYMBOL);
}

int main(int argc, char **argv)
{
    struct elf_view view;
    allora_error err = ERR_INIT;
    if (argc != 2 && argc != 3) {
        (void)fprintf(stderr, "usage: allora-plugin-check FILE.so [MANIFEST]\n");
        return 2;
    }
    if (elf_open(argv[1], &view, &err)) {
        found(argv[1], err.message, "");
        return 1;
    }
    check_manifest(argv[1], &view, argc == 3 ? argv[2] : NULL);
    check_symbols(argv[1], &view);
    if (!view.bind_now)
        found(argv[1],
              "symbols are bound lazily, so that a missing one would end the run in its middle; "
              "link with -Wl,-z,now",
              "");
    elf_close(&view);
    tool_free_all();
    return findings ? 1 : 0;
}
