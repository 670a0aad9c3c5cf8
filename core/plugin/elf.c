/* The bounded ELF64 reader.  Structures are copied out of the bytes with memcpy: a forged offset
 * need not be aligned. */
#include "plugin/elf.h"

#include "base/err.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ELF_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define ELF_MACHINE EM_AARCH64
#elif defined(__riscv)
#define ELF_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define ELF_MACHINE EM_PPC64
#else
#define ELF_MACHINE EM_NONE /* any: dlopen decides */
#endif

enum {
    SECTIONS_MAX = 4096,       /* a plugin has some 40 */
    PROGRAM_HEADERS_MAX = 256, /* and some 10 of these */
    DYNAMIC_MAX = 4096,        /* entries read of .dynamic */
    SYMBOLS_MAX = 4 * 1024 * 1024
};
static const uint64_t FILE_MAX = UINT64_C(1) << 31;

/* Does [offset, offset + n * each) lie within the file? */
static bool within(const struct elf_view *v, uint64_t offset, uint64_t n, uint64_t each)
{
    return offset <= v->size && (each == 0 || n <= (v->size - offset) / each);
}

/* The NUL-terminated string at names + at, or NULL when it would leave the table. */
static const char *string_at(const struct elf_view *v, uint64_t names, uint64_t names_len,
                             uint64_t at)
{
    if (at >= names_len)
        return NULL;
    const char *s = (const char *)v->base + names + at;
    return memchr(s, '\0', (size_t)(names_len - at)) ? s : NULL;
}

static int32_t check_header(const struct elf_view *v, Elf64_Ehdr *h, allora_error *err)
{
    if (v->size < SELFMAG || memcmp(v->base, ELFMAG, SELFMAG) != 0)
        return err_set(err, ALLORA_E_ARG, "not an ELF file");
    if (v->size < sizeof *h)
        return err_set(err, ALLORA_E_ARG, "file too short for an ELF header");
    memcpy(h, v->base, sizeof *h);
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
        h->e_ident[EI_VERSION] != EV_CURRENT)
        return err_set(err, ALLORA_E_ARG, "not a 64-bit little-endian ELF file");
    if (h->e_type != ET_DYN)
        return err_set(err, ALLORA_E_ARG, "not a shared object (ELF type %u)", h->e_type);
    if (ELF_MACHINE != EM_NONE && h->e_machine != ELF_MACHINE)
        return err_set(err, ALLORA_E_ARG, "built for another machine (ELF machine %u, not %u)",
                       h->e_machine, ELF_MACHINE);
    if (h->e_shoff == 0 || h->e_shnum == 0)
        return err_set(err, ALLORA_E_ARG, "no section headers: it was stripped of its sections");
    if (h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shnum > SECTIONS_MAX ||
        h->e_shstrndx >= h->e_shnum)
        return err_set(err, ALLORA_E_ARG, "broken ELF header: section table");
    if (!within(v, h->e_shoff, h->e_shnum, sizeof(Elf64_Shdr)))
        return err_set(err, ALLORA_E_ARG, "file too short: the section table lies past its end");
    if (h->e_phnum > PROGRAM_HEADERS_MAX ||
        (h->e_phnum > 0 && h->e_phentsize != sizeof(Elf64_Phdr)) ||
        !within(v, h->e_phoff, h->e_phnum, sizeof(Elf64_Phdr)))
        return err_set(err, ALLORA_E_ARG, "broken ELF header: program headers");
    return ALLORA_OK;
}

/* Section i, whose bytes lie within the file unless it has none there (SHT_NOBITS). */
static int32_t section_at(const struct elf_view *v, const Elf64_Ehdr *h, uint64_t i,
                          Elf64_Shdr *ret, allora_error *err)
{
    Elf64_Shdr s;

    if (i >= h->e_shnum)
        return err_set(err, ALLORA_E_ARG, "broken section table: a link leads nowhere");
    memcpy(&s, v->base + h->e_shoff + i * sizeof s, sizeof s);
    if (s.sh_type != SHT_NOBITS && s.sh_type != SHT_NULL && !within(v, s.sh_offset, s.sh_size, 1))
        return err_set(err, ALLORA_E_ARG, "file too short: section %u lies past its end",
                       (unsigned)i);
    *ret = s;
    return ALLORA_OK;
}

