/* allora-plugin-check FILE.so [MANIFEST]: is this a plugin a host will take?
 *
 * 64-bit ELF of this byte order; exactly one exported symbol, allora_plugin_v1; a manifest section,
 * equal to MANIFEST when it is named; linked as it should be; nothing imported that works on the
 * whole process.  Nothing is executed.  `allora plugin check` does this and far more.  Each finding
 * is one line on stderr; exit 1 when there is any. */
#include "base/err.h"
#include "kit/check_file.h"
#include "plugin/elf.h"
#include "tool.h"
#include <stdio.h>
#include <string.h>

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

static void file_finding(void *self, const char *what, const char *hint)
{
    (void)fprintf(stderr, "%s: %s%s%s\n", (const char *)self, what, *hint ? "; " : "", hint);
    findings++;
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
    file_symbols(&view, file_finding, argv[1]);
    file_imports(&view, file_finding, argv[1]);
    elf_close(&view);
    tool_free_all();
    return findings ? 1 : 0;
}
