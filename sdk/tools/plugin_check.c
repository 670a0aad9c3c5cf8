/* allora-plugin-check FILE.so [MANIFEST]: is this a plugin a host will take?
 *
 * 64-bit ELF of this byte order; exactly one exported symbol, allora_plugin_v1; a manifest section,
 * equal to MANIFEST when it is named; all symbols bound at load time; nothing imported that works
 * on the whole process.  Nothing is executed.  Each finding is one line on stderr; exit 1 when
 * there is any. */
#include "tool.h"
#include <elf.h>
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

struct elf {
    const char *path, *bytes;
    size_t size;
    const Elf64_Ehdr *head;
    const Elf64_Shdr *sections;
    const char *names; /* of sections, size names_size, NUL at the end */
    size_t names_size;
    int findings;
};

#define FOUND(e, ...)                                                                              \
    ((void)fprintf(stderr, "%s: ", (e)->path), (void)fprintf(stderr, __VA_ARGS__),                 \
     (void)fputc('\n', stderr), (void)(e)->findings++)

/* Bytes [offset, offset+size) when they are all in the file. */
static const void *span(const struct elf *e, uint64_t offset, uint64_t size)
{
    return offset <= e->size && size <= e->size - offset ? e->bytes + offset : NULL;
}

static bool open_elf(struct elf *e)
{
    e->head = span(e, 0, sizeof *e->head);
    if (!e->head || memcmp(e->head->e_ident, ELFMAG, SELFMAG) != 0) {
        FOUND(e, "not an ELF file");
        return false;
    }
    if (e->head->e_ident[EI_CLASS] != ELFCLASS64 || e->head->e_ident[EI_DATA] != ELFDATA2LSB ||
        e->head->e_type != ET_DYN) {
        FOUND(e, "not a 64-bit little-endian shared object");
        return false;
    }
    if (e->head->e_shentsize == sizeof(Elf64_Shdr) && e->head->e_shoff % 8 == 0)
        e->sections = span(e, e->head->e_shoff, (uint64_t)e->head->e_shnum * sizeof(Elf64_Shdr));
    if (!e->sections || e->head->e_shstrndx >= e->head->e_shnum) {
        FOUND(e, "damaged: its section table lies outside the file");
        return false;
    }
    const Elf64_Shdr *names = &e->sections[e->head->e_shstrndx];
    e->names = span(e, names->sh_offset, names->sh_size);
    e->names_size = names->sh_size;
    if (!e->names || !e->names_size || e->names[e->names_size - 1] != 0) {
        FOUND(e, "damaged: its section names lie outside the file");
        return false;
    }
    return true;
}

static const Elf64_Shdr *find_section(const struct elf *e, const char *name, uint32_t type)
{
    for (size_t i = 0; i < e->head->e_shnum; i++) {
        const Elf64_Shdr *s = &e->sections[i];
        if (type ? s->sh_type == type
                 : s->sh_name < e->names_size && strcmp(e->names + s->sh_name, name) == 0)
            return s;
    }
    return NULL;
}

static void check_manifest(struct elf *e, const char *manifest)
{
    const Elf64_Shdr *s = find_section(e, ".allora.manifest", 0);
    const char *in = s && s->sh_type == SHT_PROGBITS ? span(e, s->sh_offset, s->sh_size) : NULL;
    size_t len;
    if (!in || !s->sh_size) {
        FOUND(e, "no manifest: the section .allora.manifest is missing or empty");
        return;
    }
    if (!manifest)
        return;
    const char *text = tool_read(manifest, &len);
    if (!text)
        e->findings++;
    else if (len != s->sh_size || memcmp(in, text, len) != 0)
        FOUND(e, "its manifest is not %s, byte for byte", manifest);
}

static void check_import(struct elf *e, const char *name)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (strcmp(name, forbidden[i]) == 0)
            FOUND(e, "imports %s, which works on the whole process: not for plugins", name);
}

static void check_symbols(struct elf *e)
{
    const Elf64_Shdr *s = find_section(e, NULL, SHT_DYNSYM);
    const Elf64_Shdr *t = s && s->sh_link < e->head->e_shnum ? &e->sections[s->sh_link] : NULL;
    const Elf64_Sym *symbols =
        s && s->sh_offset % 8 == 0 ? span(e, s->sh_offset, s->sh_size) : NULL;
    const char *names = t ? span(e, t->sh_offset, t->sh_size) : NULL;
    size_t entries = 0;
    if (!symbols || !names || !t->sh_size || names[t->sh_size - 1] != 0) {
        FOUND(e, "damaged: no dynamic symbols");
        return;
    }
    for (size_t i = 1; i < s->sh_size / sizeof *symbols; i++) {
        const Elf64_Sym *y = &symbols[i];
        if (y->st_name >= t->sh_size)
            continue;
        const char *name = names + y->st_name;
        if (y->st_shndx == SHN_UNDEF)
            check_import(e, name);
        else if (strcmp(name, ALLORA_ENTRY_SYMBOL) == 0)
            entries++;
        else if (ELF64_ST_BIND(y->st_info) != STB_LOCAL && y->st_shndx != SHN_ABS)
            FOUND(e, "exports %s; a plugin exports %s alone", name, ALLORA_ENTRY_SYMBOL);
    }
    if (entries != 1)
        FOUND(e, "does not export %s", ALLORA_ENTRY_SYMBOL);
}

static void check_binding(struct elf *e)
{
    const Elf64_Shdr *s = find_section(e, NULL, SHT_DYNAMIC);
    const Elf64_Dyn *d = s && s->sh_offset % 8 == 0 ? span(e, s->sh_offset, s->sh_size) : NULL;
    for (size_t i = 0; d && i < s->sh_size / sizeof *d && d[i].d_tag != DT_NULL; i++)
        if (d[i].d_tag == DT_BIND_NOW ||
            (d[i].d_tag == DT_FLAGS && d[i].d_un.d_val & DF_BIND_NOW) ||
            (d[i].d_tag == DT_FLAGS_1 && d[i].d_un.d_val & DF_1_NOW))
            return;
    FOUND(e, "symbols are bound lazily, so that a missing one would end the run in its middle; "
             "link with -Wl,-z,now");
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: allora-plugin-check FILE.so [MANIFEST]\n");
        return 2;
    }
    struct elf e = {.path = argv[1]};
    e.bytes = tool_read(argv[1], &e.size);
    if (!e.bytes)
        return 1;
    if (open_elf(&e)) {
        check_manifest(&e, argc == 3 ? argv[2] : NULL);
        check_symbols(&e);
        check_binding(&e);
    }
    tool_free_all();
    return e.findings ? 1 : 0;
}
