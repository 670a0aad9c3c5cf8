/* A bounded reader of 64-bit little-endian ELF shared objects: what the host must know of a plugin
 * before it opens it.
 *
 * Nothing of the file is trusted: every offset, count and string is checked against the file's size
 * before it is followed, so that a truncated, forged or random file gives an error or a missing
 * answer, never a read outside.  Depends on core/base alone; the SDK's build tools share it.  A
 * view may be read by any thread. */
#ifndef ALLORA_PLUGIN_ELF_H
#define ALLORA_PLUGIN_ELF_H
#include <allora/plugin.h>
#include <stdbool.h>

#define ELF_MANIFEST_SECTION ".allora.manifest"
enum { ELF_MANIFEST_MAX = 4 << 20 /* bytes; larger manifests are refused */ };

struct elf_view {
    const uint8_t *base; /* [borrowed] for elf_parse(), the mapping for elf_open() */
    uint64_t size;
    bool mapped;
    const char
        *manifest; /* the section's bytes, not NUL-terminated; NULL when there is no such section */
    uint64_t manifest_len;
    bool bind_now; /* DF_BIND_NOW, DF_1_NOW or DT_BIND_NOW: all symbols are resolved when it is
                      opened */
    /* How it is to be mapped: as the linker was told. */
    bool exec_stack; /* PT_GNU_STACK wants an executable stack, or is missing */
    bool relro;      /* PT_GNU_RELRO: relocated data is made read-only */
    bool text_relocations, nodelete;
    /* Where the tables stand, checked; zero counts when the file has none. */
    uint64_t symbols, n_symbols, symbol_names, symbol_names_len;
    uint64_t dynamic, n_dynamic, dynamic_names, dynamic_names_len;
};
struct elf_symbol {
    const char *name; /* NUL-terminated, in the view */
    bool defined;     /* exported by this file; else it is imported */
    bool weak, local;
};

/* Checks header, sections and tables.  E_ARG with what is wrong: "not an ELF file", "file too
 * short", "built for another machine". */
int32_t elf_parse(const void *bytes, uint64_t size, struct elf_view *ret, allora_error *err);
/* The same on a read-only mapping of a regular file; elf_close() ends it. */
int32_t elf_open(const char *path, struct elf_view *ret, allora_error *err);
void elf_close(struct elf_view *v);

/* Dynamic symbols 0 … n_symbols - 1.  False for unnamed ones and for those whose name lies outside
 * the file. */
bool elf_symbol_at(const struct elf_view *v, uint64_t i, struct elf_symbol *ret);
/* Is `name` exported, and visible to dlsym()? */
bool elf_exports(const struct elf_view *v, const char *name);
/* Does the file import `name` from elsewhere? */
bool elf_imports(const struct elf_view *v, const char *name);
/* The i-th library it needs (DT_NEEDED); NULL past the last. */
const char *elf_needed(const struct elf_view *v, uint64_t i);
/* Where it looks for them itself (DT_RUNPATH or DT_RPATH); NULL: only in the usual places. */
const char *elf_runpath(const struct elf_view *v);
#endif
