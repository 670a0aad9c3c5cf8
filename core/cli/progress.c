#include "cli/progress.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "cli/term.h"
#include "cli/text.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock; /* guards all below, and the order of writes to the terminal */
    bool color, drawn;
    unsigned columns, frame, paused;
    int64_t started_us;
    uint64_t done, total;
    char source[64], note[160];
} line = {.lock = PTHREAD_MUTEX_INITIALIZER};
static atomic_bool active;

static void wipe(void)
{
    if (line.drawn)
        (void)fs_write_all(STDERR_FILENO, "\r\033[K", 4);
    line.drawn = false;
}

static void log_hook(bool before)
{
    if (before)
        progress_pause();
    else
        progress_resume();
}

void progress_start(bool color, unsigned columns)
{
    pthread_mutex_lock(&line.lock);
    line.color = color;
    line.columns = columns;
    line.started_us = clock_mono_us();
    line.source[0] = line.note[0] = '\0';
    line.done = line.total = 0;
    atomic_store(&active, true);
    pthread_mutex_unlock(&line.lock);
    log_set_hook(log_hook);
}

void progress_stop(void)
{
    if (!atomic_load(&active))
        return;
    log_set_hook(NULL);
    pthread_mutex_lock(&line.lock);
    wipe();
    atomic_store(&active, false);
    pthread_mutex_unlock(&line.lock);
}

bool progress_wanted(void)
{
    return atomic_load(&active);
}

static void copy_text(char *dst, size_t size, const char *p, size_t n)
{
    struct buf b = BUF(size - 1);
    text_visible(&b, p, n < size / 2 ? n : size / 2, 0);
    memcpy(dst, buf_str(&b), b.len + 1);
    buf_done(&b);
}

static void update(void *self, const char *source, uint64_t done, uint64_t total, allora_str note)
{
    (void)self;
    if (!atomic_load(&active))
        return;
    pthread_mutex_lock(&line.lock);
    copy_text(line.source, sizeof(line.source), source ? source : "", source ? strlen(source) : 0);
    copy_text(line.note, sizeof(line.note), note.ptr ? note.ptr : "", note.ptr ? note.len : 0);
    line.done = done;
    line.total = total;
    pthread_mutex_unlock(&line.lock);
}

const struct progress cli_progress = {NULL, update};

void progress_tick(void)
{
    static const char *const frames[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    if (!atomic_load(&active))
        return;
    pthread_mutex_lock(&line.lock);
    int64_t waited = clock_mono_us() - line.started_us;
    if (!line.paused && waited >= PROGRESS_AFTER_MS * 1000) {
        struct buf text = BUF(1024), out = BUF(2048);
        buf_addf(&text, "%s%s%s", line.source, line.source[0] && line.note[0] ? ": " : "",
                 line.note);
        if (!text.len)
            buf_adds(&text, "working");
        if (line.total)
            buf_addf(&text, " %llu of %llu", (unsigned long long)line.done,
                     (unsigned long long)line.total);
        else if (line.done)
            buf_addf(&text, " %llu", (unsigned long long)line.done);
        buf_addf(&text, " … %lld s", (long long)(waited / 1000000));
        buf_addf(&out, "\r%s%s%s ", style_on(line.color, STYLE_CYAN), frames[line.frame++ % 10],
                 style_off(line.color));
        text_cut(&out, buf_str(&text), text.len, line.columns > 4 ? line.columns - 3 : 1);
        buf_adds(&out, "\033[K");
        (void)fs_write_all(STDERR_FILENO, buf_str(&out), out.len);
        line.drawn = true;
        buf_done(&text);
        buf_done(&out);
    }
    pthread_mutex_unlock(&line.lock);
}

void progress_pause(void)
{
    if (!atomic_load(&active))
        return;
    pthread_mutex_lock(&line.lock);
    line.paused++;
    wipe();
    pthread_mutex_unlock(&line.lock);
}

void progress_resume(void)
{
    if (!atomic_load(&active))
        return;
    pthread_mutex_lock(&line.lock);
    if (line.paused)
        line.paused--;
    pthread_mutex_unlock(&line.lock);
}
