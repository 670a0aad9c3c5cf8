/* What can be said of a plugin's file without running any of it; also for the build's own tool. */
#ifndef ALLORA_KIT_CHECK_FILE_H
#define ALLORA_KIT_CHECK_FILE_H
#include "plugin/elf.h"

/* what: one line, what is wrong; hint: what to do, may be "". */
typedef void (*file_finding_fn)(void *self, const char *what, const char *hint);
/* Exactly one export, libraries by name; bound at load time, RELRO, no executable stack, no
 * relocated code, never unloaded. */
void file_symbols(const struct elf_view *v, file_finding_fn fn, void *self);
/* Nothing that works on the whole process. */
void file_imports(const struct elf_view *v, file_finding_fn fn, void *self);
#endif
