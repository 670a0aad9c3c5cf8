/* What can be said of a plugin's file without running any of it: symbols, imports, how it was
 * linked.  The build's own tool, allora-plugin-check, uses the same. */
#include "kit/check_file.h"
#include "kit/trial.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* What belongs to the process, not to a plugin. */
static const struct {
    const char *name, *instead;
} forbidden[] = {
    {"exit", "return a status"},
    {"_exit", "return a status"},
    {"_Exit", "return a status"},
    {"quick_exit", "return a status"},
    {"atexit", "destroy() is called at the end"},
    {"on_exit", "destroy() is called at the end"},
    {"abort_handler_s", ""},
    {"signal", "signals are the host's; ask cancelled()"},
    {"sigaction", "signals are the host's; ask cancelled()"},
    {"sigprocmask", "signals are the host's; ask cancelled()"},
    {"sigset", "signals are the host's; ask cancelled()"},
    {"fork", "allora.exec/1 runs programs"},
    {"vfork", "allora.exec/1 runs programs"},
    {"system", "allora.exec/1 runs programs"},
    {"popen", "allora.exec/1 runs programs"},
    {"execve", "allora.exec/1 runs programs"},
    {"execv", "allora.exec/1 runs programs"},
    {"execvp", "allora.exec/1 runs programs"},
    {"execl", "allora.exec/1 runs programs"},
    {"execlp", "allora.exec/1 runs programs"},
    {"execle", "allora.exec/1 runs programs"},
    {"posix_spawn", "allora.exec/1 runs programs"},
    {"posix_spawnp", "allora.exec/1 runs programs"},
    {"chdir", "openat() needs no current folder"},
    {"fchdir", "openat() needs no current folder"},
    {"umask", "fchmod() what was made"},
    {"setenv", "environ is the process's"},
    {"putenv", "environ is the process's"},
    {"unsetenv", "environ is the process's"},
    {"clearenv", "environ is the process's"},
    {"setlocale", "newlocale() and uselocale() are a thread's"},
    {"dlclose", "plugins are never unloaded"},
    {"setuid", "allora runs as who started it"},
    {"setgid", "allora runs as who started it"},
    {"cJSON_InitHooks", "it changes every cJSON of the process"},
    {"curl_global_init", "allora.http/1 has the network"},
    {"curl_global_init_mem", "allora.http/1 has the network"},
    {"curl_global_cleanup", "allora.http/1 has the network"},
};

void file_imports(const struct elf_view *v, file_finding_fn fn, void *self)
{
    struct elf_symbol s;
    char words[512], hint[128];

    for (uint64_t i = 0; i < v->n_symbols; i++) {
        if (!elf_symbol_at(v, i, &s) || s.local || s.defined)
            continue;
        for (size_t k = 0; k < sizeof forbidden / sizeof forbidden[0]; k++) {
            if (!streq(s.name, forbidden[k].name))
                continue;
            (void)snprintf(words, sizeof words,
                           "imports what works on the whole process and is not for plugins: %s",
                           s.name);
            (void)snprintf(hint, sizeof hint, "%s", forbidden[k].instead);
            fn(self, words, hint);
        }
    }
}

static void one_export(const struct elf_view *v, file_finding_fn fn, void *self)
{
    struct elf_symbol s;
    char words[512];
    bool entry = false;

    for (uint64_t i = 0; i < v->n_symbols; i++) {
        if (!elf_symbol_at(v, i, &s) || s.local || !s.defined)
            continue;
        if (streq(s.name, ALLORA_ENTRY_SYMBOL)) {
            entry = true;
            continue;
        }
        (void)snprintf(words, sizeof words, "exports more than " ALLORA_ENTRY_SYMBOL ": %s",
                       s.name);
        fn(self, words, "make it static, or link with the SDK's allora-plugin.map");
    }
    if (!entry)
        fn(self, "does not export " ALLORA_ENTRY_SYMBOL,
           "ALLORA_PROVIDER_PLUGIN() and its like make it");
}

/* Libraries and where they are looked for: by name, in the system's folders or beside the plugin.
 */
static void libraries(const struct elf_view *v, file_finding_fn fn, void *self)
{
    const char *name, *path = elf_runpath(v);
    char words[512];

    for (uint64_t i = 0; (name = elf_needed(v, i)) != NULL; i++) {
        if (!strchr(name, '/'))
            continue;
        (void)snprintf(words, sizeof words, "needs a library by its path: %s", name);
        fn(self, words, "give that library a soname, and link with -l");
    }
    while (path && *path) {
        size_t n = strcspn(path, ":");
        bool good = n > 0 && (path[0] == '/' || str_starts(path, "$ORIGIN"));
        if (!good) {
            (void)snprintf(words, sizeof words,
                           "looks for libraries relative to whoever runs it: RUNPATH \"%.*s\"",
                           (int)n, path);
            fn(self, words, "remove it, or begin it with $ORIGIN");
        }
        path += n + (path[n] == ':');
    }
}

void file_symbols(const struct elf_view *v, file_finding_fn fn, void *self)
{
    one_export(v, fn, self);
    if (!v->bind_now)
        fn(self, "symbols are bound lazily, so that a missing one would end the run in its middle",
           "link with -Wl,-z,now");
    if (!v->relro)
        fn(self, "relocated data stays writable", "link with -Wl,-z,relro");
    if (v->exec_stack)
        fn(self, "wants an executable stack",
           "link with -Wl,-z,noexecstack; assembly needs .note.GNU-stack");
    if (v->text_relocations)
        fn(self, "its code is relocated", "compile with -fPIC");
    if (!v->nodelete)
        fn(self, "may be unloaded, with threads and data of it alive", "link with -Wl,-z,nodelete");
    libraries(v, fn, self);
}

static void into_trial(void *self, const char *what, const char *hint)
{
    (void)CHECK((struct trial *)self, false, hint, "%s", what);
}

void kit_check_symbols(struct trial *t)
{
    file_symbols(&t->elf, into_trial, t);
}

void kit_check_imports(struct trial *t)
{
    file_imports(&t->elf, into_trial, t);
}
