#include "cli/term.h"

#include "base/mem.h"
#include "base/str.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static unsigned positive_env(const char *name)
{
    const char *v = getenv(name);
    char *end;
    unsigned long n = v && *v ? strtoul(v, &end, 10) : 0;
    return n > 0 && n < 10000 && !*end ? (unsigned)n : 0;
}

void term_measure(struct term *t)
{
    struct winsize size = {0};
    t->columns = positive_env("COLUMNS");
    t->rows = positive_env("LINES");
    int fd = t->out_tty ? STDOUT_FILENO : STDERR_FILENO;
    if ((t->out_tty || t->err_tty) && ioctl(fd, TIOCGWINSZ, &size) == 0) {
        if (!t->columns)
            t->columns = size.ws_col;
        if (!t->rows)
            t->rows = size.ws_row;
    }
    if (!t->columns)
        t->columns = 80;
    if (!t->rows)
        t->rows = 24;
}

void term_init(struct term *t, const struct cli_flags *flags)
{
    const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM");
    *t = (struct term){.in_tty = isatty(STDIN_FILENO) == 1,
                       .out_tty = isatty(STDOUT_FILENO) == 1,
                       .err_tty = isatty(STDERR_FILENO) == 1};
    bool color =
        !flags->no_color && !(no_color && *no_color) && name && *name && !streq(name, "dumb");
    t->out_color = t->out_tty && color;
    t->err_color = t->err_tty && color;
    term_measure(t);
}

/* Field 22 of /proc/PID/stat; the second field may hold spaces and brackets, so count from its last
 * ')'. */
static unsigned long long start_ticks(pid_t pid)
{
    char path[64], text[1024];
    unsigned long long ticks = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    const char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p && (ticks = strtoull(p, NULL, 10)) ? ticks : 0;
}

char *term_id(void)
{
    static const int order[] = {STDIN_FILENO, STDERR_FILENO, STDOUT_FILENO};
    char name[256];
    for (size_t i = 0; i < 3; i++) {
        if (isatty(order[i]) == 1 && ttyname_r(order[i], name, sizeof(name)) == 0) {
            pid_t leader = getsid(0);
            return mem_printf("%s:%d:%llu", name, (int)leader, start_ticks(leader));
        }
    }
    return NULL;
}

void term_fill_closed(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* Read-only on stdout, so that writing fails with EBADF and is noticed. open() takes the
         * lowest free number: this one. */
        int got = open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
        if (got >= 0 && got != fd)
            (void)close(got);
    }
}

const char *style_on(bool color, enum style s)
{
    static const char *const codes[] = {"",           "\033[1m",  "\033[2m",
                                        "\033[1;31m", "\033[33m", "\033[36m"};
    return color ? codes[s] : "";
}

const char *style_off(bool color)
{
    return color ? "\033[0m" : "";
}