/* The string table a section links to. */
static int32_t linked_names(const struct elf_view *v, const Elf64_Ehdr *h, const Elf64_Shdr *s,
                            uint64_t *ret_at, uint64_t *ret_len, allora_error *err)
{
    Elf64_Shdr names;
    int32_t rc = section_at(v, h, s->sh_link, &names, err);

    if (rc)
        return rc;
    if (names.sh_type != SHT_STRTAB)
        return err_set(err, ALLORA_E_ARG, "broken section table: symbol names are no strings");
    *ret_at = names.sh_offset;
    *ret_len = names.sh_size;
    return ALLORA_OK;
}

static int32_t take_section(struct elf_view *v, const Elf64_Ehdr *h, const Elf64_Shdr *s,
                            const char *name, allora_error *err)
{
    if (s->sh_type == SHT_DYNSYM && v->n_symbols == 0) {
        if (s->sh_entsize != sizeof(Elf64_Sym) || s->sh_size / sizeof(Elf64_Sym) > SYMBOLS_MAX)
            return err_set(err, ALLORA_E_ARG, "broken dynamic symbol table");
        v->symbols = s->sh_offset;
        v->n_symbols = s->sh_size / sizeof(Elf64_Sym);
        return linked_names(v, h, s, &v->symbol_names, &v->symbol_names_len, err);
    }
    if (s->sh_type == SHT_DYNAMIC && v->n_dynamic == 0) {
        uint64_t n = s->sh_size / sizeof(Elf64_Dyn);
        v->dynamic = s->sh_offset;
        v->n_dynamic = n < DYNAMIC_MAX ? n : DYNAMIC_MAX;
        return linked_names(v, h, s, &v->dynamic_names, &v->dynamic_names_len, err);
    }
    if (s->sh_type == SHT_PROGBITS && strcmp(name, ELF_MANIFEST_SECTION) == 0) {
        if (v->manifest)
            return err_set(err, ALLORA_E_ARG, "two sections " ELF_MANIFEST_SECTION);
        if (s->sh_size > ELF_MANIFEST_MAX)
            return err_set(err, ALLORA_E_ARG, "the manifest is larger than %d bytes",
                           ELF_MANIFEST_MAX);
        v->manifest = (const char *)v->base + s->sh_offset;
        v->manifest_len = s->sh_size;
    }
    return ALLORA_OK;
}

static int32_t read_sections(struct elf_view *v, const Elf64_Ehdr *h, allora_error *err)
{
    Elf64_Shdr names, s;
    int32_t rc = section_at(v, h, h->e_shstrndx, &names, err);

    if (rc)
        return rc;
    if (names.sh_type != SHT_STRTAB)
        return err_set(err, ALLORA_E_ARG, "broken section table: it has no names");
    for (uint64_t i = 1; i < h->e_shnum; i++) {
        if ((rc = section_at(v, h, i, &s, err)) != ALLORA_OK)
            return rc;
        const char *name = string_at(v, names.sh_offset, names.sh_size, s.sh_name);
        if (!name)
            return err_set(err, ALLORA_E_ARG, "broken section table: section %u has no name",
                           (unsigned)i);
        if ((rc = take_section(v, h, &s, name, err)) != ALLORA_OK)
            return rc;
    }
    return ALLORA_OK;
}

static Elf64_Dyn dynamic_at(const struct elf_view *v, uint64_t table, uint64_t i)
{
    Elf64_Dyn d;
    memcpy(&d, v->base + table + i * sizeof d, sizeof d);
    return d;
}

static void read_dynamic(struct elf_view *v, const Elf64_Phdr *p)
{
    uint64_t n = p->p_filesz / sizeof(Elf64_Dyn);

    for (uint64_t k = 0; k < n && k < DYNAMIC_MAX; k++) {
        Elf64_Dyn d = dynamic_at(v, p->p_offset, k);
        uint64_t flags = d.d_un.d_val;
        if (d.d_tag == DT_NULL)
            break;
        if (d.d_tag == DT_BIND_NOW || (d.d_tag == DT_FLAGS && (flags & DF_BIND_NOW)) ||
            (d.d_tag == DT_FLAGS_1 && (flags & DF_1_NOW)))
            v->bind_now = true;
        if (d.d_tag == DT_TEXTREL || (d.d_tag == DT_FLAGS && (flags & DF_TEXTREL)))
            v->text_relocations = true;
        if (d.d_tag == DT_FLAGS_1 && (flags & DF_1_NODELETE))
            v->nodelete = true;
    }
}

