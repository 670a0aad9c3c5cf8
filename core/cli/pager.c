/* The pager is started without a shell: $PAGER is split into words here, so that nothing in it can
 * be more than a program and its arguments. */
#include "cli/out.h"

#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGER_WORDS = 32 };

bool pager_words(char *line, char **words, size_t max)
{
    size_t n = 0;
    char *in = line, *to = line;
    while (*in) {
        while (*in == ' ' || *in == '\t')
            in++;
        if (!*in)
            break;
        if (n + 1 >= max)
            return false;
        words[n++] = to;
        for (char quote = 0; *in && (quote || (*in != ' ' && *in != '\t')); in++) {
            if (quote ? *in == quote : (*in == '\'' || *in == '"')) {
                quote = quote ? 0 : *in;
                continue;
            }
            if (*in == '\\' && quote != '\'' && in[1])
                in++;
            *to++ = *in;
            if (!in[1] && quote)
                return false;
        }
        if (*in)
            in++;
        *to++ = '\0';
    }
    words[n] = NULL;
    return true;
}

static pid_t spawn(char *const *words, const int ends[2])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, dflt;
    pid_t pid = 0;
    if (posix_spawn_file_actions_init(&actions))
        return 0;
    if (posix_spawnattr_init(&attr)) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return 0;
    }
    (void)sigemptyset(&none);
    (void)sigemptyset(&dflt);
    (void)sigaddset(&dflt, SIGPIPE);
    (void)sigaddset(&dflt, SIGINT);
    (void)sigaddset(&dflt, SIGTERM);
    (void)posix_spawnattr_setsigmask(&attr, &none);
    (void)posix_spawnattr_setsigdefault(&attr, &dflt);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    if (posix_spawnp(&pid, words[0], &actions, &attr, words, environ))
        pid = 0;
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

pid_t pager_start(int *ret_fd)
{
    const char *wanted = getenv("PAGER");
    char *words[PAGER_WORDS];
    int ends[2];
    /* -F: leave at once if it fits after all; -R: colours; -X: leave the text on the screen. */
    A_FREE char *line = mem_strdup(wanted ? wanted : "less -FRX");
    if (!line || !pager_words(line, words, PAGER_WORDS) || !words[0] || streq(words[0], "cat"))
        return 0;
    if (pipe2(ends, O_CLOEXEC))
        return 0;
    pid_t pid = spawn(words, ends);
    (void)close(ends[0]);
    if (!pid) {
        (void)close(ends[1]);
        return 0;
    }
    *ret_fd = ends[1];
    return pid;
}

void pager_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
}
