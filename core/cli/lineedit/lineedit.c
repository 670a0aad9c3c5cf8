/* The line editor: libedit behind one function.  It keeps its editor and history between calls,
 * reads through poll() so that it can be woken, and asks the console for candidates on Tab. */
#include "cli/lineedit.h"
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum { HISTORY_SIZE = 2000, LISTED_MAX = 100 };

static struct {
    EditLine *editor;
    History *history;
    FILE *in, *out;
    const struct lineedit_request *request;
    char *history_file;
    bool woken;
} state;

static char *prompt(EditLine *editor)
{
    static char text[256];
    (void)editor;
    (void)snprintf(text, sizeof(text), "%s", state.request->prompt);
    return text;
}

static int read_byte(unsigned char *ret)
{
    for (;;) {
        struct pollfd fds[2] = {{state.request->in, POLLIN, 0}, {state.request->wake, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents) {
            state.woken = true;
            return -1;
        }
        ssize_t n = read(state.request->in, ret, 1);
        return n == 1 ? 1 : n == 0 ? 0 : -1;
    }
}

/* One character, decoded here: the locale of the process isn't ours to set. */
static int read_char(EditLine *editor, wchar_t *ret)
{
    unsigned char byte;
    (void)editor;
    int rc = read_byte(&byte);
    if (rc != 1)
        return rc;
    int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
    wchar_t c = byte < 0x80 ? byte : (wchar_t)(byte & (0x3f >> more));
    for (; more > 0; more--) {
        if ((rc = read_byte(&byte)) != 1)
            return rc;
        c = (wchar_t)((c << 6) | (byte & 0x3f));
    }
    *ret = c;
    return 1;
}

static size_t common_prefix(const struct lineedit_answer *a)
{
    size_t n = strlen(a->values[0]);
    for (size_t i = 1; i < a->n; i++) {
        size_t k = 0;
        while (k < n && a->values[i][k] == a->values[0][k])
            k++;
        n = k;
    }
    while (n && ((unsigned char)a->values[0][n] & 0xc0) == 0x80)
        n--;
    return n;
}

static void list_values(const struct lineedit_answer *a)
{
    (void)fputc('\n', state.out);
    for (size_t i = 0; i < a->n && i < LISTED_MAX; i++)
        (void)fprintf(state.out, "%s%s", i ? "  " : "", a->values[i]);
    if (a->n > LISTED_MAX)
        (void)fprintf(state.out, "  … and %zu more", a->n - LISTED_MAX);
    (void)fputc('\n', state.out);
}

static size_t count_chars(const char *p, size_t n)
{
    size_t chars = 0;
    for (size_t i = 0; i < n; i++)
        chars += ((unsigned char)p[i] & 0xc0) != 0x80;
    return chars;
}

static unsigned char complete(EditLine *editor, int key)
{
    (void)key;
    const LineInfo *info = el_line(editor);
    size_t cursor = (size_t)(info->cursor - info->buffer),
           len = (size_t)(info->lastchar - info->buffer);
    struct lineedit_answer answer = {0, 0, NULL};
    if (!state.request->complete)
        return CC_ERROR;
    char *line = strndup(info->buffer, len);
    if (!line)
        return CC_ERROR;
    state.request->complete(state.request->self, line, cursor, &answer);
    if (!answer.n || answer.start > cursor) {
        free(line);
        return CC_ERROR;
    }
    size_t typed = cursor - answer.start, prefix = common_prefix(&answer);
    bool longer = prefix > typed || strncmp(line + answer.start, answer.values[0], prefix) != 0;
    size_t typed_chars = count_chars(line + answer.start, typed);
    free(line);
    if (!longer && answer.n > 1) {
        list_values(&answer);
        return CC_REDISPLAY;
    }
    char *text = malloc(prefix + 2);
    if (!text)
        return CC_ERROR;
    memcpy(text, answer.values[0], prefix);
    text[prefix] = answer.n == 1 ? ' ' : '\0';
    text[prefix + 1] = '\0';
    el_deletestr(editor, (int)typed_chars);
    int failed = el_insertstr(editor, text);
    free(text);
    return failed ? CC_ERROR : CC_REFRESH;
}

static bool open_editor(const struct lineedit_request *r)
{
    HistEvent event;
    int in = fcntl(r->in, F_DUPFD_CLOEXEC, 3), out = fcntl(r->out, F_DUPFD_CLOEXEC, 3);
    state.in = in >= 0 ? fdopen(in, "r") : NULL;
    state.out = out >= 0 ? fdopen(out, "w") : NULL;
    state.history = history_init();
    if (!state.in || !state.out || !state.history)
        return false;
    state.editor = el_init_fd("allora", state.in, state.out, state.out, r->in, r->out, r->out);
    if (!state.editor)
        return false;
    (void)history(state.history, &event, H_SETSIZE, HISTORY_SIZE);
    (void)history(state.history, &event, H_SETUNIQUE, 1);
    (void)el_set(state.editor, EL_PROMPT, prompt);
    (void)el_set(state.editor, EL_EDITOR, "emacs");
    (void)el_set(state.editor, EL_SIGNAL, 0);
    (void)el_set(state.editor, EL_HIST, history, state.history);
    (void)el_set(state.editor, EL_GETCFN, read_char);
    (void)el_set(state.editor, EL_ADDFN, "allora-complete", "complete the word", complete);
    (void)el_set(state.editor, EL_BIND, "^I", "allora-complete", NULL);
    (void)el_set(state.editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    (void)el_source(state.editor, NULL); /* ~/.editrc: vi mode and the like */
    return true;
}

static void use_history(const char *file)
{
    HistEvent event;
    if (!file || (state.history_file && strcmp(file, state.history_file) == 0))
        return;
    free(state.history_file);
    state.history_file = strdup(file);
    (void)history(state.history, &event, H_CLEAR);
    (void)history(state.history, &event, H_LOAD, file);
}

static void remember(const char *line)
{
    HistEvent event;
    if (!*line)
        return;
    (void)history(state.history, &event, H_ENTER, line);
    if (!state.history_file)
        return;
    int fd = open(state.history_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)fchmod(fd, 0600);
        (void)close(fd);
        (void)history(state.history, &event, H_SAVE, state.history_file);
    }
}

/* The editor prints its prompt before it makes the terminal raw.  What is typed in between must
 * neither be echoed twice nor, if it is Ctrl-D, be lost.  The caller restores the terminal. */
static void quieten(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t))
        return;
    t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    (void)tcsetattr(fd, TCSADRAIN, &t);
}

static int read_line(const struct lineedit_request *request, char **ret)
{
    int n = 0;
    state.request = request;
    state.woken = false;
    if (!state.editor && !open_editor(request))
        return LINEEDIT_FAILED;
    use_history(request->history_file);
    el_resize(state.editor);
    quieten(request->in);
    const char *line = el_gets(state.editor, &n);
    if (!line || n <= 0) {
        (void)fputc('\n', state.out);
        (void)fflush(state.out);
        return state.woken ? LINEEDIT_WOKEN : LINEEDIT_END;
    }
    char *copy = strndup(line, strcspn(line, "\r\n"));
    if (!copy)
        return LINEEDIT_FAILED;
    remember(copy);
    *ret = copy;
    return LINEEDIT_LINE;
}

__attribute__((visibility("default"))) lineedit_fn allora_lineedit_v1;

/* libedit converts through the thread's locale: UTF-8 while it runs, whatever the process has. */
int allora_lineedit_v1(const struct lineedit_request *request, char **ret)
{
    static locale_t utf8;
    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    int rc = read_line(request, ret);
    if (before)
        (void)uselocale(before);
    return rc;
}
