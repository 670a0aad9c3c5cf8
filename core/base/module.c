/* Opening internal modules. */
#include "module.h"

#include "build.h"
#include "err.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* Beside the program: a build tree and a moved prefix both work. */
static void *open_beside_program(const char *name)
{
    char program[PATH_BYTES], path[PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

    if (n <= 0)
        return NULL;
    program[n] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    n = snprintf(path, sizeof path, "%s/../lib/allora/modules/%s.so", program, name);
    /* Looked at before, so that what dlerror() says is about a file that is there. */
    if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0)
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *module_symbol(const char *name, const char *symbol, allora_error *err)
{
    char path[PATH_BYTES];
    void *found = NULL;

    void *module = open_beside_program(name);
    int n = snprintf(path, sizeof path, "%s/%s.so", build_module_dir(), name);
    if (!module && n > 0 && (size_t)n < sizeof path)
        module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module)
        found = dlsym(module, symbol);
    if (!found) {
        const char *why = dlerror();
        (void)err_set(err, ALLORA_E_INTERNAL, "cannot open the module %s: %s", name,
                      why ? why : "no reason was given");
        err_hint(err, "install allora with its lib/allora/modules, and the libraries they need");
    }
    return found;
}
