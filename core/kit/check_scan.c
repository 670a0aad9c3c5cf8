/* How long it takes to look at a plugin, and to bring it in: what every start and every first use
 * pay.  CPU time, the least of several, so that a busy machine is no finding. */
#include "kit/trial.h"

#include "base/clock.h"

#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 5, READ_MS = 100, LOAD_MS = 250 };

static double cpu_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double read_ms(struct trial *t)
{
    double best = 1e9;

    for (int i = 0; i < TRIES; i++) {
        struct elf_view v;
        struct manifest *m = NULL;
        allora_error err = ERR_INIT;
        double start = cpu_ms();
        if (elf_open(t->path, &v, &err) == ALLORA_OK) {
            (void)manifest_parse(v.manifest, v.manifest_len, &m, &err);
            manifest_free(m);
            elf_close(&v);
        }
        double took = cpu_ms() - start;
        best = took < best ? took : best;
    }
    return best;
}

/* A file is loaded once in a process, so each try has its own. */
static double load_ms(struct trial *t)
{
    double best = -1;

    for (int i = 0; i < TRIES; i++) {
        int fds[2];
        if (pipe(fds) != 0)
            return -1;
        pid_t child = fork();
        if (child == 0) {
            struct trial mine = {.path = t->path, .out = -1, .config = t->config};
            double start = cpu_ms(), took = -1;
            if (trial_prepare(&mine, NEEDS_INSTANCE))
                took = cpu_ms() - start;
            (void)!write(fds[1], &took, sizeof took);
            _exit(0);
        }
        double took = -1;
        (void)close(fds[1]);
        if (child < 0 || read(fds[0], &took, sizeof took) != (ssize_t)sizeof took)
            took = -1;
        (void)close(fds[0]);
        if (child > 0)
            (void)waitpid(child, NULL, 0);
        if (took >= 0 && (best < 0 || took < best))
            best = took;
    }
    return best;
}

void kit_check_scan(struct trial *t)
{
    trial_at(t, "reading the file and its manifest");
    double reading = read_ms(t);
    trial_at(t, "loading");
    double loading = load_ms(t);

    (void)CHECK(t, reading < READ_MS, "a smaller manifest, a smaller file",
                "reading it takes %.0f ms of CPU, every time the index is made; %d are allowed",
                reading, READ_MS);
    (void)CHECK(t, loading < LOAD_MS, "do the work on first use; need fewer libraries",
                "loading and create() take %.0f ms of CPU; %d are allowed", loading, LOAD_MS);
    if (loading >= 0)
        trial_note(t, "read in %.2f ms, loaded in %.2f ms", reading, loading);
    else
        trial_note(t, "read in %.2f ms", reading);
}
