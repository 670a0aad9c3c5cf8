/* Names of an archive's members, any bytes: what is taken is a plain file name that stays where it
 * is put; what is refused says why.  The first byte is the member's kind. */
#include "plugin/unpack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char base[UNPACK_BASE_MAX] = "", why[64] = "";

    if (size == 0)
        return 0;
    char *name = malloc(size); /* exact, so that a read past its end is seen */
    if (!name)
        return 0;
    memcpy(name, data + 1, size - 1);
    name[size - 1] = '\0';
    switch (unpack_judge(name, (enum member_kind)(data[0] % 4), base, why, sizeof why)) {
    case MEMBER_TAKE: {
        size_t n = strlen(base);
        if (data[0] % 4 != MEMBER_FILE || n < 4 || n >= sizeof base || base[0] == '.' ||
            strchr(base, '/') || strcmp(base + n - 3, ".so") != 0 || name[0] == '/' ||
            strncmp(name, "../", 3) == 0 || strstr(name, "/../"))
            abort();
        break;
    }
    case MEMBER_REFUSE:
        if (!why[0])
            abort();
        break;
    case MEMBER_PASS:
    default:
        break;
    }
    free(name);
    return 0;
}
