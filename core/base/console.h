/* The person at the terminal, as the lower layers see them.  core/cli implements it; core/plugin
 * hands it to plugins that hold the "console" permission as allora.console/1.  Reached through
 * ctx->console; NULL where nobody is attached (server, agent, pipe). */
#ifndef ALLORA_BASE_CONSOLE_H
#define ALLORA_BASE_CONSOLE_H
#include <allora/plugin.h>

struct console {
    void *self;
    const char *terminal; /* identifies this terminal session across processes
                             ("pts/3:8123:171234"); NULL without one */
    int32_t (*info)(void *self, allora_console_info *ret);
    int32_t (*read_line)(void *self, allora_ctx *, allora_str prompt, const char *history,
                         const char *complete_operation, allora_str *ret, allora_error *err);
    int32_t (*read_secret)(void *self, allora_ctx *, allora_str prompt, allora_str *ret,
                           allora_error *err);
    int32_t (*read_input)(void *self, allora_ctx *, uint64_t limit, allora_str *ret,
                          allora_error *err);
    int32_t (*open)(void *self, allora_ctx *, int32_t ret_fds[3], allora_error *err);
    void (*close)(void *self, allora_ctx *);
    int32_t (*screen)(void *self, allora_ctx *, uint32_t flags, allora_error *err);
    int32_t (*resize_fd)(void *self, int32_t *ret_fd, allora_error *err);
    /* Renders rows and events to the person in their chosen output format, as a command's own
     * result would be: what a face (a SQL shell, a chat) gets as its sink.  `render` is the
     * manifest's word: "rows", "answer", "text", "document". */
    int32_t (*sink)(void *self, allora_ctx *, const char *render, allora_sink *ret,
                    allora_error *err);
};
#endif
