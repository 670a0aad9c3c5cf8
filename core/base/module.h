/* Internal modules: parts of the core that lean on a heavy library, built as shared objects and
 * opened when first needed, so that a program that prints a table need not load them.  They are
 * built from the same sources as the program, so they have no versions. */
#ifndef ALLORA_BASE_MODULE_H
#define ALLORA_BASE_MODULE_H
#include <allora/plugin.h>

/* Opens <program's folder>/../lib/allora/modules/<name>.so, or else the one in the installed
 * folder, and finds the symbol in it.  Never closed.  NULL with E_INTERNAL in err (which may be
 * NULL), in words.  Allocates nothing of its own.  [any] */
void *module_symbol(const char *name, const char *symbol, allora_error *err);
#endif