/* The dynamic linker goes by PT_DYNAMIC, not by the section: so does this. */
static void read_flags(struct elf_view *v, const Elf64_Ehdr *h)
{
    bool dynamic = false;

    v->exec_stack = true; /* what no header denies */
    for (uint64_t i = 0; i < h->e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, v->base + h->e_phoff + i * sizeof p, sizeof p);
        if (p.p_type == PT_GNU_STACK)
            v->exec_stack = (p.p_flags & PF_X) != 0;
        else if (p.p_type == PT_GNU_RELRO)
            v->relro = true;
        else if (p.p_type == PT_DYNAMIC && !dynamic && within(v, p.p_offset, p.p_filesz, 1)) {
            read_dynamic(v, &p);
            dynamic = true;
        }
    }
}

int32_t elf_parse(const void *bytes, uint64_t size, struct elf_view *ret, allora_error *err)
{
    struct elf_view v = {.base = bytes, .size = size};
    Elf64_Ehdr h;
    int32_t rc;

    if (size > FILE_MAX)
        return err_set(err, ALLORA_E_ARG, "file too large for a plugin");
    if ((rc = check_header(&v, &h, err)) != ALLORA_OK)
        return rc;
    if ((rc = read_sections(&v, &h, err)) != ALLORA_OK)
        return rc;
    read_flags(&v, &h);
    *ret = v;
    return ALLORA_OK;
}

int32_t elf_open(const char *path, struct elf_view *ret, allora_error *err)
{
    struct stat st;
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return err_set(err, errno == ENOENT ? ALLORA_E_NOTFOUND : ALLORA_E_ARG,
                       "cannot be opened: %s", strerror(errno));
    if (fstat(fd, &st) != 0)
        return err_set(err, ALLORA_E_ARG, "cannot be read: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, ALLORA_E_ARG, "not a regular file");
    if (st.st_size == 0)
        return err_set(err, ALLORA_E_ARG, "the file is empty");
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return err_set(err, ALLORA_E_ARG, "cannot be mapped: %s", strerror(errno));
    int32_t rc = elf_parse(map, (uint64_t)st.st_size, ret, err);
    if (rc)
        (void)munmap(map, (size_t)st.st_size);
    else
        ret->mapped = true;
    return rc;
}

void elf_close(struct elf_view *v)
{
    if (v && v->mapped) {
        void *map;
        memcpy(&map, &v->base, sizeof map); /* munmap takes no const */
        (void)munmap(map, (size_t)v->size);
    }
    if (v)
        *v = (struct elf_view){0};
}

bool elf_symbol_at(const struct elf_view *v, uint64_t i, struct elf_symbol *ret)
{
    Elf64_Sym s;

    if (i >= v->n_symbols)
        return false;
    memcpy(&s, v->base + v->symbols + i * sizeof s, sizeof s);
    const char *name = string_at(v, v->symbol_names, v->symbol_names_len, s.st_name);
    if (!name || !*name)
        return false;
    unsigned visibility = ELF64_ST_VISIBILITY(s.st_other);
    *ret = (struct elf_symbol){
        .name = name,
        .defined = s.st_shndx != SHN_UNDEF,
        .weak = ELF64_ST_BIND(s.st_info) == STB_WEAK,
        .local = ELF64_ST_BIND(s.st_info) == STB_LOCAL || visibility == STV_HIDDEN ||
                 visibility == STV_INTERNAL,
    };
    return true;
}

static bool has_symbol(const struct elf_view *v, const char *name, bool defined)
{
    struct elf_symbol s;

    for (uint64_t i = 0; i < v->n_symbols; i++) {
        if (elf_symbol_at(v, i, &s) && s.defined == defined && !s.local &&
            strcmp(s.name, name) == 0)
            return true;
    }
    return false;
}

bool elf_exports(const struct elf_view *v, const char *name)
{
    return has_symbol(v, name, true);
}

bool elf_imports(const struct elf_view *v, const char *name)
{
    return has_symbol(v, name, false);
}

/* The string of the i-th entry with either tag. */
static const char *dynamic_string(const struct elf_view *v, int64_t tag, int64_t other, uint64_t i)
{
    for (uint64_t k = 0; k < v->n_dynamic; k++) {
        Elf64_Dyn d = dynamic_at(v, v->dynamic, k);
        if (d.d_tag == DT_NULL)
            break;
        if ((d.d_tag == tag || d.d_tag == other) && i-- == 0)
            return string_at(v, v->dynamic_names, v->dynamic_names_len, d.d_un.d_val);
    }
    return NULL;
}

const char *elf_needed(const struct elf_view *v, uint64_t i)
{
    return dynamic_string(v, DT_NEEDED, DT_NEEDED, i);
}

const char *elf_runpath(const struct elf_view *v)
{
    return dynamic_string(v, DT_RUNPATH, DT_RPATH, 0);
}
