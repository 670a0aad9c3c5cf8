/* Package databases: dpkg's status and apk's installed. */
#include "dpkg.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const uint8_t *data, size_t size, bool (*next)(char **, struct package *))
{
    char *text = malloc(size + 1), *rest = text;
    struct package p;
    if (!text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    while (next(&rest, &p)) {
        if (rest > text + size || !p.name)
            abort();
        (void)package_is_there(&p);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size, dpkg_next);
    run(data, size, apk_next);
    return 0;
}
