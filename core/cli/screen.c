#include "cli/screen.h"

#include "base/err.h"
#include "base/fs.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct {
    volatile sig_atomic_t flags; /* ALLORA_SCREEN_* that are on */
    int fd;                      /* the terminal that was written to */
    int resize;                  /* eventfd, or -1 */
    struct sigaction before;
} screen = {.fd = -1, .resize = -1};

/* Cursor shown, plain text, the page that was there.  Only bytes and write(): handlers call it. */
void screen_restore(void)
{
    static const char cursor[] = "\033[?25h", plain[] = "\033[0m", page[] = "\033[?1049l";
    sig_atomic_t flags = screen.flags;

    screen.flags = 0;
    if (screen.fd < 0)
        return;
    if (flags & (int)(ALLORA_SCREEN_ALTERNATE | ALLORA_SCREEN_NO_CURSOR))
        (void)!write(screen.fd, plain, sizeof plain - 1);
    if (flags & (int)ALLORA_SCREEN_ALTERNATE)
        (void)!write(screen.fd, page, sizeof page - 1);
    if (flags & (int)ALLORA_SCREEN_NO_CURSOR)
        (void)!write(screen.fd, cursor, sizeof cursor - 1);
}

static void make_raw(const struct termios *before, uint32_t flags)
{
    struct termios now = *before;

    if (flags & ALLORA_SCREEN_RAW) {
        cfmakeraw(&now);
        now.c_oflag = before->c_oflag; /* \n still goes to the line's beginning */
    }
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

int32_t screen_set(const struct term *t, uint32_t flags, const struct termios *before,
                   allora_error *err)
{
    static const char page[] = "\033[?1049h\033[2J\033[H", no_cursor[] = "\033[?25l";
    const uint32_t drawn = ALLORA_SCREEN_ALTERNATE | ALLORA_SCREEN_NO_CURSOR;

    if (((flags & ALLORA_SCREEN_RAW) && !t->in_tty) || ((flags & drawn) && !t->out_tty)) {
        int32_t rc = err_set(err, ALLORA_E_UNSUPPORTED, "there is no terminal to draw on");
        err_hint(err, "run it at a terminal, with neither input nor output redirected");
        return rc;
    }
    if (flags & ~(drawn | ALLORA_SCREEN_RAW))
        return err_set(err, ALLORA_E_ARG, "unknown flags of a screen: %#x", flags);
    screen_restore();
    if (t->in_tty)
        make_raw(before, flags);
    screen.fd = STDOUT_FILENO;
    screen.flags = (sig_atomic_t)(flags & drawn); /* first: what is half done is undone too */
    if (flags & ALLORA_SCREEN_ALTERNATE)
        (void)fs_write_all(screen.fd, page, sizeof page - 1);
    if (flags & ALLORA_SCREEN_NO_CURSOR)
        (void)fs_write_all(screen.fd, no_cursor, sizeof no_cursor - 1);
    return ALLORA_OK;
}

static void on_resize(int number)
{
    static const uint64_t one = 1;
    int keep = errno;

    (void)number;
    (void)!write(screen.resize, &one, sizeof one);
    errno = keep;
}

int screen_resize_fd(void)
{
    struct sigaction act = {.sa_handler = on_resize, .sa_flags = (int)SA_RESTART};

    if (screen.resize < 0) {
        screen.resize = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (screen.resize >= 0)
            (void)sigaction(SIGWINCH, &act, &screen.before);
    }
    return screen.resize;
}

void screen_calm(void)
{
    uint64_t n;

    if (screen.resize >= 0)
        (void)!read(screen.resize, &n, sizeof n);
}

void screen_done(void)
{
    screen_restore();
    if (screen.resize < 0)
        return;
    (void)sigaction(SIGWINCH, &screen.before, NULL);
    (void)close(screen.resize);
    screen.resize = -1;
}
