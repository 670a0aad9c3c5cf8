#include "dpkg.h"
#include "text.h"
#include <string.h>

/* The paragraph at *text, NUL-terminated without its last newline; NULL at the end. */
static char *paragraph(char **text)
{
    char *start = *text;
    while (*start == '\n')
        start++;
    if (!*start)
        return NULL;
    char *end = strstr(start, "\n\n");
    if (end) {
        *end = '\0';
        *text = end + 2;
    } else {
        *text = start + strlen(start);
        if (*text > start && (*text)[-1] == '\n')
            (*text)[-1] = '\0';
    }
    return start;
}

static const char *skip_blanks(const char *s)
{
    text_blanks(&s);
    return s;
}

/* Status: install ok installed */
static void put_status(struct package *p, char *value)
{
    p->wanted = text_field(&value, ' ');
    (void)text_field(&value, ' ');
    p->state = text_field(&value, ' ');
}

static void put_dpkg(struct package *p, const char *key, char *value)
{
    const struct {
        const char *key;
        const char **field;
    } texts[] = {{"Package", &p->name},
                 {"Version", &p->version},
                 {"Architecture", &p->architecture},
                 {"Description", &p->summary},
                 {"Section", &p->section},
                 {"Priority", &p->priority},
                 {"Source", &p->source},
                 {"Maintainer", &p->maintainer},
                 {"Homepage", &p->homepage}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(key, texts[i].key) == 0) {
            *texts[i].field = value;
            return;
        }
    const char *number = value;
    uint64_t kib;
    if (strcmp(key, "Status") == 0)
        put_status(p, value);
    else if (strcmp(key, "Installed-Size") == 0 && text_uint(&number, &kib) &&
             kib < INT64_MAX / 1024)
        p->size = (int64_t)kib * 1024;
    else if (strcmp(key, "Essential") == 0)
        p->essential = strcmp(value, "yes") == 0;
    else if (strcmp(key, "Multi-Arch") == 0)
        p->multi_arch_same = strcmp(value, "same") == 0;
}

bool dpkg_next(char **text, struct package *ret)
{
    for (char *rest; (rest = paragraph(text)) != NULL;) {
        struct package p = {.size = -1, .built = -1};
        for (char *line; (line = text_field(&rest, '\n')) != NULL;) {
            char *value = line, *key = text_field(&value, ':');
            if (*line == ' ' || *line == '\t' || !value) /* continuation */
                continue;
            value += skip_blanks(value) - value;
            (void)text_trim(value, strlen(value));
            put_dpkg(&p, key, value);
        }
        if (p.name && p.state) {
            *ret = p;
            return true;
        }
    }
    return false;
}

bool apk_next(char **text, struct package *ret)
{
    for (char *rest; (rest = paragraph(text)) != NULL;) {
        struct package p = {.size = -1, .built = -1, .state = "installed", .wanted = "install"};
        for (char *line; (line = text_field(&rest, '\n')) != NULL;) {
            if (!line[0] || line[1] != ':')
                continue;
            const char *value = line + 2, *number = value;
            uint64_t v;
            switch (line[0]) {
            case 'P':
                p.name = value;
                break;
            case 'V':
                p.version = value;
                break;
            case 'A':
                p.architecture = value;
                break;
            case 'T':
                p.summary = value;
                break;
            case 'U':
                p.homepage = value;
                break;
            case 'o':
                p.source = value;
                break;
            case 'm':
                p.maintainer = value;
                break;
            case 'I':
                p.size = text_uint(&number, &v) && v <= INT64_MAX ? (int64_t)v : -1;
                break;
            case 't':
                p.built = text_uint(&number, &v) && v <= INT64_MAX / 1000000 ? (int64_t)v : -1;
                break;
            default:
                break;
            }
        }
        if (p.name && p.version) {
            *ret = p;
            return true;
        }
    }
    return false;
}

bool package_is_there(const struct package *p)
{
    return strcmp(p->state, "not-installed") != 0 && strcmp(p->state, "config-files") != 0;
}
