/* A face that treats the terminal badly: whatever it does, the host puts the terminal back. */
#include <allora/sdk.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int32_t run(allora_instance *self, allora_ctx *ctx, const allora_invocation *invocation,
                   const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    int32_t fds[3];
    struct termios raw;
    (void)sink;
    (void)ret_exit_code;
    int32_t rc = sdk_of(self)->console->open(ctx, fds, err);
    if (rc)
        return rc;
    if (tcgetattr(fds[0], &raw) == 0) {
        raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON); /* ISIG stays: Ctrl-C is still a signal */
        (void)tcsetattr(fds[0], TCSANOW, &raw);
    }
    if (write(fds[1], "raw\n", 4) != 4)
        return sdk_fail(err, ALLORA_E_INTERNAL, "cannot write");
    if (strcmp(sdk_invocation_arg(invocation, "how", "ignore"), "crash") == 0)
        (void)raise(SIGSEGV);
    for (;;) {
        const struct timespec second = {.tv_sec = 1};
        (void)nanosleep(&second, NULL);
    }
}

ALLORA_FACE_PLUGIN(deaf, run);
