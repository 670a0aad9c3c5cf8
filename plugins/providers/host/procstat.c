#include "procstat.h"
#include "text.h"
#include <stdio.h>
#include <string.h>

bool procstat_parse(const char *text, struct procstat *ret)
{
    struct procstat s = {0};
    const char *p = text;
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!text_int(&p, &s.pid) || !open || !close || close < open)
        return false;
    size_t n = (size_t)(close - open - 1);
    if (n >= sizeof s.name)
        n = sizeof s.name - 1;
    memcpy(s.name, open + 1, n);
    p = close + 1;
    text_blanks(&p);
    s.state = *p;
    if (!s.state)
        return false;
    p++;
    /* Fields 4 to 39 of proc(5)'s list. */
    enum { FIRST = 4, LAST = 39 };
    int64_t field[LAST + 1] = {0};
    int count = 0;
    for (int i = FIRST; i <= LAST; i++, count++) {
        text_blanks(&p);
        uint64_t wide; /* some are unsigned and too large for the sign: addresses, limits */
        if (text_int(&p, &field[i]))
            continue;
        if (!text_uint(&p, &wide))
            break;
        field[i] = (int64_t)wide;
    }
    if (count < 24 - FIRST + 1)
        return false;
    s.ppid = field[4];
    s.pgid = field[5];
    s.session = field[6];
    s.tty = field[7];
    s.flags = field[9];
    s.minor_faults = field[10];
    s.major_faults = field[12];
    s.user_ticks = field[14];
    s.system_ticks = field[15];
    s.priority = field[18];
    s.nice = field[19];
    s.threads = field[20];
    s.start_ticks = (uint64_t)field[22];
    s.vsize = (uint64_t)field[23];
    s.rss_pages = (uint64_t)field[24];
    s.cpu = count > LAST - FIRST ? field[39] : -1;
    *ret = s;
    return true;
}

/* Past "KEY:" and blanks, where a line starts with it. */
static const char *value_of(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, key, n) == 0 && line[n] == ':') {
            const char *p = line + n + 1;
            text_blanks(&p);
            return p;
        }
    }
    return NULL;
}

bool proc_number(const char *text, const char *key, int64_t *ret)
{
    const char *p = value_of(text, key);
    return p && text_int(&p, ret);
}

static int64_t kilobytes(const char *text, const char *key)
{
    int64_t v;
    return proc_number(text, key, &v) && v >= 0 && v < INT64_MAX / 1024 ? v * 1024 : -1;
}

/* The second number: real, effective, saved, filesystem. */
static bool effective(const char *p, uint32_t *ret)
{
    uint64_t v;
    if (!p || !text_uint(&p, &v))
        return false;
    text_blanks(&p);
    if (!text_uint(&p, &v) || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

void procstatus_parse(const char *text, struct procstatus *ret)
{
    *ret = (struct procstatus){.swap = kilobytes(text, "VmSwap"), .shared = -1};
    ret->has_ids =
        effective(value_of(text, "Uid"), &ret->uid) && effective(value_of(text, "Gid"), &ret->gid);
    int64_t file = kilobytes(text, "RssFile"), shmem = kilobytes(text, "RssShmem");
    if (file >= 0 && shmem >= 0)
        ret->shared = file + shmem;
}

const char *proc_cgroup(char *text)
{
    const char *named = NULL, *other = NULL, *root = NULL;
    for (char *rest = text, *line; (line = text_field(&rest, '\n')) != NULL;) {
        const char *number = text_field(&line, ':'), *controllers = text_field(&line, ':');
        if (!line || *line != '/' || !controllers)
            continue;
        bool is_root = strcmp(line, "/") == 0;
        if (strcmp(number, "0") == 0 && !*controllers && !is_root)
            return line;
        if (is_root)
            root = line;
        else if (strcmp(controllers, "name=systemd") == 0)
            named = line;
        else if (!other)
            other = line;
    }
    return named ? named : other ? other : root;
}

bool cgroup_service(const char *cgroup, char *ret, size_t size)
{
    static const char ending[] = ".service";
    for (const char *part = cgroup; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t n = strcspn(part, "/"), m = sizeof ending - 1;
        if (n > m && n - m < size && memcmp(part + n - m, ending, m) == 0) {
            memcpy(ret, part, n - m);
            ret[n - m] = '\0';
            return true;
        }
    }
    return false;
}

bool cgroup_container(const char *cgroup, char ret[65])
{
    size_t run = 0;
    for (const char *p = cgroup;; p++) {
        bool hex = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f');
        if (hex) {
            run++;
            continue;
        }
        if (run == 64) {
            memcpy(ret, p - 64, 64);
            ret[64] = '\0';
            return true;
        }
        run = 0;
        if (!*p)
            return false;
    }
}

size_t proc_cmdline(char *text, size_t len)
{
    /* A process may have overwritten its arguments with one padded text (setproctitle). */
    while (len && (text[len - 1] == '\0' || text[len - 1] == ' '))
        len--;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0' || text[i] == '\n')
            text[i] = ' ';
    text[len] = '\0';
    return len;
}

bool proc_tty(int64_t dev, char *ret, size_t size)
{
    /* The kernel's encoding: minor in bits 0-7 and 20-31, major in 8-19. */
    unsigned major = (unsigned)(dev >> 8 & 0xfff),
             minor = (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00));
    int n = 0;
    if (major >= 136 && major <= 143) /* Unix98 pseudo-terminals, 256 a major */
        n = snprintf(ret, size, "pts/%u", minor + (major - 136) * 256);
    else if (major == 4 && minor < 64)
        n = snprintf(ret, size, "tty%u", minor);
    else if (major == 4)
        n = snprintf(ret, size, "ttyS%u", minor - 64);
    else if (major == 5 && minor == 1)
        n = snprintf(ret, size, "console");
    else if (major == 204 && minor >= 64)
        n = snprintf(ret, size, "ttyAMA%u", minor - 64);
    else if (major == 229)
        n = snprintf(ret, size, "hvc%u", minor);
    return n > 0 && (size_t)n < size;
}
