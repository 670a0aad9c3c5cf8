/* A host without files, network or core: what a plugin sees of one, for tests of the SDK and of
 * single plugins. Not thread-safe.  All interfaces are there unless `without` names them. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H
#include <allora/plugin.h>
#include <stdbool.h>

struct fake_host;
/* Answers an HTTP request: fill ret, or return a failure.  Texts must live as long as the host. */
typedef int32_t (*fake_answer)(struct fake_host *, const allora_http_request *,
                               allora_http_response *ret, allora_error *);
typedef int32_t (*fake_invoke)(struct fake_host *, const char *operation, allora_str args,
                               const allora_sink *, allora_error *);

struct fake_setting {
    const char *key;
    allora_value value;
};
struct fake_host {
    allora_host host;    /* first: the functions find their way back from it */
    const char *without; /* interface id that isn't offered; NULL: all are */
    const struct fake_setting *settings;
    uint32_t n_settings;
    fake_answer answer;
    fake_invoke invoke;
    void *user;
    uint32_t sends, backoffs, logs; /* counted */
    uint32_t open_scopes, opened_scopes;
    uint64_t live_bytes, peak_bytes;
    uint64_t allocs, fail_alloc; /* the fail_alloc-th allocation fails, from 1; 0: none */
    uint32_t cancel_after;       /* cancelled() says so from the n-th question on; 0: never */
    uint32_t asked_cancelled;
    char last_url[512];
};

void fake_host_init(struct fake_host *);
/* The root of all calls; fake_ctx_close() frees its arena and those of scopes left open. */
allora_ctx *fake_ctx_open(struct fake_host *);
void fake_ctx_close(allora_ctx *);

/* A sink that keeps everything, for one call. */
struct collected {
    char **names; /* of columns, from begin() */
    uint32_t n_names;
    allora_value **rows; /* deep copies */
    uint32_t *widths;
    uint32_t n_rows;
    uint32_t stop_after; /* STOP is returned with this row, and counted after; 0: never */
    uint32_t after_stop; /* rows that came nevertheless */
    struct {
        int32_t kind;
        char *payload;
    } * events;
    uint32_t n_events;
};
allora_sink collect(struct collected *);
void collected_free(struct collected *);
const char *collected_event(const struct collected *,
                            int32_t kind); /* the last of that kind, or NULL */
uint32_t collected_count(const struct collected *, int32_t kind);
#endif
