/* passwd, group and shadow lines, log lines, and recordings. */
#include "logline.h"
#include "names.h"
#include "recorded.h"
#include "text.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_clock clock = {.now_us = INT64_C(1767355200000000), .fixed_offset = true};
    for (int kind = 0; kind < 6; kind++) {
        char *text = malloc(size + 1), *rest = text;
        if (!text)
            return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        for (char *line; (line = text_field(&rest, '\n')) != NULL;) {
            struct passwd_line p;
            struct group_line g;
            struct shadow_line s;
            struct log_entry e;
            if (kind == 0)
                (void)passwd_parse(line, &p);
            else if (kind == 1)
                (void)group_parse(line, &g);
            else if (kind == 2)
                (void)shadow_parse(line, &s);
            else if (logline_parse(line, (enum log_format)(kind - 3), &clock, &e) && !e.message)
                abort();
        }
        free(text);
    }
    struct recording *rec = NULL;
    allora_error err = {.size = (uint32_t)sizeof err};
    if (recording_parse((const char *)data, size, &rec, &err) == 0) {
        size_t n;
        int64_t v;
        (void)recording_all(rec, "unit", &n);
        (void)recording_mtime(rec, "x", &v);
        recording_free(rec);
    }
    return 0;
}
