#include "tool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block { /* before every piece, so that all can be freed */
    struct block *next;
    uint64_t pad;
};
static struct block *blocks;

static void *tool_alloc(allora_ctx *ctx, uint64_t size)
{
    (void)ctx;
    if (size > SIZE_MAX - sizeof(struct block))
        return NULL;
    struct block *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->next = blocks;
    blocks = b;
    return b + 1;
}

const allora_host tool_host = {.size = (uint32_t)sizeof(allora_host), .alloc = tool_alloc};

void tool_free_all(void)
{
    while (blocks) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

char *tool_read(const char *path, size_t *ret_len)
{
    enum { LIMIT = 64 << 20 };
    FILE *f = fopen(path, "rbe");
    if (!f) {
        fprintf(stderr, "%s: cannot be opened\n", path);
        return NULL;
    }
    char *text = NULL;
    long size = fseek(f, 0, SEEK_END) ? -1 : ftell(f);
    if (size >= 0 && size <= LIMIT && fseek(f, 0, SEEK_SET) == 0 &&
        (text = tool_alloc(NULL, (uint64_t)size + 1)) != NULL &&
        fread(text, 1, (size_t)size, f) == (size_t)size) {
        text[size] = 0;
        *ret_len = (size_t)size;
    } else {
        fprintf(stderr, "%s: cannot be read\n", path);
        text = NULL;
    }
    if (fclose(f) && text) {
        fprintf(stderr, "%s: cannot be read\n", path);
        text = NULL;
    }
    return text;
}
