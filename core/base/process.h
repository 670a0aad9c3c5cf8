/* Child processes: started without a shell, each in a process group of its own, with pipes on its
 * three standard descriptors and no other descriptor of ours.  Every process that was started is
 * ended by process_end() or reaped by process_reap(), or it stays a zombie. */
#ifndef ALLORA_BASE_PROCESS_H
#define ALLORA_BASE_PROCESS_H
#include <allora/plugin.h>
#include <stdbool.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    int pidfd;   /* readable once it has ended; -1 where the kernel has none */
    int pipe[3]; /* our ends of its stdin, stdout and stderr, O_CLOEXEC; -1 when closed */
};
struct process_options {
    const char *path; /* absolute */
    const char *const *argv, *const *envp;
    bool dies_with_thread; /* killed when the thread that starts it ends, whatever ends that */
};
/* The program runs when this returns 0.  It can gain no rights (no_new_privs): a set-user-id
 * program runs as who started it.  E_NOTFOUND or E_DENIED when it can't be executed; E_INTERNAL
 * when there are no descriptors or processes left.  [any] */
int32_t process_start(const struct process_options *o, struct process *ret, allora_error *err);
/* Has it ended?  Does not reap. */
bool process_ended(const struct process *p);
/* Reaps one that has ended, or waits for it; closes what is left open.  Its exit code, or minus the
 * signal that killed it. */
int32_t process_reap(struct process *p);
/* To the whole group. */
void process_signal(const struct process *p, int number);
/* SIGTERM to the group, SIGKILL after grace_us, then process_reap().  One that has ended keeps its
 * own status; what it left behind in its group is killed all the same. */
int32_t process_end(struct process *p, int64_t grace_us);
void process_close(struct process *p, int which); /* one of the pipes; -1 is fine */
#endif
