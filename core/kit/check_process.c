/* The process is as before: folder, mask, locale, signals, environment, standard streams. */
#include "kit/calls.h"

#include "base/map.h"
#include "base/str.h"

#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct snapshot {
    char cwd[PATH_MAX], locale[512];
    mode_t mask;
    uint64_t environment;
    void (*handlers[NSIG])(int);
    ino_t streams[3];
};

static void take(struct snapshot *s)
{
    memset(s, 0, sizeof *s);
    if (!getcwd(s->cwd, sizeof s->cwd))
        s->cwd[0] = '\0';
    const char *locale = setlocale(LC_ALL, NULL);
    (void)snprintf(s->locale, sizeof s->locale, "%s", locale ? locale : "");
    s->mask = umask(022);
    (void)umask(s->mask);
    for (char **e = environ; e && *e; e++)
        s->environment = hash_bytes(*e, strlen(*e), s->environment);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action) == 0)
            s->handlers[i] = action.sa_handler;
    }
    for (int i = 0; i < 3; i++) {
        struct stat st;
        s->streams[i] = fstat(i, &st) == 0 ? st.st_ino : 0;
    }
}

static void compare(struct trial *t, const struct snapshot *a, const struct snapshot *b)
{
    const char *hint = "the process is not the plugin's";

    (void)CHECK(t, streq(a->cwd, b->cwd), hint, "the current folder was changed to %s", b->cwd);
    (void)CHECK(t, streq(a->locale, b->locale), "newlocale() and uselocale() are a thread's",
                "the locale was changed to %s", b->locale);
    (void)CHECK(t, a->mask == b->mask, hint, "umask was changed to %03o", (unsigned)b->mask);
    (void)CHECK(t, a->environment == b->environment, hint, "the environment was changed");
    for (int i = 1; i < NSIG; i++)
        (void)CHECK(t, a->handlers[i] == b->handlers[i], "ask cancelled() instead",
                    "the handler of signal %d was changed", i);
    for (int i = 0; i < 3; i++)
        (void)CHECK(t, a->streams[i] == b->streams[i], hint, "file descriptor %d was changed", i);
}

void kit_check_process(struct trial *t)
{
    struct snapshot before, after;

    take(&before);
    if (!trial_prepare(t, NEEDS_INSTANCE))
        return;
    for (uint32_t i = 0; i < t->m->n_tables && trial_interface(t, ALLORA_PROVIDER_ID); i++) {
        struct listing l = {.got = {.stop_after = 10}};
        if (t->m->tables[i].partitioned)
            continue;
        trial_at(t, "listing %s", t->m->tables[i].name);
        listing_run(t, &t->m->tables[i], &l);
        listing_done(&l);
    }
    for (uint32_t i = 0; i < t->m->n_operations; i++) {
        A_CLEAN(buf_done) struct buf args = BUF(1 << 20);
        struct called c;
        if (t->m->operations[i].effect != ALLORA_EFFECT_READ ||
            !example_arguments(&t->m->operations[i], 0, &args))
            continue;
        trial_at(t, "%s", t->m->operations[i].name);
        call_operation(t, &t->m->operations[i], (allora_str){args.ptr, args.len}, &c);
        called_done(&c);
    }
    trial_at(t, "looking at the process");
    take(&after);
    compare(t, &before, &after);
}
