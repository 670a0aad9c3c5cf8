/*
 * Runs several commands in turns, so that whatever else the machine does hits all of them alike,
 * and prints for each: NAME <median us> <least us>, from posix_spawn to the end of waitpid.
 *
 *     spawn_bench RUNS NAME COMMAND [ARG]... [-- NAME COMMAND [ARG]...]...
 *
 * The first tenth of the runs is warm-up and not counted. The commands' stdin and stdout are
 * /dev/null. One that fails ends the bench with 1: a fast failure would look like a good result.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 16, RUNS_MAX = 100000 };

struct command {
    const char *name;
    char **argv;
    uint64_t *times_us;
};

static uint64_t now_us(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Returns 0 and the wall time, or -1 when the command could not run or did not exit with 0. */
static int run_once(const struct command *command, const posix_spawn_file_actions_t *actions,
                    uint64_t *ret_us)
{
    pid_t pid = 0;
    int status = 0;
    uint64_t start = now_us();
    int rc = posix_spawnp(&pid, command->argv[0], actions, NULL, command->argv, environ);
    if (rc != 0) {
        (void)fprintf(stderr, "spawn_bench: %s: %s\n", command->argv[0], strerror(rc));
        return -1;
    }
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "spawn_bench: %s failed (wait status %d)\n", command->name, status);
        return -1;
    }
    *ret_us = now_us() - start;
    return 0;
}

/* Splits argv at "--" in place; returns the number of commands, 0 on bad usage. */
static int split_commands(char **argv, int argc, struct command *commands)
{
    int count = 0;
    int i = 0;
    while (i < argc) {
        int end = i;
        while (end < argc && strcmp(argv[end], "--") != 0)
            end++;
        if (end - i < 2 || count == COMMANDS_MAX)
            return 0;
        argv[end] = NULL; /* argv[argc] is NULL already */
        commands[count].name = argv[i];
        commands[count].argv = &argv[i + 1];
        count++;
        i = end + 1;
    }
    return count;
}

static int measure(struct command *commands, int count, int runs)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0)
        return -1;

    int warmup = runs / 10 + 1;
    int rc = 0;
    for (int run = -warmup; run < runs && rc == 0; run++) {
        for (int i = 0; i < count && rc == 0; i++) {
            uint64_t us = 0;
            rc = run_once(&commands[i], &actions, &us);
            if (run >= 0)
                commands[i].times_us[run] = us;
        }
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

int main(int argc, char **argv)
{
    struct command commands[COMMANDS_MAX] = {0};
    long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    int count = argc > 3 ? split_commands(argv + 2, argc - 2, commands) : 0;
    if (runs < 1 || runs > RUNS_MAX || count == 0) {
        (void)fprintf(stderr, "usage: spawn_bench RUNS NAME COMMAND... [-- NAME COMMAND...]...\n");
        return 2;
    }
    uint64_t *all_times = calloc((size_t)count * (size_t)runs, sizeof(uint64_t));
    if (!all_times)
        return 1;
    for (int i = 0; i < count; i++)
        commands[i].times_us = &all_times[(size_t)i * (size_t)runs];
    int rc = measure(commands, count, (int)runs);
    for (int i = 0; i < count; i++) {
        uint64_t *times = commands[i].times_us;
        qsort(times, (size_t)runs, sizeof *times, compare_times);
        if (rc == 0)
            printf("%s %" PRIu64 " %" PRIu64 "\n", commands[i].name, times[runs / 2], times[0]);
    }
    free(all_times);
    return rc == 0 ? 0 : 1;
}
