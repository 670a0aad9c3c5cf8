/* Number words and units. */
#include "words.h"

#include <string.h>

bool word_number(const char *text, double *ret)
{
    static const struct {
        const char *word;
        double value;
    } numbers[] = {{"one", 1},       {"two", 2},     {"three", 3},       {"four", 4},
                   {"five", 5},      {"six", 6},     {"seven", 7},       {"eight", 8},
                   {"nine", 9},      {"ten", 10},    {"eleven", 11},     {"twelve", 12},
                   {"fifteen", 15},  {"twenty", 20}, {"thirty", 30},     {"fifty", 50},
                   {"hundred", 100}, {"dozen", 12},  {"thousand", 1000}, {"zero", 0}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(numbers[i].word, text) == 0) {
            *ret = numbers[i].value;
            return true;
        }
    }
    return false;
}

bool unit_find(const char *text, bool glued, struct unit *ret)
{
    static const struct {
        const char *word;
        bool only_glued;
        enum dimension dim;
        double factor;
    } units[] = {{"b", true, DIM_BYTES, 1},
                 {"byte", false, DIM_BYTES, 1},
                 {"kb", false, DIM_BYTES, 0x1p10},
                 {"kib", false, DIM_BYTES, 0x1p10},
                 {"kilobyte", false, DIM_BYTES, 0x1p10},
                 {"mb", false, DIM_BYTES, 0x1p20},
                 {"mib", false, DIM_BYTES, 0x1p20},
                 {"megabyte", false, DIM_BYTES, 0x1p20},
                 {"meg", false, DIM_BYTES, 0x1p20},
                 {"gb", false, DIM_BYTES, 0x1p30},
                 {"gib", false, DIM_BYTES, 0x1p30},
                 {"gigabyte", false, DIM_BYTES, 0x1p30},
                 {"gig", false, DIM_BYTES, 0x1p30},
                 {"g", true, DIM_BYTES, 0x1p30},
                 {"m", true, DIM_BYTES, 0x1p20},
                 {"tb", false, DIM_BYTES, 0x1p40},
                 {"tib", false, DIM_BYTES, 0x1p40},
                 {"terabyte", false, DIM_BYTES, 0x1p40},
                 {"t", true, DIM_BYTES, 0x1p40},
                 {"pb", false, DIM_BYTES, 0x1p50},
                 {"kibibyte", false, DIM_BYTES, 0x1p10},
                 {"mebibyte", false, DIM_BYTES, 0x1p20},
                 {"gibibyte", false, DIM_BYTES, 0x1p30},
                 {"tebibyte", false, DIM_BYTES, 0x1p40},
                 {"%", false, DIM_PERCENT, 1},
                 {"percent", false, DIM_PERCENT, 1},
                 {"pct", false, DIM_PERCENT, 1},
                 {"s", true, DIM_TIME, 1},
                 {"sec", false, DIM_TIME, 1},
                 {"second", false, DIM_TIME, 1},
                 {"ms", true, DIM_TIME, 0.001},
                 {"millisecond", false, DIM_TIME, 0.001},
                 {"min", false, DIM_TIME, 60},
                 {"minute", false, DIM_TIME, 60},
                 {"h", true, DIM_TIME, 3600},
                 {"hr", false, DIM_TIME, 3600},
                 {"hour", false, DIM_TIME, 3600},
                 {"d", true, DIM_TIME, 86400},
                 {"day", false, DIM_TIME, 86400},
                 {"w", true, DIM_TIME, 604800},
                 {"week", false, DIM_TIME, 604800},
                 {"fortnight", false, DIM_TIME, 1209600},
                 {"month", false, DIM_MONTHS, 1},
                 {"quarter", false, DIM_MONTHS, 3},
                 {"year", false, DIM_MONTHS, 12},
                 {"yr", false, DIM_MONTHS, 12},
                 {"y", true, DIM_MONTHS, 12}};
    char one[WORD_MAX];
    size_t n = strlen(text);
    if (n >= WORD_MAX)
        return false;
    memcpy(one, text, n + 1);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            if (strcmp(units[i].word, one) == 0 && (glued || !units[i].only_glued)) {
                *ret = (struct unit){units[i].dim, units[i].factor, NULL};
                return true;
            }
        }
        if (n < 3 || one[n - 1] != 's')
            return false;
        one[n - 1] = '\0';
    }
    return false;
}
