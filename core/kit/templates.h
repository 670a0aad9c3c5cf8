/* Where the templates and the SDK are.  Private to core/kit. */
#ifndef ALLORA_KIT_TEMPLATES_H
#define ALLORA_KIT_TEMPLATES_H
#include <allora/plugin.h>
#include <stdbool.h>

/* The folder of templates: PREFIX/share/allora/template for PREFIX/bin/allora, else the compiled-in
 * one.  NULL with E_CONFIG when there is neither; caller frees. */
char *templates_dir(allora_error *err);

enum sdk_place {
    SDK_FOUND,   /* installed where find_package() looks by itself */
    SDK_AT,      /* installed beside this program, but CMake has to be told */
    SDK_MISSING, /* not installed beside this program */
};
/* *ret_prefix: what CMAKE_PREFIX_PATH must be for SDK_AT, the program's own prefix for SDK_MISSING;
 * NULL else or when memory is out.  Caller frees. */
enum sdk_place sdk_find(char **ret_prefix);
#endif
